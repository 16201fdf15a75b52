"""Sequence diagrams as SVG: one element that stands alone, without script, font or link.

Sentences are text and not drawn, so that they can be searched, copied and read aloud. Nothing is
told by colour alone: what is stopped has a cross and says by what.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from warifu.authentication.transaction.width import wrap
from warifu.lab.threat.sequence import NAMES, diagram_of, in_language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.base.rule import Text
    from warifu.lab.threat.sequence import Diagram, Message, Subject

LEAST_WIDTH = 440
"""Units that a diagram is wide at least, so that sentences have room."""

_PITCH = 112
_MARGIN = 16
_COLUMN = 7.7
"""Units that one column of text takes: a Latin letter. Kana and kanji take two."""
_LINE = 20
_HEAD = 32
_BAND_PADDING = 8
_ARROW_ROW = 40
_TEXT_AT = 40
_LOOP = 26

# Everything has the colour of the text around it, so that it reads on light and on dark ground.
_ROOT = (
    'class="warifu-sequence" role="img" fill="currentColor" font-size="14" '
    "font-family=\"system-ui,'Hiragino Sans','Noto Sans JP','Yu Gothic',sans-serif\""
)
_LIFE = 'stroke="currentColor" stroke-opacity=".45" stroke-dasharray="4 4"'
_BOX = 'fill-opacity=".1" stroke="currentColor" stroke-opacity=".45" rx="6"'
_BAND = 'fill-opacity=".06" rx="6"'
_HEADING = 'font-weight="600" text-anchor="middle"'
_ARROW = 'stroke="currentColor" stroke-width="1.6" fill="none"'
# A red of middle lightness: three to one and more against white as against black.
_CROSS = 'class="cross" stroke="#d1432b" stroke-width="3" fill="none"'


def draw(subject: Subject, language: str, *, name: str = "sequence") -> str:
    """Draw a sequence diagram.

    Args:
        subject: A diagram, or what one is made of.
        language: ``ja`` or ``en``.
        name: What the element's identifiers begin with: one of its own for each drawing of a page.

    Returns:
        One ``<svg>`` element; as a file it needs nothing before or after it.
    """
    diagram = diagram_of(subject)
    return "".join(_Drawing(diagram, language, name).parts())


class _Drawing:
    """Lifelines from top to bottom; each message is a band with its sentence, then its arrow."""

    def __init__(self, diagram: Diagram, language: str, name: str) -> None:
        self._diagram = diagram
        self._language = language
        count = max(len(diagram.participants), 1)
        self._width = max(count * _PITCH, LEAST_WIDTH)
        share = self._width / count
        self._at = {
            actor: share * index + share / 2 for index, actor in enumerate(diagram.participants)
        }
        self._columns = int((self._width - _TEXT_AT - _MARGIN) / _COLUMN)
        self._name = name

    def parts(self) -> Iterator[str]:
        """The element from its begin tag to its end tag."""
        rows, y = [], float(_HEAD + _MARGIN)
        for message in self._diagram.messages:
            lines = self._lines(message)
            rows.append((message, lines, y))
            y += len(lines) * _LINE + _BAND_PADDING + _ARROW_ROW
        yield from self._begin(y)
        yield from self._heads()
        for message, lines, top in rows:
            yield from self._band(message.number, lines, top)
            below = top + len(lines) * _LINE + _BAND_PADDING
            yield self._lifelines(below, _ARROW_ROW)
            yield from self._arrow(message, below + _ARROW_ROW / 2)
        yield "</svg>"

    def _begin(self, height: float) -> Iterator[str]:
        title, description = f"{self._name}-title", f"{self._name}-description"
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" {_ROOT} '
            f'lang="{self._language}" aria-labelledby="{title} {description}" '
            f'width="{self._width}" height="{height:g}" '
            f'viewBox="0 0 {self._width} {height:g}">'
        )
        yield f'<title id="{title}">{self._told(self._diagram.title)}</title>'
        yield f'<desc id="{description}">{self._told(self._diagram.description)}</desc>'

    def _heads(self) -> Iterator[str]:
        box = _PITCH - 12
        for actor, x in self._at.items():
            yield f'<rect {_BOX} x="{x - box / 2:g}" y="1" width="{box}" height="{_HEAD - 2}"/>'
            yield f'<text {_HEADING} x="{x:g}" y="21">{self._told(NAMES[actor])}</text>'
        yield self._lifelines(_HEAD, _MARGIN)

    def _lifelines(self, top: float, height: float) -> str:
        """Only between bands, so that no line runs through a sentence."""
        path = "".join(f"M{x:g} {top:g}v{height:g}" for x in self._at.values())
        return f'<path {_LIFE} d="{path}"/>'

    def _band(self, number: int, lines: list[str], top: float) -> Iterator[str]:
        height = len(lines) * _LINE + _BAND_PADDING
        baseline = top + _BAND_PADDING / 2 + 15
        yield (
            f'<rect {_BAND} x="4" y="{top:g}" width="{self._width - 8}" height="{height:g}"/>'
            f'<text {_HEADING} x="{_TEXT_AT / 2 + 2:g}" y="{baseline:g}">{number}</text>'
        )
        for index, line in enumerate(lines):
            y = baseline + index * _LINE
            yield f'<text x="{_TEXT_AT}" y="{y:g}">{escape(line.strip())}</text>'

    def _arrow(self, message: Message, y: float) -> Iterator[str]:
        begin, end = self._at[message.sender], self._at[message.receiver]
        if begin == end:
            yield f'<path {_ARROW} d="M{begin:g} {y - 7:g}h{_LOOP}v14h{8 - _LOOP}"/>'
            yield _tip(begin, y + 7, direction=-1)
            middle = begin + _LOOP
        else:
            direction = 1 if end > begin else -1
            yield f'<path {_ARROW} d="M{begin:g} {y:g}H{end - direction * 8:g}"/>'
            yield _tip(end, y, direction=direction)
            middle = (begin + end) / 2
        if message.stopped_by:
            yield f'<path {_CROSS} d="M{middle - 7:g} {y - 7:g}l14 14m0 -14l-14 14"/>'

    def _lines(self, message: Message) -> list[str]:
        """The sentence, and what stops it, broken to the width."""
        texts = [message.says, *([message.stopped_by] if message.stopped_by else [])]
        return [
            line
            for text in texts
            for line in wrap(in_language(text, self._language), self._columns)
        ]

    def _told(self, text: Text) -> str:
        return escape(in_language(text, self._language))


def _tip(x: float, y: float, *, direction: int) -> str:
    """The head of an arrow that points to `x`: to the right with `direction` 1, or to the left."""
    return f'<path d="M{x:g} {y:g}l{-9 * direction} -5v10z"/>'
