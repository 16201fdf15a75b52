"""What published weaknesses break, each by itself and all that may meet on one device together."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from warifu.lab.threat.defence_sets import minimal_defences
from warifu.risk.threat.closure import broken_goals
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import Form
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.story import Story, tell
from warifu.risk.threat.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warifu.risk.threat.advisories import Advisory, AdvisorySet
    from warifu.risk.threat.powers import Power

PLATFORMS = ("android", "apple")
"""Those of `warifu.risk.threat.advisories.Platform`: no device is of two."""


class Struck(Struct, frozen=True, kw_only=True):
    """What more powers do to one form with one judge."""

    form: Form
    held: tuple[Goal, ...]
    """Before."""
    falls: tuple[Goal, ...]
    """Of those that held."""
    stories: tuple[Story, ...]
    """How each of them falls."""
    mends: tuple[frozenset[Defence], ...]
    """Minimal sets to add so that all that held holds again, cheapest first."""


def strike(
    form: Form, *, defences: frozenset[Defence], before: frozenset[Power], gives: Iterable[Power]
) -> Struck:
    """What falls that held.

    Args:
        form: With its judge of the authentication data.
        defences: What is built in.
        before: The powers of an attacker that is there anyway.
        gives: What the weakness adds to them.
    """
    powers = before.union(gives)
    lost_before = broken_goals(form.traits(), defences, before)
    lost_now = broken_goals(form.traits(), defences, powers)
    held = tuple(each for each in Goal if each not in lost_before)
    falls = tuple(each for each in held if each in lost_now)
    mends = minimal_defences(form, powers=powers, goals=held, fixed=defences) if falls else ()
    return Struck(
        form=form,
        held=held,
        falls=falls,
        stories=tuple(
            tell(verdict(form, defences=defences, powers=powers, goal=each)) for each in falls
        ),
        mends=tuple(each - defences for each in mends),
    )


def meeting(loaded: AdvisorySet) -> dict[tuple[Advisory, ...], tuple[str, ...]]:
    """Advisories that may be about one and the same device: all that speak of one platform.

    Models and versions are not compared: a device that does not tell them is taken to be affected.

    Args:
        loaded: A file of advisories.

    Returns:
        Two or more advisories, with the platforms on which they meet.
    """
    found: dict[tuple[Advisory, ...], tuple[str, ...]] = {}
    for platform in PLATFORMS:
        about = tuple(
            each
            for each in loaded.advisories
            if any(devices.platform in {platform, None} for devices in each.devices)
        )
        if len(about) > 1:
            found[about] = (*found.get(about, ()), platform)
    return found


def only_together(all_at_once: Struck, alone: Iterable[Struck]) -> Struck:
    """What of a strike no part of it does by itself.

    Args:
        all_at_once: Struck by all.
        alone: The same form, struck by each.

    Returns:
        The strike, as if what falls by one of them alone had been lost before.
    """
    lost = frozenset(chain.from_iterable(each.falls for each in alone))
    left = [
        (goal, story)
        for goal, story in zip(all_at_once.falls, all_at_once.stories, strict=True)
        if goal not in lost
    ]
    return msgspec.structs.replace(
        all_at_once,
        held=tuple(each for each in all_at_once.held if each not in lost),
        falls=tuple(goal for goal, _ in left),
        stories=tuple(story for _, story in left),
    )
