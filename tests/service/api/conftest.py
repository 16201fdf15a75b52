"""The shell around a small interface, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.service.api.desk import ThingController, by_word
from tests.service.house import TENANT, Hands, make_house, settle
from tests.service.served import served
from warifu.service.api import app as shell
from warifu.service.settings import LimitSettings, Settings
from warifu.service.store.database import Database

Client = TestClient[Litestar]


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def client(database: Database, clock: Hands, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Somebody of `TENANT` with every scope."""
    monkeypatch.setattr(shell, "CONTROLLERS", [*shell.CONTROLLERS, ThingController])
    settings = Settings(limits=LimitSettings(body_bytes=4096))
    house = make_house(database, clock=clock, settings=settings)
    for tenant in (TENANT, "other-bank"):
        settle(house, tenant)
    with served(house, authenticate=by_word, raise_server_exceptions=False) as made:
        made.headers["Authorization"] = f"Bearer {TENANT}"
        yield made
