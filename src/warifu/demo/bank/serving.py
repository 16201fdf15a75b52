"""Serving the demo bank on this machine, with the service beside it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from secrets import token_urlsafe
from typing import TYPE_CHECKING

from granian.constants import Interfaces
from granian.server.embed import Server as WebServer
from msgspec import Struct

from warifu.demo.bank.app import make_bank
from warifu.demo.bank.service import RP_ID, service
from warifu.demo.bank.state import State
from warifu.service.serving import Address, require_free

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 8460
START_SECONDS = 20


class Open(Struct, frozen=True, kw_only=True):
    """A bank that is open for business."""

    origin: str
    clerk: str
    """The clerk's link."""
    state: State


@contextmanager
def bank(port: int = PORT) -> Iterator[Open]:
    """The bank and the service that it asks, until the block is left.

    Args:
        port: Of this machine, for the pages; the service has another.

    Raises:
        Misuse: ``serve/address``.
        VerifierFault: ``serve/process``.
    """
    require_free(Address(port=port))
    origin = f"http://{RP_ID}:{port}"
    with service(origin) as warifu:
        key = token_urlsafe(16)
        state = State(warifu, origin, key)
        with _pages(state, port):
            yield Open(origin=origin, clerk=f"{origin}/clerk/{key}", state=state)


@contextmanager
def _pages(state: State, port: int) -> Iterator[None]:
    """Serve the pages from a thread of their own."""
    server = WebServer(
        make_bank(state), port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=False
    )
    ready = threading.Event()
    server.on_startup(ready.set)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(),), daemon=True)
    thread.start()
    ready.wait(START_SECONDS)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join(START_SECONDS)
        if not thread.is_alive():
            loop.close()
