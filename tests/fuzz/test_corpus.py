"""The saved corpus, past crashes and seeded mutants of both: a value or one error of the tree.

`make fuzz` looks further, guided by coverage.
"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from random import Random

import pytest

from tools.fuzz.mutate import mutants, saved
from tools.fuzz.targets import TARGETS, signatures_assumed
from tools.fuzz.world import CORPUS
from warifu.attestation.claims import Format
from warifu.base.errors import WarifuError
from warifu.base.pki import signature

MUTANTS = 500

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_give_a_value_or_one_error(name: str) -> None:
    target = TARGETS[name]
    seeds = saved(name)
    with signatures_assumed() if target.assumes_signatures else nullcontext():
        for data in (*seeds, b"", *mutants(seeds, Random(name), MUTANTS)):
            try:
                target.run(data)
            except WarifuError:
                continue
            except Exception as error:  # noqa: BLE001 - shown with the input that made it
                pytest.fail(f"{type(error).__name__} for {data.hex()}")


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_has_a_seed_that_is_taken(name: str) -> None:
    """Seeds that nothing understands would fuzz only the refusal."""
    target = TARGETS[name]
    taken = 0
    with signatures_assumed() if target.assumes_signatures else nullcontext():
        for data in saved(name):
            with suppress(WarifuError):
                target.run(data)
                taken += 1
    assert taken


def test_every_saved_folder_belongs_to_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir() if path.is_dir()} == set(TARGETS)


def test_every_evidence_format_is_fuzzed() -> None:
    for name in Format:
        assert any(target.startswith(name.value) for target in TARGETS)


def test_assumed_signatures_are_forgotten() -> None:
    honest = signature._verify
    with signatures_assumed():
        assert signature._verify is not honest
    assert signature._verify is honest
