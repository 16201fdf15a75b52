"""Altering one byte at a time and judging each mutant."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from msgspec import Struct, field

from tools.sweep.exceptions import Region, regions
from tools.sweep.surfaces import WHOLE, Surface, surfaces
from warifu.attestation.claims import Claims, Format
from warifu.base.errors import WarifuError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.corpus.accepted import Accepted

SEED = "warifu mutation sweep"
METADATA_POSITIONS = 10_000
"""In a BLOB of megabytes; a tenth of it in each part inside its text."""
MAX_FINDINGS = 50


class Task(Struct, frozen=True, kw_only=True):
    """Some positions of one surface of one piece of evidence."""

    item: int
    surface: int
    positions: tuple[int, ...]
    masks: int


class Finding(Struct, frozen=True, kw_only=True):
    """A mutant that should not have been accepted, or that crashed the verifier."""

    format: str
    evidence: str
    surface: str
    position: int
    mask: int
    what: str


class Tally(Struct, kw_only=True):
    """What became of the mutants."""

    mutants: int = 0
    refused: int = 0
    exempt: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another tally into this one."""
        self.mutants += other.mutants
        self.refused += other.refused
        self.exempt.update(other.exempt)
        self.findings += other.findings[: MAX_FINDINGS - len(self.findings)]


def chosen_positions(item: Accepted, surface: Surface, share: int | None) -> list[int]:
    """Which bytes to alter: all, or `share` of them, always the same ones.

    Of a metadata BLOB never more than `METADATA_POSITIONS`.
    """
    limit = share
    if item.format is Format.MDS:
        most = METADATA_POSITIONS if surface.name == WHOLE else METADATA_POSITIONS // 10
        limit = most if share is None else min(share, most)
    size = len(surface.data)
    if limit is None or limit >= size:
        return list(range(size))
    return sorted(_random(item, surface).sample(range(size), limit))


def plan(
    items: Iterable[tuple[int, Accepted]], *, share: int | None, masks: int, chunk: int
) -> Iterator[Task]:
    """All the work, in pieces of `chunk` positions."""
    for number, item in items:
        for which, surface in enumerate(surfaces(item)):
            positions = chosen_positions(item, surface, share)
            for start in range(0, len(positions), chunk):
                part = tuple(positions[start : start + chunk])
                yield Task(item=number, surface=which, positions=part, masks=masks)


def run_task(items: tuple[Accepted, ...], task: Task) -> Tally:
    """Judge the mutants of one task."""
    item = items[task.item]
    surface = surfaces(item)[task.surface]
    honest = item.judge()
    exempt = regions(item, honest, surface)
    tally = Tally()
    for position in task.positions:
        chosen = Random(f"{SEED}/{item.name}/{surface.name}/{position}")
        for mask in chosen.sample(range(1, 256), task.masks):
            tally.mutants += 1
            _judge(item, surface, honest, exempt=exempt, position=position, mask=mask, tally=tally)
    return tally


def _judge(
    item: Accepted,
    surface: Surface,
    honest: Claims,
    *,
    exempt: list[Region],
    position: int,
    mask: int,
    tally: Tally,
) -> None:
    data = bytearray(surface.data)
    data[position] ^= mask
    evidence = surface.rebuild(bytes(data))
    try:
        claims = item.judge(evidence)
    except WarifuError:
        tally.refused += 1
        return
    except Exception as error:  # noqa: BLE001 - anything else is what we look for
        what = f"crashed: {type(error).__name__}: {error}"
    else:
        changed = {
            name
            for name in honest.__struct_fields__
            if getattr(claims, name) != getattr(honest, name)
        }
        for region in exempt:
            if region.start <= position < region.stop and changed <= region.exemption.may_change:
                tally.exempt[region.exemption.name] += 1
                return
        what = f"accepted, other claims: {', '.join(sorted(changed)) or 'none'}"
    finding = Finding(
        format=item.format.value,
        evidence=item.name,
        surface=surface.name,
        position=position,
        mask=mask,
        what=what,
    )
    tally.findings.append(finding)


def _random(item: Accepted, surface: Surface) -> Random:
    return Random(f"{SEED}/{item.name}/{surface.name}")
