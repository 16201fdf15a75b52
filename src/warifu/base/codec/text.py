"""Base64, base64url and PEM as received: strict alphabets, no bits left over."""

from __future__ import annotations

import base64
import binascii

from warifu.base.errors import MalformedEvidence
from warifu.base.rule import Rule, Text

MAX_PEM_BYTES = 1 << 20
MAX_PEM_BLOCKS = 32

WELL_FORMED = Rule(
    code="text/well-formed",
    clause="RFC 4648 §3.3, §3.5; RFC 7468 §3",
    requires=Text(
        ja="テキスト化されたデータはbase64またはPEMとして正しくなければなりません。",
        en="Text-armoured data is valid base64, base64url or PEM.",
    ),
    stops="two texts for one value, and hidden bytes",
)


def from_base64url(text: str | bytes) -> bytes:
    """Decode base64url; padding may be there or be left out (RFC 7515 §2).

    Raises:
        MalformedEvidence: Characters outside the alphabet, impossible length, or stray bits.
    """
    raw = text.encode("ascii", "replace") if isinstance(text, str) else text
    return _decode(_without_padding(raw).translate(_URL_TO_STANDARD))


def from_base64(text: str | bytes) -> bytes:
    """Decode standard base64; white space is skipped, padding may be left out.

    Raises:
        MalformedEvidence: Characters outside the alphabet, impossible length, or stray bits.
    """
    raw = text.encode("ascii", "replace") if isinstance(text, str) else text
    return _decode(_without_padding(raw.translate(None, _WHITE_SPACE)))


def to_base64url(data: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def to_base64(data: bytes) -> str:
    """Encode as standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def from_pem_certificates(data: bytes) -> list[bytes]:
    """The DER of every CERTIFICATE block, in order; text around the blocks is skipped.

    Raises:
        MalformedEvidence: Too large, no block, more than `MAX_PEM_BLOCKS`, or a damaged block.
    """
    if len(data) > MAX_PEM_BYTES:
        raise MalformedEvidence(WELL_FORMED, f"more than {MAX_PEM_BYTES} bytes")
    pieces = data.split(_PEM_BEGIN)[1:]
    if not pieces or len(pieces) > MAX_PEM_BLOCKS:
        raise MalformedEvidence(WELL_FORMED, f"{len(pieces)} PEM blocks")
    blocks: list[bytes] = []
    for piece in pieces:
        body, found, _ = piece.partition(_PEM_END)
        if not found:
            raise MalformedEvidence(WELL_FORMED, "PEM block without end")
        blocks.append(from_base64(body))
    return blocks


def _without_padding(raw: bytes) -> bytes:
    """At most two padding characters are taken off; what remains falls to the alphabet."""
    if len(raw) % 4 or not raw.endswith(b"="):
        return raw
    return raw[:-2] if raw.endswith(b"==") else raw[:-1]


def _decode(raw: bytes) -> bytes:
    """Strict mode refuses every octet outside the standard alphabet; padding is gone by now."""
    if b"=" in raw:
        raise MalformedEvidence(WELL_FORMED, "stray padding in base64")
    try:
        decoded = binascii.a2b_base64(raw + b"=" * (-len(raw) % 4), strict_mode=bool(raw))
    except binascii.Error as error:
        raise MalformedEvidence(WELL_FORMED, str(error)) from error
    # Unused bits of the last character must be zero, or one value would have several texts.
    tail = len(raw) % 4
    if tail and binascii.b2a_base64(decoded[1 - tail :])[:tail] != raw[-tail:]:
        raise MalformedEvidence(WELL_FORMED, "stray bits in base64")
    return decoded


_WHITE_SPACE = b" \t\n\r\v\f"
_URL_TO_STANDARD = bytes.maketrans(b"-_+/", b"+/!!")
"""The two octets that only the standard alphabet has become one that neither has."""
_PEM_BEGIN = b"-----BEGIN CERTIFICATE-----"
_PEM_END = b"-----END CERTIFICATE-----"
