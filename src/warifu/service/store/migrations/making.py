"""Making tables and indexes that are alike on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op

if TYPE_CHECKING:
    from collections.abc import Iterable

# What makes the two alike: SQLite checks types where tables are strict, and PostgreSQL sorts text
# by bytes, in an order that no update of the operating system changes.
_WORDS = {
    "sqlite": {"{BYTES}": "BLOB", "BIGINT": "INTEGER"},
    "postgresql": {"{BYTES}": "BYTEA", " TEXT": ' TEXT COLLATE "C"'},
}
_CLOSING = {"sqlite": " STRICT", "postgresql": ""}


def make(tables: Iterable[str], indexes: Iterable[str]) -> None:
    """Make tables, in words of either database, and their indexes."""
    dialect = op.get_bind().dialect.name
    for table in tables:
        statement = table
        for ours, theirs in _WORDS[dialect].items():
            statement = statement.replace(ours, theirs)
        op.execute(statement + _CLOSING[dialect])
    for index in indexes:
        op.execute(index)
