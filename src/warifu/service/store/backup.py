"""A backup: all rows of one picture of a database, in a file that either database can restore.

The file is a line that names the format, then records, each a length of four octets (big endian)
and as much MessagePack: a `Header`, `Rows` of one table after another in the order of their keys,
and a `Closing` with the number and digest of each table's rows. The last 32 octets are the SHA-256
of all before. That finds damage, not malice: whoever may write the file may write another.

What is sealed stays sealed: the keys are not in the database, and so not in its backup.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from importlib.metadata import version
from typing import IO, Any

import msgspec
from msgspec import Struct

from warifu.base.errors import Misuse
from warifu.service.store.database import Database, Statement, Transaction, micros
from warifu.service.store.rules import BACKUP, EMPTY, SCHEMA
from warifu.service.store.schema import schema_of
from warifu.service.store.tables import Table, tables_of

MAGIC = b"warifu backup 1\n"
ROWS_AT_ONCE = 32
"""A row of evidence may have megabytes."""
MAX_RECORD = 1 << 30
SEAL_LENGTH = 32
PIECE = 1 << 20

Watch = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Told how much there is to do (rows, or octets while a file is checked), gives what is then told
how much more was done."""


def _unwatched(_total: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _more: None)


class Header(Struct, frozen=True, kw_only=True, tag="header"):
    """What the backup is of."""

    revision: str
    made_at: int
    made_by: str
    tables: tuple[Table, ...]


class Rows(Struct, frozen=True, tag="rows"):
    """Some rows of one table."""

    table: str
    rows: list[list[Any]]


class Tally(Struct, frozen=True, kw_only=True):
    """All rows of one table."""

    rows: int
    digest: bytes
    """SHA-256 over its `Rows` as they stand in the file."""


class Closing(Struct, frozen=True, kw_only=True, tag="closing"):
    """What there must have been."""

    tables: dict[str, Tally]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Header | Rows | Closing)


class _Tallies:
    """Counts and digests of tables while their rows pass."""

    def __init__(self, tables: tuple[Table, ...]) -> None:
        self._rows = {table.name: 0 for table in tables}
        self._digests = {table.name: hashlib.sha256() for table in tables}

    def add(self, rows: Rows, record: bytes) -> None:
        self._rows[rows.table] += len(rows.rows)
        self._digests[rows.table].update(record)

    def closing(self) -> Closing:
        return Closing(
            tables={
                name: Tally(rows=count, digest=self._digests[name].digest())
                for name, count in self._rows.items()
            }
        )


def back_up(
    database: Database,
    file: IO[bytes],
    *,
    now: datetime,
    watch: Watch = _unwatched,
) -> Header:
    """Write all rows of this moment; nobody waits for it meanwhile.

    Args:
        database: Opened without haste.
        file: Where to.
        now: The time that is noted.
        watch: Told of the progress in rows.

    Raises:
        Misuse: ``store/schema`` where there are no tables.
        VerifierFault: ``store/available``.
        OSError: What the file says.
    """
    schema = schema_of(database)
    if schema is None:
        raise Misuse(SCHEMA, "the database is empty")
    out = _Sealed(file)
    with database.read() as transaction:
        tables = tables_of(transaction, database.dialect)
        header = Header(
            revision=schema.revision, made_at=micros(now), made_by=version("warifu"), tables=tables
        )
        out.write(_encoder.encode(header))
        tallies = _Tallies(tables)
        with watch(_rows_of(tables)) as progress:
            for rows in _all_rows(transaction, tables):
                record = _encoder.encode(rows)
                tallies.add(rows, record)
                out.write(record)
                progress(len(rows.rows))
    out.write(_encoder.encode(tallies.closing()))
    out.seal()
    return header


def check(file: IO[bytes], *, watch: Watch = _unwatched) -> Header:
    """Read a whole backup, and say what it is of; the file then stands at its beginning again.

    Raises:
        Misuse: ``store/backup`` where anything is missing or altered.
    """
    left = os.fstat(file.fileno()).st_size - SEAL_LENGTH
    digest = hashlib.sha256()
    with watch(left) as progress:
        while left > 0 and (piece := file.read(min(left, PIECE))):
            digest.update(piece)
            left -= len(piece)
            progress(len(piece))
    if left or file.read(SEAL_LENGTH + 1) != digest.digest():
        raise Misuse(BACKUP, "its seal does not fit: it was cut off or altered")
    file.seek(0)
    header = next(_records(file))[0]
    file.seek(0)
    if not isinstance(header, Header):
        raise Misuse(BACKUP, "it does not say what it is of")
    return header


