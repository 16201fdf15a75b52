"""The question that a verdict answers, and what a verdict rests on."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import Form
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.moves import Atom
from warifu.risk.threat.powers import Power


class Question(Struct, frozen=True, kw_only=True):
    """Does `goal` hold for a terminal of `form` with `defences` against whoever has `powers`?"""

    form: Form
    defences: frozenset[Defence]
    powers: frozenset[Power]
    goal: Goal


class Basis(StrEnum):
    """What a verdict rests on. Each says less than it seems; see docs/threat-model.md."""

    CLOSURE = "closure"
    """The closure of the moves: no order, no freshness. Safe means safe in the table of moves."""
    SESSIONS = "sessions"
    """A search through all orders of at most two sessions."""
    REFEREE = "referee"
    """The cell is one of the 640 that ProVerif judged, for any number of sessions."""


class Step(Struct, frozen=True, kw_only=True):
    """One move of an attack."""

    move: str
    """Its code in the table of moves."""
    gives: Atom


class Attack(Struct, frozen=True, kw_only=True, tag="attack"):
    """The goal is broken; here is how."""

    steps: tuple[Step, ...]
    """In order; each move has what it needs from the powers and the steps before it."""


class Safe(Struct, frozen=True, kw_only=True, tag="safe"):
    """The goal holds; here is all that the attacker can ever have."""

    closed: frozenset[Atom]
    """Holds the powers, is left by no move, and has not what breaks the goal."""


Certificate = Attack | Safe


class Verdict(Struct, frozen=True, kw_only=True):
    """The answer, with what proves it."""

    question: Question
    certificate: Certificate
    rests_on: tuple[Basis, ...]

    @property
    def holds(self) -> bool:
        """Whether the goal holds; `certificate` says why."""
        return isinstance(self.certificate, Safe)
