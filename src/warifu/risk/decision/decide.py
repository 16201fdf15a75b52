"""Facts and a rule set in, a decision with all its reasons out.

Nothing is served because nothing was said: an operation the rule set does not name is refused, and
so is one with a fact that is not known. The most severe consequence of all reasons is the outcome
(refuse, limit, step up, serve); step-ups add up, and of several limits the lowest counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.rule import Text
from warifu.risk.decision import reasons
from warifu.risk.decision.assured import derivations
from warifu.risk.decision.changes import Way
from warifu.risk.decision.evaluate import State
from warifu.risk.decision.exemption import Exemption, exempt
from warifu.risk.decision.facts import REGISTER, WITH_AMOUNT, Facts, Operation, Source
from warifu.risk.decision.rules import Consequence, Limited, Method, Recent
from warifu.risk.threat.assurance import Derivation

if TYPE_CHECKING:
    from warifu.risk.decision.evaluate import Finding
    from warifu.risk.decision.reasons import BuiltIn
    from warifu.risk.decision.rules import DecisionRule, Fallback, OperationRules, RuleSet


class Serve(Struct, frozen=True, gc=False, tag="serve"):
    """Do it."""


class StepUp(Struct, frozen=True, gc=False, tag="step-up"):
    """Do it after all of these succeeded; decide again then."""

    methods: tuple[Method, ...]


class Limit(Struct, frozen=True, gc=False, tag="limit"):
    """Not this amount; up to `amount` would be served, after `methods` where there are any."""

    amount: int
    currency: str
    methods: tuple[Method, ...] = ()


class Refuse(Struct, frozen=True, gc=False, tag="refuse"):
    """Do not do it."""


Outcome = Serve | StepUp | Limit | Refuse


class Kind(StrEnum):
    """Why a reason is there."""

    FAILED = "failed"
    UNKNOWN = "unknown"
    ERROR = "error"
    OUTAGE = "outage"
    GUARD = "guard"
    """What holds for every rule set: kill switch, default deny, amount and currency."""


class Reason(Struct, frozen=True, gc=False, kw_only=True):
    """One thing that stands in the way, or that was passed over."""

    code: str
    """Of the rule in the rule set; where the rule set has none for it, one of `reasons`."""
    kind: Kind
    consequence: Consequence
    customer: Text
    """What the customer can do."""
    analyst: Text
    """What it means."""
    rule: str | None = None
    """The rule that could not be answered, where `code` is not the rule itself."""
    facts: tuple[str, ...] = ()
    """Paths of the facts that are unknown or wrong."""
    ways: tuple[Way, ...] = ()
    """What would have to change for the rule to hold: one of these."""
    derivations: tuple[Derivation, ...] = ()
    """Why goals that the rule asks for do not hold on this device: the attack on each."""
    passed_over: str | None = None
    """The exemption, or the outage statement, that keeps this reason from counting."""


class Decision(Struct, frozen=True, gc=False, kw_only=True):
    """The answer, and all that is needed to explain it later."""

    operation: Operation
    outcome: Outcome
    reasons: tuple[Reason, ...]
    """All of them, in the order of the rule set; also those that were passed over."""
    rule_set: str
    rule_set_digest: str
    at: datetime


class Circumstances(Struct, frozen=True, kw_only=True):
    """What stands beside the rule set: the moment, the kill switches, the exceptions."""

    at: datetime
    stopped: frozenset[Operation] = frozenset()
    exemptions: Sequence[Exemption] = ()
    device: str | None = None
    """The name the bank gave the device's binding, for exemptions."""


def decide(facts: Facts, rules: RuleSet, circumstances: Circumstances) -> Decision:
    """Decide one operation.

    Args:
        facts: What is known; None where it is not.
        rules: The rule set, from `load_rules`.
        circumstances: The present time, operations that are stopped, and exceptions.

    Returns:
        The decision. It is made anew at acceptance: no decision is a ticket for later.
    """
    operation = facts.operation.kind
    found = _guards(facts, rules, circumstances)
    chosen = rules.operations.get(operation)
    if chosen is not None:
        found += _judge(facts, chosen, circumstances)
    return Decision(
        operation=operation,
        outcome=_outcome(found, facts, rules.currency) if found else _SERVE,
        reasons=tuple(found),
        rule_set=rules.id,
        rule_set_digest=rules.digest,
        at=circumstances.at,
    )


def _guards(facts: Facts, rules: RuleSet, circumstances: Circumstances) -> list[Reason]:
    asked = facts.operation
    found = []
    if asked.kind not in rules.operations:
        found.append(_NO_RULES)
    if asked.kind in circumstances.stopped:
        found.append(_STOPPED)
    if asked.kind in WITH_AMOUNT:
        if type(asked.amount) is not int or asked.amount <= 0:
            found.append(_NO_AMOUNT)
        if asked.currency != rules.currency:
            found.append(_CURRENCY)
    return found


def _judge(facts: Facts, chosen: OperationRules, circumstances: Circumstances) -> list[Reason]:
    outages, excuse = _outages(facts, chosen)
    found = [
        _reason(chosen.rules[place], finding, facts, circumstances=circumstances, excuse=excuse)
        for place, finding in chosen.conditions.find(facts)
    ]
    return outages + found if outages else found


