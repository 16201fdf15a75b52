"""Stories for the report: why each goal falls or holds, and what it would take to turn that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup
from msgspec import Struct

from warifu.base.rule import Text
from warifu.lab.threat.attacks import minimal_attacks
from warifu.lab.threat.defence_sets import minimal_defences
from warifu.lab.threat.report.grid import Cell, Grid, in_order
from warifu.lab.threat.sequence_svg import draw
from warifu.lab.threat.sessions import within_sessions
from warifu.risk.threat.defences import DEFENCES, Defence, cost_of
from warifu.risk.threat.goals import GOALS, Gain, Goal
from warifu.risk.threat.malware import Malware
from warifu.risk.threat.powers import POWERS, Power
from warifu.risk.threat.question import Attack, Basis, Verdict
from warifu.risk.threat.story import Story, tell

if TYPE_CHECKING:
    from collections.abc import Callable

SETS_SHOWN = 10
"""Minimal sets listed for each goal; the others are counted."""

_FOLLOWS = ("server/", "receipt/")
_BREAKS: dict[Gain, Goal] = {row.broken_by: goal for goal, row in GOALS.items()}


class Attackers(Struct, frozen=True, kw_only=True):
    """Attackers with the same reach, and the forms that they reach."""

    attackers: tuple[Malware, ...]
    forms: tuple[str, ...]


class DefenceSet(Struct, frozen=True, kw_only=True):
    """Defences that are enough together."""

    defences: tuple[Defence, ...]
    cost: int


class Told(Struct, frozen=True, kw_only=True):
    """One verdict in full."""

    anchor: str
    form: str
    goal: Goal
    holds: bool
    story: Story
    breaks: tuple[Goal | None, ...]
    """For each step the goal that falls with it."""
    drawing: Markup
    rests_on: tuple[Basis, ...]
    attacks: tuple[tuple[Power, ...], ...]
    attacks_more: int
    mends: tuple[DefenceSet, ...]
    """What could be added; nothing where the goal holds, or cannot be had."""
    mends_more: int
    from_nothing: tuple[DefenceSet, ...]
    from_nothing_more: int


class SharedAttack(Struct, frozen=True, kw_only=True):
    """One attack, with all that it is for."""

    broken: tuple[Goal, ...]
    """All goals that fall on its way, in their order."""
    gist: Text
    """The sentence of the move that decides: what follows is the server's or the receipt's."""
    story: Story
    breaks: tuple[Goal | None, ...]
    drawing: Markup
    reach: tuple[Attackers, ...]


def tell_row(
    cells: tuple[Cell, ...], language: str, step: Callable[[], None]
) -> tuple[tuple[Told, ...], ...]:
    """Tell every verdict of an attacker: for each form, each goal.

    Args:
        cells: One of each form.
        language: Of the drawings.
        step: Called after each.
    """
    told = []
    for cell in cells:
        of_form = []
        for verdict in cell.verdicts:
            of_form.append(_told(within_sessions(verdict.question), language))
            step()
        told.append(tuple(of_form))
    return tuple(told)


def tell_shared(
    grid: Grid, language: str, *, but: frozenset[str] = frozenset()
) -> tuple[SharedAttack, ...]:
    """Every attack of a grid, once wherever its moves are the same.

    An attack that another one begins with is part of that one, if it is for nobody else.

    Args:
        grid: All verdicts.
        language: Of the drawings.
        but: Names of attackers that are left out.
    """
    found: dict[tuple[str, ...], tuple[Verdict, list[Cell]]] = {}
    for cell in grid.cells():
        for verdict in cell.verdicts:
            if isinstance(verdict.certificate, Attack) and cell.malware.name not in but:
                moves = tuple(step.move for step in verdict.certificate.steps)
                found.setdefault(moves, (verdict, []))[1].append(cell)
    whole = (
        (moves, verdict, cells)
        for moves, (verdict, cells) in found.items()
        if not _is_told_by_another(moves, cells, found)
    )
    shared = [
        _shared(verdict, cells, language, name=f"attack-{number}")
        for number, (_, verdict, cells) in enumerate(whole, start=1)
    ]
    order = list(Goal)
    return tuple(sorted(shared, key=lambda each: list(map(order.index, each.broken))))


def _told(verdict: Verdict, language: str) -> Told:
    question = verdict.question
    anchor = f"{_slug(question.form.name)}-{question.goal}"
    attacks = minimal_attacks(question.form, defences=question.defences, goal=question.goal)
    added, from_nothing = (
        tuple(
            _set(each - fixed)
            for each in minimal_defences(
                question.form, powers=question.powers, goals=(question.goal,), fixed=fixed
            )
        )
        for fixed in (question.defences, frozenset[Defence]())
    )
    mends = () if verdict.holds else added
    return Told(
        anchor=anchor,
        form=question.form.name,
        goal=question.goal,
        holds=verdict.holds,
        story=tell(verdict),
        breaks=_breaks(verdict),
        drawing=_drawn(verdict, language, anchor),
        rests_on=verdict.rests_on,
        attacks=tuple(
            tuple(each for each in POWERS if each in one) for one in attacks[:SETS_SHOWN]
        ),
        attacks_more=max(len(attacks) - SETS_SHOWN, 0),
        mends=mends[:SETS_SHOWN],
        mends_more=max(len(mends) - SETS_SHOWN, 0),
        from_nothing=from_nothing[:SETS_SHOWN],
        from_nothing_more=max(len(from_nothing) - SETS_SHOWN, 0),
    )


def _shared(verdict: Verdict, cells: list[Cell], language: str, *, name: str) -> SharedAttack:
    forms_of: dict[str, tuple[Malware, list[str]]] = {}
    for cell in cells:
        forms_of.setdefault(cell.malware.name, (cell.malware, []))[1].append(cell.form.name)
    alike: dict[tuple[str, ...], list[Malware]] = {}
    for malware, forms in forms_of.values():
        alike.setdefault(tuple(forms), []).append(malware)
    story, breaks = tell(verdict), _breaks(verdict)
    return SharedAttack(
        broken=in_order(frozenset(goal for goal in breaks if goal)),
        gist=_gist(story),
        story=story,
        breaks=breaks,
        drawing=_drawn(verdict, language, name),
        reach=tuple(
            Attackers(attackers=tuple(attackers), forms=forms) for forms, attackers in alike.items()
        ),
    )


def _is_told_by_another(
    moves: tuple[str, ...],
    cells: list[Cell],
    found: dict[tuple[str, ...], tuple[Verdict, list[Cell]]],
) -> bool:
    mine = _places(cells)
    return any(
        len(other) > len(moves) and other[: len(moves)] == moves and mine <= _places(theirs)
        for other, (_, theirs) in found.items()
    )


def _places(cells: list[Cell]) -> set[tuple[str, str]]:
    return {(cell.malware.name, cell.form.name) for cell in cells}


def _breaks(verdict: Verdict) -> tuple[Goal | None, ...]:
    if not isinstance(verdict.certificate, Attack):
        return ()
    gives = (step.gives for step in verdict.certificate.steps)
    return tuple(_BREAKS.get(each) if isinstance(each, Gain) else None for each in gives)


def _gist(story: Story) -> Text:
    deciding = [each for each in story.steps if not each.move.startswith(_FOLLOWS)]
    return (deciding or story.steps)[-1].says


def _set(defences: frozenset[Defence]) -> DefenceSet:
    return DefenceSet(
        defences=tuple(each for each in DEFENCES if each in defences), cost=cost_of(defences)
    )


def _drawn(verdict: Verdict, language: str, name: str) -> Markup:
    # The drawing comes from our own tables, and escapes what it writes.
    return Markup(draw(verdict, language, name=name))  # noqa: S704


def _slug(form: str) -> str:
    return form.lower().replace("(", "-").replace(")", "")
