"""A client that keeps a server busy: prepared requests over connections that stay open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import cast

from msgspec import Struct

CREATED = b"HTTP/1.1 201 "
LENGTH = b"content-length: "
END = b"\r\n\r\n"


class Load(Struct, frozen=True, kw_only=True):
    """What was measured."""

    seconds: float
    """From the first request to the last answer."""
    latencies: tuple[float, ...]
    """Of each request, in seconds."""

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds


def drive(port: int, requests: Sequence[bytes], *, connections: int) -> Load:
    """Send each request once, as soon as a connection is free, and wait for all answers.

    Args:
        port: On 127.0.0.1.
        requests: Whole requests, as they go over the wire.
        connections: How many requests are under way at a time.

    Raises:
        RuntimeError: An answer that is not 201.
    """
    return asyncio.run(_drive(port, requests, connections))


def request(path: str, body: bytes, key: str) -> bytes:
    """A POST as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _drive(port: int, requests: Sequence[bytes], connections: int) -> Load:
    loop = asyncio.get_running_loop()
    turn = iter(requests)
    latencies: list[float] = []
    made = [
        await loop.create_connection(lambda: _Connection(turn, latencies), "127.0.0.1", port)
        for _ in range(connections)
    ]
    start = perf_counter()
    for _, connection in made:
        connection.send()
    await asyncio.gather(*(connection.done for _, connection in made))
    seconds = perf_counter() - start
    for transport, _ in made:
        transport.close()
    return Load(seconds=seconds, latencies=tuple(latencies))


class _Connection(asyncio.Protocol):
    """Sends the next request when the answer to the one before has come."""

    def __init__(self, turn: Iterator[bytes], latencies: list[float]) -> None:
        self._turn = turn
        self._latencies = latencies
        self._received = b""
        self._sent = 0.0
        self._transport: asyncio.WriteTransport
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def send(self) -> None:
        """The next request, if there is one left."""
        following = next(self._turn, None)
        if following is None:
            self.done.set_result(None)
            return
        self._sent = perf_counter()
        self._transport.write(following)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(END)
        if not end or len(body) < _length(head):
            return
        self._latencies.append(perf_counter() - self._sent)
        if not head.startswith(CREATED):
            self.done.set_exception(RuntimeError(self._received.decode("utf-8", "replace")[:600]))
            return
        self._received = b""
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or RuntimeError("the server closed the connection"))


def _length(head: bytes) -> int:
    return int(head.lower().partition(LENGTH)[2].partition(b"\r\n")[0])
