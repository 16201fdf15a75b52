"""What is asked of a decision, what is answered, and what is kept of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct
from msgspec.structs import asdict

from warifu.attestation.claims import Format
from warifu.attestation.verdict import Outcome
from warifu.base.rule import Text
from warifu.risk.decision.changes import Way
from warifu.risk.decision.decide import Kind, Limit, Refuse, Serve, StepUp
from warifu.risk.decision.facts import (
    NEVER,
    AccountFacts,
    BindingFacts,
    Facts,
    Operation,
    UserFacts,
)
from warifu.risk.decision.rules import Method
from warifu.risk.threat.assurance import Derivation
from warifu.risk.threat.powers import Power
from warifu.service.conduct.challenges.asking import MAX_AMOUNT, Asked, Currency, RecordId
from warifu.service.conduct.evidence.appraisal import AppraisalAnswer
from warifu.service.conduct.evidence.expectations import SubmittedEvidence

if TYPE_CHECKING:
    from warifu.risk.decision.decide import Decision, Reason
    from warifu.risk.decision.decide import Outcome as Decided

MAX_POWERS = 64

Seconds = Annotated[int, Meta(ge=0, le=NEVER)]


class UserKnown(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is there, as the bank knows it. What is left out is not known, and refuses."""

    verified: bool | None = None
    """User authentication succeeded in this session."""
    verified_seconds: Seconds | None = None
    """Since then."""
    methods: Annotated[tuple[Method, ...], Meta(max_length=len(Method))] | None = None
    """What succeeded."""
    confirmed: bool | None = None
    """The user signed an OK to exactly this transaction as it was shown."""

    def facts(self) -> UserFacts:
        """As rules read it."""
        never = self.verified is False and self.verified_seconds is None
        return UserFacts(
            verified=self.verified,
            verified_seconds=NEVER if never else self.verified_seconds,
            methods=None if self.methods is None else tuple(each.value for each in self.methods),
            confirmed=self.confirmed,
        )


