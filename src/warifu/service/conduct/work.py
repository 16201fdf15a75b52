"""One authenticated request at work: who asks, when, and what the process is made of."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from warifu.service.caller import Caller
from warifu.service.composition import Composition


class Once(Struct, frozen=True, kw_only=True):
    """An idempotency key and the request it stands for."""

    key: str
    request: bytes
    """SHA-256 over method, path, query, If-Match and body."""


class Work(Struct, frozen=True, kw_only=True):
    """Who asks, when, and what the process is made of."""

    house: Composition
    caller: Caller
    now: datetime
    once: Once | None = None

    @property
    def tenant(self) -> str:
        """Whose rows these are. No use case takes a tenant from anywhere else."""
        return self.caller.tenant
