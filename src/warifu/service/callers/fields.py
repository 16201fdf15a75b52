"""Structured fields (RFC 9651) of requests, read with limits and without second meanings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import http_sf

from warifu.base.errors import Denied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warifu.base.rule import Rule

MAX_FIELD_CHARACTERS = 8192


def read_dictionary(lines: Sequence[str], broken: Rule) -> dict[str, Any]:
    """The members of a dictionary field.

    Args:
        lines: The values of its field lines.
        broken: The rule that is not met by anything else.

    Returns:
        For each name the value and its parameters; an inner list is a list of such pairs.

    Raises:
        Denied: `broken`, where a name or a parameter comes twice too.
    """
    members = _read(", ".join(lines), "dictionary", broken)
    if not isinstance(members, dict):
        raise Denied(broken, "not a dictionary")
    return members


def read_byte_sequence(text: str, broken: Rule, *, most: int = MAX_FIELD_CHARACTERS) -> bytes:
    """The octets of a field that is one byte sequence without parameters.

    Raises:
        Denied: `broken`.
    """
    item = _read(text, "item", broken, most)
    if isinstance(item, tuple) and isinstance(item[0], bytes) and not item[1]:
        return item[0]
    raise Denied(broken, "not a byte sequence")


def write_inner_list(members: object, parameters: dict[str, Any]) -> str:
    """An inner list with its parameters, in the one canonical form."""
    return http_sf.ser([(members, parameters)])  # type: ignore[list-item]


def _read(text: str, kind: str, broken: Rule, most: int = MAX_FIELD_CHARACTERS) -> object:
    if len(text) > most:
        raise Denied(broken, f"more than {most} characters")

    def refuse(name: str, _: str) -> NoReturn:
        raise Denied(broken, f"{name} comes twice")

    try:
        return http_sf.parse(text.encode("ascii"), tltype=kind, on_duplicate_key=refuse)
    except ValueError as error:
        raise Denied(broken, type(error).__name__) from error
