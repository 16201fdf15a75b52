"""Registering under pressure."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

from tests.service.callers.calling import SCOPES, TENANT, Bench
from warifu.base.errors import Misuse
from warifu.service.callers.rules import CALLER_NEW
from warifu.service.conduct.registrations import registering

if TYPE_CHECKING:
    from warifu.service.conduct.registrations.registering import Registered

RIVALS = 8
ROUNDS = 5


def test_one_name_registered_at_the_same_moment_is_one_caller(bench: Bench) -> None:
    """Two callers of one name would be two people who approve each other's changes."""
    for number in range(ROUNDS):
        start, name = Barrier(RIVALS), f"hanako-{number}"

        def add(start: Barrier = start, name: str = name) -> Registered | Misuse:
            start.wait(10)
            try:
                return registering.add_caller(
                    bench.operator, tenant=TENANT, name=name, scopes=SCOPES
                )
            except Misuse as error:
                return error

        with ThreadPoolExecutor(RIVALS) as threads:
            made = [each.result() for each in [threads.submit(add) for _ in range(RIVALS)]]
        refused = [each for each in made if isinstance(each, Misuse)]
        assert len(refused) == RIVALS - 1
        assert {each.code for each in refused} == {CALLER_NEW.code}
