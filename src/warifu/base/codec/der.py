"""Reading DER (X.690) by position, without building a tree.

Strict where security rests on it: definite minimal lengths, minimal tags, nothing past the end.
Positions are kept, so that signed bytes are the received bytes and never a re-encoding. Depth is
bounded by construction: a caller descends only where its grammar says so.

A tag is an int: the identifier octet for low tag numbers (``0x30`` is SEQUENCE), and
``first octet << 24 | number`` for the high-tag-number form.
"""

from __future__ import annotations

from datetime import datetime

from warifu.base.errors import MalformedEvidence
from warifu.base.rule import Leniency, Rule, Text

MAX_LENGTH_OCTETS = 4
MAX_TAG_OCTETS = 3
MAX_CHILDREN = 4096
MAX_INTEGER_OCTETS = 1024
MAX_OID_OCTETS = 64

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OID = 0x06
ENUMERATED = 0x0A
UTF8_STRING = 0x0C
PRINTABLE_STRING = 0x13
IA5_STRING = 0x16
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31

CONTEXT_CONSTRUCTED = 0xA0
CONTEXT_PRIMITIVE = 0x80
_HIGH_TAG = 0x1F

WELL_FORMED = Rule(
    code="der/well-formed",
    clause="X.690 §8.1, §10.1",
    requires=Text(
        ja="データは、DER形式で正しく符号化されていなければなりません。",
        en="The data is well-formed DER: definite minimal lengths, minimal tags, no excess bytes.",
    ),
    stops="parser differentials and truncated tags",
)
EXPECTED_TYPE = Rule(
    code="der/expected-type",
    clause="X.680",
    requires=Text(
        ja="DERデータの各項目は、定められた型でなければなりません。",
        en="Each element has the type its grammar demands.",
    ),
    stops="type confusion",
)

TRUE_NOT_FF = Leniency(
    name="der/true-not-ff",
    departs_from="X.690 §11.1: TRUE is encoded as FF",
    seen_on="Android Keymaster 4 root of trust, deviceLocked encoded as 01",
)


def high_tag(number: int, *, first_octet: int = 0xBF) -> int:
    """The int by which a context-specific tag is known here, low or high form.

    Args:
        number: The tag number.
        first_octet: Identifier octet in high-tag form; 0xBF is context-specific, constructed.
    """
    if number < _HIGH_TAG:
        return (first_octet & 0xE0) | number
    return first_octet << 24 | number


