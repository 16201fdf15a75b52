"""Reading and writing CBOR (RFC 8949), with the limits that received bytes need.

Received CBOR is held to what the evidence formats use: definite lengths, no duplicate keys, no
tags unless asked for. Duplicate keys would let two readers see two maps; tags would let the library
build regular expressions, shared references and numbers of any size for an attacker.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Never, TypeVar

import cbor2
from msgspec import Struct

from warifu.base.errors import MalformedEvidence
from warifu.base.rule import Rule, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

Kind = TypeVar("Kind")

MAX_BYTES = 1 << 17
"""Small on purpose: integer keys can be chosen to collide, and a map is then read in n² steps."""
MAX_DEPTH = 16

WELL_FORMED = Rule(
    code="cbor/well-formed",
    clause="RFC 8949 §3, §5.6",
    requires=Text(
        ja="データは、CBOR形式で正しく符号化されていなければなりません。",
        en="The data is well-formed CBOR with definite lengths, no duplicate keys and no tags.",
    ),
    stops="parser differentials and resource exhaustion",
)
EXPECTED_TYPE = Rule(
    code="cbor/expected-type",
    clause="RFC 8949 §3.1",
    requires=Text(
        ja="CBORデータの各項目は、定められた型でなければなりません。",
        en="Each CBOR item has the type its format demands.",
    ),
    stops="type confusion",
)


class Tagged(Struct, frozen=True):
    """A tagged item: the tag number and what it stands before."""

    tag: int
    value: Any


def decode(data: bytes, *, max_bytes: int = MAX_BYTES) -> Any:  # noqa: ANN401 - caller checks
    """Decode one item that must fill all of `data`.

    Args:
        data: The encoded item.
        max_bytes: The size above which nothing is read.

    Raises:
        MalformedEvidence: Too large, too deep, indefinite, duplicate key, tagged, or bytes left.
    """
    return _whole(data, _refuse_tag, max_bytes)


def decode_tagged(data: bytes, allowed: Container[int]) -> Any:  # noqa: ANN401 - as `decode`
    """Decode one item that must fill all of `data`, with some tags in it as `Tagged`.

    Args:
        data: The encoded item.
        allowed: Tag numbers that may occur, at any place; none that the library acts upon.

    Raises:
        MalformedEvidence: As for `decode`, or a tag that is not allowed.
    """

    def keep(tag: cbor2.CBORTag, _: bool) -> Tagged:  # noqa: FBT001 - called by the library
        return Tagged(tag.tag, tag.value) if tag.tag in allowed else _refuse_tag()

    return _whole(data, keep)


def decode_prefix(data: bytes) -> tuple[Any, int]:
    """Decode the first item of `data`; return it and how many bytes it took.

    Raises:
        MalformedEvidence: As for `decode`, but bytes may be left.
    """
    return _load(data, _refuse_tag)


def decode_map(data: bytes) -> dict[Any, Any]:
    """Decode one map that must fill all of `data`.

    Raises:
        MalformedEvidence: As for `decode`, or not a map.
    """
    value = decode(data)
    if not isinstance(value, dict):
        raise MalformedEvidence(EXPECTED_TYPE, f"map wanted, {type(value).__name__} found")
    return value


def member(item: Mapping[Any, Any], key: str | int, kind: type[Kind]) -> Kind:
    """The member of a map, which must be there and be of `kind` exactly.

    Raises:
        MalformedEvidence: Missing, or of another type (``True`` is no int).
    """
    value = item.get(key)
    if type(value) is not kind:
        raise MalformedEvidence(
            EXPECTED_TYPE, f"{key!r}: {kind.__name__} wanted, {type(value).__name__} found"
        )
    return value


def encode_deterministic(value: object) -> bytes:
    """Encode in the core deterministic form (RFC 8949 §4.2.1)."""
    return cbor2.dumps(value, canonical=True)


def _whole(data: bytes, tag_hook: Callable[..., Any], max_bytes: int = MAX_BYTES) -> Any:  # noqa: ANN401 - as `decode`
    value, consumed = _load(data, tag_hook, max_bytes)
    if consumed != len(data):
        raise MalformedEvidence(WELL_FORMED, f"{len(data) - consumed} bytes left over")
    return value


def _load(data: bytes, tag_hook: Callable[..., Any], max_bytes: int = MAX_BYTES) -> tuple[Any, int]:
    if len(data) > max_bytes:
        raise MalformedEvidence(WELL_FORMED, f"more than {max_bytes} bytes")
    source = BytesIO(data)
    try:
        value = cbor2.load(
            source,
            tag_hook=tag_hook,
            semantic_decoders=_NO_SEMANTICS,
            max_depth=MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise MalformedEvidence(WELL_FORMED, type(error).__name__) from error
    return value, source.tell()


def _refuse_tag(*_: object) -> Never:
    raise cbor2.CBORDecodeError("tags are not allowed")


_LIBRARY_TAGS = (
    *range(6),
    *(25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799),
)
_NO_SEMANTICS = dict.fromkeys(_LIBRARY_TAGS, _refuse_tag)
