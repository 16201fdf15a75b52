"""Real databases for tests: migrated and empty, one for each test."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.service.postgres_server import PostgresServer
from warifu.service.store.database import Database
from warifu.service.store.migrate import upgrade
from warifu.service.store.opening import open_database

DIALECTS = ("sqlite", "postgresql")
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made there


EMPTY = """
SELECT string_agg(format('DELETE FROM %I', tablename), '; ') FROM pg_tables
WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'schema_history')
"""


class PostgresDatabases:
    """Databases of one server. To empty one takes a hundredth of the time to make one."""

    def __init__(self, url: Callable[[str], str]) -> None:
        self.url = url
        self._run = uuid.uuid4().hex[:8]
        self._made = 0
        self._empty: list[str] = []

    def lend(self) -> str:
        """With its tables, and nothing in them."""
        if self._empty:
            return self._empty.pop()
        name = self.make()
        upgrade(self.url(name))
        return name

    def take_back(self, name: str) -> None:
        try:
            with psycopg.connect(self.url(name), options="-c lock_timeout=500") as connection:
                statements = connection.execute(EMPTY).fetchone()
                connection.execute(statements[0] if statements else "")
        except psycopg.Error:  # a test left a transaction open
            self.drop(name)
        else:
            self._empty.append(name)

    def make(self) -> str:
        """Without tables."""
        self._made += 1
        name = f"warifu_{self._run}_{self._made}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        return name

    def drop(self, name: str) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def drop_all(self) -> None:
        while self._empty:
            self.drop(self._empty.pop())

    def _execute(self, sql: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql)


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[PostgresDatabases]:
    """The server that WARIFU_TEST_POSTGRES names (a URL with rights to make databases), or ours."""
    if given := os.environ.get("WARIFU_TEST_POSTGRES"):
        databases = PostgresDatabases(lambda name: _with_database(given, name))
        yield databases
        databases.drop_all()
        return
    server = PostgresServer()
    try:
        yield PostgresDatabases(server.url)
    finally:
        server.remove()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def quick_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """In memory where the system has such a place, so that flushes cost nothing.

    Processes are killed in tests, and machines are not: what was written is there in either place.
    """
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path_factory.mktemp("databases")
        return
    with TemporaryDirectory(prefix="warifu-tests-", dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(params=DIALECTS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database that has its tables, and nothing in them."""
    if request.param == "sqlite":
        folder: Path = request.getfixturevalue("quick_folder")
        path = folder / f"{uuid.uuid4().hex}.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        for left in folder.glob(f"{path.name}*"):
            left.unlink()
        return
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    name = databases.lend()
    yield databases.url(name)
    databases.take_back(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database that has its tables, and nothing in them."""
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def bare_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Makes databases without tables, by dialect."""
    made: list[str] = []

    def make(dialect: str) -> str:
        if dialect == "sqlite":
            return f"sqlite:///{tmp_path / uuid.uuid4().hex}.db"
        databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
        made.append(databases.make())
        return databases.url(made[-1])

    yield make
    for name in made:
        request.getfixturevalue("postgres_databases").drop(name)


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
