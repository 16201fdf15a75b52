"""PostgreSQL through psycopg: a pool of connections, and few round trips.

A transaction is a pipeline: ``BEGIN`` travels with the first statement, `apply` is one round trip
however many changes there are, and so is ``COMMIT``. Nothing is kept in a session between
transactions, so that PgBouncer may pool them: say ``?pgbouncer=true`` in the URL then, which does
without prepared statements and start-up options.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from functools import lru_cache
from itertools import count
from typing import Any

import psycopg
from psycopg import Connection, Cursor, errors
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import ExecStatus
from psycopg.types.numeric import (
    Int8BinaryDumper,
    Int8Dumper,
    NumericBinaryLoader,
    NumericLoader,
)
from psycopg.types.string import StrBinaryDumper, StrDumper
from psycopg_pool import ConnectionPool

from warifu.base.errors import Misuse, VerifierFault, WarifuError
from warifu.service.store.database import Dialect, Row, Statement, Value
from warifu.service.store.rules import AVAILABLE, STATEMENT, URL, VALUE
from warifu.service.store.values import require_storable

OLDEST = 150_000
CONNECTIONS = 16
"""For each process. With 40 threads some stand in line, which a database likes better."""
WAIT_SECONDS = 4
"""For a connection of the pool, and for a lock."""
STATEMENT_SECONDS = 5
IDLE_SECONDS = 60
"""After which the server ends a transaction that nobody goes on with."""
PREPARE_AFTER = 2
POOLED = "pgbouncer=true"

READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"

_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | :: | :([A-Za-z_]\w*) | %""",
    re.VERBOSE | re.DOTALL,
)
_Connection = Connection[Row]


class _WholeNumber(NumericLoader):
    """Sums of 64-bit integers come as ``numeric``: to us they are whole numbers, as in SQLite."""

    def load(self, data: Buffer) -> Decimal:
        return _whole(super().load(data))


class _BinaryWholeNumber(NumericBinaryLoader):
    def load(self, data: Buffer) -> Decimal:
        return _whole(super().load(data))


