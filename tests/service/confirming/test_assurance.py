"""What is published after a transaction was asked decides whether its answer still counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.confirming.counter import Counter
from tests.service.governance.threats import ASSURED, advisory, measures
from tests.service.house import caller, make_house, settle
from warifu.authentication.transaction.states import State
from warifu.risk.decision.life_cycle import ThreatFile
from warifu.service.conduct.advisories.stating import put_file

if TYPE_CHECKING:
    from tests.service.house import Hands, HeldTrust
    from warifu.service.store.database import Database


@pytest.fixture
def counter(database: Database, clock: Hands, trust: HeldTrust) -> Counter:
    """With a phone with Android's protected confirmation, bound two days ago."""
    house = make_house(database, clock=clock, trust=trust)
    settle(house, rules=ASSURED)
    bank = Counter(house=house, caller=caller())
    bank.enrol()
    clock.forward(days=2)
    return bank


def test_an_ok_from_a_model_whose_tee_became_alterable_meanwhile_does_not_count(
    counter: Counter,
) -> None:
    told = counter.ask()
    put_file(counter.work(), ThreatFile.ADVISORIES, advisory().encode())
    outcome = counter.send(told)
    assert outcome.state is State.FAILED
    (reason,) = outcome.reasons
    assert reason.code == "confirmation-assured"
    (why,) = reason.derivations
    assert "TEEのメモリを書き換える" in why.because.ja
    assert why.steps[-1].code == "server/accepts-approval"
    assert counter.due() == []


def test_an_ok_from_another_model_counts(counter: Counter) -> None:
    put_file(counter.work(), ThreatFile.ADVISORIES, advisory(model="Tally 2").encode())
    assert counter.send(counter.ask()).state is State.APPROVED


def test_what_a_trusted_display_showed_is_assured_although_malware_is_assumed_everywhere(
    counter: Counter,
) -> None:
    put_file(counter.work(), ThreatFile.MEASURES, measures(assumed="vicious"))
    assert counter.send(counter.ask()).state is State.APPROVED
