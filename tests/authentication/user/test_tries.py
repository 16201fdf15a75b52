"""The counter of PIN tries: nothing runs past it, and only the right PIN gives anything back."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.authentication.ceremony.support import denied
from tests.authentication.user.world import NOW
from tests.support import misuse
from warifu.authentication.ceremony.tables import advance
from warifu.authentication.user import rules
from warifu.authentication.user.pin_record import PinMatched
from warifu.authentication.user.tries import (
    FRESH,
    PACE,
    TRANSITIONS,
    Event,
    State,
    Terms,
    Tries,
    release,
    settle,
    spend,
)
from warifu.authentication.user.verified import Assurance, Method, UserVerified
from warifu.base.errors import Denied

MATCHED = PinMatched(user="customer-1", renew=False)
MOST = len(PACE) + 1
HURRIED = Terms(pace=(timedelta(),) * 5)
POSSESSION = UserVerified(
    user="customer-1",
    device="device-1",
    method=Method.PASSKEY,
    assurance=Assurance.AUTHENTICATOR,
    at=NOW,
    key=bytes(32),
    context=bytes(32),
    proved=(),
)


def test_wrong_pins_wait_longer_and_longer_and_then_lock() -> None:
    tries, now = FRESH, NOW
    states = []
    for wait in PACE:
        tries = settle(spend(tries, now), tries.revision + 1, None)
        states.append(tries.state)
        assert tries.not_before == (now + wait if wait else None)
        now += wait
    assert states == [State.OPEN, State.OPEN, State.PACED, State.PACED, State.PACED]
    tries = spend(tries, now)
    assert (tries.state, tries.failures) == (State.LOCKED, MOST)
    with denied(rules.LOCKED):
        spend(tries, now + timedelta(days=365))


def test_a_try_before_its_time_is_denied_with_the_time() -> None:
    tries = replace(FRESH, state=State.PACED, failures=3, not_before=NOW + timedelta(seconds=30))
    with pytest.raises(Denied) as caught:
        spend(tries, NOW + timedelta(seconds=29))
    assert caught.value.rule is rules.PACED
    assert caught.value.detail == "2026-12-01T09:00:30+00:00"
    assert spend(tries, NOW + timedelta(seconds=30)).failures == 4


def test_the_right_pin_resets() -> None:
    tries = spend(spend(FRESH, NOW), NOW)
    assert settle(tries, 2, MATCHED) == Tries(revision=3)


def test_the_last_try_may_still_be_right() -> None:
    tries = spend(Tries(failures=MOST - 1, revision=7), NOW)
    assert tries.state is State.LOCKED
    assert settle(tries, 8, MATCHED) == Tries(revision=9)


@pytest.mark.parametrize("proof", [POSSESSION, True, "customer-1"], ids=["passkey", "true", "text"])
def test_possession_alone_never_resets(proof: Any) -> None:
    with misuse(rules.TICKET):
        settle(spend(FRESH, NOW), 1, proof)


@pytest.mark.parametrize("ticket", [0, -1, 2])
def test_a_try_that_was_not_spent_is_not_settled(ticket: int) -> None:
    with misuse(rules.TICKET):
        settle(spend(FRESH, NOW), ticket, MATCHED)


def test_a_right_pin_forgives_nothing_that_was_spent_after_it() -> None:
    tries = FRESH
    for _ in range(4):
        tries = spend(tries, NOW, HURRIED)
    assert settle(tries, 1, MATCHED).failures == 3
    assert settle(tries, 4, MATCHED).failures == 0


def test_a_lock_by_later_tries_outlasts_an_earlier_right_pin() -> None:
    tries = FRESH
    for _ in range(6):
        tries = spend(tries, NOW, HURRIED)
    assert tries.state is State.LOCKED
    assert settle(tries, 5, MATCHED).state is State.LOCKED


def test_a_pace_set_by_later_tries_outlasts_an_earlier_right_pin() -> None:
    tries = spend(spend(spend(FRESH, NOW), NOW), NOW)
    assert tries.state is State.PACED
    settled = settle(tries, 2, MATCHED)
    assert (settled.state, settled.not_before) == (State.PACED, tries.not_before)


def test_the_bank_releases_what_is_locked() -> None:
    assert release(Tries(state=State.LOCKED, failures=6, revision=6)) == Tries(revision=7)


def test_power_cut_after_the_commit_costs_the_try() -> None:
    tries = FRESH
    for _ in range(6):
        tries = spend(tries, NOW, HURRIED)  # never settled
    with denied(rules.LOCKED):
        spend(tries, NOW, HURRIED)


def test_terms_made_stricter_lock_at_the_next_try() -> None:
    assert spend(Tries(failures=3), NOW, Terms(pace=(timedelta(),))).state is State.LOCKED


def test_nothing_is_spent_on_what_is_locked() -> None:
    with denied(rules.TRANSITION):
        advance(TRANSITIONS, State.LOCKED, Event.SPENT_FREELY, rules.TRANSITION)


@given(st.lists(st.tuples(st.integers(0, 7), st.sampled_from(["read", "store", "settle"]))))
def test_parallel_wrong_pins_cannot_race_past_the_counter(steps: list[tuple[int, str]]) -> None:
    # Eight workers, each of which may be preempted between reading and storing, store by
    # compare-and-set on the revision. However they interleave, no more PINs are looked at.
    stored, seen, opened = FRESH, dict[int, Tries](), list[int]()
    for worker, step in steps:
        if step == "read":
            seen[worker] = stored
        elif step == "store" and worker in seen:
            try:
                spent = spend(seen.pop(worker), NOW, HURRIED)
            except Denied:
                continue
            if spent.revision == stored.revision + 1:
                stored = spent
                opened.append(spent.revision)
        elif step == "settle" and opened:
            assert settle(stored, opened[worker % len(opened)], None) is stored
    assert len(opened) <= 6
    assert stored.failures == len(opened)


@given(st.lists(st.sampled_from(["wrong", "right", "settle"]), max_size=60), st.integers(0))
def test_between_two_right_pins_no_more_are_tried_than_the_terms_say(
    steps: list[str], choice: int
) -> None:
    # Tickets are settled in any order; what a right PIN forgives is never newer than itself.
    tries, open_tickets = FRESH, list[tuple[int, bool]]()
    wrong_since = set[int]()
    for step in steps:
        if step == "settle" and open_tickets:
            ticket, right = open_tickets.pop(choice % len(open_tickets))
            tries = settle(tries, ticket, MATCHED if right else None)
            if right:
                wrong_since = {spent for spent in wrong_since if spent > ticket}
        elif step != "settle" and tries.state is not State.LOCKED:
            tries = spend(tries, NOW, HURRIED)
            open_tickets.append((tries.revision, step == "right"))
            if step == "wrong":
                wrong_since.add(tries.revision)
        assert len(wrong_since) <= 6
        assert tries.failures >= len(wrong_since)
