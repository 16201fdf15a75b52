"""Core banking gets what was approved once, and the books are compared."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.service.conduct.denials import denied
from tests.service.confirming.counter import Counter
from warifu.authentication.transaction.states import State
from warifu.base.errors import Misuse
from warifu.service.conduct.confirming import handing_off, rules
from warifu.service.conduct.rules import KNOWN

if TYPE_CHECKING:
    from tests.service.house import Hands
    from warifu.service.conduct.confirming.told import TransactionTold


def approved(counter: Counter) -> TransactionTold:
    """A transfer on its way to core banking."""
    told = counter.ask()
    assert counter.send(told).state is State.APPROVED
    return told


def compared(counter: Counter, *entries: tuple[str, str]) -> handing_off.Differences:
    """With the books of today."""
    now = counter.house.clock()
    asked = handing_off.ReconcileRequest(
        since=now - timedelta(hours=12),
        until=now + timedelta(hours=12),
        entries=tuple(handing_off.Entry(id=name, reference=each) for name, each in entries),
    )
    return handing_off.reconcile(counter.work(), asked)


def test_what_is_not_approved_is_not_carried_out(counter: Counter) -> None:
    asked, refused, cancelled = counter.ask(), counter.ask(), counter.ask()
    counter.refuse(refused)
    counter.cancel(cancelled)
    for told in (asked, refused, cancelled):
        with denied(rules.DUE):
            counter.carry_out(told)
        with denied(rules.DUE):
            counter.acknowledge(told, "core-1")
    assert counter.due() == []


def test_what_was_taken_and_not_acknowledged_is_offered_again(
    counter: Counter, clock: Hands
) -> None:
    told = approved(counter)
    assert counter.carry_out(told).hand_offs == 1
    assert counter.due() == []
    clock.forward(seconds=counter.house.settings.confirmation.hand_off_again_seconds)
    assert counter.due() == [told.id]
    assert counter.carry_out(told).hand_offs == 2
    counter.acknowledge(told, "core-1")
    clock.forward(days=1)
    assert counter.due() == []


def test_what_is_due_longest_comes_first(counter: Counter, clock: Hands) -> None:
    first = approved(counter)
    clock.forward(seconds=1)
    second = approved(counter)
    assert counter.due() == [first.id, second.id]


def test_acknowledged_again_by_its_reference_it_is_told_again(counter: Counter) -> None:
    told = approved(counter)
    counter.carry_out(told)
    first = counter.acknowledge(told, "core-1")
    assert counter.acknowledge(told, "core-1") == first
    with denied(rules.REFERENCE):
        counter.acknowledge(told, "core-2")
    with denied(rules.DUE):
        counter.carry_out(told)


def test_one_reference_is_of_one_transaction(counter: Counter) -> None:
    first, second = approved(counter), approved(counter)
    for told in (first, second):
        counter.carry_out(told)
    counter.acknowledge(first, "core-1")
    with denied(rules.REFERENCE):
        counter.acknowledge(second, "core-1")
    assert counter.see(second).state is State.HANDED_OFF


def test_books_that_agree_show_no_differences(counter: Counter) -> None:
    told = approved(counter)
    counter.carry_out(told)
    counter.acknowledge(told, "core-1")
    nothing = handing_off.Differences(unknown=(), other_reference=(), not_booked=(), found=())
    assert compared(counter, (told.id, "core-1")) == nothing
    assert counter.see(told).state is State.RECONCILED
    assert compared(counter, (told.id, "core-1")) == nothing


def test_books_that_differ_show_where(counter: Counter) -> None:
    booked, lost, doubled = (approved(counter) for _ in range(3))
    never = counter.ask()
    for told in (booked, lost, doubled):
        counter.carry_out(told)
    for told, reference in ((lost, "core-2"), (doubled, "core-3")):
        counter.acknowledge(told, reference)
    found = compared(counter, (booked.id, "core-1"), (doubled.id, "core-9"), (never.id, "core-7"))
    assert found.found == (booked.id,)
    assert found.other_reference == (doubled.id,)
    assert found.unknown == (never.id,)
    assert found.not_booked == (lost.id,)
    assert counter.see(booked).state is State.RECONCILED
    assert counter.see(booked).reference == "core-1"
    assert counter.see(doubled).state is State.ACKNOWLEDGED
    assert counter.see(never).state is State.ASKED


def test_two_transactions_booked_as_one_are_found(counter: Counter) -> None:
    first, second = approved(counter), approved(counter)
    for told in (first, second):
        counter.carry_out(told)
    found = compared(counter, (first.id, "core-1"), (second.id, "core-1"))
    assert set(found.other_reference) == {first.id, second.id}
    assert counter.see(first).state is State.HANDED_OFF


def test_a_transaction_that_is_not_there(counter: Counter) -> None:
    with pytest.raises(Misuse) as caught:
        handing_off.take(counter.work(), "01a2006b-0000-7000-8000-000000000000")
    assert caught.value.code == KNOWN.code
