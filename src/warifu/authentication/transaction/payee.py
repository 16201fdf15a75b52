"""The name of a payee: how it may be written, and what in it could be misread.

A bank passes what was typed or looked up through `check_payee` and puts the result into the
transaction. Kana and kanji that look alike (ニ and 二, 工 and エ) occur in honest names, so they
are flagged for whoever decides and never refused by themselves.
"""

from __future__ import annotations

import unicodedata

from msgspec import Struct

from warifu.authentication.transaction import rules
from warifu.authentication.transaction.characters import Script, script_of
from warifu.authentication.transaction.texts import NAME, check_text
from warifu.base.errors import Misuse, WarifuError

MAX_TYPED_CHARACTERS = 2 * NAME.characters
"""Before normalisation, which joins the two half-width parts of a voiced kana."""

_PAYEE_SCRIPTS = frozenset(
    {Script.COMMON, Script.LATIN, Script.HAN, Script.HIRAGANA, Script.KATAKANA}
)
_ZENGIN = frozenset(
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
    "ガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポヴー"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ()-./,¥「」"
)
"""What account holders' names have in transfers between Japanese banks, made full-width: no small
kana, no small letters."""
_PAIRS = (
    *(
        "ニ二",
        "カ力",
        "ロ口",
        "エ工",
        "ー一",
        "タ夕",
        "ト卜",
        "ハ八",
        "チ千",
        "ミ三",
        "オ才",
        "ヒ匕",
        "ム厶",
    ),
    *("ノ丿", "ヌ又", "メ乂", "へヘ", "べベ", "ぺペ", "りリ", "O0", "I1", "l1"),
    # Dashes, squares and rings of no script, in the place of kana and kanji.
    *("ー―", "ー—", "ー–", "ー‐", "ー−", "ロ□", "口□", "〇○", "ニ=", "二="),
)
_TWINS: dict[str, tuple[str, ...]] = {
    each: tuple(pair.replace(each, "") for pair in _PAIRS if each in pair)
    for each in "".join(_PAIRS)
}


class LookAlike(Struct, frozen=True, kw_only=True):
    """A character that stands where its twin of another script would be expected."""

    place: int
    """Index into the name."""
    character: str
    twin: str


class PayeeName(Struct, frozen=True, kw_only=True):
    """A name that may be shown."""

    name: str
    """In NFKC: half-width kana are made full-width, full-width letters half-width."""
    zengin: bool
    """Written in the character set of transfers between Japanese banks."""
    flags: tuple[LookAlike, ...]


def check_payee(name: str) -> PayeeName:
    """Normalise a payee's name and look at how it is written.

    Args:
        name: As typed or looked up; half-width kana are welcome.

    Raises:
        Misuse: ``transaction/length``, ``transaction/characters``, ``transaction/spaces``,
            ``transaction/payee-script``.
    """
    if len(name) > MAX_TYPED_CHARACTERS:
        raise Misuse(rules.LENGTH, f"more than {MAX_TYPED_CHARACTERS} characters")
    normal = unicodedata.normalize("NFKC", name)
    check_payee_text(normal, Misuse)
    return PayeeName(
        name=normal,
        zengin=_ZENGIN.issuperset(normal),
        flags=tuple(_look_alikes(normal)),
    )


def check_payee_text(name: str, fault: type[WarifuError]) -> None:
    """Hold a name to the rules for payees and banks.

    Raises:
        WarifuError: Of the class `fault`, by the rules of texts or ``transaction/payee-script``.
    """
    check_text(name, NAME, fault)
    foreign = {script_of(character) for character in name} - _PAYEE_SCRIPTS
    if foreign:
        raise fault(rules.PAYEE_SCRIPT, ", ".join(sorted(foreign)))


def _look_alikes(name: str) -> list[LookAlike]:
    """What has neighbours of its twin's kind and none of its own."""
    kinds = [_kind(character) for character in name]
    found = []
    for place, character in enumerate(name):
        beside = {*kinds[max(place - 1, 0) : place], *kinds[place + 1 : place + 2]}
        found += [
            LookAlike(place=place, character=character, twin=twin)
            for twin in _TWINS.get(character, ())
            if _kind(twin) in beside - {Script.COMMON} and kinds[place] not in beside
        ]
    return found


def _kind(character: str) -> str:
    return "digit" if character.isdecimal() else script_of(character)
