"""``python -m tools.bench.service``: whole decisions over HTTP, against a bare server's.

On each database, ours and the ceiling answer the same prepared requests in turn within each round,
from the same client; throughput ratios are taken within a round.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from msgspec import Struct

from tools.bench import ceiling, machine
from tools.bench.bank import Branch
from tools.bench.servers import (
    CONNECTIONS,
    ROOT,
    STORES,
    Measured,
    bare,
    databases,
    measured,
    percentile,
    served,
)
from tools.bench.service_page import Row, page, plain

PAGE = ROOT / "docs" / "performance-service.md"
WANTED = 0.6


class Effort(Struct, frozen=True, kw_only=True):
    """How long to measure."""

    rounds: int
    requests: int
    """In each round, of ours; the ceiling answers them all, too."""


THOROUGH = Effort(rounds=7, requests=300)
QUICK = Effort(rounds=3, requests=128)


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of evidence."""

    name: str
    prepare: Callable[[int], list[bytes]]
    signatures: tuple[ceiling.Signed, ...]


def main() -> int:
    """Measure and print."""
    options = _options()
    before = machine.describe()
    effort = QUICK if options.quick else THOROUGH
    rows = []
    for store in STORES:
        if options.store in {None, store.lower()}:
            rows += _store(store, effort, options.connections)
    print(before["load"])
    for row in rows:
        print(plain(row))
    if options.write:
        PAGE.write_text(page(before, rows, connections=options.connections, wanted=WANTED), "utf-8")
        print(f"written: {PAGE.relative_to(ROOT)}")
    missed = [f"{row.evidence} on {row.store}" for row in rows if row.share < WANTED]
    print(f"wanted: {WANTED:.0%} of the ceiling; missed by: {', '.join(missed) or 'none'}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.service", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: rough figures")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("--store", choices=[store.lower() for store in STORES])
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    return parser.parse_args()


def _store(store: str, effort: Effort, connections: int) -> list[Row]:
    with (
        TemporaryDirectory(prefix="warifu-bench-") as name,
        databases(store, Path(name), "ours", "bare") as (ours, theirs_db),
    ):
        branch = Branch(Path(name), ours)
        ceiling.create(theirs_db)
        try:
            with served(branch.places, Path(name)) as server:
                rows = []
                for kind in _kinds(branch):
                    call = ceiling.Call(signatures=kind.signatures)
                    with bare(theirs_db, {"decisions": call}) as theirs:
                        prepared = (kind.prepare(effort.requests) for _ in range(effort.rounds + 1))
                        rounds = [
                            (
                                measured(server, requests, connections),
                                measured(theirs, requests, connections),
                            )
                            for requests in prepared
                        ]
                    rows.append(_row(store, kind.name, rounds[1:]))
                return rows
        finally:
            branch.close()


def _kinds(branch: Branch) -> Iterator[Kind]:
    yield Kind(
        name="App Attest assertion",
        prepare=branch.assertions,
        signatures=branch.assertion_signatures(),
    )
    yield Kind(
        name="Android chain, P-256, remote",
        prepare=branch.chains,
        signatures=branch.chain_signatures(),
    )


def _row(store: str, evidence: str, rounds: list[tuple[Measured, Measured]]) -> Row:
    ours, theirs = ([pair[side] for pair in rounds] for side in (0, 1))
    return Row(
        store=store,
        evidence=evidence,
        rate=median(each.load.rate for each in ours),
        p50_ms=percentile(ours, 50),
        p99_ms=percentile(ours, 99),
        cpu_ms=median(each.cpu for each in ours) * 1000,
        ceiling_rate=median(each.load.rate for each in theirs),
        ceiling_p50_ms=percentile(theirs, 50),
        ceiling_p99_ms=percentile(theirs, 99),
        ceiling_cpu_ms=median(each.cpu for each in theirs) * 1000,
        share=median(mine.load.rate / other.load.rate for mine, other in rounds),
        cpu_share=median(other.cpu / mine.cpu for mine, other in rounds if mine.cpu),
    )


if __name__ == "__main__":
    sys.exit(main())
