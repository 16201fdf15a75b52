"""What a use case commits, counted: how many statements, and how large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.service.store.database import Dialect

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from warifu.service.store.database import Database, Row, Statement, Transaction, Value

NUMBER_OCTETS = 8


class CountingDatabase:
    """A database that remembers the changes made through it."""

    def __init__(self, database: Database) -> None:
        """Count nothing yet."""
        self._database = database
        self.commits: list[tuple[int, ...]] = []
        """Octets of the values of each statement."""

    @property
    def dialect(self) -> Dialect:
        """Which database it is."""
        return self._database.dialect

    def row(self, sql: str, **values: Value) -> Row | None:
        """The first row of a query that stands alone."""
        return self._database.row(sql, **values)

    def read(self) -> AbstractContextManager[Transaction]:
        """One consistent picture."""
        return self._database.read()

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


def _octets(value: Value) -> int:
    if value is None:
        return 0
    if isinstance(value, int):
        return NUMBER_OCTETS
    return len(value.encode() if isinstance(value, str) else value)
