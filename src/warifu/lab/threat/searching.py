"""What searches for attacks and for defences have in common: one case, everything open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.lab.threat.program import Program, atom, choices, facts, goal_literal, move_rules
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import Trait
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.moves import MOVES
from warifu.risk.threat.powers import Power

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from warifu.risk.threat.forms import Form
    from warifu.risk.threat.moves import Move

_CASE = "one"
# With this heuristic and this enumeration, each answer is a subset-minimal one: the chosen atoms
# are decided first and to false, so what is true in an answer is forced by what is not in it.
_SUBSET_MINIMAL = ("--heuristic=Domain", "--enum-mode=domRec")
# Decisions as ``#heuristic`` of the program says, and as it likes where that says nothing.
_BY_RANK = ("--heuristic=Domain",)

TRAITS = {each: atom("trait", _CASE, each) for each in Trait}
BUILT = {each: atom("built", each) for each in Defence}
CHOSEN = {each: atom("chosen", each) for each in Power}


class Search:
    """All forms, defences and powers, grounded once; a question fixes all but one kind of them."""

    def __init__(
        self, further: str = "", *, minimal: Iterable[str] = (), moves: tuple[Move, ...] = MOVES
    ) -> None:
        """Ground.

        Args:
            further: More of the program.
            moves: The table of moves.
            minimal: The atoms of which answers have as few as can be, if only those are wanted.
        """
        atoms = tuple(minimal)
        self.program = Program(
            facts([atom("case", _CASE)]),
            choices([*TRAITS.values(), *BUILT.values(), *CHOSEN.values()]),
            *(f"{atom('has', _CASE, each)} :- {text}.\n" for each, text in CHOSEN.items()),
            move_rules(moves),
            *(f"#heuristic {each}. [1,false]\n" for each in atoms),
            further,
            options=_SUBSET_MINIMAL if atoms else _BY_RANK,
        )
        self.broken = {each: goal_literal(self.program, _CASE, each) for each in Goal}
        self._shown = [self.program.literal(each) for each in atoms]

    def form(self, form: Form) -> list[int]:
        """What to assume for a form."""
        return self.program.exactly((TRAITS[each] for each in form.traits()), TRAITS.values())

    def defences(self, defences: Iterable[Defence]) -> list[int]:
        """What to assume so that these are built in, and no others."""
        return self.program.exactly((BUILT[each] for each in defences), BUILT.values())

    def powers(self, powers: Iterable[Power]) -> list[int]:
        """What to assume so that the attacker has these, and no others."""
        return self.program.exactly((CHOSEN[each] for each in powers), CHOSEN.values())

    def answers(self, assumed: list[int]) -> Iterator[list[bool]]:
        """Every minimal answer, as the truth of the atoms of `minimal`."""
        return self.program.models(assumed, self._shown)
