"""What searches for attacks and for defences have in common: one case, everything open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.lab.threat.program import Program, atom, choices, facts, goal_literal, move_rules
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import Trait
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.powers import Power

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from warifu.risk.threat.forms import Form

_CASE = "one"
# With this heuristic and this enumeration, each answer is a subset-minimal one: the chosen atoms
# are decided first and to false, so what is true in an answer is forced by what is not in it.
_SUBSET_MINIMAL = ("--heuristic=Domain", "--enum-mode=domRec")

TRAITS = {each: atom("trait", _CASE, each) for each in Trait}
BUILT = {each: atom("built", each) for each in Defence}
CHOSEN = {each: atom("chosen", each) for each in Power}


class Search:
    """All forms, defences and powers, grounded once; a question fixes all but one kind of them."""

    def __init__(self, minimal: Iterable[str], further: str = "") -> None:
        """Ground.

        Args:
            minimal: The atoms of which answers have as few as can be.
            further: More of the program.
        """
        atoms = tuple(minimal)
        self.program = Program(
            facts([atom("case", _CASE)]),
            choices([*TRAITS.values(), *BUILT.values(), *CHOSEN.values()]),
            *(f"{atom('has', _CASE, each)} :- {text}.\n" for each, text in CHOSEN.items()),
            move_rules(),
            *(f"#heuristic {each}. [1,false]\n" for each in atoms),
            further,
            options=_SUBSET_MINIMAL,
        )
        self.broken = {each: goal_literal(self.program, _CASE, each) for each in Goal}
        self._shown = [self.program.literal(each) for each in atoms]

    def form(self, form: Form) -> list[int]:
        """What to assume for a form."""
        return self.program.exactly((TRAITS[each] for each in form.traits()), TRAITS.values())

    def answers(self, assumed: list[int]) -> Iterator[list[bool]]:
        """Every minimal answer, as the truth of the atoms that were named first."""
        return self.program.models(assumed, self._shown)
