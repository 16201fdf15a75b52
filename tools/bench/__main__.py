"""``python -m tools.bench``: measure each verification against its floor and its peers."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tests.vectors import vectors_dir, wanted_dir
from tools.bench import android, apple, machine, tokens, webauthn
from tools.bench.page import page, plain
from tools.bench.report import FLOOR, OURS, Result, Row, make_row
from tools.bench.scaling import Memory, Throughput, memory, throughput
from tools.bench.timing import QUICK, THOROUGH, Effort, measure
from warifu.base.errors import WarifuError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.bench.case import MakeCase, Work


ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"
SCALING_CASE = "android-key: Pixel 8a, TEE, remote"
SCALING_CASE_WITHOUT_RECORDS = "play-integrity: standard (simulated)"


def main() -> int:
    """Measure, then print or write."""
    options = _options()
    before = machine.describe()
    cases = _all_cases()
    wanted = {
        name: make
        for name, make in cases.items()
        if options.format is None or name.partition(":")[0] == options.format
    }
    if not wanted:
        print(f"nothing to measure for {options.format}", file=sys.stderr)
        return 2
    whole = options.format is None and not options.quick
    result = Result(
        machine=before,
        rows=_measure(wanted, QUICK if options.quick else THOROUGH),
        throughput=_throughput(cases) if whole or options.scaling else [],
        memory=_memory(cases) if options.write or options.memory else [],
    )
    if options.write:
        PAGE.write_text(page(result), "utf-8")
        print(f"written: {PAGE.relative_to(ROOT)}")
    elif options.json:
        print(msgspec.json.encode(result).decode())
    else:
        print(plain(result))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--format", help="only this format, such as android-key")
    parser.add_argument("--quick", action="store_true", help="few rounds: rough figures in seconds")
    parser.add_argument("--scaling", action="store_true", help="also where it would be left out")
    parser.add_argument("--memory", action="store_true", help="also 100,000 verifications")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    return parser.parse_args()


def _throughput(cases: Mapping[str, MakeCase]) -> list[Throughput]:
    make = cases.get(SCALING_CASE) or cases[SCALING_CASE_WITHOUT_RECORDS]
    return throughput(make().request, max(2, os.cpu_count() or 1))


def _memory(cases: Mapping[str, MakeCase]) -> list[Memory]:
    return memory([make().request for make in cases.values()])


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
        # Two series: code of the peers between ours and the floor would slow down only ours.
        ours = {OURS: case.ours()}
        floor = {FLOOR: case.floor} if case.floor else {}
        against_floor = measure(ours | floor, effort)
        against_peers = measure(ours | _accepting(name, case.peers), effort)
        rows.append(make_row(name, case, against_floor, against_peers))
    return rows


def _accepting(name: str, peers: Mapping[str, Work]) -> dict[str, Work]:
    """Those peers that accept this evidence."""
    accepting = {}
    for peer, work in peers.items():
        try:
            work()
        except Exception as error:  # noqa: BLE001 - peers have no common error
            print(f"no peer: {name}: {peer}: {error!r:.120}", file=sys.stderr)
        else:
            accepting[peer] = work
    return accepting


if __name__ == "__main__":
    sys.exit(main())
