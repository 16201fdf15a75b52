"""Values as JSON documents that people and other programs read.

Bytes become lower-case hex, times RFC 3339 in UTC, enums their value, certificates their DER in
base64. Field names stay. What is a secret becomes ``null``: it is not part of a document.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import fields

from warifu.attestation.vouchers import vouchers
from warifu.base.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warifu.attestation.claims import Claims

_CLAIMS_APART = frozenset({"chain", "leniencies", "unchecked"})


def claims_document(claims: Claims) -> dict[str, Any]:
    """Proved claims as a JSON object, the chain shown as its vouchers.

    Leniencies and gaps stand beside the claims in a verdict and are left out here.
    """
    document = {
        entry.name: to_plain(getattr(claims, entry.name))
        for entry in fields(claims)
        if entry.name not in _CLAIMS_APART
    }
    document["chain"] = to_plain(vouchers(claims))
    return document


def to_plain(value: object) -> Any:  # noqa: ANN401 - JSON has no closed type
    """Any value of ours as what JSON can hold."""
    for kind, convert in _CONVERSIONS:
        if isinstance(value, kind):
            return convert(value)
    raise TypeError(type(value).__name__)


def rfc3339(moment: datetime) -> str:
    """A time in UTC as RFC 3339; fractions of a second only where there are some."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _struct(value: Struct) -> dict[str, Any]:
    document = {entry.name: to_plain(getattr(value, entry.name)) for entry in fields(value)}
    tag = value.__struct_config__.tag
    return document if tag is None else {"type": tag, **document}


def _many(values: Iterable[object]) -> list[Any]:
    return [to_plain(value) for value in values]


def _unordered(values: Iterable[object]) -> list[Any]:
    return sorted(_many(values), key=str)


def _key(value: object) -> str:
    plain = to_plain(value)
    return plain if isinstance(plain, str) else str(plain)


_CONVERSIONS: tuple[tuple[Any, Any], ...] = (
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