class BindingKnown(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether user, device key and app belong together, as the bank knows it."""

    bound: bool | None = None
    """This device is bound to this user, and not suspended."""
    age_seconds: Seconds | None = None

    def facts(self) -> BindingFacts:
        """As rules read it."""
        return BindingFacts(bound=self.bound, age_seconds=self.age_seconds)


class AccountKnown(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account, as the bank knows it."""

    limit_left: Annotated[int, Meta(ge=0, le=MAX_AMOUNT)] | None = None
    """What may still be moved today, in minor units."""
    recovering: bool | None = None
    """Within the cooling-off time after recovery or a change of device."""

    def facts(self) -> AccountFacts:
        """As rules read it."""
        return AccountFacts(limit_left=self.limit_left, recovering=self.recovering)


class BankKnown(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What only the bank knows."""

    user: UserKnown = UserKnown()
    binding: BindingKnown = BindingKnown()
    account: AccountKnown = AccountKnown()
    vendor_down: bool = False
    """A platform vendor's service that this very evidence needs does not answer the app."""
    powers: Annotated[tuple[Power, ...], Meta(max_length=MAX_POWERS)] | None = None
    """What the bank itself found that an attacker can do on this device; null where it did not
    look. Advisories that are in force add theirs."""


class DecisionRequest(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked, what it rests on, and what only the bank knows.

    It rests on `evidence` with its `challenge`, or on an earlier `appraisal`, or on neither; then
    the rules refuse whatever needs evidence.
    """

    challenge: RecordId | None = None
    evidence: SubmittedEvidence | None = None
    appraisal: RecordId | None = None
    """From evidence submitted before, for the same operation; it is used once."""
    bank: BankKnown = BankKnown()


class Money(Struct, frozen=True, kw_only=True):
    """An amount in minor units."""

    amount: int
    currency: Currency


class ReasonAnswer(Struct, frozen=True, kw_only=True):
    """One thing that stands in the way, or that was passed over."""

    code: str
    kind: Kind
    customer: Text
    """What the customer can do; may be shown."""
    analyst: Text
    """What it means; for the bank's own people."""
    rule: str | None
    """The rule that could not be answered, where `code` is not the rule itself."""
    facts: tuple[str, ...]
    """Facts that are not known, or wrong."""
    ways: tuple[Way, ...]
    """What would have to change for the rule to hold: any one of these, all of its parts."""
    passed_over: str | None
    """The exemption or outage statement that keeps it from counting."""
    derivations: tuple[Derivation, ...] = ()
    """Why goals that the rule asks for do not hold on this device: the attack on each, move by
    move."""


class EvidenceTold(Struct, frozen=True, kw_only=True):
    """The evidence a decision rests on."""

    id: str
    format: Format
    verdict: Outcome
    code: str | None
    """Why it proved nothing."""


class DecisionAnswer(Struct, frozen=True, kw_only=True):
    """A decision. It is for now: no decision is a ticket for later."""

    id: str
    app: str
    operation: Operation
    outcome: str
    """``serve``, ``step-up``, ``limit`` or ``refuse``."""
    methods: tuple[Method, ...]
    """What must succeed first, all of it; then ask for a decision again."""
    limit: Money | None
    """Not this amount, but up to this one."""
    reasons: tuple[ReasonAnswer, ...]
    rule_set: str | None
    rule_set_digest: str | None
    device: str | None
    evidence: EvidenceTold | None
    appraisal: AppraisalAnswer | None
    decided_at: datetime


class Shadow(Struct, frozen=True, kw_only=True):
    """What a rule set that is only observed would have decided."""

    rule_set_digest: str
    outcome: str
    methods: tuple[Method, ...]
    limit: Money | None
    codes: tuple[str, ...]
    """Of the reasons that counted."""


class DecisionDocument(DecisionAnswer, frozen=True, kw_only=True):
    """A decision with everything needed to account for it, and to decide again in a dry run."""

    facts: Facts
    shadows: tuple[Shadow, ...]
    challenge: str | None
    advisories: str | None = None
    """Digest of the advisories that were in force."""
    measures: str | None = None
    """Digest of what the bank had stated of itself."""


def outcome_of(decision: Decision) -> tuple[str, tuple[Method, ...], Money | None]:
    """The outcome's name, methods and limit."""
    outcome = decision.outcome
    name = str(outcome.__struct_config__.tag)
    if isinstance(outcome, Limit):
        return name, outcome.methods, Money(amount=outcome.amount, currency=outcome.currency)
    return name, outcome.methods if isinstance(outcome, StepUp) else (), None


def outcome_from(name: str, methods: tuple[Method, ...], limit: Money | None) -> Decided:
    """The outcome again, from what `outcome_of` made of it."""
    if limit is not None:
        return Limit(limit.amount, limit.currency, methods)
    if methods:
        return StepUp(methods)
    return Serve() if name == Serve.__struct_config__.tag else Refuse()


def shadow_of(decision: Decision) -> Shadow:
    """As it is recorded."""
    name, methods, limit = outcome_of(decision)
    return Shadow(
        rule_set_digest=decision.rule_set_digest,
        outcome=name,
        methods=methods,
        limit=limit,
        codes=tuple(each.code for each in decision.reasons if each.passed_over is None),
    )


def reason_of(reason: Reason) -> ReasonAnswer:
    """As it is told."""
    return ReasonAnswer(
        code=reason.code,
        kind=reason.kind,
        customer=reason.customer,
        analyst=reason.analyst,
        rule=reason.rule,
        facts=reason.facts,
        ways=reason.ways,
        passed_over=reason.passed_over,
        derivations=reason.derivations,
    )


def document_of(
    answer: DecisionAnswer,
    *,
    facts: Facts,
    shadows: tuple[Shadow, ...],
    challenge: str | None,
    advisories: str | None,
    measures: str | None,
) -> DecisionDocument:
    """As it is kept; `advisories` and `measures` are digests of what was in force."""
    return DecisionDocument(
        **asdict(answer),
        facts=facts,
        shadows=shadows,
        challenge=challenge,
        advisories=advisories,
        measures=measures,
    )
