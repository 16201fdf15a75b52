"""The verdict on a form: one goal, against one attacker, with what proves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.risk.threat.closure import judge
from warifu.risk.threat.question import Basis, Question, Verdict
from warifu.risk.threat.referee import is_refereed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warifu.risk.threat.defences import Defence
    from warifu.risk.threat.forms import Form
    from warifu.risk.threat.goals import Goal
    from warifu.risk.threat.powers import Power


def verdict(
    form: Form, *, defences: Iterable[Defence], powers: Iterable[Power], goal: Goal
) -> Verdict:
    """Judge one goal.

    Args:
        form: The row of `FORMS`, with its judge of the authentication data.
        defences: What is built in.
        powers: What the attacker has before its first move.
        goal: What is asked.

    Returns:
        The verdict with its certificate, which `check_certificate` checks, and what it rests on.
    """
    question = Question(
        form=form, defences=frozenset(defences), powers=frozenset(powers), goal=goal
    )
    return answer(question)


def answer(question: Question) -> Verdict:
    """As `verdict`, for a question that is made already."""
    rests_on = (Basis.CLOSURE, Basis.REFEREE) if is_refereed(question) else (Basis.CLOSURE,)
    return Verdict(question=question, certificate=judge(question), rests_on=rests_on)
