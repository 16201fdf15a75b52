"""How fast the demo goes: a person presses a key for what comes next, anything else never waits."""

from __future__ import annotations

import os
import sys
from enum import StrEnum


class Wish(StrEnum):
    """What the person who watches wants."""

    NEXT = "next"
    RUN = "run"
    """To the end, without stopping."""
    LEAVE = "leave"


_WISHES = {"q": Wish.LEAVE, "\x03": Wish.LEAVE, "\x04": Wish.LEAVE, "": Wish.LEAVE, "c": Wish.RUN}


class Pace:
    """Waits for a key between two parts, where there is somebody to press one."""

    def __init__(self, *, waits: bool) -> None:
        """Wait, or never."""
        self._waits = waits

    @classmethod
    def of_terminal(cls) -> Pace:
        """Waits where both ends are a terminal."""
        return cls(waits=sys.stdin.isatty() and sys.stdout.isatty())

    @property
    def waits(self) -> bool:
        """Whether somebody is there."""
        return self._waits

    def goes_on(self) -> bool:
        """Wait for a key; False where the person leaves."""
        if not self._waits:
            return True
        wish = _WISHES.get(_key(), Wish.NEXT)
        if wish is Wish.RUN:
            self._waits = False
        return wish is not Wish.LEAVE


def _key() -> str:
    """One key, without Enter."""
    import termios  # noqa: PLC0415 - only where there is a terminal
    import tty  # noqa: PLC0415

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        return os.read(terminal, 1).decode(errors="replace").lower()
    except KeyboardInterrupt:
        return "q"
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
