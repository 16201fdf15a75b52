"""One bench for each test, on both databases."""

import pytest

from tests.service.callers.calling import Bench
from warifu.service.store.database import Database


@pytest.fixture
def bench(database: Database) -> Bench:
    """A service with two tenants and nobody else."""
    return Bench(database)
