"""The activation code: what the bank hands out, by which the app knows the bank before it speaks.

A text for a QR code, a link or a letter: the prefix and, in base32 (RFC 4648 §6) without padding, a
tagged COSE_Sign1 (RFC 9052 §4.2). All characters are of the alphanumeric set of QR codes. In CDDL::

    protected = { 1: -7 / -8, 4: bstr .size 8 }     ; ES256 / EdDSA; begin of SHA-256 of the SPKI
    payload = [ "warifu-activation-code-v1", activation: bstr .size 16, verifier: name,
                expires-at: uint ]                  ; seconds since 1970

The signature binds the name of the verifier, which the app has pinned together with the key. The
key signs nothing but codes.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.authentication.binding.rules import CODE_FORM, CODE_KEY, CODE_VERIFIER, IN_TIME
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, Denied, MalformedEvidence
from warifu.base.keys.jwks import algorithm_of
from warifu.base.pki import sign1
from warifu.base.pki.signature import load_public_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warifu.base.keys.signer import Signer

PREFIX = "WARIFU1:"
DOMAIN = "warifu-activation-code-v1"
MOST_CHARACTERS = 1024
ID_OCTETS = 16
KEY_ID_OCTETS = 8
LATEST = 253_402_300_799
"""Seconds since 1970 at the end of the year 9999."""


class Code(Struct, frozen=True, kw_only=True):
    """What a code says, once its signature is verified."""

    activation: bytes
    """Id, 16 octets."""
    verifier: str
    verifier_key: bytes
    """SHA-256 of the key that verified it, for the fingerprint."""
    expires_at: datetime


def write_code(*, activation: bytes, verifier: str, expires_at: datetime, signer: Signer) -> str:
    """Write a code.

    Args:
        activation: Id, 16 octets.
        verifier: The name that apps pin.
        expires_at: In whole seconds.
        signer: The key for activation codes.

    Raises:
        VerifierFault: The token that holds the key does not answer.
    """
    payload = [DOMAIN, activation, verifier, int(expires_at.timestamp())]
    message = sign1.write_sign1(
        cbor.encode_deterministic(payload),
        algorithm=signer.algorithm,
        header={sign1.KEY_ID: sha256(signer.public_key).digest()[:KEY_ID_OCTETS]},
        sign=signer.sign,
    )
    return PREFIX + _to_base32(message)


def read_code(text: str, *, keys: Iterable[bytes], verifier: str, now: datetime) -> Code:
    """Verify a code as an app does, before anything is sent to anybody.

    Args:
        text: As scanned.
        keys: The pinned keys for activation codes, DER of SubjectPublicKeyInfo.
        verifier: The pinned name.
        now: The current time.

    Raises:
        MalformedEvidence: ``activation/code-form``, ``cbor/...``, ``cose/...``.
        BadEvidence: ``activation/code-key`` for a key that is not pinned, ``pki/signature``,
            ``pki/signature-algorithm``, ``activation/code-verifier``.
        Denied: ``activation/in-time``.
        Misuse: ``keys/public-key`` where a pinned key is none.
    """
    message = sign1.read_sign1(_from_text(text))
    pinned = {sha256(key).digest()[:KEY_ID_OCTETS]: key for key in keys}
    key = pinned.get(message.key_id or b"")
    if key is None or message.algorithm != algorithm_of(key):
        raise BadEvidence(CODE_KEY)
    sign1.check_sign1(message, load_public_key(key))
    code = _read_payload(message.payload, sha256(key).digest())
    if code.verifier != verifier:
        raise BadEvidence(CODE_VERIFIER, f"{code.verifier!r:.80}")
    if now >= code.expires_at:
        raise Denied(IN_TIME, f"{now - code.expires_at} late")
    return code


def _read_payload(payload: bytes, verifier_key: bytes) -> Code:
    match cbor.decode(payload):
        case [str(domain), bytes(activation), str(verifier), int(expires_at)]:
            pass
        case _:
            raise MalformedEvidence(CODE_FORM, "not four members of the right types")
    is_whole = domain == DOMAIN and len(activation) == ID_OCTETS
    if not is_whole or not 0 <= expires_at <= LATEST:
        raise MalformedEvidence(CODE_FORM, "members out of range")
    return Code(
        activation=activation,
        verifier=verifier,
        verifier_key=verifier_key,
        expires_at=datetime.fromtimestamp(expires_at, UTC),
    )


def _from_text(text: str) -> bytes:
    body = text.removeprefix(PREFIX)
    if body == text or len(text) > MOST_CHARACTERS:
        raise MalformedEvidence(CODE_FORM, "another prefix, or too long")
    try:
        message = base64.b32decode(body + "=" * (-len(body) % 8))
    except ValueError as error:
        raise MalformedEvidence(CODE_FORM, "no base32") from error
    # Bits that are left over would give one code several texts.
    if _to_base32(message) != body:
        raise MalformedEvidence(CODE_FORM, "stray bits")
    return message


def _to_base32(data: bytes) -> str:
    return base64.b32encode(data).rstrip(b"=").decode("ascii")
