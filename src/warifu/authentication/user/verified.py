"""A person who was verified: what each way of user authentication ends in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from warifu.authentication.ceremony.context import Context
from warifu.authentication.user import rules
from warifu.base.errors import Misuse


class Method(StrEnum):
    """How somebody was verified, by the names that rule sets use."""

    PASSKEY = "passkey"
    PIN = "pin"
    """Judged by the server."""
    TERMINAL_PIN = "terminal-pin"
    """Judged by an app, a trusted application or an applet."""
    BIOMETRIC = "biometric"
    DEVICE_CREDENTIAL = "device-credential"
    """Pattern, PIN or password of the screen lock."""


class Assurance(StrEnum):
    """Whose word it is."""

    SERVER = "server"
    """Our own."""
    AUTHENTICATOR = "authenticator"
    """A WebAuthn authenticator's."""
    HARDWARE = "hardware"
    """The key store's, which lets the key be used only after the check."""
    TRUSTED_ENVIRONMENT = "trusted-environment"
    """A trusted application's or an applet's."""
    APPLICATION = "application"
    """The genuine app's, which malware on the device may have altered."""


class UserVerified(Struct, frozen=True, kw_only=True):
    """A named person, verified on a named device at a stated time."""

    user: str
    device: str
    method: Method
    assurance: Assurance
    at: datetime
    """The time judged for."""
    key: bytes
    """SHA-256 of the SubjectPublicKeyInfo of the bound key that proved it."""
    context: bytes
    """SHA-256 of the context that was answered, with its challenge."""
    counter: int | None = None
    """Of the key, where it counts: to be stored by compare-and-set."""
    proved: tuple[str, ...]
    """Codes of the rules that held, in order."""


def named(context: Context) -> tuple[str, str]:
    """User and device of a context, both of which user authentication needs.

    Raises:
        Misuse: ``user/named``.
    """
    if context.user is None or context.device is None:
        raise Misuse(rules.NAMED, "no user" if context.user is None else "no device")
    return context.user, context.device
