"""``python -m tools.bench.service``: whole decisions over HTTP, against a bare server's.

On each database, ours and the ceiling answer the same prepared requests in turn within each round,
from the same client; throughput ratios are taken within a round.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import msgspec
import psycopg
from msgspec import Struct

from tests.service.postgres_server import PostgresServer
from tools.bench import ceiling, machine
from tools.bench.bank import Branch
from tools.bench.load import Load, drive
from tools.bench.service_page import Row, page, plain

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance-service.md"
CONNECTIONS = 16
WANTED = 0.6
START_SECONDS = 60
STOP_SECONDS = 30
STORES = ("SQLite", "PostgreSQL")


class Effort(Struct, frozen=True, kw_only=True):
    """How long to measure."""

    rounds: int
    requests: int
    """In each round, of ours; the ceiling answers them all, too."""


THOROUGH = Effort(rounds=7, requests=300)
QUICK = Effort(rounds=3, requests=128)


class Server(Struct, frozen=True, kw_only=True):
    """One that runs."""

    port: int
    process: subprocess.Popen[bytes]


class Measured(Struct, frozen=True, kw_only=True):
    """One server in one round."""

    load: Load
    cpu: float
    """Processor seconds for each request."""


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of evidence."""

    name: str
    prepare: Callable[[int], list[bytes]]
    signatures: tuple[ceiling.Signed, ...]


def main() -> int:
    """Measure and print."""
    options = _options()
    before = machine.describe()
    effort = QUICK if options.quick else THOROUGH
    rows = []
    for store in STORES:
        if options.store in {None, store.lower()}:
            rows += _store(store, effort, options.connections)
    print(before["load"])
    for row in rows:
        print(plain(row))
    if options.write:
        PAGE.write_text(page(before, rows, connections=options.connections, wanted=WANTED), "utf-8")
        print(f"written: {PAGE.relative_to(ROOT)}")
    missed = [f"{row.evidence} on {row.store}" for row in rows if row.share < WANTED]
    print(f"wanted: {WANTED:.0%} of the ceiling; missed by: {', '.join(missed) or 'none'}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.service", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: rough figures")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("--store", choices=[store.lower() for store in STORES])
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    return parser.parse_args()


def _store(store: str, effort: Effort, connections: int) -> list[Row]:
    with (
        TemporaryDirectory(prefix="warifu-bench-") as name,
        _databases(store, Path(name)) as (ours, bare),
    ):
        branch = Branch(Path(name), ours)
        ceiling.create(bare)
        try:
            with _served(branch, Path(name)) as server:
                rows = []
                for kind in _kinds(branch):
                    with _bare(bare, kind.signatures) as theirs:
                        prepared = (kind.prepare(effort.requests) for _ in range(effort.rounds + 1))
                        rounds = [
                            (
                                _measured(server, requests, connections),
                                _measured(theirs, requests, connections),
                            )
                            for requests in prepared
                        ]
                    rows.append(_row(store, kind.name, rounds[1:]))
                return rows
        finally:
            branch.close()


def _kinds(branch: Branch) -> Iterator[Kind]:
    yield Kind(
        name="App Attest assertion",
        prepare=branch.assertions,
        signatures=branch.assertion_signatures(),
    )
    yield Kind(
        name="Android chain, P-256, remote",
        prepare=branch.chains,
        signatures=branch.chain_signatures(),
    )


def _row(store: str, evidence: str, rounds: list[tuple[Measured, Measured]]) -> Row:
    ours, theirs = ([pair[side] for pair in rounds] for side in (0, 1))
    return Row(
        store=store,
        evidence=evidence,
        rate=median(each.load.rate for each in ours),
        p50_ms=_percentile(ours, 50),
        p99_ms=_percentile(ours, 99),
        cpu_ms=median(each.cpu for each in ours) * 1000,
        ceiling_rate=median(each.load.rate for each in theirs),
        ceiling_p50_ms=_percentile(theirs, 50),
        ceiling_p99_ms=_percentile(theirs, 99),
        ceiling_cpu_ms=median(each.cpu for each in theirs) * 1000,
        share=median(mine.load.rate / other.load.rate for mine, other in rounds),
        cpu_share=median(other.cpu / mine.cpu for mine, other in rounds if mine.cpu),
    )


def _measured(server: Server, requests: list[bytes], connections: int) -> Measured:
    before = _processor_seconds(server.process.pid)
    load = drive(server.port, requests, connections=connections)
    spent = _processor_seconds(server.process.pid) - before
    return Measured(load=load, cpu=spent / len(requests))


def _percentile(rounds: list[Measured], wanted: int) -> float:
    ordered = sorted(latency for each in rounds for latency in each.load.latencies)
    return ordered[len(ordered) * wanted // 100] * 1000


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
def _databases(store: str, folder: Path) -> Iterator[tuple[str, str]]:
    """The URLs of two empty databases side by side."""
    if store == "SQLite":
        yield f"sqlite:///{folder / 'warifu.db'}", f"sqlite:///{folder / 'bare.db'}"
        return
    server = PostgresServer(flushes=True)
    try:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            for name in ("ours", "bare"):
                connection.execute(f"CREATE DATABASE {name}")
        yield server.url("ours"), server.url("bare")
    finally:
        server.remove()


@contextmanager
def _served(branch: Branch, folder: Path) -> Iterator[Server]:
    port = _free_port()
    places = branch.places
    line = (
        *("-m", "warifu", "serve", "--port", str(port), "--db", places.db, "--realm", "test"),
        *("--config", str(places.config), "--trust", str(places.trust)),
        *("--data-key", str(places.data_key)),
    )
    with _process(line, port, folder / "serve.log", b"") as process:
        yield Server(port=port, process=process)


@contextmanager
def _bare(db: str, signatures: tuple[ceiling.Signed, ...]) -> Iterator[Server]:
    port = _free_port()
    place = ceiling.Place(db=db, port=port, signatures=signatures)
    told = msgspec.json.encode(place) + b"\n"
    with TemporaryDirectory() as folder:
        log = Path(folder) / "bare.log"
        with _process(("-m", "tools.bench.ceiling"), port, log, told) as process:
            yield Server(port=port, process=process)


@contextmanager
def _process(
    line: tuple[str, ...], port: int, log: Path, told: bytes
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


if __name__ == "__main__":
    sys.exit(main())
