"""Threads that answer requests: every call is answered, whatever it does, and none is lost."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar
from time import sleep

import pytest

from warifu.service.api.clerks import Clerks

WHO: ContextVar[str] = ContextVar("who", default="nobody")


class Unforeseen(BaseException):
    """What no handler of exceptions expects."""


def test_an_answer_comes_back() -> None:
    async def asked() -> str:
        clerks = Clerks()
        async with clerks.at_work():
            return await clerks.ask(str, 7)

    assert asyncio.run(asked()) == "7"


@pytest.mark.parametrize("error", [ValueError("no"), Unforeseen("no")])
def test_what_a_call_raises_is_raised_where_it_is_awaited(error: BaseException) -> None:
    def fail() -> None:
        raise error

    async def asked() -> None:
        clerks = Clerks(1)
        async with clerks.at_work():
            with pytest.raises(type(error)):
                await clerks.ask(fail)
            assert await clerks.ask(str, 1) == "1"

    asyncio.run(asked())


def test_a_call_that_stops_an_iteration_is_answered() -> None:
    async def asked() -> None:
        clerks = Clerks()
        async with clerks.at_work():
            with pytest.raises(RuntimeError):
                await clerks.ask(next, iter(()))

    asyncio.run(asked())


def test_a_call_sees_the_context_of_its_request_alone() -> None:
    async def asked(name: str, clerks: Clerks) -> str:
        WHO.set(name)
        await asyncio.sleep(0)
        return await clerks.ask(WHO.get)

    async def both() -> list[str]:
        clerks = Clerks(1)
        async with clerks.at_work():
            return list(await asyncio.gather(asked("a", clerks), asked("b", clerks)))

    assert asyncio.run(both()) == ["a", "b"]


def test_calls_block_side_by_side_up_to_the_most() -> None:
    together = threading.Barrier(4, timeout=10)

    async def asked() -> None:
        clerks = Clerks(4)
        async with clerks.at_work():
            await asyncio.gather(*(clerks.ask(together.wait) for _ in range(8)))

    asyncio.run(asked())


def test_no_more_threads_than_the_most_are_hired() -> None:
    seen: set[int] = set()

    def note() -> None:
        sleep(0.001)
        seen.add(threading.get_ident())

    async def asked() -> None:
        clerks = Clerks(3)
        async with clerks.at_work():
            await asyncio.gather(*(clerks.ask(note) for _ in range(60)))

    asyncio.run(asked())
    assert 1 <= len(seen) <= 3


def test_every_one_of_many_calls_is_answered() -> None:
    async def asked() -> list[int]:
        clerks = Clerks(8)
        async with clerks.at_work():
            return list(await asyncio.gather(*(clerks.ask(int, n) for n in range(5000))))

    assert asyncio.run(asked()) == list(range(5000))


def test_who_went_away_keeps_nobody_from_an_answer() -> None:
    begun = threading.Event()
    go_on = threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait(10)

    async def asked() -> str:
        clerks = Clerks(2)
        async with clerks.at_work():
            gone = clerks.ask(slow)
            await clerks.ask(begun.wait, 10)
            gone.cancel()
            go_on.set()
            return await clerks.ask(str, "there")

    assert asyncio.run(asked()) == "there"


def test_one_application_serves_one_loop_after_another() -> None:
    clerks = Clerks()

    async def asked() -> int:
        async with clerks.at_work():
            return await clerks.ask(int, "7")

    assert [asyncio.run(asked()), asyncio.run(asked())] == [7, 7]


def test_what_was_begun_is_done_before_the_end() -> None:
    done: list[int] = []

    def slow() -> None:
        sleep(0.05)
        done.append(1)

    async def asked() -> None:
        clerks = Clerks(1)
        async with clerks.at_work():
            for _ in range(3):
                clerks.ask(slow)

    asyncio.run(asked())
    assert done == [1, 1, 1]
