"""What the relying party expected: the other half of the tally."""

from __future__ import annotations

from msgspec import Struct


class Expectations(Struct, frozen=True, kw_only=True):
    """What every format can be held against. None means not stated, and leaves a gap."""

    challenge: bytes | None = None
    """The challenge that was issued, as the bytes the platform was asked to include."""
    app: str | None = None
    """The application: package name, ``<team>.<bundle>``, or RP ID."""
