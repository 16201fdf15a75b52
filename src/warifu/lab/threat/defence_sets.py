"""All minimal sets of defences that make goals hold, and the cheapest of them."""

from __future__ import annotations

from functools import cache
from itertools import compress
from typing import TYPE_CHECKING

from warifu.lab.threat.searching import BUILT, Search
from warifu.risk.threat.defences import Defence, cost_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from warifu.risk.threat.forms import Form
    from warifu.risk.threat.goals import Goal
    from warifu.risk.threat.powers import Power

_ORDER = {each: place for place, each in enumerate(Defence)}
_NONE: frozenset[Defence] = frozenset()


def minimal_defences(
    form: Form,
    *,
    powers: Iterable[Power],
    goals: Collection[Goal],
    fixed: Iterable[Defence] = _NONE,
    excluded: Iterable[Defence] = _NONE,
) -> tuple[frozenset[Defence], ...]:
    """Every minimal set of defences under which all of some goals hold.

    Minimal: no proper subset (with all of `fixed`) makes them hold. To add a defence to such a set
    may break a goal again, because some defences open ways of their own: what goes by Trusted UI
    passes the TEE.

    Args:
        form: With its judge of the authentication data.
        powers: What the attacker has.
        goals: What must hold, all at once.
        fixed: What is built in already; part of every answer.
        excluded: What cannot be had.

    Returns:
        Cheapest first, then smallest, then in the order of `Defence`. One set equal to `fixed` if
        nothing more is needed, nothing if the goals cannot be reached.
    """
    search = _search()
    literal = search.program.literal
    assumed = [
        *search.form(form),
        *search.powers(powers),
        *(literal(BUILT[each]) for each in fixed),
        *(-literal(BUILT[each]) for each in excluded),
        *(-search.broken[each] for each in goals if search.broken[each]),
    ]
    found = (frozenset(compress(Defence, answer)) for answer in search.answers(assumed))
    return tuple(sorted(found, key=_by_cost))


def cheapest(
    form: Form,
    *,
    powers: Iterable[Power],
    goals: Collection[Goal],
    fixed: Iterable[Defence] = _NONE,
    excluded: Iterable[Defence] = _NONE,
) -> frozenset[Defence] | None:
    """The first of `minimal_defences`, or None: the goals cannot be reached."""
    sets = minimal_defences(form, powers=powers, goals=goals, fixed=fixed, excluded=excluded)
    return sets[0] if sets else None


@cache
def _search() -> Search:
    return Search(minimal=BUILT.values())


def _by_cost(defences: frozenset[Defence]) -> tuple[int, int, list[int]]:
    return cost_of(defences), len(defences), sorted(map(_ORDER.__getitem__, defences))
