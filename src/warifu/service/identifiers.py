"""Identifiers that the service gives: UUIDv7 (RFC 9562 §5.7), so that they sort by time."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from warifu.service.store.database import micros

if TYPE_CHECKING:
    from datetime import datetime

_OCTETS = 10
_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
"""Two bits say that it is a UUID of this kind; the two others stay random."""


def new_id(now: datetime) -> str:
    """A new identifier as text.

    Args:
        now: The time it sorts by; the 74 bits after it are random.
    """
    return dated_id(now, os.urandom(_OCTETS))


def dated_id(at: datetime, octets: bytes) -> str:
    """The identifier of a time and ten octets: for what must have the same one everywhere."""
    time = f"{micros(at) // 1000 & (1 << 48) - 1:012x}"
    random = octets[:_OCTETS].hex()
    variant = _VARIANT[random[0]]
    return f"{time[:8]}-{time[8:]}-7{random[1:4]}-{variant}{random[4:7]}-{random[7:19]}"
