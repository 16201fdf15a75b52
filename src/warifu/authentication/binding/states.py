"""A binding: user, device, app and key tied together, and who may change it.

A binding is suspended while anything holds it. Holds add up, and each is lifted by those who may
lift that one: a phone that its owner reported as lost and that fails re-appraisal besides comes
back only after both are settled, and never by a word from the phone itself.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from warifu.authentication.binding.activation import ActivationState
from warifu.authentication.binding.rules import (
    ACTOR,
    BINDING_MOVE,
    CONFIRMED,
    COOLING_OFF,
    USABLE,
)
from warifu.authentication.ceremony.tables import advance
from warifu.authentication.transaction.confirmation import BoundKey
from warifu.base.errors import Denied

if TYPE_CHECKING:
    from datetime import timedelta

    from warifu.authentication.binding.activation import Activation


class BindingState(StrEnum):
    """Where a binding stands."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class BindingEvent(StrEnum):
    """What moves it on."""

    ACTIVATE = "activate"
    SUSPEND = "suspend"
    LIFT = "lift"
    RESUME = "resume"
    REVOKE = "revoke"


class Actor(StrEnum):
    """Who acts."""

    USER = "user"
    """The customer, authenticated, on another device or another channel."""
    CLERK = "clerk"
    """A person of the bank, whose name is in the audit log."""
    SERVICE = "service"
    """A rule: an answer "this was not me", or evidence judged again."""


class Hold(StrEnum):
    """Why a binding is suspended."""

    LOST = "lost"
    BANK = "bank"
    NOT_ME = "not-me"
    APPRAISAL = "appraisal"


TRANSITIONS: dict[BindingState, dict[BindingEvent, BindingState]] = {
    BindingState.PENDING: {
        BindingEvent.ACTIVATE: BindingState.ACTIVE,
        BindingEvent.REVOKE: BindingState.REVOKED,
    },
    BindingState.ACTIVE: {
        BindingEvent.SUSPEND: BindingState.SUSPENDED,
        BindingEvent.REVOKE: BindingState.REVOKED,
    },
    BindingState.SUSPENDED: {
        BindingEvent.SUSPEND: BindingState.SUSPENDED,
        BindingEvent.LIFT: BindingState.SUSPENDED,
        BindingEvent.RESUME: BindingState.ACTIVE,
        BindingEvent.REVOKE: BindingState.REVOKED,
    },
    BindingState.REVOKED: {},
}
PLACED_BY: dict[Hold, frozenset[Actor]] = {
    Hold.LOST: frozenset({Actor.USER, Actor.CLERK}),
    Hold.BANK: frozenset({Actor.CLERK}),
    Hold.NOT_ME: frozenset({Actor.SERVICE, Actor.CLERK}),
    Hold.APPRAISAL: frozenset({Actor.SERVICE}),
}
LIFTED_BY: dict[Hold, frozenset[Actor]] = {
    Hold.LOST: frozenset({Actor.CLERK}),
    Hold.BANK: frozenset({Actor.CLERK}),
    Hold.NOT_ME: frozenset({Actor.CLERK}),
    Hold.APPRAISAL: frozenset({Actor.SERVICE}),
}
"""Only newer evidence settles what evidence caused; what people reported, a person settles."""
REVOKED_BY = frozenset(Actor)
COUNTED = frozenset({BindingState.ACTIVE, BindingState.SUSPENDED})
"""States that count towards the limit of devices: suspending one must not make room for another."""


class Binding(Struct, frozen=True, kw_only=True):
    """One key of one device of one user."""

    id: bytes
    """16 octets."""
    activation: bytes
    """Id of the activation it rests on."""
    user: str
    """The bank's opaque id of the person."""
    device: str
    app: str
    key: BoundKey
    state: BindingState = BindingState.PENDING
    holds: frozenset[Hold] = frozenset()
    """Not empty if and only if it is suspended."""
    primary: bool = False
    """On the device that decides about the others; see `warifu.authentication.binding.devices`."""
    at: datetime
    """When the key was proved."""
    active_since: datetime | None = None
    """When it was activated first; what a cooling-off counts from."""
    changed_at: datetime