def read_header(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Read one tag and length.

    Args:
        data: The whole input.
        at: Where the element starts.
        end: Where its container ends.

    Returns:
        Tag, first content octet, octet after the content.

    Raises:
        MalformedEvidence: Anything but a definite, minimal, complete header.
    """
    if at + 2 > end:
        raise MalformedEvidence(WELL_FORMED, f"truncated at {at}")
    tag = data[at]
    at += 1
    if tag & _HIGH_TAG == _HIGH_TAG:
        tag, at = _read_high_tag(data, tag, at, end)
    length = data[at]
    at += 1
    if length == 0x82 and at + 2 <= end and data[at]:
        # Two octets, the first of them not zero: minimal, and what certificates mostly have.
        length = data[at] << 8 | data[at + 1]
        at += 2
    elif length > 0x7F:
        length, at = _read_long_length(data, length, at, end)
    stop = at + length
    if stop > end:
        raise MalformedEvidence(WELL_FORMED, f"content passes its container's end at {at}")
    return tag, at, stop


def read_expected(data: bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    """Read one header that must bear `tag`; return content start and stop.

    Raises:
        MalformedEvidence: Not well formed, or another type.
    """
    if at + 2 <= end and data[at] == tag and data[at + 1] < 0x80:
        # Nearly every element: a low tag and a short length, read without another call.
        start = at + 2
        stop = start + data[at + 1]
        if stop <= end:
            return start, stop
    found, start, stop = read_header(data, at, end)
    if found != tag:
        raise MalformedEvidence(EXPECTED_TYPE, f"tag {tag:#x} wanted, {found:#x} found at {at}")
    return start, stop


def read_whole(data: bytes, tag: int) -> tuple[int, int]:
    """Read the one element that must fill all of `data`; return content start and stop.

    Raises:
        MalformedEvidence: Not well formed, another type, or bytes left over.
    """
    end = len(data)
    start, stop = read_expected(data, 0, end, tag)
    if stop != end:
        raise MalformedEvidence(WELL_FORMED, f"{end - stop} bytes left over")
    return start, stop


def children(data: bytes, start: int, stop: int) -> list[tuple[int, int, int]]:
    """The headers of all elements between two positions, in order.

    Raises:
        MalformedEvidence: Not well formed, or more than `MAX_CHILDREN` elements.
    """
    found: list[tuple[int, int, int]] = []
    at = start
    while at < stop:
        header = read_header(data, at, stop)
        found.append(header)
        at = header[2]
        if len(found) > MAX_CHILDREN:
            raise MalformedEvidence(WELL_FORMED, f"more than {MAX_CHILDREN} elements")
    return found


def to_integer(data: bytes, start: int, stop: int) -> int:
    """Content octets of an INTEGER or ENUMERATED as an int (X.690 §8.3).

    Raises:
        MalformedEvidence: Empty, not minimal, or longer than `MAX_INTEGER_OCTETS`.
    """
    length = stop - start
    if length == 1:
        octet = data[start]
        return octet if octet < 0x80 else octet - 0x100
    if length == 0 or length > MAX_INTEGER_OCTETS:
        raise MalformedEvidence(WELL_FORMED, f"integer of {length} octets at {start}")
    first, second = data[start], data[start + 1]
    if (first == 0x00 and second < 0x80) or (first == 0xFF and second >= 0x80):
        raise MalformedEvidence(WELL_FORMED, f"integer not minimal at {start}")
    return int.from_bytes(data[start:stop], "big", signed=True)


def to_boolean(data: bytes, start: int, stop: int) -> tuple[bool, Leniency | None]:
    """Content octet of a BOOLEAN, and the leniency used when TRUE is not FF.

    Raises:
        MalformedEvidence: Not one octet.
    """
    if stop - start != 1:
        raise MalformedEvidence(WELL_FORMED, f"boolean of {stop - start} octets at {start}")
    octet = data[start]
    return octet != 0, None if octet in {0x00, 0xFF} else TRUE_NOT_FF


def to_oid_text(content: bytes) -> str:
    """Content octets of an OBJECT IDENTIFIER in dotted form (X.690 §8.19).

    Raises:
        MalformedEvidence: Empty, too long, not minimal, or cut short.
    """
    if not content or len(content) > MAX_OID_OCTETS or content[-1] & 0x80:
        raise MalformedEvidence(WELL_FORMED, "object identifier is empty, too long or cut short")
    arcs: list[int] = []
    value = 0
    fresh = True
    for octet in content:
        if fresh and octet == 0x80:
            raise MalformedEvidence(WELL_FORMED, "object identifier arc is not minimal")
        value = value << 7 | octet & 0x7F
        fresh = not octet & 0x80
        if fresh:
            arcs.append(value)
            value = 0
    root = min(arcs[0] // 40, 2)
    return ".".join(map(str, [root, arcs[0] - 40 * root, *arcs[1:]]))


def from_oid_text(dotted: str) -> bytes:
    """Content octets of an OBJECT IDENTIFIER; for constants of this code, not for received text."""
    first, second, *rest = map(int, dotted.split("."))
    content = bytearray()
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return bytes(content)


def to_time(data: bytes, tag: int, start: int, stop: int) -> datetime:
    """UTCTime or GeneralizedTime as an aware UTC datetime (RFC 5280 §4.1.2.5).

    Raises:
        MalformedEvidence: Another type, not ``…SSZ``, or no such moment.
    """
    text = data[start:stop]
    if tag == UTC_TIME and len(text) == 13:
        century = b"19" if text[:2] >= b"50" else b"20"
        text = century + text
    elif tag != GENERALIZED_TIME or len(text) != 15:
        raise MalformedEvidence(EXPECTED_TYPE, f"time at {start}")
    # Some versions of Python read hour 24 as the next midnight.
    if text[14] != 0x5A or not text[:14].isdigit() or text[8:10] > b"23":
        raise MalformedEvidence(WELL_FORMED, f"time at {start}")
    try:
        return datetime.fromisoformat(f"{text[:8].decode()}T{text[8:].decode()}")
    except ValueError as error:
        raise MalformedEvidence(WELL_FORMED, f"no such time at {start}") from error


def to_bit_string(data: bytes, start: int, stop: int) -> bytes:
    """Octets of a BIT STRING that must be a whole number of octets.

    Raises:
        MalformedEvidence: Empty, or with unused bits.
    """
    if start == stop or data[start] != 0:
        raise MalformedEvidence(WELL_FORMED, f"bit string with unused bits at {start}")
    return data[start + 1 : stop]


def to_named_bits(data: bytes, start: int, stop: int) -> bytes:
    """Octets of a BIT STRING whose bits are named flags; the first bit is the highest (X.690 §8.6).

    Raises:
        MalformedEvidence: Empty, or with unused bits that do not exist or are set.
    """
    if start == stop:
        raise MalformedEvidence(WELL_FORMED, f"empty bit string at {start}")
    unused, octets = data[start], data[start + 1 : stop]
    if unused > 7 or (unused and not octets):
        raise MalformedEvidence(WELL_FORMED, f"{unused} unused bits at {start}")
    if unused and octets[-1] & ((1 << unused) - 1):
        raise MalformedEvidence(WELL_FORMED, f"unused bits are set at {start}")
    return octets


def to_text(content: bytes) -> str:
    """UTF-8 text of a string type.

    Raises:
        MalformedEvidence: Not UTF-8.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedEvidence(WELL_FORMED, "text is not UTF-8") from error


def _read_high_tag(data: bytes, first: int, at: int, end: int) -> tuple[int, int]:
    """The high-tag-number form; a truncated or padded number would let one tag pose as another."""
    number = 0
    for position in range(at, min(at + MAX_TAG_OCTETS, end - 1)):
        octet = data[position]
        number = number << 7 | octet & 0x7F
        if number == 0:
            raise MalformedEvidence(WELL_FORMED, f"tag number not minimal at {at}")
        if octet < 0x80:
            if number < _HIGH_TAG:
                raise MalformedEvidence(WELL_FORMED, f"low tag in high form at {at}")
            return first << 24 | number, position + 1
    raise MalformedEvidence(WELL_FORMED, f"tag number cut short or too long at {at}")


def _read_long_length(data: bytes, first: int, at: int, end: int) -> tuple[int, int]:
    octets = first & 0x7F
    if octets == 0 or octets > MAX_LENGTH_OCTETS or at + octets > end:
        raise MalformedEvidence(WELL_FORMED, f"length indefinite, too long or cut short at {at}")
    length = int.from_bytes(data[at : at + octets], "big")
    if length < 0x80 or length >> 8 * (octets - 1) == 0:
        raise MalformedEvidence(WELL_FORMED, f"length not minimal at {at}")
    return length, at + octets
