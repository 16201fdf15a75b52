"""The repertoire: which characters texts may have, their script and how wide they are drawn.

The table is ours and does not change with the Unicode version of the interpreter: a text that was
rendered years ago must be rendered again to the byte. What is not in it is refused, which shuts out
controls, bidirectional and zero-width characters, combining marks, variation selectors, private
use and everything unassigned, without a list of each. Right-to-left scripts and scripts that need
combining marks are not served.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

NARROW, WIDE = 1, 2
"""Columns. What Unicode calls ambiguous is counted as wide, as Japanese fonts draw it."""
CHARACTERS_REMEMBERED = 8192
"""More than the kana and kanji in daily use."""


class Script(StrEnum):
    """Of a character. Punctuation, digits and signs are common to all."""

    COMMON = "common"
    LATIN = "latin"
    GREEK = "greek"
    CYRILLIC = "cyrillic"
    HANGUL = "hangul"
    HIRAGANA = "hiragana"
    KATAKANA = "katakana"
    HAN = "han"


class Range(Struct, frozen=True):
    """Neighbouring characters of one script and width."""

    first: int
    last: int
    script: Script
    columns: int


_COMMON_NARROW = (
    *((0x20, 0x40), (0x5B, 0x60), (0x7B, 0x7E), (0xA2, 0xA3), (0xA5, 0xA6), (0xA9, 0xA9)),
    *((0xAB, 0xAC), (0xBB, 0xBB)),
)
_COMMON_WIDE = (
    *((0xA1, 0xA1), (0xA7, 0xA7), (0xAE, 0xAE), (0xB0, 0xB1), (0xB6, 0xB7), (0xBF, 0xBF)),
    *((0xD7, 0xD7), (0xF7, 0xF7), (0x2010, 0x2010), (0x2013, 0x2015), (0x2018, 0x2019)),
    *((0x201C, 0x201D), (0x2020, 0x2022), (0x2030, 0x2030), (0x203B, 0x203B), (0x20AC, 0x20AC)),
    *((0x2190, 0x2193), (0x2212, 0x2212), (0x25A0, 0x25A1), (0x25B2, 0x25B3), (0x25BC, 0x25BD)),
    *((0x25C6, 0x25C7), (0x25CB, 0x25CB), (0x25CE, 0x25CF), (0x2605, 0x2606), (0x3001, 0x3003)),
    *((0x3008, 0x300F), (0x3012, 0x3012), (0x3014, 0x3015), (0x301C, 0x301C), (0x30FB, 0x30FB)),
)
"""Without 【 and 】, which open the heading of a text and nothing else."""
_LATIN = (
    *((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x017F), (0x01A0, 0x01A1)),
    *((0x01AF, 0x01B0), (0x01CD, 0x01DC), (0x0218, 0x021B), (0x1E00, 0x1EFF)),
)
_GREEK = ((0x0386, 0x0386), (0x0388, 0x038A), (0x038C, 0x038C), (0x038E, 0x03A1), (0x03A3, 0x03CE))
_CYRILLIC = ((0x0400, 0x045F), (0x0490, 0x0491))
_HANGUL = ((0xAC00, 0xD7A3),)
_HIRAGANA = ((0x3041, 0x3096), (0x309D, 0x309E))
_KATAKANA = ((0x30A1, 0x30FA), (0x30FC, 0x30FE))
_HAN = (
    *((0x3005, 0x3007), (0x3400, 0x4DB5), (0x4E00, 0x9FEF), (0xFA0E, 0xFA0F), (0xFA11, 0xFA11)),
    *((0xFA13, 0xFA14), (0xFA1F, 0xFA1F), (0xFA21, 0xFA21), (0xFA23, 0xFA24), (0xFA27, 0xFA29)),
    (0x20000, 0x2A6D6),
)
"""With the twelve of the compatibility block that normalisation keeps, such as 﨑."""

REPERTOIRE: tuple[Range, ...] = tuple(
    sorted(
        (
            Range(first, last, script, columns)
            for spans, script, columns in (
                (_COMMON_NARROW, Script.COMMON, NARROW),
                (_COMMON_WIDE, Script.COMMON, WIDE),
                (_LATIN, Script.LATIN, NARROW),
                (_GREEK, Script.GREEK, WIDE),
                (_CYRILLIC, Script.CYRILLIC, WIDE),
                (_HANGUL, Script.HANGUL, WIDE),
                (_HIRAGANA, Script.HIRAGANA, WIDE),
                (_KATAKANA, Script.KATAKANA, WIDE),
                (_HAN, Script.HAN, WIDE),
            )
            for first, last in spans
        ),
        key=lambda each: each.first,
    )
)
_FIRSTS = tuple(each.first for each in REPERTOIRE)


@lru_cache(maxsize=CHARACTERS_REMEMBERED)
def range_of(character: str) -> Range | None:
    """Where in the repertoire one character is; None where it is not."""
    point = ord(character)
    found = REPERTOIRE[bisect_right(_FIRSTS, point) - 1] if point >= _FIRSTS[0] else None
    return found if found is not None and point <= found.last else None


def script_of(character: str) -> Script:
    """The script of one character; what is not in the repertoire counts as common."""
    found = range_of(character)
    return Script.COMMON if found is None else found.script
