"""What a bound device key signs in user authentication: one way for each kind of key.

A key in a key store, a trusted application or an applet signs octets: ES256 or EdDSA, 64 octets. An
App Attest key signs assertions only, so what would have been the signature is an assertion then.
Documents travel as COSE_Sign1, or for App Attest as ``[ payload, assertion ]``; both have the
content type inside what is signed.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.attestation.claims import Endorsement
from warifu.attestation.evidence import app_attest_assertion
from warifu.attestation.evidence.facts.app_attest_assertion import AppAttestAssertionExpectations
from warifu.attestation.trust.view import TrustView
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.user import rules
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.keys.jwks import algorithm_of
from warifu.base.pki import cose, sign1, signature

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.attestation.claims import Key
    from warifu.authentication.transaction.confirmation import BoundKey

MAX_BYTES = 8192
SIGNATURE_OCTETS = 32
"""Of each half of an ECDSA signature."""
DOMAIN = "warifu-device-v1"
"""Before the content type in what an App Attest key signs."""

RAW_SIGNERS = frozenset({ProofKind.DEVICE_KEY, ProofKind.TRUSTED_UI})
"""Kinds of keys that sign octets as they are. Keys of Android's protected confirmation, of browsers
and of passkeys cannot."""
SIGNERS = RAW_SIGNERS | {ProofKind.APP_ATTEST}

_SCHEMES = {"ES256": cose.ALGORITHMS[-7].scheme, "EdDSA": cose.ALGORITHMS[-8].scheme}
_COSE_NAMES = {"ES256": -7, "EdDSA": -8}
_SIGN1_TAG = b"\xd2"


class ContentType(StrEnum):
    """What a device key signs, so that no signature passes for one of another kind."""

    STATEMENT = "application/vnd.warifu.user-statement+cbor"
    CALL = "application/vnd.warifu.call+cbor"
    ENDORSEMENT = "application/vnd.warifu.endorsement+cbor"
    POSSESSION = "application/vnd.warifu.key-possession+cbor"
    """By an endorsed key, over its endorsement."""


class DeviceSigned(Struct, frozen=True, kw_only=True):
    """What a bound key signed."""

    payload: bytes
    counter: int | None
    """Of App Attest, to be stored by compare-and-set."""


def read_device_signed(
    data: bytes, content_type: ContentType, bound: BoundKey, now: datetime
) -> DeviceSigned:
    """Verify a document that the bound key signed.

    Args:
        data: Tagged COSE_Sign1, or for App Attest ``[ payload, assertion ]``; deterministic CBOR.
        content_type: What it must have been signed as.
        bound: Whose signature it must be.
        now: The present time.

    Raises:
        BadEvidence: ``user/key-kind``, ``user/signed-form``, ``cbor/*``, ``cose/*``, ``pki/*``,
            ``app-attest-assertion/*``.
        Misuse: The bound key is not one that we bind.
    """
    _require_signer(bound)
    if len(data) > MAX_BYTES:
        raise MalformedEvidence(rules.SIGNED_FORM, f"{len(data)} octets")
    if bound.kind is ProofKind.APP_ATTEST:
        return _read_asserted(data, content_type, bound, now)
    message = sign1.read_sign1(data)
    # RFC 9596: the type is among what is signed. Nothing else is there to be obeyed.
    header = {sign1.ALGORITHM: _COSE_NAMES[message.algorithm], sign1.TYPE: content_type.value}
    parts = [cbor.encode_deterministic(header), {}, message.payload, message.signature]
    if _SIGN1_TAG + cbor.encode_deterministic(parts) != data:
        raise MalformedEvidence(rules.SIGNED_FORM, f"{message.header.get(sign1.TYPE)!r:.60}")
    algorithm_of(bound.public_key)
    sign1.check_sign1(message, signature.load_public_key(bound.public_key))
    return DeviceSigned(payload=message.payload, counter=None)


def check_device_signature(
    proof: bytes, signed: bytes, bound: BoundKey, now: datetime
) -> int | None:
    """Verify that the bound key signed these octets.

    Args:
        proof: 64 octets, or an App Attest assertion whose client data are `signed`.
        signed: The octets, beginning with a domain of their own.
        bound: Whose signature it must be.
        now: The present time.

    Returns:
        The counter of App Attest, to be stored by compare-and-set; None for other keys.

    Raises:
        BadEvidence: ``user/key-kind``, ``pki/*``, ``app-attest-assertion/*``.
        Misuse: The bound key is not one that we bind.
    """
    _require_signer(bound)
    if bound.kind is ProofKind.APP_ATTEST:
        return _check_assertion(proof, signed, bound, now)
    algorithm = algorithm_of(bound.public_key)
    if algorithm == "ES256":
        proof = signature.ecdsa_from_halves(proof, SIGNATURE_OCTETS)
    key = signature.load_public_key(bound.public_key)
    signature.check_signature(_SCHEMES[algorithm], key, proof, signed)
    return None


def require_attested(bound: BoundKey, attested: Key, accepted: frozenset[Endorsement]) -> None:
    """Refuse a key for which nobody vouched when it was bound.

    Args:
        bound: The key.
        attested: The claims proved about it at enrolment.
        accepted: Who has to vouch.

    Raises:
        BadEvidence: ``user/key-attested``.
    """
    if attested.public_key != bound.public_key:
        raise BadEvidence(rules.KEY_ATTESTED, "the claims are about another key")
    if attested.endorsement not in accepted:
        raise BadEvidence(rules.KEY_ATTESTED, attested.endorsement.value)


def key_name(bound: BoundKey) -> bytes:
    """SHA-256 of the key's SubjectPublicKeyInfo."""
    return sha256(bound.public_key).digest()


def asserted_bytes(content_type: ContentType, payload: bytes) -> bytes:
    """The client data of an App Attest assertion over a document."""
    return cbor.encode_deterministic([DOMAIN, content_type.value, payload])


def _require_signer(bound: BoundKey) -> None:
    if bound.kind not in SIGNERS:
        raise BadEvidence(rules.KEY_KIND, bound.kind.value)


def _read_asserted(
    data: bytes, content_type: ContentType, bound: BoundKey, now: datetime
) -> DeviceSigned:
    match cbor.decode(data):
        case [bytes(payload), bytes(assertion)]:
            pass
        case _:
            raise MalformedEvidence(rules.SIGNED_FORM, "no payload with its assertion")
    if cbor.encode_deterministic([payload, assertion]) != data:
        raise MalformedEvidence(rules.SIGNED_FORM, "not deterministic")
    signed = asserted_bytes(content_type, payload)
    return DeviceSigned(payload=payload, counter=_check_assertion(assertion, signed, bound, now))


def _check_assertion(assertion: bytes, signed: bytes, bound: BoundKey, now: datetime) -> int | None:
    # The client data are the challenge: what is in them is compared by whoever asked.
    expected = AppAttestAssertionExpectations(
        public_key=bound.public_key,
        client_data=signed,
        counter=bound.counter or 0,
        challenge=signed,
        app=bound.app,
    )
    claims = app_attest_assertion.verify(
        assertion, expected=expected, trust=TrustView(known_at=now), at=now
    )
    return claims.freshness.counter
