"""A bank whose customer has a phone, on each database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.confirming.counter import Counter
from tests.service.house import Hands, HeldTrust, caller, make_house, settle

if TYPE_CHECKING:
    from warifu.service.store.database import Database


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def trust() -> HeldTrust:
    return HeldTrust()


@pytest.fixture
def counter(database: Database, clock: Hands, trust: HeldTrust) -> Counter:
    """With a phone that was bound two days ago."""
    house = make_house(database, clock=clock, trust=trust)
    settle(house)
    bank = Counter(house=house, caller=caller())
    bank.enrol()
    clock.forward(days=2)
    return bank