def restore(
    database: Database,
    file: IO[bytes],
    *,
    replace: bool = False,
    watch: Watch = _unwatched,
) -> Header:
    """Load a backup that was checked: all of it, or nothing.

    Args:
        database: With tables of the backup's revision; opened without haste.
        file: As `check` left it.
        replace: Whether to delete what is in the database.
        watch: Told of the progress in rows.

    Raises:
        Misuse: ``store/backup``, ``store/empty``, ``store/schema``.
        VerifierFault: ``store/available``.
    """
    records = _records(file)
    header = next(records)[0]
    schema = schema_of(database)
    found = schema.revision if schema else "nothing"
    if not isinstance(header, Header) or header.revision != found:
        raise Misuse(SCHEMA, f"the backup is of other tables than the database, {found}")
    with watch(_rows_of(header.tables)) as progress, database.write() as transaction:
        tables = tables_of(transaction, database.dialect)
        _require_same(header.tables, tables)
        _make_room(transaction, tables, replace=replace)
        _load(transaction, header.tables, records, progress)
    return header


def _load(
    transaction: Transaction,
    tables: tuple[Table, ...],
    records: Iterator[tuple[Header | Rows | Closing, bytes]],
    progress: Callable[[int], None],
) -> None:
    inserts = {table.name: (_insert(table), table.columns) for table in tables}
    tallies = _Tallies(tables)
    for record, encoded in records:
        if isinstance(record, Closing):
            if record != tallies.closing():
                break
            return
        if not isinstance(record, Rows) or record.table not in inserts:
            break
        sql, columns = inserts[record.table]
        if any(len(row) != len(columns) for row in record.rows):
            break
        transaction.apply(
            [
                Statement(sql=sql, values=dict(zip(columns, row, strict=True)), otherwise=BACKUP)
                for row in record.rows
            ]
        )
        tallies.add(record, encoded)
        progress(len(record.rows))
    raise Misuse(BACKUP, "its records do not fit together")


def _require_same(expected: tuple[Table, ...], found: tuple[Table, ...]) -> None:
    def shape(tables: tuple[Table, ...]) -> list[tuple[str, frozenset[str]]]:
        return [(table.name, frozenset(table.columns)) for table in tables]

    if shape(expected) != shape(found):
        raise Misuse(SCHEMA, "the database has other tables than the backup")


def _make_room(transaction: Transaction, tables: tuple[Table, ...], *, replace: bool) -> None:
    full = [table for table in tables if table.rows]
    if full and not replace:
        raise Misuse(EMPTY, f"there are {_rows_of(tables)} rows")
    for table in full:
        transaction.rows(f"DELETE FROM {table.quoted}")  # noqa: S608 - from the catalogue


def _all_rows(transaction: Transaction, tables: tuple[Table, ...]) -> Iterator[Rows]:
    for table in tables:
        for batch in transaction.batches(_select(table), size=ROWS_AT_ONCE):
            yield Rows(table.name, [list(row) for row in batch])


def _rows_of(tables: tuple[Table, ...]) -> int:
    return sum(table.rows for table in tables)


def _select(table: Table) -> str:
    columns = ", ".join(f'"{column}"' for column in table.columns)
    order = ", ".join(f'"{column}"' for column in table.key or table.columns)
    return f"SELECT {columns} FROM {table.quoted} ORDER BY {order}"  # noqa: S608 - the catalogue's


def _insert(table: Table) -> str:
    columns = ", ".join(f'"{column}"' for column in table.columns)
    values = ", ".join(f":{column}" for column in table.columns)
    return f"INSERT INTO {table.quoted} ({columns}) VALUES ({values})"  # noqa: S608 - the same


class _Sealed:
    """Records on their way into a file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._put(MAGIC)

    def write(self, record: bytes) -> None:
        if len(record) > MAX_RECORD:
            raise Misuse(BACKUP, "a record would be too long to be read again")
        self._put(len(record).to_bytes(4, "big"))
        self._put(record)

    def seal(self) -> None:
        self._file.write(self._digest.digest())

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)


def _records(file: IO[bytes]) -> Iterator[tuple[Header | Rows | Closing, bytes]]:
    """The records up to the closing one, each with its octets."""
    if file.read(len(MAGIC)) != MAGIC:
        raise Misuse(BACKUP, "it is no backup of ours, or of a later release")
    record: Header | Rows | Closing | None = None
    while not isinstance(record, Closing):
        length = int.from_bytes(file.read(4), "big")
        data = file.read(length) if length <= MAX_RECORD else b""
        if not data or len(data) != length:
            raise Misuse(BACKUP, "a record is cut off")
        try:
            record = _decoder.decode(data)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Misuse(BACKUP, str(error)) from error
        yield record, data
