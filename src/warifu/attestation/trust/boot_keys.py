"""Placeholder until the trust room is furnished."""

from __future__ import annotations

from msgspec import Struct


class BootKeys(Struct, frozen=True, kw_only=True):
    """To be written."""
