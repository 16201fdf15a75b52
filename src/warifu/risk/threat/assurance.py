"""Assurance: which goals still hold on a device under the powers assumed there, and why not.

This is what decision rules read. It rests on the closure alone, without order and freshness: what
is assured is safe in the table of moves.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.attestation.claims import BootState
from warifu.base.rule import Text
from warifu.risk.threat.closure import broken_goals
from warifu.risk.threat.deployment import Deployment
from warifu.risk.threat.forms import Judge
from warifu.risk.threat.goals import GOALS, Goal
from warifu.risk.threat.powers import POWERS, Power
from warifu.risk.threat.question import Attack
from warifu.risk.threat.story import powers_used, strongest, tell
from warifu.risk.threat.verdict import verdict

if TYPE_CHECKING:
    from warifu.risk.threat.defences import Defence

MAX_REMEMBERED = 4096

ALTERED_STATES = frozenset({BootState.UNVERIFIED, BootState.FAILED})
"""In which somebody else's system may be running."""

_BECAUSE = Text(
    ja="攻撃者が{powers}ことができるとみなされるため、目標「{goal}」が保たれません。",
    en="The goal “{goal}” does not hold: an attacker is taken to be one who {powers}.",
)
_WITHOUT_POWERS = Text(
    ja="特別な能力を持たない攻撃者に対しても、目標「{goal}」が保たれません。",
    en="The goal “{goal}” does not hold even against an attacker without any power.",
)


class Assurance(Struct, frozen=True, kw_only=True):
    """What holds on a device."""

    deployment: Deployment
    powers: frozenset[Power]
    held: frozenset[Goal]


class Move(Struct, frozen=True, kw_only=True):
    """One step of an attack."""

    code: str
    """In the table of moves."""
    says: Text
    clause: str


class Derivation(Struct, frozen=True, kw_only=True):
    """Why a goal does not hold on a device."""

    goal: Goal
    because: Text
    """One sentence: what the attacker is taken to be capable of, and what falls."""
    powers: tuple[Power, ...]
    """Those the attack draws on, strongest only."""
    steps: tuple[Move, ...]
    """The attack, in order."""
    advisories: tuple[str, ...] = ()
    """Ids of the advisories that are about the device."""
    not_known: tuple[str, ...] = ()
    """What these ask about and the device does not tell."""


@lru_cache(maxsize=MAX_REMEMBERED)
def altered_powers(*, locked: bool | None, state: str | None, is_trusted: bool) -> frozenset[Power]:
    """What the appraisal of a device's start gives an attacker there.

    Args:
        locked: Whether the bootloader is locked; None where no claim was proved.
        state: A `BootState`, or None.
        is_trusted: The device is appraised as affirming: a self-signed system is one that the
            bank's policy names.
    """
    altered = (
        locked is False
        or state in ALTERED_STATES
        or (state == BootState.SELF_SIGNED and not is_trusted)
    )
    return frozenset({Power.ALTER_BOOT}) if altered else frozenset()


def assurance(deployment: Deployment, powers: frozenset[Power]) -> Assurance:
    """Which goals hold; remembered.

    Args:
        deployment: From `deployment_of`.
        powers: Of advisories, of the appraisal and of the attackers that are assumed.
    """
    return _assured(deployment.form, deployment.judge is Judge.SERVER, deployment.defences, powers)


def derivation(assured: Assurance, goal: Goal) -> Derivation | None:
    """Why a goal does not hold; None where it does. Remembered.

    Args:
        assured: From `assurance`.
        goal: What was hoped for.
    """
    deployment = assured.deployment
    return _derived(
        deployment.form,
        deployment.judge is Judge.SERVER,
        deployment.defences,
        assured.powers,
        goal=goal,
    )


@lru_cache(maxsize=MAX_REMEMBERED)
def _assured(
    form: str,
    server_judges: bool,  # noqa: FBT001 - a key of the memory
    defences: frozenset[Defence],
    powers: frozenset[Power],
) -> Assurance:
    deployment = _deployment(form, server_judges=server_judges, defences=defences)
    broken = broken_goals(deployment.row().traits(), defences, powers)
    return Assurance(deployment=deployment, powers=powers, held=_ALL - broken)


@lru_cache(maxsize=MAX_REMEMBERED)
def _derived(
    form: str,
    server_judges: bool,  # noqa: FBT001 - a key of the memory
    defences: frozenset[Defence],
    powers: frozenset[Power],
    *,
    goal: Goal,
) -> Derivation | None:
    row = _deployment(form, server_judges=server_judges, defences=defences).row()
    found = verdict(row, defences=defences, powers=powers, goal=goal)
    if not isinstance(found.certificate, Attack):
        return None
    used = strongest(powers_used(found.certificate))
    pattern = _BECAUSE if used else _WITHOUT_POWERS
    named = GOALS[goal].name
    return Derivation(
        goal=goal,
        because=Text(
            ja=pattern.ja.format(
                goal=named.ja, powers="、".join(POWERS[each].means.ja for each in used)
            ),
            en=pattern.en.format(
                goal=named.en, powers="; ".join(POWERS[each].means.en for each in used)
            ),
        ),
        powers=used,
        steps=tuple(
            Move(code=each.move, says=each.says, clause=each.clause) for each in tell(found).steps
        ),
    )


def _deployment(form: str, *, server_judges: bool, defences: frozenset[Defence]) -> Deployment:
    judge = Judge.SERVER if server_judges else Judge.TERMINAL
    return Deployment(form=form, judge=judge, defences=defences)


_ALL = frozenset(Goal)
