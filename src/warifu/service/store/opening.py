"""From a URL to a database."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from warifu.base.errors import Misuse
from warifu.service.store.database import Database, Dialect
from warifu.service.store.rules import POSTGRES_EXTRA, URL
from warifu.service.store.schema import require_current
from warifu.service.store.sqlite import open_sqlite

DEFAULT_URL = "sqlite:///warifu.db"
"""A file in the current folder."""
SQLITE = "sqlite:///"
POSTGRESQL = ("postgresql://", "postgres://")


def open_database(url: str, *, current: bool = True, hasty: bool = True) -> Database:
    """The database at a URL, which is to be closed.

    Args:
        url: ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or ``postgresql://...``.
        current: Refuse it unless it has the tables of this release.
        hasty: Give up a statement after seconds, as a service must; not so for jobs over many rows.

    Raises:
        Misuse: ``store/url``, ``store/postgres-extra``, ``store/schema``.
        VerifierFault: ``store/available``.
    """
    database = _open(url, hasty=hasty)
    try:
        if current:
            require_current(database)
    except BaseException:
        database.close()
        raise
    return database


def dialect_of(url: str) -> Dialect:
    """Which database a URL names.

    Raises:
        Misuse: ``store/url``.
    """
    if url.startswith(POSTGRESQL):
        return Dialect.POSTGRESQL
    if url.startswith(SQLITE):
        return Dialect.SQLITE
    raise Misuse(URL, f"its scheme is none of ours: {url.partition(':')[0][:20]}")


def sqlite_path(url: str) -> Path:
    """The file that a URL of SQLite names.

    Raises:
        Misuse: ``store/url``.
    """
    name = unquote(url.removeprefix(SQLITE))
    if not name or name.startswith(":") or "?" in url or "#" in url or "\0" in name:
        raise Misuse(URL, "a file is wanted, without options")
    return Path(name)


def _open(url: str, *, hasty: bool) -> Database:
    if dialect_of(url) is Dialect.SQLITE:
        return open_sqlite(sqlite_path(url))
    try:
        from warifu.service.store.postgres import (  # noqa: PLC0415 - an extra
            STATEMENT_SECONDS,
            open_postgres,
        )
    except ImportError as error:
        raise Misuse(POSTGRES_EXTRA, str(error)) from error
    return open_postgres(url, statement_seconds=STATEMENT_SECONDS if hasty else 0)
