"""Large hostile inputs: refused or read in time proportional to their size, and in well under 1 s.

Each input is measured at a quarter and at full size: four times as long is linear, sixteen square.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.timing import MAX_GROWTH, MAX_SECONDS, best_seconds
from warifu.base.codec import cbor, cmw, der, json, text
from warifu.base.pki.certificate import read_certificate
from warifu.base.pki.signature import load_public_key
from warifu.handset import der_writer as w

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

MEBIBYTE = 1 << 20
NEGLIGIBLE_SECONDS = 0.005


def fill(unit: bytes, size: int) -> bytes:
    return unit * (size // len(unit))


def cbor_map(size: int, key_bits: int) -> bytes:
    """A map of distinct integer keys whose low bits, which choose the slot, are all alike."""
    count = size // 10 - 1
    pairs = b"".join(
        b"\x1b" + ((number << key_bits) % 2**64).to_bytes(8, "big") + b"\x00"
        for number in range(count)
    )
    return b"\xba" + count.to_bytes(4, "big") + pairs


def cbor_array(size: int, item: bytes) -> bytes:
    count = size // len(item) - 5
    return b"\x9a" + count.to_bytes(4, "big") + item * count


def tlv_tower(size: int) -> bytes:
    """SEQUENCE in SEQUENCE, as deep as the size allows."""
    tower = b""
    while len(tower) < size:
        tower = w.sequence(tower)
    return tower


def elements(data: bytes) -> object:
    return der.children(data, 0, len(data))


def certificate_of(size: int, extensions: bytes) -> bytes:
    filler = w.context(3, w.sequence(extensions * (size // len(extensions))))
    return w.sequence(w.sequence(w.integer(1), filler), w.sequence(), w.bit_string(b""))


def json_lists(size: int) -> bytes:
    return b"[" + fill(b"[],", size - 4) + b"[]]"


ALLOWED_CBOR = cbor.MAX_BYTES - 64
CASES: list[tuple[str, Callable[[bytes], object], Callable[[int], bytes], int]] = [
    (
        "der: empty elements",
        elements,
        lambda n: fill(b"\x05\x00", n),
        0,
    ),
    ("der: tower", elements, tlv_tower, 1 << 14),
    (
        "der: high tags",
        elements,
        lambda n: fill(b"\xbf\x81\x01\0", n),
        0,
    ),
    ("der: integer", lambda d: der.to_integer(d, 0, len(d)), lambda n: fill(b"\x7f", n), 0),
    ("der: identifier", der.to_oid_text, lambda n: fill(b"\x81", n - 1) + b"\x01", 0),
    ("cbor: map of colliding keys", cbor.decode, lambda n: cbor_map(n, 44), ALLOWED_CBOR),
    ("cbor: map of equal low words", cbor.decode, lambda n: cbor_map(n, 17), ALLOWED_CBOR),
    ("cbor: map beyond the limit", cbor.decode, lambda n: cbor_map(n, 44), 0),
    ("cbor: array of empty maps", cbor.decode, lambda n: cbor_array(n, b"\xa0"), ALLOWED_CBOR),
    ("cbor: array of texts", cbor.decode, lambda n: cbor_array(n, b"\x61a"), ALLOWED_CBOR),
    ("cbor: nested arrays", cbor.decode, lambda n: fill(b"\x81", n), ALLOWED_CBOR),
    ("cbor: nested tags", cbor.decode, lambda n: fill(b"\xc6", n), ALLOWED_CBOR),
    ("json: deep", json.decode, lambda n: fill(b"[", n), 0),
    ("json: deep objects", json.decode, lambda n: fill(b'{"a":', n), 0),
    ("json: lists side by side", json.decode, json_lists, 0),
    ("json: one text", json.decode, lambda n: b'"' + fill(b"a", n) + b'"', 0),
    ("json: escapes", json.decode, lambda n: b'"' + fill(b"\\u00e9", n) + b'"', 0),
    ("json: backslashes", json.decode, lambda n: b'"' + fill(b"\\\\", n), 0),
    ("json: long integers", json.decode, lambda n: b"[" + fill(b"9" * 4300 + b",", n) + b"1]", 0),
    ("json: one integer", json.decode, lambda n: fill(b"9", n), 0),
    ("json: exponents", json.decode, lambda n: b"[" + fill(b"1e308,", n) + b"1]", 0),
    ("json: one name again and again", json.decode, lambda n: b"{" + fill(b'"a":1,', n) + b"}", 0),
    ("json: white space", json.decode, lambda n: fill(b" ", n), 0),
    ("text: base64", text.from_base64, lambda n: fill(b"AAAA", n), 0),
    ("text: base64 in short lines", text.from_base64, lambda n: fill(b"A ", n), 0),
    ("text: padding", text.from_base64url, lambda n: fill(b"=", n), 0),
    ("text: PEM begins", text.from_pem_certificates, lambda n: fill(text._PEM_BEGIN, n), 0),
    (
        "text: PEM ends",
        text.from_pem_certificates,
        lambda n: text._PEM_BEGIN + fill(b"-----END CERTIFICAT\n", n - 64),
        0,
    ),
    (
        "cmw: collection of records",
        cmw.read_cmw,
        lambda n: b'{"a":["a/b","' + fill(b"AAAA", n) + b'"]}',
        cmw.MAX_BYTES - 64,
    ),
    (
        "cmw: media type",
        cmw.read_cmw,
        lambda n: b'["a/b' + fill(b";a=b", n) + b'","AA"]',
        cmw.MAX_BYTES - 64,
    ),
    ("certificate: beyond the limit", read_certificate, lambda n: certificate_of(n, w.null()), 0),
    (
        "certificate: many extensions",
        read_certificate,
        lambda n: certificate_of(n, w.sequence(w.oid("1.2.3"), w.octet_string(b""))),
        60 << 10,
    ),
    ("public key: beyond the limit", load_public_key, lambda n: w.sequence(bytes(n)), 0),
]


@pytest.mark.parametrize(("_name", "read", "make", "limit"), CASES, ids=[case[0] for case in CASES])
def test_hostile_input_takes_time_proportional_to_its_size(
    _name: str, read: Callable[[bytes], object], make: Callable[[int], bytes], limit: int
) -> None:
    size = limit or MEBIBYTE
    quarter, full = best_seconds(read, make(size // 4)), best_seconds(read, make(size))
    assert full < MAX_SECONDS
    assert full <= MAX_GROWTH * max(quarter, NEGLIGIBLE_SECONDS)
