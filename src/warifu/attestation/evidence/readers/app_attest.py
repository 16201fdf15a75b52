"""The CBOR objects of App Attest: bytes to typed values, trusting nothing."""

from __future__ import annotations

from hashlib import sha256
from struct import Struct as Layout

from msgspec import Struct

from warifu.attestation.evidence.rules import app_attest as attestation_rules
from warifu.attestation.evidence.rules import app_attest_assertion as assertion_rules
from warifu.base.codec import cbor
from warifu.base.errors import MalformedEvidence

MAX_ATTESTATION_BYTES = 64 << 10
MAX_ASSERTION_BYTES = 4 << 10
MAX_CERTIFICATES = 4
ASSERTION_DATA_BYTES = 37

FORMAT = "apple-appattest"

SPKI_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""SubjectPublicKeyInfo of an uncompressed P-256 point, up to and with the octet 04."""
SPKI_BYTES = 91
POINT_BYTES = 65
_POINT_OFFSET = SPKI_BYTES - POINT_BYTES
_COSE_X = bytes.fromhex("a5010203262001215820")
_COSE_Y = bytes.fromhex("225820")
_ASSERTION_DATA = Layout(">32sBI")


class Attestation(Struct, frozen=True, kw_only=True):
    """An attestation object."""

    certificates: tuple[bytes, ...]
    """DER, the credential certificate first."""
    receipt: bytes
    """CMS of the first receipt. Nothing in the attestation protects it: verify it by itself, as an
    App Attest receipt, before it is stored."""
    authenticator_data: bytes


class Assertion(Struct, frozen=True, kw_only=True):
    """An assertion object and the fields of its authenticator data."""

    signature: bytes
    authenticator_data: bytes
    app_id_hash: bytes
    flags: int
    counter: int


def read_attestation(data: bytes) -> Attestation:
    """Read the attestation object that ``attestKey`` returned.

    Raises:
        MalformedEvidence: ``app-attest/structure`` or a rule of CBOR.
    """
    if len(data) > MAX_ATTESTATION_BYTES:
        raise MalformedEvidence(attestation_rules.STRUCTURE, f"more than {MAX_ATTESTATION_BYTES}")
    item = cbor.decode_map(data)
    if cbor.member(item, "fmt", str) != FORMAT:
        raise MalformedEvidence(attestation_rules.STRUCTURE, "another format")
    statement = cbor.member(item, "attStmt", dict)
    certificates = cbor.member(statement, "x5c", list)
    if not 0 < len(certificates) <= MAX_CERTIFICATES or not all(
        type(certificate) is bytes for certificate in certificates
    ):
        raise MalformedEvidence(attestation_rules.STRUCTURE, "x5c")
    return Attestation(
        certificates=tuple(certificates),
        receipt=cbor.member(statement, "receipt", bytes),
        authenticator_data=cbor.member(item, "authData", bytes),
    )


def read_assertion(data: bytes) -> Assertion:
    """Read the assertion object that ``generateAssertion`` returned.

    Raises:
        MalformedEvidence: ``app-attest-assertion/structure`` or a rule of CBOR.
    """
    if len(data) > MAX_ASSERTION_BYTES:
        raise MalformedEvidence(assertion_rules.STRUCTURE, f"more than {MAX_ASSERTION_BYTES}")
    item = cbor.decode_map(data)
    authenticator_data = cbor.member(item, "authenticatorData", bytes)
    if len(authenticator_data) != ASSERTION_DATA_BYTES:
        raise MalformedEvidence(
            assertion_rules.STRUCTURE, f"authenticator data of {len(authenticator_data)} bytes"
        )
    app_id_hash, flags, counter = _ASSERTION_DATA.unpack(authenticator_data)
    return Assertion(
        signature=cbor.member(item, "signature", bytes),
        authenticator_data=authenticator_data,
        app_id_hash=app_id_hash,
        flags=flags,
        counter=counter,
    )


def point_of(spki: bytes) -> bytes | None:
    """The X9.62 uncompressed point of a P-256 SubjectPublicKeyInfo; None for any other key."""
    if len(spki) == SPKI_BYTES and spki.startswith(SPKI_PREFIX):
        return spki[_POINT_OFFSET:]
    return None


def spki_of(key: bytes) -> bytes:
    """SubjectPublicKeyInfo of a key given as such or as an X9.62 uncompressed point."""
    if len(key) == POINT_BYTES:
        return SPKI_PREFIX[:_POINT_OFFSET] + key
    return key


def identifier_of(point: bytes) -> bytes:
    """The key identifier: SHA-256 of the X9.62 uncompressed point."""
    return sha256(point).digest()


def cose_key_of(point: bytes) -> bytes:
    """The one encoding that WebAuthn L3 §5.8.5 allows for a P-256 point as COSE_Key for ES256."""
    return _COSE_X + point[1:33] + _COSE_Y + point[33:]
