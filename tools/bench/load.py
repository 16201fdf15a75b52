"""A client that keeps a server busy: prepared requests over connections that stay open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import NamedTuple, cast

from msgspec import Struct

CREATED, OK = 201, 200
LENGTH = b"content-length: "
END = b"\r\n\r\n"


class Load(Struct, frozen=True, kw_only=True):
    """What was measured."""

    seconds: float
    """From the first request to the last answer."""
    latencies: tuple[float, ...]
    """Of each request, in seconds."""
    answers: tuple[bytes, ...]
    """Their bodies, in the order of the requests."""

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds


def drive(port: int, requests: Sequence[bytes], *, connections: int, status: int = CREATED) -> Load:
    """Send each request once, as soon as a connection is free, and wait for all answers.

    Args:
        port: On 127.0.0.1.
        requests: Whole requests, as they go over the wire.
        connections: How many requests are under way at a time.
        status: That every answer must have.

    Raises:
        RuntimeError: An answer with another status.
    """
    return asyncio.run(_drive(port, requests, connections, b"HTTP/1.1 %d " % status))


def request(path: str, body: bytes, key: str | None) -> bytes:
    """A POST as it goes over the wire."""
    shown = "" if key is None else f"authorization: Bearer {key}\r\n"
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{shown}"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _drive(port: int, requests: Sequence[bytes], connections: int, status: bytes) -> Load:
    loop = asyncio.get_running_loop()
    turn = iter(range(len(requests)))
    latencies, answers = [0.0] * len(requests), [b""] * len(requests)
    shared = _Round(requests, status, turn, latencies, answers)
    made = [
        await loop.create_connection(lambda: _Connection(shared), "127.0.0.1", port)
        for _ in range(connections)
    ]
    start = perf_counter()
    for _, connection in made:
        connection.send()
    try:
        await asyncio.gather(*(connection.done for _, connection in made))
        seconds = perf_counter() - start
    finally:
        for transport, _ in made:
            transport.close()
        await asyncio.sleep(0)  # they close at the next turn of the loop
    return Load(seconds=seconds, latencies=tuple(latencies), answers=tuple(answers))


class _Round(NamedTuple):
    """What all connections share."""

    requests: Sequence[bytes]
    status: bytes
    turn: Iterator[int]
    """The numbers of the requests that nobody has sent yet."""
    latencies: list[float]
    answers: list[bytes]


class _Connection(asyncio.Protocol):
    """Sends the next request when the answer to the one before has come."""

    def __init__(self, shared: _Round) -> None:
        self._round = shared
        self._number = -1
        self._received = b""
        self._sent = 0.0
        self._transport: asyncio.WriteTransport
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def send(self) -> None:
        """The next request, if there is one left."""
        following = next(self._round.turn, None)
        if following is None:
            self.done.set_result(None)
            return
        self._number = following
        self._sent = perf_counter()
        self._transport.write(self._round.requests[following])

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(END)
        if not end or len(body) < _length(head):
            return
        self._round.latencies[self._number] = perf_counter() - self._sent
        self._round.answers[self._number] = body
        if not head.startswith(self._round.status):
            self.done.set_exception(RuntimeError(self._received.decode("utf-8", "replace")[:600]))
            return
        self._received = b""
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or RuntimeError("the server closed the connection"))


def _length(head: bytes) -> int:
    return int(head.lower().partition(LENGTH)[2].partition(b"\r\n")[0])
