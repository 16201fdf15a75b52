"""Something read from disk, read again when it changes, and kept when it breaks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

from warifu.base.errors import WarifuError

LOOK_SECONDS = 1.0
"""How often the file's state is asked for at most."""
RETRY_SECONDS = 60.0
"""After how long a file that could not be read is tried again, though it looks the same."""

Thing = TypeVar("Thing")
State = tuple[int, int, int] | None
"""Inode, time of change and size; None where there is no file to ask."""


class Reloading(Generic[Thing]):
    """The present state of something on disk. Safe to use from several threads.

    One thread reads; meanwhile, and for as long as what is there cannot be read, everyone has the
    last good one.
    """

    def __init__(
        self,
        file: Path,
        read: Callable[[], Thing],
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Read for the first time.

        Args:
            file: Changes whenever the thing does.
            read: Reads the thing whole, or raises a `WarifuError`.
            clock: Seconds that never run backwards.

        Raises:
            WarifuError: What `read` raises; there is nothing yet to go on with.
        """
        self._file = file
        self._read = read
        self._clock = clock
        self._reading = Lock()
        self._seen = _state(file)
        self._good = read()
        self._trouble: WarifuError | None = None
        self._looked = self._tried = clock()

    def now(self) -> Thing:
        """The thing as it stands, or as it last stood whole."""
        now = self._clock()
        if now - self._looked >= LOOK_SECONDS and self._reading.acquire(blocking=False):
            try:
                self._looked = now
                self._look(now)
            finally:
                self._reading.release()
        return self._good

    def trouble(self) -> WarifuError | None:
        """Why the present state could not be read; None where it could."""
        return self._trouble

    def _look(self, now: float) -> None:
        # The state from before reading: a change made meanwhile is seen the next time.
        state = _state(self._file)
        due = self._trouble is not None and now - self._tried >= RETRY_SECONDS
        if state == self._seen and not due:
            return
        self._seen, self._tried = state, now
        try:
            self._good = self._read()
            self._trouble = None
        except WarifuError as error:
            self._trouble = error


def _state(file: Path) -> State:
    try:
        found = os.stat(file)  # noqa: PTH116 - without a new path object on every request
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
