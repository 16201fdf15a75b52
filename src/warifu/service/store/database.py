"""The contract of a database: transactions of portable SQL, and changes that say what must change.

SQL here is the part that SQLite (3.37 or newer) and PostgreSQL (15 or newer) share: ``:name``
parameters, ``ON CONFLICT``, ``RETURNING``. No sequences, no advisory locks, no LISTEN. Every
statement that touches a tenant's rows names the tenant. Times are integers, microseconds since 1970
in UTC; documents are UTF-8 JSON in bytes; ids are UUIDv7 as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from msgspec import Struct

from warifu.base.errors import Denied, WarifuError
from warifu.base.rule import Rule

Value = str | int | bytes | None
"""What a parameter may be. Truth is 0 or 1."""
Row = tuple[Any, ...]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Dialect(StrEnum):
    """Which database it is."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class Statement(Struct, frozen=True, kw_only=True):
    """One change, and what is wrong where it changes nothing."""

    sql: str
    values: dict[str, Value]
    otherwise: Rule | None = None
    """Raised where no row changed; None where that is allowed."""
    error: type[WarifuError] = Denied
    """The branch of the error tree it is raised as."""


class Lookup(Protocol):
    """Anything that one query can be put to."""

    def row(self, sql: str, **values: Value) -> Row | None:
        """The first row, or None."""

    def rows(self, sql: str, **values: Value) -> list[Row]:
        """All rows of a query, or of ``RETURNING``."""


class Transaction(Lookup, Protocol):
    """Statements that are carried out together or not at all."""

    def batches(self, sql: str, *, size: int, **values: Value) -> Iterator[list[Row]]:
        """The rows of a query, at most `size` at a time: as many as there are, in little memory."""

    def apply(self, statements: Sequence[Statement]) -> None:
        """Carry out changes in order.

        Raises:
            WarifuError: `Statement.otherwise` of the first that changed nothing; the transaction
                must then be left with this error, which undoes it.
        """


class Database(Lookup, Protocol):
    """Where transactions come from. Safe to use from several threads.

    `row` and `rows` are for a query that stands alone: it sees the present, in one round trip, and
    raises ``store/available`` as `read` does.
    """

    @property
    def dialect(self) -> Dialect:
        """Which database it is."""

    def read(self) -> AbstractContextManager[Transaction]:
        """One consistent picture; changes nothing.

        Raises:
            VerifierFault: ``store/available``.
        """

    def write(self) -> AbstractContextManager[Transaction]:
        """All or nothing. When the context is left without an error, what was written is durable.

        Raises:
            VerifierFault: ``store/available``; nothing was written, or it is not known whether.
        """

    def apply(self, statements: Sequence[Statement]) -> None:
        """`write` for changes that stand alone, which is the fastest way to make them durable.

        Raises:
            WarifuError: `Statement.otherwise` of the first that changed nothing; nothing was
                written.
            VerifierFault: ``store/available``; nothing was written, or it is not known whether.
        """

    def close(self) -> None:
        """Let go of all connections."""


def micros(at: datetime) -> int:
    """A time as it is stored."""
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(stored: int) -> datetime:
    """A stored time."""
    return EPOCH + timedelta(microseconds=stored)
