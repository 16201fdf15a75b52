"""Certification paths under attack: exactly one thing is wrong each time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support import refused
from warifu.base.codec import der
from warifu.base.pki import memory, path
from warifu.base.pki.certificate import (
    BASIC_CONSTRAINTS,
    KEY_USAGE,
    Certificate,
    Extension,
    read_certificate,
)
from warifu.base.pki.path import TrustPoint, find_anchor, order_chain, verify_path
from warifu.base.pki.signature import SIGNATURE
from warifu.handset import der_writer as w
from warifu.handset.authority import (
    ERA_END,
    ERA_START,
    Authority,
    CertificateDraft,
    basic_constraints,
    key_usage,
    name,
    new_key,
    spki,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ROOT = Authority.root("Root")
MIDDLE = ROOT.subordinate("Middle")
LOWER = MIDDLE.subordinate("Lower")
LEAF_KEY = new_key()


def unchanged(_: CertificateDraft) -> None:
    """Leave a draft as it is."""


def leaf_of(
    issuer: Authority, change: Callable[[CertificateDraft], None] = unchanged
) -> Certificate:
    draft = issuer.draft(name("Leaf"), spki(LEAF_KEY))
    change(draft)
    return read_certificate(issuer.issue(draft))


def authority_of(
    issuer: Authority, common_name: str, change: Callable[[CertificateDraft], None]
) -> Authority:
    """A subordinate authority whose certificate is changed before it is signed."""
    key = new_key()
    draft = issuer.draft(name(common_name), spki(key))
    draft.extension("2.5.29.19", basic_constraints(authority=True), critical=True)
    draft.extension("2.5.29.15", key_usage(5), critical=True)
    change(draft)
    return Authority(name(common_name), key, issuer.issue(draft))


def own(authority: Authority) -> Certificate:
    return read_certificate(authority.certificate)


def point(authority: Authority, **parts: object) -> TrustPoint:
    return TrustPoint(
        name=f"test {authority.subject.hex()[-8:]}",
        subject=authority.subject,
        public_key=spki(authority.key),
        **parts,  # type: ignore[arg-type]
    )


ANCHOR = point(ROOT)
LEAF = leaf_of(LOWER)
CHAIN = (LEAF, own(LOWER), own(MIDDLE))


def verify(
    chain: Sequence[Certificate] = CHAIN,
    anchors: Sequence[TrustPoint] = (ANCHOR,),
    at: datetime = NOW,
    **options: object,
) -> path.Path:
    memory.forget_everything()
    return verify_path(chain, anchors, at, **options)  # type: ignore[arg-type]


class TestAnchors:
    def test_honest_chain_ends_at_its_anchor(self) -> None:
        assert verify() == path.Path(certificates=CHAIN, anchor=ANCHOR)

    def test_root_that_was_sent_along_is_left_out(self) -> None:
        assert verify((*CHAIN, own(ROOT))) == path.Path(certificates=CHAIN, anchor=ANCHOR)

    def test_lowest_anchor_wins(self) -> None:
        lower = point(LOWER)
        found = verify((*CHAIN, own(ROOT)), (ANCHOR, lower))
        assert found == path.Path(certificates=(LEAF,), anchor=lower)

    def test_empty_anchors_trust_nothing(self) -> None:
        with refused(path.ANCHORED):
            verify((*CHAIN, own(ROOT)), ())

    def test_self_signed_root_of_the_attacker_is_refused(self) -> None:
        attacker = Authority.root("Attacker")
        with refused(path.ANCHORED):
            verify((leaf_of(attacker), own(attacker)))

    def test_look_alike_root_with_the_same_name_is_refused(self) -> None:
        attacker = Authority.root("Root")
        with refused(SIGNATURE):
            verify((leaf_of(attacker), own(attacker)))

    def test_leaf_under_a_look_alike_root_is_refused(self) -> None:
        attacker = Authority.root("Root")
        with refused(SIGNATURE):
            verify((leaf_of(attacker),))

    def test_same_key_under_another_name_is_no_anchor(self) -> None:
        other = Authority.root("Other", key=ROOT.key)
        with refused(path.ANCHORED):
            verify((leaf_of(other), own(other)))

    def test_leaf_that_bears_the_anchors_name_and_key_is_not_believed(self) -> None:
        # Made by anyone: the root's name and public key are public, the rest is invented.
        attacker = Authority.root("Attacker")
        draft = CertificateDraft(
            subject=ROOT.subject, issuer=ROOT.subject, public_key=spki(ROOT.key)
        )
        forged = read_certificate(draft.sign(attacker.key))
        with refused(SIGNATURE):
            verify((forged,))

    def test_forged_leaf_under_another_issuer_name_is_not_believed(self) -> None:
        attacker = Authority.root("Attacker")
        draft = attacker.draft(ROOT.subject, spki(ROOT.key))
        with refused(path.ANCHORED):
            verify((read_certificate(attacker.issue(draft)), own(attacker)))

    def test_invented_certificate_with_the_anchors_name_and_key_adds_nothing(self) -> None:
        attacker = Authority.root("Attacker")
        draft = attacker.draft(ROOT.subject, spki(ROOT.key))
        invented = read_certificate(attacker.issue(draft))
        assert verify((*CHAIN, invented, own(attacker))).certificates == CHAIN

    def test_leaf_that_metadata_lists_is_its_own_anchor(self) -> None:
        listed = TrustPoint(
            name="model", subject=LEAF.subject, public_key=LEAF.public_key, leaf=LEAF.der
        )
        assert verify((LEAF,), (listed,)) == path.Path(certificates=(), anchor=listed)

    def test_leaf_with_the_name_and_key_of_a_listed_one_is_refused(self) -> None:
        listed = TrustPoint(
            name="model", subject=LEAF.subject, public_key=LEAF.public_key, leaf=LEAF.der
        )
        other = leaf_of(LOWER, lambda draft: draft.extension("1.2.3", b"other"))
        with refused(path.ANCHORED):
            verify((other,), (listed,))

    def test_of_several_anchors_with_one_name_the_signer_is_found(self) -> None:
        namesake = point(Authority.root("Root"))
        assert verify(CHAIN, (namesake, ANCHOR)).anchor == ANCHOR
        assert verify(CHAIN, (ANCHOR, namesake)).anchor == ANCHOR

    def test_of_several_anchors_with_one_name_none_signed(self) -> None:
        namesakes = [point(Authority.root("Root")) for _ in range(2)]
        with refused(path.ANCHORED):
            verify(CHAIN, namesakes)

    def test_anchor_whose_key_cannot_be_loaded_signs_nothing(self) -> None:
        broken = TrustPoint(name="broken", subject=ROOT.subject, public_key=b"\x30\x00")
        assert verify(CHAIN, (broken, ANCHOR)).anchor == ANCHOR


class TestNamesAndSignatures:
    def test_leaf_joined_to_an_unrelated_authority_is_refused(self) -> None:
        stranger = Authority.root("Stranger")
        with refused(path.NAMES_CHAIN):
            verify((leaf_of(stranger), own(LOWER), own(MIDDLE)))

    def test_leaf_signed_by_a_namesake_of_its_issuer_is_refused(self) -> None:
        namesake = MIDDLE.subordinate("Lower")
        with refused(SIGNATURE):
            verify((leaf_of(namesake), own(LOWER), own(MIDDLE)))

    def test_intermediate_signed_by_another_key_is_refused(self) -> None:
        namesake = Authority.root("Root").subordinate("Middle")
        lower = namesake.subordinate("Lower")
        with refused(SIGNATURE):
            verify((leaf_of(lower), own(lower), own(namesake)))

    @pytest.mark.parametrize("remember_from", [0, 1, 2, 9])
    def test_what_is_remembered_changes_no_verdict(self, remember_from: int) -> None:
        forged = Authority.root("Root").subordinate("Middle")
        for _ in range(2):
            assert verify_path(CHAIN, [ANCHOR], NOW, remember_from=remember_from).anchor == ANCHOR
            with refused(SIGNATURE):
                verify_path((leaf_of(forged), own(forged)), [ANCHOR], NOW, remember_from=0)

    @pytest.mark.parametrize(
        ("remember_from", "signatures", "keys"), [(0, 3, 3), (1, 2, 3), (2, 1, 2), (3, 0, 1)]
    )
    def test_what_is_new_for_every_device_is_not_remembered(
        self, remember_from: int, signatures: int, keys: int
    ) -> None:
        verify(remember_from=remember_from)
        assert memory._check.cache_info().currsize == signatures
        assert memory._load.cache_info().currsize == keys

    def test_leaf_is_not_remembered_unless_asked_for(self) -> None:
        verify()
        assert memory._check.cache_info().currsize == len(CHAIN) - 1

    def test_loop_of_two_authorities_reaches_no_anchor(self) -> None:
        first, second = Authority.root("First"), Authority.root("Second")
        first_by_second = read_certificate(
            second.issue(second.draft(first.subject, spki(first.key)))
        )
        second_by_first = read_certificate(
            first.issue(first.draft(second.subject, spki(second.key)))
        )
        loop = (leaf_of(first), *(first_by_second, second_by_first) * 4)
        with refused(path.ANCHORED):
            verify(loop)

    def test_loop_below_the_anchor_is_refused_for_its_length(self) -> None:
        with refused(path.LENGTH):
            verify((LEAF, *(own(LOWER), own(MIDDLE)) * 5))


class TestDates:
    @pytest.mark.parametrize("at", [ERA_START, ERA_END])
    def test_first_and_last_second_are_valid(self, at: datetime) -> None:
        verify(at=at)

    @pytest.mark.parametrize("at", [ERA_START - SECOND, ERA_END + SECOND])
    def test_not_yet_valid_or_expired_is_refused(self, at: datetime) -> None:
        with refused(path.VALID_AT):
            verify(at=at)

    def test_expired_intermediate_above_a_valid_leaf_is_refused(self) -> None:
        def expire(draft: CertificateDraft) -> None:
            draft.not_after = NOW - SECOND

        expired = authority_of(ROOT, "Expired", expire)
        with refused(path.VALID_AT):
            verify((leaf_of(expired), own(expired)))

    def test_dates_are_judged_again_although_signatures_are_remembered(self) -> None:
        verify()
        with refused(path.VALID_AT):
            verify_path(CHAIN, [ANCHOR], ERA_END + SECOND)

    @pytest.mark.parametrize(
        "dates", [{"not_after": NOW - SECOND}, {"not_before": NOW + SECOND}], ids=str
    )
    def test_anchor_outside_its_dates_is_refused(self, dates: dict[str, object]) -> None:
        with refused(path.VALID_AT):
            verify(anchors=[point(ROOT, **dates)])

    def test_anchor_within_its_dates_counts(self) -> None:
        verify(anchors=[point(ROOT, not_before=NOW, not_after=NOW)])


class TestAuthorities:
    def test_leaf_that_signs_a_further_certificate_is_refused(self) -> None:
        signer = Authority(name("Leaf"), LEAF_KEY, LEAF.der)
        with refused(path.ISSUER_IS_AUTHORITY):
            verify((leaf_of(signer), *CHAIN))

    def test_issuer_that_says_it_is_no_authority_is_refused(self) -> None:
        def change(draft: CertificateDraft) -> None:
            draft.extension("2.5.29.19", basic_constraints(authority=False), critical=True)

        issuer = authority_of(ROOT, "No authority", change)
        with refused(path.ISSUER_IS_AUTHORITY):
            verify((leaf_of(issuer), own(issuer)))

    def test_issuer_that_may_not_sign_certificates_is_refused(self) -> None:
        issuer = authority_of(
            ROOT, "Signer", lambda draft: draft.extension("2.5.29.15", key_usage(0, 6))
        )
        with refused(path.ISSUER_IS_AUTHORITY):
            verify((leaf_of(issuer), own(issuer)))

    def test_issuer_without_key_usage_may_sign(self) -> None:
        issuer = authority_of(ROOT, "Old", lambda draft: draft.remove_extension("2.5.29.15"))
        verify((leaf_of(issuer), own(issuer)))

    @pytest.mark.parametrize(("allowed", "accepted"), [(0, False), (1, True), (None, True)])
    def test_path_longer_than_an_authority_allows_is_refused(
        self,
        allowed: int | None,
        accepted: bool,  # noqa: FBT001 - a parameter of the test
    ) -> None:
        def change(draft: CertificateDraft) -> None:
            value = basic_constraints(authority=True, path_length=allowed)
            draft.extension("2.5.29.19", value, critical=True)

        upper = authority_of(ROOT, "Upper", change)
        lower = upper.subordinate("Below")
        chain = (leaf_of(lower), own(lower), own(upper))
        if accepted:
            verify(chain)
        else:
            with refused(path.ISSUER_IS_AUTHORITY):
                verify(chain)

    def test_every_authority_below_counts_for_path_length(self) -> None:
        def change(draft: CertificateDraft) -> None:
            value = basic_constraints(authority=True, path_length=1)
            draft.extension("2.5.29.19", value, critical=True)

        upper = authority_of(ROOT, "Upper", change)
        lower = upper.subordinate("Below")
        lowest = lower.subordinate("Lowest")
        with refused(path.ISSUER_IS_AUTHORITY):
            verify((leaf_of(lowest), own(lowest), own(lower), own(upper)))

    def test_negative_path_length_allows_nothing(self) -> None:
        value = w.sequence(w.boolean(True), w.integer(-1))  # noqa: FBT003 - the value itself
        issuer = authority_of(
            ROOT, "Negative", lambda draft: draft.extension("2.5.29.19", value, critical=True)
        )
        with refused(path.ISSUER_IS_AUTHORITY):
            verify((leaf_of(issuer), own(issuer)))

    def test_self_issued_certificate_does_not_count_for_path_length(self) -> None:
        def change(draft: CertificateDraft) -> None:
            value = basic_constraints(authority=True, path_length=0)
            draft.extension("2.5.29.19", value, critical=True)

        upper = authority_of(ROOT, "Upper", change)
        renewed = authority_of(upper, "Upper", unchanged)
        verify((leaf_of(renewed), own(renewed), own(upper)))

    @pytest.mark.parametrize("position", [0, 1])
    def test_unknown_critical_extension_is_refused(self, position: int) -> None:
        def restrict(draft: CertificateDraft) -> None:
            draft.extension("2.5.29.30", w.sequence(), critical=True)

        issuer = authority_of(ROOT, "Issuer", restrict if position else unchanged)
        leaf = leaf_of(issuer, unchanged if position else restrict)
        with refused(path.CRITICAL_UNDERSTOOD):
            verify((leaf, own(issuer)))
        verify((leaf, own(issuer)), understood=frozenset({der.from_oid_text("2.5.29.30")}))

    def test_unknown_extension_that_is_not_critical_is_passed_over(self) -> None:
        leaf = leaf_of(ROOT, lambda draft: draft.extension("2.5.29.30", w.sequence()))
        verify((leaf,))


class TestExtensionValues:
    @staticmethod
    def holding(oid: bytes, value: bytes) -> Certificate:
        parts = {field: getattr(LEAF, field) for field in LEAF.__struct_fields__}
        return Certificate(**{**parts, "extensions": {oid: Extension(critical=False, value=value)}})

    @pytest.mark.parametrize(
        ("value", "meaning"),
        [
            (w.sequence(), (False, None)),
            (w.sequence(w.boolean(True)), (True, None)),  # noqa: FBT003 - the value itself
            (w.sequence(w.boolean(True), w.integer(3)), (True, 3)),  # noqa: FBT003 - the value itself
            (w.sequence(w.integer(0)), (False, 0)),
        ],
    )
    def test_basic_constraints_are_read(self, value: bytes, meaning: object) -> None:
        assert path.read_basic_constraints(self.holding(BASIC_CONSTRAINTS, value)) == meaning

    def test_absent_basic_constraints_make_no_authority(self) -> None:
        assert path.read_basic_constraints(LEAF) == (False, None)

    @pytest.mark.parametrize(
        "value",
        [
            pytest.param(w.sequence(w.null()), id="another type"),
            pytest.param(w.sequence(w.integer(1), w.boolean(True)), id="order turned round"),  # noqa: FBT003 - the value itself
            pytest.param(w.sequence(w.boolean(False), w.boolean(True)), id="two flags"),  # noqa: FBT003 - the value itself
            pytest.param(w.sequence(w.integer(0), w.integer(9)), id="two lengths"),
            pytest.param(w.null(), id="no sequence"),
        ],
    )
    def test_ambiguous_basic_constraints_are_refused(self, value: bytes) -> None:
        with refused(der.EXPECTED_TYPE):
            path.read_basic_constraints(self.holding(BASIC_CONSTRAINTS, value))

    @pytest.mark.parametrize(
        ("value", "may"),
        [(key_usage(5), True), (key_usage(0, 1), False), (w.bit_string(b""), False)],
    )
    def test_key_usage_is_read(self, value: bytes, may: bool) -> None:  # noqa: FBT001 - expected
        assert path.may_sign_certificates(self.holding(KEY_USAGE, value)) is may

    def test_oversized_role_is_refused_unread(self) -> None:
        large = w.octet_string(bytes(path.MAX_ROLE_BYTES))
        with refused(der.WELL_FORMED):
            path.read_basic_constraints(self.holding(BASIC_CONSTRAINTS, large))
        with refused(der.WELL_FORMED):
            path.may_sign_certificates(self.holding(KEY_USAGE, large))

    def test_key_usage_hidden_among_unused_bits_is_refused(self) -> None:
        with refused(der.WELL_FORMED):
            path.may_sign_certificates(self.holding(KEY_USAGE, w.bit_string(b"\x04", unused=3)))


class TestOrderAndLength:
    def test_ordered_chain_is_left_alone(self) -> None:
        assert order_chain(CHAIN) == (CHAIN, False)

    @pytest.mark.parametrize("order", [(2, 1, 0), (0, 2, 1), (1, 0, 2), (2, 0, 1)])
    def test_shuffled_chain_is_put_in_order(self, order: tuple[int, ...]) -> None:
        assert order_chain([CHAIN[position] for position in order]) == (CHAIN, True)

    def test_shuffled_chain_with_its_root_is_put_in_order(self) -> None:
        chain = (*CHAIN, own(ROOT))
        assert order_chain(chain[::-1]) == (chain, True)

    def test_single_certificate_is_in_order(self) -> None:
        assert order_chain((LEAF,)) == ((LEAF,), False)

    @pytest.mark.parametrize(
        "chain",
        [
            pytest.param((own(MIDDLE), LEAF, leaf_of(MIDDLE)), id="two leaves"),
            pytest.param((LEAF, own(MIDDLE)), id="gap"),
            pytest.param((own(LOWER), LEAF, LEAF), id="leaf twice"),
            pytest.param((own(Authority.root("Else")), LEAF), id="unrelated root"),
        ],
    )
    def test_certificates_without_a_single_order_are_refused(
        self, chain: tuple[Certificate, ...]
    ) -> None:
        with refused(path.NAMES_CHAIN):
            order_chain(chain)

    def test_loop_beside_a_leaf_is_refused(self) -> None:
        first, second = Authority.root("First"), Authority.root("Second")
        loop = [
            read_certificate(second.issue(second.draft(first.subject, spki(first.key)))),
            read_certificate(first.issue(first.draft(second.subject, spki(second.key)))),
        ]
        with refused(path.NAMES_CHAIN):
            order_chain((*loop, LEAF))

    def test_loop_without_any_leaf_is_refused(self) -> None:
        ring = [Authority.root(title) for title in ("A", "B", "C", "D")]
        issued = [
            read_certificate(above.issue(above.draft(below.subject, spki(below.key))))
            for below, above in zip(ring, (*ring[1:], ring[0]), strict=True)
        ]
        with refused(path.NAMES_CHAIN):
            order_chain([issued[position] for position in (0, 2, 1, 3)])

    def test_loop_alone_is_no_proof_of_order(self) -> None:
        first, second = Authority.root("First"), Authority.root("Second")
        loop = (
            read_certificate(second.issue(second.draft(first.subject, spki(first.key)))),
            read_certificate(first.issue(first.draft(second.subject, spki(second.key)))),
        )
        ordered, _ = order_chain(loop)
        with refused(path.ANCHORED):
            find_anchor(ordered, [ANCHOR])

    def test_ten_certificates_are_judged_and_eleven_are_refused(self) -> None:
        chain = [own(ROOT)]
        authority = ROOT
        for number in range(path.MAX_PATH - 1):
            authority = authority.subordinate(f"Authority {number}")
            chain.insert(0, own(authority))
        assert len(order_chain(chain)[0]) == path.MAX_PATH
        verify(chain)
        eleven = [leaf_of(authority), *chain]
        with refused(path.LENGTH):
            order_chain(eleven)
        with refused(path.LENGTH):
            verify(eleven)

    def test_empty_chain_is_refused(self) -> None:
        with refused(path.LENGTH):
            order_chain(())
        with refused(path.LENGTH):
            verify(())
