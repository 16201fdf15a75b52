"""Of the threads that answer requests one computes, while the others wait for it or for a database.

The interpreter runs one thread at a time anyway, but lets another in whenever a thread so much as
hashes or writes to a socket, and each change of threads costs more than what it was made for. So a
thread takes its turn once, and gives it up only where it waits for somebody else.

A turn is a courtesy and no lock: nothing rests on it, and whoever waited `PATIENCE` goes on without
one. So no thread that holds a turn while it waits for something can stop the others for good.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock, local
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 0.05
"""Seconds; many times what one request computes."""

_turn = Lock()
_mine = local()


@contextmanager
def computing() -> Iterator[None]:
    """What this thread does now is one request: it begins when it is this thread's turn."""
    _take()
    try:
        yield
    finally:
        _give_up()


@contextmanager
def waiting() -> Iterator[None]:
    """This thread waits for something else; others have their turn meanwhile."""
    if not _give_up():
        yield
        return
    try:
        yield
    finally:
        _take()


def _take() -> None:
    _mine.has_it = _turn.acquire(timeout=PATIENCE)


def _give_up() -> bool:
    """Whether there was anything to give up."""
    has_it: bool = getattr(_mine, "has_it", False)
    if has_it:
        _mine.has_it = False
        _turn.release()
    return has_it
