"""Making and changing the tables, with Alembic, each time in one transaction.

How tables may change is said in `warifu.service.store.schema`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from warifu.base.errors import Misuse, VerifierFault, WarifuError
from warifu.service.store.database import Dialect
from warifu.service.store.opening import dialect_of, open_database, sqlite_path
from warifu.service.store.rules import POSTGRES_EXTRA, SCHEMA
from warifu.service.store.schema import HEAD, Schema, schema_of
from warifu.service.store.sqlite import connect as connect_sqlite
from warifu.service.store.sqlite import told as told_by_sqlite

FOLDER = Path(__file__).parent / "migrations"
NOTE = "INSERT INTO schema_history (revision, serves, at) VALUES (:revision, :serves, :at)"
LOCK_SECONDS = 4
"""A migration that cannot have its lock gives up, rather than hold up everyone behind it."""


def upgrade(url: str, *, revision: str = HEAD, more: Sequence[Path] = ()) -> None:
    """Bring the tables to a revision; make the file where SQLite has none yet.

    Args:
        url: The database.
        revision: Up to which. Where the database is there or beyond, nothing happens.
        more: Folders of further migrations.

    Raises:
        Misuse: ``store/url``, ``store/postgres-extra``, ``store/schema`` where the database was
            written by a release that this one does not know.
        VerifierFault: ``store/available``, ``store/statement``; then nothing was changed.
    """
    try:
        with _told(url), _connection(url) as connection:
            _migrate(connection, _scripts(more), revision)
    except VerifierFault:
        if not _is_at(url, revision):  # it may have been done by another process at the same time
            raise


def current(url: str) -> Schema | None:
    """Where the tables stand; None where there are none.

    Raises:
        Misuse: ``store/url``, ``store/postgres-extra``.
        VerifierFault: ``store/available``.
    """
    if dialect_of(url) is Dialect.SQLITE and not sqlite_path(url).exists():
        return None
    database = open_database(url, current=False)
    try:
        return schema_of(database)
    finally:
        database.close()


def _is_at(url: str, revision: str) -> bool:
    try:
        schema = current(url)
    except WarifuError:
        return False
    return schema is not None and schema.revision == revision


def _scripts(more: Sequence[Path]) -> ScriptDirectory:
    return ScriptDirectory(
        str(FOLDER), version_locations=[str(FOLDER / "versions"), *map(str, more)]
    )


def _migrate(connection: sqlalchemy.Connection, script: ScriptDirectory, revision: str) -> None:
    def steps(held: str, _context: MigrationContext) -> list[Any]:
        try:
            return script._upgrade_revs(revision, held)  # noqa: SLF001 - as Alembic's command does
        except CommandError as error:
            raise Misuse(SCHEMA, str(error)[:200]) from error

    def note(step: MigrationInfo, **_rest: object) -> None:
        migration = script.get_revision(str(step.up_revision_id))
        connection.execute(
            text(
                "INSERT INTO schema_history (revision, serves, at) VALUES (:revision, :serves, :at)"
            ),
            {
                "revision": migration.revision,
                "serves": migration.module.SERVES,
                "at": time.time_ns() // 1000,
            },
        )

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(
            connection=connection,
            transactional_ddl=True,
            on_version_apply=note,  # type: ignore[arg-type]  # called by keyword
        )
        with environment.begin_transaction():
            environment.run_migrations()


@contextmanager
def _connection(url: str) -> Iterator[sqlalchemy.Connection]:
    if dialect_of(url) is Dialect.SQLITE:
        path = sqlite_path(url)
        engine = sqlalchemy.create_engine(
            "sqlite://", creator=lambda: connect_sqlite(path, create=True), poolclass=NullPool
        )
        # Left to itself the driver commits before it changes tables.
        begin = "BEGIN IMMEDIATE"
    else:
        engine = sqlalchemy.create_engine(
            "postgresql+psycopg://", creator=_postgres_creator(url), poolclass=NullPool
        )
        begin = f"SET LOCAL lock_timeout = {LOCK_SECONDS * 1000}"
    event.listen(engine, "begin", lambda held: held.exec_driver_sql(begin) and None)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _postgres_creator(url: str) -> Callable[[], Any]:
    try:
        import psycopg  # noqa: PLC0415 - an extra

        from warifu.service.store.postgres import connection_arguments  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise Misuse(POSTGRES_EXTRA, str(error)) from error
    arguments, _ = connection_arguments(url)
    arguments |= {"autocommit": False, "prepare_threshold": None}
    return lambda: psycopg.connect(**arguments)


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Turn an error of the driver into ours."""
    if dialect_of(url) is Dialect.SQLITE:
        told = told_by_sqlite
    else:
        try:
            from warifu.service.store.postgres import told  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise Misuse(POSTGRES_EXTRA, str(error)) from error
    try:
        yield
    except DBAPIError as error:
        cause = error.orig if isinstance(error.orig, Exception) else error
        raise told(cause) from error
