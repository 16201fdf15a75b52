"""The closure: all that an attacker can come to have, and how."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import Trait
from warifu.risk.threat.goals import GOALS, Gain, Goal
from warifu.risk.threat.moves import MOVES, Atom, Move
from warifu.risk.threat.powers import Power
from warifu.risk.threat.question import Attack, Certificate, Question, Safe, Step

# Questions of one installation: forms, defences and goals are few, powers come from advisories.
_REMEMBERED = 4096

_ATOMS: tuple[Atom, ...] = (*Power, *Gain)
_BIT: dict[Atom, int] = {atom: 1 << index for index, atom in enumerate(_ATOMS)}
_DEFENCE_BIT: dict[Defence, int] = {each: 1 << index for index, each in enumerate(Defence)}
_BROKEN_BY: dict[Goal, int] = {goal: _BIT[row.broken_by] for goal, row in GOALS.items()}


def judge(question: Question) -> Certificate:
    """What proves the answer to a question.

    Args:
        question: Form, defences, powers and goal.

    Returns:
        `Attack`, in as few rounds of moves as can be, or `Safe`.
    """
    broken = _BROKEN_BY[question.goal]
    reached, made = _close(question.form.traits(), question.defences, question.powers, stop=broken)
    if reached & broken:
        return Attack(steps=_steps_to(broken, made))
    return Safe(closed=frozenset(atom for atom, bit in _BIT.items() if reached & bit))


@lru_cache(maxsize=_REMEMBERED)
def broken_goals(
    traits: frozenset[Trait], defences: frozenset[Defence], powers: frozenset[Power]
) -> frozenset[Goal]:
    """Every goal that falls at once, without certificates; remembered.

    Args:
        traits: Of the form.
        defences: What is built in.
        powers: What the attacker has.
    """
    reached, _ = _close(traits, defences, powers, stop=0)
    return frozenset(goal for goal, bit in _BROKEN_BY.items() if reached & bit)


class _Compiled(NamedTuple):
    given: int
    gives: int
    needs: int
    unless: int
    move: Move


@cache
def _compiled(traits: frozenset[Trait]) -> tuple[_Compiled, ...]:
    """The moves there are in a form, as masks."""
    return tuple(
        _Compiled(
            given=sum(_BIT[atom] for atom in each.given),
            gives=_BIT[each.gives],
            needs=sum(_DEFENCE_BIT[defence] for defence in each.needs),
            unless=sum(_DEFENCE_BIT[defence] for defence in each.unless),
            move=each,
        )
        for each in MOVES
        if each.where <= traits
    )


def _close(
    traits: frozenset[Trait],
    defences: frozenset[Defence],
    powers: frozenset[Power],
    *,
    stop: int,
) -> tuple[int, dict[int, _Compiled]]:
    """Apply moves in rounds until nothing is new or one of `stop` is reached.

    Returns:
        What is reached, and for each gain the move that gave it first. What a round gains is used
        in the next one only: derivations are as shallow as can be.
    """
    built = sum(map(_DEFENCE_BIT.__getitem__, defences))
    reached = sum(map(_BIT.__getitem__, powers))
    left = [
        each
        for each in _compiled(traits)
        if not each.unless & built and each.needs & built == each.needs
    ]
    made: dict[int, _Compiled] = {}
    while True:
        before, waiting = reached, []
        for each in left:
            if before & each.given == each.given:
                if not reached & each.gives:
                    reached |= each.gives
                    made[each.gives] = each
            else:
                waiting.append(each)
        if reached == before or reached & stop:
            return reached, made
        left = waiting


def _steps_to(broken: int, made: dict[int, _Compiled]) -> tuple[Step, ...]:
    """The moves that lead to what breaks the goal, and no others, in the order they were made."""
    wanted, pending = set(), [broken]
    while pending:
        bit = pending.pop()
        if bit in made and bit not in wanted:
            wanted.add(bit)
            given = made[bit].given
            pending.extend(each for each in _BIT.values() if given & each)
    return tuple(
        Step(move=each.move.code, gives=each.move.gives)
        for bit, each in made.items()
        if bit in wanted
    )
