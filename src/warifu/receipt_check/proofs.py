"""The person's answer: that the bound key signed it, in the way of its kind.

Written again from docs/formats/confirmation.md over the raw bytes, for one and the same error of a
verifier shall not be made twice. What only the service could know when it was asked is reported as
not checked: counters, and what the page asked the browser to show beside amount and payee.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from msgspec import Struct

from warifu.authentication.transaction.currency import decimal
from warifu.authentication.transaction.value import Kind, Transaction
from warifu.base.codec import cbor, json, text
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.pki.signature import PublicKey, load_public_key
from warifu.receipt_check import rules

OK, NG = 1, 2
REASONS = (1, 2, 3)
DISPLAYS = {
    "trusted-ui": "trusted-environment",
    "protected-confirmation": "trusted-environment",
    "secure-payment": "browser",
    "webauthn": "application",
    "app-attest": "application",
    "device-key": "application",
}
"""Who showed the text, by kind of proof."""

_REFUSES_ONLY = "device-key"
_APPROVES_ONLY = frozenset({"protected-confirmation", "secure-payment"})
_ANSWER_TYPE = "application/vnd.warifu.answer+cbor"
_TRUSTED_UI = "application/vnd.warifu.trusted-ui+cose"
_DEVICE_KEY = "application/vnd.warifu.device-key+cose"
_USER_VERIFIED = -65537
_ES256, _EDDSA = -7, -8
_HALF = 32
_PRESENT, _VERIFIED = 0x01, 0x04
_RP_ID_OCTETS = 32
_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,8})?")
_SHORTEST_DATA = 37
_MOST_OCTETS_OF_MESSAGE = 0x1800


class Key(Struct, frozen=True, kw_only=True):
    """The bound key, as the receipt has it."""

    kind: str
    public_key: bytes
    app: str
    confirmation_required: bool
    user_verification_required: bool


class Answer(Struct, frozen=True, kw_only=True):
    """What the person answered."""

    digest: bytes
    verdict: int
    reason: int | None


class Answered(Struct, frozen=True, kw_only=True):
    """An answer that the bound key signed."""

    answer: Answer
    kind: str
    display: str
    """Who showed the text."""
    user_verified: bool
    origin: str | None = None
    """Of the page, for browsers' proofs."""


class Shown(Struct, frozen=True, kw_only=True):
    """The transaction, where it is not withheld."""

    transaction: Transaction
    text: str


class Signed(Struct, frozen=True, kw_only=True):
    """What a key signed, by one kind of proof."""

    answer: bytes
    user_verified: bool
    origin: str | None = None


def needs_transaction(kind: str) -> bool:
    """Whether a kind's proof says something that only the transaction's fields can be held to."""
    return kind in _APPROVES_ONLY


def check_answer(kind: str, data: bytes, key: Key, shown: Shown | None) -> Answered:
    """Verify a proof.

    Args:
        kind: As the receipt names it.
        data: The container of its kind.
        key: The bound key.
        shown: The transaction; it must be there where `needs_transaction`.

    Raises:
        BadEvidence: ``receipt-check/proof``, ``receipt-check/answer``, ``cbor/*``, ``json/*``.
    """
    if kind not in _KINDS or kind not in {key.kind, _REFUSES_ONLY}:
        raise BadEvidence(rules.PROOF, f"{kind[:40]} by a key for {key.kind[:40]}")
    signed = _KINDS[kind](data, key, shown)
    answer = read_answer(signed.answer)
    verdicts = {_REFUSES_ONLY: {NG}}.get(kind, {OK} if kind in _APPROVES_ONLY else {OK, NG})
    if answer.verdict not in verdicts:
        raise BadEvidence(rules.PROOF, f"{kind} says {answer.verdict}")
    return Answered(
        answer=answer,
        kind=kind,
        display=DISPLAYS[kind],
        user_verified=signed.user_verified,
        origin=signed.origin,
    )


def read_answer(data: bytes) -> Answer:
    """Read the signed bytes of an answer.

    Raises:
        BadEvidence: ``receipt-check/answer``, ``cbor/*``.
    """
    item = cbor.decode_map(data)
    answer = Answer(
        digest=cbor.member(item, 2, bytes),
        verdict=cbor.member(item, 3, int),
        reason=cbor.member(item, 4, int) if 4 in item else None,
    )
    explained = answer.reason in REASONS if answer.verdict == NG else answer.reason is None
    sound = item.keys() <= {1, 2, 3, 4} and item.get(1) == 1 and answer.verdict in {OK, NG}
    if not sound or not explained or cbor.encode_deterministic(item) != data:
        raise MalformedEvidence(rules.ANSWER, "not an answer as it is written")
    return answer


