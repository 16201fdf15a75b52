"""How reasons become one outcome: guards, severity, outages, exceptions."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings

from tests.risk.decision.cases import AT, NOW, changed, honest, standard, standard_bytes
from tests.risk.decision.strategies import any_facts
from warifu.risk.decision import reasons
from warifu.risk.decision.decide import (
    Circumstances,
    Decision,
    Kind,
    Limit,
    Refuse,
    Serve,
    StepUp,
    decide,
)
from warifu.risk.decision.exemption import Exemption, Subject
from warifu.risk.decision.facts import Facts, Operation, OperationFacts
from warifu.risk.decision.rules import Method, RuleSet, load_rules

PASSKEY, CONFIRM = Method.PASSKEY, Method.CONFIRMATION
TRANSFER = honest(Operation.TRANSFER)
LOGIN = honest(Operation.LOGIN)


def codes(decision: Decision) -> list[str]:
    return [reason.code for reason in decision.reasons]


def only(operation: Operation) -> RuleSet:
    """A rule set that knows one operation and asks nearly nothing."""
    return load_rules(
        f"""
        id = "only"
        currency = "JPY"
        [operations.{operation}]
        trust_stale = {{ then = "refuse" }}
        vendor_down = {{ then = "refuse" }}
        [[rules]]
        id = "any"
        operations = ["{operation}"]
        holds = "binding.bound || !binding.bound"
        otherwise = {{ refuse = true }}
        customer = {{ ja = "。", en = "." }}
        analyst = {{ ja = "。", en = "." }}
        """.encode()
    )


def test_operation_without_rules_is_refused() -> None:
    decision = decide(LOGIN, only(Operation.BALANCE), NOW)
    assert decision.outcome == Refuse()
    assert codes(decision) == [reasons.NO_RULES.code]
    assert decide(LOGIN, only(Operation.LOGIN), NOW).outcome == Serve()


def test_nothing_known_is_refused() -> None:
    for operation in Operation:
        nothing = Facts(operation=OperationFacts(kind=operation))
        assert decide(nothing, standard(), NOW).outcome == Refuse()


def test_kill_switch_stops_its_operation_only() -> None:
    stopped = Circumstances(at=AT, stopped=frozenset({Operation.TRANSFER}))
    decision = decide(TRANSFER, standard(), stopped)
    assert decision.outcome == Refuse()
    assert codes(decision) == [reasons.STOPPED.code]
    assert decide(LOGIN, standard(), stopped).outcome == Serve()


@pytest.mark.parametrize("amount", [None, 0, -1, True, 1.5, "5"])
def test_transfer_of_no_amount_is_refused(amount: object) -> None:
    decision = decide(changed(TRANSFER, operation__amount=amount), standard(), NOW)
    assert decision.outcome == Refuse()
    assert reasons.NO_AMOUNT.code in codes(decision)


@pytest.mark.parametrize("currency", ["USD", None, "jpy"])
def test_amount_in_another_currency_is_refused(currency: str | None) -> None:
    decision = decide(changed(TRANSFER, operation__currency=currency), standard(), NOW)
    assert decision.outcome == Refuse()
    assert codes(decision) == [reasons.CURRENCY.code]


def test_all_failing_reasons_are_returned_and_refusal_wins() -> None:
    facts = changed(
        TRANSFER,
        app__status="contraindicated",
        user__verified=False,
        operation__amount=200_000,
    )
    decision = decide(facts, standard(), NOW)
    assert decision.outcome == Refuse()
    assert codes(decision) == ["app-trusted", "user-verified", "small-amount"]


def test_limit_wins_over_step_up_and_keeps_its_methods() -> None:
    facts = changed(
        TRANSFER, user__verified=False, operation__amount=200_000, account__recovering=True
    )
    assert decide(facts, standard(), NOW).outcome == Limit(10_000, "JPY", (PASSKEY,))


def test_step_ups_add_up() -> None:
    facts = changed(
        TRANSFER, user__verified=False, user__confirmed=False, operation__payee_known=False
    )
    assert decide(facts, standard(), NOW).outcome == StepUp((PASSKEY, CONFIRM))


def test_amount_within_the_limit_is_served_and_the_reason_is_told() -> None:
    facts = changed(TRANSFER, account__recovering=True, operation__amount=10_000)
    decision = decide(facts, standard(), NOW)
    assert decision.outcome == Serve()
    assert codes(decision) == ["settled-after-recovery"]


@pytest.mark.parametrize("outage", ["trust_stale", "vendor_down"])
def test_unknown_outage_is_refused(outage: str) -> None:
    decision = decide(changed(TRANSFER, **{f"service__{outage}": None}), standard(), NOW)
    assert decision.outcome == Refuse()
    assert codes(decision) == [reasons.OUTAGE_UNKNOWN.code]
    assert decision.reasons[0].facts == (f"service.{outage}",)


@pytest.mark.parametrize("outage", ["trust_stale", "vendor_down"])
def test_outage_of_the_wrong_type_is_refused(outage: str) -> None:
    decision = decide(changed(TRANSFER, **{f"service__{outage}": 1}), standard(), NOW)
    assert decision.outcome == Refuse()


def unjudged(facts: Facts) -> Facts:
    """Evidence came, and we could not judge it."""
    return changed(
        facts,
        evidence__outcome="no-statement",
        evidence__age_seconds=None,
        device__status=None,
        app__status=None,
        key__status=None,
        key__security_level=None,
        threat__powers=None,
    )


def test_stale_trust_limits_a_transfer_as_the_rule_set_states() -> None:
    facts = changed(unjudged(TRANSFER), service__trust_stale=True)
    decision = decide(facts, standard(), NOW)
    assert decision.outcome == Limit(10_000, "JPY")
    assert codes(decision)[0] == reasons.TRUST_STALE.code
    assert decision.reasons[0].kind is Kind.OUTAGE
    assert {reason.passed_over for reason in decision.reasons[1:]} == {"trust_stale"}


def test_stale_trust_limits_also_where_all_facts_are_known() -> None:
    facts = changed(TRANSFER, service__trust_stale=True)
    assert decide(facts, standard(), NOW).outcome == Limit(10_000, "JPY")


def test_stale_trust_refuses_a_high_value_transfer() -> None:
    facts = changed(unjudged(honest(Operation.HIGH_VALUE_TRANSFER)), service__trust_stale=True)
    decision = decide(facts, standard(), NOW)
    assert decision.outcome == Refuse()
    assert not any(reason.passed_over for reason in decision.reasons)


def test_outage_does_not_excuse_what_is_known_to_be_wrong() -> None:
    facts = changed(unjudged(TRANSFER), service__trust_stale=True, binding__bound=False)
    assert decide(facts, standard(), NOW).outcome == Refuse()
    facts = changed(unjudged(TRANSFER), service__trust_stale=True, device__status="warning")
    assert decide(facts, standard(), NOW).outcome == Refuse()


def test_outage_does_not_excuse_what_the_bank_does_not_know() -> None:
    facts = changed(unjudged(TRANSFER), service__trust_stale=True, binding__bound=None)
    assert decide(facts, standard(), NOW).outcome == Refuse()


@pytest.mark.parametrize("outcome", ["absent", "refused", None])
def test_outage_does_not_excuse_evidence_that_was_not_sent_or_was_refused(
    outcome: str | None,
) -> None:
    facts = changed(unjudged(TRANSFER), service__trust_stale=True, evidence__outcome=outcome)
    assert decide(facts, standard(), NOW).outcome == Refuse()


def test_unknown_facts_without_an_outage_are_not_excused() -> None:
    assert decide(unjudged(TRANSFER), standard(), NOW).outcome == Refuse()


def test_what_was_recently_served_is_served_without_the_vendor() -> None:
    decision = decide(changed(unjudged(TRANSFER), service__vendor_down=True), standard(), NOW)
    assert decision.outcome == Serve()
    assert all(reason.passed_over for reason in decision.reasons)


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("history__served_seconds", 3_601),
        ("history__served_seconds", -1),
        ("history__served_seconds", None),
        ("history__served_seconds", True),
        ("history__served_amount", 49_999),
        ("history__served_amount", None),
    ],
)
def test_what_was_not_served_recently_is_refused_without_the_vendor(
    fact: str, value: object
) -> None:
    facts = changed(unjudged(TRANSFER), service__vendor_down=True, **{fact: value})
    decision = decide(facts, standard(), NOW)
    assert decision.outcome == Refuse()
    assert codes(decision)[0] == reasons.VENDOR_DOWN.code


def test_recent_login_needs_no_amount() -> None:
    facts = changed(unjudged(LOGIN), service__trust_stale=True, history__served_amount=None)
    assert decide(facts, standard(), NOW).outcome == Serve()


def test_two_outages_at_once_are_both_obeyed() -> None:
    both = changed(unjudged(TRANSFER), service__trust_stale=True, service__vendor_down=True)
    assert decide(both, standard(), NOW).outcome == Limit(10_000, "JPY")
    late = changed(both, history__served_seconds=3_601)
    assert decide(late, standard(), NOW).outcome == Refuse()


OLD = changed(TRANSFER, device__status="warning")
EXEMPTION = Exemption(
    id="pixel",
    subject=Subject.MODEL,
    name="Pixel 8a",
    operation=Operation.TRANSFER,
    rule="device-trusted",
    until=AT + timedelta(days=1),
    why="the maker's patch is late",
)


def under(exemption: Exemption, *, device: str | None = None) -> Circumstances:
    return Circumstances(at=AT, exemptions=(exemption,), device=device)


def test_exemption_passes_over_its_rule_and_says_so() -> None:
    decision = decide(OLD, standard(), under(EXEMPTION))
    assert decision.outcome == Serve()
    assert decision.reasons[0].passed_over == "pixel"


@pytest.mark.parametrize(
    "difference",
    [
        {"until": AT},
        {"name": "Pixel 7"},
        {"operation": Operation.LOGIN},
        {"rule": "app-trusted"},
        {"subject": Subject.DEVICE},
    ],
)
def test_exemption_for_something_else_does_not_count(difference: dict[str, object]) -> None:
    other = msgspec.structs.replace(EXEMPTION, **difference)
    assert decide(OLD, standard(), under(other)).outcome == Refuse()


def test_exemption_of_one_device_is_for_that_device() -> None:
    one = msgspec.structs.replace(EXEMPTION, subject=Subject.DEVICE, name="d-1")
    assert decide(OLD, standard(), under(one, device="d-1")).outcome == Serve()
    assert decide(OLD, standard(), under(one, device="d-2")).outcome == Refuse()


def test_exemption_never_covers_an_unknown_fact() -> None:
    facts = changed(TRANSFER, device__status=None)
    assert decide(facts, standard(), under(EXEMPTION)).outcome == Refuse()


def test_decision_can_be_stored_as_json() -> None:
    decision = decide(changed(OLD, operation__amount=200_000), standard(), NOW)
    assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision) == decision


@settings(max_examples=400, deadline=None)
@given(facts=any_facts())
def test_whatever_the_facts_there_is_a_decision_and_served_has_no_open_reason(
    facts: Facts,
) -> None:
    decision = decide(facts, standard(), NOW)
    counting = [reason for reason in decision.reasons if not reason.passed_over]
    if isinstance(decision.outcome, Serve):
        assert all(reason.consequence.limit is not None for reason in counting)
    if isinstance(decision.outcome, Refuse):
        assert any(reason.consequence.refuse for reason in counting)


@pytest.mark.parametrize("method", list(Method))
def test_a_rule_may_ask_for_every_method_and_see_that_it_succeeded(method: Method) -> None:
    rules = load_rules(
        standard_bytes()
        .replace(b'holds = "user.verified"\n', f"holds = \"'{method}' in user.methods\"\n".encode())
        .replace(b'step_up = ["passkey"]', f'step_up = ["{method}"]'.encode())
    )
    assert decide(changed(TRANSFER, user__methods=()), rules, NOW).outcome == StepUp((method,))
    assert decide(changed(TRANSFER, user__methods=(method,)), rules, NOW).outcome == Serve()
