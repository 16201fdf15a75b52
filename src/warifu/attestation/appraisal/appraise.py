"""Judging proved claims by a policy: pure, and the same for every evidence format.

A requirement that holds affirms its entry of the vector; one that fails lowers it as severely as
the policy says; one that cannot be told leaves the entry without a claim and keeps its submodule
from affirming. Only where nothing at all was proved does an error speak, for all entries alike.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from warifu.attestation.appraisal import rules
from warifu.attestation.appraisal.checks.case import Answer, Case, unknown
from warifu.attestation.appraisal.requirement import KINDS
from warifu.attestation.appraisal.result import (
    AttestationResult,
    Basis,
    Finding,
    Severity,
    Submodule,
    SubmoduleResult,
)
from warifu.attestation.appraisal.vector import (
    EVIDENCE_BROKEN,
    VERIFIER_BROKEN,
    Tier,
    least_trusted,
    tier_of,
    uniform,
    vector_of,
)
from warifu.attestation.claims import Claims, Format
from warifu.attestation.examination import AWARE_TIME
from warifu.attestation.rule_book import proofs_of
from warifu.base.codec.text import without_numbers
from warifu.base.errors import BadEvidence, Misuse, VerifierFault

if TYPE_CHECKING:
    from warifu.attestation.appraisal.policy import AppraisalPolicy
    from warifu.attestation.appraisal.requirement import Requirement
    from warifu.attestation.appraisal.vector import Entry
    from warifu.attestation.trust.view import TrustView


def appraise(
    outcome: Claims | BadEvidence | VerifierFault,
    *,
    policy: AppraisalPolicy,
    trust: TrustView,
    now: datetime,
    evidence_format: Format | None = None,
    made_at: datetime | None = None,
) -> AttestationResult:
    """Judge what verification came to.

    Args:
        outcome: The claims proved, or the error that was raised in their place.
        policy: From `load_policy`.
        trust: What is believed now. Claims proved under older trust are judged again by this one:
            a key that was revoked since, a model that fell since.
        now: The time of the appraisal, with a UTC offset.
        evidence_format: The format, for an outcome without claims.
        made_at: The time judged for, for an outcome without claims.

    Raises:
        Misuse: ``usage/aware-time``, ``appraisal/device-evidence``, ``appraisal/same-realm``.
    """
    if now.tzinfo is None:
        raise Misuse(AWARE_TIME, "now")
    if isinstance(outcome, Claims):
        if outcome.realm is not trust.realm:
            raise Misuse(rules.SAME_REALM, f"{outcome.realm}, {trust.realm}")
        evidence_format, made_at = outcome.format, outcome.at
        basis, submodules = Basis.CLAIMS, _judge(outcome, policy, trust, now)
    else:
        basis, submodules = _broken(outcome)
    return AttestationResult(
        basis=basis,
        format=evidence_format,
        issued_at=now.astimezone(UTC),
        evidence_made_at=made_at,
        known_at=trust.known_at,
        policy_id=policy.id,
        policy_digest=policy.digest,
        realm=trust.realm,
        submodules=submodules,
        relaxations=policy.relaxations,
    )


def _broken(
    error: BadEvidence | VerifierFault,
) -> tuple[Basis, dict[str, SubmoduleResult]]:
    """All entries of all submodules: the device's fault or ours, never some of each."""
    by_device = isinstance(error, BadEvidence)
    finding = Finding(
        requirement=error.code,
        holds=False if by_device else None,
        severity=Severity.REFUSE,
        # An error's detail is the operator's; an appraisal travels, and names no certificate.
        seen=without_numbers(error.detail),
        reason=error.public,
    )
    basis, value = (
        (Basis.BAD_EVIDENCE, EVIDENCE_BROKEN)
        if by_device
        else (Basis.VERIFIER_FAULT, VERIFIER_BROKEN)
    )
    result = SubmoduleResult(vector=uniform(value), status=tier_of(value), findings=(finding,))
    return basis, {submodule.value: result for submodule in Submodule}


def _judge(
    claims: Claims, policy: AppraisalPolicy, trust: TrustView, now: datetime
) -> dict[str, SubmoduleResult]:
    kind = str(claims.detail.__struct_config__.tag)
    if kind not in KINDS:
        raise Misuse(rules.DEVICE_EVIDENCE, claims.format)
    case = Case(claims=claims, settings=policy.settings, trust=trust, now=now, kind=kind)
    asked: dict[str, list[tuple[Requirement, Finding]]] = {each: [] for each in _SUBMODULES}
    for requirement, severity in policy.plan[kind]:
        answer = requirement.check(case)
        if answer is None:
            continue
        if claims.unchecked:
            answer = _as_proved(answer, requirement, case)
        finding = Finding(
            requirement=requirement.id,
            holds=answer.holds,
            severity=severity,
            seen=answer.seen,
            reason=requirement.reason,
        )
        for submodule in requirement.submodules:
            asked[submodule].append((requirement, finding))
    return {submodule: _submodule(found) for submodule, found in asked.items()}


def _as_proved(answer: Answer, requirement: Requirement, case: Case) -> Answer:
    """A fact whose proof was left open is shown by verifiers, and is no fact here."""
    tolerated = case.settings.evidence.tolerated_gaps
    left = {gap.rule for gap in case.claims.unchecked} - tolerated
    proofs = proofs_of(case.claims.format)
    for fact in requirement.facts:
        for rule in proofs.get(fact, ()):
            if rule.code in left:
                return unknown(f"{rule.code} was not checked")
    return answer


def _submodule(asked: list[tuple[Requirement, Finding]]) -> SubmoduleResult:
    """Of each entry, the worst that failed; good only where all that was asked holds."""
    affirmed: dict[Entry, int] = {}
    failed: dict[Entry, int] = {}
    doubted: set[Entry] = set()
    is_open = False
    for requirement, finding in asked:
        entry = requirement.entry
        if finding.holds:
            affirmed[entry] = max(affirmed.get(entry, 0), requirement.affirms_as or 0)
            continue
        doubted.add(entry)
        if finding.holds is None:
            is_open = is_open or finding.stands_against
        elif finding.severity is not Severity.NOTE:
            refuses = finding.severity is Severity.REFUSE
            lowered = requirement.refuses_as if refuses else requirement.warns_as
            failed[entry] = max(failed.get(entry, 0), lowered)
    claims = {entry: good for entry, good in affirmed.items() if good and entry not in doubted}
    claims |= failed
    tiers = [tier_of(claim) for claim in claims.values()]
    if is_open:
        # What was asked for and is not known: the rest may be good, the whole is not affirmed.
        tiers.append(Tier.NONE)
    return SubmoduleResult(
        vector=vector_of(claims),
        status=least_trusted(tiers),
        findings=tuple([finding for _, finding in asked]),
    )


_SUBMODULES = tuple(each.value for each in Submodule)
