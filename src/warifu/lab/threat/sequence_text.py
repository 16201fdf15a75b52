"""Sequence diagrams as text of fixed columns, for terminals and mails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.authentication.transaction.width import columns, wrap
from warifu.lab.threat.sequence import NAMES, diagram_of, in_language

if TYPE_CHECKING:
    from warifu.lab.threat.sequence import Diagram, Message, Subject

WIDTH = 100
"""Columns of a diagram, unless told."""
LEAST_TEXT = 30
"""Columns that sentences need beside the lifelines; with fewer they stand above their arrows."""

_GAP = 3
_LOOP = 3


def draw(subject: Subject, language: str, *, width: int = WIDTH) -> tuple[str, ...]:
    """Draw a sequence diagram: lifelines on the left, the sentence of each arrow beside it.

    Args:
        subject: A diagram, or what one is made of.
        language: ``ja`` or ``en``.
        width: Columns to keep within where the lifelines leave room; kana and kanji take two.

    Returns:
        Lines without line ends; none where nothing is sent.
    """
    diagram = diagram_of(subject)
    if not diagram.messages:
        return ()
    canvas = _Canvas(diagram, language, width)
    lines = [*canvas.heads(), canvas.row()]
    for message in diagram.messages:
        lines += [*canvas.arrow(message), canvas.row()]
    return tuple(line.rstrip() for line in lines)


class _Canvas:
    """Where the lifelines stand. Each is drawn in the middle column of its participant's box."""

    def __init__(self, diagram: Diagram, language: str, width: int) -> None:
        self._language = language
        self._names = {each: in_language(NAMES[each], language) for each in diagram.participants}
        # A box is as wide as its name with a bar on both sides: odd, so that it has a middle.
        self._widest = max(columns(name) for name in self._names.values()) | 1
        self._pitch = self._widest + _GAP
        self._at = {
            actor: self._widest // 2 + 1 + index * self._pitch
            for index, actor in enumerate(self._names)
        }
        self._end = max(self._at.values()) + self._widest // 2 + _GAP
        self._is_beside = width - self._end >= LEAST_TEXT
        self._text = width - self._end if self._is_beside else max(width, LEAST_TEXT)

    def heads(self) -> list[str]:
        """The participants' names in boxes."""
        bar = "─" * self._widest
        half = "─" * (self._widest // 2)
        names = [self._centred(name) for name in self._names.values()]
        return [
            self._boxes([f"┌{bar}┐" for _ in names]),
            self._boxes([f"│{name}│" for name in names]),
            self._boxes([f"└{half}┬{half}┘" for _ in names]),
        ]

    def row(self) -> str:
        """Lifelines on which nothing happens."""
        return "".join(self._lifelines())

    def arrow(self, message: Message) -> list[str]:
        """The arrow, with its sentence and what stops it beside it or above."""
        says = [message.says, *([message.stopped_by] if message.stopped_by else [])]
        label = f"{message.number:>2} "
        told = [
            line
            for text in says
            for line in wrap(in_language(text, self._language), self._text - len(label))
        ]
        is_inside = message.sender is message.receiver
        drawn = self._loop(message) if is_inside else [self._straight(message)]
        numbered = [f"{' ' if row else label:<{len(label)}}{line}" for row, line in enumerate(told)]
        if not self._is_beside:
            return [*numbered, *drawn]
        height = max(len(told), len(drawn))
        left = [*drawn, *[self.row()] * (height - len(drawn))]
        right = [*numbered, *[""] * (height - len(told))]
        return [before + after for before, after in zip(left, right, strict=True)]

    def _straight(self, message: Message) -> str:
        begin, end = self._at[message.sender], self._at[message.receiver]
        cells = self._lifelines()
        left, right = min(begin, end), max(begin, end)
        cells[left + 1 : right] = "─" * (right - left - 1)
        cells[begin] = "├" if begin < end else "┤"
        cells[end - 1 if begin < end else end + 1] = ">" if begin < end else "<"
        if message.stopped_by:
            cells[(left + right) // 2] = "X"
        return "".join(cells)

    def _loop(self, message: Message) -> list[str]:
        """What happens inside: out of the lifeline and back into it."""
        at = self._at[message.sender]
        out, back = self._lifelines(), self._lifelines()
        out[at : at + _LOOP] = "├─┐"
        back[at + 1 : at + _LOOP] = "X┘" if message.stopped_by else "<┘"
        return ["".join(out), "".join(back)]

    def _lifelines(self) -> list[str]:
        cells = [" "] * self._end
        for at in self._at.values():
            cells[at] = "│"
        return cells

    def _boxes(self, parts: list[str]) -> str:
        return (" " * (_GAP - 2)).join(parts)

    def _centred(self, name: str) -> str:
        left = (self._widest - columns(name)) // 2
        return " " * left + name + " " * (self._widest - columns(name) - left)
