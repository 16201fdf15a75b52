"""PostgreSQL through psycopg: a pool of connections, and few round trips.

``BEGIN`` travels with the first statement, and changes that stand alone are one round trip with
``BEGIN`` and ``COMMIT``, however many there are. Nothing is kept in a session between transactions,
so that PgBouncer may pool them: say ``?pgbouncer=true`` in the URL then, which does without
prepared statements and start-up options.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from functools import lru_cache
from itertools import count
from typing import Any

import psycopg
from psycopg import errors
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.types.numeric import NumericBinaryLoader, NumericLoader
from psycopg_pool import ConnectionPool

from warifu.base.errors import Misuse, VerifierFault, WarifuError
from warifu.service.store.database import Dialect, Row, Statement, Value
from warifu.service.store.postgres_wire import (
    STATEMENTS_REMEMBERED,
    Failed,
    Order,
    WireConnection,
)
from warifu.service.store.rules import AVAILABLE, STATEMENT, URL, VALUE
from warifu.service.store.values import require_all_storable, require_storable

OLDEST = 150_000
CONNECTIONS = 16
"""For each process. With 40 threads some stand in line, which a database likes better."""
WAIT_SECONDS = 4
"""For a connection of the pool, and for a lock."""
STATEMENT_SECONDS = 5
IDLE_SECONDS = 60
"""After which the server ends a transaction that nobody goes on with."""
POOLED = "pgbouncer=true"

READ = Order("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
WRITE = Order("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
COMMIT = Order("COMMIT")
NOTHING_CHANGED = errors.DivisionByZero

_RETURNING = re.compile(r"\bRETURNING\b", re.IGNORECASE)


class _WholeNumber(NumericLoader):
    """Sums of 64-bit integers come as ``numeric``: to us they are whole numbers, as in SQLite."""

    def load(self, data: Buffer) -> Decimal:
        return _whole(super().load(data))


class _BinaryWholeNumber(NumericBinaryLoader):
    def load(self, data: Buffer) -> Decimal:
        return _whole(super().load(data))


class _PooledConnection(WireConnection):
    prepares = False


class PostgresTransaction:
    """`Transaction` on one connection."""

    def __init__(self, connection: WireConnection, opening: Sequence[Order] = ()) -> None:
        """Args are where, and what is to be carried out before the first statement."""
        self._connection = connection
        self._opening = opening
        self._names = count()

    def rows(self, sql: str, **values: Value) -> list[Row]:
        """All rows of a query, or of ``RETURNING``."""
        require_storable(values)
        result = self._carry_out([Order(sql, values)])[-1]
        with _told():
            return self._connection.rows(result)

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
        require_all_storable(statements)
        if statements:
            self._carry_out(list(map(_order, statements)), statements)

    def end(self) -> None:
        """Make it durable, where anything was asked of it at all."""
        if not self._opening:
            require_committed(self._carry_out([COMMIT]))

    def _carry_out(
        self, orders: list[Order], statements: Sequence[Statement] = ()
    ) -> list[PGresult]:
        opening, self._opening = self._opening, ()
        return carry_out(self._connection, [*opening, *orders], statements, after=len(opening))


class PostgresDatabase:
    """`Database` behind a pool. Make it with `open_postgres`."""

    dialect = Dialect.POSTGRESQL

    def __init__(self, pool: ConnectionPool[WireConnection], settings: tuple[str, ...]) -> None:
        self._pool = pool
        self._settings = [Order(each) for each in settings]

    def row(self, sql: str, **values: Value) -> Row | None:
        """The first row of a query that stands alone."""
        rows = self.rows(sql, **values)
        return rows[0] if rows else None

    def rows(self, sql: str, **values: Value) -> list[Row]:
        """All rows of a query that stands alone, which is a transaction by itself."""
        if self._settings:
            with self.read() as transaction:
                return transaction.rows(sql, **values)
        with self._connection() as connection:
            return PostgresTransaction(connection).rows(sql, **values)

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
        """All or nothing, in one round trip."""
        require_all_storable(statements)
        opening = [WRITE, *self._settings]
        orders = [*opening, *map(_order, statements), COMMIT]
        with self._connection() as connection:
            require_committed(carry_out(connection, orders, statements, after=len(opening)))

    def close(self) -> None:
        """Let go of all connections."""
        self._pool.close()

    @contextmanager
    def _transaction(self, begin: Order) -> Iterator[PostgresTransaction]:
        with self._connection() as connection:
            transaction = PostgresTransaction(connection, [begin, *self._settings])
            yield transaction
            transaction.end()

    @contextmanager
    def _connection(self) -> Iterator[WireConnection]:
        with _told():
            connection = self._pool.getconn()
        try:
            yield connection
        finally:
            self._give_back(connection)

    def _give_back(self, connection: WireConnection) -> None:
        if connection.pgconn.transaction_status != TransactionStatus.IDLE:
            with suppress(psycopg.Error):
                connection.rollback()
        broken = connection.closed
        self._pool.putconn(connection)
        if broken:
            # The others of the pool may have died with it: do not let each be found by a caller.
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
    if not pooled:
        given = str(arguments.get("options") or "")
        arguments["options"] = " ".join([given, *(f"-c {each}" for each in settings)]).strip()
    _probe(arguments)
    pool = ConnectionPool(
        connection_class=_PooledConnection if pooled else WireConnection,
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
        "prepare_threshold": None,  # nor does psycopg prepare what we prepare
    }
    return {**usual, **told}, POOLED in options


def carry_out(
    connection: WireConnection,
    orders: Sequence[Order],
    statements: Sequence[Statement] = (),
    *,
    after: int = 0,
) -> list[PGresult]:
    """Carry out orders in one round trip.

    Args:
        connection: Where.
        orders: What.
        statements: What some of the orders were made of.
        after: How many orders come before those.

    Raises:
        WarifuError: `Statement.otherwise` of one that changed nothing, or what an error of the
            driver is to us.
    """
    try:
        return connection.carry_out(orders)
    except Failed as failed:
        position = failed.position - after
        if isinstance(failed.error, NOTHING_CHANGED) and 0 <= position < len(statements):
            statement = statements[position]
            if statement.otherwise is not None:
                raise statement.error(statement.otherwise) from None
        raise told(failed.error) from failed.error
    except psycopg.Error as error:
        raise told(error) from error
    except (KeyError, TypeError) as error:
        raise VerifierFault(STATEMENT, f"PostgreSQL: parameter {error}") from error


def require_committed(results: Sequence[PGresult]) -> None:
    """What ends a transaction that failed before is no commit, although it is no error.

    Raises:
        VerifierFault: ``store/statement``.
    """
    if results[-1].command_status != b"COMMIT":
        raise VerifierFault(STATEMENT, "went on after a statement that failed")


def _order(statement: Statement) -> Order:
    if statement.otherwise is None:
        return Order(statement.sql, statement.values)
    return Order(_must_change(statement.sql), statement.values)


@lru_cache(maxsize=STATEMENTS_REMEMBERED)
def _must_change(sql: str) -> str:
    """A change that fails on the server where it changes nothing.

    What comes after it may be on its way already, even ``COMMIT``: it is not carried out then.
    """
    change = sql if _RETURNING.search(sql) else f"{sql} RETURNING 1"
    return f'WITH change AS ({change}) SELECT 1 / COUNT(*) AS "some change" FROM change'  # noqa: S608


def _settings(statement_seconds: int) -> tuple[str, ...]:
    return (
        f"statement_timeout={statement_seconds * 1000}",
        f"lock_timeout={WAIT_SECONDS * 1000}",
        f"idle_in_transaction_session_timeout={IDLE_SECONDS * 1000}",
        "synchronous_commit=on",  # what is acknowledged was flushed, whatever the server's default
    )


def _adapters() -> AdaptersMap:
    adapters = AdaptersMap(psycopg.adapters)
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
