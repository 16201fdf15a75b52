"""Traces are played by a machine that knows no solver; it also searches, without a bound."""

from collections.abc import Iterator
from itertools import product
from random import Random

import pytest
from msgspec.structs import replace

from tests.lab.threat.at_random import some_form
from warifu.base.errors import VerifierFault
from warifu.lab.threat.replaying import (
    BROKEN,
    POSSIBLE,
    START,
    Sessions,
    after,
    check_trace,
    is_broken,
    means_of,
)
from warifu.lab.threat.sessions import ORDERED_GOALS, find_trace
from warifu.lab.threat.trace import Act, Content, Event, Trace
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import R_TS_SE
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.powers import Power
from warifu.risk.threat.question import Question
from warifu.risk.threat.referee import TAKEN_FOR_GRANTED

ALL_BOUND = TAKEN_FOR_GRANTED | {Defence.POLICY_2, Defence.TRUSTED_UI, Defence.ENCRYPTED_LINK}
SWITCHES = (
    *(Defence.TEXT_BOUND, Defence.ANSWER_BOUND, Defence.NONCE_BOUND, Defence.POLICY_2),
    *(Defence.PROTECTED_CHANNEL, Defence.TRUSTED_UI, Defence.OVERLAY_REFUSED),
)
MEANS = (
    *(Power.RW_REE_MEM, Power.RW_CHANNEL, Power.RELAY, Power.RW_DISPLAY),
    *(Power.RW_TOUCH, Power.OVERLAY, Power.RW_SE_TEE_LINK),
)
EVENTS = tuple(
    Event(act=act, session=session, content=content, into=into)
    for act, session, content, into in product(Act, (1, 2), Content, (1, 2))
    if act in {Act.SENT_ELSEWHERE, Act.RENUMBERED} or into == session
)


def questions(number: int) -> Iterator[Question]:
    random = Random(5)
    for _ in range(number):
        switched = {each for each in SWITCHES if random.random() < 0.7}
        yield Question(
            form=some_form(random),
            defences=(ALL_BOUND - set(SWITCHES)) | switched,
            powers=frozenset(each for each in MEANS if random.random() < 0.3),
            goal=random.choice(ORDERED_GOALS),
        )


def shortest(question: Question) -> int | None:
    """How many events the shortest attack has, by trying all, however many it takes."""
    means, seen = means_of(question), {START}
    reached: set[Sessions] = {START}
    for length in range(1, 40):
        following = (after(sessions, event, means) for sessions, event in product(reached, EVENTS))
        reached = {each for each in following if each is not None} - seen
        if any(is_broken(question.goal, each) for each in reached):
            return length
        if not reached:
            return None
        seen |= reached
    pytest.fail("the search does not end")


def test_every_trace_that_is_found_can_be_played() -> None:
    found = [trace for each in questions(300) if (trace := find_trace(each)) is not None]
    assert len(found) > 100
    for trace in found:
        check_trace(trace)


def test_search_by_playing_finds_the_same_lengths_and_no_trace_beyond_the_bound() -> None:
    answers = []
    for question in questions(150):
        trace = find_trace(question)
        answers.append(None if trace is None else len(trace.events))
        assert answers[-1] == shortest(question), question
    assert answers.count(None) > 20
    assert len(set(answers)) > 3


@pytest.fixture
def swap() -> Trace:
    found = find_trace(
        Question(
            form=R_TS_SE,
            defences=ALL_BOUND - {Defence.TEXT_BOUND},
            powers=frozenset({Power.RW_REE_MEM}),
            goal=Goal.TRANSACTION,
        )
    )
    assert found is not None
    return found


def refused(trace: Trace) -> VerifierFault:
    with pytest.raises(VerifierFault) as caught:
        check_trace(trace)
    return caught.value


def test_trace_for_an_attacker_without_the_power_is_refused(swap: Trace) -> None:
    weaker = replace(swap.question, powers=frozenset())
    assert refused(replace(swap, question=weaker)).rule is POSSIBLE


def test_trace_against_text_that_is_bound_is_refused(swap: Trace) -> None:
    bound = replace(swap.question, defences=ALL_BOUND)
    assert refused(replace(swap, question=bound)).rule is POSSIBLE


@pytest.mark.parametrize("left_out", range(7))
def test_trace_with_an_event_left_out_is_refused(swap: Trace, left_out: int) -> None:
    events = swap.events[:left_out] + swap.events[left_out + 1 :]
    assert refused(replace(swap, events=events)).rule in {POSSIBLE, BROKEN}


def test_trace_that_goes_on_after_the_goal_is_broken_is_refused(swap: Trace) -> None:
    more = Event(act=Act.ASK, session=2, content=Content.EVIL, into=2)
    assert refused(replace(swap, events=(*swap.events, more))).rule is BROKEN


def test_trace_of_another_goal_is_refused(swap: Trace) -> None:
    assert refused(replace(swap, goal=Goal.ONCE)).rule is BROKEN


def test_event_of_a_third_session_is_refused(swap: Trace) -> None:
    third = Event(act=Act.ASK, session=3, content=Content.EVIL, into=3)
    assert refused(replace(swap, events=(third,))).rule is POSSIBLE


def test_trace_of_nothing_is_refused(swap: Trace) -> None:
    assert refused(replace(swap, events=())).rule is BROKEN
