"""The shipped rule set: every rule, every fact it reads, every sentence."""

import pytest

from tests.risk.decision.cases import NOW, at_path, changed, honest, standard
from warifu.risk.decision.decide import Kind, Refuse, Serve, StepUp, decide
from warifu.risk.decision.facts import NEVER, REGISTER, Facts, Operation
from warifu.risk.decision.reasons import BUILT_IN, FAILED_TO_ANSWER, UNKNOWN_FACT
from warifu.risk.decision.rules import Method

CASES = [
    (operation, rule.id, path)
    for operation, chosen in standard().operations.items()
    for rule in chosen.rules
    for path in rule.condition.reads
]
RULES = sorted({(operation, rule) for operation, rule, _ in CASES})
BREAKING: dict[str, dict[str, object]] = {
    "production-trust": {"evidence.realm": "test"},
    "device-trusted": {"device.status": "warning"},
    "device-not-contraindicated": {"device.status": "contraindicated"},
    "device-without-warning": {"device.status": "warning"},
    "app-trusted": {"app.status": "none"},
    "key-trusted": {"key.status": "contraindicated"},
    "key-in-hardware": {"key.security_level": "software"},
    "evidence-fresh": {"evidence.age_seconds": 301},
    "device-bound": {"binding.bound": False},
    "device-known-at-login": {"binding.bound": False},
    "binding-settled": {"binding.age_seconds": 86_399},
    "user-verified": {"user.verified": False},
    "user-verified-recently": {"user.verified_seconds": 301},
    "identity-proved": {"user.methods": ("passkey",)},
    "new-payee-confirmed": {"operation.payee_known": False, "user.confirmed": False},
    "transaction-confirmed": {"user.confirmed": False},
    "small-amount": {"operation.amount": 100_001},
    "within-todays-limit": {"account.limit_left": 49_999},
    "settled-after-recovery": {"account.recovering": True},
    "not-recovering": {"account.recovering": True},
    "few-failures": {"history.failures": 10},
    "screen-not-readable-by-attackers": {"threat.powers": ("rw:display",)},
    "transaction-assured": {"assurance.transaction": False},
}
"""For each rule, facts that break it and, in any operation, nothing else but its relatives."""


def with_paths(facts: Facts, values: dict[str, object]) -> Facts:
    return changed(facts, **{at_path(path): value for path, value in values.items()})


def test_every_operation_is_in_the_rule_set() -> None:
    assert set(standard().operations) == set(Operation)


@pytest.mark.parametrize("operation", Operation)
def test_honest_customer_is_served(operation: Operation) -> None:
    decision = decide(honest(operation), standard(), NOW)
    assert decision.outcome == Serve()
    assert decision.reasons == ()
    assert decision.rule_set_digest == standard().digest


@pytest.mark.parametrize(("operation", "rule", "path"), CASES)
def test_fact_that_is_missing_refuses_with_its_own_reason(
    operation: Operation, rule: str, path: str
) -> None:
    decision = decide(changed(honest(operation), **{at_path(path): None}), standard(), NOW)
    assert decision.outcome == Refuse()
    reason = next(each for each in decision.reasons if each.rule == rule)
    assert reason.code == UNKNOWN_FACT.code
    assert reason.kind is Kind.UNKNOWN
    assert reason.facts == (path,)


@pytest.mark.parametrize(("operation", "rule", "path"), CASES)
@pytest.mark.parametrize("wrong", [b"x", 1.5, object()], ids=["bytes", "float", "object"])
def test_fact_of_the_wrong_type_refuses_with_its_own_reason(
    operation: Operation, rule: str, path: str, wrong: object
) -> None:
    decision = decide(changed(honest(operation), **{at_path(path): wrong}), standard(), NOW)
    assert decision.outcome == Refuse()
    reason = next(each for each in decision.reasons if each.rule == rule)
    assert reason.code == FAILED_TO_ANSWER.code
    assert reason.kind is Kind.ERROR


@pytest.mark.parametrize(("operation", "rule"), RULES)
def test_every_rule_can_fail_and_then_says_so(operation: Operation, rule: str) -> None:
    decision = decide(with_paths(honest(operation), BREAKING[rule]), standard(), NOW)
    reason = next(each for each in decision.reasons if each.code == rule)
    assert reason.kind is Kind.FAILED
    assert decision.outcome != Serve()
    assert reason.ways


@pytest.mark.parametrize(("operation", "rule"), RULES)
def test_what_would_have_to_change_makes_every_rule_hold(operation: Operation, rule: str) -> None:
    facts = with_paths(honest(operation), BREAKING[rule])
    reason = next(each for each in decide(facts, standard(), NOW).reasons if each.code == rule)
    for way in reason.ways:
        better = with_paths(facts, {change.fact: change.to for change in way})
        left = [each.code for each in decide(better, standard(), NOW).reasons]
        assert rule not in left


def test_every_rule_of_the_set_is_tried() -> None:
    assert {rule.id for rule in standard().rules} == set(BREAKING)


@pytest.mark.parametrize("rule", standard().rules, ids=lambda rule: rule.id)
def test_every_rule_speaks_to_customer_and_analyst_in_both_languages(rule: object) -> None:
    for text in (rule.customer, rule.analyst):  # type: ignore[attr-defined]
        assert text.ja.endswith("。")
        assert not text.ja.isascii()
        assert text.en.endswith(".")


@pytest.mark.parametrize("reason", BUILT_IN, ids=lambda reason: reason.code)
def test_every_built_in_reason_speaks_both_languages(reason: object) -> None:
    for text in (reason.customer, reason.analyst):  # type: ignore[attr-defined]
        assert text.ja.endswith("。")
        assert text.en.endswith(".")


def test_customer_who_never_authenticated_is_asked_to() -> None:
    facts = changed(
        honest(Operation.HIGH_VALUE_TRANSFER), user__verified=False, user__verified_seconds=NEVER
    )
    decision = decide(facts, standard(), NOW)
    assert decision.outcome == StepUp((Method.PASSKEY,))
    (way,) = decision.reasons[0].ways
    assert {change.fact: change.to for change in way} == {
        "user.verified": True,
        "user.verified_seconds": 300,
    }


def test_every_text_fact_that_rules_read_can_be_listed() -> None:
    for _, _, path in CASES:
        assert REGISTER[path].kind is not str or REGISTER[path].values, path
