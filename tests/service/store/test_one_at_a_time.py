"""Threads that answer requests compute in turn, and never wait for a turn for good."""

from __future__ import annotations

import threading
import time

import pytest

from warifu.service.store import one_at_a_time
from warifu.service.store.one_at_a_time import computing, waiting


def started(work: object) -> threading.Thread:
    assert callable(work)
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_two_threads_that_compute_do_so_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(one_at_a_time, "PATIENCE", 30)
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(20):
            with computing():
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.0005)
                inside.pop()

    for thread in [started(work) for _ in range(4)]:
        thread.join(30)
    assert len(most) == 80
    assert set(most) == {1}


def test_whoever_waits_for_a_database_lets_another_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_at_a_time, "PATIENCE", 30)
    answered, computed = threading.Event(), threading.Event()

    def first() -> None:
        with computing(), waiting():
            answered.wait(30)

    def second() -> None:
        with computing():
            computed.set()

    threads = [started(first), started(second)]
    assert computed.wait(30)
    answered.set()
    for thread in threads:
        thread.join(30)


def test_a_thread_that_never_gives_up_its_turn_stops_nobody() -> None:
    ends, computed = threading.Event(), threading.Event()

    def selfish() -> None:
        with computing():
            ends.wait(30)

    def other() -> None:
        with computing(), waiting():
            computed.set()

    one = started(selfish)
    two = started(other)
    assert computed.wait(30)
    ends.set()
    one.join(30)
    two.join(30)


def test_threads_that_hold_a_lock_while_they_wait_for_their_turn_do_not_stand_still() -> None:
    lock, waits = threading.Lock(), threading.Event()

    def holds_the_lock() -> None:
        with computing(), lock, waiting():
            waits.set()
            time.sleep(0.02)

    def wants_the_lock() -> None:
        waits.wait(30)
        with computing(), lock:
            pass

    threads = [started(holds_the_lock), started(wants_the_lock)]
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def test_who_has_no_turn_waits_without_taking_one() -> None:
    with waiting():
        pass
    with computing():
        pass
