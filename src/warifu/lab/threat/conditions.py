"""The paper's three conditions for authentication inside SE or TEE, each asked for by itself.

They are questions to the same model with everything granted that belongs to the other conditions:
what is left tells what this part of a form is worth. Asking the user for the PIN on a false screen
belongs to none of them and is left out.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.rule import Text
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import Authenticator, UserPath
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.moves import MOVES
from warifu.risk.threat.powers import ALTERS, READS, Interface, Power
from warifu.risk.threat.referee import AXES, TAKEN_FOR_GRANTED
from warifu.risk.threat.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warifu.risk.threat.forms import Form
    from warifu.risk.threat.question import Verdict

GOALS_OF_CONDITIONS = (Goal.PIN, Goal.TRANSACTION)
"""What is lost with a condition: what is stolen, and what is altered."""

_GRANTED = frozenset(AXES.values()) | TAKEN_FOR_GRANTED


class Part(StrEnum):
    """What a condition speaks of, and with what it is built."""

    AUTHENTICATOR = "authenticator"
    SERVER_CLEAR = "server-clear"
    SERVER_ENCRYPTED = "server-encrypted"
    USER_THROUGH_REE = "user-through-ree"
    USER_TRUSTED_UI_CLEAR_LINK = "user-trusted-ui-clear-link"
    USER_TRUSTED_UI = "user-trusted-ui"


class PartRow(Struct, frozen=True, kw_only=True):
    """How a part is asked for."""

    part: Part
    name: Text
    without: frozenset[Defence]
    """What is not built in; everything else that the paper argues with is."""
    concerns: frozenset[Power]
    """The powers that meet this part; those that belong to others are left out of the question."""
    clause: str


def _both(*interfaces: Interface) -> frozenset[Power]:
    return frozenset(table[each] for table in (READS, ALTERS) for each in interfaces)


_HOMES = {
    Authenticator.TA: _both(Interface.TEE_MEM),
    Authenticator.SE_APPLET: _both(Interface.SE_MEM),
}
"""The memory that what authenticates runs in."""
_INSIDE = frozenset[Power]().union(*_HOMES.values())
_SCREEN = frozenset({Power.OVERLAY}) | _both(
    Interface.DISPLAY, Interface.TOUCH, Interface.REE_MEM, Interface.SE_TEE_LINK
)
_TRUSTED = _SCREEN | _both(Interface.TEE_MEM)
_CHANNEL = _both(Interface.CHANNEL)

PARTS: dict[Part, PartRow] = {
    part: PartRow(
        part=part,
        name=Text(ja=ja, en=en),
        without=frozenset(without),
        concerns=concerns,
        clause=clause,
    )
    for part, ja, en, without, concerns, clause in (
        (
            *(Part.AUTHENTICATOR, "条件1：認証を行うもの", "condition 1: what authenticates"),
            *((Defence.TRUSTED_UI,), _INSIDE, "U 3 (1), table 1"),
        ),
        (
            *(Part.SERVER_CLEAR, "暗号化しない", "not encrypted"),
            *((Defence.PROTECTED_CHANNEL,), _CHANNEL, "U 3 (2), table 2"),
        ),
        (
            *(Part.SERVER_ENCRYPTED, "暗号化する", "encrypted"),
            *((), _CHANNEL, "U 3 (2), table 2"),
        ),
        (
            *(Part.USER_THROUGH_REE, "Trusted UIなし", "without Trusted UI"),
            *((Defence.TRUSTED_UI,), _SCREEN, "U 3 (3), table 2"),
        ),
        (
            Part.USER_TRUSTED_UI_CLEAR_LINK,
            *("Trusted UIあり、SEとTAの間は平文", "Trusted UI, clear link"),
            *((Defence.ENCRYPTED_LINK,), _TRUSTED, "U 4; not in table 2"),
        ),
        (
            *(Part.USER_TRUSTED_UI, "Trusted UIあり", "with Trusted UI"),
            *((), _TRUSTED, "U 3 (3), table 2"),
        ),
    )
}
"""Every part by its name."""


def has_part(form: Form, part: Part) -> bool:
    """Whether a form can be built so at all.

    Args:
        form: A row of `FORMS`.
        part: A row of `PARTS`. The link matters only where it carries what the user sees.
    """
    if part is Part.USER_TRUSTED_UI:
        return form.can_have_trusted_ui
    if part is Part.USER_TRUSTED_UI_CLEAR_LINK:
        return UserPath.LINK_THEN_TRUSTED_UI in form.to_user
    return True


def judge_part(form: Form, part: Part, *, powers: Iterable[Power]) -> tuple[Verdict, ...]:
    """Judge one part of a form by itself.

    Args:
        form: With its judge of the authentication data.
        part: Which part.
        powers: What the attacker has; those that it gains from them count as well.

    Returns:
        A verdict for each of `GOALS_OF_CONDITIONS`.
    """
    row = PARTS[part]
    defences = _GRANTED - row.without
    concerned = _reached(form, defences, powers) & row.concerns
    if part is Part.AUTHENTICATOR:
        concerned &= _HOMES[form.authenticator]
    return tuple(
        verdict(form, defences=defences, powers=concerned, goal=goal)
        for goal in GOALS_OF_CONDITIONS
    )


def _reached(form: Form, defences: frozenset[Defence], powers: Iterable[Power]) -> frozenset[Power]:
    """The powers that come of powers: an SDK owns the app's memory."""
    ways = [
        move
        for move in MOVES
        if isinstance(move.gives, Power)
        and move.where <= form.traits()
        and move.needs <= defences
        and not move.unless & defences
    ]
    reached = set(powers)
    while (
        more := {
            move.gives for move in ways if isinstance(move.gives, Power) and move.given <= reached
        }
        - reached
    ):
        reached |= more
    return frozenset(reached)
