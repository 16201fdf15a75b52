"""The tables of a database, as its own catalogue has them."""

from __future__ import annotations

from msgspec import Struct

from warifu.service.store.database import Dialect, Transaction

OF_MIGRATIONS = frozenset({"alembic_version", "schema_history"})
_TABLES = {
    Dialect.SQLITE: """
        SELECT name FROM sqlite_schema
        WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'""",
    Dialect.POSTGRESQL: "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
}
_COLUMNS = {
    Dialect.SQLITE: "SELECT name, pk FROM pragma_table_info(:table) ORDER BY cid",
    Dialect.POSTGRESQL: """
        SELECT a.attname, COALESCE(array_position(i.indkey::int2[], a.attnum), -1) + 1
        FROM pg_attribute AS a LEFT JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary
        WHERE a.attrelid = to_regclass(quote_ident(:table)) AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum""",
}


class Table(Struct, frozen=True, kw_only=True):
    """A table of ours."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    """Columns of the primary key, in its order."""
    rows: int

    @property
    def quoted(self) -> str:
        """The name in SQL."""
        return f'"{self.name}"'


def tables_of(transaction: Transaction, dialect: Dialect) -> tuple[Table, ...]:
    """All tables by name, but those that the migrations keep for themselves."""
    names = sorted(row[0] for row in transaction.rows(_TABLES[dialect]))
    return tuple(_table(transaction, dialect, name) for name in names if name not in OF_MIGRATIONS)


def _table(transaction: Transaction, dialect: Dialect, name: str) -> Table:
    columns = transaction.rows(_COLUMNS[dialect], table=name)
    count = transaction.row(f'SELECT COUNT(*) FROM "{name}"')  # noqa: S608 - from the catalogue
    return Table(
        name=name,
        columns=tuple(column for column, _ in columns),
        key=tuple(column for column, place in sorted(columns, key=lambda each: each[1]) if place),
        rows=count[0] if count else 0,
    )
