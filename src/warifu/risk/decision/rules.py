"""Rule sets: TOML in, compiled and checked rules with a digest out.

A rule set states, for each operation it serves, which conditions must hold, what follows where one
does not, two sentences about it, and what happens in an outage. Nothing has a default: an unknown
key, fact, operation or method, a missing sentence and an outage that is not stated are all refused
when the rule set is loaded, before it can decide anything.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from warifu.base.codec import toml
from warifu.base.errors import MalformedEvidence, Misuse
from warifu.base.rule import Rule, Text
from warifu.risk.decision.changes import ChangeTable
from warifu.risk.decision.evaluate import Condition, ConditionSet
from warifu.risk.decision.facts import WITH_AMOUNT, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BYTES = 1 << 18
MAX_RULES = 200
MAX_RULES_PER_OPERATION = 64
MAX_AMOUNT = 10**15
MAX_SECONDS = 30 * 86_400
MAX_SENTENCE = 400

Amount = Annotated[int, Meta(gt=0, le=MAX_AMOUNT)]
Seconds = Annotated[int, Meta(gt=0, le=MAX_SECONDS)]
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,63}\Z")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
Sentence = Annotated[str, Meta(min_length=1, max_length=MAX_SENTENCE)]

FORM = Rule(
    code="decision/rule-set-form",
    clause="docs/decisions/0012-decisions.md",
    requires=Text(
        ja="規則集は、定められた項目だけを持つ正しいTOMLでなければなりません。",
        en="A rule set is TOML with exactly the keys that are defined, within the limits.",
    ),
    stops="a misspelt key that is silently ignored",
)
UNIQUE = Rule(
    code="decision/rule-set-unique",
    clause="docs/decisions/0012-decisions.md",
    requires=Text(
        ja="規則の識別子は、規則集の中で重複してはなりません。",
        en="Each rule of a rule set has an identifier of its own.",
    ),
    stops="a reason that could mean two rules",
)
COVERAGE = Rule(
    code="decision/rule-set-coverage",
    clause="docs/decisions/0012-decisions.md",
    requires=Text(
        ja="規則集の各操作には規則が必要であり、規則は規則集にある操作だけを対象とします。",
        en="Each operation of a rule set has rules, and rules name operations of the set only.",
    ),
    stops="an operation that is served because nothing was said about it",
)
OUTAGE = Rule(
    code="decision/rule-set-outage",
    clause="docs/decisions/0012-decisions.md",
    requires=Text(
        ja="信頼情報の期限切れと提供元サービスの停止について、操作ごとの扱いを定める必要があります。",
        en="For each operation it is stated what happens with stale trust and without a vendor.",
    ),
    stops="an outage that decides by accident",
)
AMOUNT = Rule(
    code="decision/rule-set-amount",
    clause="docs/decisions/0012-decisions.md",
    requires=Text(
        ja="金額による制限は、金額のある操作にだけ定められます。",
        en="Only operations that are about an amount can be limited to one.",
    ),
    stops="a limit that limits nothing",
)


class Method(StrEnum):
    """What a customer may be asked for in addition, and what is known to have succeeded."""

    PASSKEY = "passkey"
    PIN = "pin"
    """Judged by the server."""
    TERMINAL_PIN = "terminal-pin"
    """Judged by an app, a trusted application or an applet."""
    BIOMETRIC = "biometric"
    DEVICE_CREDENTIAL = "device-credential"
    """Pattern, PIN or password of the screen lock."""
    CONFIRMATION = "transaction-confirmation"
    IDENTITY_CARD = "identity-card"
    CALL_BACK = "call-back"


class Consequence(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Where a rule does not hold: exactly one of these."""

    refuse: bool = False
    step_up: tuple[Method, ...] = ()
    limit: Amount | None = None


class Refused(Struct, frozen=True, forbid_unknown_fields=True, tag_field="then", tag="refuse"):
    """In this outage the operation is refused."""


class Limited(Struct, frozen=True, forbid_unknown_fields=True, tag_field="then", tag="limit"):
    """In this outage it is served up to an amount, without the facts that the outage hides."""

    amount: Amount


class Recent(Struct, frozen=True, forbid_unknown_fields=True, tag_field="then", tag="recent"):
    """In this outage it is served where the same was served at most this long ago."""

    seconds: Seconds


Fallback = Refused | Limited | Recent


