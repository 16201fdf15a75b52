from itertools import compress, islice, product
from random import Random

import pytest

from tests.lab.threat.at_random import ALL_FORMS
from warifu.base.errors import VerifierFault
from warifu.lab.threat import sessions
from warifu.lab.threat.searching import Search
from warifu.lab.threat.sessions import (
    AGREES,
    MAX_STEPS,
    ORDERED_GOALS,
    find_trace,
    ordered,
    violated,
    within_sessions,
)
from warifu.lab.threat.trace import ATTACKS, PRESSES, SHOWS, Act, Content, Event, Trace
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import R_TS_SE, R_TS_TA, RS, Form
from warifu.risk.threat.goals import Gain, Goal
from warifu.risk.threat.moves import MOVES
from warifu.risk.threat.powers import Power
from warifu.risk.threat.question import Basis, Question
from warifu.risk.threat.referee import TAKEN_FOR_GRANTED

ALL_BOUND = TAKEN_FOR_GRANTED | {Defence.POLICY_2, Defence.TRUSTED_UI, Defence.ENCRYPTED_LINK}
AXES = (
    *(Defence.TEXT_BOUND, Defence.NONCE_BOUND, Defence.ANSWER_BOUND),
    Defence.PROTECTED_CHANNEL,
)
BETWEEN = frozenset({Power.RW_REE_MEM, Power.RW_CHANNEL, Power.RELAY})


def question(
    goal: Goal, *powers: Power, without: Defence | None = None, form: Form = R_TS_SE
) -> Question:
    return Question(form=form, defences=ALL_BOUND - {without}, powers=frozenset(powers), goal=goal)


def acts(trace: Trace | None) -> list[Act]:
    assert trace is not None
    return [each.act for each in trace.events]


def test_text_not_bound_is_swapped_after_approval() -> None:
    trace = find_trace(question(Goal.TRANSACTION, Power.RW_REE_MEM, without=Defence.TEXT_BOUND))
    assert acts(trace) == [
        *(Act.ASK, Act.ASKED_ALTERED, Act.SHOW, Act.OK),
        *(Act.SWAPPED, Act.SEND, Act.ACCEPT),
    ]
    assert trace is not None
    assert trace.events[3].content is Content.WANTED
    assert trace.events[-1].content is Content.EVIL


def test_answer_not_bound_is_turned_from_ng_into_ok() -> None:
    trace = find_trace(question(Goal.TRANSACTION, Power.RW_CHANNEL, without=Defence.ANSWER_BOUND))
    assert acts(trace) == [Act.ASK, Act.SHOW, Act.NG, Act.SEND, Act.TURNED, Act.ACCEPT]


@pytest.mark.parametrize("power", [Power.RW_CHANNEL, Power.RELAY])
def test_nonce_not_bound_lets_one_approval_be_accepted_twice(power: Power) -> None:
    trace = find_trace(question(Goal.ONCE, power, without=Defence.NONCE_BOUND))
    happened = acts(trace)
    assert happened.count(Act.OK) == 1
    assert {Act.ACCEPT, Act.SENT_ELSEWHERE} <= set(happened)


def test_nothing_signed_lets_the_channel_turn_the_answer() -> None:
    trace = find_trace(question(Goal.TRANSACTION, Power.RW_CHANNEL, without=Defence.POLICY_2))
    assert trace is not None


def test_screen_that_is_not_trusted_shows_another_text() -> None:
    trace = find_trace(question(Goal.TRANSACTION, Power.RW_DISPLAY, form=RS))
    assert acts(trace) == [Act.ASK, Act.SHOWN_FALSELY, Act.OK, Act.SEND, Act.ACCEPT]


@pytest.mark.parametrize("goal", ORDERED_GOALS)
@pytest.mark.parametrize("form", [R_TS_SE, R_TS_TA])
def test_with_all_bound_no_order_breaks_it(form: Form, goal: Goal) -> None:
    assert find_trace(question(goal, *BETWEEN, form=form)) is None


@pytest.mark.parametrize("goal", set(Goal) - set(ORDERED_GOALS))
def test_other_goals_have_no_order(goal: Goal) -> None:
    asked = question(goal, *BETWEEN)
    assert find_trace(asked) is None
    assert Basis.SESSIONS not in within_sessions(asked).rests_on


@pytest.mark.parametrize("goal", ORDERED_GOALS)
def test_what_the_closure_calls_safe_has_no_trace_whatever_is_built_in(goal: Goal) -> None:
    """For each form, all sets of defences and powers at once: the solver may choose them."""
    search = ordered()
    for form in ALL_FORMS:
        assert not list(islice(search.program.models(contradiction(search, form, goal), []), 1)), (
            form.name
        )


