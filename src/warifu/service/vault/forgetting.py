"""Taking out of stored documents what would tell which device they are about.

Documents that stay after an erasure keep their form: a name is replaced within the text it stands
in, nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from warifu.service.vault.identifiers import CONCEALED, IDENTIFYING

MIN_NAME = 9
"""Shorter names, and names without a digit, could be words of ours: they are replaced only where a
member says that it names a device or its key."""

_OF_A_KEY = frozenset({"public_key", "credential_public_key", "sha256"})
_NAMING = frozenset({"device", "device_key", "key", "key_id"})
_PARENT_OF_IDENTIFIER = "key"


def names_in(document: object) -> set[str]:
    """All values in a document of evidence that tell which device, which key or which certificate.

    Args:
        document: JSON; for example `claims_document` or a whole verdict.
    """
    return set(_names(document, ""))


def without_names(document: object, names: Mapping[str, str]) -> object:
    """The document with names replaced.

    Args:
        document: JSON.
        names: What is to be replaced, and by what.
    """
    long = sorted((name for name in names if _is_unmistakable(name)), key=len, reverse=True)
    if not long:
        return _replace(document, "", names, lambda text: text)
    pattern = re.compile("|".join(map(re.escape, long)))
    return _replace(
        document, "", names, lambda text: pattern.sub(lambda found: names[found[0]], text)
    )


def _names(value: object, member: str, parent: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _names(inner, key, member)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _names(inner, member, parent)
    elif isinstance(value, str) and value not in {"", CONCEALED} and _names_one(member, parent):
        yield value


def _names_one(member: str, parent: str) -> bool:
    return (
        member in IDENTIFYING
        or member in _OF_A_KEY
        or (member == "identifier" and parent == _PARENT_OF_IDENTIFIER)
    )


def _replace(
    value: Any,  # noqa: ANN401 - JSON
    member: str,
    names: Mapping[str, str],
    within: Callable[[str], str],
) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {within(key): _replace(inner, key, names, within) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_replace(inner, member, names, within) for inner in value]
    if not isinstance(value, str):
        return value
    if member in _NAMING and value in names:
        return names[value]
    return within(value)


def _is_unmistakable(name: str) -> bool:
    return len(name) >= MIN_NAME and any(character.isdigit() for character in name)
