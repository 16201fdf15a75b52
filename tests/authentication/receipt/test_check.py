"""A receipt in court: what an honest one shows, and what it cannot be made to show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.authentication.ledger.logs import signer
from tests.authentication.proofs.world import (
    AT,
    NG,
    TEXT,
    TRANSACTION,
    TRANSFER,
    Maker,
    bound_key,
)
from tests.authentication.receipt.world import (
    APPROVED,
    BINDING_SECRET,
    CHECKER_LOG,
    ENROLLED,
    EVIDENCE,
    EVIDENCE_COPY,
    KNOWN,
    LEAF_SECRET,
    RECEIPT_KEY,
    REFUSED,
    SIGNER,
    YEARS_LATER,
    Log,
    binding,
    check,
    confirmation_leaf,
    contents,
    endorsed_contents,
    enrolment,
    inclusion,
    pending,
    publishing,
    receipt,
)
from tests.support import misuse, no_statement, refused, test_trust
from warifu.attestation.examination import AWARE_TIME
from warifu.authentication.ledger.leaf import LeafKind, encode_leaf, make_leaf, salt_for
from warifu.authentication.receipt.parts import Part, Proof, outcome_bytes, part_bytes
from warifu.authentication.receipt.receipt import (
    Inclusion,
    LeafProof,
    include,
    read_receipt,
    withhold,
    write_receipt,
)
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.transaction.encoding import encode
from warifu.authentication.transaction.rules import TEXT as TRANSACTION_TEXT
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, WarifuError
from warifu.handset.authority import new_key
from warifu.receipt_check import rules
from warifu.receipt_check.check import read_known_at
from warifu.receipt_check.findings import REASONS, WORDS, Check, Why

ALWAYS_OPEN = {Check.COUNTER, Check.DECISION}
WHOLE = receipt()
SAID = outcome_bytes(APPROVED)


def test_an_honest_receipt_is_checked_whole_years_later() -> None:
    found = check(WHOLE)
    assert {each.check for each in found.findings if not each.checked} == ALWAYS_OPEN
    assert found.whole
    assert (found.state, found.verdict, found.reason) == ("approved", "ok", None)
    assert (found.user, found.device, found.text) == ("customer-1", "device-1", TEXT)
    assert (found.kind, found.display) == ("trusted-ui", "trusted-environment")
    assert (found.index, found.size) == (2, 5)
    assert found.user_verified is True
    assert found.transaction == sha256(TRANSACTION).digest()


def test_a_refusal_shows_its_reason() -> None:
    found = check(receipt(contents(REFUSED, kind=ProofKind.TRUSTED_UI)))
    assert (found.verdict, found.reason, found.reasons) == ("ng", "not-me", ("device-trusted",))


def test_a_refusal_by_the_device_key_alone_is_checked() -> None:
    proof = Proof(kind=ProofKind.DEVICE_KEY, data=Maker(ProofKind.DEVICE_KEY)(NG))
    made = structs.replace(contents(REFUSED), proof=proof)
    found = check(receipt(structs.replace(made, leaf=confirmation_leaf(made))))
    assert (found.kind, found.verdict) == ("device-key", "ng")


def test_without_personal_data_it_says_that_the_user_signature_is_not_checked() -> None:
    found = check(withhold(WHOLE))
    open_ = {each.check: each for each in found.findings if not each.checked}
    assert open_[Check.USER_SIGNATURE].why is Why.WITHHELD
    assert open_[Check.USER_SIGNATURE].words.en == "User signature not checked."
    assert open_[Check.USER_SIGNATURE].reason == REASONS[Why.WITHHELD]
    assert found.was_checked(Check.INCLUSION)
    assert found.was_checked(Check.LEAF)
    assert not found.whole
    assert (found.text, found.user, found.kind, found.key) == (None, None, None, None)


@pytest.mark.parametrize("part", sorted(set(Part) - {Part.OUTCOME, Part.LEAF}))
def test_whatever_is_withheld_is_reported(part: Part) -> None:
    found = check(withhold(receipt(endorsed_contents()), [part]))
    whys = {each.why for each in found.findings if not each.checked}
    assert Why.WITHHELD in whys


def test_what_a_receipt_was_issued_without_is_reported_as_absent() -> None:
    bare: dict[str, Any] = {"proof": None, "key": None, "evidence": None, "binding": None}
    outcome = structs.replace(APPROVED, state="expired", verdict=None, decision="none")
    made = structs.replace(contents(outcome), **bare)
    made = structs.replace(made, leaf=confirmation_leaf(made))
    log = Log(made.leaf)
    place = Inclusion(checkpoint=log.checkpoint(), place=log.proof(made.leaf))
    found = check(include(pending(made), place))
    assert found.verdict is None
    absent = {each.check for each in found.findings if each.why is Why.ABSENT}
    assert {Check.USER_SIGNATURE, Check.EVIDENCE, Check.BINDING} <= absent


def test_a_pending_receipt_says_that_it_is_pending() -> None:
    found = check(pending())
    whys = {each.check: each.why for each in found.findings}
    assert whys[Check.INCLUSION] is whys[Check.LOG_SIGNATURE] is Why.PENDING
    assert whys[Check.BINDING_RECORDED] is Why.PENDING
    assert (found.index, found.size) == (None, None)
    assert not found.whole


def test_without_keys_and_trust_it_says_what_it_could_not_check() -> None:
    known = structs.replace(KNOWN, log_keys=(), trust=None, witnesses=0)
    whys = {each.check: each.why for each in check(WHOLE, known).findings}
    assert whys[Check.LOG_SIGNATURE] is Why.NO_LOG_KEY
    assert whys[Check.WITNESSES] is Why.NOT_ASKED
    assert whys[Check.EVIDENCE] is Why.NO_TRUST


def test_a_log_key_alone_is_enough_where_the_log_published_the_server_s_key() -> None:
    known = structs.replace(KNOWN, server_keys=())
    assert check(receipt(contents(), publishing()), known).whole


def test_a_receipt_stays_checkable_after_the_server_s_key_was_rotated() -> None:
    newer = structs.replace(RECEIPT_KEY, key_id="newer", public_key=signer("new").public_key)
    assert check(WHOLE, structs.replace(KNOWN, server_keys=(newer, RECEIPT_KEY))).whole


def test_a_key_published_by_a_log_that_nobody_knows_vouches_for_nothing() -> None:
    known = structs.replace(KNOWN, server_keys=(), log_keys=(), witnesses=0)
    with no_statement(rules.SERVER_KEY):
        check(receipt(contents(), publishing()), known)


def test_a_key_published_after_the_receipt_vouches_for_nothing() -> None:
    leaf = encode_leaf(
        make_leaf(
            LeafKind.SERVER_KEY,
            at=AT + timedelta(days=1),
            public={"purpose": "receipt", "public-key": SIGNER.public_key},
        )
    )
    with no_statement(rules.SERVER_KEY):
        check(receipt(contents(), leaf), structs.replace(KNOWN, server_keys=()))


def test_a_receipt_signed_by_a_stranger_is_no_statement() -> None:
    made = contents()
    data = include(pending(made, signer=signer("stranger", "ES256")), inclusion(made))
    with no_statement(rules.SERVER_KEY):
        check(data)


def test_a_stranger_s_signature_under_our_key_s_name_is_refused() -> None:
    other = structs.replace(RECEIPT_KEY, public_key=signer("x", "ES256").public_key)
    with refused(rules.SERVER_SIGNATURE):
        check(WHOLE, structs.replace(KNOWN, server_keys=(other,)))


@pytest.mark.parametrize("purpose", ["ear", "checkpoint"])
def test_a_signature_by_a_key_of_another_purpose_is_refused(purpose: str) -> None:
    other = structs.replace(RECEIPT_KEY, purpose=purpose)
    with refused(rules.PURPOSE):
        check(WHOLE, structs.replace(KNOWN, server_keys=(other,)))
    published = receipt(contents(), publishing(purpose=purpose))
    with refused(rules.PURPOSE):
        check(published, structs.replace(KNOWN, server_keys=()))


def test_a_rewritten_leaf_is_not_included() -> None:
    made = contents()
    other = contents(structs.replace(APPROVED, decision="limit"))
    with refused(rules.INCLUSION):
        check(include(pending(other), inclusion(made)))


def test_a_proof_of_another_leaf_does_not_include_this_one() -> None:
    made = contents()
    place = inclusion(made)
    assert place.binding is not None
    with refused(rules.INCLUSION):
        check(include(pending(made), structs.replace(place, place=place.binding)))


def test_a_pending_receipt_said_to_be_included_is_refused() -> None:
    made = contents()
    log = Log()
    place = Inclusion(checkpoint=log.checkpoint(), place=LeafProof(index=log.size, path=()))
    with refused(rules.INCLUSION):
        check(include(pending(made), place))


def test_a_checkpoint_of_another_log_does_not_include_it() -> None:
    made = contents()
    log = Log(made.leaf)
    place = Inclusion(
        checkpoint=log.checkpoint(origin="other.example/log"), place=log.proof(made.leaf)
    )
    with refused(rules.LOG):
        check(include(pending(made), place))


def test_a_checkpoint_without_the_witnesses_asked_for_is_refused() -> None:
    made = contents()
    log = Log(made.leaf)
    bare = Inclusion(checkpoint=log.checkpoint(witnessed=False), place=log.proof(made.leaf))
    with refused(rules.WITNESSES):
        check(include(pending(made), bare))


def test_a_log_that_signed_with_another_key_is_no_statement() -> None:
    other = structs.replace(CHECKER_LOG, public_key=signer("x").public_key[-32:])
    with no_statement(rules.LOG_KEY):
        check(WHOLE, structs.replace(KNOWN, log_keys=(other,), witnesses=0))


def test_a_transaction_of_another_verifier_is_refused() -> None:
    data = encode(structs.replace(TRANSFER, verifier="other.example"))
    outcome = structs.replace(APPROVED, transaction=sha256(data).digest())
    with refused(rules.TRANSACTION):
        check(receipt(contents(outcome, transaction=data)))


def test_a_text_that_the_fields_do_not_say_is_refused() -> None:
    data = TRANSACTION.replace(b"USD 1,234.50", b"USD 0,234.50")
    outcome = structs.replace(APPROVED, transaction=sha256(data).digest())
    with refused(TRANSACTION_TEXT):
        check(receipt(contents(outcome, transaction=data)))


def test_swapped_evidence_is_refused() -> None:
    swapped = dict(read_receipt(WHOLE).parts)
    swapped[6] = part_bytes(bytes(32), {}, b"other evidence")
    with refused(rules.PARTS):
        check(write_receipt(structs.replace(read_receipt(WHOLE), parts=swapped)))


def with_evidence(**changes: Any) -> bytes:
    copy = structs.replace(EVIDENCE_COPY, **changes)
    leaf = enrolment(evidence=sha256(copy.data).digest())
    return receipt(contents(evidence=copy, binding=binding(leaf)))


def test_evidence_of_a_good_device_beside_another_key_is_refused() -> None:
    found = contents(key=bound_key(ProofKind.TRUSTED_UI, new_key()))
    with refused(rules.PROOF):
        check(receipt(found))
    only = withhold(receipt(found), [Part.PROOF])
    with refused(rules.EVIDENCE_KEY):
        check(only)


@pytest.mark.parametrize(
    "changes",
    [
        {"data": EVIDENCE[:300] + b"\x00" + EVIDENCE[301:]},
        {"expected": b'{"challenge": "b3RoZXI="}'},
        {"expected": b'{"challenge": 7}'},
        {"expected": b"\xff"},
        {"at": AT + timedelta(days=1)},
    ],
)
def test_evidence_that_never_held_is_refused(changes: dict[str, Any]) -> None:
    with refused(rules.EVIDENCE):
        check(with_evidence(**changes))


def test_evidence_that_cannot_be_judged_is_reported() -> None:
    trust = test_trust(known_at=ENROLLED)
    found = check(WHOLE, structs.replace(KNOWN, trust=trust))
    why = {each.check: each.why for each in found.findings}
    assert why[Check.EVIDENCE] is Why.NO_STATEMENT
    assert why[Check.EVIDENCE_KEY] is Why.NEEDS_ANOTHER


def test_judging_by_other_trust_than_then_is_reported() -> None:
    found = check(with_evidence(snapshots={"anchors": "00"}))
    (evidence,) = (each for each in found.findings if each.check is Check.EVIDENCE)
    assert "other trust" in evidence.detail


def test_another_enrolment_s_evidence_is_refused() -> None:
    leaf = enrolment(evidence=sha256(b"other").digest())
    with refused(rules.OPENING):
        check(receipt(contents(binding=binding(leaf))))


def test_a_key_bound_to_somebody_else_is_refused() -> None:
    with refused(rules.OPENING):
        check(receipt(contents(binding=binding(user="customer-2"))))
    bound = binding(enrolment(user=b"customer-2"), user="customer-2")
    with refused(rules.BINDING):
        check(receipt(contents(binding=bound)))


def test_a_key_bound_after_the_transaction_is_refused() -> None:
    later = encode_leaf(
        make_leaf(
            LeafKind.KEY_CHANGE,
            at=AT + timedelta(seconds=1),
            values={
                "user": b"customer-1",
                "device": b"device-1",
                "key": sha256(bound_key(ProofKind.TRUSTED_UI).public_key).digest(),
                "previous-key": bytes(32),
            },
            secret=BINDING_SECRET,
        )
    )
    with refused(rules.BINDING):
        check(receipt(contents(binding=binding(later))))


def test_a_revocation_is_no_binding() -> None:
    leaf = encode_leaf(
        make_leaf(
            LeafKind.REVOCATION,
            at=ENROLLED,
            values=dict.fromkeys(("user", "device", "key"), b""),
            secret=BINDING_SECRET,
        )
    )
    with refused(rules.LEAF):
        check(receipt(contents(binding=binding(leaf))))


def test_a_binding_that_is_not_in_the_log_is_refused() -> None:
    made = contents()
    place = inclusion(made)
    with refused(rules.INCLUSION):
        check(include(pending(made), structs.replace(place, binding=place.place)))


def changed_inclusion(number: int, value: Any) -> bytes:
    item = cbor.decode(WHOLE, max_bytes=1 << 18)
    item[4][number] = value
    return cbor.encode_deterministic(item)


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (2, 7),
        (2, [True, []]),
        (2, [0, [b""] * 65]),
        (2, [0, ["hash"]]),
        (4, [[b"leaf"]]),
        (4, [[b"leaf", [0, []]]] * 17),
        (5, 0),
    ],
)
def test_an_inclusion_of_another_form_or_size_is_refused(number: int, value: Any) -> None:
    with refused(rules.FORM):
        check(changed_inclusion(number, value))


def test_a_published_key_without_purpose_is_refused() -> None:
    leaf = encode_leaf(
        make_leaf(
            LeafKind.SERVER_KEY, at=ENROLLED, public={"purpose": b"receipt", "public-key": b"k"}
        )
    )
    with refused(rules.LEAF):
        check(receipt(contents(), leaf))


def test_a_published_key_of_another_kind_is_refused() -> None:
    with refused(rules.KEY_FILE):
        check(receipt(contents(), publishing(b"no key")))


@pytest.mark.parametrize(
    ("issued", "at"), [(AT - timedelta(hours=1), YEARS_LATER), (AT, AT - timedelta(hours=1))]
)
def test_a_receipt_out_of_its_time_is_refused(issued: Any, at: Any) -> None:
    made = contents(issued_at=issued)
    with refused(rules.TIME):
        check(pending(made), at=at)


@pytest.mark.parametrize("wrong", [{8: b"part"}, {3: "part"}])
def test_parts_of_another_type_are_refused(wrong: dict[int, Any]) -> None:
    item = cbor.decode(WHOLE, max_bytes=1 << 18)
    item[3] |= wrong
    with refused(rules.PARTS):
        check(cbor.encode_deterministic(item))


def test_any_byte_changed_is_refused() -> None:
    data = receipt(contents(), publishing())
    known = structs.replace(KNOWN, server_keys=())
    assert check(data, known).whole
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ (1 << (place % 8))]) + data[place + 1 :]
        with pytest.raises(WarifuError):
            check(changed, known)


def test_any_end_cut_off_or_added_is_refused() -> None:
    for data in (*(WHOLE[:n] for n in range(0, len(WHOLE), 97)), WHOLE + b"\x00"):
        with pytest.raises(BadEvidence):
            check(data)


def test_a_file_that_is_too_large_or_too_deep_is_refused() -> None:
    for data in (bytes((1 << 18) + 1), b"\x81" * 40 + b"\x01"):
        with refused(cbor.WELL_FORMED):
            check(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_by_an_error_of_the_tree(data: bytes) -> None:
    with pytest.raises(BadEvidence):
        check(data)


def test_a_time_without_offset_is_misuse() -> None:
    with misuse(AWARE_TIME):
        check(WHOLE, at=YEARS_LATER.replace(tzinfo=None))


def test_a_receipt_is_checked_at_the_end_of_all_dates() -> None:
    assert check(WHOLE, at=datetime.max.replace(tzinfo=UTC)).whole


def test_every_finding_has_words() -> None:
    assert WORDS.keys() == set(Check)
    assert REASONS.keys() == set(Why)
    for text in (*(each for pair in WORDS.values() for each in pair), *REASONS.values()):
        assert text.ja.endswith("。")
        assert text.en.endswith(".")
    assert check(WHOLE).findings[0].reason is None


def test_a_receipt_says_by_which_trust_its_evidence_was_judged() -> None:
    assert read_known_at(WHOLE) == ENROLLED
    assert read_known_at(withhold(WHOLE)) is None


def test_a_salt_of_the_leaf_opens_nothing_else() -> None:
    names = ("user", "outcome", "key")
    assert len({salt_for(LEAF_SECRET, name) for name in names}) == len(names)
