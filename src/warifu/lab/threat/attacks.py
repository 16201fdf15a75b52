"""All minimal attacks: which sets of powers break a goal, none of them more than needed."""

from __future__ import annotations

from functools import cache
from itertools import compress
from typing import TYPE_CHECKING

from warifu.lab.threat.program import atom
from warifu.lab.threat.searching import CHOSEN, Search
from warifu.risk.threat.powers import ALTERS, READS, Interface, Power

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warifu.risk.threat.defences import Defence
    from warifu.risk.threat.forms import Form
    from warifu.risk.threat.goals import Goal

_ORDER = {each: place for place, each in enumerate(Power)}


def minimal_attacks(
    form: Form,
    *,
    defences: Iterable[Defence],
    goal: Goal,
    among: Iterable[Power] = Power,
) -> tuple[frozenset[Power], ...]:
    """Every minimal set of powers that breaks a goal.

    To alter an interface is to read it: a set *amounts to* itself and the reading of all that it
    alters. An attack is minimal if no other attack amounts to a proper part of it. What one power
    gives by moves (an SDK owns the app's memory) does not count: both are attacks of their own.

    Args:
        form: With its judge of the authentication data.
        defences: What is built in.
        goal: What is to be broken.
        among: The powers to choose from.

    Returns:
        Smallest first, then in the order of `Power`; never an interface both read and altered.
        One empty set if the goal is broken with no powers at all, nothing if it cannot be broken.
    """
    search, chosen_from = _search(), frozenset(among)
    assumed = [
        *search.form(form),
        *search.defences(defences),
        *(-search.program.literal(CHOSEN[each]) for each in Power if each not in chosen_from),
        *search.program.exactly(
            (_PAIRED[each] for each in Interface if READS[each] in chosen_from), _PAIRED.values()
        ),
        search.broken[goal],
    ]
    found = (frozenset(compress(Power, answer)) for answer in search.answers(assumed))
    return tuple(sorted(map(_without_implied, found), key=_by_size))


_PAIRED = {each: atom("paired", each) for each in Interface}


@cache
def _search() -> Search:
    """Who may choose to read an interface must do so in order to alter it."""
    paired = "".join(
        f"{{{_PAIRED[each]}}}.\n"
        f":- {CHOSEN[ALTERS[each]]}, not {CHOSEN[READS[each]]}, {_PAIRED[each]}.\n"
        for each in Interface
    )
    return Search(paired, minimal=CHOSEN.values())


def _without_implied(powers: frozenset[Power]) -> frozenset[Power]:
    return powers - {READS[each] for each in Interface if ALTERS[each] in powers}


def _by_size(powers: frozenset[Power]) -> tuple[int, list[int]]:
    return len(powers), sorted(map(_ORDER.__getitem__, powers))
