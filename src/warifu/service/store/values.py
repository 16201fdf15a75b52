"""What both databases can keep, and keep alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from warifu.base.errors import Misuse
from warifu.service.store.database import Statement, Value
from warifu.service.store.rules import VALUE

SMALLEST, LARGEST = -(1 << 63), (1 << 63) - 1


def require_storable(values: Mapping[str, Value]) -> None:
    """Refuse what only one of the databases would keep.

    Raises:
        Misuse: ``store/value``.
    """
    for name, value in values.items():
        if value is None or type(value) is bytes:
            continue
        if isinstance(value, str):
            if "\0" in value or not (value.isascii() or _is_unicode(value)):
                raise Misuse(VALUE, f"{name} holds NUL or a lone surrogate")
        elif isinstance(value, int) and not SMALLEST <= value <= LARGEST:
            raise Misuse(VALUE, f"{name} has more than 64 bits")


def require_all_storable(statements: Iterable[Statement]) -> None:
    """The same for changes.

    Raises:
        Misuse: ``store/value``.
    """
    for statement in statements:
        require_storable(statement.values)


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
