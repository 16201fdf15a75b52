"""The ceiling: a bare server that does what no service of decisions can leave out.

It decodes the request's JSON, verifies the signatures made by or for the device by `cryptography`
over bytes that lie ready, and makes one row durable. It looks nothing up, checks nothing, appraises
nothing, and answers the same few bytes each time. ``python -m tools.bench.ceiling`` is its process.
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

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.bench.case import Work

THREADS = 32
CONNECTIONS = 16
TABLE = "CREATE TABLE kept (id TEXT PRIMARY KEY, body {octets} NOT NULL)"
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


class Place(Struct, frozen=True, kw_only=True):
    """What the process is told."""

    db: str
    port: int
    signatures: tuple[Signed, ...]
    processes: int = 1


class Loader(Struct, frozen=True):
    """Makes the application in its process."""

    place: Place

    def __call__(self) -> Callable[..., Any]:
        """The smallest application."""
        checks = together(
            [
                signature(
                    ECDSA_SHA256, each.spki, each.signature, each.signed, remembered=each.remembered
                )
                for each in self.place.signatures
            ]
        )
        return _application(checks, _keeper(self.place.db))


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


def _application(checks: Work, keep: Callable[[bytes], None]) -> Callable[..., Any]:
    threads = ThreadPoolExecutor(THREADS)

    def work(body: bytes) -> None:
        msgspec.json.decode(body)
        checks()
        keep(body)

    async def application(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        await asyncio.get_running_loop().run_in_executor(threads, work, body)
        await send(START)
        await send(BODY)

    return application


def _keeper(db: str) -> Callable[[bytes], None]:
    """Makes a body durable: with the service's own settings, in one statement."""
    if dialect_of(db) is Dialect.SQLITE:
        return _sqlite_keeper(sqlite_path(db))
    pool = ConnectionPool(
        db,
        kwargs={"autocommit": True, "prepare_threshold": 0, "options": "-c synchronous_commit=on"},
        min_size=CONNECTIONS,
        max_size=CONNECTIONS,
        open=True,
    )

    def keep(body: bytes) -> None:
        with pool.connection() as connection:
            connection.execute("INSERT INTO kept VALUES (%b, %b)", (os.urandom(16).hex(), body))

    return keep


def _sqlite_keeper(path: Path) -> Callable[[bytes], None]:
    """One writer, and a line before it, as in the service."""
    connection: sqlite3.Connection = sqlite.connect(path)
    turn = Lock()

    def keep(body: bytes) -> None:
        with turn:
            connection.execute("INSERT INTO kept VALUES (?, ?)", (os.urandom(16).hex(), body))

    return keep


if __name__ == "__main__":
    main()
