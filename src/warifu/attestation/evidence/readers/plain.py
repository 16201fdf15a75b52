"""Outputs of extensions, known or not: kept, as long as every later reader can write them down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.base.errors import MalformedEvidence

if TYPE_CHECKING:
    from warifu.base.rule import Rule

MAX_ITEMS = 4096

_SMALLEST, _LARGEST = -(1 << 63), (1 << 64) - 1
_SCALARS = frozenset({str, bytes, bool, float, type(None)})


def require_plain(value: object, rule: Rule) -> None:
    """Require text, bytes, 64-bit numbers, true, false, null, lists and maps with plain keys.

    Args:
        value: Decoded CBOR or JSON; its depth is bounded by its decoder.
        rule: Which rule is not met by anything else.

    Raises:
        MalformedEvidence: `rule`.
    """
    waiting = [value]
    seen = 0
    while waiting:
        item = waiting.pop()
        seen += 1
        kind = type(item)
        if isinstance(item, dict):
            if not all(type(key) in {str, int} for key in item):
                raise MalformedEvidence(rule, "a key that is neither text nor number")
            waiting += item.keys()
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
        elif kind not in _SCALARS and not _is_small_integer(item):
            raise MalformedEvidence(rule, f"{kind.__name__} in an extension")
        if seen > MAX_ITEMS:
            raise MalformedEvidence(rule, f"more than {MAX_ITEMS} items")


def _is_small_integer(item: object) -> bool:
    """An integer that every JSON reader can hold; True and False are scalars of their own."""
    return type(item) is int and _SMALLEST <= item <= _LARGEST
