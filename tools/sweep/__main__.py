"""`python -m tools.sweep`: change every byte of every accepted evidence, on all cores."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from typing import TYPE_CHECKING

from msgspec import to_builtins
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from tests.corpus import made, real
from tests.corpus.accepted import Accepted
from tests.vectors import vectors_dir
from tools.sweep.exceptions import EXEMPTIONS, Exemption
from tools.sweep.sweep import Tally, Task, plan, run_task
from warifu.attestation.claims import Format

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CHUNK = 250

_items: tuple[Accepted, ...] = ()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sweep; 0 if each mutant is refused or exempt, 1 otherwise, 2 without evidence."""
    options = _options(arguments)
    folder = vectors_dir()
    if folder is None:
        print("the recorded evidence is absent", file=sys.stderr)
        return 2
    global _items  # noqa: PLW0603 - inherited by the worker processes
    _items = (*real.accepted(folder), *made.accepted())
    chosen = [
        (number, item)
        for number, item in enumerate(_items)
        if options.format in {None, item.format.value}
    ]
    tasks = list(plan(chosen, share=options.share, masks=options.masks, chunk=CHUNK))
    started = time.perf_counter()
    tallies = _run(tasks, workers=options.workers, quiet=options.json)
    seconds = time.perf_counter() - started
    if options.json:
        print(json.dumps(_document(tallies, seconds), indent=2, ensure_ascii=False))
    else:
        _show(tallies, seconds)
    return 1 if any(tally.findings for tally in tallies.values()) else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.sweep", description=main.__doc__)
    parser.add_argument("--format", choices=[name.value for name in Format])
    parser.add_argument("--share", type=int, help="positions of each surface; all by default")
    parser.add_argument("--masks", type=int, default=1, help="changes of each byte")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


def _run(tasks: list[Task], *, workers: int, quiet: bool) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with (
        multiprocessing.get_context("fork").Pool(workers) as pool,
        Progress(*columns, console=console, disable=quiet or not console.is_terminal) as progress,
    ):
        total = sum(len(task.positions) * task.masks for task in tasks)
        bar = progress.add_task("mutants", total=total)
        for name, tally in pool.imap_unordered(_work, tasks):
            tallies.setdefault(name, Tally()).add(tally)
            progress.advance(bar, tally.mutants)
    return dict(sorted(tallies.items()))


def _work(task: Task) -> tuple[str, Tally]:
    return _items[task.item].format.value, run_task(_items, task)


def _document(tallies: dict[str, Tally], seconds: float) -> dict[str, object]:
    evidence = {name: _count(name) for name in tallies}
    return {
        "seconds": round(seconds, 1),
        "mutants": sum(tally.mutants for tally in tallies.values()),
        "formats": {
            name: {"evidence": evidence[name], **to_builtins(tally)}
            for name, tally in tallies.items()
        },
        "exemptions": [
            {"name": entry.name, "reason": entry.reason, "may_change": sorted(entry.may_change)}
            for entry in EXEMPTIONS
        ],
    }


def _show(tallies: dict[str, Tally], seconds: float) -> None:
    console = Console()
    table = Table("format", "evidence", "mutants", "refused", "exempt", "findings")
    for name, tally in tallies.items():
        exempt = ", ".join(f"{key} {count}" for key, count in sorted(tally.exempt.items()))
        found = f"[red]{len(tally.findings)}" if tally.findings else "[green]0"
        numbers = (_count(name), tally.mutants, tally.refused)
        table.add_row(name, *(f"{number:,}" for number in numbers), exempt, found)
    console.print(table)
    for entry in _used(tallies.values()):
        console.print(f"[bold]{entry.name}[/]: {entry.reason}")
    for finding in [finding for tally in tallies.values() for finding in tally.findings]:
        where = f"{finding.format} {finding.evidence} {finding.surface} {finding.position}"
        line = f"{where} ^ {finding.mask:#04x}: {finding.what}"
        console.print(line, style="red", soft_wrap=True)
    total = sum(tally.mutants for tally in tallies.values())
    console.print(f"{total:,} mutants in {seconds:.0f} s ({total / seconds:,.0f} a second)")


def _used(tallies: Iterable[Tally]) -> list[Exemption]:
    names = {name for tally in tallies for name in tally.exempt}
    return [entry for entry in EXEMPTIONS if entry.name in names]


def _count(name: str) -> int:
    return sum(item.format is Format(name) for item in _items)


if __name__ == "__main__":
    sys.exit(main())
