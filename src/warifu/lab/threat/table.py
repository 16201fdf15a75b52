"""The referee's 640 cells by clingo, in one solve: a second opinion on the closure's."""

from __future__ import annotations

from itertools import compress, product

from warifu.lab.threat.program import Program, atom, choices, facts, goal_literal, move_rules
from warifu.risk.threat.forms import Judge
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.referee import (
    ATTACKERS,
    AXES,
    FORMS,
    QUERIES,
    TAKEN_FOR_GRANTED,
    Cell,
    cells,
)

_CASES = {f"{judge} {attacker}": (judge, attacker) for judge, attacker in product(Judge, ATTACKERS)}
"""Judged under the same defences by one and the same answer of the solver."""
_BUILT = {axis: atom("built", defence) for axis, defence in AXES.items()}
_FORMS = {name: atom("form", name) for name in FORMS}


def referee_table() -> dict[Cell, frozenset[Goal]]:
    """The broken goals of every cell, among those that the referee judged.

    The solver chooses form and defences, and judges every attacker and judge in each choice: 80
    answers for 640 cells. Grounding is part of it; nothing is remembered.
    """
    program = Program(_text())
    broken = [
        (case, goal, goal_literal(program, case, goal))
        for case, goal in product(_CASES, QUERIES.values())
    ]
    chosen = [program.literal(each) for each in (*_FORMS.values(), *_BUILT.values())]
    found: dict[tuple[str, ...], frozenset[Goal]] = {}
    for model in program.models([], [*chosen, *(literal for _, _, literal in broken)]):
        by_case: dict[str, set[Goal]] = {case: set() for case in _CASES}
        for (case, goal, _), is_broken in zip(broken, model[len(chosen) :], strict=True):
            if is_broken:
                by_case[case].add(goal)
        choice = _choice(model[: len(chosen)])
        found |= {(*choice, *_CASES[case]): frozenset(goals) for case, goals in by_case.items()}
    return {each: found[_key(each)] for each in cells()}


def _text() -> str:
    """Shapes as in `referee.cells`: no Trusted UI without a TEE, a clear link where it carries."""
    has_no_tee = (name for name, form in FORMS.items() if not form.can_have_trusted_ui)
    trusted_ui, link = _BUILT["tui"], _BUILT["se_ta_encrypted"]
    return "".join(
        (
            f"1 {{ {'; '.join(_FORMS.values())} }} 1.\n",
            choices(_BUILT.values()),
            *(f":- {trusted_ui}, {_FORMS[name]}.\n" for name in has_no_tee),
            f":- not {link}, not {_FORMS['rst_se']}.\n",
            f":- not {link}, not {trusted_ui}.\n",
            facts(atom("built", each) for each in TAKEN_FOR_GRANTED),
            *(_case(case, judge, attacker) for case, (judge, attacker) in _CASES.items()),
            "trait(C,T) :- judged(C,J), form(F), row(F,J,T).\n",
            facts(
                atom("row", name, judge, trait)
                for (name, form), judge in product(FORMS.items(), Judge)
                for trait in form.judged_by(judge).traits()
            ),
            move_rules(),
        )
    )


def _case(case: str, judge: Judge, attacker: str) -> str:
    has = (atom("has", case, power) for power in ATTACKERS[attacker])
    return facts([atom("case", case), atom("judged", case, judge), *has])


def _choice(model: list[bool]) -> tuple[str, ...]:
    return tuple(compress([*_FORMS, *_BUILT], model))


def _key(cell: Cell) -> tuple[str, ...]:
    axes = (axis for axis in AXES if getattr(cell, axis))
    return cell.form, *axes, cell.judge, cell.malware
