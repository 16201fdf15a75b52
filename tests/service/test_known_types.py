"""A process that reads its first requests in many threads at once does not end."""

from __future__ import annotations

import subprocess
import sys

import pytest

from warifu.service import assembly

THREADS = 16
ROUNDS = 5
FIRST_READINGS = f"""
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
import msgspec
from warifu.service.conduct.registrations.registration import StoredApp
from warifu.service.known_types import prepare_types

if sys.argv[1] == "prepared":
    prepare_types()
sys.setswitchinterval(1e-6)
start = Barrier({THREADS})
app = {{"registration": {{"id": "a", "name": "a", "realm": "test"}}}}

def read(_):
    start.wait()
    return msgspec.convert(app, type=StoredApp)

with ThreadPoolExecutor({THREADS}) as pool:
    assert len(set(map(repr, pool.map(read, range({THREADS}))))) == 1
"""


def first_readings(how: str) -> int:
    return subprocess.run([sys.executable, "-c", FIRST_READINGS, how], check=False).returncode


def test_types_that_are_read_first_by_many_threads_at_once_are_known_before() -> None:
    assert [first_readings("prepared") for _ in range(ROUNDS)] == [0] * ROUNDS


def test_process_knows_them_before_it_opens_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    class Prepared(Exception):
        pass

    def prepare() -> int:
        raise Prepared

    monkeypatch.setattr(assembly, "prepare_types", prepare)
    with pytest.raises(Prepared):
        assembly.assemble(assembly.Places())
