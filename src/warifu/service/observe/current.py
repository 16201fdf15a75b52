"""The request in hand, as far as the operator may see it.

A request begins in the event loop and is answered in a thread, which works on a copy of the
context. Both hold the same `Seen`, so that what the thread learns is there when the loop logs it.
"""

from __future__ import annotations

from contextvars import ContextVar

from warifu.base.errors import WarifuError


class Seen:
    """What is known of one request so far."""

    __slots__ = ("caller", "error", "id", "tenant")

    def __init__(self, request_id: str) -> None:
        """A request about which nothing is known but the id that we gave it."""
        self.id = request_id
        self.tenant: str | None = None
        self.caller: str | None = None
        self.error: WarifuError | None = None


CURRENT: ContextVar[Seen | None] = ContextVar("warifu_request", default=None)


def request_id() -> str | None:
    """The id of the request in hand, as its answer and its log lines carry it."""
    seen = CURRENT.get()
    return None if seen is None else seen.id


def called_by(tenant: str, caller: str) -> None:
    """Say who asks, once that is proved. Both are names that the operator gave or we made."""
    if (seen := CURRENT.get()) is not None:
        seen.tenant = tenant
        seen.caller = caller
