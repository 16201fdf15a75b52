"""What both databases can keep, and keep alike."""

from __future__ import annotations

from collections.abc import Mapping

from warifu.base.errors import Misuse
from warifu.service.store.database import Value
from warifu.service.store.rules import VALUE

SMALLEST, LARGEST = -(1 << 63), (1 << 63) - 1


def require_storable(values: Mapping[str, Value]) -> None:
    """Refuse what only one of the databases would keep.

    Raises:
        Misuse: ``store/value``.
    """
    for name, value in values.items():
        kind = type(value)
        if kind is str:
            if "\0" in value:  # type: ignore[operator]
                raise Misuse(VALUE, f"{name} holds NUL")
        elif kind is int and not SMALLEST <= value <= LARGEST:  # type: ignore[operator]
            raise Misuse(VALUE, f"{name} has more than 64 bits")
