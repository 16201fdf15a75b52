"""COSE_Sign1 over an answer: by a trusted display, or by a device key alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.authentication.proofs.world import (
    KEY,
    NG,
    OK,
    TRANSACTION,
    bound_key,
    envelope,
    judge,
)
from tests.support import refused
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.transaction.proofs import rules, trusted_ui
from warifu.base.codec import cbor
from warifu.base.pki import cose, sign1
from warifu.handset import confirmation as device
from warifu.handset.authority import new_key, spki

TRUSTED_UI, DEVICE_KEY = ProofKind.TRUSTED_UI, ProofKind.DEVICE_KEY
ONE_APPLET_RESPONSE = 223


def parts_of(proof: bytes) -> list[Any]:
    parts: list[Any] = cbor.decode(proof.removeprefix(b"\xd2"))
    return parts


def test_the_simulated_display_is_confirmed() -> None:
    display = device.TrustedDisplay()
    proof = display.confirm(TRANSACTION, user_verified=False)
    bound = bound_key(TRUSTED_UI, display.key)
    refusal = device.refuse(TRANSACTION, device.CHANGED_MIND, display.key)
    with refused(rules.USER_VERIFIED):
        judge(proof, TRUSTED_UI, bound=bound)
    assert judge(display.confirm(TRANSACTION), TRUSTED_UI, bound=bound).user_verified
    assert not judge(refusal, DEVICE_KEY, bound=bound).user_verified
    assert bound.public_key == display.public_key


def test_an_edwards_key_signs_too() -> None:
    key = new_key("ed25519")
    proof = envelope(OK, key=key).encode()
    assert judge(proof, TRUSTED_UI, bound=bound_key(TRUSTED_UI, key)).user_verified


@pytest.mark.parametrize("kind", ["p256", "ed25519"])
def test_an_envelope_fits_one_response_of_an_applet(kind: str) -> None:
    assert len(envelope(NG, key=new_key(kind)).encode()) <= ONE_APPLET_RESPONSE


def test_device_key_envelope_is_no_envelope_of_a_trusted_display() -> None:
    plain = envelope(OK, type=device.DEVICE_KEY_TYPE, headers={}).encode()
    with refused(rules.ENVELOPE_HEADERS):
        judge(plain, TRUSTED_UI)


def test_device_key_envelope_that_states_a_pin_is_no_envelope_of_a_trusted_display() -> None:
    plain = envelope(OK, type=device.DEVICE_KEY_TYPE).encode()
    with refused(rules.ENVELOPE_HEADERS):
        judge(plain, TRUSTED_UI)


def test_trusted_envelope_is_no_envelope_of_a_device_key() -> None:
    with refused(rules.ENVELOPE_HEADERS):
        judge(envelope(NG).encode(), DEVICE_KEY)


def test_type_renamed_after_signing_is_refused() -> None:
    plain = envelope(OK, type=device.DEVICE_KEY_TYPE)
    honest, forged = parts_of(envelope(OK).encode()), parts_of(plain.encode())
    forged[0] = honest[0]
    with refused(rules.SIGNATURE):
        judge(b"\xd2" + cbor.encode_deterministic(forged), TRUSTED_UI)


def test_envelope_of_another_content_is_refused() -> None:
    with refused(rules.ENVELOPE_HEADERS):
        judge(envelope(OK, content_type="application/cwt").encode(), TRUSTED_UI)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {device.USER_VERIFIED: True, 4: b"another key"},
        {device.USER_VERIFIED: True, "extra": 1},
        {device.USER_VERIFIED: True, 1: -9},
    ],
)
def test_envelope_with_other_headers_is_refused(headers: dict[Any, Any]) -> None:
    with refused(rules.ENVELOPE_HEADERS):
        judge(envelope(OK, headers=headers).encode(), TRUSTED_UI)


@pytest.mark.parametrize("stated", [1, "yes", None, float("nan")])
def test_verification_of_the_user_stated_by_no_boolean_is_refused(stated: object) -> None:
    proof = envelope(OK, headers={trusted_ui.USER_VERIFIED: stated}).encode()
    with refused(cbor.EXPECTED_TYPE):
        judge(proof, TRUSTED_UI)


def test_critical_header_is_refused() -> None:
    proof = envelope(OK, headers={device.USER_VERIFIED: True, 2: [4]}).encode()
    with refused(sign1.FORM):
        judge(proof, TRUSTED_UI)


def test_algorithm_of_another_kind_of_key_is_refused() -> None:
    """A message that names EdDSA for a key on P-256 is not helped by a signature."""
    edwards = envelope(OK, key=new_key("ed25519")).encode()
    with refused(rules.SIGNATURE):
        judge(edwards, TRUSTED_UI)


def test_algorithm_none_is_refused() -> None:
    proof = envelope(OK, headers={device.USER_VERIFIED: True, 1: 0}).encode()
    with refused(cose.ALGORITHM):
        judge(proof, TRUSTED_UI)


def test_headers_that_nobody_signed_are_refused() -> None:
    with refused(rules.CONTAINER):
        judge(envelope(OK, unprotected={4: b"key"}).encode(), TRUSTED_UI)


def test_envelope_without_its_tag_is_refused() -> None:
    with refused(rules.CONTAINER):
        judge(envelope(OK).encode()[1:], TRUSTED_UI)


def test_envelope_as_a_token_is_refused() -> None:
    with refused(rules.CONTAINER):
        judge(b"\xd8\x3d" + envelope(OK).encode(), TRUSTED_UI)


def test_headers_in_another_encoding_are_refused() -> None:
    """Signed by the right key all the same: a reader of other habits would see other bytes."""
    honest = parts_of(envelope(OK).encode())
    long_label = b"\xa4\x18\x01" + honest[0][2:]
    signed = cbor.encode_deterministic(["Signature1", long_label, b"", OK])
    honest[0], honest[3] = long_label, device.raw_signature(KEY, signed)
    with refused(rules.CONTAINER):
        judge(b"\xd2" + cbor.encode_deterministic(honest), TRUSTED_UI)


def test_signature_of_another_length_is_refused() -> None:
    with refused(rules.SIGNATURE):
        judge(envelope(OK, signature=bytes(63)).encode(), TRUSTED_UI)


def test_key_of_another_curve_is_refused() -> None:
    bound = bound_key(TRUSTED_UI, public_key=spki(new_key("p384")))
    with refused(rules.SIGNATURE):
        judge(envelope(OK).encode(), TRUSTED_UI, bound=bound)


def test_refusal_says_whether_the_platform_demands_a_pin_for_the_key() -> None:
    proof = envelope(NG, type=device.DEVICE_KEY_TYPE, headers={}).encode()
    bound = bound_key(DEVICE_KEY, user_verification_required=True)
    assert judge(proof, DEVICE_KEY, bound=bound).user_verified
