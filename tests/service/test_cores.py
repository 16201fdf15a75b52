"""Processes that keep to a core each: no two of one service to the same, and none to no core."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

import pytest

from warifu.service import serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux pins")
CORES = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 0


def test_processes_of_one_service_keep_to_different_cores(tmp_path: Path) -> None:
    ways = multiprocessing.get_context("spawn")
    told, go_on = ways.Queue(), ways.Event()
    started = [ways.Process(target=_keep, args=(tmp_path, told, go_on)) for _ in range(CORES)]
    for each in started:
        each.start()
    kept = [told.get(timeout=60) for _ in started]
    go_on.set()
    for each in started:
        each.join()
    assert sorted(core for cores in kept for core in cores) == sorted(os.sched_getaffinity(0))


def test_a_core_whose_process_ended_is_taken_again(tmp_path: Path) -> None:
    ways = multiprocessing.get_context("spawn")
    told, go_on = ways.Queue(), ways.Event()
    go_on.set()
    for _ in range(CORES + 1):
        process = ways.Process(target=_keep, args=(tmp_path, told, go_on))
        process.start()
        process.join()
    assert {told.get(timeout=60) for _ in range(CORES + 1)} == {(max(os.sched_getaffinity(0)),)}


def test_more_processes_than_cores_are_not_pinned() -> None:
    with serving._cores_apart(CORES + 1, pinned=True) as cores:
        assert cores is None


def test_nothing_is_pinned_unless_asked() -> None:
    with serving._cores_apart(1, pinned=False) as cores:
        assert cores is None


def _keep(claims: Path, told: multiprocessing.Queue[tuple[int, ...]], go_on: object) -> None:
    serving._keep_to_a_core(claims)
    told.put(tuple(os.sched_getaffinity(0)))
    go_on.wait(60)  # type: ignore[attr-defined]
