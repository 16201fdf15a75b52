"""``python -m tools.bench``: measure each verification against its floor and its peers."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import msgspec

from tests.vectors import vectors_dir, wanted_dir
from tools.bench import android, apple, machine, tokens, webauthn
from tools.bench.report import FLOOR, HEADINGS, OURS, Row, make_row, table
from tools.bench.timing import QUICK, THOROUGH, Effort, measure
from warifu.base.errors import WarifuError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.bench.case import Case, MakeCase, Work


def main() -> int:
    """Measure and print."""
    options = _options()
    wanted = {
        name: make
        for name, make in _all_cases().items()
        if options.format is None or name.partition(":")[0] == options.format
    }
    if not wanted:
        print(f"nothing to measure for {options.format}", file=sys.stderr)
        return 2
    rows = _measure(wanted, QUICK if options.quick else THOROUGH)
    if options.json:
        print(msgspec.json.encode({"machine": machine.describe(), "rows": rows}).decode())
    else:
        _print(rows)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--format", help="only this format, such as android-key")
    parser.add_argument("--quick", action="store_true", help="few rounds: rough figures in seconds")
    parser.add_argument("--json", action="store_true", help="for programs")
    return parser.parse_args()


def _all_cases() -> dict[str, MakeCase]:
    cases: dict[str, MakeCase] = {}
    vectors = vectors_dir()
    if vectors is None:
        print(f"the recorded evidence is absent: {wanted_dir()}", file=sys.stderr)
    else:
        for family in (android, apple, webauthn, tokens):
            cases |= family.cases(vectors)
    return cases | tokens.simulated_cases()


def _measure(wanted: Mapping[str, MakeCase], effort: Effort) -> list[Row]:
    rows = []
    for name, make in wanted.items():
        try:
            case = make()
        except WarifuError as error:
            print(f"not measured: {name}: {error}", file=sys.stderr)
            continue
        rows.append(make_row(name, case, measure(_subjects(name, case), effort)))
    return rows


def _subjects(name: str, case: Case) -> dict[str, Work]:
    subjects = {OURS: case.ours()} | ({FLOOR: case.floor} if case.floor else {})
    for work in subjects.values():
        work()
    for peer, work in case.peers.items():
        try:
            work()
        except Exception as error:  # noqa: BLE001 - peers have no common error
            print(f"no peer: {name}: {peer}: {error!r:.120}", file=sys.stderr)
        else:
            subjects[peer] = work
    return subjects


def _print(rows: list[Row]) -> None:
    lines = [HEADINGS, *table(rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for cells in lines:
        numbers = "  ".join(
            cell.rjust(width) for cell, width in zip(cells[1:-1], widths[1:-1], strict=True)
        )
        print(f"{cells[0]:{widths[0]}}  {numbers}  {cells[-1]}".rstrip())


if __name__ == "__main__":
    sys.exit(main())
