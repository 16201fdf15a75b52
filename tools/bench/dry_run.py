"""``python -m tools.bench.dry_run``: a rule set tried on 100,000 stored decisions.

Decisions are written to a new SQLite file in the form the service writes them, then decided again
by the active rule set and by one that asks for more, as ``warifu rules dry-run`` does.
"""

from __future__ import annotations

import resource
import sys
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from tests.risk.decision.cases import NOW, changed, honest, standard, standard_bytes
from warifu.cli.progress import progress_bar
from warifu.risk.decision.decide import decide
from warifu.risk.decision.facts import Facts, Operation
from warifu.risk.decision.rules import load_rules
from warifu.service.conduct.governing.governance import first_governance
from warifu.service.conduct.trials.dry_run import Trial
from warifu.service.identifiers import new_id
from warifu.service.store.decisions import DecisionRow, insert_decision
from warifu.service.store.migrate import upgrade
from warifu.service.store.opening import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.risk.decision.decide import Decision
    from warifu.service.conduct.trials.dry_run import DryRunAnswer
    from warifu.service.store.database import Database, Statement

DECISIONS = 100_000
BATCH = 2_000
MODELS = 200
TENANT = "bench"
START = datetime(2026, 1, 1, tzinfo=UTC)


class Figures(Struct, frozen=True, kw_only=True):
    """What was measured."""

    decisions: int
    seconds: float
    filled_seconds: float
    peak_megabytes: float
    """Of the whole process."""
    answer: DryRunAnswer


def main() -> None:
    """Measure on SQLite and print."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        upgrade(url)
        database = open_database(url)
        try:
            figures = measure(database, DECISIONS)
        finally:
            database.close()
    answer = figures.answer
    print(
        f"dry run over {figures.decisions:,} stored decisions on SQLite: {figures.seconds:.1f} s, "
        f"{figures.decisions / figures.seconds:,.0f} a second, "
        f"at most {figures.peak_megabytes:.0f} MB (filled in {figures.filled_seconds:.1f} s)"
    )
    print(f"loses service: {answer.totals['loses']:,}, worse: {answer.totals['worse']:,}")


def measure(database: Database, decisions: int) -> Figures:
    """Fill an empty, migrated database and try a stricter rule set on it."""
    start = perf_counter()
    fill(database, decisions)
    filled = perf_counter() - start
    stricter = load_rules(
        standard_bytes().replace(
            b"device.status == 'affirming' || device.status == 'warning'",
            b"device.status == 'affirming'",
        )
    )
    trial = Trial(database=database, tenant=TENANT, now=NOW.at)
    start = perf_counter()
    with progress_bar("deciding again", trial.count()) as advance:
        answer = trial.run(stricter, seen=advance)
    return Figures(
        decisions=decisions,
        seconds=perf_counter() - start,
        filled_seconds=filled,
        peak_megabytes=_peak_megabytes(),
        answer=answer,
    )


def fill(database: Database, decisions: int) -> None:
    """Write decisions, some of them refused, on many models."""
    with database.write() as transaction:
        transaction.apply(first_governance(TENANT, START))
    statements = _statements(decisions)
    while batch := list(islice(statements, BATCH)):
        with database.write() as transaction:
            transaction.apply(batch)


def _statements(decisions: int) -> Iterator[Statement]:
    made = [
        (facts, decide(facts, standard(), NOW))
        for number in range(MODELS)
        for facts in _facts(number)
    ]
    for number in range(decisions):
        facts, decision = made[number % len(made)]
        at = START + timedelta(seconds=number)
        yield insert_decision(TENANT, _row(facts, decision, at))


def _facts(number: int) -> Iterator[Facts]:
    for operation in Operation:
        status = ("affirming", "affirming", "affirming", "warning", "contraindicated")[number % 5]
        yield changed(
            honest(operation),
            device__model=f"model {number}",
            device__status=status,
            evidence__age_seconds=number % 280,
        )


def _row(facts: Facts, decision: Decision, at: datetime) -> DecisionRow:
    return DecisionRow(
        id=new_id(at),
        app="bench",
        device=None,
        device_key=None,
        user_index=None,
        operation=facts.operation.kind,
        outcome="serve" if not decision.reasons else "refuse",
        amount=facts.operation.amount,
        outage=0,
        appraisal=None,
        rule_set=decision.rule_set_digest,
        decided_at=at,
        document=msgspec.json.encode(
            {
                "outcome": decision.outcome,
                "reasons": decision.reasons,
                "rule_set": decision.rule_set_digest,
                "facts": facts,
                "shadows": [],
            }
        ),
    )


def _peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


if __name__ == "__main__":
    main()
