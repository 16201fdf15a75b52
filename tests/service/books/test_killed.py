"""Processes that extend one log are killed at any moment: there is one history all the same."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from time import monotonic, sleep, time
from typing import TYPE_CHECKING

import pytest

from tests.service.books import extender
from tests.service.books.bank import log_keys
from tests.service.books.test_sequencing import happen, require_one_history
from tests.service.house import TENANT, settle
from warifu.authentication.ledger.rules import ONE_HEAD
from warifu.base.errors import Denied
from warifu.receipt_check.log import read_head
from warifu.service.conduct.books.sequencing import sequence
from warifu.service.conduct.work import Work
from warifu.service.identifiers import new_id
from warifu.service.store import ledger as store
from warifu.service.workers.sequencer import Sequencer, SequencerThread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.receipt_check.log import Head
    from warifu.service.composition import Composition

EXTENDERS = 3
LEAVES = 300
BLOWS = 3
MOST_SECONDS = 90


@pytest.fixture
def since() -> float:
    return time()


@pytest.fixture
def house(database_url: str, since: float) -> Iterator[Composition]:
    opened = extender.open_house(database_url, since)
    yield opened
    opened.database.close()


@pytest.fixture
def work(house: Composition) -> Work:
    return Work(house=house, caller=settle(house), now=house.clock())


@contextmanager
def extending(url: str, folder: Path, since: float) -> Iterator[list[subprocess.Popen[bytes]]]:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", "tests.service.books.extender", url, str(folder), str(since)]
    made = [subprocess.Popen(command, cwd=root) for _ in range(EXTENDERS)]
    try:
        yield made
    finally:
        for each in made:
            each.kill()
            each.wait()


def size_of(house: Composition) -> int:
    """Leaves with a place."""
    head = store.newest_head(house.database, TENANT)
    return 0 if head is None else head.size


def signed_heads(house: Composition, folder: Path) -> list[Head]:
    """All that any process ever signed, kept or not."""
    keys = log_keys(house)
    heads = [
        read_head(each.read_bytes(), origin=f"warifu/{TENANT}", keys=keys, at=house.clock())
        for each in sorted(folder.iterdir())
        if each.stat().st_size
    ]
    return sorted(heads, key=lambda each: each.size)


def test_kill_9_of_processes_that_take_the_log_from_each_other_leaves_one_history(
    work: Work, house: Composition, database_url: str, since: float, tmp_path: Path
) -> None:
    folder = tmp_path / "signed"
    folder.mkdir()
    ids: set[str] = set()
    for blow in range(BLOWS):
        ids |= set(happen(work, LEAVES))
        before = size_of(house)
        with extending(database_url, folder, since) as processes:
            deadline = monotonic() + MOST_SECONDS
            while size_of(house) < before + 10 * (blow + 1):
                assert monotonic() < deadline
                sleep(0.01)
            for process in processes:
                process.kill()
    assert size_of(house) < len(ids), "they were killed at work"
    deadline = monotonic() + MOST_SECONDS
    while monotonic() < deadline:
        with suppress(Denied):
            if not sequence(house, TENANT, holder=new_id(house.clock())).placed:
                break
        sleep(0.2)
    require_one_history(house, ids)
    heads = signed_heads(house, folder)
    assert len(heads) >= BLOWS
    for first, second in pairwise(heads):
        assert first.size < second.size or first.root == second.root, "two heads of one size"
    for each in heads:
        kept = store.find_head(house.database, TENANT, each.size)
        assert kept is not None, "nothing was signed that was not durable before"
        assert kept.root == each.root


def test_the_thread_of_a_serving_process_extends_publishes_and_gives_back(work: Work) -> None:
    house = work.house
    happen(work, 3)
    thread = SequencerThread(house, every=0.01)
    thread.start()
    deadline = monotonic() + MOST_SECONDS
    head = None
    while monotonic() < deadline and (head is None or head.size < 5):
        head = store.newest_head(house.database, TENANT, signed=True)
        sleep(0.02)
    thread.stop()
    assert head is not None
    assert head.size == 5, "three leaves, and the keys for checkpoints and receipts"
    lease = store.read_lease(house.database, TENANT)
    assert lease is not None
    assert lease.holder == ""
    assert Sequencer(house).turn().logs == 0, "there is nothing left to do"


def test_a_thread_outlives_whatever_goes_wrong(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = happen(work, 1)
    thread = SequencerThread(work.house, every=0.01)
    turn, failures = Sequencer.turn, iter([OSError("a disk"), Denied(ONE_HEAD), ValueError()])

    def fails_first(sequencer: Sequencer) -> object:
        for error in failures:
            raise error
        return turn(sequencer)

    monkeypatch.setattr(Sequencer, "turn", fails_first)
    thread.start()
    deadline = monotonic() + MOST_SECONDS
    found = None
    while monotonic() < deadline and (found is None or found.place is None):
        found = store.find_leaf(work.house.database, TENANT, ids[0])
        sleep(0.02)
    thread.stop()
    assert found is not None
    assert found.place is not None
