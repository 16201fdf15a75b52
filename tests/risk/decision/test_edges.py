"""Limits and members of decisions, each just met and just missed, each as it was given."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from tests.risk.decision.cases import AT, NOW, changed, honest, standard, standard_bytes
from tests.support import misuse
from warifu.base.errors import Denied
from warifu.risk.decision.changes import MAX_GRID, MAX_INTEGER, ChangeTable
from warifu.risk.decision.decide import Limit, Refuse, StepUp, decide
from warifu.risk.decision.dry_run import Shift, compare, dry_run
from warifu.risk.decision.evaluate import (
    EXPRESSION,
    MAX_DEPTH,
    MAX_EXPRESSION,
    MAX_TEXT,
    Condition,
    Finding,
    State,
)
from warifu.risk.decision.exemption import Exemption, Subject
from warifu.risk.decision.facts import Operation
from warifu.risk.decision.life_cycle import (
    MAX_APPROVAL_AGE,
    MAX_EXEMPTION,
    SHARES,
    Action,
    Approval,
    AuditEvent,
    Draft,
    Exempt,
    Governance,
    Move,
    Stage,
    Stop,
    Version,
    apply,
    choose,
    fingerprint,
)
from warifu.risk.decision.rules import Method


def digest(value: object) -> str:
    return sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


def ways(expression: str, **values: Any) -> list[dict[str, object]]:
    named = {path.replace("__", "."): value for path, value in values.items()}
    condition = Condition(expression)
    found = ChangeTable(condition).ways(tuple(named[path] for path in condition.reads))
    return [{change.fact: change.to for change in way} for way in found]


# Conditions


@pytest.mark.parametrize(("opening", "closing"), ["()", "[]"])
def test_brackets_may_be_as_deep_as_the_limit_and_no_deeper(opening: str, closing: str) -> None:
    def nested(depth: int) -> str:
        inner = "operation.amount" if opening == "(" else "1"
        text = opening * depth + inner + closing * depth
        return f"{text} > 1" if opening == "(" else f"user.verified || {text} == {text}"

    Condition(nested(MAX_DEPTH))
    with misuse(EXPRESSION):
        Condition(nested(MAX_DEPTH + 1))


def test_brackets_that_close_again_do_not_add_up() -> None:
    text = " && ".join(["(user.verified)"] * (MAX_DEPTH + 4))
    assert Condition(text).find({"user.verified": True}).state is State.HOLDS


def test_an_expression_may_be_as_long_as_the_limit_and_no_longer() -> None:
    text = "user.verified".ljust(MAX_EXPRESSION)
    assert Condition(text).reads == ("user.verified",)
    with misuse(EXPRESSION):
        Condition(text + " ")


@pytest.mark.parametrize("length", [MAX_TEXT, MAX_TEXT + 1])
def test_a_text_may_be_as_long_as_the_limit_and_no_longer(length: int) -> None:
    found = Condition("device.model != 'x'").find({"device.model": "m" * length})
    assert found.state is (State.HOLDS if length == MAX_TEXT else State.ERROR)


def test_every_finding_names_the_facts_that_were_in_the_way() -> None:
    condition = Condition("operation.amount <= 100 && device.model != 'x'")
    assert condition.find({"operation.amount": 1}) == Finding(State.UNKNOWN, ("device.model",))
    assert condition.find({}) == Finding(State.UNKNOWN, ("operation.amount", "device.model"))
    assert condition.find({"operation.amount": "1", "device.model": 5}) == Finding(
        State.ERROR, ("operation.amount", "device.model")
    )
    assert condition.find({"operation.amount": 101, "device.model": "m"}) == Finding(State.FAILS)
    assert condition.find({"operation.amount": 1, "device.model": "m"}) == Finding(State.HOLDS)


def test_a_fact_whose_name_is_part_of_another_word_is_not_read() -> None:
    assert Condition("device.model == 'bound verified amount'").reads == ("device.model",)


def test_a_fact_is_read_however_its_path_is_spaced() -> None:
    assert Condition("operation . amount > 1").reads == ("operation.amount",)


# Changes


@pytest.mark.parametrize(("amount", "to"), [(10, [9, 15]), (14, [9, 15]), (21, [20])])
def test_the_nearest_number_below_and_above_is_named(amount: int, to: list[int]) -> None:
    expression = "operation.amount < 10 || (operation.amount >= 15 && operation.amount <= 20)"
    found = ways(expression, operation__amount=amount)
    assert found == [{"operation.amount": each} for each in to]


@pytest.mark.parametrize("seconds", [15, 16, 20])
def test_a_number_within_its_span_is_left_alone_to_its_edges(seconds: int) -> None:
    expression = "user.verified && user.verified_seconds >= 15 && user.verified_seconds <= 20"
    found = ways(expression, user__verified=False, user__verified_seconds=seconds)
    assert found == [{"user.verified": True}]


@pytest.mark.parametrize(
    ("operator", "left", "right"),
    [("<=", 7, 10), ("<", 6, 11), (">=", 7, 10), (">", 8, 9), ("==", 7, 10)],
)
def test_a_comparison_of_two_numbers_is_named_where_it_just_holds(
    operator: str, left: int, right: int
) -> None:
    expression = f"operation.amount {operator} account.limit_left"
    assert ways(expression, operation__amount=10, account__limit_left=7) == [
        {"operation.amount": left},
        {"account.limit_left": right},
    ]


def test_a_comparison_with_a_computed_number_is_named_from_the_present_values() -> None:
    expression = "operation.amount + 1 <= account.limit_left"
    found = ways(expression, operation__amount=9, account__limit_left=9)
    assert {"operation.amount": 8} in found
    assert {"account.limit_left": 10} in found


def test_a_number_that_no_constant_is_compared_with_is_tried_at_zero() -> None:
    assert ways(
        "operation.amount == operation.amount && user.verified",
        user__verified=False,
        operation__amount=5,
    ) == [{"user.verified": True}]


@pytest.mark.parametrize("powers", [(), ("b",), ("a",)])
def test_of_two_facts_each_is_named_by_itself_or_both_together(powers: tuple[str, ...]) -> None:
    found = ways(
        "user.verified && binding.bound", user__verified=False, binding__bound="a" in powers
    )
    expected: dict[str, object] = {"user.verified": True}
    if "a" not in powers:
        expected["binding.bound"] = True
    assert found == [expected]


def test_the_largest_number_is_named_and_none_beyond() -> None:
    expression = "operation.amount <= account.limit_left"
    assert ways(expression, operation__amount=MAX_INTEGER, account__limit_left=-MAX_INTEGER) == [
        {"operation.amount": -MAX_INTEGER},
        {"account.limit_left": MAX_INTEGER},
    ]
    assert MAX_GRID == 1024


# Decisions


def test_a_rule_that_cannot_be_answered_names_itself_and_its_facts() -> None:
    decision = decide(changed(honest(), device__status="splendid"), standard(), NOW)
    assert isinstance(decision.outcome, Refuse)
    wrong = [each for each in decision.reasons if "device.status" in each.facts]
    assert wrong
    for reason in wrong:
        assert reason.rule in {rule.id for rule in standard().rules}
        assert reason.ways == ()
        assert reason.passed_over is None


def test_a_dry_run_counts_reasons_of_those_who_lose_and_of_nobody_else() -> None:
    worse = changed(honest(), user__confirmed=False)
    report = dry_run([worse, worse], before=standard(), after=standard(), circumstances=NOW)
    (row,) = report.rows
    assert (row.counts, row.because) == ({Shift.SAME: 2}, {})


@pytest.mark.parametrize(
    ("old", "new", "shift"),
    [
        (Limit(5, "JPY"), Limit(5, "JPY", (Method.PASSKEY,)), Shift.WORSE),
        (Limit(5, "JPY", (Method.PASSKEY,)), Limit(5, "JPY"), Shift.BETTER),
        (Limit(5, "JPY", (Method.PASSKEY,)), Limit(6, "JPY"), Shift.BETTER),
        (Limit(5, "JPY"), Limit(5, "EUR"), Shift.DIFFERS),
        (Limit(5, "JPY", (Method.PASSKEY,)), StepUp((Method.PASSKEY,)), Shift.BETTER),
    ],
)
def test_limits_are_compared_by_amount_and_methods(old: Any, new: Any, shift: Shift) -> None:
    assert compare(old, new) is shift


# Governance


def observed(name: str = "one") -> Governance:
    governance, _ = apply(Governance(), Draft(digest=name, name="a name"), by="author", at=AT)
    governance, _ = apply(governance, Move(digest=name, action=Action.OBSERVE), by="b", at=AT)
    return governance


def approved(governance: Governance, command: Any, at: Any = AT) -> list[Approval]:
    return [Approval(by=by, at=at, command=fingerprint(governance, command)) for by in "cb"]


def test_an_event_tells_all_of_a_change() -> None:
    before = observed()
    command = Move(digest="one", action=Action.TRY, share=5)
    after, event = apply(before, command, by="someone", at=AT, approvals=approved(before, command))
    assert after == Governance(
        revision=3,
        versions=(
            Version(digest="one", name="a name", author="author", stage=Stage.PARTIAL, share=5),
        ),
    )
    assert event == AuditEvent(
        revision=3,
        at=AT,
        by="someone",
        command=command,
        approved_by=("b", "c"),
        before=digest(before),
        after=digest(after),
    )


def test_an_active_rule_set_remembers_what_it_replaced() -> None:
    governance = observed("one")
    command = Move(digest="one", action=Action.ACTIVATE)
    governance, _ = apply(
        governance, command, by="b", at=AT, approvals=approved(governance, command)
    )
    draft = Draft(digest="two", name="two")
    governance, _ = apply(governance, draft, by="author", at=AT)
    governance, _ = apply(governance, Move(digest="two", action=Action.OBSERVE), by="b", at=AT)
    command = Move(digest="two", action=Action.ACTIVATE)
    governance, _ = apply(
        governance, command, by="b", at=AT, approvals=approved(governance, command)
    )
    assert [(each.stage, each.replaced, each.share) for each in governance.versions] == [
        (Stage.RETIRED, None, 0),
        (Stage.ACTIVE, "one", 0),
    ]


@pytest.mark.parametrize(
    ("age", "counts"),
    [
        (timedelta(0), True),
        (MAX_APPROVAL_AGE, True),
        (MAX_APPROVAL_AGE + timedelta(microseconds=1), False),
        (-timedelta(microseconds=1), False),
    ],
)
def test_an_approval_counts_to_its_last_moment_and_no_longer(
    age: timedelta, *, counts: bool
) -> None:
    governance, command = observed(), Move(digest="one", action=Action.ACTIVATE)
    approvals = approved(governance, command)
    if counts:
        apply(governance, command, by="b", at=AT + age, approvals=approvals)
    else:
        with pytest.raises(Denied):
            apply(governance, command, by="b", at=AT + age, approvals=approvals)


@pytest.mark.parametrize(
    ("lasts", "given"),
    [
        (timedelta(microseconds=1), True),
        (MAX_EXEMPTION, True),
        (timedelta(0), False),
        (MAX_EXEMPTION + timedelta(microseconds=1), False),
    ],
)
def test_an_exemption_lasts_as_long_as_the_limit_and_no_longer(
    lasts: timedelta, *, given: bool
) -> None:
    exemption = Exemption(
        id="e",
        subject=Subject.MODEL,
        name="m",
        operation=Operation.LOGIN,
        rule="device-trusted",
        until=AT + lasts,
        why="x",
    )
    command = Exempt(exemption=exemption)
    approvals = approved(Governance(), command)
    if given:
        after, _ = apply(Governance(), command, by="a", at=AT, approvals=approvals)
        assert after.exemptions == (exemption,)
        stop = Stop(operation=Operation.LOGIN)
        assert apply(after, stop, by="a", at=AT + lasts)[0].exemptions == ()
    else:
        with pytest.raises(Denied):
            apply(Governance(), command, by="a", at=AT, approvals=approvals)


def test_who_is_in_a_share_is_the_same_in_every_process_and_version() -> None:
    version = Version(digest="d", name="n", author="a", stage=Stage.PARTIAL)
    for user in ("user-1", "user-2", "\u5229\u7528\u8005", "\udcff"):
        hashed = sha256(b"d\0" + user.encode("utf-8", "surrogatepass")).digest()
        part = int.from_bytes(hashed[:8], "big") % SHARES
        for share, decides in ((part, None), (part + 1, "d")):
            tried = msgspec.structs.replace(version, share=share)
            assert choose(Governance(versions=(tried,)), user).decides == decides


def test_a_rule_says_to_each_reader_what_its_file_says() -> None:
    written = {each["id"]: each for each in tomllib.loads(standard_bytes().decode())["rules"]}
    assert {rule.id for rule in standard().rules} == written.keys()
    for rule in standard().rules:
        for told, stated in (
            (rule.customer, written[rule.id]["customer"]),
            (rule.analyst, written[rule.id]["analyst"]),
        ):
            assert (told.ja, told.en) == (stated["ja"], stated["en"])
