"""A run as text for a terminal, and as docs/performance.md."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.bench.report import Result, Row
    from tools.bench.scaling import Memory, Throughput

TEMPLATE = Path(__file__).with_name("performance.md.in")
HEADINGS = ("verification", "µs", "floor µs", "× floor", "wanted", "met", "peers")


def plain(result: Result) -> str:
    """Columns for a terminal."""
    lines = [HEADINGS, *map(_cells, result.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = []
    for cells in lines:
        numbers = "  ".join(
            cell.rjust(width) for cell, width in zip(cells[1:-1], widths[1:-1], strict=True)
        )
        shown.append(f"{cells[0]:{widths[0]}}  {numbers}  {cells[-1]}".rstrip())
    shown += [
        f"{found.workers} workers: {found.per_second:.0f} verifications a second, "
        f"{found.times_one:.2f}× one worker ({found.times_one_if_free:.2f}× by processor time)"
        for found in result.throughput
    ]
    if result.memory:
        shown.append(_growth(result.memory))
    return "\n".join(shown)


def page(result: Result) -> str:
    """The document, from its template."""
    text = TEMPLATE.read_text("utf-8")
    for name, lines in {
        "machine": _machine(result),
        "verifications": _verifications(result.rows),
        "limits": _limits(result.rows),
        "batches": _batches(result.throughput),
        "memory": _memory(result.memory),
    }.items():
        text = text.replace(f"<!-- {name} -->", "\n".join(lines))
    return text


def _machine(result: Result) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    for name, value in result.machine.items():
        yield f"| {name} | {value} |"


def _verifications(rows: Sequence[Row]) -> Iterator[str]:
    yield "| verification | µs | floor µs | the floor counts | × floor | wanted | met | peers |"
    yield "|---|--:|--:|---|--:|---|---|---|"
    for row in rows:
        name, ours, floor, times, wanted, met, peers = _cells(row)
        counts = row.floor_counts
        yield f"| {name} | {ours} | {floor} | {counts} | {times} | {wanted} | {met} | {peers} |"


def _limits(rows: Sequence[Row]) -> Iterator[str]:
    judged = [row for row in rows if row.wanted]
    missed = [(row.name, reason) for row in judged for reason in row.misses]
    met = len(judged) - len({name for name, _ in missed})
    yield f"{met} of {len(judged)} rows with a limit meet it."
    for name, reason in missed:
        yield f"- Not met: {name}: {reason}."


def _batches(throughput: Sequence[Throughput]) -> Iterator[str]:
    yield "| workers | a second | × one worker | by processor time | µs of all | µs of the caller |"
    yield "|--:|--:|--:|--:|--:|--:|"
    for found in throughput:
        figures = (
            f"{found.per_second:.0f}",
            f"{found.times_one:.2f}",
            f"{found.times_one_if_free:.2f}",
            f"{found.micros:.0f}",
            f"{found.here_micros:.0f}",
        )
        yield f"| {found.workers} | {' | '.join(figures)} |"


def _memory(samples: Sequence[Memory]) -> Iterator[str]:
    yield "| verifications | resident MiB | allocated blocks |"
    yield "|--:|--:|--:|"
    for sample in samples:
        size = f"{sample.resident_kib / 1024:.1f}"
        yield f"| {sample.verifications:,} | {size} | {sample.blocks:,} |"
    yield ""
    yield _growth(samples)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        f"{row.ours:.0f}",
        f"{row.floor:.0f}" if row.floor else "-",
        f"{row.times_floor:.2f}" if row.times_floor else "-",
        ", ".join(row.wanted),
        ("NO" if row.misses else "yes") if row.wanted else "-",
        "; ".join(
            f"{peer} {micros:.0f} µs: {row.times_faster[peer]:.1f}×"
            for peer, micros in row.peers.items()
        ),
    )


def _growth(samples: Sequence[Memory]) -> str:
    """From the second fifth on, when all bounded memories are full."""
    first, last = samples[len(samples) // 5], samples[-1]
    return (
        f"Growth from {first.verifications:,} to {last.verifications:,} verifications: "
        f"{last.resident_kib - first.resident_kib:+,} KiB resident, "
        f"{last.blocks - first.blocks:+,} blocks."
    )
