"""Base64, base64url and PEM as received: strict alphabets, no bits left over."""

from __future__ import annotations

import base64
import re

import msgspec

from warifu.base.errors import MalformedEvidence
from warifu.base.rule import Rule, Text

MAX_PEM_BYTES = 1 << 20
MAX_PEM_BLOCKS = 32
MASK = "***"
"""Stands where something is not shown."""

WELL_FORMED = Rule(
    code="text/well-formed",
    clause="RFC 4648 §3.3, §3.5; RFC 7468 §3",
    requires=Text(
        ja="テキスト形式のデータは、正しいbase64またはPEMでなければなりません。",
        en="Text-armoured data is valid base64, base64url or PEM.",
    ),
    stops="two texts for one value, and hidden bytes",
)


def from_base64url(text: str | bytes) -> bytes:
    """Decode base64url; padding may be there or be left out (RFC 7515 §2).

    Raises:
        MalformedEvidence: Characters outside the alphabet, impossible length, or stray bits.
    """
    received = text if isinstance(text, str) else text.decode("latin-1")
    if "+" in received or "/" in received:
        raise MalformedEvidence(WELL_FORMED, "standard alphabet in base64url")
    return _decode(received.replace("-", "+").replace("_", "/"))


def from_base64(text: str | bytes) -> bytes:
    """Decode standard base64; white space is skipped, padding may be left out.

    Raises:
        MalformedEvidence: Characters outside the alphabet, impossible length, or stray bits.
    """
    raw = text.encode("ascii", "replace") if isinstance(text, str) else text
    return _decode(raw.translate(None, _WHITE_SPACE).decode("latin-1"))


def to_base64url(data: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def to_base64(data: bytes) -> str:
    """Encode as standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def without_numbers(text: str) -> str:
    """A text in which nothing as long as a serial number or an IMEI is left to read.

    Runs of nine and more hexadecimal digits are masked. Dates, versions and counts are shorter.
    """
    return _LONG_NUMBER.sub(MASK, text)


def from_pem_certificates(data: bytes) -> list[bytes]:
    """The DER of every CERTIFICATE block, in order; text around the blocks is skipped.

    Raises:
        MalformedEvidence: Too large, no block, more than `MAX_PEM_BLOCKS`, or a damaged block.
    """
    return [from_base64(body) for body in split_pem_certificates(data)]


def split_pem_certificates(data: bytes) -> list[bytes]:
    """The base64 of every CERTIFICATE block, in order, not decoded.

    Raises:
        MalformedEvidence: As `from_pem_certificates`, but for a damaged block.
    """
    if len(data) > MAX_PEM_BYTES:
        raise MalformedEvidence(WELL_FORMED, f"more than {MAX_PEM_BYTES} bytes")
    pieces = data.split(_PEM_BEGIN)[1:]
    if not pieces or len(pieces) > MAX_PEM_BLOCKS:
        raise MalformedEvidence(WELL_FORMED, f"{len(pieces)} PEM blocks")
    bodies: list[bytes] = []
    for piece in pieces:
        body, found, _ = piece.partition(_PEM_END)
        if not found:
            raise MalformedEvidence(WELL_FORMED, "PEM block without end")
        bodies.append(body)
    return bodies


def _decode(received: str) -> bytes:
    """Standard alphabet, padded or not; `msgspec` refuses every character outside the alphabet."""
    if received.endswith("=") and len(received) % 4 == 0:
        received = received[:-2] if received.endswith("==") else received[:-1]
    tail = len(received) % 4
    # Unused bits of the last character must be zero, or one value would have several texts.
    if "=" in received or (tail and received[-1] not in _LAST_CHARACTERS[tail]):
        raise MalformedEvidence(WELL_FORMED, "stray padding or bits in base64")
    try:
        return msgspec.convert(received + _PADDING[tail], bytes)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise MalformedEvidence(WELL_FORMED, type(error).__name__) from error


_LONG_NUMBER = re.compile(r"[0-9A-Fa-f]{9,}")
_WHITE_SPACE = b" \t\n\r\v\f"
_LAST_CHARACTERS = ("", "", "AQgw", "AEIMQUYcgkosw048")
"""By number of characters beyond whole groups of four; a single one is never enough."""
_PADDING = ("", "===", "==", "=")
_PEM_BEGIN = b"-----BEGIN CERTIFICATE-----"
_PEM_END = b"-----END CERTIFICATE-----"
