"""Whether batches of verifications scale with cores, and whether memory stays flat."""

from __future__ import annotations

import gc
import os
import random
import sys
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.attestation.claims import Claims
from warifu.attestation.verifier import FORMATS, Evidence
from warifu.base.errors import WarifuError
from warifu.service.workers import batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.bench.case import Request

CALLS = 4000
WARM_SECONDS = 3.0
"""Until every process has started: a slow one would be counted as if it did not help."""
ROUNDS = 5
VERIFICATIONS = 100_000
SAMPLES = 10
_PAGE = 4096


class Throughput(Struct, frozen=True, kw_only=True):
    """Verifications per second, start-up of the processes not counted."""

    workers: int
    per_second: float
    times_one: float
    """Median over the rounds of the ratio to one worker in the same round."""
    here_micros: float
    """Processor time of the calling process per verification: what does not spread over cores."""
    micros: float
    """Processor time of all processes per verification."""
    times_one_if_free: float
    """The ratio that processor times allow where nobody else uses the cores."""


class Memory(Struct, frozen=True, kw_only=True):
    """The process after a number of verifications."""

    verifications: int
    resident_kib: int
    blocks: int
    """Blocks held by the interpreter's allocator."""


def spent(claims: Claims) -> tuple[int, float, bytes | None]:
    """What a batch sends back of each result here: the key, and what this process has spent."""
    return os.getpid(), process_time(), claims.key.public_key if claims.key else None


def throughput(request: Request, most_workers: int, rounds: int = ROUNDS) -> list[Throughput]:
    """Measure one to `most_workers` processes, in turn within each round."""
    found: dict[int, list[_Round]] = {n + 1: [] for n in range(most_workers)}
    for _ in range(rounds):
        for workers, measured in found.items():
            measured.append(_round(request, workers))
    one = found[1]
    return [
        Throughput(
            workers=workers,
            per_second=median(a.rate for a in measured),
            times_one=median(a.rate / b.rate for a, b in zip(measured, one, strict=True)),
            here_micros=median(a.here for a in measured),
            micros=median(a.everywhere for a in measured),
            times_one_if_free=median(
                workers * b.everywhere / a.everywhere for a, b in zip(measured, one, strict=True)
            ),
        )
        for workers, measured in found.items()
    ]


def memory(requests: Sequence[Request], verifications: int = VERIFICATIONS) -> list[Memory]:
    """Verify evidence of all formats, every second piece changed in a random byte each time.

    Changed evidence is new content: whatever remembers by content would grow on it.
    """
    samples = []
    step = verifications // SAMPLES
    stream = _changing(requests)
    for number in range(SAMPLES):
        for request in islice(stream, step):
            try:
                request.verify()
            except WarifuError:
                continue
        gc.collect()
        samples.append(
            Memory(
                verifications=(number + 1) * step,
                resident_kib=_resident_kib(),
                blocks=sys.getallocatedblocks(),
            )
        )
    return samples


class _Round(Struct, frozen=True):
    rate: float
    """Verifications a second."""
    here: float
    """Microseconds of this process for each."""
    everywhere: float
    """Microseconds of all processes for each."""


def _round(request: Request, workers: int) -> _Round:
    outcomes = batch.verify_many(
        _copies(request), trust=request.trust, workers=workers, finish=spent
    )
    warm_until = perf_counter() + WARM_SECONDS
    for outcome in outcomes:
        if isinstance(outcome, WarifuError):
            raise outcome
        if perf_counter() > warm_until:
            break
    start, busy = perf_counter(), process_time()
    spent_by: dict[int, list[float]] = {}
    for outcome in islice(outcomes, CALLS):
        if not isinstance(outcome, WarifuError):
            spent_by.setdefault(outcome[0], []).append(outcome[1])
    seconds, busy = perf_counter() - start, process_time() - busy
    outcomes.close()
    here = busy / CALLS * 1e6
    elsewhere = sum(times[-1] - times[0] for pid, times in spent_by.items() if pid != os.getpid())
    return _Round(CALLS / seconds, here, here + elsewhere / CALLS * 1e6)


def _copies(request: Request) -> Iterator[batch.Request]:
    """Each with its own bytes, so that each crosses to its process as a new one would."""
    media_type = FORMATS[request.format].media_type
    while True:
        yield batch.Request(
            evidence=Evidence(media_type=media_type, data=bytes(bytearray(request.evidence))),
            expected=request.expected,
            at=request.at,
            gaps=request.gaps,
        )


def _changing(requests: Sequence[Request]) -> Iterator[Request]:
    chosen = random.Random(1)
    for request in cycle(requests):
        yield request
        changed = bytearray(request.evidence)
        changed[chosen.randrange(len(changed))] ^= 1 << chosen.randrange(8)
        yield type(request)(
            format=request.format,
            evidence=bytes(changed),
            expected=request.expected,
            trust=request.trust,
            at=request.at,
            gaps=request.gaps,
        )


def _resident_kib() -> int:
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * _PAGE // 1024
