"""SQLite: a file with many readers and one writer at a time, in write-ahead mode.

Readers never wait. Writers of one process stand in line at a lock of ours, because SQLite itself
lets them poll; writers of other processes poll, up to `WAIT_SECONDS`. Changes that stand alone
share a commit with all that wait beside them.
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from urllib.parse import quote

from warifu.base.errors import Misuse, VerifierFault, WarifuError
from warifu.service.store.database import Dialect, Row, Statement, Value
from warifu.service.store.rules import AVAILABLE, SCHEMA, STATEMENT, VALUE
from warifu.service.store.shared_commits import SharedCommits
from warifu.service.store.values import require_all_storable, require_storable

OLDEST = (3, 37, 0)
WAIT_SECONDS = 5
CACHED_STATEMENTS = 512
SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # what is acknowledged was flushed
    "PRAGMA fullfsync = ON",  # the same on macOS
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # a deleted key must not stay behind in free pages
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
)
_PRIMARY_CODE = 0xFF
_OURS = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_MISUSE,
        sqlite3.SQLITE_RANGE,
    }
)


class SqliteTransaction:
    """`Transaction` on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._open: list[sqlite3.Cursor] = []

    def end(self) -> None:
        """Close cursors that nobody read to their end.

        One that stays open holds its picture, and whoever is lent the connection next would see
        that instead of the present: a key that was revoked since would still open.
        """
        while self._open:
            self._open.pop().close()

    def rows(self, sql: str, **values: Value) -> list[Row]:
        """All rows of a query, or of ``RETURNING``."""
        require_storable(values)
        return self._run(sql, values)[0]

    def row(self, sql: str, **values: Value) -> Row | None:
        """The first row, or None."""
        rows = self.rows(sql, **values)
        return rows[0] if rows else None

    def batches(self, sql: str, *, size: int, **values: Value) -> Iterator[list[Row]]:
        """The rows of a query, some at a time."""
        require_storable(values)
        try:
            cursor = self._connection.execute(sql, values)
            self._open.append(cursor)
            while rows := cursor.fetchmany(size):
                yield rows
        except sqlite3.Error as error:
            raise told(error) from error

    def apply(self, statements: Sequence[Statement]) -> None:
        """Carry out changes in order."""
        require_all_storable(statements)
        self.carry_out(statements)

    def carry_out(self, statements: Sequence[Statement]) -> None:
        """Carry out, in order, changes that were looked at before."""
        for statement in statements:
            changed = self._run(statement.sql, statement.values)[1]
            if not changed and statement.otherwise is not None:
                raise statement.error(statement.otherwise)

    def attempt(self, statements: Sequence[Statement]) -> Exception | None:
        """Carry out changes in order; what is wrong with them undoes them alone."""
        _execute(self._connection, "SAVEPOINT attempt")
        wrong = None
        try:
            self.carry_out(statements)
        except Exception as error:
            if not self._connection.in_transaction:  # SQLite itself has undone all of it
                raise
            wrong = error
            _execute(self._connection, "ROLLBACK TO attempt")
        _execute(self._connection, "RELEASE attempt")
        return wrong

    def _run(self, sql: str, values: Mapping[str, Value]) -> tuple[list[Row], int]:
        """All rows, and how many there were or how many were changed."""
        try:
            cursor = self._connection.execute(sql, values)
            if cursor.description is None:
                return [], cursor.rowcount
            rows = cursor.fetchall()
        except sqlite3.Error as error:
            raise told(error) from error
        return rows, len(rows)


