"""Sequence diagrams as SVG: one element that stands alone, without script, font or link.

Sentences are text and not drawn, so that they can be searched, copied and read aloud. Nothing is
told by colour alone: what is stopped has a cross and says by what.
"""

from __future__ import annotations

from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING

from warifu.authentication.transaction.width import wrap
from warifu.lab.threat.sequence import NAMES, diagram_of, in_language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.base.rule import Text
    from warifu.lab.threat.sequence import Diagram, Message
    from warifu.risk.threat.question import Verdict
    from warifu.risk.threat.story import Story

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
_ARROW_AT = 20
_TEXT_AT = 40
_LOOP = 26

# Colours that stand out on light and on dark ground come from the reader's own preference.
_STYLE = (
    ".warifu-sequence{--ink:#1b1f24;--paper:#fff;--band:#f1f4f8;--line:#8a94a3;--head:#dfe7f2;"
    "--stop:#a3250f;color:var(--ink);background:var(--paper);"
    "font:14px/1.4 system-ui,'Hiragino Sans','Noto Sans JP','Yu Gothic',sans-serif}"
    "@media(prefers-color-scheme:dark){.warifu-sequence{--ink:#e7ebf0;--paper:#15191f;"
    "--band:#222933;--line:#77818f;--head:#2b3a50;--stop:#ff9c88}}"
    ".warifu-sequence text{fill:var(--ink)}"
    ".warifu-sequence .name{font-weight:600;text-anchor:middle}"
    ".warifu-sequence .number{font-weight:600;text-anchor:middle}"
    ".warifu-sequence .stopped{fill:var(--stop)}"
    ".warifu-sequence .box{fill:var(--head);stroke:var(--line)}"
    ".warifu-sequence .band{fill:var(--band)}"
    ".warifu-sequence .life{stroke:var(--line);stroke-dasharray:4 4}"
    ".warifu-sequence .arrow{stroke:var(--ink);stroke-width:1.6;fill:none}"
    ".warifu-sequence .tip{fill:var(--ink)}"
    ".warifu-sequence .cross{stroke:var(--stop);stroke-width:3;fill:none}"
)


def draw(subject: Diagram | Story | Verdict, language: str, *, name: str = "") -> str:
    """Draw a sequence diagram.

    Args:
        subject: A diagram, or what one is made of.
        language: ``ja`` or ``en``.
        name: Makes the element's identifiers its own where a page holds the same diagram twice.

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
        self._name = sha256(f"{name}{diagram}".encode()).hexdigest()[:12]

    def parts(self) -> Iterator[str]:
        """The element from its begin tag to its end tag."""
        rows, y = [], float(_HEAD + _MARGIN)
        for message in self._diagram.messages:
            lines = self._lines(message)
            rows.append((message, lines, y))
            y += len(lines) * _LINE + _BAND_PADDING + _ARROW_ROW
        yield from self._begin(y)
        yield from self._lifelines(y)
        for message, lines, top in rows:
            yield from self._band(message, lines, top)
            yield from self._arrow(message, top + len(lines) * _LINE + _BAND_PADDING + _ARROW_AT)
        yield "</svg>"

    def _begin(self, height: float) -> Iterator[str]:
        title, description = f"title-{self._name}", f"description-{self._name}"
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="warifu-sequence" role="img" '
            f'lang="{self._language}" aria-labelledby="{title} {description}" '
            f'width="{self._width}" height="{height:g}" '
            f'viewBox="0 0 {self._width} {height:g}">'
        )
        yield f'<title id="{title}">{self._told(self._diagram.title)}</title>'
        yield f'<desc id="{description}">{self._told(self._diagram.description)}</desc>'
        yield f"<style>{_STYLE}</style>"

    def _lifelines(self, height: float) -> Iterator[str]:
        box = _PITCH - 12
        for actor, x in self._at.items():
            yield f'<path class="life" d="M{x:g} {_HEAD}V{height - 4:g}"/>'
            yield (
                f'<rect class="box" x="{x - box / 2:g}" y="1" width="{box}" '
                f'height="{_HEAD - 2}" rx="6"/>'
            )
            yield f'<text class="name" x="{x:g}" y="21">{self._told(NAMES[actor])}</text>'

    def _band(self, message: Message, lines: list[tuple[str, str]], top: float) -> Iterator[str]:
        height = len(lines) * _LINE + _BAND_PADDING
        yield (
            f'<rect class="band" x="4" y="{top:g}" width="{self._width - 8}" '
            f'height="{height:g}" rx="6"/>'
        )
        baseline = top + _BAND_PADDING / 2 + 15
        yield (
            f'<text class="number" x="{_TEXT_AT / 2 + 2:g}" y="{baseline:g}">'
            f"{message.number}</text>"
        )
        for index, (style, line) in enumerate(lines):
            yield (
                f'<text class="{style}" x="{_TEXT_AT}" y="{baseline + index * _LINE:g}">'
                f"{escape(line.strip())}</text>"
            )

    def _arrow(self, message: Message, y: float) -> Iterator[str]:
        begin, end = self._at[message.sender], self._at[message.receiver]
        if begin == end:
            yield f'<path class="arrow" d="M{begin:g} {y - 7:g}h{_LOOP}v14h{8 - _LOOP}"/>'
            yield _tip(begin, y + 7, direction=-1)
            middle = begin + _LOOP
        else:
            direction = 1 if end > begin else -1
            yield f'<path class="arrow" d="M{begin:g} {y:g}H{end - direction * 8:g}"/>'
            yield _tip(end, y, direction=direction)
            middle = (begin + end) / 2
        if message.stopped_by:
            yield f'<path class="cross" d="M{middle - 7:g} {y - 7:g}l14 14m0 -14l-14 14"/>'

    def _lines(self, message: Message) -> list[tuple[str, str]]:
        """The sentence, and what stops it, broken to the width; with the class of each line."""
        texts = [("says", message.says)]
        if message.stopped_by:
            texts.append(("stopped", message.stopped_by))
        return [
            (style, line)
            for style, text in texts
            for line in wrap(in_language(text, self._language), self._columns)
        ]

    def _told(self, text: Text) -> str:
        return escape(in_language(text, self._language))


def _tip(x: float, y: float, *, direction: int) -> str:
    """The head of an arrow that points to `x`: to the right with `direction` 1, or to the left."""
    return f'<path class="tip" d="M{x:g} {y:g}l{-9 * direction} -5v10z"/>'
