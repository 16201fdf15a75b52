"""What holds of any question: found by chance, shrunk by Hypothesis."""

from hypothesis import given
from hypothesis import strategies as st

from warifu.risk.threat.checking import check_certificate
from warifu.risk.threat.closure import broken_goals, judge
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import FORMS, Form, Judge
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.moves import MOVES
from warifu.risk.threat.powers import ALTERS, READS, Power
from warifu.risk.threat.question import Attack, Question

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


_GIVEN = {each.code: each.given for each in MOVES}
