"""Reading received JSON (RFC 8259) with limits, and writing ours.

Duplicate names are refused: two readers of one text could otherwise see two objects (I-JSON,
RFC 7493 §2.3).
"""

from __future__ import annotations

import json
from typing import Any, Never

from warifu.base.errors import MalformedEvidence
from warifu.base.rule import Rule, Text

MAX_BYTES = 4 << 20

WELL_FORMED = Rule(
    code="json/well-formed",
    clause="RFC 8259; RFC 7493 §2.3",
    requires=Text(
        ja="データはJSON形式として正しく、名前の重複がないものでなければなりません。",
        en="The data is well-formed UTF-8 JSON without duplicate names.",
    ),
    stops="parser differentials and resource exhaustion",
)
EXPECTED_TYPE = Rule(
    code="json/expected-type",
    clause="RFC 8259 §3",
    requires=Text(
        ja="JSONデータの各項目は定められた型でなければなりません。",
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
    if len(data) > max_bytes:
        raise MalformedEvidence(WELL_FORMED, f"more than {max_bytes} bytes")
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise MalformedEvidence(WELL_FORMED, type(error).__name__) from error
    if type(value) is not dict:
        raise MalformedEvidence(EXPECTED_TYPE, f"object wanted, {type(value).__name__} found")
    return value


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("duplicate name")
    return unique


def _refuse_constant(_: str) -> Never:
    raise ValueError("not a JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique_names, parse_constant=_refuse_constant)
