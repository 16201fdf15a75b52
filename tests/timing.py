"""Timing that judges the code and not the machine it shares."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from warifu.base.errors import WarifuError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_SECONDS = 0.9
"""Well under a second, with room for a machine that is busy with other things."""
MAX_GROWTH = 9.0
"""From a quarter to the whole: between the 4 of a linear and the 16 of a quadratic reader."""


@contextmanager
def heap_set_aside() -> Iterator[None]:
    """Keep what the test session holds from the garbage collector.

    Walking that heap again and again would be the session's cost and not the reader's. It is walked
    once here, however much is timed within.
    """
    if gc.get_freeze_count():
        yield
        return
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def best_seconds(run: Callable[[bytes], object], data: bytes, times: int = 5) -> float:
    """The fastest of several runs, in processor time of this thread."""
    best = float("inf")
    with heap_set_aside():
        for _ in range(times):
            started = time.thread_time()
            with suppress(WarifuError):
                run(data)
            best = min(best, time.thread_time() - started)
    return best