class Outages(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to an operation in each outage."""

    trust_stale: Fallback | None = None
    vendor_down: Fallback | None = None


class RuleText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sentence in both languages."""

    ja: Sentence
    en: Sentence


class RuleEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule as written."""

    id: Name
    operations: tuple[Operation, ...]
    holds: str
    otherwise: Consequence
    customer: RuleText
    """What you can do."""
    analyst: RuleText
    """What it means."""


class RuleSetEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule set as written."""

    id: Name
    currency: Currency
    operations: dict[Operation, Outages]
    rules: tuple[RuleEntry, ...]


class DecisionRule:
    """One rule, compiled."""

    __slots__ = ("analyst", "changes", "condition", "consequence", "customer", "id")

    def __init__(self, entry: RuleEntry) -> None:
        """Compile `entry`; raises Misuse where its condition is none."""
        self.id = entry.id
        self.condition = Condition(entry.holds)
        self.changes = ChangeTable(self.condition)
        self.consequence = entry.otherwise
        self.customer = Text(ja=entry.customer.ja, en=entry.customer.en)
        self.analyst = Text(ja=entry.analyst.ja, en=entry.analyst.en)


class OperationRules:
    """What one operation must meet."""

    __slots__ = ("conditions", "rules", "trust_stale", "vendor_down")

    def __init__(self, rules: Iterable[DecisionRule], outages: Outages) -> None:
        """Both outages are stated, or Misuse is raised."""
        if outages.trust_stale is None or outages.vendor_down is None:
            raise Misuse(OUTAGE, "trust_stale and vendor_down")
        self.rules = tuple(rules)
        self.conditions = ConditionSet([rule.condition for rule in self.rules])
        self.trust_stale: Fallback = outages.trust_stale
        self.vendor_down: Fallback = outages.vendor_down


class RuleSet:
    """A rule set that can decide; made by `load_rules` only."""

    __slots__ = ("currency", "digest", "entry", "id", "operations", "rules")

    def __init__(self, entry: RuleSetEntry) -> None:
        """Check and compile `entry`; raises Misuse."""
        _check(entry)
        self.entry = entry
        self.id = entry.id
        self.currency = entry.currency
        self.digest = hashlib.sha256(canonical_form(entry)).hexdigest()
        self.rules = tuple(DecisionRule(rule) for rule in entry.rules)
        self.operations = {
            operation: OperationRules(
                (
                    rule
                    for rule, written in zip(self.rules, entry.rules, strict=True)
                    if operation in written.operations
                ),
                outages,
            )
            for operation, outages in entry.operations.items()
        }


def load_rules(data: bytes) -> RuleSet:
    """Read, check and compile a rule set.

    Args:
        data: TOML in UTF-8; its keys are those of `RuleSetEntry`.

    Raises:
        Misuse: Whatever is wrong with it, by the rules of this room.
    """
    try:
        entry = msgspec.convert(toml.decode(data, max_bytes=MAX_BYTES), RuleSetEntry)
    except MalformedEvidence as error:
        raise Misuse(FORM, error.detail) from error
    except msgspec.ValidationError as error:
        raise Misuse(FORM, f"{type(error).__name__}: {error}"[:500]) from error
    return RuleSet(entry)


def canonical_form(entry: RuleSetEntry) -> bytes:
    """What the digest is taken over: the meaning, without layout, comments and order of rules."""
    ordered = msgspec.structs.replace(
        entry,
        rules=tuple(
            msgspec.structs.replace(rule, operations=tuple(sorted(rule.operations)))
            for rule in sorted(entry.rules, key=lambda each: each.id)
        ),
    )
    return b"warifu rule set 1\n" + msgspec.json.encode(ordered, order="deterministic")


def _check(entry: RuleSetEntry) -> None:
    if len(entry.rules) > MAX_RULES:
        raise Misuse(FORM, f"more than {MAX_RULES} rules")
    ids = [rule.id for rule in entry.rules]
    if len(set(ids)) != len(ids):
        raise Misuse(UNIQUE, ", ".join(sorted({each for each in ids if ids.count(each) > 1})))
    counts = dict.fromkeys(entry.operations, 0)
    for rule in entry.rules:
        _check_consequence(rule)
        if not rule.operations or len(set(rule.operations)) != len(rule.operations):
            raise Misuse(COVERAGE, f"{rule.id}: operations are none, or repeated")
        for operation in rule.operations:
            if operation not in counts:
                raise Misuse(COVERAGE, f"{rule.id}: {operation} is not in the rule set")
            counts[operation] += 1
    for operation, outages in entry.operations.items():
        if not 0 < counts[operation] <= MAX_RULES_PER_OPERATION:
            raise Misuse(COVERAGE, f"{operation} has {counts[operation]} rules")
        stated = (outages.trust_stale, outages.vendor_down)
        if operation not in WITH_AMOUNT and any(isinstance(each, Limited) for each in stated):
            raise Misuse(AMOUNT, f"outage of {operation}")


def _check_consequence(rule: RuleEntry) -> None:
    then = rule.otherwise
    if (then.refuse, bool(then.step_up), then.limit is not None).count(True) != 1:
        raise Misuse(FORM, f"{rule.id}: exactly one of refuse, step_up and limit")
    if then.limit is not None and not WITH_AMOUNT.issuperset(rule.operations):
        raise Misuse(AMOUNT, rule.id)
