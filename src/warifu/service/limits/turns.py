"""Turns for what costs so much that only a few may do it side by side."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from warifu.base.errors import VerifierFault
from warifu.service.limits.rules import BUSY

if TYPE_CHECKING:
    from collections.abc import Iterator


class Turns:
    """Who may begin now, who waits, and who is sent away. Safe to use from several threads."""

    def __init__(self) -> None:
        """Nobody is at work."""
        self._changed = threading.Condition()
        self._working = 0
        self._waiting = 0

    @contextmanager
    def take(self, *, at_once: int, waiting: int, seconds: float) -> Iterator[None]:
        """Be one of `at_once`, or one of those who wait for it.

        Args:
            at_once: How many may be at work.
            waiting: How many more may wait: each keeps a thread that could serve others.
            seconds: How long at most.

        Raises:
            VerifierFault: ``limits/busy``: nothing was begun.
        """
        with self._changed:
            if self._working >= at_once:
                self._wait(at_once, waiting, seconds)
            self._working += 1
        try:
            yield
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify()

    def _wait(self, at_once: int, waiting: int, seconds: float) -> None:
        if self._waiting >= waiting:
            raise VerifierFault(BUSY, f"{self._working} at work, {self._waiting} waiting")
        self._waiting += 1
        try:
            if not self._changed.wait_for(lambda: self._working < at_once, seconds):
                raise VerifierFault(BUSY, f"waited {seconds} s")
        finally:
            self._waiting -= 1
