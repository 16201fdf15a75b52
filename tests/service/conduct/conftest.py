"""A bank with its service, on each database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.house import Hands, HeldTrust, make_house, settle
from tests.service.phones import Bank, IPhone, Passkey

if TYPE_CHECKING:
    from warifu.service.store.database import Database


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def trust() -> HeldTrust:
    return HeldTrust()


@pytest.fixture
def bank(database: Database, clock: Hands, trust: HeldTrust) -> Bank:
    house = make_house(database, clock=clock, trust=trust)
    return Bank(house=house, caller=settle(house))


@pytest.fixture
def iphone(clock: Hands) -> IPhone:
    return IPhone(made_at=clock.now)


@pytest.fixture
def passkey() -> Passkey:
    return Passkey()
