"""One sequencer: leases stolen, slept through and raced, and heads of which there is one each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.authentication.ledger.logs import NOW, denied
from warifu.authentication.ceremony.tables import diagram
from warifu.authentication.ledger import rules
from warifu.authentication.ledger.lease import (
    LEASE_TIME,
    MARGIN,
    TRANSITIONS,
    Head,
    Lease,
    LeaseState,
    acquire,
    check_current,
    check_signable,
    next_head,
    release,
    renew,
)
from warifu.base.errors import Denied

LATER = NOW + LEASE_TIME
FIRST = acquire(None, holder="a", now=NOW)
HEAD = Head(size=3, root=bytes(32), token=1)


def test_the_first_takes_the_lease_and_holds_on_to_it() -> None:
    assert Lease(holder="a", token=1, until=LATER) == FIRST
    renewed = renew(FIRST, holder="a", token=1, now=NOW + MARGIN)
    assert renewed.until == LATER + MARGIN
    assert renewed.token == 1


def test_a_clock_set_back_shortens_no_lease() -> None:
    assert renew(FIRST, holder="a", token=1, now=NOW - LEASE_TIME).until == LATER


def test_a_lease_until_next_year_stops_no_log() -> None:
    wrong = acquire(FIRST, holder="b", now=NOW + timedelta(days=365))
    assert wrong.state(NOW) is LeaseState.LOST
    taken = acquire(wrong, holder="c", now=NOW)
    assert (taken.token, taken.until) == (3, LATER)
    with denied(rules.LEASE_CURRENT):
        check_current(taken, holder="b", token=2, now=NOW)


def test_a_second_sequencer_waits() -> None:
    with denied(rules.LEASE_HELD):
        acquire(FIRST, holder="b", now=LATER - timedelta(seconds=1))


@pytest.mark.parametrize("holder", ["", "h" * 129])
def test_a_holder_has_a_name(holder: str) -> None:
    with denied(rules.LEASE_HELD):
        acquire(None, holder=holder, now=NOW)


def test_a_lease_that_ran_out_is_taken_under_a_higher_token() -> None:
    taken = acquire(FIRST, holder="b", now=LATER)
    assert (taken.holder, taken.token) == ("b", 2)


def test_a_holder_that_slept_does_not_renew() -> None:
    with denied(rules.LEASE_MOVE):
        renew(FIRST, holder="a", token=1, now=LATER)
    taken = acquire(FIRST, holder="b", now=LATER)
    with denied(rules.LEASE_CURRENT):
        renew(taken, holder="a", token=1, now=LATER)


def test_a_released_lease_is_taken_at_once_under_a_higher_token() -> None:
    free = release(FIRST, holder="a", token=1, now=NOW)
    assert free.state(NOW) is LeaseState.FREE
    assert acquire(free, holder="b", now=NOW).token == 2
    with denied(rules.LEASE_MOVE):
        release(free, holder="", token=1, now=NOW)


def test_a_stranger_does_not_release_a_lease() -> None:
    with denied(rules.LEASE_CURRENT):
        release(FIRST, holder="b", token=1, now=NOW)


def test_nothing_is_begun_shortly_before_a_lease_ends() -> None:
    assert check_current(FIRST, holder="a", token=1, now=NOW) is FIRST
    with denied(rules.LEASE_CURRENT):
        check_current(FIRST, holder="a", token=1, now=LATER - MARGIN)


@pytest.mark.parametrize(("holder", "token"), [("b", 1), ("a", 0), ("a", 2)])
def test_a_stolen_token_is_not_current(holder: str, token: int) -> None:
    with denied(rules.LEASE_CURRENT):
        check_current(FIRST, holder=holder, token=token, now=NOW)


def test_nobody_writes_where_nobody_holds_the_lease() -> None:
    with denied(rules.LEASE_CURRENT):
        check_current(None, holder="a", token=1, now=NOW)


def test_heads_grow_and_the_same_head_may_be_said_again() -> None:
    larger = Head(size=4, root=b"r" * 32, token=2)
    assert next_head(None, HEAD) == HEAD
    assert next_head(HEAD, larger) == larger
    assert next_head(HEAD, Head(size=3, root=bytes(32), token=2)) == HEAD


@pytest.mark.parametrize(("size", "root"), [(3, b"r" * 32), (2, bytes(32))])
def test_a_second_head_of_a_size_and_a_smaller_one_are_denied(size: int, root: bytes) -> None:
    with denied(rules.ONE_HEAD):
        next_head(HEAD, Head(size=size, root=root, token=1))


def test_a_head_under_a_former_token_is_denied() -> None:
    with denied(rules.LEASE_CURRENT):
        next_head(Head(size=3, root=bytes(32), token=2), Head(size=9, root=bytes(32), token=1))


def sign(committed: Head | None, lease: Lease | None = FIRST) -> Head:
    return check_signable(committed, HEAD, lease=lease, holder="a", token=1, now=NOW)


def test_what_was_committed_is_signed() -> None:
    assert sign(HEAD) == HEAD


@pytest.mark.parametrize("committed", [None, Head(size=2, root=bytes(32), token=1)])
def test_nothing_is_signed_before_it_is_committed(committed: Head | None) -> None:
    with denied(rules.COMMITTED):
        sign(committed)


def test_another_head_than_the_committed_one_is_not_signed() -> None:
    with denied(rules.ONE_HEAD):
        sign(Head(size=3, root=b"r" * 32, token=1))


def test_who_lost_the_lease_signs_nothing() -> None:
    with denied(rules.LEASE_CURRENT):
        sign(HEAD, acquire(FIRST, holder="b", now=LATER))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 40)), max_size=40))
def test_no_two_holders_are_ever_current_and_tokens_never_fall(
    steps: list[tuple[str, int]],
) -> None:
    now, held = NOW, {"a": 0, "b": 0}
    lease: Lease | None = None
    for holder, seconds in steps:
        now += timedelta(seconds=seconds)
        before = lease
        try:
            lease = acquire(lease, holder=holder, now=now)
            held[holder] = lease.token
        except Denied:
            pass
        assert (lease.token if lease else 0) >= (before.token if before else 0)
        current = []
        for name, token in held.items():
            try:
                check_current(lease, holder=name, token=token, now=now)
                current.append(name)
            except Denied:
                pass
        assert len(current) <= 1


def test_the_table_is_drawn() -> None:
    assert "held --> lost: run-out" in diagram(TRANSITIONS)
