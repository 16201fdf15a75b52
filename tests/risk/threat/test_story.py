"""Verdicts as stories: each is complete, in order, and says nothing the certificate does not."""

from itertools import product

import pytest

from warifu.base.rule import Text
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import FORMS, R_TS_TA, RS, RS_T_TA, Judge
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.malware import MALWARE
from warifu.risk.threat.moves import MOVES
from warifu.risk.threat.powers import Power
from warifu.risk.threat.question import Attack, Safe
from warifu.risk.threat.referee import TAKEN_FOR_GRANTED
from warifu.risk.threat.story import (
    Story,
    attacker_of,
    gained_text,
    powers_used,
    strongest,
    tell,
)
from warifu.risk.threat.verdict import verdict

VICIOUS = MALWARE["vicious"].powers
FAKE = MALWARE["fake-app"].powers
BY_CODE = {each.code: each for each in MOVES}
PROFILES = (frozenset[Defence](), TAKEN_FOR_GRANTED, frozenset(Defence))
CELLS = tuple(product(FORMS.values(), MALWARE.values(), Goal, PROFILES))


def texts(story: Story) -> tuple[Text, ...]:
    return (
        *(story.opening, story.closing),
        *(each.says for each in story.steps),
        *(each.gained for each in story.steps),
        *(each.says for each in story.barriers),
    )


def test_an_attack_is_told_in_the_order_of_its_certificate() -> None:
    given = verdict(RS, defences=(), powers=VICIOUS, goal=Goal.TRANSACTION)
    assert isinstance(given.certificate, Attack)
    story = tell(given)
    assert [each.move for each in story.steps] == [each.move for each in given.certificate.steps]
    assert [each.number for each in story.steps] == list(range(1, len(story.steps) + 1))
    assert not story.barriers


def test_an_attack_names_form_attacker_and_the_powers_it_uses_and_no_others() -> None:
    story = tell(verdict(RS, defences=(), powers=VICIOUS, goal=Goal.PIN))
    assert "RS" in story.opening.ja
    assert "凶悪型" in story.opening.ja
    assert "読む" in story.opening.ja
    assert "書き換える" not in story.opening.ja
    assert "PINの秘匿" in story.closing.ja
    assert "PIN stays secret" in story.closing.en


def test_an_attack_without_malware_says_that_no_power_is_used() -> None:
    form = RS.judged_by(Judge.TERMINAL)
    story = tell(verdict(form, defences=(), powers=(), goal=Goal.TRANSACTION))
    assert story.steps
    assert "能力を何も使いません" in story.opening.ja
    assert "needs no power" in story.opening.en
    assert "端末判定型" in story.opening.ja


def test_a_goal_that_holds_names_what_stops_the_attacker() -> None:
    defences = TAKEN_FOR_GRANTED | {Defence.POLICY_1}
    story = tell(verdict(RS, defences=defences, powers=FAKE, goal=Goal.PIN))
    assert not story.steps
    assert [(each.move, each.stopped_by) for each in story.barriers] == [
        ("pin/fake-app", (Defence.POLICY_1,))
    ]
    assert story.barriers[0].decides


def test_a_barrier_behind_another_does_not_decide() -> None:
    defences = TAKEN_FOR_GRANTED | {
        *(Defence.POLICY_1, Defence.TRUSTED_UI, Defence.TYPED_ONLY_IN_TRUSTED_UI)
    }
    story = tell(verdict(RS_T_TA, defences=defences, powers=FAKE, goal=Goal.PIN))
    assert {each.move: each.decides for each in story.barriers} == {
        "pin/fake-app": False,
        "screen/no-trusted-ui": False,
    }


def test_barriers_that_decide_come_first() -> None:
    for form, malware, goal, defences in CELLS:
        story = tell(verdict(form, defences=defences, powers=malware.powers, goal=goal))
        decides = [each.decides for each in story.barriers]
        assert decides == sorted(decides, reverse=True)


def test_where_the_goal_falls_without_a_barrier_it_is_said_to_decide_and_only_there() -> None:
    for form, malware, goal, defences in CELLS:
        for each in tell(
            verdict(form, defences=defences, powers=malware.powers, goal=goal)
        ).barriers:
            without = verdict(
                form,
                defences=defences - frozenset(each.stopped_by),
                powers=malware.powers,
                goal=goal,
            )
            assert each.decides is not without.holds


def test_each_barrier_is_a_move_at_the_edge_that_its_defences_stop() -> None:
    for form, malware, goal, defences in CELLS:
        given = verdict(form, defences=defences, powers=malware.powers, goal=goal)
        if isinstance(given.certificate, Safe):
            for each in tell(given).barriers:
                move = BY_CODE[each.move]
                assert move.given <= given.certificate.closed
                assert move.gives not in given.certificate.closed
                assert frozenset(each.stopped_by) == move.unless & defences != frozenset()


def test_where_no_way_leads_to_the_goal_the_story_says_so() -> None:
    story = tell(verdict(R_TS_TA, defences=(), powers=(), goal=Goal.PIN))
    assert not story.barriers
    assert "手順は、この実行形態にはありません" in story.closing.ja
    assert "no moves of this form" in story.closing.en


def test_every_cell_has_a_whole_story_in_both_languages() -> None:
    for form, malware, goal, defences in CELLS:
        given = verdict(form, defences=defences, powers=malware.powers, goal=goal)
        story = tell(given)
        assert bool(story.steps) is not given.holds
        for text in texts(story):
            assert text.ja
            assert text.en
            assert "{" not in text.ja + text.en
        assert story.opening.ja.endswith("。")
        assert story.closing.ja.endswith("。")
        assert story.opening.en.endswith(".")


def test_powers_used_suffice_for_the_attack() -> None:
    for form, malware, goal, defences in CELLS:
        given = verdict(form, defences=defences, powers=malware.powers, goal=goal)
        if isinstance(given.certificate, Attack):
            used = powers_used(given.certificate)
            assert used <= malware.powers
            assert not verdict(form, defences=defences, powers=used, goal=goal).holds


def test_a_power_that_another_includes_is_not_listed() -> None:
    assert strongest([Power.RO_TOUCH, Power.PHISH, Power.RW_TOUCH]) == (
        Power.RW_TOUCH,
        Power.PHISH,
    )


@pytest.mark.parametrize("name", sorted(MALWARE))
def test_an_attacker_is_known_by_its_powers(name: str) -> None:
    title = attacker_of(MALWARE[name].powers)
    assert title is not None
    assert MALWARE[name].powers in [each.powers for each in MALWARE.values() if each.title == title]


def test_powers_of_no_row_are_told_without_a_name() -> None:
    assert attacker_of(frozenset({Power.RW_TOUCH})) is None
    story = tell(verdict(RS, defences=(), powers=[Power.RW_TOUCH], goal=Goal.TRANSACTION))
    assert "攻撃者は「通常OSが受け取る入力を書き換える」能力" in story.opening.ja


def test_a_power_gained_on_the_way_is_told_as_what_the_attacker_may_do() -> None:
    assert gained_text(Power.STEAL_API_TOKEN) == Text(
        ja="攻撃者はAPIトークンを盗むことができます", en="the attacker steals API tokens"
    )
