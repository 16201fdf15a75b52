"""What was proved of a person before: how long it counts, for what, and on this device only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct, field

from warifu.authentication.user.verified import UserVerified

NEVER = 2**62
"""Seconds since a verification that did not happen, as rule sets have it."""


class OperationClass(StrEnum):
    """Operations that weigh alike."""

    READ = "read"
    MOVE = "move"
    """Money."""
    CHANGE = "change"
    """Who may do what: links, limits, recovery."""


CLASSES: Mapping[str, OperationClass] = {
    "login": OperationClass.READ,
    "balance": OperationClass.READ,
    "transfer": OperationClass.MOVE,
    "high-value-transfer": OperationClass.MOVE,
    "link-account": OperationClass.CHANGE,
    "raise-limit": OperationClass.CHANGE,
    "recover": OperationClass.CHANGE,
}
"""By the names that rule sets use. What is not here weighs most."""
COVERS: Mapping[OperationClass, frozenset[OperationClass]] = {
    OperationClass.READ: frozenset({OperationClass.READ}),
    OperationClass.MOVE: frozenset({OperationClass.READ, OperationClass.MOVE}),
    OperationClass.CHANGE: frozenset({OperationClass.READ, OperationClass.CHANGE}),
}
"""What a verification made for one class also counts for."""
LIVES: Mapping[OperationClass, timedelta] = {
    OperationClass.READ: timedelta(minutes=15),
    OperationClass.MOVE: timedelta(minutes=5),
    OperationClass.CHANGE: timedelta(minutes=2),
}
"""How long a verification counts for an operation of a class."""


class StandingTerms(Struct, frozen=True, kw_only=True):
    """How long verifications are remembered."""

    lives: Mapping[OperationClass, timedelta] = field(default_factory=lambda: LIVES)
    """A class that is missing is asked for every time."""


class Remembered(Struct, frozen=True, kw_only=True):
    """A verification that was made."""

    user: str
    device: str
    methods: tuple[str, ...]
    at: datetime
    operation_class: OperationClass
    """What it was made for."""


class UserStanding(Struct, frozen=True, kw_only=True):
    """What a decision reads: plain values, by the names of its facts about the user."""

    verified: bool
    verified_seconds: int
    """Since the latest that counts; `NEVER` where none does."""
    methods: tuple[str, ...]
    """What counts, each once, sorted."""


def class_of(operation: str) -> OperationClass:
    """The class of an operation; what is unknown is asked for as what weighs most."""
    return CLASSES.get(operation, OperationClass.CHANGE)


def remember(verified: UserVerified, operation: str) -> Remembered:
    """What to store of a verification that was made for an operation."""
    return Remembered(
        user=verified.user,
        device=verified.device,
        methods=(verified.method.value,),
        at=verified.at,
        operation_class=class_of(operation),
    )


def methods_still_valid(
    remembered: Remembered,
    *,
    user: str,
    device: str,
    operation: str,
    now: datetime,
    terms: StandingTerms,
) -> tuple[str, ...]:
    """The methods of an earlier verification that still count; empty where it does not.

    Args:
        remembered: What was stored.
        user: Who asks now.
        device: On which device: on another, nothing counts.
        operation: What for, by the name that rule sets use.
        now: The present time.
        terms: How long verifications are remembered.
    """
    wanted = class_of(operation)
    if (remembered.user, remembered.device) != (user, device):
        return ()
    if wanted not in COVERS[remembered.operation_class]:
        return ()
    # One from the future was stored before our clock was set back: nobody knows how old it is.
    in_time = timedelta() <= now - remembered.at < terms.lives.get(wanted, timedelta())
    return remembered.methods if in_time else ()


def user_standing(
    remembered: Iterable[Remembered],
    *,
    user: str,
    device: str,
    operation: str,
    now: datetime,
    terms: StandingTerms,
) -> UserStanding:
    """What a decision about an operation is told of the person; arguments as above."""
    methods: set[str] = set()
    latest = None
    for each in remembered:
        valid = methods_still_valid(
            each, user=user, device=device, operation=operation, now=now, terms=terms
        )
        methods.update(valid)
        if valid and (latest is None or each.at > latest):
            latest = each.at
    return UserStanding(
        verified=latest is not None,
        verified_seconds=NEVER if latest is None else (now - latest) // timedelta(seconds=1),
        methods=tuple(sorted(methods)),
    )
