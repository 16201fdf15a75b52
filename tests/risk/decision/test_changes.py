"""What would have to change, checked by changing it."""

from typing import Any

import pytest
from hypothesis import given, settings

from tests.risk.decision.cases import standard, values_of
from tests.risk.decision.strategies import any_facts
from warifu.risk.decision import changes
from warifu.risk.decision.changes import ChangeTable
from warifu.risk.decision.evaluate import Condition, State
from warifu.risk.decision.facts import Changer, Facts

OTHERS = [
    "operation.amount <= 100 && device.model == 'x'",
    "operation.amount <= 100 || account.limit_left > 5",
    "operation.amount * 2 <= account.limit_left",
    "operation.amount < account.limit_left",
    "operation.amount > account.limit_left",
    "operation.amount >= account.limit_left",
    "operation.amount == account.limit_left",
    "operation.amount <= operation.amount",
    "device.patch_level >= '2026-05' && device.platform == 'android'",
    "device.patch_level >= '2026-05' && device.model.startsWith('Pixel')",
    "operation.amount < 10 || operation.amount > 20",
    "operation.amount != 15",
    "binding.bound == user.verified",
    "!('a' in threat.powers) && 'b' in threat.powers",
    "size(threat.powers) == 0",
    "(user.verified && user.confirmed) || key.security_level == 'secure-element'",
]
CONDITIONS = [
    *((rule.condition, rule.changes) for rule in standard().rules),
    *((condition, ChangeTable(condition)) for condition in map(Condition, OTHERS)),
]


def ways(expression: str, **values: Any) -> list[dict[str, object]]:
    named = {path.replace("__", "."): value for path, value in values.items()}
    condition = Condition(expression)
    found = ChangeTable(condition).ways(tuple(named[path] for path in condition.reads))
    return [{change.fact: change.to for change in way} for way in found]


@settings(max_examples=300, deadline=None)
@given(facts=any_facts(odd=False))
def test_every_way_makes_the_rule_hold_and_nothing_in_it_can_be_left_out(facts: Facts) -> None:
    for condition, table in CONDITIONS:
        values = values_of(condition, facts)
        if condition.find(values).state is not State.FAILS:
            continue
        for way in table.ways(tuple(values.values())):
            assert way
            target = {change.fact: change.to for change in way}
            assert condition.find({**values, **target}).state is State.HOLDS
            for change in way:
                assert change.was == values[change.fact] != change.to
                part = {path: to for path, to in target.items() if path != change.fact}
                assert condition.find({**values, **part}).state is not State.HOLDS


def test_nearest_number_is_named() -> None:
    expression = "operation.amount < 10 || operation.amount > 20"
    assert ways(expression, operation__amount=12) == [
        {"operation.amount": 9},
        {"operation.amount": 21},
    ]


def test_number_that_is_well_is_left_alone() -> None:
    expression = "user.verified && user.verified_seconds >= 0 && user.verified_seconds <= 300"
    assert ways(expression, user__verified=False, user__verified_seconds=20) == [
        {"user.verified": True}
    ]
    assert ways(expression, user__verified=True, user__verified_seconds=900) == [
        {"user.verified_seconds": 300}
    ]


def test_two_numbers_compared_are_named_at_each_others_value() -> None:
    expression = "operation.amount < account.limit_left"
    assert ways(expression, operation__amount=10, account__limit_left=7) == [
        {"operation.amount": 6},
        {"account.limit_left": 11},
    ]


def test_number_that_does_not_exist_is_not_named() -> None:
    expression = "operation.amount < account.limit_left"
    largest = 2**63 - 1
    assert ways(expression, operation__amount=largest, account__limit_left=largest) == [
        {"operation.amount": largest - 1}
    ]


def test_powers_are_taken_away_one_by_one_or_all() -> None:
    expression = "!('a' in threat.powers)"
    assert {"threat.powers": ("b",)} in ways(expression, threat__powers=("a", "b"))


def test_condition_that_cannot_hold_has_no_way() -> None:
    assert ways("binding.bound && !binding.bound", binding__bound=True) == []
    assert ways("operation.amount < operation.amount", operation__amount=5) == []


def test_condition_too_wide_for_the_grid_names_no_change() -> None:
    expression = f"operation.amount in {list(range(0, 60, 3))} && account.limit_left + 1 > 5"
    assert ways(expression, operation__amount=1, account__limit_left=1) == []


def test_change_says_who_can_bring_it_about() -> None:
    (way,) = ChangeTable(Condition("user.verified")).ways((False,))
    assert way[0].changer is Changer.CUSTOMER
    assert way[0].words.ja == "利用者認証の完了"


def test_memory_of_ways_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MAX_REMEMBERED", 3)
    table = ChangeTable(Condition("device.model == 'x'"))
    for number in range(10):
        assert len(table.ways((f"m{number}",))) == 1
    assert table._remembered is not None
    assert len(table._remembered) <= 3
