"""The ceiling: a bare server that does what no service of decisions can leave out.

It decodes the request's JSON, verifies the signatures made by or for the device by `cryptography`
over bytes that lie ready, and makes rows durable in one commit: the request itself, or as many as
it was told, of random bytes that lie ready. It looks nothing up, checks nothing, appraises nothing,
and answers the same few bytes each time. ``python -m tools.bench.ceiling`` is its process.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer
from msgspec import Struct
from psycopg_pool import ConnectionPool

from tools.bench.floor import signature, together
from warifu.base.pki.signature import ECDSA_SHA256
from warifu.service.store import sqlite
from warifu.service.store.database import Dialect
from warifu.service.store.opening import dialect_of, sqlite_path
from warifu.service.store.postgres_wire import Order, WireConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Write = Callable[[Sequence[bytes]], None]

THREADS = 32
CONNECTIONS = 16
TABLE = "CREATE TABLE kept (id TEXT PRIMARY KEY, body {octets} NOT NULL)"
INSERT = "INSERT INTO kept VALUES (:id, :body)"
ANSWER = b'{"outcome":"serve"}'
START: dict[str, Any] = {
    "type": "http.response.start",
    "status": 201,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"19")],
}
BODY: dict[str, Any] = {"type": "http.response.body", "body": ANSWER}


class Signed(Struct, frozen=True, kw_only=True):
    """One ECDSA signature over SHA-256 by a P-256 key."""

    spki: bytes
    signature: bytes
    signed: bytes
    remembered: bool
    """Whether the key is an authority's, which is loaded once."""


class Call(Struct, frozen=True, kw_only=True):
    """What one call does."""

    signatures: tuple[Signed, ...] = ()
    writes: tuple[int, ...] | None = None
    """Octets of each INSERT, all in one round trip and one commit; None for one of the request."""


class Place(Struct, frozen=True, kw_only=True):
    """What the process is told."""

    db: str
    port: int
    calls: dict[str, Call]
    """By the last part of their paths."""
    processes: int = 1


class Loader(Struct, frozen=True):
    """Makes the application in its process."""

    place: Place

    def __call__(self) -> Callable[..., Any]:
        """The smallest application."""
        write = _writer(self.place.db)
        return _application({name: _work(call, write) for name, call in self.place.calls.items()})


def create(db: str) -> None:
    """The one table, in an empty database."""
    if dialect_of(db) is Dialect.SQLITE:
        with sqlite.connect(sqlite_path(db), create=True) as connection:
            connection.execute(TABLE.format(octets="BLOB"))
        return
    with psycopg.connect(db) as server:
        server.execute(TABLE.format(octets="BYTEA"))


def main() -> None:
    """Serve what standard input says, until SIGTERM."""
    place = msgspec.json.decode(sys.stdin.buffer.readline(), type=Place)
    MPServer(
        "ceiling",
        address="127.0.0.1",
        port=place.port,
        interface=Interfaces.ASGINL,
        workers=place.processes,
        websockets=False,
        http=HTTPModes.auto,
        log_level=LogLevels.warning,
    ).serve(target_loader=Loader(place), wrap_loader=False)


def _application(calls: Mapping[str, Callable[[bytes], None]]) -> Callable[..., Any]:
    threads = ThreadPoolExecutor(THREADS)

    async def application(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        work = calls[scope["path"].rpartition("/")[2]]
        await asyncio.get_running_loop().run_in_executor(threads, work, body)
        await send(START)
        await send(BODY)

    return application


def _work(call: Call, write: Write) -> Callable[[bytes], None]:
    checks = together(
        [
            signature(
                ECDSA_SHA256, each.spki, each.signature, each.signed, remembered=each.remembered
            )
            for each in call.signatures
        ]
    )
    ready = None if call.writes is None else [os.urandom(size) for size in call.writes]

    def work(body: bytes) -> None:
        msgspec.json.decode(body)
        checks()
        write([body] if ready is None else ready)

    return work


def _writer(db: str) -> Write:
    """Makes rows durable in one commit, with the service's own settings."""
    if dialect_of(db) is Dialect.SQLITE:
        return _sqlite_writer(sqlite_path(db))
    pool = ConnectionPool(
        db,
        connection_class=WireConnection,
        kwargs={"autocommit": True, "options": "-c synchronous_commit=on"},
        min_size=CONNECTIONS,
        max_size=CONNECTIONS,
        open=True,
    )

    def write(rows: Sequence[bytes]) -> None:
        # Without BEGIN and COMMIT: what is sent together is one transaction of PostgreSQL's.
        orders = [Order(INSERT, {"id": os.urandom(16).hex(), "body": row}) for row in rows]
        with pool.connection() as connection:
            connection.carry_out(orders)

    return write


def _sqlite_writer(path: Path) -> Write:
    """One writer, and a line before it, as in the service."""
    connection: sqlite3.Connection = sqlite.connect(path)
    turn = Lock()

    def write(rows: Sequence[bytes]) -> None:
        with turn:
            connection.execute("BEGIN IMMEDIATE")
            for row in rows:
                connection.execute(INSERT, {"id": os.urandom(16).hex(), "body": row})
            connection.execute("COMMIT")

    return write


if __name__ == "__main__":
    main()
