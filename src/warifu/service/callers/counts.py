"""Counts within one process, for `limits`.

The library's own starts a thread for nearly every count and drops a lock that another thread may
hold. Here one lock is held for a dictionary's update, and time is monotonic: a clock that is set
back lifts no limit and locks nobody out.
"""

from __future__ import annotations

import threading
import time

from limits.storage import Storage

MAX_KEYS = 100_000
"""Windows that are counted at a time; beyond it those that began first are forgotten."""


class ProcessCounts(Storage):
    """Fixed windows in memory."""

    STORAGE_SCHEME = ["warifu-process"]  # noqa: RUF012 - as the library declares it

    def __init__(self) -> None:
        """Nothing is counted yet."""
        super().__init__()
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[float, int]] = {}
        """When each ends, by the monotonic clock, and its count; in the order they began."""

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing in particular goes wrong."""
        return RuntimeError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, and tell how many there are in the window."""
        now = time.monotonic()
        with self._lock:
            ends, count = self._windows.get(key, (0.0, 0))
            if ends <= now:
                self._windows.pop(key, None)
                ends, count = now + expiry, 0
                self._make_room(now)
            self._windows[key] = (ends, count + amount)
        return count + amount

    def get(self, key: str) -> int:
        """How many there are in the window."""
        ends, count = self._windows.get(key, (0.0, 0))
        return count if ends > time.monotonic() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, as a time of day in seconds since 1970."""
        ends, _ = self._windows.get(key, (0.0, 0))
        return time.time() + max(0.0, ends - time.monotonic())

    def check(self) -> bool:
        """Always at hand."""
        return True

    def reset(self) -> int:
        """Forget everything."""
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one window."""
        with self._lock:
            self._windows.pop(key, None)

    def _make_room(self, now: float) -> None:
        """Windows began in order and are equally long, so what ended stands first."""
        while self._windows:
            first = next(iter(self._windows))
            if self._windows[first][0] > now and len(self._windows) < MAX_KEYS:
                return
            del self._windows[first]
