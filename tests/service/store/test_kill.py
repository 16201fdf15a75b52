"""Whatever dies while it writes: what was acknowledged is there, and nothing is there by half."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.service.postgres_server import PostgresServer
from tests.service.store.writer import PARTS, TENANT
from warifu.service.store.migrate import upgrade
from warifu.service.store.opening import open_database

WRITER = Path(__file__).with_name("writer.py")
ROUNDS = 4
ENOUGH = 40
"""Acknowledged before the blow falls."""


@contextmanager
def writer(url: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, WRITER, url], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    deadline = threading.Timer(30, process.kill)
    deadline.start()
    try:
        yield process
    finally:
        deadline.cancel()
        process.kill()
        process.communicate()


def acknowledged(process: subprocess.Popen[str], *, at_least: int = ENOUGH) -> set[str]:
    assert process.stdout is not None
    lines = {process.stdout.readline() for _ in range(at_least)}
    return {line.strip() for line in lines if line.endswith("\n")}


def written(url: str) -> dict[str, int]:
    database = open_database(url)
    with database.read() as transaction:
        rows = transaction.rows(
            "SELECT subject, document FROM audit WHERE tenant = :tenant", tenant=TENANT
        )
    database.close()
    parts: dict[str, int] = {}
    for subject, document in rows:
        assert document == subject.encode() * 100
        parts[subject] = parts.get(subject, 0) + 1
    return parts


def test_kill_9_of_a_process_that_writes_loses_nothing_acknowledged(database_url: str) -> None:
    promised: set[str] = set()
    for _ in range(ROUNDS):
        with writer(database_url) as process:
            promised |= acknowledged(process)
            process.kill()
            assert process.stdout is not None
            promised |= {line.strip() for line in process.stdout if line.endswith("\n")}
            process.wait()
        found = written(database_url)
        assert promised <= found.keys()
        assert set(found.values()) == {PARTS}
    assert len(promised) >= ROUNDS * ENOUGH


def test_a_server_that_crashes_loses_nothing_acknowledged() -> None:
    server = PostgresServer(flushes=True)
    try:
        url = server.url("postgres")
        upgrade(url)
        promised: set[str] = set()
        for _ in range(ROUNDS // 2):
            with writer(url) as process:
                promised |= acknowledged(process)
                server.stop(mode="immediate")
                process.kill()
                assert process.stdout is not None
                promised |= {line.strip() for line in process.stdout if line.endswith("\n")}
            server.start()
            found = written(url)
            assert promised <= found.keys()
            assert set(found.values()) == {PARTS}
    finally:
        server.remove()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_can_be_opened_while_its_writer_was_killed_and_its_log_is_left(
    database_url: str,
) -> None:
    with writer(database_url) as process:
        promised = acknowledged(process)
        process.kill()
    log = Path(database_url.removeprefix("sqlite:///") + "-wal")
    assert log.stat().st_size > 0
    assert promised <= written(database_url).keys()
