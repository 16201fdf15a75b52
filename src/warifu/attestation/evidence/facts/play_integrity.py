"""What a Play Integrity verdict proves beyond the common facts, and what is held against it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from msgspec import Struct, field

from warifu.attestation.expectations import Expectations
from warifu.base.secret import Secret

MAX_AGE = timedelta(minutes=10)
CLOCK_SKEW = timedelta(minutes=1)


class RecallBit(Struct, frozen=True, kw_only=True):
    """One of the three bits that an app's owner may keep per device."""

    value: bool | None = None
    """None where Google could not tell, which is not False."""
    written: str | None = None
    """The month of the last write, as ``YYYY-MM``."""


class Recall(Struct, frozen=True, kw_only=True):
    """Device recall: bits that outlive a factory reset."""

    first: RecallBit
    second: RecallBit
    third: RecallBit


class PlayIntegrityFacts(Struct, frozen=True, kw_only=True, tag="play-integrity"):
    """Google's verdicts in Google's words. None means not evaluated or not asked for."""

    request_kind: str
    """``standard`` (bound to a request hash) or ``classic`` (bound to a nonce)."""
    request_package: str | None
    app_recognition: str | None
    certificate_digests: tuple[str, ...] = ()
    """As received: base64url of SHA-256 over each signing certificate."""
    version_code: int | None = None
    device_labels: tuple[str, ...] = ()
    """Empty where the device meets nothing: rooted, emulated or hooked."""
    legacy_device_labels: tuple[str, ...] | None = None
    sdk_version: int | None = None
    device_activity: str | None = None
    recall: Recall | None = None
    licensing: str | None = None
    account_activity: str | None = None
    play_protect: str | None = None
    apps_detected: tuple[str, ...] | None = None
    """None is not evaluated, which is not the same as the empty list."""
    testing_response: bool = False
    unlisted: dict[str, Any] = field(default_factory=dict)
    """Fields and values that Google's documents do not list, by path: a sign of drift."""


class PlayIntegrityExpectations(Expectations, frozen=True, kw_only=True):
    """`challenge` is the nonce's bytes, or the bytes whose base64url is the request hash.

    The first four leave a gap where they are None. The others are checked where they are given.
    """

    decryption_key: Secret | None = None
    """The app's AES response key, 32 bytes."""
    verification_key: bytes | None = None
    """The app's EC response key, P-256, DER of SubjectPublicKeyInfo."""
    request_hash: str | None = None
    """The request hash as the app gave it; goes before `challenge` for standard requests."""
    max_age: timedelta = MAX_AGE
    certificate_digests: frozenset[bytes] | None = None
    """SHA-256 of every signing certificate the app may have, 32 bytes each."""
    minimum_version: int | None = None
    app_recognition: frozenset[str] | None = None
    """Verdicts on the app that will do, such as ``PLAY_RECOGNIZED``."""
    device_labels: frozenset[str] | None = None
    """Labels that the device must all meet, such as ``MEETS_DEVICE_INTEGRITY``."""
    licensing: frozenset[str] | None = None
    """Verdicts on the licence that will do, such as ``LICENSED``."""
