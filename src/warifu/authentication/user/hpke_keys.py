"""Encryption keys of the server: they live hours, and a long-term key certifies each of them.

Whoever encrypts a PIN pins the long-term key and verifies the certificate first. A certificate is
a COSE_Sign1 by the long-term key (`KeyPurpose.HPKE_CERTIFICATION`) over, in deterministic CBOR::

    hpke-key = { 1: 1, 2: bstr .size 32, 3: tstr, 4: uint, 5: uint }

2 is the X25519 public key, 3 the verifier's name, 4 and 5 its time in seconds since 1970.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.authentication.user import rules
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence, Misuse
from warifu.base.pki import sign1, signature

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warifu.base.keys.signer import Signer

VERSION = 1
CONTENT_TYPE = "application/vnd.warifu.hpke-key+cbor"
PUBLIC_OCTETS = 32
LONGEST_LIFE = timedelta(hours=24)
MAX_BYTES = 1024
MAX_VERIFIER_CHARACTERS = 255
_VERSION, _PUBLIC_KEY, _VERIFIER, _NOT_BEFORE, _NOT_AFTER = 1, 2, 3, 4, 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_SECONDS = 253_402_300_799
"""The end of the year 9999."""
_ID_DOMAIN = b"warifu-hpke-key-v1\0"


class HpkeKey(Struct, frozen=True, kw_only=True):
    """One encryption key of the server."""

    id: bytes
    """`hpke_key_id` of the public key."""
    public_key: bytes
    """X25519, 32 octets."""
    verifier: str
    not_before: datetime
    not_after: datetime


def hpke_key_id(public_key: bytes) -> bytes:
    """The key's name, 32 octets: SHA-256 over ``"warifu-hpke-key-v1" ‖ 00 ‖ public key``."""
    return sha256(_ID_DOMAIN + public_key).digest()


def write_hpke_certificate(
    public_key: bytes, *, verifier: str, not_before: datetime, not_after: datetime, signer: Signer
) -> bytes:
    """Certify an encryption key.

    Args:
        public_key: X25519, 32 octets.
        verifier: Name of the service, which apps pin.
        not_before: From when on it may be used, to the second.
        not_after: Until when.
        signer: The long-term key.

    Raises:
        Misuse: ``usage/hpke-key-life``.
        VerifierFault: The token that holds the long-term key does not answer.
    """
    begins, ends = (int((moment - _EPOCH).total_seconds()) for moment in (not_before, not_after))
    key = _key(public_key, verifier, begins, ends)
    if not timedelta() < not_after - not_before <= LONGEST_LIFE or key is None:
        raise Misuse(rules.CERTIFICATE_LIFE, f"{not_after - not_before}")
    header = {sign1.KEY_ID: signer.key_id.encode(), sign1.TYPE: CONTENT_TYPE}
    return sign1.write_sign1(
        _payload(key), algorithm=signer.algorithm, header=header, sign=signer.sign
    )


def read_hpke_certificate(
    data: bytes, *, keys: Mapping[str, bytes], verifier: str, now: datetime
) -> HpkeKey:
    """Verify a certificate, as whoever encrypts does before it encrypts.

    Args:
        data: The certificate.
        keys: Pinned long-term keys: DER of SubjectPublicKeyInfo by key id, of this purpose only.
        verifier: Name of the service that the app was made for.
        now: The present time.

    Raises:
        BadEvidence: ``hpke-key/*``, ``cose/*``, ``cbor/*``.
    """
    if len(data) > MAX_BYTES:
        raise MalformedEvidence(rules.CERTIFICATE_FORM, f"{len(data)} octets")
    message = sign1.read_sign1(data)
    if message.header.get(sign1.TYPE) != CONTENT_TYPE:
        raise BadEvidence(rules.CERTIFICATE_FORM, "another type of document")
    # 1. By a pinned key; the message only names which.
    public_key = keys.get((message.key_id or b"").decode("latin-1"))
    if public_key is None:
        raise BadEvidence(rules.CERTIFICATE_SIGNER, "not by a pinned key")
    try:
        sign1.check_sign1(message, signature.load_public_key(public_key))
    except BadEvidence as error:
        raise BadEvidence(rules.CERTIFICATE_SIGNER, error.code) from error
    # 2. What it says.
    key = _read_payload(message.payload)
    if key.verifier != verifier:
        raise BadEvidence(rules.CERTIFICATE_VERIFIER, key.verifier)
    if not key.not_before <= now <= key.not_after or key.not_after - key.not_before > LONGEST_LIFE:
        raise BadEvidence(rules.CERTIFICATE_TIME, f"{key.not_before} to {key.not_after}")
    return key


def own_hpke_key(certificate: bytes) -> HpkeKey:
    """The key in a certificate that we wrote and kept ourselves; nothing is verified.

    Raises:
        BadEvidence: ``hpke-key/form``, ``cose/*``, ``cbor/*``.
    """
    return _read_payload(sign1.read_sign1(certificate).payload)


def _read_payload(payload: bytes) -> HpkeKey:
    item = cbor.decode_map(payload)
    key = _key(
        cbor.member(item, _PUBLIC_KEY, bytes),
        cbor.member(item, _VERIFIER, str),
        cbor.member(item, _NOT_BEFORE, int),
        cbor.member(item, _NOT_AFTER, int),
    )
    if key is None or _payload(key) != payload:
        raise MalformedEvidence(rules.CERTIFICATE_FORM, "not as it would be written")
    return key


def _key(public_key: bytes, verifier: str, begins: int, ends: int) -> HpkeKey | None:
    if not 0 <= begins <= ends <= _MAX_SECONDS or len(public_key) != PUBLIC_OCTETS:
        return None
    if not 1 <= len(verifier) <= MAX_VERIFIER_CHARACTERS:
        return None
    return HpkeKey(
        id=hpke_key_id(public_key),
        public_key=public_key,
        verifier=verifier,
        not_before=_EPOCH + timedelta(seconds=begins),
        not_after=_EPOCH + timedelta(seconds=ends),
    )


def _payload(key: HpkeKey) -> bytes:
    begins, ends = (
        (each - _EPOCH) // timedelta(seconds=1) for each in (key.not_before, key.not_after)
    )
    return cbor.encode_deterministic(
        {
            _VERSION: VERSION,
            _PUBLIC_KEY: key.public_key,
            _VERIFIER: key.verifier,
            _NOT_BEFORE: begins,
            _NOT_AFTER: ends,
        }
    )
