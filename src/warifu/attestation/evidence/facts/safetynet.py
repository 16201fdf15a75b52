"""What a SafetyNet attestation proves beyond the common facts, and what is held against it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from msgspec import Struct, field

from warifu.attestation.expectations import Expectations

MAX_AGE = timedelta(minutes=10)
CLOCK_SKEW = timedelta(minutes=1)


class SafetyNetFacts(Struct, frozen=True, kw_only=True, tag="safetynet"):
    """Google's verdict on the device. None means that the response does not tell."""

    cts_profile_match: bool | None = None
    """The device matches one that passed the compatibility tests."""
    basic_integrity: bool | None = None
    apk_digest: bytes | None = None
    """SHA-256 of the app's file."""
    evaluation_types: tuple[str, ...] = ()
    """``BASIC``, ``HARDWARE_BACKED``: what the verdict rests on."""
    advice: tuple[str, ...] = ()
    """``LOCK_BOOTLOADER``, ``RESTORE_TO_FACTORY_ROM``: how the device could pass."""
    error: str | None = None
    unlisted: dict[str, Any] = field(default_factory=dict)
    """Fields that Google's documents do not list."""


class SafetyNetExpectations(Expectations, frozen=True, kw_only=True):
    """`challenge` is the nonce's bytes, `app` the package name.

    Those two leave a gap where they are None. The others are checked where they are given.
    """

    max_age: timedelta = MAX_AGE
    certificate_digests: frozenset[bytes] | None = None
    """SHA-256 of every signing certificate the app may have, 32 bytes each."""
    apk_digests: frozenset[bytes] | None = None
    """SHA-256 of every file the app may be installed from, 32 bytes each."""
    cts_profile_match: bool | None = None
    """True demands a match."""
    basic_integrity: bool | None = None
    """True demands it."""
