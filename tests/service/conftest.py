"""Real databases for tests: migrated and empty, one for each test."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.service.postgres_server import PostgresServer
from warifu.service.store.database import Database
from warifu.service.store.migrate import upgrade
from warifu.service.store.opening import open_database

DIALECTS = ("sqlite", "postgresql")


class PostgresDatabases:
    """Databases of one server, made from a migrated template and dropped again."""

    def __init__(self, url: Callable[[str], str]) -> None:
        self.url = url
        self._run = uuid.uuid4().hex[:8]
        self._made = 0
        self.template = self.make("template0")
        upgrade(url(self.template))

    def make(self, template: str | None = None) -> str:
        self._made += 1
        name = f"warifu_{self._run}_{self._made}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template or self.template}")
        return name

    def drop(self, name: str) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _execute(self, sql: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql)


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[PostgresDatabases]:
    """The server that WARIFU_TEST_POSTGRES names (a URL with rights to make databases), or ours."""
    if given := os.environ.get("WARIFU_TEST_POSTGRES"):
        databases = PostgresDatabases(lambda name: _with_database(given, name))
        yield databases
        databases.drop(databases.template)
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


@pytest.fixture(params=DIALECTS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that has its tables, and nothing in them."""
    if request.param == "sqlite":
        path = tmp_path / "warifu.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    name = databases.make()
    yield databases.url(name)
    databases.drop(name)


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
        made.append(databases.make("template0"))
        return databases.url(made[-1])

    yield make
    for name in made:
        request.getfixturevalue("postgres_databases").drop(name)


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
