"""The checker's own verification of every kind of proof: a second opinion, written anew."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from msgspec import structs

from tests.authentication.proofs.world import (
    CREDENTIAL,
    KEY,
    NG,
    OK,
    OTHER_TRANSACTION,
    PHONE,
    TEXT,
    TRANSACTION,
    TRANSFER,
    Maker,
    app_attest,
    bound_key,
    envelope,
    passkey,
    payment,
    protected,
)
from tests.authentication.receipt.world import KNOWN, check, contents, receipt
from tests.support import refused
from warifu.authentication.receipt.parts import Part
from warifu.authentication.receipt.receipt import withhold
from warifu.authentication.transaction.confirmation import (
    CAN_APPROVE,
    CAN_REFUSE,
    DISPLAYED_BY,
    ProofKind,
)
from warifu.base.codec import cbor
from warifu.base.errors import WarifuError
from warifu.handset import confirmation as device
from warifu.handset.authority import new_key, sign, spki
from warifu.handset.webauthn import CredentialKey
from warifu.receipt_check import proofs, rules
from warifu.receipt_check.findings import Check, Why

SHOWN = proofs.Shown(transaction=TRANSFER, text=TEXT)


def key_of(kind: ProofKind, **changes: Any) -> proofs.Key:
    bound = bound_key(kind)
    made = proofs.Key(
        kind=kind.value,
        public_key=bound.public_key,
        app=bound.app,
        confirmation_required=bound.confirmation_required,
        user_verification_required=bound.user_verification_required,
    )
    return structs.replace(made, **changes)


def answer(kind: ProofKind, data: bytes, **changes: Any) -> proofs.Answered:
    return proofs.check_answer(kind.value, data, key_of(kind, **changes), SHOWN)


@pytest.mark.parametrize("kind", [kind for kind in ProofKind if kind in CAN_APPROVE])
def test_an_approval_of_every_kind_is_checked(kind: ProofKind) -> None:
    found = answer(kind, Maker(kind)(OK))
    assert (found.answer.verdict, found.answer.reason) == (proofs.OK, None)
    assert found.answer.digest == sha256(TRANSACTION).digest()
    assert found.display == DISPLAYED_BY[kind].value
    assert found.user_verified is (kind is not ProofKind.APP_ATTEST)


@pytest.mark.parametrize("kind", [kind for kind in ProofKind if kind in CAN_REFUSE])
def test_a_refusal_of_every_kind_is_checked(kind: ProofKind) -> None:
    found = answer(kind, Maker(kind)(NG))
    assert (found.answer.verdict, found.answer.reason) == (proofs.NG, device.NOT_ME)


@pytest.mark.parametrize("kind", [ProofKind.WEBAUTHN, ProofKind.SECURE_PAYMENT])
def test_a_page_s_origin_is_shown(kind: ProofKind) -> None:
    assert answer(kind, Maker(kind)(OK)).origin == "https://login.bank.example"


@pytest.mark.parametrize(
    "kind", [ProofKind.PROTECTED_CONFIRMATION, ProofKind.SECURE_PAYMENT, ProofKind.DEVICE_KEY]
)
def test_a_kind_says_only_what_it_can_say(kind: ProofKind) -> None:
    other = NG if kind in CAN_APPROVE else OK
    with refused(rules.PROOF):
        answer(kind, Maker(kind)(other))


@pytest.mark.parametrize("kind", list(ProofKind))
def test_another_key_s_proof_is_refused(kind: ProofKind) -> None:
    honest = Maker(kind)(OK if kind in CAN_APPROVE else NG)
    with refused(rules.PROOF):
        answer(kind, honest, public_key=spki(new_key()))


@pytest.mark.parametrize("kind", list(ProofKind))
def test_any_byte_of_a_proof_changed_is_refused(kind: ProofKind) -> None:
    said = OK if kind in CAN_APPROVE else NG
    honest = Maker(kind)(said)
    for place in range(len(honest)):
        data = honest[:place] + bytes([honest[place] ^ 1]) + honest[place + 1 :]
        try:
            found = answer(kind, data)
        except WarifuError:
            continue
        # A container is covered by the server's signature; what the person signed is the same.
        assert found == answer(kind, honest)


def test_a_weaker_kind_does_not_pass_for_a_stronger_one() -> None:
    weaker = envelope(OK, type=device.DEVICE_KEY_TYPE, headers={}).encode()
    with refused(rules.PROOF):
        answer(ProofKind.TRUSTED_UI, weaker)
    with refused(rules.PROOF):
        answer(ProofKind.SECURE_PAYMENT, passkey(OK).encode())
    with refused(rules.PROOF):
        proofs.check_answer("webauthn", passkey(OK).encode(), key_of(ProofKind.TRUSTED_UI), SHOWN)
    with refused(rules.PROOF):
        proofs.check_answer("telepathy", b"", key_of(ProofKind.TRUSTED_UI), SHOWN)


@pytest.mark.parametrize(
    "data",
    [
        envelope(OK, unprotected={4: b"key"}).encode(),
        envelope(OK, content_type="text/plain").encode(),
        envelope(OK, headers={}).encode(),
        envelope(OK, headers={device.USER_VERIFIED: True, 4: b"key"}).encode(),
        envelope(OK, signature=bytes(63)).encode(),
        envelope(OK, signature=bytes(64)).encode(),
        cbor.encode_deterministic([b"", {}, b""]),
    ],
)
def test_an_envelope_of_another_form_is_refused(data: bytes) -> None:
    with refused(rules.PROOF):
        answer(ProofKind.TRUSTED_UI, data)


def test_an_envelope_that_does_not_say_yes_or_no_to_verification_is_refused() -> None:
    with refused(cbor.EXPECTED_TYPE):
        answer(ProofKind.TRUSTED_UI, envelope(OK, headers={device.USER_VERIFIED: 1}).encode())


def test_an_ed25519_key_signs_an_envelope() -> None:
    private = new_key("ed25519")
    data = envelope(OK, key=private).encode()
    assert answer(ProofKind.TRUSTED_UI, data, public_key=spki(private)).user_verified


def test_a_bound_key_that_is_no_key_is_refused() -> None:
    with refused(rules.PROOF):
        answer(ProofKind.TRUSTED_UI, envelope(OK).encode(), public_key=b"no key")


@pytest.mark.parametrize(
    "data",
    [
        protected(OK, prompt=TEXT + " ").encode(),
        protected(OK, members={"extra": OK, "prompt": TEXT}).encode(),
        protected(OK, message=bytes(0x1801)).encode(),
        protected(OK, key=new_key()).encode(),
        cbor.encode_deterministic({1: b"", 2: b"", 3: b""}),
    ],
)
def test_a_protected_confirmation_of_something_else_is_refused(data: bytes) -> None:
    with refused(rules.PROOF):
        answer(ProofKind.PROTECTED_CONFIRMATION, data)


def test_a_key_that_signs_anything_confirms_nothing() -> None:
    with refused(rules.PROOF):
        answer(
            ProofKind.PROTECTED_CONFIRMATION, protected(OK).encode(), confirmation_required=False
        )


@pytest.mark.parametrize("kind", ["rsa", "p384"])
def test_other_keys_sign_a_protected_confirmation(kind: str) -> None:
    private = new_key("p384") if kind == "p384" else CredentialKey(-257).private
    draft = protected(OK, key=private)
    message = draft.formatted_message()
    signed = CredentialKey(-257, private).sign(message) if kind == "rsa" else sign(private, message)
    data = cbor.encode_deterministic({1: message, 2: signed})
    expected = {"public_key": spki(private)}
    assert answer(ProofKind.PROTECTED_CONFIRMATION, data, **expected).answer.verdict == proofs.OK


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "webauthn.create"},
        {"challenge": bytes(32)},
        {"rp_id": "phishing.example"},
        {"flags": 0x04},
        {"client": {"crossOrigin": True}},
    ],
)
def test_an_assertion_of_another_ceremony_is_refused(changes: dict[str, Any]) -> None:
    draft = passkey(OK, **{k: v for k, v in changes.items() if k != "challenge"})
    draft.challenge = changes.get("challenge")
    with refused(rules.PROOF):
        answer(ProofKind.WEBAUTHN, draft.encode())


def test_client_data_without_origin_shows_none() -> None:
    data = passkey(OK, client={"crossOrigin": False, "origin": None}).encode()
    assert answer(ProofKind.WEBAUTHN, data).origin is None


def test_short_authenticator_data_is_refused() -> None:
    challenge = passkey(OK)
    parts = cbor.decode_map(challenge.encode())
    parts[3] = parts[3][:36]
    parts[4] = CREDENTIAL.sign(parts[3] + sha256(parts[2]).digest())
    with refused(rules.PROOF):
        answer(ProofKind.WEBAUTHN, cbor.encode_deterministic(parts))


@pytest.mark.parametrize(
    "changes",
    [
        {"payeeName": "SATO HANAKO"},
        {"payeeName": None},
        {"rpId": "other.example"},
        {"total": {"value": "1234.51", "currency": "USD"}},
        {"total": {"value": "1.2345e3", "currency": "USD"}},
        {"total": {"value": "1234.50", "currency": "EUR"}},
    ],
)
def test_another_payment_in_the_browser_is_refused(changes: dict[str, Any]) -> None:
    with refused(rules.PROOF):
        answer(ProofKind.SECURE_PAYMENT, payment(OK, **changes))


def test_a_payment_sheet_for_what_is_no_payment_is_refused() -> None:
    bare = structs.replace(TRANSFER, payee=None)
    key = key_of(ProofKind.SECURE_PAYMENT)
    with refused(rules.PROOF):
        proofs.check_answer(
            "secure-payment", payment(OK), key, proofs.Shown(transaction=bare, text=TEXT)
        )


def test_an_assertion_of_another_app_or_form_is_refused() -> None:
    with refused(rules.PROOF):
        answer(ProofKind.APP_ATTEST, app_attest(OK), app="TEAM.other")
    parts = cbor.decode_map(app_attest(OK))
    more = cbor.decode_map(parts[2]) | {"more": 1}
    with refused(rules.PROOF):
        answer(
            ProofKind.APP_ATTEST,
            cbor.encode_deterministic({**parts, 2: cbor.encode_deterministic(more)}),
        )
    assert PHONE.public_key == key_of(ProofKind.APP_ATTEST).public_key


def answer_bytes(**changes: Any) -> bytes:
    labels = {"version": 1, "digest": 2, "verdict": 3, "reason": 4, "more": 5}
    item = cbor.decode_map(OK) | {labels[name]: value for name, value in changes.items()}
    return cbor.encode_deterministic(item)


@pytest.mark.parametrize(
    "data",
    [
        answer_bytes(version=2),
        answer_bytes(verdict=3),
        answer_bytes(reason=3),
        answer_bytes(verdict=2),
        answer_bytes(verdict=2, reason=4),
        answer_bytes(more=1),
        b"\xb8\x03" + OK[1:],
    ],
)
def test_an_answer_of_another_form_is_refused(data: bytes) -> None:
    with refused(rules.ANSWER):
        proofs.read_answer(data)


@pytest.mark.parametrize("kind", [kind for kind in ProofKind if kind in CAN_APPROVE])
def test_a_receipt_with_a_proof_of_every_kind_is_checked_whole(kind: ProofKind) -> None:
    found = check(receipt(contents(kind=kind)), KNOWN)
    assert found.whole
    assert found.kind == kind.value


def test_a_proof_that_needs_the_transaction_is_not_checked_without_it() -> None:
    data = receipt(contents(kind=ProofKind.SECURE_PAYMENT))
    found = check(withhold(data, [Part.TRANSACTION]))
    (finding,) = (each for each in found.findings if each.check is Check.USER_SIGNATURE)
    assert (finding.checked, finding.why) == (False, Why.WITHHELD)
    other = check(withhold(receipt(), [Part.TRANSACTION]))
    assert other.was_checked(Check.USER_SIGNATURE)


def test_an_answer_to_another_transaction_is_refused() -> None:
    proof = Maker(ProofKind.TRUSTED_UI)(device.answer_to(OTHER_TRANSACTION))
    with refused(rules.ANSWER):
        check(receipt(contents(proof=proof)))


def test_the_world_s_key_is_the_one_that_signs() -> None:
    assert json.dumps(key_of(ProofKind.TRUSTED_UI).kind) == '"trusted-ui"'
    assert spki(KEY) == key_of(ProofKind.TRUSTED_UI).public_key
