"""Measured decisions as text for a terminal, and as docs/performance-service.md."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TEMPLATE = Path(__file__).with_name("service_page.md.in")


class Row(Struct, frozen=True, kw_only=True):
    """One kind of evidence on one database."""

    store: str
    evidence: str
    rate: float
    """Decisions a second."""
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    """Processor time of the service's processes for each decision."""
    ceiling_rate: float
    ceiling_p50_ms: float
    ceiling_p99_ms: float
    ceiling_cpu_ms: float
    share: float
    """Median over the rounds of our throughput by the ceiling's."""
    cpu_share: float
    """The same by processor time, without that of PostgreSQL: noise changes it less."""


def plain(row: Row) -> str:
    """One line for a terminal."""
    return (
        f"{row.store:10}  {row.evidence:28}  {row.share:4.0%} of the ceiling"
        f" ({row.cpu_share:.0%} by processor time)   "
        f"ours {row.rate:5.0f}/s p50 {row.p50_ms:5.1f} p99 {row.p99_ms:5.1f} ms "
        f"processor {row.cpu_ms:4.2f} ms   "
        f"ceiling {row.ceiling_rate:5.0f}/s p99 {row.ceiling_p99_ms:5.1f} ms "
        f"processor {row.ceiling_cpu_ms:4.2f} ms"
    )


def page(
    machine: Mapping[str, str], rows: Sequence[Row], *, connections: int, wanted: float
) -> str:
    """The document, from its template."""
    text = TEMPLATE.read_text("utf-8")
    for name, lines in {
        "machine": machine_table(machine),
        "connections": [str(connections)],
        "decisions": _table(rows),
        "judgement": _judgement(rows, wanted),
    }.items():
        text = text.replace(f"<!-- {name} -->", "\n".join(lines))
    return text


def machine_table(machine: Mapping[str, str]) -> Iterator[str]:
    """What figures depend on, as a table."""
    yield "| | |"
    yield "|---|---|"
    for name, value in machine.items():
        yield f"| {name} | {value} |"


def _table(rows: Sequence[Row]) -> Iterator[str]:
    yield (
        "| database | evidence | a second | p50 ms | p99 ms | processor ms | ceiling: a second"
        " | p50 ms | p99 ms | processor ms | share | by processor time |"
    )
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for row in rows:
        yield (
            f"| {row.store} | {row.evidence} | {row.rate:.0f} | {row.p50_ms:.1f} | {row.p99_ms:.1f}"
            f" | {row.cpu_ms:.2f} | {row.ceiling_rate:.0f} | {row.ceiling_p50_ms:.1f}"
            f" | {row.ceiling_p99_ms:.1f} | {row.ceiling_cpu_ms:.2f} | {row.share:.0%}"
            f" | {row.cpu_share:.0%} |"
        )


def _judgement(rows: Sequence[Row], wanted: float) -> Iterator[str]:
    met = [row for row in rows if row.share >= wanted]
    yield f"Wanted is a share of {wanted:.0%}: {len(met)} of {len(rows)} rows meet it."
    for row in rows:
        if row.share < wanted:
            yield f"- Not met: {row.evidence} on {row.store}: {row.share:.0%}."
