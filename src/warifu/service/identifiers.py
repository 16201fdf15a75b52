"""Identifiers that the service gives: UUIDv7 (RFC 9562 §5.7), so that they sort by time."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from warifu.service.store.database import micros

if TYPE_CHECKING:
    from datetime import datetime

_VERSION_AND_VARIANT = 0x7 << 76 | 0b10 << 62


def new_id(now: datetime) -> str:
    """A new identifier as text.

    Args:
        now: The time it sorts by; the 74 bits after it are random.
    """
    milliseconds = micros(now) // 1000 & (1 << 48) - 1
    random = secrets.randbits(74)
    value = milliseconds << 80 | _VERSION_AND_VARIANT
    digits = f"{value | random >> 62 << 64 | random & (1 << 62) - 1:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
