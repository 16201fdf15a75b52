"""A tenant on either database."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.service.house import Hands, make_house, settle
from warifu.service.composition import Composition
from warifu.service.store.database import Database


class Ticking(Hands):
    """A clock that nobody reads twice at the same time."""

    def __call__(self) -> datetime:
        self.forward(milliseconds=1)
        return self.now


@pytest.fixture
def clock() -> Hands:
    return Ticking()


@pytest.fixture
def house(database: Database, clock: Hands) -> Composition:
    made = make_house(database, clock=clock)
    settle(made)
    return made
