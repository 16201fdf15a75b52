"""Reading conceptual message wrappers (RFC 9999): evidence together with its media type.

Records as JSON or CBOR arrays, CBOR tags derived from CoAP Content-Formats, and collections of
these. A wrapper is an envelope and protects nothing: what it says about its content is only used to
choose a reader, which then trusts nothing either.
"""

from __future__ import annotations

import re
from enum import IntFlag
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from warifu.base.codec import cbor, json
from warifu.base.codec.text import from_base64url
from warifu.base.errors import MalformedEvidence
from warifu.base.rule import Rule, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_BYTES = cbor.MAX_BYTES
MAX_DEPTH = 8
MAX_RECORDS = 256
MAX_MEDIA_TYPE_CHARACTERS = 1024
MAX_LABEL_CHARACTERS = 256

WELL_FORMED = Rule(
    code="cmw/well-formed",
    clause="RFC 9999 §3",
    requires=Text(
        ja="データは、CMW（RFC 9999）の構造に従っていなければなりません。",
        en="The data is a conceptual message wrapper: a record, a tag or a collection of these.",
    ),
    stops="type confusion and resource exhaustion",
)
MEDIA_TYPE = Rule(
    code="cmw/media-type",
    clause="RFC 9999 §3.1; RFC 9193 §2",
    requires=Text(
        ja="CMWの各レコードの内容の種類は、正しいメディアタイプで示されていなければなりません。",
        en="Each record names its content by a valid media type.",
    ),
    stops="a name that two readers take for two types",
)
CONTENT_FORMAT = Rule(
    code="cmw/content-format",
    clause="RFC 9999 §3.1, §3.2; RFC 7252 §12.3",
    requires=Text(
        ja="CMWの内容の種類を示す番号は、登録済みのものでなければなりません。",
        en="A content format given by number is a known one.",
    ),
    stops="guessing what the content is",
)
INDICATOR = Rule(
    code="cmw/indicator",
    clause="RFC 9999 §3.1, §3.1.1",
    requires=Text(
        ja="CMWの用途表示（indicator）は、定められた値でなければなりません。",
        en="The indicator, if present, has at least one bit set and registered bits only.",
    ),
    stops="an endorsement that poses as evidence",
)

CONTENT_FORMATS: Mapping[int, str] = MappingProxyType(
    {
        42: "application/octet-stream",
        50: "application/json",
        60: "application/cbor",
        61: "application/cwt",
        263: "application/eat+cwt",
        264: "application/eat+jwt",
        265: "application/eat-bun+cbor",
        266: "application/eat-bun+json",
        267: "application/eat-ucs+cbor",
        268: "application/eat-ucs+json",
        273: "application/cmw+cbor",
        274: "application/cmw+cose",
        275: "application/cmw+json",
        276: "application/cmw+jws",
    }
)
"""CoAP Content-Formats that may hold evidence (RFC 9782 §6.3, RFC 9999 §10)."""


class Indicator(IntFlag):
    """Which conceptual messages a record says that it holds (RFC 9999 §3.1.1)."""

    REFERENCE_VALUES = 1
    ENDORSEMENTS = 2
    EVIDENCE = 4
    ATTESTATION_RESULTS = 8
    APPRAISAL_POLICY = 16


class Wrapped(Struct, frozen=True, kw_only=True):
    """One message as wrapped: its media type as received, its bytes, and what it says it is."""

    media_type: str
    """With its parameters, as received or as registered for a number."""
    value: bytes
    indicator: Indicator | None = None
    """None where the record does not tell."""

    @property
    def bare_media_type(self) -> str:
        """The media type in lower case, without parameters: for choosing a reader."""
        return self.media_type.partition(";")[0].rstrip(" ").lower()


class Collection(Struct, frozen=True, kw_only=True):
    """Several wrappers, each under its label."""

    kind: str | None
    """The URI or object identifier under ``__cmwc_t``."""
    items: dict[str | int, Wrapped | Collection]


Wrapper: TypeAlias = Wrapped | Collection


def read_cmw(
    data: bytes, *, content_formats: Mapping[int, str] = CONTENT_FORMATS
) -> Wrapped | Collection:
    """Read one wrapper in any of its forms, told apart by the first byte (RFC 9999 §3.4).

    Args:
        data: The wrapper, UTF-8 JSON or CBOR, and nothing after it.
        content_formats: Media types by CoAP Content-Format number.

    Raises:
        MalformedEvidence: Not a wrapper, or beyond a limit.
    """
    if len(data) > MAX_BYTES:
        raise MalformedEvidence(WELL_FORMED, f"more than {MAX_BYTES} bytes")
    if data.lstrip(_JSON_SPACE)[:1] in {b"[", b"{"}:
        return _Reader(_read_json_record, {}, (str,)).read(json.decode(data), 0)
    return _Reader(_read_cbor_record, content_formats, (str, int)).read(
        cbor.decode_tagged(data, TAGS), 0
    )


def decode_record(data: bytes) -> Wrapped:
    """Read one wrapper that must hold a single message.

    Raises:
        MalformedEvidence: Not a wrapper, a collection of several, or beyond a limit.
    """
    wrapper = read_cmw(data)
    if isinstance(wrapper, Collection):
        raise MalformedEvidence(WELL_FORMED, "a collection where one message is wanted")
    return wrapper


def tag_of(content_format: int) -> int:
    """The CBOR tag that stands for a CoAP Content-Format (RFC 9277, appendix B)."""
    high, low = divmod(content_format, _FORMATS_PER_ROW)
    return _FIRST_TAG + (high << 8) + low


