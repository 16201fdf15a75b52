"""One challenge, one answer: not another's, not elsewhere, not late, not twice."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from tests.authentication.ceremony.support import denied
from tests.support import misuse, moment, refused
from warifu.authentication.ceremony import rules
from warifu.authentication.ceremony.context import Context
from warifu.authentication.ceremony.states import (
    MOST_LIFE,
    MOST_TRIES,
    Ceremony,
    CeremonyState,
    answer,
    cancel,
    issue,
    settle,
    spend_try,
)

NOW = moment("2026-11-22T09:00:00")
LIFE = timedelta(minutes=2)
CHALLENGE = bytes(range(32))
CONTEXT = Context(verifier="bank.example", channel="app", purpose="log-in", user="u1", device="d1")
ISSUED = issue(CONTEXT, challenge=CHALLENGE, now=NOW, life=LIFE, tries=3)


def answered(ceremony: Ceremony = ISSUED, now: datetime = NOW) -> Ceremony:
    return answer(ceremony, challenge=CHALLENGE, context=CONTEXT, now=now)


def test_the_answer_to_the_challenge_is_taken() -> None:
    assert answered().state is CeremonyState.ANSWERED


def test_a_second_answer_is_refused() -> None:
    with denied(rules.MOVE):
        answered(answered())


def test_an_answer_to_another_challenge_is_refused() -> None:
    with refused(rules.CHALLENGE):
        answer(ISSUED, challenge=CHALLENGE[::-1], context=CONTEXT, now=NOW)


def test_who_does_not_know_the_challenge_does_not_learn_the_state() -> None:
    with refused(rules.CHALLENGE):
        answer(cancel(ISSUED), challenge=b"", context=CONTEXT, now=NOW + LIFE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(CONTEXT, verifier="bank.example.attacker.example"),
        replace(CONTEXT, channel="web"),
        replace(CONTEXT, purpose="raise-limit"),
        replace(CONTEXT, user="u2"),
        replace(CONTEXT, device="d2"),
        replace(CONTEXT, operation=b"transfer"),
    ],
    ids=["verifier", "channel", "purpose", "user", "device", "operation"],
)
def test_an_answer_relayed_from_elsewhere_is_refused(elsewhere: Context) -> None:
    with refused(rules.CONTEXT):
        answer(ISSUED, challenge=CHALLENGE, context=elsewhere, now=NOW)


def test_an_answer_in_the_last_moment_is_taken_and_a_late_one_is_not() -> None:
    answered(now=NOW + LIFE - timedelta(microseconds=1))
    with denied(rules.IN_TIME):
        answered(now=NOW + LIFE)


def test_tries_run_out() -> None:
    ceremony = ISSUED
    for left in (2, 1, 0):
        ceremony = spend_try(ceremony, now=NOW)
        assert ceremony.tries_left == left
    with denied(rules.TRIES):
        spend_try(ceremony, now=NOW)
    assert settle(ceremony, now=NOW).state is CeremonyState.EXHAUSTED


def test_no_try_is_spent_late() -> None:
    with denied(rules.IN_TIME):
        spend_try(ISSUED, now=NOW + LIFE)


def test_a_ceremony_settles_by_time_and_stays_settled() -> None:
    assert settle(ISSUED, now=NOW) is ISSUED
    expired = settle(ISSUED, now=NOW + LIFE)
    assert expired.state is CeremonyState.EXPIRED
    assert settle(expired, now=NOW) is expired


@pytest.mark.parametrize(
    "end",
    [lambda it: settle(it, now=NOW + LIFE), cancel, answered],
    ids=["time", "cancel", "answer"],
)
def test_what_has_ended_does_not_go_on(end: Callable[[Ceremony], Ceremony]) -> None:
    ended = end(ISSUED)
    with denied(rules.MOVE):
        answered(ended)
    with denied(rules.MOVE):
        cancel(ended)
    with denied(rules.MOVE):
        spend_try(ended, now=NOW)


@pytest.mark.parametrize(
    ("life", "tries"),
    [
        (timedelta(), 3),
        (MOST_LIFE + timedelta(seconds=1), 3),
        (LIFE, 0),
        (LIFE, MOST_TRIES + 1),
    ],
)
def test_a_ceremony_without_end_is_not_issued(life: timedelta, tries: int) -> None:
    with misuse(rules.TERMS):
        issue(CONTEXT, challenge=CHALLENGE, now=NOW, life=life, tries=tries)


def test_a_ceremony_with_a_guessable_challenge_is_not_issued() -> None:
    with misuse(rules.CONTEXT_FORM):
        issue(CONTEXT, challenge=bytes(8), now=NOW, life=LIFE, tries=3)
