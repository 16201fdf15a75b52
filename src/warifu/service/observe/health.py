"""Whether this process can do its work, and what is wrong where it cannot.

Stale trust does not take a process out of service: every process has it at once, and what happens
then is stated for each operation in the rule set. It is shown as *degraded*.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from msgspec import Struct

from warifu.base.errors import Misuse, WarifuError
from warifu.base.rule import Rule, Text
from warifu.service.observe.events import UNFORESEEN, failed
from warifu.service.observe.freshness import freshness
from warifu.service.store.schema import require_current

if TYPE_CHECKING:
    from warifu.service.composition import Composition

REMEMBERED_SECONDS = 1.0
"""Anyone may ask, and each question costs the database a statement."""
SHOWN_SECONDS = 15.0
"""What is told meanwhile while somebody looks, at most so old."""

READY = Rule(
    code="service/ready",
    clause="docs/operators.md",
    requires=Text(
        ja="データベースに接続でき、信頼情報と署名鍵を使用できる状態でなければなりません。",
        en="The database is reached and current, and trust and keys can be used.",
    ),
    stops="traffic to a process that can only fail",
)


class State(StrEnum):
    """How something is, best first."""

    OK = "ok"
    OFF = "off"
    """Not configured, and not needed for decisions."""
    DEGRADED = "degraded"
    """Usable, with less than it should be."""
    FAILED = "failed"


@runtime_checkable
class Troubled(Protocol):
    """A source that goes on with what it had where it cannot read what there is now."""

    def trouble(self) -> WarifuError | None:
        """Why it cannot, if so."""


class Check(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was looked at."""

    name: str
    state: State
    code: str | None = None
    """The rule that is not met."""
    age_seconds: int | None = None
    """Since the publisher last confirmed it."""
    left_seconds: int | None = None
    """Until it is no longer believed; negative where it is not."""


class Health(Struct, frozen=True, kw_only=True):
    """All checks, and the worst of them."""

    state: State
    checks: tuple[Check, ...]


class HealthOffice:
    """Looks after a process, at most once a second however often it is asked."""

    def __init__(self, house: Composition) -> None:
        """Of the process made of `house`."""
        self.house = house
        self._looking = Lock()
        self._last: tuple[float, Health] | None = None

    def look(self) -> Health:
        """How the process is now."""
        last = self._last
        age = inf if last is None else monotonic() - last[0]
        if last is not None and age < REMEMBERED_SECONDS:
            return last[1]
        # While one looks at a database that hangs, the others do not wait in every thread there is.
        looks = self._looking.acquire(blocking=age >= SHOWN_SECONDS)
        if last is not None and not looks:
            return last[1]
        try:
            if self._last is None or self._last is last:
                self._last = (monotonic(), examine(self.house))
            return self._last[1]
        finally:
            self._looking.release()


def examine(house: Composition) -> Health:
    """Look at everything that an answer needs. Never raises."""
    now = house.clock()
    checks = (
        _database(house),
        *_trust_checks(house, now),
        _keys(house, now),
    )
    order = list(State)
    worst = max((check.state for check in checks), key=order.index)
    return Health(state=State.OK if worst is State.OFF else worst, checks=checks)


def _trust_checks(house: Composition, now: datetime) -> Iterator[Check]:
    try:
        view = house.trust.now(now)
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is that it failed
        yield _failure("trust", error)
        return
    yield _source("trust", house.trust)
    for part in freshness(view):
        yield Check(
            name=f"trust/{part.kind}",
            state=State.OK if part.code is None else State.DEGRADED,
            code=part.code,
            age_seconds=_seconds(part.age),
            left_seconds=_seconds(part.left),
        )


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


def _failure(name: str, error: Exception) -> Check:
    if not isinstance(error, WarifuError):
        return Check(name=name, state=State.FAILED, code=UNFORESEEN)
    failed(error)
    return Check(name=name, state=State.FAILED, code=error.code)


def _database(house: Composition) -> Check:
    try:
        require_current(house.database)
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is that it failed
        return _failure("database", error)
    return Check(name="database", state=State.OK)


def _keys(house: Composition, now: datetime) -> Check:
    try:
        house.keys.ring(now)
    except Misuse:
        return Check(name="keys", state=State.OFF)
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is that it failed
        return _failure("keys", error)
    return _source("keys", house.keys)


def _source(name: str, source: object) -> Check:
    trouble = source.trouble() if isinstance(source, Troubled) else None
    if trouble is None:
        return Check(name=name, state=State.OK)
    failed(trouble)
    return Check(name=name, state=State.DEGRADED, code=trouble.code)
