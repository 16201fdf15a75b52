"""One-time passwords by time (RFC 6238), kept only to show what a relay does to them.

Such a password says nothing of whom it is for or what it is about: whoever has it within its half
minute is its owner. What serves customers accepts no such thing, and cannot import this file.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

if TYPE_CHECKING:
    from datetime import datetime

DIGITS = 6
STEP_SECONDS = 30
SECRET_OCTETS = 20


@dataclass(frozen=True, kw_only=True)
class Token:
    """A customer's generator; the bank has the same secret."""

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(SECRET_OCTETS))

    def password(self, at: datetime) -> str:
        """What it shows at a time (RFC 6238 §4, SHA-1): six digits."""
        made = TOTP(self.secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - as the RFC has it
        return made.generate(int(at.timestamp())).decode()


@dataclass(kw_only=True)
class LegacyBank:
    """A bank that lets in whoever types the right digits, once for each step of time."""

    token: Token
    _used: set[int] = field(default_factory=set)

    def log_in(self, password: str, at: datetime) -> str | None:
        """A new session of the customer, or None. Nothing tells who typed, or where.

        Args:
            password: As it was received.
            at: The present time.
        """
        step = int(at.timestamp()) // STEP_SECONDS
        is_right = compare_digest(password.encode(), self.token.password(at).encode())
        if step in self._used or not is_right:
            return None
        self._used.add(step)
        return secrets.token_urlsafe(16)


@dataclass(kw_only=True)
class PhishingPage:
    """A page that looks like the bank's, and passes on at once what is typed into it."""

    bank: LegacyBank
    sessions: list[str] = field(default_factory=list)
    """What its owner has got by it."""

    def typed(self, password: str, at: datetime) -> None:
        """The customer believes the page."""
        session = self.bank.log_in(password, at)
        if session is not None:
            self.sessions.append(session)
