"""What changes after everything was read for an answer, and before it is written, undoes it.

Reading takes one statement, so that everything read is of one moment; writing asks again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.service.binding.customers import WHY
from tests.service.conduct.denials import denied
from tests.service.confirming.counter import (
    NG,
    NOT_ME,
    PHONE,
    TABLET,
    Counter,
    display_phone,
    payee,
)
from tests.service.governance.threats import ASSURED, advisory
from tests.service.house import caller, make_house, settle
from warifu.authentication.binding.rules import USABLE
from warifu.authentication.transaction import rules as transaction_rules
from warifu.authentication.transaction.proofs.verify import verify_proof
from warifu.authentication.transaction.states import State
from warifu.risk.decision.facts import Operation
from warifu.risk.decision.life_cycle import ThreatFile
from warifu.service.conduct.advisories.stating import put_file
from warifu.service.conduct.binding import bindings
from warifu.service.conduct.confirming import asked
from warifu.service.conduct.confirming.rules import HELD, LIMIT
from warifu.service.conduct.erasing.erasure import ErasureRequest, erase
from warifu.service.conduct.governing import governing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.house import Hands, HeldTrust
    from warifu.base.rule import Rule
    from warifu.service.conduct.confirming.told import TransactionTold
    from warifu.service.store.database import Database


LIMITS = asked.AskedLimits(per_day=15_000)


@pytest.fixture
def counter(database: Database, clock: Hands, trust: HeldTrust) -> Counter:
    """A bank that asks for assurance, and Hanako's phone, bound two days ago."""
    house = make_house(database, clock=clock, trust=trust)
    settle(house, rules=ASSURED)
    bank = Counter(house=house, caller=caller())
    bank.enrol()
    clock.forward(days=2)
    return bank


def suspend(counter: Counter, _: TransactionTold) -> None:
    (bound,) = counter.bindings()
    bindings.suspend_binding(counter.work(), bound.id, bindings.SuspendRequest(**WHY))


def revoke(counter: Counter, _: TransactionTold) -> None:
    (bound,) = counter.bindings()
    bindings.revoke_binding(counter.work(), bound.id, bindings.ChangeRequest(**WHY))


def erase_phone(counter: Counter, _: TransactionTold) -> None:
    erase(counter.work(), ErasureRequest(device=PHONE))


def cancel(counter: Counter, told: TransactionTold) -> None:
    counter.cancel(told)


def report_from_the_tablet(counter: Counter, _: TransactionTold) -> None:
    tablet = display_phone()
    counter.enrol(tablet, name=TABLET)
    stolen = counter.ask(device=TABLET)
    counter.send(stolen, counter.proof(stolen, NG, NOT_ME, phone=tablet))


def stop(counter: Counter, _: TransactionTold) -> None:
    governing.stop(counter.work(), Operation.TRANSFER)


def publish(counter: Counter, _: TransactionTold) -> None:
    put_file(counter.work(), ThreatFile.ADVISORIES, advisory().encode())


def spend_the_day(counter: Counter, _: TransactionTold) -> None:
    counter.send(counter.ask(limits=LIMITS, payee=payee(account="1111111")))


def in_between(
    counter: Counter,
    told: TransactionTold,
    change: Callable[[Counter, TransactionTold], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once, when the proof is verified."""
    todo = [change]

    def changed(*given: Any, **named: Any) -> Any:
        while todo:
            todo.pop()(counter, told)
        return verify_proof(*given, **named)

    monkeypatch.setattr("warifu.service.conduct.confirming.answering.verify_proof", changed)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (suspend, USABLE),
        (revoke, USABLE),
        (erase_phone, USABLE),
        (cancel, transaction_rules.DECIDED),
        (report_from_the_tablet, HELD),
    ],
)
def test_an_ok_is_denied_by_what_changed_in_between(
    counter: Counter,
    change: Callable[[Counter, TransactionTold], None],
    rule: Rule,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = counter.ask()
    proof = counter.proof(told)
    in_between(counter, told, change, monkeypatch)
    with denied(rule):
        counter.send(told, proof)
    assert counter.due() == []


@pytest.mark.parametrize(
    ("change", "code"),
    [(stop, "decision/stopped"), (publish, "confirmation-assured"), (spend_the_day, LIMIT.code)],
)
def test_an_ok_is_judged_by_what_is_in_force_when_it_is_written(
    counter: Counter,
    change: Callable[[Counter, TransactionTold], None],
    code: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = counter.ask(limits=LIMITS)
    proof = counter.proof(told)
    in_between(counter, told, change, monkeypatch)
    outcome = counter.send(told, proof)
    assert outcome.state is State.FAILED
    assert code in {outcome.code, *(each.code for each in outcome.reasons)}
    assert told.id not in counter.due()


@pytest.mark.parametrize("change", [stop, publish, spend_the_day, report_from_the_tablet])
def test_a_refusal_is_taken_whatever_changed_in_between(
    counter: Counter,
    change: Callable[[Counter, TransactionTold], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = counter.ask(limits=LIMITS)
    proof = counter.proof(told, NG)
    in_between(counter, told, change, monkeypatch)
    assert counter.send(told, proof).state is State.REFUSED