class Cose(Struct, frozen=True, kw_only=True):
    """A COSE_Sign1 whose signature verified."""

    payload: bytes
    header: dict[Any, Any]


def read_cose(
    data: bytes, key: Key, wanted: Mapping[int, object], more: tuple[int, ...] = ()
) -> Cose:
    """COSE_Sign1 with exactly the headers of its kind; what it signs is made again from parts.

    Args:
        data: The message, tagged.
        key: Whose signature it must be.
        wanted: Protected headers beside the algorithm, which is the key's.
        more: Labels of further ones, of any value.

    Raises:
        BadEvidence: ``receipt-check/proof``, ``cbor/*``.
    """
    match cbor.decode(data.removeprefix(b"\xd2")):
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(signature)]:
            pass
        case _:
            raise MalformedEvidence(rules.PROOF, "not a COSE_Sign1")
    header = cbor.decode_map(protected)
    is_curve = isinstance(_load(key), ec.EllipticCurvePublicKey)
    own = {1: _ES256 if is_curve else _EDDSA, **wanted}
    if header != own | {label: header.get(label) for label in more} or unprotected:
        raise BadEvidence(rules.PROOF, "other headers than its kind has")
    if is_curve:
        if len(signature) != 2 * _HALF:
            raise BadEvidence(rules.PROOF, f"{len(signature)} octets of signature")
        halves = (signature[:_HALF], signature[_HALF:])
        signature = encode_dss_signature(*(int.from_bytes(each, "big") for each in halves))
    _verify(key, signature, cbor.encode_deterministic(["Signature1", protected, b"", payload]))
    return Cose(payload=payload, header=header)


def _trusted_ui(data: bytes, key: Key, _: Shown | None) -> Signed:
    read = read_cose(data, key, {3: _ANSWER_TYPE, 16: _TRUSTED_UI}, (_USER_VERIFIED,))
    verified = cbor.member(read.header, _USER_VERIFIED, bool)
    return Signed(answer=read.payload, user_verified=verified)


def _device_key(data: bytes, key: Key, _: Shown | None) -> Signed:
    read = read_cose(data, key, {3: _ANSWER_TYPE, 16: _DEVICE_KEY})
    return Signed(answer=read.payload, user_verified=key.user_verification_required)


def _protected_confirmation(data: bytes, key: Key, shown: Shown | None) -> Signed:
    message, signature = _members(data, 1, 2)
    if not key.confirmation_required or len(message) > _MOST_OCTETS_OF_MESSAGE:
        raise BadEvidence(rules.PROOF, "a key that signs more than confirmations, or too long")
    _verify(key, signature, message)
    item = cbor.decode_map(message)
    if list(item)[:2] != ["prompt", "extra"]:
        raise BadEvidence(rules.PROOF, "not prompt, then extra")
    if shown is None or cbor.member(item, "prompt", str) != shown.text:
        raise BadEvidence(rules.PROOF, "another text was shown")
    answer = cbor.member(item, "extra", bytes)
    return Signed(answer=answer, user_verified=key.user_verification_required)


def read_assertion(data: bytes, key: Key) -> Signed:
    """Verify a WebAuthn assertion in the container of its kind; its answer is member 1.

    Raises:
        BadEvidence: ``receipt-check/proof``, ``cbor/*``, ``json/*``.
    """
    return _webauthn(data, key, None)


def _webauthn(data: bytes, key: Key, _: Shown | None) -> Signed:
    members = _members(data, 1, 2, 3, 4)
    if json.decode_object(members[1]).get("crossOrigin") is True:
        raise BadEvidence(rules.PROOF, "asked inside another site's frame")
    return _assertion(members, key, "webauthn.get")


def _secure_payment(data: bytes, key: Key, shown: Shown | None) -> Signed:
    members = _members(data, 1, 2, 3, 4, optional={5})
    signed = _assertion(members[:4], key, "payment.get")
    payment: Any = json.decode_object(members[1]).get("payment")
    if shown is None or not _is_payment_of(payment, shown.transaction, key.app):
        raise BadEvidence(rules.PROOF, "the browser showed another payment")
    return signed


