"""Every certificate that lies anywhere in the recorded evidence, found by its bytes.

Files are searched as they are; text that looks like hex or base64 is decoded and searched again.
What begins like a certificate is taken as one when `asn1crypto`, a reader that is independent of
ours, finds a whole certificate there.
"""

from __future__ import annotations

import base64
import binascii
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from asn1crypto import parser, x509

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILE_BYTES = 4 << 20
MAX_NESTING = 3

_START = re.compile(rb"\x30\x82(?s:..)\x30(?:\x82(?s:..)|\x81.)\xa0\x03\x02\x01[\x00-\x02]\x02")
_HEX = re.compile(rb"[0-9A-Fa-f]{400,}")
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/_-]{40,}(?:\\n|\s)*)+[A-Za-z0-9+/_-]*={0,2}")


@cache
def certificates(folder: Path) -> dict[bytes, str]:
    """DER of each different certificate under a folder, and the first file that holds it."""
    found: dict[bytes, str] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size <= MAX_FILE_BYTES:
            for der in _search(path.read_bytes(), MAX_NESTING):
                found.setdefault(der, str(path.relative_to(folder)))
    return found


def _search(data: bytes, nesting: int) -> Iterator[bytes]:
    for match in _START.finditer(data):
        at = match.start()
        der = data[at : at + 4 + int.from_bytes(data[at + 2 : at + 4], "big")]
        if _is_certificate(der):
            yield der
    if nesting:
        for text in _decoded(data):
            yield from _search(text, nesting - 1)


def _decoded(data: bytes) -> Iterator[bytes]:
    for match in _HEX.finditer(data):
        text = match.group()
        yield binascii.unhexlify(text[: len(text) // 2 * 2])
    for match in _BASE64.finditer(data):
        text = re.sub(rb"\\n|\s", b"", match.group()).translate(_URL_TO_STANDARD).rstrip(b"=")
        yield base64.b64decode(text[: len(text) // 4 * 4] + _tail(text[len(text) // 4 * 4 :]))


def _tail(rest: bytes) -> bytes:
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""


def _is_certificate(der: bytes) -> bool:
    try:
        parser.parse(der, strict=True)
        return len(x509.Certificate.load(der, strict=True)["tbs_certificate"]) >= len("sigalg")
    except (ValueError, TypeError):
        return False


_URL_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
