"""Full disks, files that are moved, connections that break: nothing is lost, and it passes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import misuse, no_statement
from warifu.service.store.database import Database, Statement
from warifu.service.store.migrate import upgrade
from warifu.service.store.opening import open_database
from warifu.service.store.rules import AVAILABLE, SCHEMA
from warifu.service.store.sqlite import SqliteDatabase

INSERT = "INSERT INTO tenants (tenant, name, created_at) VALUES (:tenant, :name, 0)"


def add(database: Database, tenant: str, name: str = "bank") -> None:
    statement = Statement(sql=INSERT, values={"tenant": tenant, "name": name})
    with database.write() as transaction:
        transaction.apply([statement])


def names(database: Database) -> list[str]:
    with database.read() as transaction:
        return [row[0] for row in transaction.rows("SELECT tenant FROM tenants ORDER BY tenant")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "warifu.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite(file: Path) -> Iterator[SqliteDatabase]:
    database = open_database(f"sqlite:///{file}")
    assert isinstance(database, SqliteDatabase)
    add(database, "first")
    yield database
    database.close()


def test_a_full_disk_loses_nothing_and_passes(sqlite: SqliteDatabase) -> None:
    writer = sqlite._writer
    assert writer is not None
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    with no_statement(AVAILABLE):
        add(sqlite, "too-much", "x" * 1_000_000)
    assert names(sqlite) == ["first"]
    writer.execute(f"PRAGMA max_page_count = {pages + 1000}")
    add(sqlite, "second", "x" * 1_000_000)
    assert names(sqlite) == ["first", "second"]


def test_a_writer_whose_connection_broke_is_replaced(sqlite: SqliteDatabase) -> None:
    def broken() -> None:
        with sqlite.write() as transaction:
            transaction.rows("DELETE FROM tenants")
            assert sqlite._writer is not None
            sqlite._writer.close()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    add(sqlite, "second")
    assert names(sqlite) == ["first", "second"]


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_acknowledged_into_a_file_that_was_moved_away(
    sqlite: SqliteDatabase, file: Path, *, replaced: bool
) -> None:
    file.rename(file.with_name("moved.db"))
    if replaced:
        upgrade(f"sqlite:///{file}")
    with no_statement(AVAILABLE):
        add(sqlite, "lost")


def test_tables_of_a_later_release_that_this_one_cannot_serve_are_refused(
    database_url: str, database: Database
) -> None:
    later = "INSERT INTO schema_history (revision, serves, at) VALUES (:revision, :serves, 0)"
    with database.write() as transaction:
        transaction.rows(later, revision="9998", serves="0001")
    open_database(database_url).close()
    with database.write() as transaction:
        transaction.rows(later, revision="9999", serves="9999")
    with misuse(SCHEMA):
        open_database(database_url)
    with database.write() as transaction:
        transaction.rows("DELETE FROM schema_history WHERE revision LIKE '999_'")
