"""From a URL to a database, or to a plain reason."""

import builtins
import os
import stat
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.service.conftest import DIALECTS
from tests.service.postgres_server import PostgresServer
from tests.support import misuse, no_statement
from warifu.base.errors import VerifierFault
from warifu.service.store.database import Database, Statement
from warifu.service.store.migrate import current, upgrade
from warifu.service.store.opening import DEFAULT_URL, open_database, sqlite_path
from warifu.service.store.rules import AVAILABLE, POSTGRES_EXTRA, SCHEMA, STATEMENT, URL


@pytest.mark.parametrize(
    "url",
    [
        "",
        "warifu.db",
        "mysql://host/name",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///a.db?mode=memory",
        "postgresql://host/name?sslmode",
        "postgresql://host/name?no_such_setting=1",
    ],
)
def test_a_url_that_names_no_database_is_refused(url: str) -> None:
    with misuse(URL):
        open_database(url)


def test_a_password_in_a_url_is_not_repeated() -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
        open_database("postgresql://user:hunter2@host:port/name")
    assert "hunter2" not in str(caught.value)


def test_the_default_is_a_file_in_the_current_folder() -> None:
    assert sqlite_path(DEFAULT_URL) == Path("warifu.db")
    assert sqlite_path("sqlite:////var/lib/a%20b.db") == Path("/var/lib/a b.db")


def test_no_file_is_made_by_opening(tmp_path: Path) -> None:
    with misuse(SCHEMA):
        open_database(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []
    assert current(f"sqlite:///{tmp_path}/none.db") is None


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_database_without_tables_is_refused(
    dialect: str, bare_urls: Callable[[str], str], tmp_path: Path
) -> None:
    url = bare_urls(dialect)
    if dialect == "sqlite":
        sqlite_path(url).touch()
    with misuse(SCHEMA):
        open_database(url)
    assert current(url) is None


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are notes, and no database at all" * 100)
    with no_statement(AVAILABLE):
        open_database(f"sqlite:///{path}")
    with no_statement(AVAILABLE):
        upgrade(f"sqlite:///{path}")


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with no_statement(AVAILABLE):
        upgrade(f"sqlite:///{tmp_path}/none/warifu.db")


def test_the_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    previous = os.umask(0)
    try:
        upgrade(f"sqlite:///{path}")
        database = open_database(f"sqlite:///{path}")
        with database.write() as transaction:
            transaction.rows("DELETE FROM tenants WHERE tenant = :t", t="")
            modes = {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
        database.close()
    finally:
        os.umask(previous)
    assert modes == {0o600}


def test_without_the_extra_packages_postgresql_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0].startswith("psycopg")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("postgres", "postgres_wire"):
        monkeypatch.delitem(sys.modules, f"warifu.service.store.{name}", raising=False)
    genuine = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name.startswith("psycopg"):
            raise ImportError(name)
        return genuine(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    for attempt in (open_database, upgrade, current):
        with misuse(POSTGRES_EXTRA):
            attempt("postgresql://host/name")


def test_a_server_that_is_not_there_is_not_available(tmp_path: Path) -> None:
    with no_statement(AVAILABLE):
        open_database(f"postgresql:///warifu?host={tmp_path}")
    with no_statement(AVAILABLE):
        upgrade(f"postgresql:///warifu?host={tmp_path}")


def read(database: Database) -> object:
    with database.read() as transaction:
        return transaction.row("SELECT COUNT(*) FROM tenants")


def test_after_a_restart_of_the_server_one_call_fails_and_the_next_ones_do_not() -> None:
    server = PostgresServer()
    try:
        upgrade(server.url("postgres"))
        database = open_database(server.url("postgres"))
        with database.read() as one, database.read() as two:  # two connections
            one.row("SELECT 1")
            two.row("SELECT 1")
        server.stop(mode="immediate")
        with no_statement(AVAILABLE):
            read(database)
        server.start()
        failures = 0
        for _ in range(20):
            try:
                read(database)
            except VerifierFault:
                failures += 1
        assert failures <= 1
        assert read(database) == (0,)
        database.close()
    finally:
        server.remove()


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_behind_a_pooler_nothing_is_left_in_the_session(
    dialect: str, bare_urls: Callable[[str], str]
) -> None:
    url = bare_urls(dialect)
    url += ("&" if "?" in url else "?") + "pgbouncer=true"
    upgrade(url)
    database = open_database(url)
    for _ in range(5):
        with database.read() as transaction:
            assert transaction.row("SHOW statement_timeout") == ("5s",)
            assert transaction.row("SHOW lock_timeout") == ("4s",)
            assert transaction.row("SELECT COUNT(*) FROM pg_prepared_statements") == (0,)
        assert database.row("SHOW statement_timeout") == ("5s",)
        database.apply([])
        with no_statement(STATEMENT):
            database.apply([Statement(sql="SELECT nothing FROM nowhere", values={})])
    connection = database._pool.getconn()  # type: ignore[attr-defined]
    assert connection.execute("SHOW statement_timeout").fetchone() == ("0",)
    assert connection.prepared == {}
    database._pool.putconn(connection)  # type: ignore[attr-defined]
    database.close()


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_what_is_acknowledged_was_flushed_whatever_the_server_prefers(
    dialect: str, bare_urls: Callable[[str], str]
) -> None:
    url = bare_urls(dialect)
    upgrade(url)
    url += ("&" if "?" in url else "?") + "options=-c%20synchronous_commit%3Doff"
    database = open_database(url)
    with database.read() as transaction:
        assert transaction.row("SHOW synchronous_commit") == ("on",)
        assert transaction.row("SHOW statement_timeout") == ("5s",)
    database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_statement_that_takes_too_long_is_given_up(database: Database) -> None:
    with no_statement(AVAILABLE), database.read() as transaction:
        transaction.rows("SET LOCAL statement_timeout = 20")
        transaction.rows("SELECT pg_sleep(10)")
    assert read(database) == (0,)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_who_wait_for_each_other_one_is_told(database: Database) -> None:
    insert = "INSERT INTO tenants (tenant, name, created_at) VALUES (:t, :t, 0)"
    take = "UPDATE tenants SET created_at = created_at + 1 WHERE tenant = :t"
    with database.write() as transaction:
        for name in "ab":
            transaction.rows(insert, t=name)
    both = Barrier(2)

    def work(order: str) -> bool:
        try:
            with database.write() as transaction:
                transaction.rows(take, t=order[0])
                both.wait(5)
                transaction.rows(take, t=order[1])
        except VerifierFault as fault:
            assert fault.rule is AVAILABLE  # noqa: PT017 - one of the two
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(work, ["ab", "ba"])) == [False, True]