def content_format_of(tag: int) -> int:
    """The CoAP Content-Format that a CBOR tag stands for.

    Raises:
        MalformedEvidence: No tag in the range, or one of those that stand for nothing.
    """
    high, low = divmod(tag - _FIRST_TAG, 256)
    if tag not in TAGS or low == _FORMATS_PER_ROW:
        raise MalformedEvidence(CONTENT_FORMAT, f"tag {tag}")
    return high * _FORMATS_PER_ROW + low


class _Reader:
    """Walks one wrapper, counting what it has read."""

    def __init__(
        self,
        read_record: Callable[[Any, Mapping[int, str]], Wrapped],
        content_formats: Mapping[int, str],
        label_types: tuple[type, ...],
    ) -> None:
        self._read_record = read_record
        self._content_formats = content_formats
        self._label_types = label_types
        self._records = 0

    def read(self, item: object, depth: int) -> Wrapper:
        if isinstance(item, dict):
            return self._read_collection(item, depth + 1)
        self._records += 1
        if self._records > MAX_RECORDS:
            raise MalformedEvidence(WELL_FORMED, f"more than {MAX_RECORDS} records")
        return self._read_record(item, self._content_formats)

    def _read_collection(self, item: dict[Any, Any], depth: int) -> Collection:
        if depth > MAX_DEPTH:
            raise MalformedEvidence(WELL_FORMED, f"more than {MAX_DEPTH} collections deep")
        kind = _read_kind(item[_KIND_LABEL]) if _KIND_LABEL in item else None
        items: dict[str | int, Wrapper] = {}
        for label, value in item.items():
            if label == _KIND_LABEL:
                continue
            if type(label) not in self._label_types:
                raise MalformedEvidence(WELL_FORMED, f"label is {type(label).__name__}")
            if isinstance(label, str) and len(label) > MAX_LABEL_CHARACTERS:
                raise MalformedEvidence(WELL_FORMED, f"label of {len(label)} characters")
            items[label] = self.read(value, depth)
        if not items:
            raise MalformedEvidence(WELL_FORMED, "empty collection")
        return Collection(kind=kind, items=items)


def _read_json_record(item: object, _: Mapping[int, str]) -> Wrapped:
    """``[media-type, base64url, ? indicator]``; numbers do not stand for types in JSON."""
    media_type, value, indicator = _read_array(item, str)
    if "=" in value:
        raise MalformedEvidence(WELL_FORMED, "padded base64url")
    return Wrapped(
        media_type=_check_media_type(media_type),
        value=from_base64url(value),
        indicator=indicator,
    )


def _read_cbor_record(item: object, content_formats: Mapping[int, str]) -> Wrapped:
    """``[content-format / media-type, bytes, ? indicator]``, or a tag before bytes."""
    if isinstance(item, cbor.Tagged):
        if type(item.value) is not bytes:
            raise MalformedEvidence(WELL_FORMED, f"tagged {type(item.value).__name__}")
        number = content_format_of(item.tag)
        return Wrapped(media_type=_look_up(number, content_formats), value=item.value)
    media_type, value, indicator = _read_array(item, bytes)
    named = (
        _look_up(media_type, content_formats)
        if type(media_type) is int
        else _check_media_type(media_type)
    )
    return Wrapped(media_type=named, value=value, indicator=indicator)


def _read_array(item: object, value_type: type) -> tuple[Any, Any, Indicator | None]:
    if type(item) is not list or len(item) not in {2, 3}:
        raise MalformedEvidence(WELL_FORMED, f"no record: {type(item).__name__}")
    if type(item[1]) is not value_type:
        raise MalformedEvidence(WELL_FORMED, f"value is {type(item[1]).__name__}")
    return item[0], item[1], _read_indicator(item[2]) if len(item) == 3 else None


def _read_indicator(value: object) -> Indicator:
    if type(value) is not int or not 0 < value <= _ALL_BITS:
        raise MalformedEvidence(INDICATOR, repr(value)[:40])
    return Indicator(value)


def _look_up(number: int, content_formats: Mapping[int, str]) -> str:
    try:
        return content_formats[number]
    except KeyError:
        raise MalformedEvidence(CONTENT_FORMAT, f"number {number}") from None


def _check_media_type(value: object) -> str:
    if type(value) is not str or len(value) > MAX_MEDIA_TYPE_CHARACTERS:
        raise MalformedEvidence(MEDIA_TYPE, f"{type(value).__name__}, or too long")
    if not _MEDIA_TYPE.fullmatch(value):
        raise MalformedEvidence(MEDIA_TYPE, repr(value)[:80])
    return value


def _read_kind(value: object) -> str:
    if type(value) is str and len(value) <= MAX_LABEL_CHARACTERS and _KIND.fullmatch(value):
        return value
    raise MalformedEvidence(WELL_FORMED, "collection type is neither a URI nor an identifier")


_KIND_LABEL = "__cmwc_t"
_JSON_SPACE = b" \t\r\n"
_FIRST_TAG = 0x63740101
_FORMATS_PER_ROW = 255
TAGS = range(_FIRST_TAG, tag_of(65024) + 1)
"""CBOR tags in the range of RFC 9999 §3.2; they stand for CoAP Content-Formats 0 to 65024."""
_ALL_BITS = sum(Indicator)

_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'
_MEDIA_TYPE = re.compile(rf"{_NAME}/{_NAME}(?: *; *{_WORD}=(?:{_WORD}|{_QUOTED}))*")
# RFC 3986 §4.3, an absolute URI; or a dotted object identifier.
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!$%&-;=?-Z_a-z~\[\]@]+|[0-2](?:\.(?:0|[1-9][0-9]*))*")
