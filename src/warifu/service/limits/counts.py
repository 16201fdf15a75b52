"""Counting in fixed windows of a minute, by the library `limits`.

In one process the counts are our own: the library's start a thread for nearly every count, and
drop a lock that another thread may hold. Here one lock is held for a dictionary's update, and time
is monotonic: a clock that is set back lifts no limit and locks nobody out.
"""

from __future__ import annotations

import threading
import time
from functools import lru_cache
from math import ceil

from limits import RateLimitItemPerMinute
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

WINDOW_SECONDS = 60
IN_PROCESS = "memory://"
STORAGE_SECONDS = 2
"""How long a storage beyond this process may take."""
MAX_KEYS = 100_000
"""Windows that are counted at a time; beyond it those that began first are forgotten."""


class Counter:
    """Counts of one kind. Whatever its storage raises, nothing was counted."""

    def __init__(self, kind: str, url: str) -> None:
        """Open the storage.

        Args:
            kind: What is counted; kinds share a storage and no count.
            url: ``memory://``, or another URL that `limits` knows.
        """
        self.kind = kind
        self._limiter = FixedWindowRateLimiter(_storage(url))

    def hit(self, most: int, *who: str) -> bool:
        """Count one, and tell whether it is within `most` of the minute."""
        return self._limiter.hit(_per_minute(self.kind, most), *who)

    def test(self, most: int, *who: str) -> bool:
        """Whether one more would be within `most`; counts nothing."""
        return self._limiter.test(_per_minute(self.kind, most), *who)

    def seconds_left(self, most: int, *who: str) -> int:
        """After how many seconds the minute begins anew."""
        ends = self._limiter.get_window_stats(_per_minute(self.kind, most), *who).reset_time
        return min(max(1, ceil(ends - time.time())), WINDOW_SECONDS)


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


@lru_cache(maxsize=64)
def _per_minute(kind: str, most: int) -> RateLimitItemPerMinute:
    return RateLimitItemPerMinute(most, namespace=kind)


def _storage(url: str) -> Storage:
    if url == IN_PROCESS:
        return ProcessCounts()
    patience = {"socket_timeout": STORAGE_SECONDS, "socket_connect_timeout": STORAGE_SECONDS}
    storage = storage_from_string(url, **patience)
    if not isinstance(storage, Storage):
        raise TypeError("an asynchronous storage")
    return storage
