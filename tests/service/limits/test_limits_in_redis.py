"""Limits that all processes share: a real Redis, which is then taken away."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as Unreachable

from tests.service.callers.calling import TENANT, denied
from tests.support import no_statement
from warifu.service.caller import Caller
from warifu.service.limits import rules
from warifu.service.limits.limits import Limits
from warifu.service.settings import LimitSettings

ABSENT = "Redis is absent: no redis-server (apt install redis-server)"
SECONDS_TO_START = 10
CALLER = Caller(tenant=TENANT, id="i", name="backend", scopes=frozenset())


class Server:
    """One Redis on a socket of its own, keeping nothing."""

    def __init__(self, program: str, folder: Path) -> None:
        socket = folder / "redis.sock"
        self.url = f"redis+unix://{socket}"
        arguments = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
        self._process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + SECONDS_TO_START
        while not self._answers(socket):
            assert time.monotonic() < deadline, "Redis does not start"
            time.sleep(0.02)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    @staticmethod
    def _answers(socket: Path) -> bool:
        client = Redis(unix_socket_path=str(socket))
        try:
            return bool(client.ping())
        except Unreachable:
            return False
        finally:
            client.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip(ABSENT)
    started = Server(program, tmp_path)
    yield started
    started.stop()


def test_two_processes_count_together_in_redis(server: Server) -> None:
    settings = LimitSettings(requests_per_minute=4, storage=server.url)
    one, other = Limits(), Limits()
    for limits in (one, other, one, other):
        limits.take_request(settings, CALLER)
    for limits in (one, other):
        with denied(rules.TOO_MANY):
            limits.take_request(settings, CALLER)


def test_a_redis_that_died_lets_nobody_in(server: Server) -> None:
    settings = LimitSettings(requests_per_minute=4, storage=server.url)
    limits = Limits()
    limits.take_request(settings, CALLER)
    server.stop()
    with no_statement(rules.COUNTED):
        limits.take_request(settings, CALLER)
    with no_statement(rules.COUNTED):
        limits.count_failure(settings, "203.0.113.1")
