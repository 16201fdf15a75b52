from collections.abc import Iterable
from itertools import chain, combinations, product
from random import Random

import pytest

from tests.lab.threat.at_random import ALL_FORMS, some_defences, some_form
from warifu.lab.threat.attacks import minimal_attacks
from warifu.risk.threat.checking import check_certificate
from warifu.risk.threat.closure import broken_goals
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import R_TS_SE, RS, Form, Judge
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.powers import ALTERS, READS, Interface, Power
from warifu.risk.threat.question import Attack
from warifu.risk.threat.referee import TAKEN_FOR_GRANTED
from warifu.risk.threat.verdict import verdict

GUARDED = TAKEN_FOR_GRANTED | {Defence.POLICY_2, Defence.PROTECTED_CHANNEL, Defence.ENCRYPTED_LINK}
READ_INSTEAD = {ALTERS[each]: frozenset({READS[each]}) for each in Interface}


@pytest.mark.parametrize("defences", [frozenset(), GUARDED, GUARDED | {Defence.TRUSTED_UI}])
@pytest.mark.parametrize("goal", Goal)
def test_each_attack_breaks_the_goal_and_less_of_it_does_not(
    goal: Goal, defences: frozenset[Defence]
) -> None:
    for form in ALL_FORMS:
        for attack in minimal_attacks(form, defences=defences, goal=goal):
            found = verdict(form, defences=defences, powers=attack, goal=goal)
            assert isinstance(found.certificate, Attack)
            check_certificate(found.question, found.certificate)
            for power in attack:
                less = attack - {power} | READ_INSTEAD.get(power, frozenset())
                left = verdict(form, defences=defences, powers=less, goal=goal)
                assert left.holds, (form.name, attack, power)
                check_certificate(left.question, left.certificate)


def test_search_finds_what_trying_every_set_finds() -> None:
    random = Random(7)
    for _ in range(25):
        form, defences, goal = some_form(random), some_defences(random), random.choice(list(Goal))
        among = random.sample(list(Power), 8)
        found = minimal_attacks(form, defences=defences, goal=goal, among=among)
        assert set(found) == by_trying(form, defences, goal, among), (form.name, goal, among)


def by_trying(
    form: Form, defences: frozenset[Defence], goal: Goal, among: list[Power]
) -> set[frozenset[Power]]:
    """By the definition: of all attacks, those of which no other amounts to a part."""
    sets = chain.from_iterable(combinations(among, size) for size in range(len(among) + 1))
    amounts = {
        frozenset(each): frozenset(each) | (implied(each) & set(among))
        for each in sets
        if goal in broken_goals(form.traits(), defences, frozenset(each))
    }
    return {
        each - implied(each)
        for each, amount in amounts.items()
        if not any(other < amount for other in amounts.values())
    }


def implied(powers: Iterable[Power]) -> frozenset[Power]:
    return frozenset().union(*(READ_INSTEAD.get(each, frozenset()) for each in powers))


def test_who_alters_an_interface_is_not_reported_where_reading_is_enough() -> None:
    found = minimal_attacks(RS, defences=(), goal=Goal.PIN)
    assert {Power.RO_TOUCH} in found
    assert {Power.RW_TOUCH} not in found


def test_altering_is_reported_without_the_reading_that_is_part_of_it() -> None:
    found = minimal_attacks(RS, defences=GUARDED, goal=Goal.TRANSACTION)
    assert {Power.RW_REE_MEM} in found
    assert not any(Power.RO_REE_MEM in each and Power.RW_REE_MEM in each for each in found)


def test_altering_is_reported_where_reading_alone_is_no_choice() -> None:
    among = (Power.RW_TOUCH, Power.PHISH)
    assert minimal_attacks(RS, defences=(), goal=Goal.PIN, among=among) == (
        frozenset({Power.RW_TOUCH}),
    )


def test_a_goal_broken_by_nobody_is_one_attack_of_no_powers() -> None:
    form = RS.judged_by(Judge.TERMINAL)
    assert minimal_attacks(form, defences=(), goal=Goal.TRANSACTION) == (frozenset(),)


def test_a_goal_that_nothing_breaks_has_no_attacks() -> None:
    among = (Power.RW_REE_MEM, Power.PHISH, Power.INSTALL, Power.RW_CHANNEL)
    defences = GUARDED | {Defence.TRUSTED_UI}
    assert minimal_attacks(R_TS_SE, defences=defences, goal=Goal.TRANSACTION, among=among) == ()


def test_attacks_come_smallest_first_and_always_in_the_same_order() -> None:
    for form, goal in product(ALL_FORMS, Goal):
        found = minimal_attacks(form, defences=GUARDED, goal=goal)
        assert list(map(len, found)) == sorted(map(len, found))
        assert found == minimal_attacks(form, defences=GUARDED, goal=goal)
