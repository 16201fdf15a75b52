"""What holds of any question: found by chance, shrunk by Hypothesis."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from warifu.base.errors import VerifierFault
from warifu.risk.threat.checking import check_certificate
from warifu.risk.threat.closure import broken_goals, judge
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import FORMS, Form, Judge
from warifu.risk.threat.goals import Gain, Goal
from warifu.risk.threat.moves import MOVES, Atom, Move
from warifu.risk.threat.powers import ALTERS, READS, Power
from warifu.risk.threat.question import Attack, Certificate, Question, Safe, Step

OPENING = frozenset().union(*(each.needs for each in MOVES))
"""Defences that open a way too; of them alone more may be worse."""

forms = st.builds(Form.judged_by, st.sampled_from(list(FORMS.values())), st.sampled_from(Judge))
powers = st.frozensets(st.sampled_from(Power), max_size=8)
defences = st.frozensets(st.sampled_from(Defence)) | st.frozensets(
    st.sampled_from(Defence), max_size=4
).map(lambda left_out: frozenset(Defence) - left_out)
questions = st.builds(
    Question, form=forms, defences=defences, powers=powers, goal=st.sampled_from(Goal)
)


@given(questions)
def test_every_certificate_passes_the_checker(question: Question) -> None:
    check_certificate(question, judge(question))


@given(questions, questions)
def test_certificate_of_another_question_is_refused_or_true(
    question: Question, other: Question
) -> None:
    near = msgspec.structs.replace(other, form=question.form, goal=question.goal)
    refused_or_true(question, judge(near))
    refused_or_true(question, judge(other))


@given(questions, st.lists(st.sampled_from(MOVES), max_size=12))
def test_attack_put_together_by_chance_is_refused_or_true(
    question: Question, moves: list[Move]
) -> None:
    made = [Step(move=each.code, gives=each.gives) for each in moves]
    found = judge(question)
    real = found.steps if isinstance(found, Attack) else ()
    refused_or_true(question, Attack(steps=(*made, *real[1:])))


@given(questions, st.frozensets(st.sampled_from([*Power, *Gain]), max_size=5))
def test_closed_set_put_together_by_chance_is_refused_or_true(
    question: Question, atoms: frozenset[Atom]
) -> None:
    found = judge(question)
    closed = found.closed if isinstance(found, Safe) else question.powers
    refused_or_true(question, Safe(closed=closed | atoms))
    refused_or_true(question, Safe(closed=closed - atoms))


@given(questions)
def test_certificates_and_remembered_answers_agree(question: Question) -> None:
    broken = broken_goals(question.form.traits(), question.defences, question.powers)
    assert isinstance(judge(question), Attack) is (question.goal in broken)


@given(forms, defences, powers, powers)
def test_more_powers_never_save_a_goal(
    form: Form, built: frozenset[Defence], some: frozenset[Power], more: frozenset[Power]
) -> None:
    assert broken_goals(form.traits(), built, some) <= broken_goals(
        form.traits(), built, some | more
    )


@given(forms, defences, powers, defences)
def test_more_defences_that_open_nothing_never_break_a_goal(
    form: Form, built: frozenset[Defence], some: frozenset[Power], more: frozenset[Defence]
) -> None:
    assert broken_goals(form.traits(), built | (more - OPENING), some) <= broken_goals(
        form.traits(), built, some
    )


@given(forms, defences, powers)
def test_whoever_alters_may_as_well_read(
    form: Form, built: frozenset[Defence], some: frozenset[Power]
) -> None:
    reading = {READS[each] for each, power in ALTERS.items() if power in some}
    assert broken_goals(form.traits(), built, some) == broken_goals(
        form.traits(), built, some | reading
    )


@given(questions)
def test_an_attack_has_no_step_twice_and_none_to_spare(question: Question) -> None:
    certificate = judge(question)
    if isinstance(certificate, Attack):
        gains = [step.gives for step in certificate.steps]
        assert len(gains) == len(set(gains))
        given_away = {atom for step in certificate.steps for atom in _GIVEN[step.move]}
        assert set(gains[:-1]) <= given_away


def test_trusted_ui_alone_both_stops_and_opens() -> None:
    assert {Defence.TRUSTED_UI} == OPENING


def refused_or_true(question: Question, certificate: Certificate) -> None:
    try:
        check_certificate(question, certificate)
    except VerifierFault:
        return
    assert type(certificate) is type(judge(question))


_GIVEN = {each.code: each.given for each in MOVES}