class SqliteDatabase:
    """`Database` in one file. Make it with `open_sqlite`."""

    dialect = Dialect.SQLITE

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._turn = Lock()
        self._writer: sqlite3.Connection | None = None
        self._written: tuple[int, int] | None = None
        """The file it writes to. Where an operator puts another in its place, what is acknowledged
        would go to a file that nobody reads."""
        self._closed = False
        self._shared = SharedCommits(self.write)

    def row(self, sql: str, **values: Value) -> Row | None:
        """The first row of a query that stands alone."""
        rows = self.rows(sql, **values)
        return rows[0] if rows else None

    def rows(self, sql: str, **values: Value) -> list[Row]:
        """All rows of a query that stands alone: by itself it is one picture."""
        connection = self._reader()
        try:
            return SqliteTransaction(connection).rows(sql, **values)
        finally:
            self._give_back(connection)

    @contextmanager
    def read(self) -> Iterator[SqliteTransaction]:
        """One consistent picture, from the first statement on."""
        connection = self._reader()
        transaction = SqliteTransaction(connection)
        try:
            _execute(connection, "BEGIN DEFERRED")
            yield transaction
        finally:
            transaction.end()
            self._give_back(connection)

    @contextmanager
    def write(self) -> Iterator[SqliteTransaction]:
        """All or nothing, and then flushed."""
        if not self._turn.acquire(timeout=WAIT_SECONDS):
            raise VerifierFault(AVAILABLE, "the line of writers does not move")
        try:
            if self._closed:
                raise VerifierFault(AVAILABLE, "closed")
            if self._writer is None:
                self._writer = connect(self._path)
                self._written = _identity(self._path)
            elif _identity(self._path) != self._written:
                raise VerifierFault(AVAILABLE, f"{self._path} is another file now: start anew")
            connection = self._writer
            transaction = SqliteTransaction(connection)
            try:
                _execute(connection, "BEGIN IMMEDIATE")
                yield transaction
                transaction.end()
                _execute(connection, "COMMIT")
            except BaseException:
                transaction.end()
                if not _undo(connection):  # it would fail everyone after us, too
                    self._writer = None
                    connection.close()
                raise
        finally:
            self._turn.release()

    def apply(self, statements: Sequence[Statement]) -> None:
        """Make changes durable, in one commit with whoever else waits at that moment."""
        require_all_storable(statements)
        self._shared.apply(statements, patience=WAIT_SECONDS)

    def close(self) -> None:
        """Let go of all connections; the write-ahead log is folded into the file."""
        self._closed = True
        while self._idle:
            with suppress(IndexError):
                self._idle.pop().close()
        with self._turn:
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def _reader(self) -> sqlite3.Connection:
        if self._closed:
            raise VerifierFault(AVAILABLE, "closed")
        try:
            return self._idle.pop()
        except IndexError:
            connection = connect(self._path)
            _execute(connection, "PRAGMA query_only = ON")
            return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if _undo(connection) and not self._closed:
            self._idle.append(connection)
        else:
            connection.close()


def open_sqlite(path: Path) -> SqliteDatabase:
    """A database in a file that is there.

    Raises:
        Misuse: ``store/schema`` where there is no file.
        VerifierFault: ``store/available`` where it cannot be used.
    """
    database = SqliteDatabase(path)
    with database.read():
        return database


def connect(path: Path, *, create: bool = False) -> sqlite3.Connection:
    """A connection that commits when told.

    Args:
        path: The file.
        create: Make it where there is none, for us alone.

    Raises:
        Misuse: ``store/schema``.
        VerifierFault: ``store/available``.
    """
    if sqlite3.sqlite_version_info < OLDEST:
        raise VerifierFault(AVAILABLE, f"SQLite {sqlite3.sqlite_version} is too old")
    try:
        if create:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        elif not path.exists():
            raise Misuse(SCHEMA, f"there is no {path}")
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode=rw",
            uri=True,
            timeout=WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=CACHED_STATEMENTS,
        )
    except (sqlite3.Error, OSError, ValueError) as error:
        raise VerifierFault(AVAILABLE, f"{path}: {error}") from error
    try:
        for setting in SETTINGS:
            _execute(connection, setting)
    except WarifuError:
        connection.close()
        raise
    return connection


def told(error: Exception) -> WarifuError:
    """What an error of the driver is to us."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = sqlite3.SQLITE_MISUSE if code is None else code & _PRIMARY_CODE
    if primary == sqlite3.SQLITE_TOOBIG:
        return Misuse(VALUE, str(error))
    return VerifierFault(STATEMENT if primary in _OURS else AVAILABLE, f"SQLite: {error}")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - without a new path object on every change
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _execute(connection: sqlite3.Connection, sql: str) -> None:
    try:
        connection.execute(sql)
    except sqlite3.Error as error:
        raise told(error) from error


def _undo(connection: sqlite3.Connection) -> bool:
    """Leave any transaction; False where the connection is of no more use."""
    try:
        connection.rollback()
    except sqlite3.Error:
        return False
    return True
