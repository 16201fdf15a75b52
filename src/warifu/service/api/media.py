"""Answers that have several forms: which one a caller prefers, and how they are documented."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from litestar.openapi.spec import OpenAPIMediaType, Operation, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from msgspec import Struct

from warifu.base.errors import Misuse
from warifu.base.rule import Rule, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ACCEPT_LENGTH = 2000
OCTETS = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)

ACCEPTABLE = Rule(
    code="request/acceptable",
    clause="RFC 9110 §15.5.7",
    requires=Text(
        ja="Acceptヘッダーには、APIの定義にあるメディアタイプを指定してください。",
        en="The Accept header takes one of the media types that the interface documents.",
    ),
    stops="one form of a document taken for another",
)
RULES = (ACCEPTABLE,)
STATUS: dict[str, int] = {ACCEPTABLE.code: 406}


class Wanted(Struct, frozen=True, kw_only=True):
    """One media range that a caller takes."""

    main: str
    sub: str
    quality: float
    parameters: dict[str, str]

    def fits(self, media_type: str) -> int:
        """How closely it names a media type: 0 not at all, 1 ``*/*``, 2 ``x/*``, 3 by name."""
        main, _, sub = media_type.partition("/")
        if (self.main, self.sub) == (main, sub):
            return 3
        if self.sub != "*":
            return 0
        return {main: 2, "*": 1}.get(self.main, 0)


def preferred(accepted: str | None, offered: tuple[str, ...]) -> tuple[str, Wanted | None]:
    """The media type to answer with, and the range that asked for it (RFC 9110 §12.5.1).

    Args:
        accepted: The ``Accept`` header; None where there is none.
        offered: What there is; of several that are wanted as much, the first is given.

    Raises:
        Misuse: ``request/acceptable``.
    """
    if not accepted:
        return offered[0], None
    if len(accepted) > MAX_ACCEPT_LENGTH:
        raise Misuse(ACCEPTABLE, f"{len(accepted)} characters")
    ranges = [found for part in _PART.findall(accepted) if (found := _range(part)) is not None]
    best: tuple[float, str, Wanted | None] = (0.0, "", None)
    for media_type in offered:
        fitting = [each for each in ranges if each.fits(media_type)]
        if not fitting:
            continue
        closest = max(fitting, key=lambda each: (each.fits(media_type), each.quality))
        if closest.quality > best[0]:
            best = (closest.quality, media_type, closest)
    if not best[0]:
        raise Misuse(ACCEPTABLE, accepted[:100])
    return best[1], best[2]


def in_forms(status: int, forms: Mapping[str, Schema]) -> type[Operation]:
    """For a handler's ``operation_class``: one status is answered in several media types.

    Args:
        status: The status.
        forms: Schema by media type; `OCTETS` for what is no JSON.
    """

    @dataclass
    class InForms(Operation):
        def __post_init__(self) -> None:
            found: Any = (self.responses or {}).get(str(status))
            if found is not None:
                found.content = {
                    name: OpenAPIMediaType(schema=schema) for name, schema in forms.items()
                }

    return InForms


def _range(part: str) -> Wanted | None:
    """One range; None where it is none. Quality is 1 where it is not readable."""
    name, *stated = _MEMBER.findall(part)
    main, slash, sub = name.strip().lower().partition("/")
    if not slash:
        return None
    parameters = {}
    for each in stated:
        key, _, value = each.partition("=")
        parameters[key.strip().lower()] = value.strip().strip('"')
    quality = parameters.pop("q", "1")
    return Wanted(
        main=main,
        sub=sub,
        quality=float(quality) if _QUALITY.fullmatch(quality) else 1.0,
        parameters=parameters,
    )


_PART = re.compile(r'(?:[^,"]|"[^"]*"?)+')
"""Up to the next comma outside quotation marks."""
_MEMBER = re.compile(r'(?:[^;"]|"[^"]*"?)+')
_QUALITY = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
