"""A report that something was not hers: what it holds, whom it suspends, how a case ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.conduct.denials import denied
from tests.service.confirming.counter import (
    CHANGED_MIND,
    NOT_ME,
    PHONE,
    TABLET,
    USER,
    Counter,
    display_phone,
)
from warifu.authentication.binding.rules import USABLE
from warifu.authentication.binding.states import Hold
from warifu.authentication.transaction import rules as transaction_rules
from warifu.authentication.transaction.states import State
from warifu.authentication.transaction.value import Kind
from warifu.base.errors import Misuse
from warifu.service.conduct.binding import bindings
from warifu.service.conduct.confirming import rules
from warifu.service.conduct.confirming.asked import CreatedBy
from warifu.service.conduct.rules import KNOWN

if TYPE_CHECKING:
    from tests.service.house import Hands


@pytest.fixture
def tablet(counter: Counter, clock: Hands) -> str:
    """A second device of hers, in whoever's hands."""
    bound = counter.enrol(display_phone(), name=TABLET)
    clock.forward(days=2)
    return bound.id


def states(counter: Counter) -> dict[str, str]:
    """Of her bindings, by device."""
    return {each.device: each.state.value for each in counter.bindings(USER)}


def test_the_device_that_created_it_is_suspended_and_not_the_one_that_reports(
    counter: Counter, tablet: str
) -> None:
    told = counter.ask(created_by=CreatedBy(device=TABLET))
    outcome = counter.refuse(told, NOT_ME)
    assert (outcome.state, outcome.suspended) == (State.REFUSED, (tablet,))
    assert states(counter) == {PHONE: "active", TABLET: "suspended"}
    with denied(USABLE):
        counter.ask(device=TABLET)


def test_the_device_that_reports_what_it_created_itself_stays(counter: Counter) -> None:
    outcome = counter.refuse(counter.ask(created_by=CreatedBy(device=PHONE)), NOT_ME)
    assert outcome.suspended == ()
    assert states(counter) == {PHONE: "active"}


def test_the_session_that_created_it_is_named_so_that_the_bank_ends_it(counter: Counter) -> None:
    told = counter.ask(created_by=CreatedBy(session="web-1"))
    outcome = counter.refuse(told, NOT_ME)
    (case,) = counter.cases()
    assert outcome.end_session == case.end_session == "web-1"
    assert (case.id, case.user, case.transaction) == (outcome.case, USER, told.id)
    assert (case.reported_by, case.state) == (PHONE, "open")


def test_nothing_of_hers_is_approved_while_a_case_is_open(counter: Counter) -> None:
    waiting = counter.ask()
    case = counter.refuse(counter.ask(), NOT_ME).case
    with denied(rules.HELD):
        counter.send(waiting)
    assert counter.see(waiting).state is State.ASKED
    assert counter.see(waiting).tries == 0
    assert case is not None
    counter.close(case)
    assert counter.send(waiting).state is State.APPROVED


def test_malware_that_approved_first_is_stopped_by_a_late_disowning(
    counter: Counter, tablet: str
) -> None:
    approved = counter.ask(created_by=CreatedBy(device=TABLET, session="web-1"))
    waiting = counter.ask()
    counter.send(approved)
    with denied(transaction_rules.DECIDED):
        counter.refuse(approved, NOT_ME)
    (case,) = counter.cases()
    (late,) = counter.see(approved).late
    assert (late.case, late.end_session, late.reason) == (case.id, "web-1", "not-me")
    assert (case.transaction, case.suspended) == (approved.id, (tablet,))
    assert counter.see(approved).state is State.APPROVED
    assert counter.due() == []
    for moving in (lambda: counter.carry_out(approved), lambda: counter.send(waiting)):
        with denied(rules.HELD):
            moving()


def test_a_transaction_disowned_too_late_again_and_again_has_one_case(
    counter: Counter, clock: Hands
) -> None:
    told = counter.ask()
    clock.forward(seconds=300)
    for rule in (transaction_rules.LATE, transaction_rules.DECIDED, transaction_rules.DECIDED):
        with denied(rule):
            counter.refuse(told, NOT_ME)
    (case,) = counter.cases()
    late = [each.case for each in counter.see(told).late]
    assert (late.count(case.id), late.count(None)) == (1, 2)
    assert counter.see(told).state is State.EXPIRED


