"""What one process of the service is made of: built once, at the edge, shared by its threads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from msgspec import Struct, field

from warifu.attestation.trust.view import TrustView
from warifu.authentication.user.pin_record import Pepper
from warifu.base.keys.ring import KeyRing
from warifu.base.secret import Secret
from warifu.service.limits.limits import Limits
from warifu.service.limits.turns import Turns
from warifu.service.settings import Settings
from warifu.service.store.database import Database

Clock = Callable[[], datetime]
"""The present time in UTC. The only clock there is; tests give their own."""


class TrustSource(Protocol):
    """What is believed."""

    def now(self, now: datetime) -> TrustView:
        """What is believed at this moment.

        Raises:
            VerifierFault: Nothing usable is believed.
        """

    def as_of(self, known_at: datetime) -> TrustView:
        """What was believed at an earlier moment.

        Raises:
            VerifierFault: Nothing usable was believed.
        """


class KeySource(Protocol):
    """Our own signing keys."""

    def ring(self, now: datetime) -> KeyRing:
        """The ring as it stands.

        Raises:
            WarifuError: The keys cannot be opened.
        """


class Owner(Struct, frozen=True, kw_only=True):
    """Whose data is sealed: a device, or the tenant itself; and its key as it is stored."""

    tenant: str
    name: str
    """The device's id; empty for the tenant itself."""
    wrapped: bytes
    """The owner's data key, wrapped by the vault's own."""


class Vault(Protocol):
    """Encryption of what is kept about people and devices, each owner under a key of its own.

    Where an owner's wrapped key is deleted, all that was sealed under it is gone for good.
    """

    def new_owner(self, tenant: str, name: str) -> Owner:
        """An owner with a new key, to be stored as it is wrapped."""

    def seal(self, owner: Owner, kind: str, data: bytes) -> bytes:
        """Encrypt `data`, bound to its owner and kind."""

    def unseal(self, owner: Owner, kind: str, sealed: bytes) -> bytes:
        """The data again.

        Raises:
            VerifierFault: ``vault/opens`` where it was altered, or belongs to another.
        """

    def index(self, tenant: str, kind: str, value: bytes) -> bytes:
        """A blind index: equal values of one tenant and kind have equal ones, 32 bytes."""

    def seal_secret(self, tenant: str, kind: str, secret: Secret) -> bytes:
        """Encrypt a secret of the tenant's own, such as a vendor's decryption key."""

    def unseal_secret(self, tenant: str, kind: str, sealed: bytes) -> Secret:
        """The secret again.

        Raises:
            VerifierFault: ``vault/opens``.
        """


class Composition(Struct, frozen=True, kw_only=True):
    """Everything a use case may reach."""

    settings: Settings
    database: Database
    trust: TrustSource
    keys: KeySource
    vault: Vault
    clock: Clock
    limits: Limits = field(default_factory=Limits)
    """How often who asked."""
    peppers: tuple[Pepper, ...] = ()
    """Of PINs, newest last; without any, none is set or verified."""
    turns: Turns = field(default_factory=Turns)
    """Who computes a PIN now, and who waits."""
