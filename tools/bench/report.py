"""Results: one row per case, and what was measured beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from tools.bench.scaling import Memory, Throughput
from tools.bench.timing import ratio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.bench.case import Case
    from tools.bench.timing import Timing

OURS = "ours"
FLOOR = "floor"


class Row(Struct, frozen=True, kw_only=True):
    """What was measured of one case. Times are microseconds per verification."""

    name: str
    ours: float
    floor: float | None = None
    floor_counts: str
    times_floor: float | None = None
    floor_limit: float | None = None
    peers: dict[str, float] = {}
    times_faster: dict[str, float] = {}
    """By peer: how many times longer it takes than we do."""
    faster_limits: dict[str, float] = {}

    @property
    def misses(self) -> list[str]:
        """Which limits are not met."""
        missed = []
        if self.floor_limit and self.times_floor and self.times_floor > self.floor_limit:
            missed.append(f"{self.times_floor:.2f} x floor, wanted {self.floor_limit}")
        for peer, wanted in self.faster_limits.items():
            if self.times_faster.get(peer, wanted) < wanted:
                missed.append(f"{self.times_faster[peer]:.1f} x {peer}, wanted {wanted}")
        return missed

    @property
    def wanted(self) -> list[str]:
        """The limits that count for this row, in words."""
        wanted = [f"≤ {self.floor_limit} floor"] if self.floor_limit else []
        return wanted + [
            f"≥ {limit:g}× {peer.split()[0]}"
            for peer, limit in self.faster_limits.items()
            if peer in self.peers
        ]


def make_row(
    name: str,
    case: Case,
    against_floor: Mapping[str, Timing],
    against_peers: Mapping[str, Timing],
) -> Row:
    """One row from two series of timings, each of ours and of others measured together."""
    ours, floor = against_floor[OURS], against_floor.get(FLOOR)
    peers = {peer: timing for peer, timing in against_peers.items() if peer != OURS}
    return Row(
        name=name,
        ours=ours.seconds * 1e6,
        floor=None if floor is None else floor.seconds * 1e6,
        floor_counts=case.floor_counts,
        times_floor=None if floor is None else ratio(ours, floor),
        floor_limit=None if floor is None else case.limits.floor_limit(floor.seconds),
        peers={peer: timing.seconds * 1e6 for peer, timing in peers.items()},
        times_faster={peer: ratio(timing, against_peers[OURS]) for peer, timing in peers.items()},
        faster_limits=case.limits.faster_than,
    )


class Result(Struct, frozen=True, kw_only=True):
    """One run."""

    machine: dict[str, str]
    rows: list[Row]
    throughput: list[Throughput]
    memory: list[Memory]
