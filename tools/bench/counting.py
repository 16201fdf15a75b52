"""What a use case reads and commits, counted: how often, how many statements, and how large."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from warifu.service.store.database import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from warifu.service.store.database import Database, Row, Statement, Transaction, Value

NUMBER_OCTETS = 8


class CountingDatabase:
    """A database that remembers what was asked of it, and the changes made through it."""

    def __init__(self, database: Database) -> None:
        """Count nothing yet."""
        self._database = database
        self.reads: list[str] = []
        """Queries, each of which is a round trip where it stands alone."""
        self.commits: list[tuple[int, ...]] = []
        """Octets of the values of each statement."""

    @property
    def dialect(self) -> Dialect:
        """Which database it is."""
        return self._database.dialect

    def row(self, sql: str, **values: Value) -> Row | None:
        """The first row of a query that stands alone."""
        self.reads.append(sql)
        return self._database.row(sql, **values)

    def rows(self, sql: str, **values: Value) -> list[Row]:
        """All rows of a query that stands alone."""
        self.reads.append(sql)
        return self._database.rows(sql, **values)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One consistent picture, in which each query is a round trip, and its end another."""
        with self._database.read() as transaction:
            yield _CountingTransaction(transaction, self.reads)
        self.reads.append("COMMIT")

    def write(self) -> AbstractContextManager[Transaction]:
        """Nothing that is counted here writes in several steps.

        Raises:
            AssertionError: Always.
        """
        raise AssertionError("a change that was not counted")

    def apply(self, statements: Sequence[Statement]) -> None:
        """Changes that stand alone."""
        self._database.apply(statements)
        sizes = (sum(map(_octets, each.values.values())) for each in statements)
        self.commits.append(tuple(sizes))

    def close(self) -> None:
        """Leave it open: it is somebody else's."""


class _CountingTransaction:
    """A transaction whose queries are counted."""

    def __init__(self, transaction: Transaction, reads: list[str]) -> None:
        self._transaction = transaction
        self._reads = reads

    def row(self, sql: str, **values: Value) -> Row | None:
        self._reads.append(sql)
        return self._transaction.row(sql, **values)

    def rows(self, sql: str, **values: Value) -> list[Row]:
        self._reads.append(sql)
        return self._transaction.rows(sql, **values)

    def batches(self, sql: str, *, size: int, **values: Value) -> Iterator[list[Row]]:
        for batch in self._transaction.batches(sql, size=size, **values):
            self._reads.append(sql)
            yield batch

    def apply(self, statements: Sequence[Statement]) -> None:
        self._transaction.apply(statements)


def _octets(value: Value) -> int:
    if value is None:
        return 0
    if isinstance(value, int):
        return NUMBER_OCTETS
    return len(value.encode() if isinstance(value, str) else value)