def _app_attest(data: bytes, key: Key, _: Shown | None) -> Signed:
    answer, assertion = _members(data, 1, 2)
    check_app_attested(answer, assertion, key)
    return Signed(answer=answer, user_verified=False)


def check_app_attested(client_data: bytes, assertion: bytes, key: Key) -> None:
    """Verify an App Attest assertion over client data.

    Raises:
        BadEvidence: ``receipt-check/proof``, ``cbor/*``.
    """
    item = cbor.decode_map(assertion)
    authenticator_data = cbor.member(item, "authenticatorData", bytes)
    if item.keys() != {"signature", "authenticatorData"}:
        raise BadEvidence(rules.PROOF, "not an assertion")
    _check_app(authenticator_data, key)
    # The nonce is what Apple's key signs, and the scheme hashes it once more.
    nonce = sha256(authenticator_data + sha256(client_data).digest()).digest()
    _verify(key, cbor.member(item, "signature", bytes), nonce)


_KINDS: dict[str, Callable[[bytes, Key, Shown | None], Signed]] = {
    "trusted-ui": _trusted_ui,
    "protected-confirmation": _protected_confirmation,
    "secure-payment": _secure_payment,
    "webauthn": _webauthn,
    "app-attest": _app_attest,
    "device-key": _device_key,
}


def _assertion(members: tuple[bytes, ...], key: Key, ceremony: str) -> Signed:
    """WebAuthn Level 3 §7.2, the steps that need nothing but the signed bytes."""
    answer, client_data, authenticator_data, signature = members
    _verify(key, signature, authenticator_data + sha256(client_data).digest())
    client = json.decode_object(client_data)
    challenge = text.to_base64url(sha256(answer).digest())
    if client.get("type") != ceremony or client.get("challenge") != challenge:
        raise BadEvidence(rules.PROOF, "client data of another ceremony or challenge")
    flags = _check_app(authenticator_data, key)
    if not flags & _PRESENT:
        raise BadEvidence(rules.PROOF, "nobody was present")
    origin = client.get("origin")
    return Signed(
        answer=answer,
        user_verified=bool(flags & _VERIFIED),
        origin=origin if type(origin) is str else None,
    )


def _check_app(authenticator_data: bytes, key: Key) -> int:
    """That the key signed for its own RP or app; the flags."""
    expected = sha256(key.app.encode()).digest()
    if len(authenticator_data) < _SHORTEST_DATA or not compare_digest(
        authenticator_data[:_RP_ID_OCTETS], expected
    ):
        raise BadEvidence(rules.PROOF, "made for another service or app")
    return authenticator_data[_RP_ID_OCTETS]


def _is_payment_of(payment: object, transaction: Transaction, rp_id: str) -> bool:
    amount, payee = transaction.amount, transaction.payee
    if transaction.kind is not Kind.TRANSFER or amount is None or payee is None:
        return False
    match payment:
        case {
            "rpId": str(shown_for),
            "payeeName": str(name),
            "total": {"value": str(value), "currency": str(currency)},
        }:
            pass
        case _:
            return False
    if not _DECIMAL.fullmatch(value):
        return False
    same = Decimal(value) == Decimal(decimal(amount))
    return same and (shown_for, name, currency) == (rp_id, payee.name, amount.currency)


def _members(data: bytes, *labels: int, optional: set[int] | None = None) -> tuple[bytes, ...]:
    item = cbor.decode_map(data)
    wanted = set(labels)
    if not wanted <= item.keys() <= wanted | (optional or set()):
        raise MalformedEvidence(rules.PROOF, "other members than its kind has")
    return tuple(cbor.member(item, label, bytes) for label in labels)


def _load(key: Key) -> PublicKey:
    try:
        return load_public_key(key.public_key)
    except BadEvidence as error:
        raise BadEvidence(rules.PROOF, "the bound key is no sound public key") from error


def _verify(key: Key, signature: bytes, signed: bytes) -> None:
    public = _load(key)
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            digest = _DIGESTS.get(public.key_size, hashes.SHA256())
            public.verify(signature, signed, ec.ECDSA(digest))
        elif isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        else:
            public.verify(signature, signed)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm) as error:
        raise BadEvidence(rules.PROOF, "the bound key did not sign this") from error


_DIGESTS: dict[int, hashes.HashAlgorithm] = {
    256: hashes.SHA256(),
    384: hashes.SHA384(),
    521: hashes.SHA512(),
}
"""By the size of the curve (RFC 9053 §2.1, as authenticators use it)."""
