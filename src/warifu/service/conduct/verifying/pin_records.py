"""PINs as they are stored: the record sealed, the counter in columns."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from warifu.authentication.user.pin_record import Pepper, PinRecord, new_pin_record
from warifu.authentication.user.tries import State, Terms, Tries
from warifu.base.errors import Misuse, VerifierFault
from warifu.base.secret import Secret
from warifu.service.conduct.verifying.rules import PEPPER, PIN_KNOWN
from warifu.service.store.pins import StoredPin

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from warifu.service.composition import Owner
    from warifu.service.conduct.work import Work

KIND = "pin"
"""What a sealed record is bound to, beside the tenant."""
SALT_OCTETS = 16
TERMS = Terms()


class PinSeen(Struct, frozen=True, kw_only=True):
    """Where a PIN stands. Nothing is told of the PIN itself."""

    state: State
    tries_left: int
    """Before it is locked."""
    next_try_at: datetime | None
    """Null where the next try may be made at once, or none at all."""
    changed_at: datetime


class _Kept(Struct, frozen=True, kw_only=True):
    user: str
    pepper: str
    phc: bytes


def require_set(pin: StoredPin | None) -> StoredPin:
    """The PIN, where there is one.

    Raises:
        Misuse: ``pin/known``.
    """
    if pin is None or not pin.sealed:
        raise Misuse(PIN_KNOWN)
    return pin


def tries_of(pin: StoredPin) -> Tries:
    """The counter as its columns have it."""
    return Tries(
        state=State(pin.state),
        failures=pin.failures,
        not_before=pin.not_before,
        revision=pin.revision,
    )


def with_tries(work: Work, pin: StoredPin, tries: Tries, *, sealed: bytes) -> StoredPin:
    """The PIN with another counter."""
    return StoredPin(
        user_index=pin.user_index,
        state=tries.state.value,
        failures=tries.failures,
        not_before=tries.not_before,
        revision=tries.revision,
        changed_at=work.now,
        sealed=sealed,
    )


def seen(work: Work, pin: StoredPin) -> PinSeen:
    """As it is told."""
    tries = tries_of(pin)
    locked = tries.state is State.LOCKED
    waits = not locked and tries.not_before is not None and tries.not_before > work.now
    return PinSeen(
        state=tries.state,
        tries_left=0 if locked else max(0, len(TERMS.pace) + 1 - tries.failures),
        next_try_at=tries.not_before if waits else None,
        changed_at=pin.changed_at,
    )


def make_record(work: Work, owner: Owner, pin: Secret, *, user: str, known: Iterable[str]) -> bytes:
    """A PIN under the newest pepper, sealed. Costs as much as comparing one.

    Raises:
        Denied: ``pin/digits``, ``pin/weak``.
        VerifierFault: ``pin/pepper``.
    """
    record = new_pin_record(
        pin,
        user=user,
        salt=secrets.token_bytes(SALT_OCTETS),
        pepper=newest_pepper(work),
        known=known,
    )
    kept = _Kept(user=record.user, pepper=record.pepper, phc=record.phc.reveal())
    return work.house.vault.seal(owner, KIND, msgspec.msgpack.encode(kept))


def read_record(work: Work, owner: Owner, pin: StoredPin) -> tuple[PinRecord, Pepper]:
    """A PIN's record, and the pepper that it names.

    Raises:
        VerifierFault: ``vault/opens``, ``pin/pepper``.
    """
    kept = _KEPT.decode(work.house.vault.unseal(owner, KIND, pin.sealed))
    record = PinRecord(user=kept.user, pepper=kept.pepper, phc=Secret(kept.phc))
    for each in work.house.peppers:
        if each.name == record.pepper:
            return record, each
    raise VerifierFault(PEPPER, f"no pepper {record.pepper}")


def newest_pepper(work: Work) -> Pepper:
    """The one for PINs that are set from now on.

    Raises:
        VerifierFault: ``pin/pepper``.
    """
    if not work.house.peppers:
        raise VerifierFault(PEPPER, "none is configured")
    return work.house.peppers[-1]


def turn(work: Work) -> AbstractContextManager[None]:
    """A turn to compute one; ``limits/busy`` where there is no room for it."""
    settings = work.house.settings.pins
    return work.house.turns.take(
        at_once=settings.at_once, waiting=settings.waiting, seconds=settings.wait_seconds
    )


_KEPT = msgspec.msgpack.Decoder(_Kept)
