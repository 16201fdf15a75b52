"""A rule set tried on what was decided: who would lose service, for which operation, by what.

Decisions are read newest first, a page at a time, each page in a short transaction of its own, so
that neither memory nor the database is held by a long run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from warifu.base.errors import Denied, Misuse
from warifu.risk.decision.decide import Circumstances
from warifu.risk.decision.dry_run import Shift, dry_run
from warifu.risk.decision.facts import Facts, Operation
from warifu.risk.decision.life_cycle import Stage
from warifu.service.conduct import governance_rules as rules
from warifu.service.conduct.governance import load_rule_set
from warifu.service.conduct.governing import present
from warifu.service.conduct.rules import KNOWN
from warifu.service.store import governance as store
from warifu.service.store.database import EPOCH, Database, micros

if TYPE_CHECKING:
    from warifu.risk.decision.dry_run import Report
    from warifu.risk.decision.life_cycle import Governance
    from warifu.risk.decision.rules import RuleSet
    from warifu.service.conduct.work import Work

MAX_DECISIONS = 100_000
PAGE = 1000
MAX_ROWS = 1000
"""Of the answer: those who lose most."""

Moment = Annotated[datetime, Meta(tz=True)]


class DryRunRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which decisions to try it on, the newest first."""

    since: Moment | None = None
    until: Moment | None = None
    """Up to, and not at, this time."""
    limit: Annotated[int, Meta(ge=1, le=MAX_DECISIONS)] = MAX_DECISIONS


class DryRunRow(Struct, frozen=True, kw_only=True):
    """One operation on one model."""

    operation: Operation
    model: str
    counts: dict[str, int]
    because: dict[str, int]
    """For those that lose service: how often each reason stood in the way."""


class DryRunAnswer(Struct, frozen=True, kw_only=True):
    """What would change for whom."""

    before: str
    """Digest of the active rule set."""
    after: str
    seen: int
    """Decisions that were decided again."""
    unreadable: int
    """Decisions whose facts are no longer kept, or not in a form of this version."""
    totals: dict[str, int]
    """How many requests have the same answer, lose service, are worse off, and so on."""
    rows: tuple[DryRunRow, ...]
    """Those who lose most first."""
    rows_left_off: int


class Trial(Struct, frozen=True, kw_only=True):
    """One dry run over a database."""

    database: Database
    tenant: str
    now: datetime
    asked: DryRunRequest = DryRunRequest()

    def count(self) -> int:
        """How many decisions it will look at."""
        with self.database.read() as transaction:
            return store.count_decisions(
                transaction,
                self.tenant,
                above=self.above,
                below=self.below,
                limit=self.asked.limit,
            )

    def run(
        self, candidate: RuleSet | str, *, seen: Callable[[int], None] | None = None
    ) -> DryRunAnswer:
        """Decide everything by the active rule set and by another one.

        Args:
            candidate: The other one, or the digest of one that is stored.
            seen: Is told how many decisions were read, page by page.

        Raises:
            Misuse: ``request/known``.
            Denied: ``governance/active``.
            VerifierFault: ``governance/readable``, ``store/...``.
        """
        with self.database.read() as transaction:
            governance = present(transaction, self.tenant)
            if isinstance(candidate, str):
                if all(each.digest != candidate for each in governance.versions):
                    raise Misuse(KNOWN, candidate)
                candidate = load_rule_set(transaction, self.tenant, candidate)
            before = load_rule_set(transaction, self.tenant, _active(governance))
        facts = _StoredFacts(self, seen)
        report = dry_run(
            facts.all(),
            before=before,
            after=candidate,
            # A stopped operation is refused by either; a stop would hide who loses it for good.
            circumstances=Circumstances(at=self.now, exemptions=governance.exemptions),
        )
        return _answer(report, facts.unreadable)

    @property
    def above(self) -> str:
        """The lowest id it looks at."""
        return _first_id(EPOCH if self.asked.since is None else self.asked.since)

    @property
    def below(self) -> str:
        """The id that it stops before."""
        until = self.asked.until
        return str(UUID(int=(1 << 128) - 1)) if until is None else _first_id(until)


def try_rule_set(work: Work, digest: str, asked: DryRunRequest) -> DryRunAnswer:
    """Try a stored rule set on what was decided.

    Raises:
        Misuse: ``request/known``.
        Denied: ``governance/active``.
    """
    trial = Trial(database=work.house.database, tenant=work.tenant, now=work.now, asked=asked)
    return trial.run(digest)


class _Document(Struct, frozen=True, gc=False):
    """What is read of a stored decision."""

    facts: Facts | None = None


class _StoredFacts:
    """Facts of stored decisions, in a stream."""

    def __init__(self, trial: Trial, seen: Callable[[int], None] | None) -> None:
        self._trial = trial
        self._seen = seen
        self.unreadable = 0

    def all(self) -> Iterator[Facts]:
        """Newest first."""
        below, left = self._trial.below, self._trial.asked.limit
        while left:
            with self._trial.database.read() as transaction:
                page = store.decisions_before(
                    transaction,
                    self._trial.tenant,
                    above=self._trial.above,
                    below=below,
                    limit=min(PAGE, left),
                )
            for _, document in page:
                facts = self._facts(document)
                if facts is not None:
                    yield facts
            if self._seen is not None:
                self._seen(len(page))
            if len(page) < min(PAGE, left):
                return
            below, left = page[-1][0], left - len(page)

    def _facts(self, document: bytes) -> Facts | None:
        try:
            facts = _DECODER.decode(document).facts
        except msgspec.MsgspecError:
            facts = None
        if facts is None:
            self.unreadable += 1
        return facts


def _active(governance: Governance) -> str:
    for version in governance.versions:
        if version.stage is Stage.ACTIVE:
            return version.digest
    raise Denied(rules.ACTIVE)


def _answer(report: Report, unreadable: int) -> DryRunAnswer:
    return DryRunAnswer(
        before=report.before,
        after=report.after,
        seen=report.seen,
        unreadable=unreadable,
        totals={shift.value: report.total(shift) for shift in Shift},
        rows=tuple(
            DryRunRow(
                operation=row.operation,
                model=row.model,
                counts={shift.value: count for shift, count in row.counts.items()},
                because=row.because,
            )
            for row in report.rows[:MAX_ROWS]
        ),
        rows_left_off=max(0, len(report.rows) - MAX_ROWS),
    )


def _first_id(at: datetime) -> str:
    """The lowest identifier of a time: ids are UUIDv7 and sort by milliseconds."""
    milliseconds = max(0, micros(at) // 1000)
    return str(UUID(int=(milliseconds & (1 << 48) - 1) << 80))


_DECODER = msgspec.json.Decoder(_Document)
