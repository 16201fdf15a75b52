"""Measured searches and verdicts as text for a terminal, and as docs/performance-threat.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from msgspec import Struct

from tools.bench.service_page import machine_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance-threat.md"
TEMPLATE = Path(__file__).with_name("threat_page.md.in")

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


class Row(Struct, frozen=True, kw_only=True):
    """One series of questions of the same kind, with the time that each took."""

    name: str
    asks: str
    seconds: Sequence[float]
    wanted: float | None = None
    """Seconds."""
    is_each: bool = False
    """Wanted of each question, and not of the median."""

    @property
    def judged(self) -> float:
        """What is compared with what is wanted."""
        return max(self.seconds) if self.is_each else median(self.seconds)

    @property
    def is_missed(self) -> bool:
        """Whether a figure is wanted and not met."""
        return self.wanted is not None and self.judged > self.wanted


def plain(row: Row) -> str:
    """One line for a terminal."""
    number, middle, slowest, wanted = _cells(row)
    return f"{row.name:46} {number:>6} median {middle:>9} slowest {slowest:>9}  wanted {wanted}"


def page(machine: Mapping[str, str], rows: Sequence[Row]) -> str:
    """The whole page."""
    text = TEMPLATE.read_text("utf-8")
    for place, lines in (
        ("machine", machine_table(machine)),
        ("rows", _table(rows)),
        ("judgement", _judgement(rows)),
    ):
        text = text.replace(f"<!-- {place} -->", "\n".join(lines))
    return text


def _table(rows: Sequence[Row]) -> Iterator[str]:
    yield "| what | one question | questions | median | slowest | wanted |"
    yield "|---|---|--:|--:|--:|---|"
    for row in rows:
        yield f"| {row.name} | {row.asks} | {' | '.join(_cells(row))} |"


def _cells(row: Row) -> tuple[str, str, str, str]:
    wanted = "–"
    if row.wanted is not None:
        wanted = f"≤ {_time(row.wanted)}{' each' if row.is_each else ''}"
    return str(len(row.seconds)), _time(median(row.seconds)), _time(max(row.seconds)), wanted


def _judgement(rows: Sequence[Row]) -> Iterator[str]:
    judged = [row for row in rows if row.wanted is not None]
    missed = [row for row in judged if row.is_missed]
    yield f"{len(judged) - len(missed)} of {len(judged)} wanted figures are met."
    for row in missed:
        yield f"- Not met: {row.name}: {_time(row.judged)}."


def _time(seconds: float) -> str:
    scale, unit = next((each for each in _UNITS if seconds >= each[0]), _UNITS[-1])
    return f"{seconds / scale:.3g} {unit}"
