"""Writing DER (X.690), also the wrong way when a test of a verifier needs that."""

from __future__ import annotations

from datetime import UTC, datetime

from warifu.base.codec.der import from_oid_text

_HIGH_TAG = 0x1F


def tlv(tag: int | bytes, content: bytes) -> bytes:
    """One element. `tag` is the identifier octet, or all identifier octets as bytes."""
    identifier = bytes([tag]) if isinstance(tag, int) else tag
    length = len(content)
    if length < 0x80:
        return identifier + bytes([length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return identifier + bytes([0x80 | len(octets)]) + octets + content


def context(number: int, content: bytes, *, constructed: bool = True) -> bytes:
    """A context-specific element with a low or high tag number."""
    first = 0xA0 if constructed else 0x80
    if number < _HIGH_TAG:
        return tlv(first | number, content)
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return tlv(bytes([first | _HIGH_TAG, *reversed(groups)]), content)


def sequence(*items: bytes) -> bytes:
    """SEQUENCE of the given elements."""
    return tlv(0x30, b"".join(items))


def set_of(*items: bytes, ordered: bool = True) -> bytes:
    """SET OF the given elements, in DER order unless told otherwise."""
    return tlv(0x31, b"".join(sorted(items) if ordered else items))


def integer(value: int) -> bytes:
    """INTEGER."""
    return tlv(0x02, _signed(value))


def enumerated(value: int) -> bytes:
    """ENUMERATED."""
    return tlv(0x0A, _signed(value))


def octet_string(content: bytes) -> bytes:
    """OCTET STRING."""
    return tlv(0x04, content)


def bit_string(content: bytes, *, unused: int = 0) -> bytes:
    """BIT STRING."""
    return tlv(0x03, bytes([unused]) + content)


def boolean(value: bool, *, true: int = 0xFF) -> bytes:  # noqa: FBT001 - the value itself
    """BOOLEAN; `true` is the octet that stands for TRUE."""
    return tlv(0x01, bytes([true if value else 0x00]))


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER."""
    return tlv(0x06, from_oid_text(dotted))


def null() -> bytes:
    """NULL."""
    return tlv(0x05, b"")


def utf8(text: str) -> bytes:
    """UTF8String."""
    return tlv(0x0C, text.encode())


def printable(text: str) -> bytes:
    """PrintableString."""
    return tlv(0x13, text.encode("ascii"))


def ia5(text: str) -> bytes:
    """IA5String."""
    return tlv(0x16, text.encode("ascii"))


def utc_time(moment: datetime) -> bytes:
    """UTCTime in UTC, to the second."""
    return tlv(0x17, moment.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode())


def generalized_time(moment: datetime) -> bytes:
    """GeneralizedTime in UTC, to the second."""
    return tlv(0x18, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


def time(moment: datetime) -> bytes:
    """UTCTime before 2050, GeneralizedTime from then on (RFC 5280 §4.1.2.5)."""
    return utc_time(moment) if 1950 <= moment.year < 2050 else generalized_time(moment)


def _signed(value: int) -> bytes:
    magnitude = value if value >= 0 else ~value
    return value.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True)
