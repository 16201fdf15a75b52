"""A bank that enrols devices, on each database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.binding.customers import Desk
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
def desk(database: Database, clock: Hands, trust: HeldTrust) -> Desk:
    house = make_house(database, clock=clock, trust=trust)
    settle(house)
    return Desk(house=house, caller=caller())