def propose(activation: Activation, *, binding_id: bytes, device: str, at: datetime) -> Binding:
    """A pending binding of a key that is proved.

    Args:
        activation: Whose key is proved.
        binding_id: 16 octets.
        device: Id of the device.
        at: The current time.

    Raises:
        Denied: ``binding/confirmed`` where no key is proved.
    """
    if activation.key is None:
        raise Denied(CONFIRMED, activation.state.value)
    return Binding(
        id=binding_id,
        activation=activation.id,
        user=activation.user,
        device=device,
        app=activation.app,
        key=activation.key,
        at=at,
        changed_at=at,
    )


def activate(binding: Binding, activation: Activation, *, primary: bool, at: datetime) -> Binding:
    """The binding, active, once both sides saw the same digits.

    Args:
        binding: Pending.
        activation: The one it rests on, confirmed.
        primary: From `warifu.authentication.binding.devices.admit`, in the same commit.
        at: The current time.

    Raises:
        Denied: ``binding/confirmed``, ``binding/move``.
    """
    rests_on = (activation.id, activation.user, activation.key)
    if activation.state is not ActivationState.CONFIRMED or rests_on != (
        binding.activation,
        binding.user,
        binding.key,
    ):
        raise Denied(CONFIRMED, activation.state.value)
    state = advance(TRANSITIONS, binding.state, BindingEvent.ACTIVATE, BINDING_MOVE)
    return replace(binding, state=state, primary=primary, active_since=at, changed_at=at)


def suspend(binding: Binding, hold: Hold, *, by: Actor, at: datetime) -> Binding:
    """The binding, held for one more reason.

    Raises:
        Denied: ``binding/actor``, ``binding/move``.
    """
    _require_actor(by, PLACED_BY[hold], f"{hold.value} placed")
    state = advance(TRANSITIONS, binding.state, BindingEvent.SUSPEND, BINDING_MOVE)
    return replace(binding, state=state, holds=binding.holds | {hold}, changed_at=at)


def lift(binding: Binding, hold: Hold, *, by: Actor, at: datetime) -> Binding:
    """The binding without one hold; active again where it was the last.

    Raises:
        Denied: ``binding/actor``; ``binding/move``, also where there is no such hold.
    """
    _require_actor(by, LIFTED_BY[hold], f"{hold.value} lifted")
    left = binding.holds - {hold}
    event = BindingEvent.LIFT if left else BindingEvent.RESUME
    state = advance(TRANSITIONS, binding.state, event, BINDING_MOVE)
    if left == binding.holds:
        raise Denied(BINDING_MOVE, f"not held as {hold.value}")
    return replace(binding, state=state, holds=left, changed_at=at)


def revoke(binding: Binding, *, by: Actor, at: datetime) -> Binding:
    """The binding, gone for good.

    Raises:
        Denied: ``binding/move`` where it is gone already.
    """
    _require_actor(by, REVOKED_BY, "revoked")
    state = advance(TRANSITIONS, binding.state, BindingEvent.REVOKE, BINDING_MOVE)
    return replace(binding, state=state, holds=frozenset(), primary=False, changed_at=at)


def usable(binding: Binding, *, user: str, device: str) -> Binding:
    """The same binding, active and of this user and device.

    Raises:
        Denied: ``binding/usable``. Whose it is comes first, so that nobody learns the state of
            somebody else's.
    """
    if (binding.user, binding.device) != (user, device):
        raise Denied(USABLE, "of another user or device")
    if binding.state is not BindingState.ACTIVE:
        raise Denied(USABLE, binding.state.value)
    return binding


def cooled_off(binding: Binding, *, now: datetime, least: timedelta) -> Binding:
    """The same binding, active for at least as long as an operation demands.

    Raises:
        Denied: ``binding/cooling-off``.
    """
    if binding.active_since is None or now - binding.active_since < least:
        raise Denied(COOLING_OFF, f"since {binding.active_since}, {least} demanded")
    return binding


def _require_actor(by: Actor, who_may: frozenset[Actor], what: str) -> None:
    if by not in who_may:
        raise Denied(ACTOR, f"{what} by {by.value}")
