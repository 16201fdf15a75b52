"""Two banks at one service, on each database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.attacks.world import World, open_world
from tests.service.books.bank import WITNESSED
from tests.service.house import Hands, HeldTrust, make_house

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.service.composition import Composition
    from warifu.service.store.database import Database


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def trust() -> HeldTrust:
    return HeldTrust()


@pytest.fixture
def house(database: Database, clock: Hands, trust: HeldTrust) -> Composition:
    return make_house(database, clock=clock, trust=trust, settings=WITNESSED)


@pytest.fixture
def world(house: Composition) -> Iterator[World]:
    with open_world(house) as opened:
        yield opened
