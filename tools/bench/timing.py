"""Timing several functions against each other on a machine that is not quiet.

All subjects of a case are timed in turn within each round (A B C, A B C ...), in small batches, and
the fastest batch of a round stands for the round: noise only ever adds. A ratio is taken within a
round, where the machine was in one state, and the median over the rounds is what is printed. The
garbage collector is held off while a batch runs, for everyone alike.
"""

from __future__ import annotations

import gc
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.bench.case import Work

BATCH_SECONDS = 0.0025
"""Shorter than the turn another process gets, so that some batches are never interrupted."""
MIN_CALLS = 4


class Effort(Struct, frozen=True, kw_only=True):
    """How long to measure."""

    rounds: int
    batches: int
    """Batches of each subject within a round."""


THOROUGH = Effort(rounds=15, batches=20)
QUICK = Effort(rounds=3, batches=5)


class Timing(Struct, frozen=True, kw_only=True):
    """What was measured of one subject."""

    seconds: float
    """Median over the rounds of the fastest batch, per call."""
    rounds: tuple[float, ...]


def measure(subjects: Mapping[str, Work], effort: Effort) -> dict[str, Timing]:
    """Time all subjects, interleaved."""
    calls = {name: _calls(work) for name, work in subjects.items()}
    rounds: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(effort.rounds):
        best = dict.fromkeys(subjects, float("inf"))
        gc.collect()
        gc.disable()
        try:
            for _ in range(effort.batches):
                for name, work in subjects.items():
                    best[name] = min(best[name], _time(work, calls[name]))
        finally:
            gc.enable()
        for name, seconds in best.items():
            rounds[name].append(seconds)
    return {
        name: Timing(seconds=median(found), rounds=tuple(found)) for name, found in rounds.items()
    }


def ratio(above: Timing, below: Timing) -> float:
    """How many times longer one took than the other: the median of the rounds' ratios."""
    return median(a / b for a, b in zip(above.rounds, below.rounds, strict=True))


def _calls(work: Work) -> int:
    """How many calls make a batch; the calls made to find out also warm everything up."""
    work()
    seconds = min(_time(work, MIN_CALLS) for _ in range(3))
    return max(MIN_CALLS, int(BATCH_SECONDS / seconds))


def _time(work: Work, calls: int) -> float:
    work()  # not timed: it finds the processor's caches as the subject before left them
    start = perf_counter()
    for _ in range(calls):
        work()
    return (perf_counter() - start) / calls
