"""The threat model as an answer-set program, made from the same rows as the closure.

One source of rows, two engines: rules are written from `MOVES`, and clingo's grounder and solver
take the place of the closure. Every predicate of an attacker has a *case* first, so that one solve
can judge several attackers or forms under the same defences.

==================  ============================================================================
``case(C)``         there is this case
``trait(C, T)``     the form of the case has the trait
``built(D)``        the defence is built in, for all cases
``has(C, A)``       the attacker of the case has the power or gain
==================  ============================================================================
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import clingo

from warifu.risk.threat.goals import GOALS
from warifu.risk.threat.moves import MOVES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from warifu.risk.threat.goals import Goal
    from warifu.risk.threat.moves import Move


def atom(name: str, *arguments: str) -> str:
    """An atom in clingo's syntax, its arguments as strings: ``has("one","rw:touch")``."""
    quoted = ",".join(f'"{each}"' for each in arguments)
    return f"{name}({quoted})" if arguments else name


def choices(atoms: Iterable[str]) -> str:
    """The solver may take each of these atoms or leave it."""
    return "".join(f"{{{each}}}.\n" for each in atoms)


def facts(atoms: Iterable[str]) -> str:
    """These atoms are true."""
    return "".join(f"{each}.\n" for each in atoms)


@cache
def move_rules(moves: tuple[Move, ...] = MOVES) -> str:
    """One rule for each move; what they ask for may be missing in the rest of the program."""
    return "#defined has/2.\n#defined trait/2.\n#defined built/1.\n" + "".join(map(_rule, moves))


def open_rules(head: str, moves: Iterable[Move]) -> str:
    """`head` is true where any of these moves can be made by the attacker of a case `C`."""
    return "".join(f"{head} :- {_body(each)}.\n" for each in moves)


def _rule(move: Move) -> str:
    return f'has(C,"{move.gives}") :- {_body(move)}.\n'


def _body(move: Move) -> str:
    conditions = (
        "case(C)",
        *(f'has(C,"{each}")' for each in sorted(move.given)),
        *(f'trait(C,"{each}")' for each in sorted(move.where)),
        *(f'built("{each}")' for each in sorted(move.needs)),
        *(f'not built("{each}")' for each in sorted(move.unless)),
    )
    return ", ".join(conditions)


class Program:
    """A grounded program that may be asked many questions."""

    def __init__(self, *parts: str, options: Sequence[str] = ()) -> None:
        """Ground.

        Args:
            parts: Text of the program.
            options: As on clingo's command line.
        """
        self._control = clingo.Control(["0", *options])
        self._control.add("".join(parts))
        self._control.ground()
        self._literals: dict[str, int] = {}

    def literal(self, wanted: str) -> int:
        """The solver's number of an atom; 0 if nothing can make it true.

        Args:
            wanted: As `atom` writes it.
        """
        known = self._literals.get(wanted)
        if known is None:
            found = self._control.symbolic_atoms[clingo.parse_term(wanted)]
            known = self._literals[wanted] = 0 if found is None else found.literal
        return known

    def atoms(self, name: str) -> dict[clingo.Symbol, int]:
        """All atoms of a name that may be true, with their literals."""
        every = self._control.symbolic_atoms
        return {each.symbol: each.literal for each in every if each.symbol.name == name}

    def exactly(self, taken: Iterable[str], among: Iterable[str]) -> list[int]:
        """What to assume so that of `among` these are true, and no others.

        Args:
            taken: Atoms.
            among: All atoms of their kind.
        """
        true = frozenset(taken)
        return [self.literal(each) * (1 if each in true else -1) for each in among]

    def models(self, assumed: Sequence[int], shown: Sequence[int]) -> Iterator[list[bool]]:
        """Every answer in turn, as the truth of `shown`.

        Args:
            assumed: Literals that must be true, negative for false.
            shown: Literals; 0 is never true.
        """
        if 0 in assumed:
            return
        with self._control.solve(assumptions=assumed, yield_=True) as found:
            for model in found:
                yield [bool(each) and model.is_true(each) for each in shown]


def goal_literal(program: Program, case: str, goal: Goal) -> int:
    """The literal that says a goal is broken in a case; 0 if it cannot be."""
    return program.literal(atom("has", case, GOALS[goal].broken_by))