@pytest.mark.parametrize(
    "code",
    [
        *("approval/text-swapped", "server/answer-turned"),
        *("server/sent-again-from-phone", "server/sent-again-from-relay"),
    ],
)
def test_move_left_out_of_the_table_is_found_out_by_a_trace(code: str) -> None:
    search = ordered(tuple(each for each in MOVES if each.code != code))
    goal = Goal.ONCE if code.startswith("server/sent-again") else Goal.TRANSACTION
    found = [
        model
        for form in ALL_FORMS
        for model in islice(search.program.models(contradiction(search, form, goal), []), 1)
    ]
    assert found


def test_all_combinations_on_the_axes_of_order_agree_with_the_closure() -> None:
    for form in ALL_FORMS:
        for asked in on_the_axes(form):
            within_sessions(asked)


def test_longest_trace_leaves_half_of_the_bound() -> None:
    traces = [find_trace(asked) for asked in on_the_axes(R_TS_SE)]
    assert max(len(each.events) for each in traces if each is not None) == MAX_STEPS // 2


def test_same_question_gets_the_same_trace_whatever_was_asked_before() -> None:
    asked = [each for form in (R_TS_SE, RS) for each in on_the_axes(form)]
    first = [find_trace(each) for each in asked]
    backwards = [find_trace(each) for each in reversed(asked)]
    ordered.cache_clear()
    mixed = Random(5).sample(range(len(asked)), len(asked))
    afresh = {place: find_trace(asked[place]) for place in mixed}
    assert backwards[::-1] == first
    assert [afresh[place] for place in range(len(asked))] == first


def test_safe_and_attack_that_the_search_confirms_rest_on_sessions() -> None:
    safe = within_sessions(question(Goal.TRANSACTION, *BETWEEN))
    attack = within_sessions(
        question(Goal.TRANSACTION, Power.RW_REE_MEM, without=Defence.TEXT_BOUND)
    )
    assert (safe.holds, safe.rests_on) == (True, (Basis.CLOSURE, Basis.SESSIONS))
    assert (attack.holds, attack.rests_on) == (False, (Basis.CLOSURE, Basis.SESSIONS))


def test_attack_that_is_no_matter_of_order_rests_on_the_closure_alone() -> None:
    judged = within_sessions(question(Goal.TRANSACTION, Power.RO_SE_MEM, Power.PROVIDER))
    assert (judged.holds, judged.rests_on) == (False, (Basis.CLOSURE,))


def test_cell_of_the_referee_rests_on_all_three() -> None:
    asked = question(Goal.TRANSACTION)
    assert within_sessions(asked).rests_on == tuple(Basis)


def test_trace_against_a_verdict_of_safe_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = question(Goal.TRANSACTION)
    event = Event(act=Act.ACCEPT, session=1, content=Content.EVIL, into=1)
    monkeypatch.setattr(
        sessions, "find_trace", lambda each: Trace(question=each, goal=each.goal, events=(event,))
    )
    with pytest.raises(VerifierFault) as refused:
        within_sessions(asked)
    assert refused.value.rule is AGREES


def test_every_false_approval_of_the_table_has_an_event() -> None:
    given = {each.code for each in MOVES if each.gives is Gain.FALSE_APPROVAL}
    assert given == SHOWS | PRESSES | {"approval/text-swapped"}


@pytest.mark.parametrize("act", Act)
def test_every_event_is_told_in_both_languages(act: Act) -> None:
    told = Event(act=act, session=1, content=Content.WANTED, into=2)
    assert told.says.ja.startswith("取引1：")
    assert told.says.en.startswith("Session 1: ")
    assert "{" not in told.says.ja + told.says.en
    assert told.sender is not told.receiver
    assert told.by_attacker is (act in ATTACKS)


def on_the_axes(form: Form) -> list[Question]:
    return [
        Question(
            form=form,
            defences=(ALL_BOUND - set(AXES)) | frozenset(compress(AXES, built)),
            powers=BETWEEN,
            goal=goal,
        )
        for goal in ORDERED_GOALS
        for built in product((False, True), repeat=len(AXES))
    ]


def contradiction(search: Search, form: Form, goal: Goal) -> list[int]:
    """What to assume for: the closure says that a goal holds, and a trace breaks it."""
    return [*search.form(form), violated(search, goal, MAX_STEPS), -search.broken[goal]]
