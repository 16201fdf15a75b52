"""Measured confirmations as text for a terminal, and as docs/performance-confirmation.md."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from tools.bench.service_page import machine_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TEMPLATE = Path(__file__).with_name("confirmation_page.md.in")
JUDGED = "PostgreSQL"
"""On SQLite nothing is wanted: it is there for whoever tries the service."""


class CallRow(Struct, frozen=True, kw_only=True):
    """One of the two calls."""

    name: str
    statements: int
    """Changes in its one commit."""
    octets: int
    """Of their values."""
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    """Processor time of the service's processes for each call."""
    ceiling_rate: float
    ceiling_p50_ms: float
    ceiling_p99_ms: float
    ceiling_cpu_ms: float
    share: float


class Row(Struct, frozen=True, kw_only=True):
    """One kind of proof on one database."""

    store: str
    proof: str
    rate: float
    """Calls a second within whole confirmations; half as many confirmations."""
    ceiling_rate: float
    one_rate: float
    """The same of a server that makes one row durable for each call."""
    share: float
    """Median over the rounds of our throughput by the ceiling's."""
    one_share: float
    cpu_share: float
    """By processor time, without that of PostgreSQL."""
    calls: tuple[CallRow, ...]


class PeerRow(Struct, frozen=True, kw_only=True):
    """privacyIDEA, and ours by it on PostgreSQL."""

    version: str
    proof: str
    rate: float
    p50_ms: float
    ours: float
    """Calls a second within whole confirmations, in the same rounds."""
    times: float
    """Median over the rounds of ours by its."""
    wanted: float


def plain(row: Row) -> str:
    """Lines for a terminal."""
    whole = (
        f"{row.store:10}  {row.proof:30}  {row.rate:5.0f} calls/s, ceiling {row.ceiling_rate:5.0f},"
        f" share {row.share:4.0%} ({row.cpu_share:.0%} by processor time),"
        f" of one row a call {row.one_share:.0%}"
    )
    lines = [
        f"    {call.name:12}  {call.statements:2} statements {call.octets:5} octets"
        f"  {call.share:4.0%}   ours {call.rate:5.0f}/s p50 {call.p50_ms:5.1f}"
        f" p99 {call.p99_ms:5.1f} ms processor {call.cpu_ms:4.2f} ms   ceiling"
        f" {call.ceiling_rate:5.0f}/s p99 {call.ceiling_p99_ms:5.1f} ms"
        f" processor {call.ceiling_cpu_ms:4.2f} ms"
        for call in row.calls
    ]
    return "\n".join([whole, *lines])


def plain_peer(peer: PeerRow) -> str:
    """One line for a terminal."""
    return (
        f"privacyIDEA {peer.version}: {peer.rate:.1f} calls/s, p50 {peer.p50_ms:.0f} ms;"
        f" ours with {peer.proof} {peer.ours:.0f} calls/s: {peer.times:.0f} times as many,"
        f" whole confirmations {peer.times / 2:.0f} times (wanted: {peer.wanted:.0f} of calls)"
    )


def page(
    machine: Mapping[str, str],
    rows: Sequence[Row],
    peers: Sequence[PeerRow],
    *,
    connections: int,
    wanted: float,
) -> str:
    """The document, from its template."""
    text = TEMPLATE.read_text("utf-8")
    for name, lines in {
        "machine": machine_table(machine),
        "connections": [str(connections)],
        "confirmations": _confirmations(rows),
        "calls": _calls(rows),
        "judgement": _judgement(rows, wanted),
        "peer": _peers(peers),
    }.items():
        text = text.replace(f"<!-- {name} -->", "\n".join(lines))
    return text


def _confirmations(rows: Sequence[Row]) -> Iterator[str]:
    yield (
        "| database | proof | calls a second | confirmations a second | ceiling: calls a second"
        " | share | by processor time | one row a call: calls a second | share |"
    )
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|"
    for row in rows:
        yield (
            f"| {row.store} | {row.proof} | {row.rate:.0f} | {row.rate / 2:.0f}"
            f" | {row.ceiling_rate:.0f} | {row.share:.0%} | {row.cpu_share:.0%}"
            f" | {row.one_rate:.0f} | {row.one_share:.0%} |"
        )


def _calls(rows: Sequence[Row]) -> Iterator[str]:
    yield (
        "| database | proof | call | statements | octets | a second | p50 ms | p99 ms"
        " | processor ms | ceiling: a second | p50 ms | p99 ms | processor ms | share |"
    )
    yield "|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for row in rows:
        for call in row.calls:
            yield (
                f"| {row.store} | {row.proof} | {call.name} | {call.statements} | {call.octets}"
                f" | {call.rate:.0f} | {call.p50_ms:.1f} | {call.p99_ms:.1f} | {call.cpu_ms:.2f}"
                f" | {call.ceiling_rate:.0f} | {call.ceiling_p50_ms:.1f}"
                f" | {call.ceiling_p99_ms:.1f} | {call.ceiling_cpu_ms:.2f} | {call.share:.0%} |"
            )


def _judgement(rows: Sequence[Row], wanted: float) -> Iterator[str]:
    judged = [row for row in rows if row.store == JUDGED]
    met = [row for row in judged if row.share >= wanted]
    yield (
        f"Wanted is a share of {wanted:.0%} on {JUDGED}: {len(met)} of {len(judged)} rows meet it."
    )
    for row in judged:
        if row.share < wanted:
            yield f"- Not met: {row.proof} on {row.store}: {row.share:.0%}."


def _peers(peers: Sequence[PeerRow]) -> Iterator[str]:
    if not peers:
        yield "Not measured in this run."
        return
    yield (
        "| privacyIDEA | checks a second | p50 ms | ours | calls a second | times as many calls"
        " | whole confirmations for one check |"
    )
    yield "|---|--:|--:|---|--:|--:|--:|"
    for peer in peers:
        yield (
            f"| {peer.version} | {peer.rate:.1f} | {peer.p50_ms:.0f} | {peer.proof}"
            f" | {peer.ours:.0f} | {peer.times:.0f} | {peer.times / 2:.0f} |"
        )
    met = [peer for peer in peers if peer.times >= peer.wanted]
    yield ""
    yield (
        f"Wanted is {peers[0].wanted:.0f} times as many calls: {len(met)} of {len(peers)} rows"
        " meet it."
    )
