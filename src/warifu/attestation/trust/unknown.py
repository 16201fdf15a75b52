"""What a publisher wrote and we did not understand: tolerated, never silently."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NOTES = 256
MAX_NOTE_LENGTH = 160


class Unknown:
    """Collects notes, each once, up to `MAX_NOTES`; then only counts."""

    def __init__(self) -> None:
        """Start with nothing unknown."""
        self._notes: dict[str, None] = {}
        self._left_off = 0

    def add(self, note: str) -> None:
        """Note one thing."""
        note = note[:MAX_NOTE_LENGTH]
        if note in self._notes:
            return
        if len(self._notes) < MAX_NOTES:
            self._notes[note] = None
        else:
            self._left_off += 1

    def members(self, where: str, found: Iterable[str], known: frozenset[str]) -> None:
        """Note each name in `found` that is not `known`."""
        for name in found:
            if name not in known:
                self.add(f"{where}{name}")

    def notes(self) -> tuple[str, ...]:
        """The notes in order, and how many were left off."""
        rest = (f"and {self._left_off} more",) if self._left_off else ()
        return (*self._notes, *rest)
