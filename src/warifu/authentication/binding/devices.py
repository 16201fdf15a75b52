"""A user's devices: how many, and which one is the primary. Pure functions over what is stored.

The answer is as good as the list is whole, so whoever stores asks again in the commit that
activates, and serialises the activations of one user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from warifu.authentication.binding.rules import ACTOR, DEVICES, USABLE
from warifu.authentication.binding.states import COUNTED, Actor, BindingState, cooled_off
from warifu.base.errors import Denied

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from warifu.authentication.binding.states import Binding

USUAL_DEVICES = 3
APPOINTED_BY = frozenset({Actor.USER, Actor.CLERK})


class Summary(Struct, frozen=True, kw_only=True):
    """What counting needs of a binding."""

    device: str
    state: BindingState
    primary: bool


class Admission(Struct, frozen=True, kw_only=True):
    """Room for a device."""

    primary: bool
    """It becomes the primary one: the only device of its user, or a further key on the primary."""
    devices: int
    """How many there are with it."""


def admit(others: Sequence[Summary], *, device: str, most: int = USUAL_DEVICES) -> Admission:
    """Whether a user may have this device beside those there are.

    Args:
        others: All bindings of the user but the one to be activated.
        device: Id of the device to be activated; its further keys count once.
        most: The bank's limit.

    Raises:
        Denied: ``binding/devices``.
    """
    counted = [each for each in others if each.state in COUNTED]
    devices = {each.device for each in counted} | {device}
    if len(devices) > most:
        raise Denied(DEVICES, f"{len(devices)} of {most}")
    on_primary = any(each.primary and each.device == device for each in counted)
    return Admission(primary=on_primary or devices == {device}, devices=len(devices))


def appoint_primary(
    bindings: Sequence[Binding],
    *,
    device: str,
    by: Actor,
    now: datetime,
    least: timedelta,
) -> tuple[Binding, ...]:
    """Make another device the primary one.

    Args:
        bindings: All of one user.
        device: Which is to be it; it has an active binding that is old enough.
        by: The user, on the present primary device or another channel, or a clerk.
        now: The current time.
        least: How long a device is bound before it may decide about others.

    Returns:
        Those bindings that change, to be stored in one commit.

    Raises:
        Denied: ``binding/actor``, ``binding/usable`` where the device has no active binding or the
            bindings are of several users, ``binding/cooling-off``.
    """
    if by not in APPOINTED_BY:
        raise Denied(ACTOR, f"appointed by {by.value}")
    active = [
        each for each in bindings if each.device == device and each.state is BindingState.ACTIVE
    ]
    if not active or len({each.user for each in bindings}) != 1:
        raise Denied(USABLE, "no active binding on that device of that user")
    # The device is as old as its first key: a passkey added today makes it no younger.
    cooled_off(min(active, key=_active_since), now=now, least=least)
    return tuple(
        replace(each, primary=each.device == device, changed_at=now)
        for each in bindings
        if each.state in COUNTED and each.primary != (each.device == device)
    )


def _active_since(binding: Binding) -> datetime:
    return binding.active_since or binding.changed_at
