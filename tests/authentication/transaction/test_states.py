"""One outcome for each transaction, whatever comes late, twice or in the wrong order."""

from datetime import timedelta

import pytest

from tests.authentication.ceremony.support import denied
from tests.authentication.transaction.cases import ASKED
from warifu.authentication.ceremony.tables import diagram
from warifu.authentication.transaction import rules
from warifu.authentication.transaction.answer import Answer, Reason, Verdict
from warifu.authentication.transaction.proximity import (
    DIGITS,
    STEP_SECONDS,
    check_proximity,
    proximity_code,
)
from warifu.authentication.transaction.states import (
    OPEN,
    TRANSITIONS,
    Event,
    State,
    Taken,
    advance,
    take_answer,
)
from warifu.base.secret import Secret

LATE = ASKED + timedelta(minutes=5)
OK = Answer(digest=bytes(32), verdict=Verdict.OK)
NG = Answer(digest=bytes(32), verdict=Verdict.NG, reason=Reason.DETAILS_WRONG)
NOT_ME = Answer(digest=bytes(32), verdict=Verdict.NG, reason=Reason.NOT_ME)
SECRET = Secret(bytes(range(32)))
OPERATION = bytes(16)


def take(state: State, answer: Answer, *, late: bool = False, hold: bool = False) -> Taken:
    at = LATE if late else ASKED
    return take_answer(state, answer, at=at, expires_at=LATE, hold=hold)


def reachable(start: State) -> set[State]:
    found: set[State] = set()
    waiting = {start}
    while waiting:
        state = waiting.pop()
        found.add(state)
        waiting |= set(TRANSITIONS[state].values()) - found
    return found


@pytest.mark.parametrize(
    ("answer", "hold", "state", "event"),
    [
        (OK, False, State.APPROVED, Event.APPROVE),
        (OK, True, State.HELD, Event.APPROVE_HELD),
        (NG, False, State.REFUSED, Event.REFUSE),
        (NG, True, State.REFUSED, Event.REFUSE),
        (NOT_ME, False, State.REFUSED, Event.DISOWN),
    ],
)
def test_an_answer_in_time_is_the_outcome(
    answer: Answer,
    hold: bool,  # noqa: FBT001 - a column of the table
    state: State,
    event: Event,
) -> None:
    assert take(State.ASKED, answer, hold=hold) == Taken(state=state, event=event)


@pytest.mark.parametrize("answer", [OK, NG, NOT_ME], ids=["ok", "ng", "not me"])
@pytest.mark.parametrize("state", sorted(OPEN))
def test_a_late_answer_is_recorded_and_refused(state: State, answer: Answer) -> None:
    expired = Taken(state=State.EXPIRED, event=Event.EXPIRE, refused_by=rules.LATE)
    assert take(state, answer, late=True) == expired


@pytest.mark.parametrize("answer", [OK, NG, NOT_ME], ids=["ok", "ng", "not me"])
@pytest.mark.parametrize("state", sorted(set(State) - OPEN - {State.HELD}))
def test_a_second_answer_is_recorded_and_refused(state: State, answer: Answer) -> None:
    for late in (False, True):
        taken = take(state, answer, late=late)
        assert taken == Taken(state=state, event=None, refused_by=rules.DECIDED)


def test_what_is_held_can_be_disowned_and_nothing_else() -> None:
    disowned = Taken(state=State.REFUSED, event=Event.DISOWN)
    assert take(State.HELD, NOT_ME, late=True) == disowned
    for answer in (OK, NG):
        assert take(State.HELD, answer).refused_by == rules.DECIDED


def test_an_operation_that_nobody_claimed_cannot_be_answered() -> None:
    with denied(rules.STATE):
        take(State.UNCLAIMED, OK)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_what_the_table_does_not_have_is_refused(state: State, event: Event) -> None:
    if event in TRANSITIONS[state]:
        assert advance(state, event) is TRANSITIONS[state][event]
    else:
        with denied(rules.STATE):
            advance(state, event)


def test_no_path_leads_from_a_refusal_to_money() -> None:
    for state in (State.REFUSED, State.EXPIRED, State.CANCELLED, State.FAILED):
        assert reachable(state) == {state}


def test_money_is_handed_off_only_once_and_only_after_approval() -> None:
    before = [state for state, events in TRANSITIONS.items() if Event.HAND_OFF in events]
    assert before == [State.APPROVED]
    assert State.APPROVED not in reachable(State.HANDED_OFF)


def test_every_state_is_in_the_table_and_can_be_reached() -> None:
    assert set(TRANSITIONS) == set(State) == reachable(State.UNCLAIMED)
    assert "asked --> approved: approve" in diagram(TRANSITIONS)


def test_the_code_on_the_screen_claims_the_operation() -> None:
    code = proximity_code(SECRET, OPERATION, ASKED)
    assert len(code) == DIGITS
    assert code.isdecimal()
    step = int(ASKED.timestamp()) // STEP_SECONDS
    assert check_proximity(SECRET, OPERATION, code, ASKED) == step
    assert check_proximity(SECRET, OPERATION, code, ASKED + timedelta(seconds=30)) == step


@pytest.mark.parametrize("seconds", [-30, 60, 3600])
def test_the_code_of_another_time_does_not(seconds: int) -> None:
    code = proximity_code(SECRET, OPERATION, ASKED)
    with denied(rules.PROXIMITY):
        check_proximity(SECRET, OPERATION, code, ASKED + timedelta(seconds=seconds))


@pytest.mark.parametrize("code", ["", "00000", "0000000", "１２３４５６", "\ud800", "x" * 1000])
def test_no_other_text_does(code: str) -> None:
    with denied(rules.PROXIMITY):
        check_proximity(SECRET, OPERATION, code, ASKED)


def test_the_code_of_another_operation_does_not() -> None:
    code = proximity_code(SECRET, b"\x01" * 16, ASKED)
    with denied(rules.PROXIMITY):
        check_proximity(SECRET, OPERATION, code, ASKED)
