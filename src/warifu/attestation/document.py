"""Values as JSON documents that people and other programs read.

Bytes become lower-case hex, times RFC 3339 in UTC, enums their value, certificates their DER in
base64. Field names stay. What is a secret becomes ``null``: it is not part of a document.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import asdict

from warifu.attestation.vouchers import vouchers
from warifu.base.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from warifu.attestation.claims import Claims

_PLAIN = frozenset({str, bool, int, float, type(None)})
"""What most members are; they stay as they are."""
_CLAIMS_APART = frozenset({"chain", "leniencies", "unchecked"})


def claims_document(claims: Claims) -> dict[str, Any]:
    """Proved claims as a JSON object, the chain shown as its vouchers.

    Leniencies and gaps stand beside the claims in a verdict and are left out here.
    """
    members = asdict(claims)
    for name in _CLAIMS_APART:
        del members[name]
    members["chain"] = vouchers(claims)
    return {name: to_plain(member) for name, member in members.items()}


def to_plain(value: object) -> Any:  # noqa: ANN401 - JSON has no closed type
    """Any value of ours as what JSON can hold."""
    kind = type(value)
    convert = _converting.get(kind)
    if convert is None:
        convert = _converting[kind] = _conversion(kind)
    return convert(value)


def rfc3339(moment: datetime) -> str:
    """A time in UTC as RFC 3339; fractions of a second only where there are some."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _conversion(kind: type) -> Callable[[Any], Any]:
    for wide, convert in _CONVERSIONS:
        if issubclass(kind, wide):
            return convert
    raise TypeError(kind.__name__)


def _struct(value: Struct) -> dict[str, Any]:
    tag = value.__struct_config__.tag
    document: dict[str, Any] = asdict(value) if tag is None else {"type": tag, **asdict(value)}
    for name, member in document.items():
        if type(member) not in _PLAIN:
            document[name] = to_plain(member)
    return document


def _many(values: Iterable[object]) -> list[Any]:
    return [value if type(value) in _PLAIN else to_plain(value) for value in values]


def _unordered(values: Iterable[object]) -> list[Any]:
    return sorted(_many(values), key=str)


def _key(value: object) -> str:
    plain = to_plain(value)
    return plain if isinstance(plain, str) else str(plain)


_CONVERSIONS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (Enum, lambda value: value.value),
    ((str, bool, int, float, type(None)), lambda value: value),
    ((bytes, bytearray), lambda value: value.hex()),
    (Secret, lambda _: None),
    (datetime, rfc3339),
    (date, lambda value: value.isoformat()),
    (Struct, _struct),
    (dict, lambda value: {_key(key): to_plain(item) for key, item in value.items()}),
    ((list, tuple), _many),
    ((set, frozenset), _unordered),
)
_converting: dict[type, Callable[[Any], Any]] = {}
"""What was found for a type; there are as many as this package has, and as JSON decodes to."""