class PostgresTransaction:
    """`Transaction` in a pipeline on one connection."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._names = count()

    def rows(self, sql: str, **values: Value) -> list[Row]:
        """All rows of a query, or of ``RETURNING``."""
        require_storable(values)
        with _told():
            return _received(self._send(sql, values))

    def row(self, sql: str, **values: Value) -> Row | None:
        """The first row, or None."""
        rows = self.rows(sql, **values)
        return rows[0] if rows else None

    def batches(self, sql: str, *, size: int, **values: Value) -> Iterator[list[Row]]:
        """The rows of a query, some at a time, through a cursor of the server."""
        name = f"batches_{next(self._names)}"
        self.rows(f"DECLARE {name} NO SCROLL CURSOR FOR {sql}", **values)
        while rows := self.rows(f"FETCH FORWARD {int(size)} FROM {name}"):
            yield rows
        self.rows(f"CLOSE {name}")

    def apply(self, statements: Sequence[Statement]) -> None:
        """Carry out changes in order, in one round trip."""
        cursors: list[Cursor[Row]] = []
        failure: WarifuError | None = None
        try:
            with _told():
                for statement in statements:
                    require_storable(statement.values)
                    cursors.append(self._send(statement.sql, statement.values))
                if cursors:
                    _received(cursors[-1])
        except WarifuError as error:
            failure = error
        # A change that was not made explains what went wrong after it, and not the other way.
        for statement, cursor in zip(statements, cursors, strict=False):
            if cursor.rowcount == 0 and statement.otherwise is not None:
                raise statement.error(statement.otherwise) from failure
        if failure is not None:
            raise failure

    def _send(self, sql: str, values: Mapping[str, Value]) -> Cursor[Row]:
        return self._connection.execute(translated(sql), values, binary=True)


class PostgresDatabase:
    """`Database` behind a pool. Make it with `open_postgres`."""

    dialect = Dialect.POSTGRESQL

    def __init__(self, pool: ConnectionPool[_Connection], settings: tuple[str, ...]) -> None:
        self._pool = pool
        self._settings = settings

    def row(self, sql: str, **values: Value) -> Row | None:
        """The first row of a query that stands alone, which is a transaction by itself."""
        if self._settings:
            with self.read() as transaction:
                return transaction.row(sql, **values)
        with _told():
            connection = self._pool.getconn()
        try:
            return PostgresTransaction(connection).row(sql, **values)
        finally:
            self._give_back(connection)

    @contextmanager
    def read(self) -> Iterator[PostgresTransaction]:
        """One consistent picture, from the first statement on."""
        with self._transaction(READ) as transaction:
            yield transaction

    @contextmanager
    def write(self) -> Iterator[PostgresTransaction]:
        """All or nothing, and then flushed by the server."""
        with self._transaction(WRITE) as transaction:
            yield transaction

    def apply(self, statements: Sequence[Statement]) -> None:
        """All or nothing, and then flushed by the server."""
        with self.write() as transaction:
            transaction.apply(statements)

    def close(self) -> None:
        """Let go of all connections."""
        self._pool.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[PostgresTransaction]:
        with _told():
            connection = self._pool.getconn()
        try:
            with (
                _told(),
                connection.pipeline(),
            ):  # leaving it sends COMMIT, and waits for the answer
                for each in (begin, *self._settings):
                    connection.execute(each)
                yield PostgresTransaction(connection)
                ended = connection.execute("COMMIT")
            if ended.statusmessage != "COMMIT":
                raise VerifierFault(STATEMENT, "went on after a statement that failed")
        finally:
            self._give_back(connection)

    def _give_back(self, connection: _Connection) -> None:
        with suppress(psycopg.Error):
            connection.rollback()
        broken = connection.closed
        self._pool.putconn(connection)
        if (
            broken
        ):  # the others of the pool may have died with it: do not let each be found by a caller
            with suppress(psycopg.Error):
                self._pool.check()


def open_postgres(
    url: str, *, connections: int = CONNECTIONS, statement_seconds: int = STATEMENT_SECONDS
) -> PostgresDatabase:
    """A database on a server that answers.

    Args:
        url: ``postgresql://...`` as libpq reads it, and ``pgbouncer=true`` behind a pooler.
        connections: At most.
        statement_seconds: After which a statement is given up; 0 for never.

    Raises:
        Misuse: ``store/url``.
        VerifierFault: ``store/available``.
    """
    arguments, pooled = connection_arguments(url)
    settings = _settings(statement_seconds)
    if pooled:
        arguments["prepare_threshold"] = None
    else:
        given = str(arguments.get("options") or "")
        arguments["options"] = " ".join([given, *(f"-c {each}" for each in settings)]).strip()
    _probe(arguments)
    pool = ConnectionPool(
        kwargs={**arguments, "context": _adapters()},
        min_size=1,
        max_size=connections,
        timeout=WAIT_SECONDS,
        reconnect_timeout=WAIT_SECONDS,  # then whoever asks next begins anew, without a long pause
        name="warifu",
        open=True,
    )
    each_time = tuple(f"SET LOCAL {each}" for each in settings) if pooled else ()
    return PostgresDatabase(pool, each_time)


def connection_arguments(url: str) -> tuple[dict[str, Any], bool]:
    """What psycopg is to be called with, and whether a pooler stands in between.

    Raises:
        Misuse: ``store/url``.
    """
    try:
        place, _, query = url.partition("?")
        options = [option for option in query.split("&") if option]
        rest = "&".join(option for option in options if option != POOLED)
        told = conninfo_to_dict(f"{place}?{rest}" if rest else place)
    except psycopg.Error as error:
        raise Misuse(URL, "it cannot be read") from error  # the URL may hold a password
    usual: dict[str, Any] = {
        "application_name": "warifu",
        "connect_timeout": WAIT_SECONDS,
        "tcp_user_timeout": STATEMENT_SECONDS * 1000,
        "client_encoding": "utf8",
        "autocommit": True,  # we say BEGIN ourselves
        "prepare_threshold": PREPARE_AFTER,
    }
    return {**usual, **told}, POOLED in options


@lru_cache(maxsize=4096)
def translated(sql: str) -> str:
    """``:name`` as psycopg writes it, outside of literals, names, comments and casts."""

    def replace(found: re.Match[str]) -> str:
        if name := found[1]:
            return f"%({name})s"
        return found[0].replace("%", "%%")

    return _TOKEN.sub(replace, sql)


def _settings(statement_seconds: int) -> tuple[str, ...]:
    return (
        f"statement_timeout={statement_seconds * 1000}",
        f"lock_timeout={WAIT_SECONDS * 1000}",
        f"idle_in_transaction_session_timeout={IDLE_SECONDS * 1000}",
        "synchronous_commit=on",  # what is acknowledged was flushed, whatever the server's default
    )


def _adapters() -> AdaptersMap:
    """Parameters have the types of our columns, so that the server never needs to guess."""
    adapters = AdaptersMap(psycopg.adapters)
    for whole in (int, bool):
        adapters.register_dumper(whole, Int8Dumper)
        adapters.register_dumper(whole, Int8BinaryDumper)
    adapters.register_dumper(str, StrBinaryDumper)
    adapters.register_dumper(str, StrDumper)
    adapters.register_loader("numeric", _WholeNumber)
    adapters.register_loader("numeric", _BinaryWholeNumber)
    return adapters


def _probe(arguments: dict[str, Any]) -> None:
    """Whether it can be reached, and is of use: a pool alone would only say that it waited."""
    with _told(), psycopg.connect(**arguments) as connection:
        if connection.info.server_version < OLDEST:
            raise VerifierFault(AVAILABLE, "PostgreSQL is older than 15")
        encoding = connection.execute("SHOW server_encoding").fetchone()
    if encoding != ("UTF8",):
        raise Misuse(URL, "the database does not keep text in UTF-8")


def _received(cursor: Cursor[Row]) -> list[Row]:
    """Wait for the rows of a statement, and for the results of all before it."""
    try:
        return cursor.fetchall()
    except psycopg.ProgrammingError:
        result = cursor.pgresult
        if result is not None and result.status == ExecStatus.COMMAND_OK:  # it returns no rows
            return []
        raise


@contextmanager
def _told() -> Iterator[None]:
    """Turn an error of the driver into ours."""
    try:
        yield
    except psycopg.Error as error:
        raise told(error) from error


def told(error: Exception) -> WarifuError:
    """What an error of the driver is to us."""
    detail = f"PostgreSQL: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
    if isinstance(error, errors.ProgramLimitExceeded):
        return Misuse(VALUE, detail)
    if isinstance(error, errors.InsufficientPrivilege):
        return VerifierFault(AVAILABLE, detail)
    ours = (psycopg.IntegrityError, psycopg.ProgrammingError, psycopg.DataError)
    return VerifierFault(STATEMENT if isinstance(error, ours) else AVAILABLE, detail)


def _whole(number: Decimal) -> Decimal:
    """As an int, whatever the loader's signature says."""
    return int(number) if number == number.to_integral_value() else number  # type: ignore[return-value]
