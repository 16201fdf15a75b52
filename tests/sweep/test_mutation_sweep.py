"""A seeded share of the mutation sweep: `make sweep` changes every byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.corpus import made, real
from tests.vectors import vectors_dir
from tools.sweep import sweep
from tools.sweep.exceptions import EXEMPTIONS, regions
from tools.sweep.surfaces import WHOLE, Surface, surfaces
from tools.sweep.sweep import METADATA_POSITIONS, Tally, chosen_positions, plan, run_task
from warifu.attestation.claims import Format

if TYPE_CHECKING:
    from pathlib import Path

    from tests.corpus.accepted import Accepted

SHARE = 24
"""Positions of each surface."""
METADATA_SHARE = 12

pytestmark = [pytest.mark.vectors, pytest.mark.slow]


def numbered() -> list[tuple[int, Accepted]]:
    folder = vectors_dir()
    return list(enumerate((*real.accepted(folder), *made.accepted()))) if folder else []


@pytest.mark.parametrize(
    ("number", "item"),
    [pytest.param(n, i, id=f"{i.format}: {i.name}") for n, i in numbered()],
)
def test_altered_evidence_is_refused_or_tells_the_same_facts(
    vectors: Path, number: int, item: Accepted
) -> None:
    share = METADATA_SHARE if item.format is Format.MDS else SHARE
    tally = Tally()
    for task in plan([(number, item)], share=share, masks=1, chunk=share):
        tally.add(run_task((*real.accepted(vectors), *made.accepted()), task))
    assert tally.findings == []
    assert tally.mutants == tally.refused + tally.exempt.total()
    assert tally.refused > 0


@pytest.mark.parametrize("name", real.LEAST)
def test_much_real_evidence_is_swept(vectors: Path, name: Format) -> None:
    assert len(real.of_format(vectors, name)) >= real.LEAST[name]


def test_every_byte_is_altered_where_no_share_is_asked_for(vectors: Path) -> None:
    item = real.of_format(vectors, Format.APP_ATTEST_ASSERTION)[0]
    tasks = list(plan([(0, item)], share=None, masks=1, chunk=50))
    assert [position for task in tasks for position in task.positions] == list(
        range(len(item.evidence))
    )


def test_metadata_is_altered_at_ten_thousand_places(vectors: Path) -> None:
    item = real.of_format(vectors, Format.MDS)[0]
    whole, *_ = surfaces(item)
    positions = chosen_positions(item, whole, None)
    assert len(set(positions)) == METADATA_POSITIONS
    assert positions == chosen_positions(item, whole, None)


def test_an_unexpected_acceptance_is_found(vectors: Path) -> None:
    """The sweep is no ornament: a verifier that reads too little is caught."""
    item = next(i for i in real.of_format(vectors, Format.APP_ATTEST_ASSERTION))
    deaf = Surface(name=WHOLE, data=item.evidence, rebuild=lambda _: item.evidence)
    tally = Tally()
    sweep._judge(item, deaf, item.judge(), exempt=[], position=0, mask=1, tally=tally)
    assert [finding.what for finding in tally.findings] == ["accepted, other claims: none"]


def test_a_crash_is_found(vectors: Path) -> None:
    item = real.of_format(vectors, Format.APP_ATTEST_ASSERTION)[0]
    broken = Surface(name=WHOLE, data=item.evidence, rebuild=lambda data: data.hex())  # type: ignore[arg-type,return-value]
    tally = Tally()
    sweep._judge(item, broken, item.judge(), exempt=[], position=0, mask=1, tally=tally)
    assert [finding.what[:8] for finding in tally.findings] == ["crashed:"]


def test_exempt_regions_lie_inside_their_surface(vectors: Path) -> None:
    for item in real.accepted(vectors):
        claims = item.judge()
        for surface in surfaces(item):
            for region in regions(item, claims, surface):
                assert 0 <= region.start <= region.stop <= len(surface.data) + 1
                assert region.exemption in EXEMPTIONS
                assert item.format in region.exemption.formats


def test_exemptions_cover_little_of_what_is_signed(vectors: Path) -> None:
    """Assertions and tokens have no byte outside their signatures."""
    for item in real.accepted(vectors):
        if item.format in {Format.APP_ATTEST_ASSERTION, Format.MDS, Format.SAFETYNET}:
            claims = item.judge()
            assert not any(regions(item, claims, surface) for surface in surfaces(item))


def test_no_exemption_changes_who_vouches_for_the_device() -> None:
    for exemption in EXEMPTIONS:
        assert not exemption.may_change & {"app", "boot", "device", "operating_system", "realm"}
