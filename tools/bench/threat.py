"""``python -m tools.bench.threat``: the threat model's engines, against what is wanted of them.

Every question of a series is asked several times and its fastest time stands for it: noise only
ever adds. A series is judged by the median of its questions, or where *each* is wanted by the
slowest. Exit status 1: a wanted figure is missed.
"""

from __future__ import annotations

import argparse
import gc
import sys
from functools import partial
from importlib.metadata import version
from itertools import product
from time import perf_counter
from typing import TYPE_CHECKING

from tools.bench import machine
from tools.bench.threat_page import PAGE, Row, page, plain
from warifu.lab.threat.attacks import minimal_attacks
from warifu.lab.threat.defence_sets import minimal_defences
from warifu.lab.threat.sessions import ORDERED_GOALS, find_trace
from warifu.lab.threat.table import referee_table
from warifu.risk.threat.assurance import assurance
from warifu.risk.threat.checking import check_certificate
from warifu.risk.threat.closure import broken_goals
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.deployment import Deployment
from warifu.risk.threat.forms import FORMS, Judge
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.malware import MALWARE
from warifu.risk.threat.powers import Power
from warifu.risk.threat.question import Question
from warifu.risk.threat.referee import QUERIES, TAKEN_FOR_GRANTED, cells, question_of
from warifu.risk.threat.verdict import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

REPEATS = 7
REPEATS_ALONE = 40
"""Of a series that is one question."""
CACHED_CALLS = 20_000

_FORMS = tuple(form.judged_by(judge) for form in FORMS.values() for judge in Judge)
_BUILT = {
    "none": frozenset[Defence](),
    "the paper's": TAKEN_FOR_GRANTED | {Defence.POLICY_1, Defence.POLICY_2, Defence.ENCRYPTED_LINK},
    "with Trusted UI": TAKEN_FOR_GRANTED
    | {Defence.POLICY_1, Defence.POLICY_2, Defence.ENCRYPTED_LINK, Defence.TRUSTED_UI},
    "all": frozenset(Defence),
}
_VICIOUS = MALWARE["vicious"].powers


def main() -> int:
    """Measure, print, and say by the exit status whether all that is wanted was met."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.threat", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    options = parser.parse_args()
    before = machine.describe() | {"clingo": version("clingo")}
    rows = []
    for row in _rows():
        print(plain(row), flush=True)
        rows.append(row)
    if options.write:
        PAGE.write_text(page(before, rows), "utf-8")
        print(f"written: docs/{PAGE.name}")
    missed = [row.name for row in rows if row.is_missed]
    print(f"wanted figures missed by: {', '.join(missed) or 'none'}")
    return int(bool(missed))


def _rows() -> Iterator[Row]:
    questions = _questions()
    yield from _of_searches(questions)
    yield from _of_verdicts(questions)


def _of_searches(questions: list[Question]) -> Iterator[Row]:
    yield Row(
        name="referee's axes by clingo",
        asks="640 cells × 3 goals, one solve; text, parsing and grounding are in it",
        wanted=20e-3,
        seconds=_each([referee_table]),
    )
    yield Row(
        name="referee's axes by the closure",
        asks="the same 640 cells, nothing remembered",
        seconds=_each([_closure_table]),
    )
    yield Row(
        name="minimal attacks",
        asks=f"a form × judge × goal × set of defences, over {len(Power)} powers",
        wanted=2e-3,
        seconds=_each(
            partial(minimal_attacks, form, defences=defences, goal=goal)
            for form, goal, defences in product(_FORMS, Goal, _BUILT.values())
        ),
    )
    yield Row(
        name="minimal defence sets of all forms",
        asks=f"{len(_FORMS)} forms and judges × each goal and all at once, vicious malware",
        wanted=0.5,
        seconds=_each([_all_defence_sets]),
    )
    yield Row(
        name="traces of two sessions",
        asks="a form × judge × goal × set of defences, vicious malware: the shortest, or none",
        seconds=_each(
            partial(find_trace, each)
            for each in questions
            if each.goal in ORDERED_GOALS and each.powers == _VICIOUS
        ),
    )


def _of_verdicts(questions: list[Question]) -> Iterator[Row]:
    yield Row(
        name="verdict in a decision, remembered",
        asks="all goals of a device; its powers are a new set in each call",
        wanted=1e-6,
        seconds=_remembered(),
    )
    yield Row(
        name="verdict with its certificate, not remembered",
        asks="a form × judge × goal × set of defences × malware",
        wanted=1e-3,
        seconds=_each(partial(answer, each) for each in questions),
    )
    yield Row(
        name="check of a certificate",
        asks="of each of these verdicts, by the independent checker",
        wanted=1e-3,
        is_each=True,
        seconds=_each(
            partial(check_certificate, each, answer(each).certificate) for each in questions
        ),
    )


def _questions() -> list[Question]:
    return [
        Question(form=form, defences=defences, powers=malware.powers, goal=goal)
        for form, goal, defences, malware in product(
            _FORMS, Goal, _BUILT.values(), MALWARE.values()
        )
    ]


def _closure_table() -> None:
    broken_goals.cache_clear()
    for cell in cells():
        question = question_of(cell, next(iter(QUERIES.values())))
        broken_goals(question.form.traits(), question.defences, question.powers)


def _all_defence_sets() -> None:
    for form in _FORMS:
        for goals in (*((goal,) for goal in Goal), tuple(Goal)):
            minimal_defences(form, powers=_VICIOUS, goals=goals)


def _each(works: Iterable[Callable[[], object]]) -> list[float]:
    """The fastest time of each, in seconds; what is grounded once is grounded before."""
    fastest, asked = [], list(works)
    repeats = REPEATS if len(asked) > 1 else REPEATS_ALONE
    gc.collect()
    gc.disable()
    try:
        for work in asked:
            work()
            fastest.append(min(_timed(work) for _ in range(repeats)))
    finally:
        gc.enable()
    return fastest


def _timed(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _remembered() -> list[float]:
    """Each of a few devices, in batches: one call is shorter than the clock can tell."""
    found = []
    for form, judge, malware in product(FORMS, Judge, ("none", "vicious", "tee-validation")):
        deployment = Deployment(form=form, judge=judge, defences=_BUILT["the paper's"])
        sets = [frozenset(sorted(MALWARE[malware].powers)) for _ in range(CACHED_CALLS)]
        assurance(deployment, sets[0])
        found.append(min(_batch(deployment, sets) for _ in range(REPEATS)))
    return found


def _batch(deployment: Deployment, sets: list[frozenset[Power]]) -> float:
    start = perf_counter()
    for powers in sets:
        assurance(deployment, powers)
    return (perf_counter() - start) / len(sets)


if __name__ == "__main__":
    sys.exit(main())
