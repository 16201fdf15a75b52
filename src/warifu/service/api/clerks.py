"""Threads that answer requests, and the way of their answers back to the event loop.

What asyncio has for this makes a lock, a condition and two futures for each call, and wakes the
loop for each answer: that was a seventh of what a request costs beside its use case. Here a call is
one future, and answers that are ready by the time the loop looks wake it once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import Context, copy_context
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, NamedTuple, TypeVar

CLERKS = 32
"""In each process, for requests at work at once; more wait."""
_T = TypeVar("_T")


class Clerks:
    """The threads of one application; each is hired when nobody else is free."""

    def __init__(self, most: int = CLERKS) -> None:
        """Hire nobody yet.

        Args:
            most: How many threads at most.
        """
        self._most = most
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._hiring = Lock()
        self._threads: list[Thread] = []
        self._free = 0
        """Who waits for a job, less the jobs that wait. Changed under `_hiring`."""
        self._tray: _Tray | None = None

    def ask(self, function: Callable[..., _T], *given: object) -> asyncio.Future[_T]:
        """Have a function called in a thread, in a copy of the present context.

        Args:
            function: May block.
            given: Its arguments.

        Returns:
            A future of the running loop with its answer, or what it raised.
        """
        loop = asyncio.get_running_loop()
        tray = self._tray
        if tray is None or tray.loop is not loop:
            tray = self._tray = _Tray(loop)
        answer: asyncio.Future[_T] = loop.create_future()
        self._hire()
        self._jobs.put(_Job(tray, answer, copy_context(), function, given))
        return answer

    @asynccontextmanager
    async def at_work(self, _: object = None) -> AsyncIterator[None]:
        """For an application's life: when it ends, jobs that were begun or wait are done first."""
        try:
            yield
        finally:
            with self._hiring:
                threads = self._threads
                for _ in threads:
                    self._jobs.put(None)
            for thread in threads:
                thread.join()
            with self._hiring:
                self._threads, self._free = [], 0

    def _hire(self) -> None:
        with self._hiring:
            self._free -= 1
            if self._free >= 0 or len(self._threads) >= self._most:
                return
            self._free += 1
            # A daemon: who ends without `at_work` is not kept from it by one that waits.
            thread = Thread(target=self._work, name=f"clerk-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.do()
            del job  # a body is not kept until the next request comes
            with self._hiring:
                self._free += 1


class _Tray:
    """Where answers wait for their loop."""

    __slots__ = ("_called", "_ready", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._ready: deque[tuple[asyncio.Future[Any], object, BaseException | None]] = deque()
        self._called = False

    def put(self, answer: asyncio.Future[Any], found: object, error: BaseException | None) -> None:
        """From a thread: the loop takes what it finds after `_called` became false again."""
        self._ready.append((answer, found, error))
        if not self._called:
            self._called = True
            with suppress(RuntimeError):  # the loop is closed, and nobody waits
                self.loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        self._called = False
        while self._ready:
            answer, found, error = self._ready.popleft()
            if answer.done():  # whoever asked went away
                continue
            if error is None:
                answer.set_result(found)
            else:
                answer.set_exception(error)


class _Job(NamedTuple):
    """One call."""

    tray: _Tray
    answer: asyncio.Future[Any]
    context: Context
    function: Callable[..., Any]
    given: tuple[object, ...]

    def do(self) -> None:
        """Call, and send the answer back whatever it is."""
        try:
            found = self.context.run(self.function, *self.given)
        except StopIteration as error:
            # No future takes one: it would end the coroutine that waits.
            self.tray.put(self.answer, None, _fit(error))
        except BaseException as error:  # noqa: BLE001 - raised where the answer is awaited
            self.tray.put(self.answer, None, error)
        else:
            self.tray.put(self.answer, found, None)


def _fit(error: StopIteration) -> RuntimeError:
    try:
        raise RuntimeError("a call stopped an iteration") from error
    except RuntimeError as fit:
        return fit
