"""A bank whose customers are verified, on each database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.binding.customers import Desk
from tests.service.house import Hands, caller, make_house, settle
from tests.service.verifying.customers import Customer
from warifu.service.settings import PinSettings, Settings

if TYPE_CHECKING:
    from warifu.service.store.database import Database

ROOM = Settings(pins=PinSettings(at_once=8, waiting=64, wait_seconds=30))
"""For 64 at once: nobody is sent away, so that the counter alone decides."""


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def desk(database: Database, clock: Hands) -> Desk:
    house = make_house(database, clock=clock, settings=ROOM)
    settle(house)
    return Desk(house=house, caller=caller())


@pytest.fixture
def hanako(desk: Desk) -> Customer:
    """Her phone is bound, and she has no PIN."""
    return Customer(desk=desk).enrol()
