"""The bench of the threat model: what it judges by, and what it writes down."""

import sys

import pytest

from tools.bench import threat
from tools.bench.threat_page import Row, page, plain

MACHINE = {"processor": "some"}


def row(*seconds: float, wanted: float | None = 2e-3, is_each: bool = False) -> Row:
    return Row(name="searches", asks="a cell", seconds=seconds, wanted=wanted, is_each=is_each)


def test_series_is_judged_by_its_median() -> None:
    assert not row(1e-3, 1e-3, 9e-3).is_missed
    assert row(1e-3, 3e-3, 9e-3).is_missed


def test_where_each_is_wanted_the_slowest_is_judged() -> None:
    assert row(1e-3, 1e-3, 9e-3, is_each=True).is_missed


def test_series_of_which_nothing_is_wanted_misses_nothing() -> None:
    assert not row(10.0, wanted=None).is_missed


def test_page_says_what_is_missed_and_by_how_much() -> None:
    text = page(MACHINE, [row(1e-3), row(3e-3), row(1.0, wanted=None)])
    assert "1 of 2 wanted figures are met." in text
    assert "- Not met: searches: 3 ms." in text
    assert "<!--" not in text


def test_line_tells_each_time_in_its_own_unit() -> None:
    line = " ".join(plain(row(5e-4, 5e-4, 2.5)).split())
    assert line == "searches 3 median 500 µs slowest 2.5 s wanted ≤ 2 ms"


@pytest.mark.parametrize(("seconds", "status"), [(1e-3, 0), (1.0, 1)])
def test_missed_figure_is_the_exit_status(
    seconds: float, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["threat"])
    monkeypatch.setattr(threat, "_rows", lambda: iter([row(seconds)]))
    assert threat.main() == status
