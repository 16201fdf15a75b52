"""What the rest of the service tells: one call for each thing that happened. None raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.base.errors import BadEvidence, Denied, Misuse, WarifuError
from warifu.service.observe.current import CURRENT
from warifu.service.observe.log import log

if TYPE_CHECKING:
    from warifu.service.observe.metrics import Metrics

UNFORESEEN = "service/answered"
"""The code under which callers are told of it."""

_counting: list[Metrics] = []
_CHALLENGE = "challenge/"
_EXPIRED = "challenge/in-time"
_FAULTS: tuple[tuple[type[WarifuError], str], ...] = (
    (Misuse, "misuse"),
    (BadEvidence, "evidence"),
    (Denied, "denied"),
)


def count_with(metrics: Metrics | None) -> None:
    """Count with these from now on, or no longer."""
    _counting[:] = [] if metrics is None else [metrics]


def counting() -> Metrics | None:
    """What is counted with, if anything."""
    return _counting[0] if _counting else None


def answered(route: str | None, method: str, status: int, seconds: float) -> None:
    """A request was answered; `route` is its template, None where none matched."""
    for metrics in _counting:
        metrics.answered(route, method, status, seconds)


def failed(error: WarifuError) -> None:
    """A request, or a job, was refused or could not be done."""
    if (seen := CURRENT.get()) is not None:
        seen.error = error
    for metrics in _counting:
        metrics.failed(fault_of(error), error.code)
        if error.code.startswith(_CHALLENGE):
            metrics.challenged("expired" if error.code == _EXPIRED else "refused")


def unexpected(error: BaseException) -> None:
    """Something happened that should not: it is logged with where it was raised, not its words."""
    for metrics in _counting:
        metrics.failed("unexpected", UNFORESEEN)
    log().error("unexpected exception", exception=error)


def decided(operation: str, outcome: str, code: str = "") -> None:
    """A decision was made; `code` is that of its first reason that counts."""
    for metrics in _counting:
        metrics.decided(operation, outcome, code)


def judged(name: str, verdict: str, code: str = "", *, basis: str) -> None:
    """Evidence that answered a challenge was verified and appraised."""
    challenged("used")
    verified(name, verdict, code)
    appraised(basis)


def verified(name: str, verdict: str, code: str = "") -> None:
    """Evidence of the format `name` was verified; `code` is the rule that was not met."""
    for metrics in _counting:
        metrics.verified(name, verdict, code)


def appraised(basis: str) -> None:
    """An appraisal was made."""
    for metrics in _counting:
        metrics.appraised(basis)


def challenged(event: str) -> None:
    """A challenge was ``issued``, ``used``, or refused as ``expired`` or otherwise ``refused``."""
    for metrics in _counting:
        metrics.challenged(event)


def deleted(kind: str, count: int) -> None:
    """Retention deleted `count` records of a kind."""
    for metrics in _counting:
        metrics.deleted(kind, count)


def fault_of(error: WarifuError) -> str:
    """Whose fault an error is, in one word."""
    for branch, word in _FAULTS:
        if isinstance(error, branch):
            return word
    return "verifier"
