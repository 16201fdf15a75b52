"""The payload of a SafetyNet response, as Google's documents listed its fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from warifu.attestation.evidence.rules import safetynet as rules
from warifu.base.codec import json, text
from warifu.base.errors import MalformedEvidence

MAX_PAYLOAD_BYTES = 64 << 10
MAX_SIGNERS = 32
LAST_MILLIS = 99_999_999_999_999
_DIGEST_BYTES = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SafetyNetPayload(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was signed (JWS payload)."""

    nonce: str
    timestamp_ms: int
    apk_package_name: str | None = None
    apk_digest_sha256: str | None = msgspec.field(default=None, name="apkDigestSha256")
    apk_certificate_digest_sha256: tuple[str, ...] = msgspec.field(
        default=(), name="apkCertificateDigestSha256"
    )
    cts_profile_match: bool | None = None
    basic_integrity: bool | None = None
    evaluation_type: str | None = None
    advice: str | None = None
    error: str | None = None

    @property
    def nonce_bytes(self) -> bytes:
        """The nonce, which is standard base64.

        Raises:
            MalformedEvidence: It is not.
        """
        return text.from_base64(self.nonce)

    @property
    def made_at(self) -> datetime:
        """When Google's server says that it made the response.

        Raises:
            MalformedEvidence: No such time.
        """
        if not 0 <= self.timestamp_ms <= LAST_MILLIS:
            raise MalformedEvidence(rules.PAYLOAD, "timestampMs is no time")
        return _EPOCH + timedelta(milliseconds=self.timestamp_ms)

    @property
    def signers(self) -> tuple[bytes, ...]:
        """SHA-256 of the app's signing certificates.

        Raises:
            MalformedEvidence: Not base64 of 32 bytes, or more than `MAX_SIGNERS`.
        """
        if len(self.apk_certificate_digest_sha256) > MAX_SIGNERS:
            raise MalformedEvidence(rules.PAYLOAD, f"more than {MAX_SIGNERS} signers")
        return tuple(map(_digest, self.apk_certificate_digest_sha256))

    @property
    def apk_digest(self) -> bytes | None:
        """SHA-256 of the app's file; None where the response leaves it out or empty.

        Raises:
            MalformedEvidence: Not base64 of 32 bytes.
        """
        return _digest(self.apk_digest_sha256) if self.apk_digest_sha256 else None


def read_payload(data: bytes) -> tuple[SafetyNetPayload, dict[str, Any]]:
    """Read the JSON of a response.

    Returns:
        The listed fields, and what is not listed: name to value.

    Raises:
        MalformedEvidence: Not JSON, or ``safetynet/payload`` for a field missing or of another
            type.
    """
    received = json.decode_object(data, max_bytes=MAX_PAYLOAD_BYTES)
    try:
        payload = msgspec.convert(received, SafetyNetPayload)
    except (msgspec.ValidationError, RecursionError) as error:
        raise MalformedEvidence(rules.PAYLOAD, str(error)[:200]) from error
    return payload, {name: value for name, value in received.items() if name not in _LISTED}


def words(listed: str | None) -> tuple[str, ...]:
    """A comma-separated field as its parts."""
    return tuple(part.strip() for part in listed.split(",")) if listed else ()


def _digest(encoded: str) -> bytes:
    digest = text.from_base64(encoded)
    if len(digest) != _DIGEST_BYTES:
        raise MalformedEvidence(rules.PAYLOAD, f"digest of {len(digest)} bytes")
    return digest


_LISTED = frozenset(SafetyNetPayload.__struct_encode_fields__)
