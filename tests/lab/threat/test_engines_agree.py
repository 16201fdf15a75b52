"""Closure, clingo, checker and referee: four who judge the same table of moves."""

from itertools import product
from random import Random

from tests.lab.threat.at_random import ALL_FORMS, some_defences, some_form, some_powers
from warifu.lab.threat.searching import Search
from warifu.lab.threat.table import referee_table
from warifu.risk.threat.checking import check_certificate
from warifu.risk.threat.closure import broken_goals
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.malware import MALWARE
from warifu.risk.threat.referee import QUERIES, cells, question_of
from warifu.risk.threat.verdict import answer, verdict

QUESTIONS = 2_500


def test_clingo_and_closure_agree_on_every_cell_of_the_referee() -> None:
    table = referee_table()
    assert tuple(table) == cells()
    for cell, goal in product(cells(), QUERIES.values()):
        found = answer(question_of(cell, goal))
        assert found.holds is (goal not in table[cell]), (cell, goal)


def test_clingo_has_the_published_totals() -> None:
    broken = [goals - {Goal.ONCE} for goals in referee_table().values()]
    kinds = ((), (Goal.PIN,), (Goal.TRANSACTION,), (Goal.PIN, Goal.TRANSACTION))
    assert [broken.count(frozenset(kind)) for kind in kinds] == [244, 104, 92, 200]


def test_clingo_and_closure_agree_on_questions_at_random() -> None:
    random, search, seen = Random(20_261_122), Search(), set()
    goals, literals = tuple(search.broken), tuple(search.broken.values())
    for _ in range(QUESTIONS):
        form, defences, powers = some_form(random), some_defences(random), some_powers(random)
        assumed = [*search.form(form), *search.defences(defences), *search.powers(powers)]
        (model,) = search.program.models(assumed, literals)
        by_clingo = frozenset(goal for goal, true in zip(goals, model, strict=True) if true)
        assert by_clingo == broken_goals(form.traits(), defences, powers), (form.name, defences)
        seen.add(by_clingo)
    assert len(seen) > len(goals), "the questions were too much alike"


def test_every_certificate_of_questions_at_random_is_good() -> None:
    random = Random(1)
    for _ in range(500):
        form, defences, powers = some_form(random), some_defences(random), some_powers(random)
        for goal in Goal:
            found = verdict(form, defences=defences, powers=powers, goal=goal)
            check_certificate(found.question, found.certificate)


def test_every_certificate_of_all_malware_is_good() -> None:
    built = (frozenset[Defence](), frozenset(Defence))
    for form, malware, defences, goal in product(ALL_FORMS, MALWARE.values(), built, Goal):
        found = verdict(form, defences=defences, powers=malware.powers, goal=goal)
        check_certificate(found.question, found.certificate)
