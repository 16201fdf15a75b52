from itertools import chain, combinations
from random import Random

from tests.lab.threat.at_random import ALL_FORMS, some_form
from warifu.lab.threat.defence_sets import cheapest, minimal_defences
from warifu.risk.threat.closure import broken_goals
from warifu.risk.threat.defences import Defence, cost_of
from warifu.risk.threat.forms import R_TS_SE, RS, RS_T_SE, Form
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.malware import MALWARE
from warifu.risk.threat.powers import Power
from warifu.risk.threat.referee import TAKEN_FOR_GRANTED

VICIOUS = MALWARE["vicious"].powers
WANTED = (Goal.PIN, Goal.TRANSACTION)


def safe_sets(
    form: Form, powers: frozenset[Power], goals: set[Goal], fixed: set[Defence], free: set[Defence]
) -> list[frozenset[Defence]]:
    """By trying every set."""
    further = chain.from_iterable(combinations(free - fixed, size) for size in range(len(free) + 1))
    tried = (frozenset(each) | fixed for each in further)
    return [each for each in tried if not goals & broken_goals(form.traits(), each, powers)]


def test_search_finds_what_trying_every_set_finds() -> None:
    random, found_some = Random(11), 0
    for _ in range(40):
        form, powers = some_form(random), random.choice(list(MALWARE.values())).powers
        goals = set(random.sample(list(Goal), random.choice((1, 2, 3))))
        free = {Defence.TRUSTED_UI, *random.sample(list(Defence), 7)}
        fixed = {each for each in Defence if random.random() < 0.8}
        tried = safe_sets(form, powers, goals, fixed, free)
        minimal = {each for each in tried if not any(other < each for other in tried)}
        found = minimal_defences(
            form, powers=powers, goals=goals, fixed=fixed, excluded=set(Defence) - free - fixed
        )
        assert set(found) == minimal, (form.name, powers, goals, fixed, free)
        found_some += bool(found)
    assert found_some >= 10, "too few questions had an answer"


def test_a_safe_set_may_become_unsafe_by_one_more_defence() -> None:
    # What goes by Trusted UI passes the TEE: whoever reads the TEE's memory has the PIN.
    powers = frozenset({Power.RO_TEE_MEM})
    assert cheapest(RS_T_SE, powers=powers, goals=[Goal.PIN]) == frozenset()
    ways = minimal_defences(RS_T_SE, powers=powers, goals=[Goal.PIN], fixed=[Defence.TRUSTED_UI])
    assert ways == ()


def test_form_without_trusted_ui_never_reaches_pin_and_transaction_against_vicious() -> None:
    assert minimal_defences(RS, powers=VICIOUS, goals=WANTED) == ()


def test_every_answer_for_rs_t_se_encrypts_the_link() -> None:
    found = minimal_defences(RS_T_SE, powers=VICIOUS, goals=WANTED)
    assert found
    assert all({Defence.ENCRYPTED_LINK, Defence.TRUSTED_UI} <= each for each in found)


def test_without_trusted_ui_nothing_keeps_a_pin_from_vicious_malware() -> None:
    for form in ALL_FORMS:
        assert not minimal_defences(
            form, powers=VICIOUS, goals=[Goal.PIN], excluded=[Defence.TRUSTED_UI]
        )


def test_what_is_fixed_is_in_every_answer_and_what_is_excluded_in_none() -> None:
    found = minimal_defences(
        R_TS_SE,
        powers=VICIOUS,
        goals=[Goal.TRANSACTION],
        fixed=TAKEN_FOR_GRANTED,
        excluded=[Defence.POLICY_2],
    )
    assert found
    assert all(each >= TAKEN_FOR_GRANTED and Defence.POLICY_2 not in each for each in found)


def test_defence_both_fixed_and_excluded_has_no_answer() -> None:
    asked = {"fixed": [Defence.POLICY_2], "excluded": [Defence.POLICY_2]}
    assert cheapest(R_TS_SE, powers=VICIOUS, goals=WANTED, **asked) is None


def test_nothing_more_is_needed_where_goals_hold_already() -> None:
    fixed = TAKEN_FOR_GRANTED | {Defence.POLICY_2}
    found = minimal_defences(RS, powers=(), goals=[Goal.TRANSACTION], fixed=fixed)
    assert found == (fixed,)


def test_answers_come_cheapest_first() -> None:
    for form in ALL_FORMS:
        found = minimal_defences(form, powers=VICIOUS, goals=[Goal.TRANSACTION])
        costs = list(map(cost_of, found))
        assert costs == sorted(costs)
        best = cheapest(form, powers=VICIOUS, goals=[Goal.TRANSACTION])
        assert best == (found[0] if found else None)
