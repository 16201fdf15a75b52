"""Whether this process can do its work, and what is wrong where it cannot.

Stale trust does not take a process out of service: every process has it at once, and what happens
then is stated for each operation in the rule set. It is shown as *degraded*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.attestation.trust.revocation import MAX_AGE
from warifu.attestation.trust.snapshot import SnapshotKind
from warifu.base.errors import Misuse, WarifuError
from warifu.base.rule import Rule, Text
from warifu.service.observe.events import failed
from warifu.service.store.schema import require_current

if TYPE_CHECKING:
    from warifu.attestation.trust.view import TrustView
    from warifu.service.composition import Composition

REMEMBERED_SECONDS = 1.0
"""Anyone may ask, and each question costs the database a statement."""

READY = Rule(
    code="service/ready",
    clause="docs/operators.md",
    requires=Text(
        ja="データベースに接続でき、信頼情報と署名鍵を使用できる状態でなければなりません。",
        en="The database is reached and current, and trust and keys can be used.",
    ),
    stops="traffic to a process that can only fail",
)
UNFORESEEN = "service/answered"


class State(StrEnum):
    """How something is, best first."""

    OK = "ok"
    OFF = "off"
    """Not configured, and not needed for decisions."""
    DEGRADED = "degraded"
    """Usable, with less than it should be."""
    FAILED = "failed"


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


class Freshness(Struct, frozen=True, kw_only=True):
    """How fresh one kind of trust is."""

    kind: SnapshotKind
    age: timedelta | None
    """None where its publisher's confirmation is not known."""
    left: timedelta | None
    """None where there is nothing of this kind."""


class HealthOffice:
    """Looks after a process, at most once a second however often it is asked."""

    def __init__(self, house: Composition) -> None:
        """Of the process made of `house`."""
        self.house = house
        self._looking = Lock()
        self._last: tuple[float, Health] | None = None

    def look(self) -> Health:
        """How the process is now."""
        with self._looking:
            if self._last is None or monotonic() - self._last[0] >= REMEMBERED_SECONDS:
                self._last = (monotonic(), examine(self.house))
            return self._last[1]


def examine(house: Composition) -> Health:
    """Look at everything that an answer needs. Never raises."""
    now = house.clock()
    checks = (
        _checked("database", lambda: _database(house)),
        *_trust_checks(house, now),
        _checked("keys", lambda: _keys(house, now)),
    )
    order = list(State)
    worst = max((check.state for check in checks), key=order.index)
    return Health(state=State.OK if worst is State.OFF else worst, checks=checks)


def freshness(view: TrustView) -> Iterator[Freshness]:
    """How fresh the parts of a view are that go stale."""
    revocation, metadata = view.revocation, view.metadata
    age = None if revocation is None else view.known_at - revocation.confirmed_at
    yield Freshness(
        kind=SnapshotKind.REVOCATION, age=age, left=None if age is None else MAX_AGE - age
    )
    until = (
        None
        if metadata is None
        else datetime.combine(metadata.next_update, time(), UTC) + timedelta(days=1)
    )
    yield Freshness(
        kind=SnapshotKind.METADATA,
        age=None,
        left=None if until is None else until - view.known_at,
    )


def _trust_checks(house: Composition, now: datetime) -> Iterator[Check]:
    try:
        view = house.trust.now(now)
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is that it failed
        yield _failure("trust", error)
        return
    yield Check(name="trust", state=State.OK)
    for part in freshness(view):
        name = f"trust/{part.kind}"
        if part.left is None:
            yield Check(name=name, state=State.DEGRADED, code="trust/missing")
            continue
        stale = part.left < timedelta(0)
        yield Check(
            name=name,
            state=State.DEGRADED if stale else State.OK,
            code="trust/stale" if stale else None,
            age_seconds=None if part.age is None else int(part.age.total_seconds()),
            left_seconds=int(part.left.total_seconds()),
        )


def _checked(name: str, check: Callable[[], State]) -> Check:
    try:
        return Check(name=name, state=check())
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is that it failed
        return _failure(name, error)


def _failure(name: str, error: Exception) -> Check:
    if not isinstance(error, WarifuError):
        return Check(name=name, state=State.FAILED, code=UNFORESEEN)
    failed(error)
    return Check(name=name, state=State.FAILED, code=error.code)


def _database(house: Composition) -> State:
    require_current(house.database)
    return State.OK


def _keys(house: Composition, now: datetime) -> State:
    try:
        house.keys.ring(now)
    except Misuse:
        return State.OFF
    return State.OK
