"""How wide text is on a display of fixed columns, and where its lines break."""

from __future__ import annotations

from collections.abc import Iterator

from warifu.authentication.transaction.characters import NARROW, WIDE, range_of

_NEVER_FIRST = frozenset("、。，．,.:;!?）)」』〉》〕]}ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ")
_NEVER_LAST = frozenset("（(「『〈《〔[{")
_SPACE = " "


def columns(text: str) -> int:
    """Columns that `text` takes: one for Latin letters and digits, two for kana and kanji.

    Characters outside the repertoire (full-width punctuation of our own sentences) count two.
    """
    return sum(_columns_of(character) for character in text)


def wrap(text: str, width: int) -> Iterator[str]:
    """Break `text` into lines of at most `width` columns (two or more), losing no character.

    Lines break after a space or beside a wide character, and not before a full stop or after an
    opening bracket; where a line has no such place it breaks where it is full. A space stays at
    the end of its line, so the lines joined together are `text`.
    """
    start = 0
    while start < len(text):
        end = _full_at(text, start, width)
        if end < len(text):
            end = next((at for at in range(end, start, -1) if _may_break(text, at)), end)
        yield text[start:end]
        start = end


def _full_at(text: str, start: int, width: int) -> int:
    if (len(text) - start) * WIDE <= width:  # as nearly all labels and values
        return len(text)
    used = 0
    for place in range(start, len(text)):
        used += _columns_of(text[place])
        if used > width:
            return place
    return len(text)


def _may_break(text: str, place: int) -> bool:
    before, after = text[place - 1], text[place]
    if after in _NEVER_FIRST or after == _SPACE or before in _NEVER_LAST:
        return False
    is_within_word = _columns_of(before) == NARROW and _columns_of(after) == NARROW
    return before == _SPACE or not is_within_word


def _columns_of(character: str) -> int:
    found = range_of(character)
    return WIDE if found is None else found.columns
