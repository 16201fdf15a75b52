"""Statements to PostgreSQL and their results back, in one round trip.

psycopg looks for results after each statement of a pipeline, which takes longer than the statement.
Here libpq is given all of them, and this process waits once. Parameters are what our columns are
(text, ``bigint``, ``bytea``), in binary.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg import Connection, errors
from psycopg.adapt import Transformer
from psycopg.generators import fetch_many, send
from psycopg.pq import ExecStatus, Format
from psycopg.rows import tuple_row

from warifu.service.store.database import Row, Value

if TYPE_CHECKING:
    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGconn, PGresult

MOST_PREPARED = 256
"""On each connection; then it begins anew."""
STATEMENTS_REMEMBERED = 4096

_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | :: | :([A-Za-z_]\w*)""",
    re.VERBOSE | re.DOTALL,
)
_BYTEA, _BIGINT, _TEXT, _UNKNOWN = 17, 20, 25, 0
"""Types by their numbers. The server finds out itself what a NULL is."""
_bigint = struct.Struct("!q").pack
_FATAL = ExecStatus.FATAL_ERROR

_Form = tuple[bytes, tuple[int, ...]]
"""A statement and the types of its parameters."""


class Order(NamedTuple):
    """A statement to carry out."""

    sql: str
    values: Mapping[str, Value] = {}


class Failed(Exception):
    """One of several statements failed, and none after it was carried out."""

    def __init__(self, position: int, error: errors.Error) -> None:
        """Args are which one it was, and what is wrong."""
        super().__init__(position, error)
        self.position = position
        self.error = error


class WireConnection(Connection[Row]):
    """A connection that knows what it has prepared."""

    prepares = True
    """False behind a pooler, where the next statement may go to another server process."""

    def __init__(self, pgconn: PGconn, row_factory: Any = tuple_row) -> None:  # noqa: ANN401
        """As psycopg makes it."""
        super().__init__(pgconn, row_factory)
        self.prepared: dict[_Form, bytes] = {}
        """Their names."""
        self.named = 0
        """How many names were given, also to what could not be prepared."""

    def carry_out(self, orders: Sequence[Order]) -> list[PGresult]:
        """Carry out statements in order, up to the first that fails.

        Raises:
            Failed: One failed.
            psycopg.Error: The connection broke.
            KeyError, TypeError: A parameter has no value that could be sent; nothing was done.
        """
        pgconn = self.pgconn
        ready = list(map(_bound, orders))
        try:
            pgconn.enter_pipeline_mode()
            sent = _Sent(self)
            for form, parameters in ready:
                sent.send(form, parameters)
            pgconn.pipeline_sync()
            answers = self.wait(_answers(pgconn))
            pgconn.exit_pipeline_mode()
        except BaseException:
            self.close()  # there may be answers on their way that nobody waits for
            raise
        return sent.results(answers)

    def rows(self, result: PGresult) -> list[Row]:
        """The rows of a result; none where the statement returns none."""
        if result.status != ExecStatus.TUPLES_OK:
            return []
        reader = Transformer(self)
        reader.set_pgresult(result)
        return reader.load_rows(0, result.ntuples, tuple)


@lru_cache(maxsize=STATEMENTS_REMEMBERED)
def positional(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """``:name`` as ``$1``, outside of literals, names, comments and casts; and the names."""
    numbers: dict[str, int] = {}

    def replace(found: re.Match[str]) -> str:
        if name := found[1]:
            return f"${numbers.setdefault(name, len(numbers) + 1)}"
        return found[0]

    return _TOKEN.sub(replace, sql).encode(), tuple(numbers)


def _bound(order: Order) -> tuple[_Form, list[bytes | None]]:
    """An order with its parameters as they are sent."""
    text, names = positional(order.sql)
    types: list[int] = []
    parameters: list[bytes | None] = []
    for name in names:
        value = order.values[name]
        if isinstance(value, str):
            types.append(_TEXT)
            parameters.append(value.encode())
        elif value is None:
            types.append(_UNKNOWN)
            parameters.append(None)
        elif isinstance(value, int):
            types.append(_BIGINT)
            parameters.append(_bigint(value))
        elif isinstance(value, bytes):
            types.append(_BYTEA)
            parameters.append(value)
        else:
            raise TypeError(name)
    return (text, tuple(types)), parameters


class _Sent:
    """What was sent to the server, and what each of its answers will be about."""

    def __init__(self, connection: WireConnection) -> None:
        self._connection = connection
        self._about: list[tuple[int, bool]] = []
        """The position of an order, and whether the answer is its result."""
        self._position = 0
        self._new: dict[_Form, tuple[int, bytes]] = {}
        """What is prepared: which answer tells, and the name."""
        if len(connection.prepared) >= MOST_PREPARED:
            connection.prepared.clear()
            connection.pgconn.send_query_params(b"DEALLOCATE ALL", None)
            self._about.append((0, False))

    def send(self, form: _Form, parameters: list[bytes | None]) -> None:
        text, types = form
        formats = [Format.BINARY] * len(types)
        pgconn = self._connection.pgconn
        if self._connection.prepares:
            name = self._name(form)
            pgconn.send_query_prepared(name, parameters, formats, Format.BINARY)
        else:
            pgconn.send_query_params(text, parameters, types, formats, Format.BINARY)
        self._about.append((self._position, True))
        self._position += 1

    def results(self, answers: list[PGresult]) -> list[PGresult]:
        """The results of the orders."""
        failed = next((n for n, each in enumerate(answers) if each.status == _FATAL), len(answers))
        for form, (number, name) in self._new.items():
            if number < failed:
                self._connection.prepared[form] = name
        if failed < len(answers):
            raise Failed(self._about[failed][0], errors.error_from_result(answers[failed]))
        return [each for each, (_, told) in zip(answers, self._about, strict=True) if told]

    def _name(self, form: _Form) -> bytes:
        """The name of a prepared statement, which is prepared where there is none."""
        connection = self._connection
        if known := connection.prepared.get(form):
            return known
        if form in self._new:
            return self._new[form][1]
        connection.named += 1
        name = b"warifu_%d" % connection.named
        connection.pgconn.send_prepare(name, form[0], form[1])
        self._new[form] = (len(self._about), name)
        self._about.append((self._position, False))
        return name


def _answers(pgconn: PGconn) -> PQGen[list[PGresult]]:
    """All answers up to the end of the pipeline."""
    yield from send(pgconn)
    answers: list[PGresult] = []
    while True:
        found = yield from fetch_many(pgconn)
        if found[0].status == ExecStatus.PIPELINE_SYNC:
            return answers
        answers += found
