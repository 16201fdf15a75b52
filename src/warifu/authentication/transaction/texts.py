"""What every text field of a transaction must hold to before it is shown or signed."""

from __future__ import annotations

import re
import unicodedata

from msgspec import Struct

from warifu.authentication.transaction import rules
from warifu.authentication.transaction.characters import Script, range_of, script_of
from warifu.base.errors import WarifuError

MAX_IDENTIFIER_CHARACTERS = 200


class Limit(Struct, frozen=True):
    """How long a text may be."""

    characters: int
    utf8_bytes: int


NAME = Limit(140, 420)
PURPOSE = Limit(140, 420)
TITLE = Limit(140, 420)

_IDENTIFIER = re.compile(rf"[!-~]{{1,{MAX_IDENTIFIER_CHARACTERS}}}")
_CONFUSABLE = frozenset({Script.LATIN, Script.GREEK, Script.CYRILLIC})


def check_text(text: str, limit: Limit, fault: type[WarifuError]) -> None:
    """Hold a text to length, repertoire, normal form and spacing.

    Raises:
        WarifuError: Of the class `fault`: ``transaction/length``, ``transaction/characters``,
            ``transaction/normalised``, ``transaction/spaces``.
    """
    # Characters before bytes: a lone surrogate has no UTF-8 at all.
    if not 0 < len(text) <= limit.characters:
        raise fault(rules.LENGTH, f"{len(text)} characters")
    for character in text:
        if range_of(character) is None and not _is_changed_by_normalisation(character):
            raise fault(rules.CHARACTERS, f"U+{ord(character):04X}")
    if not unicodedata.is_normalized("NFKC", text):
        raise fault(rules.NORMALISED)
    if len(text.encode("utf-8")) > limit.utf8_bytes:
        raise fault(rules.LENGTH, f"more than {limit.utf8_bytes} bytes")
    if text != " ".join(text.split()):
        raise fault(rules.SPACES)


def check_free_text(text: str, limit: Limit, fault: type[WarifuError]) -> None:
    """Hold a purpose or a title to the rules of texts, and each word to one European script.

    Raises:
        WarifuError: As `check_text`, or ``transaction/scripts``.
    """
    check_text(text, limit, fault)
    word: set[Script] = set()
    for character in text:
        script = script_of(character)
        word = word | {script} if script in _CONFUSABLE else set()
        if len(word) > 1:
            raise fault(rules.SCRIPTS, " and ".join(sorted(word)))


def check_identifier(text: str, fault: type[WarifuError]) -> None:
    """Hold an identifier to printable ASCII without spaces.

    Raises:
        WarifuError: Of the class `fault`: ``transaction/identifier``.
    """
    if _IDENTIFIER.fullmatch(text) is None:
        raise fault(rules.IDENTIFIER, f"{len(text)} characters")


def _is_changed_by_normalisation(character: str) -> bool:
    """Such a one is told as not normalised, which says what to do about it."""
    return unicodedata.normalize("NFKC", character) != character