def _outages(facts: Facts, chosen: OperationRules) -> tuple[list[Reason], str | None]:
    """Reasons for outages, and the name of the statement that excuses what evidence cannot tell."""
    service = facts.service
    if service.trust_stale is False and service.vendor_down is False:
        return _NONE, None
    found: list[Reason] = []
    excuse: str | None = None
    for name, value, fallback in (
        ("trust_stale", service.trust_stale, chosen.trust_stale),
        ("vendor_down", service.vendor_down, chosen.vendor_down),
    ):
        if value is False:
            continue
        if value is not True:
            path = f"service.{name}"
            found.append(_built_in(reasons.OUTAGE_UNKNOWN, Kind.UNKNOWN, facts=(path,)))
            continue
        consequence = _in_outage(fallback, facts)
        passed = f"{name}: recently served" if consequence is None else None
        found.append(_built_in(_OUTAGES[name], Kind.OUTAGE, consequence or _REFUSES, passed=passed))
        excuse = name
    excused = facts.evidence.outcome in _MAY_EXCUSE and not any(
        each.consequence.refuse and not each.passed_over for each in found
    )
    return found, excuse if excused else None


def _in_outage(fallback: Fallback, facts: Facts) -> Consequence | None:
    """None where it was recently served."""
    if isinstance(fallback, Limited):
        return Consequence(limit=fallback.amount)
    history = facts.history
    if (
        isinstance(fallback, Recent)
        and type(history.served_seconds) is int
        and 0 <= history.served_seconds <= fallback.seconds
        and (facts.operation.kind not in WITH_AMOUNT or _served_as_much(facts))
    ):
        return None
    return _REFUSES


def _served_as_much(facts: Facts) -> bool:
    served, asked = facts.history.served_amount, facts.operation.amount
    return type(served) is int and type(asked) is int and asked <= served


def _reason(
    rule: DecisionRule,
    finding: Finding,
    facts: Facts,
    *,
    circumstances: Circumstances,
    excuse: str | None,
) -> Reason:
    if finding.state is State.FAILS:
        return Reason(
            code=rule.id,
            kind=Kind.FAILED,
            consequence=rule.consequence,
            customer=rule.customer,
            analyst=rule.analyst,
            ways=rule.changes.ways(rule.condition.fetch(facts)),
            derivations=derivations(facts, rule.condition.reads),
            passed_over=_exemption(rule, facts, circumstances),
        )
    if finding.state is State.UNKNOWN:
        hidden = excuse is not None and all(
            REGISTER[path].source is Source.EVIDENCE for path in finding.facts
        )
        return _built_in(
            reasons.UNKNOWN_FACT,
            Kind.UNKNOWN,
            rule=rule.id,
            facts=finding.facts,
            passed=excuse if hidden else None,
        )
    return _built_in(reasons.FAILED_TO_ANSWER, Kind.ERROR, rule=rule.id, facts=finding.facts)


def _exemption(rule: DecisionRule, facts: Facts, circumstances: Circumstances) -> str | None:
    for each in circumstances.exemptions:
        if each.rule == rule.id and exempt(
            each,
            operation=facts.operation.kind,
            model=facts.device.model,
            device=circumstances.device,
            at=circumstances.at,
        ):
            return each.id
    return None


def _outcome(found: Sequence[Reason], facts: Facts, currency: str) -> Outcome:
    methods: dict[Method, None] = {}
    limit: int | None = None
    for reason in found:
        then = reason.consequence
        if reason.passed_over is not None:
            continue
        if then.refuse:
            return _REFUSE
        methods.update(dict.fromkeys(then.step_up))
        if then.limit is not None:
            limit = then.limit if limit is None else min(limit, then.limit)
    if limit is not None and (facts.operation.amount is None or facts.operation.amount > limit):
        return Limit(limit, currency, tuple(methods))
    return StepUp(tuple(methods)) if methods else _SERVE


def _built_in(
    built_in: BuiltIn,
    kind: Kind,
    consequence: Consequence | None = None,
    *,
    rule: str | None = None,
    facts: tuple[str, ...] = (),
    passed: str | None = None,
) -> Reason:
    return Reason(
        code=built_in.code,
        kind=kind,
        consequence=consequence or _REFUSES,
        customer=built_in.customer,
        analyst=built_in.analyst,
        rule=rule,
        facts=facts,
        passed_over=passed,
    )


_SERVE = Serve()
_REFUSE = Refuse()
_REFUSES = Consequence(refuse=True)
_NO_RULES = _built_in(reasons.NO_RULES, Kind.GUARD)
_STOPPED = _built_in(reasons.STOPPED, Kind.GUARD)
_NO_AMOUNT = _built_in(reasons.NO_AMOUNT, Kind.GUARD, facts=("operation.amount",))
_CURRENCY = _built_in(reasons.CURRENCY, Kind.GUARD, facts=("operation.currency",))
_OUTAGES = {"trust_stale": reasons.TRUST_STALE, "vendor_down": reasons.VENDOR_DOWN}
_NONE: list[Reason] = []
_MAY_EXCUSE = frozenset({"no-statement", "proved"})
"""Evidence that was sent and not refused: who sends none is not excused by an outage."""
