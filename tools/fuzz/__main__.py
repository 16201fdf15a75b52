"""`python -m tools.fuzz`: fuzz all targets, or one.

`--seconds N` spends a budget of time. Each slot of it goes to the target that has waited longest,
over all runs on this machine. What is found is kept in `.fuzz/`: the grown corpus, and each crash
as a file to be moved to `tools/fuzz/regressions/<target>/` with the fix.

`--runs N` gives every target N inputs from a fixed seed, starting from the saved corpus alone: the
same inputs for the same code, wherever it runs. That is the share for every change.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec import Struct, to_builtins
from rich.console import Console
from rich.table import Table

from tools.fuzz.mutate import REGRESSIONS
from tools.fuzz.targets import LONGEST_INPUT, TARGETS
from tools.fuzz.world import CORPUS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WORKING = Path(".fuzz")
STATE = WORKING / "state.json"
SLOT_SECONDS = 10
"""Less would be spent on starting."""
SEED = 1
START_SECONDS = 4
"""What starting takes, about, at the end of a budget."""
LIMITS = ("-timeout=5", "-rss_limit_mb=1024", f"-max_len={LONGEST_INPUT}", "-print_final_stats=1")


class Slot(Struct, frozen=True, kw_only=True):
    """What one slot of time brought."""

    target: str
    seconds: float
    executions: int
    coverage: int
    crashes: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz until the budget is spent; 1 where anything crashed, 2 where atheris is missing."""
    options = _options(arguments)
    if find_spec("atheris") is None:
        print("atheris is not installed: `make fuzz` installs it", file=sys.stderr)
        return 2
    names = [options.target] if options.target else list(TARGETS)
    console = Console(stderr=True)
    slots: list[Slot] = []
    with ThreadPoolExecutor(options.workers) as pool:
        for slot in (
            _fuzz(pool, names, options) if options.runs is None else _repeat(pool, names, options)
        ):
            slots.append(slot)
            if not options.json:
                console.print(_line(slot), highlight=False)
    _report(slots, as_json=options.json)
    return 1 if any(slot.crashes for slot in slots) else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=main.__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for everything together")
    parser.add_argument("--runs", type=int, help="inputs for each target, from a fixed seed")
    parser.add_argument("--target", choices=list(TARGETS))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


def _fuzz(
    pool: ThreadPoolExecutor, names: list[str], options: argparse.Namespace
) -> Iterator[Slot]:
    """Slots as they end. A long budget is shared out equally, a short one by who waited longest."""
    total = options.seconds * options.workers
    share = max(SLOT_SECONDS, total // len(names) if len(names) >= options.workers else total)
    share = min(share, options.seconds)
    ends = time.monotonic() + options.seconds
    last = _read_state()
    waiting = sorted(names, key=lambda name: last.get(name, 0.0))

    def run(name: str) -> Slot | None:
        left = ends - time.monotonic() - START_SECONDS
        return _run_slot(name, int(min(share, left))) if left >= 1 else None

    for slot in pool.map(run, waiting):
        if slot is not None:
            last[slot.target] = time.time()
            yield slot
    STATE.write_text(json.dumps(last, indent=1))


def _repeat(
    pool: ThreadPoolExecutor, names: list[str], options: argparse.Namespace
) -> Iterator[Slot]:
    """Slots of the same inputs as in any other run of the same code."""
    WORKING.mkdir(exist_ok=True)

    def run(name: str) -> Slot:
        with TemporaryDirectory(dir=WORKING) as grown:
            return _fuzz_one(name, Path(grown), (f"-runs={options.runs}", f"-seed={SEED}"))

    yield from pool.map(run, names)


def _read_state() -> dict[str, float]:
    WORKING.mkdir(exist_ok=True)
    state: dict[str, float] = json.loads(STATE.read_text()) if STATE.is_file() else {}
    return state


def _run_slot(name: str, seconds: int) -> Slot:
    return _fuzz_one(name, WORKING / name / "corpus", (f"-max_total_time={seconds}",))


def _fuzz_one(name: str, grown: Path, limits: tuple[str, ...]) -> Slot:
    found = WORKING / name / "crashes"
    for folder in (grown, found, REGRESSIONS / name):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    command = [sys.executable, "-m", "tools.fuzz.worker", name, *LIMITS, *limits]
    command.append(f"-artifact_prefix={found}/")
    command += [str(grown), str(CORPUS / name), str(REGRESSIONS / name)]
    started = time.monotonic()
    fixed = {**os.environ, "PYTHONHASHSEED": str(SEED)}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=fixed)
    told = ended.stderr + ended.stdout
    crashes = sorted(str(path) for path in set(found.iterdir()) - before)
    if ended.returncode and not crashes:
        crashes = [f"exit {ended.returncode}: {told[-500:]}"]
    return Slot(
        target=name,
        seconds=round(time.monotonic() - started, 1),
        executions=_last_number(r"stat::number_of_executed_units:\s*(\d+)", told),
        coverage=_last_number(r"cov: (\d+)", told),
        crashes=tuple(crashes),
    )


def _last_number(pattern: str, text: str) -> int:
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def _line(slot: Slot) -> str:
    verdict = "[red]CRASHED[/]" if slot.crashes else "[green]held[/]"
    return f"{slot.target:<28} {slot.executions:>9,} inputs  {verdict}"


def _report(slots: list[Slot], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(to_builtins(slots), indent=2))
        return
    table = Table("target", "inputs", "a second", "coverage", "crashes")
    for slot in slots:
        rate = slot.executions / slot.seconds if slot.seconds else 0.0
        numbers = (f"{slot.executions:,}", f"{rate:,.0f}", f"{slot.coverage:,}")
        table.add_row(slot.target, *numbers, "\n".join(slot.crashes))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
