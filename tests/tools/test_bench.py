"""The bench runs, and its figures make sense."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bench import timing
from tools.bench.page import page, plain
from tools.bench.report import Result, Row
from tools.bench.scaling import Memory, Throughput

ROOT = Path(__file__).resolve().parents[2]


def bench(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "tools.bench", *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def rows(output: str) -> dict[str, dict[str, float]]:
    found = json.loads(output)
    assert found["machine"]["python"]
    return {row["name"]: row for row in found["rows"]}


def row(**changes: object) -> Row:
    known = {
        "name": "x",
        "ours": 130.0,
        "floor": 100.0,
        "floor_counts": "1 signature",
        "times_floor": 1.3,
        "floor_limit": 1.6,
        "peers": {"peer 1.0": 650.0},
        "times_faster": {"peer 1.0": 5.0},
        "faster_limits": {"peer 1.0": 5.0},
    }
    return Row(**(known | changes))  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_quick_run_gives_ratios_to_floor_and_peers() -> None:
    found = rows(bench("--quick", "--json", "--format", "play-integrity"))
    classic = found["play-integrity: classic (simulated)"]
    assert 1 < classic["times_floor"] < 20
    assert classic["times_floor"] == pytest.approx(classic["ours"] / classic["floor"], rel=0.5)
    assert len(classic["times_faster"]) == 1  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.vectors
def test_a_quick_run_measures_recorded_evidence_against_all_peers() -> None:
    found = rows(bench("--quick", "--json", "--format", "webauthn"))
    apple = found["webauthn: apple"]
    assert set(apple["times_faster"]) == {"webauthn 3.0.1", "fido2 2.2.1"}  # type: ignore[call-overload]
    assert 1 < apple["times_floor"] < 10


@pytest.mark.slow
def test_a_format_that_is_not_known_is_a_usage_error() -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        bench("--quick", "--format", "no-such-format")
    assert caught.value.returncode == 2


def test_ratios_are_taken_within_rounds() -> None:
    above = timing.Timing(seconds=0, rounds=(2.0, 20.0, 6.0))
    below = timing.Timing(seconds=0, rounds=(1.0, 10.0, 2.0))
    assert timing.ratio(above, below) == 2.0


def test_work_that_takes_longer_is_measured_longer() -> None:
    found = timing.measure(
        {"short": lambda: sum(range(100)), "long": lambda: sum(range(3000))}, timing.QUICK
    )
    assert timing.ratio(found["long"], found["short"]) > 3


@pytest.mark.parametrize(
    ("changes", "misses"),
    [
        ({}, 0),
        ({"times_floor": 1.7}, 1),
        ({"times_faster": {"peer 1.0": 4.9}}, 1),
        ({"floor": None, "times_floor": None, "floor_limit": None}, 0),
        ({"times_faster": {}, "peers": {}}, 0),
    ],
)
def test_a_missed_limit_is_named(changes: dict[str, object], misses: int) -> None:
    assert len(row(**changes).misses) == misses


def test_the_page_says_what_was_missed_and_on_which_machine() -> None:
    result = Result(
        machine={"processor": "abacus"},
        rows=[row(), row(name="slow", times_floor=9.0)],
        throughput=[
            Throughput(
                workers=2,
                per_second=10.0,
                times_one=1.9,
                here_micros=3.0,
                micros=5.0,
                times_one_if_free=1.95,
            )
        ],
        memory=[
            Memory(verifications=n * 10, resident_kib=1024 + n, blocks=n) for n in range(1, 11)
        ],
    )
    text = page(result)
    assert "abacus" in text
    assert "1 of 2 rows with a limit meet it" in text
    assert "Not met: slow: 9.00 x floor, wanted 1.6" in text
    assert "<!--" not in text
    assert "+7 KiB resident" in text
    assert "2 workers: 10 verifications a second, 1.90× one worker (1.95×" in plain(result)
