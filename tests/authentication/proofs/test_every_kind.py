"""What holds for every kind of proof: the answer is inside what the bound key signed."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.authentication.proofs.world import (
    AT,
    EXPECTED,
    NG,
    OK,
    OTHER_TRANSACTION,
    TRANSACTION,
    Maker,
    bound_key,
    judge,
    without_pin,
)
from tests.support import misuse, refused
from warifu.attestation.evidence.rules import app_attest_assertion as app_attest_rules
from warifu.attestation.evidence.rules import webauthn as webauthn_rules
from warifu.attestation.examination import AWARE_TIME
from warifu.authentication.transaction.answer import FORM, Reason, Verdict
from warifu.authentication.transaction.confirmation import (
    CAN_APPROVE,
    CAN_REFUSE,
    DISPLAYED_BY,
    Display,
    ProofKind,
)
from warifu.authentication.transaction.proofs import rules
from warifu.authentication.transaction.proofs.verify import VERIFIERS
from warifu.base.codec import cbor
from warifu.base.errors import Denied, WarifuError
from warifu.handset import confirmation as device
from warifu.handset.authority import new_key, spki
from warifu.handset.webauthn import CredentialKey

KINDS = tuple(ProofKind)
APPROVING = tuple(kind for kind in ProofKind if kind in CAN_APPROVE)
REFUSING = tuple(kind for kind in ProofKind if kind in CAN_REFUSE)
BROWSERS = {ProofKind.WEBAUTHN, ProofKind.SECURE_PAYMENT}
SIGNATURES = {
    kind: app_attest_rules.SIGNATURE if kind is ProofKind.APP_ATTEST else rules.SIGNATURE
    for kind in KINDS
}
"""By which rule a signature of another key is refused."""


def honest(kind: ProofKind) -> bytes:
    return Maker(kind)(OK if kind in CAN_APPROVE else NG)


@pytest.mark.parametrize("kind", APPROVING)
def test_an_approval_is_confirmed_with_what_it_is_worth(kind: ProofKind) -> None:
    verified = kind is not ProofKind.APP_ATTEST
    expected = structs.replace(EXPECTED, user_verification=verified)
    found = judge(Maker(kind)(OK), kind, expected=expected)
    assert found.answer.verdict is Verdict.OK
    assert found.answer.reason is None
    assert found.answer.digest == sha256(TRANSACTION).digest()
    assert found.kind is kind
    assert found.display is DISPLAYED_BY[kind]
    assert found.key == sha256(bound_key(kind).public_key).digest()
    assert found.user_verified is verified
    assert found.at == AT
    assert found.proved[0] == rules.KIND.code
    assert SIGNATURES[kind].code in found.proved
    assert found.proved[-1] == rules.DISPLAY.code


@pytest.mark.parametrize("kind", REFUSING)
@pytest.mark.parametrize("reason", Reason)
def test_a_refusal_is_confirmed_with_its_reason(kind: ProofKind, reason: Reason) -> None:
    answer = device.answer_to(TRANSACTION, device.NG, reason.value)
    found = judge(Maker(kind)(answer), kind)
    assert found.answer.verdict is Verdict.NG
    assert found.answer.reason is reason
    assert found.proved[-1] == rules.CAN_REFUSE.code


def test_every_kind_has_a_verifier() -> None:
    assert set(VERIFIERS) == set(ProofKind)


@pytest.mark.parametrize("kind", sorted(CAN_APPROVE & CAN_REFUSE))
def test_ng_replayed_as_ok_is_refused(kind: ProofKind) -> None:
    """The signature over an NG, with the bytes of an OK put in their place."""
    proof = Maker(kind)(NG)
    assert NG in proof
    with pytest.raises(WarifuError) as caught:
        judge(proof.replace(NG, OK), kind)
    assert caught.value.code in {
        rules.SIGNATURE.code,
        rules.CONTAINER.code,
        webauthn_rules.CHALLENGE.code,
        app_attest_rules.SIGNATURE.code,
        "cbor/well-formed",
        "cose/sign1",
    }


@pytest.mark.parametrize("kind", sorted(CAN_APPROVE & CAN_REFUSE))
def test_ng_replayed_as_ok_in_a_well_formed_container_is_refused(kind: ProofKind) -> None:
    """The same, with every length put right."""
    proof = Maker(kind)(NG)
    if proof.startswith(b"\xd2"):
        parts = cbor.decode(proof[1:])
        forged = b"\xd2" + cbor.encode_deterministic([*parts[:2], OK, parts[3]])
    else:
        forged = cbor.encode_deterministic({**cbor.decode_map(proof), 1: OK})
    wrong = webauthn_rules.CHALLENGE if kind is ProofKind.WEBAUTHN else SIGNATURES[kind]
    with refused(wrong):
        judge(forged, kind)


@pytest.mark.parametrize("kind", sorted(CAN_APPROVE - CAN_REFUSE))
def test_refusal_by_a_kind_that_cannot_refuse_is_refused(kind: ProofKind) -> None:
    with refused(rules.CAN_REFUSE):
        judge(Maker(kind)(NG), kind)


def test_approval_by_the_device_key_is_refused() -> None:
    with refused(rules.CAN_APPROVE):
        judge(Maker(ProofKind.DEVICE_KEY)(OK), ProofKind.DEVICE_KEY)


@pytest.mark.parametrize("kind", [ProofKind.TRUSTED_UI, ProofKind.PROTECTED_CONFIRMATION])
def test_approval_by_the_bare_key_of_a_trusted_display_is_refused(kind: ProofKind) -> None:
    with refused(rules.CAN_APPROVE):
        judge(Maker(ProofKind.DEVICE_KEY)(OK), ProofKind.DEVICE_KEY, bound=bound_key(kind))


@pytest.mark.parametrize("kind", [ProofKind.TRUSTED_UI, ProofKind.PROTECTED_CONFIRMATION])
def test_any_bound_key_may_refuse_on_its_own(kind: ProofKind) -> None:
    found = judge(Maker(ProofKind.DEVICE_KEY)(NG), ProofKind.DEVICE_KEY, bound=bound_key(kind))
    assert found.display is Display.APPLICATION


@pytest.mark.parametrize(
    ("kind", "of"), [(kind, of) for kind in APPROVING for of in KINDS if kind is not of]
)
def test_downgrade_to_another_kind_than_the_key_is_bound_for_is_refused(
    kind: ProofKind, of: ProofKind
) -> None:
    with refused(rules.KIND):
        judge(honest(kind), kind, bound=bound_key(of))


@pytest.mark.parametrize("kind", KINDS)
def test_answer_to_another_transaction_is_refused(kind: ProofKind) -> None:
    """For protected confirmations the text differs first, for payments the amount."""
    first = {
        ProofKind.PROTECTED_CONFIRMATION: rules.CONFIRMATION_PROMPT,
        ProofKind.SECURE_PAYMENT: rules.PAYMENT_TOTAL,
    }
    with refused(first.get(kind, rules.TRANSACTION)):
        judge(honest(kind), kind, transaction=OTHER_TRANSACTION)


@pytest.mark.parametrize("kind", KINDS)
def test_transaction_with_another_nonce_is_another_transaction(kind: ProofKind) -> None:
    """Amount, payee and even the whole text may be the same: the digest is not."""
    verdict = (device.OK,) if kind in CAN_APPROVE else (device.NG, device.CHANGED_MIND)
    answer = device.answer_to(TRANSACTION.replace(bytes(range(16)), bytes(16)), *verdict)
    with refused(rules.TRANSACTION):
        judge(Maker(kind)(answer), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_text_swapped_after_approval_is_refused(kind: ProofKind) -> None:
    swapped = TRANSACTION.replace(b"TANAKA TARO", b"TANAKA JIRO")
    assert swapped != TRANSACTION
    first = {
        ProofKind.PROTECTED_CONFIRMATION: rules.CONFIRMATION_PROMPT,
        ProofKind.SECURE_PAYMENT: rules.PAYMENT_PAYEE,
    }
    with refused(first.get(kind, rules.TRANSACTION)):
        judge(honest(kind), kind, transaction=swapped)


@pytest.mark.parametrize("kind", KINDS)
def test_proof_by_another_key_is_refused(kind: ProofKind) -> None:
    other = CredentialKey().spki() if kind in BROWSERS else spki(new_key())
    with refused(SIGNATURES[kind]):
        judge(honest(kind), kind, bound=bound_key(kind, public_key=other))


@pytest.mark.parametrize("kind", KINDS)
def test_stored_key_that_is_no_key_is_the_callers_fault(kind: ProofKind) -> None:
    with misuse(rules.BOUND_KEY):
        judge(honest(kind), kind, bound=bound_key(kind, public_key=b"no key"))


@pytest.mark.parametrize("kind", KINDS)
def test_answer_of_another_form_is_refused_though_it_was_signed(kind: ProofKind) -> None:
    with refused(FORM):
        judge(Maker(kind)(cbor.encode_deterministic({1: 1, 2: bytes(32), 3: 3})), kind)


@pytest.mark.parametrize("kind", [ProofKind.TRUSTED_UI, ProofKind.WEBAUTHN])
def test_approval_without_pin_is_refused_where_one_is_demanded(kind: ProofKind) -> None:
    with refused(rules.USER_VERIFIED):
        judge(without_pin(kind, OK), kind)


@pytest.mark.parametrize("kind", [ProofKind.TRUSTED_UI, ProofKind.WEBAUTHN])
def test_approval_without_pin_is_taken_where_none_is_demanded(kind: ProofKind) -> None:
    expected = structs.replace(EXPECTED, user_verification=False)
    assert not judge(without_pin(kind, OK), kind, expected=expected).user_verified


@pytest.mark.parametrize("kind", [ProofKind.TRUSTED_UI, ProofKind.WEBAUTHN])
def test_refusal_without_pin_is_taken(kind: ProofKind) -> None:
    found = judge(without_pin(kind, NG), kind)
    assert found.answer.reason is Reason.NOT_ME
    assert not found.user_verified


def test_app_attest_never_says_that_the_person_was_verified() -> None:
    with refused(rules.USER_VERIFIED):
        judge(Maker(ProofKind.APP_ATTEST)(OK), ProofKind.APP_ATTEST)


@pytest.mark.parametrize("kind", APPROVING)
def test_approval_shown_by_a_weaker_environment_is_denied(kind: ProofKind) -> None:
    expected = structs.replace(
        EXPECTED,
        user_verification=False,
        displays=frozenset(Display) - {DISPLAYED_BY[kind]},
    )
    with pytest.raises(Denied) as caught:
        judge(Maker(kind)(OK), kind, expected=expected)
    assert caught.value.code == rules.DISPLAY.code


@pytest.mark.parametrize("kind", REFUSING)
def test_refusal_is_taken_whoever_showed_the_text(kind: ProofKind) -> None:
    expected = structs.replace(EXPECTED, displays=frozenset())
    assert judge(Maker(kind)(NG), kind, expected=expected).answer.verdict is Verdict.NG


@pytest.mark.parametrize("kind", KINDS)
def test_proof_with_bytes_behind_it_is_refused(kind: ProofKind) -> None:
    with refused(cbor.WELL_FORMED):
        judge(honest(kind) + b"\0", kind)


@pytest.mark.parametrize("kind", KINDS)
def test_proof_that_is_too_large_is_refused_unread(kind: ProofKind) -> None:
    with refused(rules.CONTAINER):
        judge(bytes(100_000), kind)


def test_time_without_offset_is_the_callers_fault() -> None:
    kind = ProofKind.TRUSTED_UI
    with misuse(AWARE_TIME):
        judge(honest(kind), kind, at=datetime(2026, 12, 1))  # noqa: DTZ001 - the mistake


def test_time_is_given_back_in_utc() -> None:
    found = judge(honest(ProofKind.TRUSTED_UI), ProofKind.TRUSTED_UI)
    assert found.at.tzinfo is UTC


HONEST = {kind: honest(kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_any_byte_changed_is_refused(kind: ProofKind, data: st.DataObject) -> None:
    proof = HONEST[kind]
    place = data.draw(st.integers(0, len(proof) - 1))
    change = data.draw(st.integers(1, 255))
    changed = proof[:place] + bytes([proof[place] ^ change]) + proof[place + 1 :]
    expected = structs.replace(EXPECTED, user_verification=False)
    with pytest.raises(WarifuError):
        judge(changed, kind, expected=expected)


@pytest.mark.parametrize("kind", KINDS)
@given(proof=st.binary(max_size=200))
def test_any_bytes_are_refused_by_an_error_of_the_tree(kind: ProofKind, proof: bytes) -> None:
    with pytest.raises(WarifuError):
        judge(proof, kind)
