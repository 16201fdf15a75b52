"""The second stage: does a goal fall by the order of what happens in at most two transactions?

The closure of moves has neither order nor freshness. Here every event has its step: a text may
change between approval and signature, a message may go to another session, an NG may become OK.
The rules are in ``sessions.lp``; whether the attacker owns what is shown or pressed comes from the
table of moves.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from itertools import compress
from typing import TYPE_CHECKING

import msgspec

from warifu.base.errors import VerifierFault
from warifu.base.rule import Rule, Text
from warifu.lab.threat.program import open_rules
from warifu.lab.threat.replaying import check_trace
from warifu.lab.threat.searching import Search
from warifu.lab.threat.trace import PRESSES, SHOWS, Act, Content, Event, Trace
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.moves import MOVES
from warifu.risk.threat.question import Basis
from warifu.risk.threat.verdict import answer

if TYPE_CHECKING:
    import clingo

    from warifu.risk.threat.moves import Move
    from warifu.risk.threat.question import Question, Verdict

SESSIONS = 2
"""Transactions at the same time."""
MAX_STEPS = 14
"""Events of a trace; twice as many as the longest one needs that any order of the tests has."""

PLACES = 50
"""More than there are kinds of honest events, or of attacks, in all sessions."""

ORDERED_GOALS = (Goal.TRANSACTION, Goal.ONCE)
"""The goals that order may break."""

AGREES = Rule(
    code="threat/sessions-agree",
    clause="docs/decisions/0021-threat-model.md",
    requires=Text(
        ja="安全と判定した目標が、二つの取引の順序によって破られてはなりません。",
        en="What the closure calls safe is broken by no order of two sessions.",
    ),
    stops="a move that is missing in the table",
)


def find_trace(question: Question) -> Trace | None:
    """The shortest attack by order, if there is one.

    Args:
        question: Form, defences, powers and goal.

    Returns:
        A trace of at most two sessions whose last event breaks the goal; `check_trace` plays it.
        Of several shortest ones always the same: the first in an order of events.
        None: there is no such trace of up to `MAX_STEPS` events, or no order breaks this goal.
    """
    if question.goal not in ORDERED_GOALS:
        return None
    search = ordered()
    assumed = [
        *search.form(question.form),
        *search.defences(question.defences),
        *search.powers(question.powers),
    ]
    literals = [violated(search, question.goal, steps) for steps in range(MAX_STEPS + 1)]
    if _solve(search, [*assumed, literals[MAX_STEPS]]) is None:
        return None
    found = (
        (steps, events)
        for steps, literal in enumerate(literals)
        if literal and (events := _solve(search, [*assumed, literal])) is not None
    )
    steps, events = next(found)
    return Trace(question=question, goal=question.goal, events=events[:steps])


def within_sessions(question: Question) -> Verdict:
    """As `answer`, resting also on the search through sessions where that says the same.

    Raises:
        VerifierFault: ``threat/sessions-agree``: the closure says that the goal holds, and here is
            a trace that breaks it. The table of moves lacks a row.
    """
    judged = answer(question)
    trace = find_trace(question)
    if trace is not None and judged.holds:
        raise VerifierFault(AGREES, "; ".join(each.says.en for each in trace.events))
    if trace is not None:
        check_trace(trace)
    if question.goal not in ORDERED_GOALS or judged.holds is not (trace is None):
        return judged
    rests_on = tuple(each for each in Basis if each in {*judged.rests_on, Basis.SESSIONS})
    return msgspec.structs.replace(judged, rests_on=rests_on)


@cache
def ordered(moves: tuple[Move, ...] = MOVES) -> Search:
    """All orders of events for all questions, grounded once.

    Args:
        moves: The table of moves.
    """
    return Search(
        f"#const sessions={SESSIONS}.\n#const steps={MAX_STEPS}.\n#const places={PLACES}.\n"
        + open_rules("means(show)", (each for each in moves if each.code in SHOWS))
        + open_rules("means(press)", (each for each in moves if each.code in PRESSES))
        + files(__package__).joinpath("sessions.lp").read_text("utf-8"),
        moves=moves,
    )


def violated(search: Search, goal: Goal, steps: int) -> int:
    """The literal that says a goal is broken after so many steps; 0 if it cannot be."""
    return search.program.literal(f'violated("{goal}",{steps + 1})')


def _solve(search: Search, assumed: list[int]) -> tuple[Event, ...] | None:
    told = _told(search)
    for model in search.program.models(assumed, list(told.values())):
        happened = sorted(compress(told, model), key=lambda each: each.arguments[4].number)
        return tuple(map(_event, happened))
    return None


@cache
def _told(search: Search) -> dict[clingo.Symbol, int]:
    return search.program.atoms("tells")


def _event(told: clingo.Symbol) -> Event:
    act, session, content, into, _ = told.arguments
    return Event(
        act=Act(act.string),
        session=session.number,
        content=Content(content.name),
        into=into.number,
    )
