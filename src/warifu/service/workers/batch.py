"""Verifying many pieces of evidence over several processes, in order.

For back-fills, replays and re-appraisals. Verification is pure computation, so it scales with
cores; what limits it is sending results back, therefore `finish` may make them small on the spot.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import datetime
from itertools import islice
from multiprocessing import get_context
from multiprocessing.reduction import ForkingPickler
from typing import TypeAlias, TypeVar, cast

from msgspec import Struct

from warifu.attestation.claims import Claims
from warifu.attestation.examination import Gaps
from warifu.attestation.expectations import Expectations
from warifu.attestation.trust.view import TrustView
from warifu.attestation.verifier import Evidence, verify_evidence
from warifu.base.errors import Misuse, WarifuError
from warifu.base.secret import Secret
from warifu.service.rules import WORKERS

Result = TypeVar("Result")
Chunk: TypeAlias = Future[list[Result | WarifuError]]

CHUNK = 32
"""Requests sent to a process at a time."""
CHUNKS_AHEAD = 4
"""Chunks under way for each process: what bounds the memory of a stream without end."""


class Request(Struct, frozen=True, kw_only=True):
    """One verification."""

    evidence: Evidence
    expected: Expectations
    at: datetime
    """When the evidence was made, with a UTC offset."""
    gaps: Gaps = Gaps.REFUSE


def verify_many(
    requests: Iterable[Request],
    *,
    trust: TrustView,
    workers: int,
    finish: Callable[[Claims], Result],
) -> Generator[Result | WarifuError, None, None]:
    """Verify a stream of requests.

    Args:
        requests: Read as they are needed, a bounded number ahead.
        trust: What is believed, for all of them; sent to each process once.
        workers: Processes; 1 works in this process.
        finish: Makes of the claims what shall come back; `keep_claims` keeps all. A function of a
            module, so that it can be named to another process. It must not raise.

    Yields:
        For each request, in order, what `finish` made, or the error that refused it. One bad piece
        of evidence stops nothing.

    Raises:
        Misuse: Fewer than one worker.
    """
    if workers < 1:
        raise Misuse(WORKERS, str(workers))
    if workers == 1:
        return (_verify(request, trust, finish) for request in requests)
    return _verify_in_processes(requests, trust, workers, finish)


def keep_claims(claims: Claims) -> Claims:
    """The `finish` that sends all claims back."""
    return claims


def _verify_in_processes(
    requests: Iterable[Request],
    trust: TrustView,
    workers: int,
    finish: Callable[[Claims], Result],
) -> Generator[Result | WarifuError, None, None]:
    remaining = iter(requests)
    waiting: deque[Chunk[Result]] = deque()
    # A fresh process has none of our threads, locks or secrets; a forked one would.
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_start, initargs=(trust, finish)
    )
    try:
        while chunk := list(islice(remaining, CHUNK)):
            waiting.append(cast("Chunk[Result]", pool.submit(_verify_chunk, chunk)))
            if len(waiting) >= workers * CHUNKS_AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _start(trust: TrustView, finish: Callable[[Claims], object]) -> None:
    """Runs once in each process."""
    _given.append((trust, finish))


def _verify_chunk(chunk: list[Request]) -> list[object]:
    trust, finish = _given[0]
    return [_verify(request, trust, finish) for request in chunk]


def _verify(
    request: Request, trust: TrustView, finish: Callable[[Claims], Result]
) -> Result | WarifuError:
    try:
        claims = verify_evidence(
            request.evidence,
            expected=request.expected,
            trust=trust,
            at=request.at,
            gaps=request.gaps,
        )
    except WarifuError as error:
        # Without the frames it passed through, which would keep all they held alive.
        return error.with_traceback(None)
    return finish(claims)


def _to_own_process(secret: Secret) -> tuple[type[Secret], tuple[bytes]]:
    """Secrets are never pickled, except for a pipe to a process of our own."""
    return Secret, (secret.reveal(),)


ForkingPickler.register(Secret, _to_own_process)
_given: list[tuple[TrustView, Callable[[Claims], object]]] = []
