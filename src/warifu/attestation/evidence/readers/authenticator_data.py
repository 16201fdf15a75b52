"""Authenticator data (WebAuthn L3 §6.1): bytes to typed values, trusting nothing."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Any

from msgspec import Struct

from warifu.attestation.evidence.readers.plain import require_plain
from warifu.base.codec import cbor
from warifu.base.errors import MalformedEvidence
from warifu.base.pki.cose import CANONICAL_ES256_OCTETS, is_canonical_es256
from warifu.base.rule import Rule, Text

MAX_CREDENTIAL_ID_BYTES = 1023
MIN_BYTES = 37

USER_PRESENT = 0x01
USER_VERIFIED = 0x04
BACKUP_ELIGIBLE = 0x08
BACKED_UP = 0x10
ATTESTED = 0x40
EXTENDED = 0x80

WELL_FORMED = Rule(
    code="webauthn/authenticator-data",
    clause="WebAuthn L3 §6.1, §6.5.1",
    requires=Text(
        ja="認証器データは、フラグが示す項目を過不足なく含んでいなければなりません。",
        en="Authenticator data has exactly the parts that its flags announce.",
    ),
    stops="hidden bytes and parser differentials",
)


class AttestedCredential(Struct, frozen=True, kw_only=True):
    """Attested credential data: the new credential, as the authenticator describes it."""

    aaguid: bytes
    """16 octets; all zero where the authenticator does not tell its model."""
    credential_id: bytes
    public_key: bytes
    """COSE_Key as received: a CBOR map, not yet read as a key."""


class AuthenticatorData(Struct, frozen=True, kw_only=True):
    """What an authenticator signs about itself, the relying party and the user."""

    raw: bytes
    rp_id_hash: bytes
    flags: int
    counter: int
    credential: AttestedCredential | None
    extensions: dict[Any, Any] | None
    """Authenticator extension outputs, known or not; None where flag ED is not set."""


def read_authenticator_data(raw: bytes) -> AuthenticatorData:
    """Read authenticator data that must fill `raw`.

    Raises:
        MalformedEvidence: ``webauthn/authenticator-data`` or a rule of CBOR.
    """
    if len(raw) < MIN_BYTES:
        raise MalformedEvidence(WELL_FORMED, f"{len(raw)} bytes")
    rp_id_hash, flags, counter = _FIXED.unpack_from(raw)
    at = MIN_BYTES
    credential = None
    if flags & ATTESTED:
        credential, at = _read_credential(raw, at)
    extensions = None
    if flags & EXTENDED:
        extensions, at = _read_map(raw, at)
        require_plain(extensions, WELL_FORMED)
    if at != len(raw):
        raise MalformedEvidence(WELL_FORMED, f"{len(raw) - at} bytes left over")
    return AuthenticatorData(
        raw=raw,
        rp_id_hash=rp_id_hash,
        flags=flags,
        counter=counter,
        credential=credential,
        extensions=extensions,
    )


def _read_credential(raw: bytes, at: int) -> tuple[AttestedCredential, int]:
    id_at = at + 18
    if id_at > len(raw):
        raise MalformedEvidence(WELL_FORMED, "attested credential data cut short")
    key_at = id_at + int.from_bytes(raw[at + 16 : id_at], "big")
    if key_at > len(raw):
        raise MalformedEvidence(WELL_FORMED, "credential id cut short")
    if is_canonical_es256(raw, key_at):
        end = key_at + CANONICAL_ES256_OCTETS
    else:
        _, end = _read_map(raw, key_at)
    return AttestedCredential(
        aaguid=raw[at : at + 16],
        credential_id=raw[id_at:key_at],
        public_key=raw[key_at:end],
    ), end


def _read_map(raw: bytes, at: int) -> tuple[dict[Any, Any], int]:
    value, consumed = cbor.decode_prefix(raw[at:])
    if type(value) is not dict:
        raise MalformedEvidence(WELL_FORMED, "not a CBOR map")
    return value, at + consumed


_FIXED = Layout(">32sBI")
