"""What the search through the orders of two sessions finds, for the report."""

from __future__ import annotations

from markupsafe import Markup
from msgspec import Struct

from warifu.lab.threat.profiles import PROFILES
from warifu.lab.threat.sequence_svg import draw
from warifu.lab.threat.sessions import find_trace
from warifu.lab.threat.trace import Trace
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import R_TS_SE
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.malware import MALWARE
from warifu.risk.threat.question import Question

_ASKED: tuple[tuple[Goal, tuple[Defence, ...]], ...] = (
    (Goal.TRANSACTION, (Defence.TEXT_BOUND,)),
    (Goal.TRANSACTION, (Defence.ANSWER_BOUND, Defence.PROTECTED_CHANNEL)),
    (Goal.ONCE, (Defence.NONCE_BOUND,)),
    (Goal.TRANSACTION, ()),
    (Goal.ONCE, ()),
)
"""Goals, and what is left out: the form has Trusted UI, so that nothing but order is at stake."""


class Ordered(Struct, frozen=True, kw_only=True):
    """One search."""

    goal: Goal
    without: tuple[Defence, ...]
    """Left out of the paper's defences."""
    trace: Trace | None
    drawing: Markup


def search_orders(language: str) -> tuple[Ordered, ...]:
    """Leave out what is signed, one thing after the other, and look for an attack by order.

    Args:
        language: Of the drawings.
    """
    return tuple(
        _searched(goal, without, language, name=f"order-{number}")
        for number, (goal, without) in enumerate(_ASKED, start=1)
    )


def _searched(goal: Goal, without: tuple[Defence, ...], language: str, *, name: str) -> Ordered:
    question = Question(
        form=R_TS_SE,
        defences=PROFILES["paper"].defences - set(without),
        powers=MALWARE["vicious"].powers,
        goal=goal,
    )
    trace = find_trace(question)
    # The drawing comes from our own tables, and escapes what it writes.
    drawing = draw(trace, language, name=name) if trace else ""
    return Ordered(goal=goal, without=without, trace=trace, drawing=Markup(drawing))  # noqa: S704
