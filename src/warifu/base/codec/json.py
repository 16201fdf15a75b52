"""Reading received JSON (RFC 8259) with limits, and writing ours.

Duplicate names are refused: two readers of one text could otherwise see two objects (I-JSON,
RFC 7493 §2.3).
"""

from __future__ import annotations

import json
from math import isinf
from typing import Any, Never

import msgspec

from warifu.base.errors import MalformedEvidence
from warifu.base.rule import Rule, Text

MAX_BYTES = 4 << 20
MAX_DEPTH = 32
MAX_COMPACT_BYTES = 1 << 16
"""The size above which reading twice, once in vain, could be felt."""

WELL_FORMED = Rule(
    code="json/well-formed",
    clause="RFC 8259; RFC 7493 §2.3",
    requires=Text(
        ja="データは、名前の重複がない正しいJSONでなければなりません。",
        en="The data is well-formed UTF-8 JSON without duplicate names.",
    ),
    stops="parser differentials and resource exhaustion",
)
EXPECTED_TYPE = Rule(
    code="json/expected-type",
    clause="RFC 8259 §3",
    requires=Text(
        ja="JSONデータの各項目は、定められた型でなければなりません。",
        en="Each JSON member has the type its format demands.",
    ),
    stops="type confusion",
)


def decode_object(data: bytes, *, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """Decode UTF-8 JSON whose top level must be an object.

    Args:
        data: UTF-8 text. A byte order mark is not accepted.
        max_bytes: The size above which nothing is read.

    Raises:
        MalformedEvidence: Too large, not JSON, too deep, duplicate names, or not an object.
    """
    value = decode(data, max_bytes=max_bytes)
    if type(value) is not dict:
        raise MalformedEvidence(EXPECTED_TYPE, f"object wanted, {type(value).__name__} found")
    return value


def decode(
    data: bytes,
    *,
    max_bytes: int = MAX_BYTES,
    decoder: json.JSONDecoder | None = None,
) -> Any:  # noqa: ANN401 - the caller checks each member's type
    """Decode UTF-8 JSON of any top level.

    Args:
        data: UTF-8 text. A byte order mark is not accepted.
        max_bytes: The size above which nothing is read.
        decoder: Another way with repeated names than refusing them, such as `REPEATS_ALIKE`.

    Raises:
        MalformedEvidence: Too large, not JSON, too deep, or duplicate names.
    """
    if len(data) > max_bytes:
        raise MalformedEvidence(WELL_FORMED, f"more than {max_bytes} bytes")
    if decoder is None and (value := _decode_compact(data)) is not _NOT_COMPACT:
        return value
    try:
        text = data.decode("utf-8").strip(_WHITE_SPACE)
        value, end = (decoder or _DECODER).raw_decode(text)
        if end != len(text):
            raise ValueError("text after the value")
        if (
            b"\\" in data and b"\\u" in data
        ):  # RFC 7493 §2.1: half a surrogate pair is no text, nor can it be stored
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        # Fewer brackets than levels allowed cannot nest deeper: no walk for ordinary evidence.
        if _most_levels(data) > MAX_DEPTH:
            _check_depth(value)
    except (ValueError, RecursionError) as error:
        raise MalformedEvidence(WELL_FORMED, type(error).__name__) from error
    return value


def _decode_compact(data: bytes) -> Any:  # noqa: ANN401 - as `decode`
    """Read text that is what we would write for the value read from it; else `_NOT_COMPACT`.

    Browsers and phones write that way. Such a text repeats no name, for our value cannot; has no
    half surrogates, for they cannot be encoded; and its numbers are finite.
    """
    colon = data.find(b":")
    if data[colon + 1 : colon + 2] == b" " or len(data) > MAX_COMPACT_BYTES:
        return _NOT_COMPACT
    if _most_levels(data) > MAX_DEPTH:
        return _NOT_COMPACT
    try:
        value = _COMPACT.decode(data)
        return value if _WRITER.encode(value) == data else _NOT_COMPACT
    except (msgspec.DecodeError, msgspec.EncodeError, ValueError, RecursionError):
        return _NOT_COMPACT


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("duplicate name")
    return unique


def _names_repeated_alike(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs) and any(unique[name] != value for name, value in pairs):
        raise ValueError("duplicate name with another value")
    return unique


def _most_levels(data: bytes) -> int:
    """What a text cannot nest deeper than."""
    return data.count(b"{") + (data.count(b"[") if b"[" in data else 0)


def _check_depth(value: object) -> None:
    level: list[Any] = [value] if type(value) in _CONTAINERS else []
    for _ in range(MAX_DEPTH):
        level = [
            member
            for item in level
            for member in (item.values() if type(item) is dict else item)
            if type(member) in _CONTAINERS
        ]
    if level:
        raise ValueError("too deep")


def _finite(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise ValueError("number out of range")
    return number


def _refuse_constant(_: str) -> Never:
    raise ValueError("not a JSON number")


_WHITE_SPACE = " \t\n\r"
_NOT_COMPACT = object()
_COMPACT = msgspec.json.Decoder()
_WRITER = msgspec.json.Encoder()
_CONTAINERS = frozenset({dict, list})
_NUMBERS: dict[str, Any] = {"parse_constant": _refuse_constant, "parse_float": _finite}
_DECODER = json.JSONDecoder(object_pairs_hook=_unique_names, **_NUMBERS)

REPEATS_ALIKE = json.JSONDecoder(object_pairs_hook=_names_repeated_alike, **_NUMBERS)
"""Takes a name that is repeated with an equal value, for publishers who do that."""
