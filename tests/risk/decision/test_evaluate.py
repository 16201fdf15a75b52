"""A condition holds only where its result is True itself."""

from typing import Any

import pytest
from cel_expr_python import cel
from hypothesis import given, settings

from tests.risk.decision.cases import changed, honest, standard, values_of
from tests.risk.decision.strategies import any_facts
from tests.support import misuse
from warifu.risk.decision import evaluate
from warifu.risk.decision.evaluate import EXPRESSION, Condition, ConditionSet, State
from warifu.risk.decision.facts import Facts


def states(conditions: ConditionSet, facts: Facts) -> list[State]:
    missed = {place: finding.state for place, finding in conditions.find(facts)}
    return [missed.get(place, State.HOLDS) for place in range(len(conditions.conditions))]


def test_the_library_answers_a_missing_fact_with_something_truthy() -> None:
    program = cel.NewEnv(variables={"a": cel.Type.BOOL}).compile("a")
    assert program.eval(data={}).plain_value()
    assert program.eval(data={}).plain_value() is not True


def test_condition_over_known_facts_holds_or_fails() -> None:
    condition = Condition("operation.amount <= 100 && device.model != 'x'")
    assert condition.reads == ("operation.amount", "device.model")
    assert condition.find({"operation.amount": 1, "device.model": "y"}).state is State.HOLDS
    assert condition.find({"operation.amount": 101, "device.model": "y"}).state is State.FAILS


def test_missing_fact_is_unknown_even_where_the_rest_would_do() -> None:
    finding = Condition("binding.bound || user.verified").find({"binding.bound": True})
    assert finding.state is State.UNKNOWN
    assert finding.facts == ("user.verified",)


def test_two_missing_facts_are_both_named() -> None:
    assert Condition("binding.bound || user.verified").find({}).facts == (
        "user.verified",
        "binding.bound",
    )


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("operation.amount <= 100", {"operation.amount": True}),
        ("operation.amount <= 100", {"operation.amount": "1"}),
        ("operation.amount <= 100", {"operation.amount": 1.0}),
        ("binding.bound", {"binding.bound": 1}),
        ("binding.bound", {"binding.bound": "true"}),
        ("device.model == 'x'", {"device.model": b"x"}),
        ("device.model != 'x'", {"device.model": "x" * 1025}),
        ("device.status != 'warning'", {"device.status": "splendid"}),
        ("!('x' in threat.powers)", {"threat.powers": ["y"]}),
    ],
)
def test_fact_of_wrong_type_or_value_is_an_error(expression: str, values: Any) -> None:
    assert Condition(expression).find(values).state is State.ERROR


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("100 / operation.amount > 1", {"operation.amount": 0}),
        ("operation.amount * 4 > 1", {"operation.amount": 2**62}),
        ("operation.amount > 1", {"operation.amount": 2**70}),
        ("threat.powers[3] == 'x'", {"threat.powers": ("y",)}),
        ("device.model != 'x'", {"device.model": "\ud800"}),
        ("!('x' in threat.powers)", {"threat.powers": (1,)}),
    ],
)
def test_failing_evaluation_is_an_error(expression: str, values: Any) -> None:
    assert Condition(expression).find(values).state is State.ERROR


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "device.rooted",
        "device",
        "operation.amount",
        "'true'",
        "true",
        "1 == 1",
        "binding.bound == 'x'",
        "has(device.model)",
        "['a'].exists(x, x == device.model)",
        "threat.powers.all(x, x != 'y')",
        "device.model.matches('(a+)+')",
        "timestamp(device.patch_level) > timestamp('2026-01-01T00:00:00Z')",
        "binding.bound // '",
        "device.model == '\\x41'",
        "device.model == '''x'''",
        "device.`model` == 'x'",
        "binding.bound &&\nuser.verified",
        "(" * 17 + "binding.bound" + ")" * 17,
        "binding.bound || device.model == '" + "x" * 500 + "'",
    ],
)
def test_expression_that_is_no_condition_is_refused(expression: str) -> None:
    with misuse(EXPRESSION):
        Condition(expression)


def test_fact_named_inside_a_text_is_not_read() -> None:
    assert Condition("device.model == 'binding.bound'").reads == ("device.model",)


def test_functions_on_texts_may_be_used() -> None:
    condition = Condition("device.model.startsWith('Pixel') && size(threat.powers) == 0")
    assert condition.find({"device.model": "Pixel 9", "threat.powers": ()}).state is State.HOLDS


def test_one_condition_that_fails_to_answer_does_not_answer_for_the_others() -> None:
    texts = ["operation.amount > 1", "100 / operation.amount > 1", "operation.amount < 5"]
    conditions = ConditionSet([Condition(each) for each in texts])
    facts = changed(honest(), operation__amount=0)
    assert states(conditions, facts) == [State.FAILS, State.ERROR, State.HOLDS]


def test_conditions_without_any_known_fact_are_all_unknown() -> None:
    conditions = ConditionSet([Condition("operation.amount > 1"), Condition("binding.bound")])
    facts = changed(honest(), operation__amount=None, binding__bound=None)
    assert states(conditions, facts) == [State.UNKNOWN, State.UNKNOWN]


def test_true_that_was_remembered_does_not_answer_for_one() -> None:
    conditions = ConditionSet([Condition("binding.bound")])
    assert states(conditions, changed(honest(), binding__bound=True)) == [State.HOLDS]
    assert states(conditions, changed(honest(), binding__bound=1)) == [State.ERROR]
    assert states(conditions, changed(honest(), binding__bound=[True])) == [State.ERROR]


def test_conditions_without_texts_only_with_numbers() -> None:
    conditions = ConditionSet([Condition("operation.amount > 1")])
    assert states(conditions, honest()) == [State.HOLDS]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "MAX_REMEMBERED", 4)
    monkeypatch.setattr(evaluate, "MAX_TOGETHER", 1)
    conditions = ConditionSet([Condition("device.model == 'm1'"), Condition("binding.bound")])
    for number in range(20):
        facts = changed(honest(), device__model=f"m{number}")
        assert states(conditions, facts)[0] is (State.HOLDS if number == 1 else State.FAILS)
        hidden = changed(facts, binding__bound=None)
        assert states(conditions, hidden)[1] is State.UNKNOWN
    assert len(conditions._remembered) <= 4


@settings(max_examples=300, deadline=None)
@given(facts=any_facts())
def test_conditions_together_say_what_each_says_alone(facts: Facts) -> None:
    for chosen in standard().operations.values():
        together = states(chosen.conditions, facts)
        alone = [each.find(values_of(each, facts)).state for each in chosen.conditions.conditions]
        assert together == alone
