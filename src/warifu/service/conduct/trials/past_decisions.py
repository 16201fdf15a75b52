"""What was decided, for those who ask what another rule set does to it.

Decisions are read newest first, a page at a time, each page in a short transaction of its own, so
that neither memory nor the database is held by a long run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from msgspec import Meta, Struct

from warifu.base.errors import Misuse
from warifu.risk.decision.dry_run import Shift
from warifu.risk.decision.facts import Operation
from warifu.service.conduct.rules import KNOWN
from warifu.service.store import governance as store
from warifu.service.store.database import EPOCH, Database, micros

if TYPE_CHECKING:
    from warifu.risk.decision.dry_run import Tallied
    from warifu.risk.decision.life_cycle import Governance

MAX_DECISIONS = 100_000
PAGE = 1000
MAX_ROWS = 1000
"""Of the answer: those who lose most."""

Moment = Annotated[datetime, Meta(tz=True)]


class Past(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which decisions, the newest first."""

    since: Moment | None = None
    until: Moment | None = None
    """Up to, and not at, this time."""
    limit: Annotated[int, Meta(ge=1, le=MAX_DECISIONS)] = MAX_DECISIONS


class EffectRow(Struct, frozen=True, kw_only=True):
    """One operation on one model."""

    operation: Operation
    model: str
    counts: dict[str, int]
    because: dict[str, int]
    """For those that lose service: how often each reason stood in the way."""


class Effects(Struct, frozen=True, kw_only=True):
    """What a rule set does to what was decided."""

    seen: int
    """Decisions that were compared."""
    unreadable: int
    """Decisions whose facts are no longer kept, or not in a form of this version."""
    totals: dict[str, int]
    """How many requests have the same answer, lose service, are worse off, and so on."""
    rows: tuple[EffectRow, ...]
    """Those who lose most first."""
    rows_left_off: int


class PastDecisions(Struct, frozen=True, kw_only=True):
    """One walk over what a tenant decided."""

    database: Database
    tenant: str
    asked: Past = Past()

    def count(self) -> int:
        """How many decisions it will look at."""
        with self.database.read() as transaction:
            return store.count_decisions(
                transaction,
                self.tenant,
                above=self._above,
                below=self._below,
                limit=self.asked.limit,
            )

    def documents(self, seen: Callable[[int], None] | None = None) -> Iterator[bytes]:
        """Decisions as they are kept, newest first.

        Args:
            seen: Is told how many were read, page by page.
        """
        below, left = self._below, self.asked.limit
        while left:
            size = min(PAGE, left)
            with self.database.read() as transaction:
                page = store.decisions_before(
                    transaction, self.tenant, above=self._above, below=below, limit=size
                )
            for _, document in page:
                yield document
            if seen is not None:
                seen(len(page))
            if len(page) < size:
                return
            below, left = page[-1][0], left - size

    @property
    def _above(self) -> str:
        """The lowest id it looks at."""
        return _first_id(EPOCH if self.asked.since is None else self.asked.since)

    @property
    def _below(self) -> str:
        """The id that it stops before."""
        until = self.asked.until
        return str(UUID(int=(1 << 128) - 1)) if until is None else _first_id(until)


def require_version(governance: Governance, digest: str) -> None:
    """Raises ``request/known`` where there is no such rule set.

    Raises:
        Misuse: ``request/known``.
    """
    if all(each.digest != digest for each in governance.versions):
        raise Misuse(KNOWN, digest)


def effects_of(tallied: Tallied, *, unreadable: int) -> Effects:
    """As it is told."""
    return Effects(
        seen=tallied.seen,
        unreadable=unreadable,
        totals={shift.value: tallied.total(shift) for shift in Shift},
        rows=tuple(
            EffectRow(
                operation=row.operation,
                model=row.model,
                counts={shift.value: count for shift, count in row.counts.items()},
                because=row.because,
            )
            for row in tallied.rows[:MAX_ROWS]
        ),
        rows_left_off=max(0, len(tallied.rows) - MAX_ROWS),
    )


def _first_id(at: datetime) -> str:
    """The lowest identifier of a time: ids are UUIDv7 and sort by milliseconds.

    A time without offset is in UTC.
    """
    milliseconds = max(0, micros(at if at.tzinfo else at.replace(tzinfo=UTC)) // 1000)
    return str(UUID(int=(milliseconds & (1 << 48) - 1) << 80))
