"""Appraisals as the service makes, keeps and shows them."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from warifu.attestation.appraisal.appraise import appraise
from warifu.attestation.appraisal.result import AttestationResult, Basis
from warifu.attestation.appraisal.vector import Tier
from warifu.attestation.claims import Claims, Format
from warifu.base.errors import StaleTrust, VerifierFault
from warifu.risk.decision.adapter import facts_from
from warifu.risk.decision.facts import (
    Facts,
    Operation,
    OperationFacts,
)
from warifu.service.conduct.evidence.kept_appraisals import (
    AppraisalDocument,
    ProvedFacts,
    write_appraisal,
)
from warifu.service.store.appraisals import AppraisalRow

if TYPE_CHECKING:
    from warifu.attestation.appraisal.policy import AppraisalPolicy
    from warifu.attestation.trust.view import TrustView
    from warifu.base.errors import BadEvidence

AGE = "evidence.age"
"""The requirement that a registration is not held to: it was made long ago, and must be."""


class Appraised(Struct, frozen=True, kw_only=True):
    """One appraisal, made and not yet kept."""

    id: str
    evidence: str
    app: str
    device: str | None
    trust: str
    result: AttestationResult
    facts: ProvedFacts
    standing: str | None = None

    def row(self, *, context: bytes | None, used_by: str | None) -> AppraisalRow:
        """As it is stored.

        Args:
            context: What it may be used for; None where it may not be used for a decision.
            used_by: The decision it was made for.
        """
        result = self.result
        return AppraisalRow(
            id=self.id,
            evidence=self.evidence,
            app=self.app,
            device=self.device,
            policy=result.policy_digest,
            trust=self.trust,
            known_at=result.known_at,
            appraised_at=result.issued_at,
            basis=result.basis,
            status=Tier(result.status).label,
            context=context,
            used_by=used_by,
            document=write_appraisal(
                AppraisalDocument(result=result, facts=self.facts, standing=self.standing)
            ),
        )


class AgainstIt(Struct, frozen=True, kw_only=True):
    """A requirement that does not hold, or of which it is not known whether it does."""

    requirement: str
    severity: str
    known: bool
    """Whether it is known not to hold."""
    ja: str
    en: str


class AppraisalAnswer(Struct, frozen=True, kw_only=True):
    """An appraisal, in short."""

    id: str
    evidence: str
    basis: Basis
    status: dict[str, str]
    """Of device, app and key: ``affirming``, ``warning``, ``contraindicated`` or ``none``."""
    policy: str
    policy_digest: str
    known_at: datetime
    appraised_at: datetime
    against: tuple[AgainstIt, ...]
    standing: str | None
    """Of an assertion: the appraisal of its registration, which counts as well."""


def answered(appraised: Appraised) -> AppraisalAnswer:
    """An appraisal as it is told."""
    return told(
        appraised.id,
        appraised.evidence,
        AppraisalDocument(
            result=appraised.result, facts=appraised.facts, standing=appraised.standing
        ),
    )


def told(appraisal: str, evidence: str, document: AppraisalDocument) -> AppraisalAnswer:
    """A kept appraisal as it is told."""
    result = document.result
    return AppraisalAnswer(
        id=appraisal,
        evidence=evidence,
        basis=result.basis,
        status={name: Tier(part.status).label for name, part in result.submodules.items()},
        policy=result.policy_id,
        policy_digest=result.policy_digest,
        known_at=result.known_at,
        appraised_at=result.issued_at,
        against=tuple(
            AgainstIt(
                requirement=finding.requirement,
                severity=finding.severity,
                known=finding.holds is False,
                ja=finding.reason.ja,
                en=finding.reason.en,
            )
            for finding in result.findings()
            if finding.stands_against
        ),
        standing=document.standing,
    )


def judge(
    outcome: Claims | BadEvidence | VerifierFault,
    *,
    policy: AppraisalPolicy,
    trust: TrustView,
    now: datetime,
    evidence_format: Format | None,
    made_at: datetime | None,
) -> tuple[AttestationResult, ProvedFacts]:
    """Appraise what verification came to, and take the facts out of it."""
    result = appraise(
        outcome,
        policy=policy,
        trust=trust,
        now=now,
        evidence_format=evidence_format,
        made_at=made_at,
    )
    facts = facts_from(
        result,
        operation=_ANY,
        claims=outcome if isinstance(outcome, Claims) else None,
        fault=outcome if isinstance(outcome, VerifierFault) else None,
        vendor_down=False,
    )
    return result, proved(facts)


def proved(facts: Facts) -> ProvedFacts:
    """The part of facts that evidence establishes."""
    return ProvedFacts(
        evidence=facts.evidence,
        device=facts.device,
        app=facts.app,
        key=facts.key,
        service=facts.service,
    )


def for_registrations(policy: AppraisalPolicy) -> AppraisalPolicy:
    """The policy without what it asks of the age of evidence, which the assertion answers for."""
    return msgspec.structs.replace(
        policy,
        plan={
            kind: tuple(asked for asked in plan if asked[0].id != AGE)
            for kind, plan in policy.plan.items()
        },
    )


def trust_digest(trust: TrustView) -> str:
    """What appraisals under this trust have in common: the snapshots, and which are stale."""
    return _trust_digest(tuple(sorted(trust.snapshots.items())), _stale(trust))


@lru_cache(maxsize=64)
def _trust_digest(snapshots: tuple[tuple[str, str], ...], stale: tuple[str, ...]) -> str:
    stated = [*snapshots, ("stale", stale)]
    return sha256(msgspec.json.encode(stated)).hexdigest()


def _stale(trust: TrustView) -> tuple[str, ...]:
    found = []
    for name, part in (("android-revocation", trust.revocation), ("fido-metadata", trust.metadata)):
        try:
            if part is not None:
                part.require_fresh(trust.known_at)
        except StaleTrust:
            found.append(name)
    return tuple(found)


_ANY = OperationFacts(kind=Operation.LOGIN)
"""Evidence says nothing about the operation: the request does."""
