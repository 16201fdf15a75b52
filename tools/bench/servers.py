"""Servers under load: databases side by side, processes, and what one of them did in a round."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import TYPE_CHECKING

import msgspec
import psycopg
from msgspec import Struct

from tests.service.postgres_server import PostgresServer
from tools.bench import ceiling
from tools.bench.load import Load, drive

if TYPE_CHECKING:
    from warifu.service.assembly import Places

ROOT = Path(__file__).resolve().parents[2]
STORES = ("SQLite", "PostgreSQL")
CONNECTIONS = 16
START_SECONDS = 60
STOP_SECONDS = 30


class Server(Struct, frozen=True, kw_only=True):
    """One that runs."""

    port: int
    process: subprocess.Popen[bytes]


class Measured(Struct, frozen=True, kw_only=True):
    """One server in one round."""

    load: Load
    cpu: float
    """Processor seconds for each request."""


def measured(server: Server, requests: Sequence[bytes], connections: int) -> Measured:
    """Have a server answer requests."""
    before = _processor_seconds(server.process.pid)
    load = drive(server.port, requests, connections=connections)
    spent = _processor_seconds(server.process.pid) - before
    return Measured(load=load, cpu=spent / len(requests))


def percentile(rounds: Iterable[Measured], wanted: int) -> float:
    """Of the latencies of all requests, in milliseconds."""
    ordered = sorted(latency for each in rounds for latency in each.load.latencies)
    return ordered[len(ordered) * wanted // 100] * 1000


@contextmanager
def databases(store: str, folder: Path, *names: str) -> Iterator[list[str]]:
    """The URLs of empty databases side by side."""
    if store == "SQLite":
        yield [f"sqlite:///{folder / f'{name}.db'}" for name in names]
        return
    server = PostgresServer(flushes=True)
    try:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            for name in names:
                connection.execute(f"CREATE DATABASE {name}")
        yield [server.url(name) for name in names]
    finally:
        server.remove()


@contextmanager
def served(places: Places, folder: Path) -> Iterator[Server]:
    """``warifu serve`` with one process."""
    port = _free_port()
    line = [
        *("-m", "warifu", "serve", "--port", str(port), "--db", places.db, "--realm", "test"),
        *("--config", str(places.config), "--trust", str(places.trust)),
        *("--data-key", str(places.data_key)),
    ]
    if places.keys is not None:
        line += ["--keys", str(places.keys), "--passphrase-file", str(places.passphrase_file)]
    with _process(line, port, folder / "serve.log", b"") as process:
        yield Server(port=port, process=process)


@contextmanager
def bare(db: str, calls: Mapping[str, ceiling.Call]) -> Iterator[Server]:
    """The ceiling, on a database that `ceiling.create` made."""
    port = _free_port()
    place = ceiling.Place(db=db, port=port, calls=dict(calls))
    told = msgspec.json.encode(place) + b"\n"
    with TemporaryDirectory() as folder:
        log = Path(folder) / "bare.log"
        with _process(["-m", "tools.bench.ceiling"], port, log, told) as process:
            yield Server(port=port, process=process)


def _processor_seconds(root: int) -> float:
    """Of a process and all below it, as Linux counts it; 0 elsewhere."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == root or int(fields[1]) == root:
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


@contextmanager
def _process(
    line: Sequence[str], port: int, log: Path, told: bytes
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, *line], cwd=ROOT, stdin=subprocess.PIPE, stdout=written, stderr=written
        )
    try:
        if process.stdin is not None:
            process.stdin.write(told)
            process.stdin.close()
        _await(port, process, log)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = monotonic() + START_SECONDS
    while monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            sleep(0.05)
        else:
            return
    raise RuntimeError(log.read_text("utf-8", "replace")[-2000:])


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port