def test_many_late_answers_leave_a_place_for_disowning(counter: Counter) -> None:
    told = counter.ask()
    counter.cancel(told)
    for _ in range(21):
        with denied(transaction_rules.DECIDED):
            counter.refuse(told)
    with denied(transaction_rules.DECIDED):
        counter.refuse(told, NOT_ME)
    (case,) = counter.cases()
    late = [each.case for each in counter.see(told).late]
    assert (late.count(case.id), late.count(None)) == (1, 20)


def test_what_was_disowned_in_time_opens_no_second_case(counter: Counter) -> None:
    told = counter.ask()
    counter.refuse(told, NOT_ME)
    with denied(transaction_rules.DECIDED):
        counter.refuse(told, NOT_ME)
    assert len(counter.cases()) == 1


def test_she_can_refuse_while_a_case_is_open(counter: Counter) -> None:
    waiting = counter.ask()
    counter.refuse(counter.ask(), NOT_ME)
    assert counter.refuse(waiting).state is State.REFUSED


def test_what_was_approved_before_is_not_handed_off_while_a_case_is_open(counter: Counter) -> None:
    approved, other = counter.ask(), counter.ask()
    counter.send(approved)
    case = counter.refuse(other, NOT_ME).case
    assert counter.due() == []
    with denied(rules.HELD):
        counter.carry_out(approved)
    assert case is not None
    counter.close(case)
    assert counter.due() == [approved.id]
    assert counter.carry_out(approved).state is State.HANDED_OFF


def test_somebody_elses_money_moves_on(counter: Counter, clock: Hands) -> None:
    taros = display_phone()
    counter.enrol(taros, user="taro", name="taros-phone")
    clock.forward(days=2)
    counter.refuse(counter.ask(), NOT_ME)
    told = counter.ask(user="taro", device="taros-phone")
    assert counter.send(told, counter.proof(told, phone=taros)).state is State.APPROVED
    assert counter.due() == [told.id]


def test_two_cases_hold_until_both_are_closed(counter: Counter) -> None:
    waiting = counter.ask()
    first, second = (counter.refuse(counter.ask(), NOT_ME).case for _ in range(2))
    assert first is not None
    assert second is not None
    counter.close(first)
    with denied(rules.HELD):
        counter.send(waiting)
    with denied(rules.CASE_OPEN):
        counter.close(first)
    with denied(rules.HELD):
        counter.send(waiting)
    counter.close(second)
    assert counter.send(waiting).state is State.APPROVED


def test_an_approval_in_its_hold_time_can_be_disowned_and_gives_its_limit_back(
    counter: Counter, clock: Hands
) -> None:
    told = counter.ask(kind=Kind.RAISE_LIMIT, payee=None)
    assert counter.send(told).state is State.HELD
    clock.forward(hours=2)
    with denied(transaction_rules.DECIDED):
        counter.refuse(told, CHANGED_MIND)
    assert counter.refuse(told, NOT_ME).state is State.REFUSED
    clock.forward(days=2)
    assert counter.due() == []
    with denied(rules.DUE):
        counter.carry_out(told)


def test_what_a_lost_phone_approved_waits_out_its_hold_for_nothing(
    counter: Counter, clock: Hands
) -> None:
    told = counter.ask(kind=Kind.RAISE_LIMIT, payee=None)
    assert counter.send(told).state is State.HELD
    (bound,) = counter.bindings()
    lost = bindings.SuspendRequest(by=bindings.WhoAsks.CLERK, reason="lost")
    bindings.suspend_binding(counter.work(), bound.id, lost)
    clock.forward(days=2)
    with denied(USABLE):
        counter.carry_out(told)
    found = bindings.ResumeRequest(by=bindings.WhoAsks.CLERK, reason="found", hold=Hold(lost.hold))
    bindings.resume_binding(counter.work(), bound.id, found)
    assert counter.carry_out(told).state is State.HANDED_OFF


def test_the_same_report_sent_again_opens_no_second_case(counter: Counter) -> None:
    told = counter.ask()
    proof = counter.proof(told, 2, NOT_ME)
    first = counter.send(told, proof)
    assert counter.send(told, proof) == first
    assert len(counter.cases()) == 1


def test_a_closed_case_is_found_with_its_note(counter: Counter) -> None:
    case = counter.refuse(counter.ask(), NOT_ME).case
    assert case is not None
    closed = counter.close(case)
    assert (closed.state, closed.closed_by) == ("closed", counter.caller.id)
    assert counter.cases() == []
    assert counter.cases(only_open=False) == [closed]


def test_a_case_that_is_not_there(counter: Counter) -> None:
    with pytest.raises(Misuse) as caught:
        counter.close("01a2006b-0000-7000-8000-000000000000")
    assert caught.value.code == KNOWN.code
