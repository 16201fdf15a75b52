"""The form in which appraisals are kept: each finding once, and no sentence that a table has.

Most requirements bear on several submodules, and their sentences are the longest part of what is
shown. Form 2 keeps a list of findings, to which the submodules point, and takes the sentences from
the requirements when it is read. Form 1 was the appraisal as it is shown; it can still be read.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from warifu.attestation.appraisal.requirements import REQUIREMENTS
from warifu.attestation.appraisal.result import (
    AttestationResult,
    Basis,
    Finding,
    Relaxation,
    Severity,
    SubmoduleResult,
)
from warifu.attestation.appraisal.vector import Tier, TrustVector
from warifu.attestation.claims import Format, Realm
from warifu.base.rule import Text
from warifu.risk.decision.facts import (
    AppFacts,
    DeviceFacts,
    EvidenceFacts,
    Facts,
    KeyFacts,
    OperationFacts,
    ServiceFacts,
)


class ProvedFacts(Struct, frozen=True, kw_only=True):
    """The facts that evidence establishes, without what the bank adds."""

    evidence: EvidenceFacts = EvidenceFacts()
    device: DeviceFacts = DeviceFacts()
    app: AppFacts = AppFacts()
    key: KeyFacts = KeyFacts()
    service: ServiceFacts = ServiceFacts()

    def of(self, operation: OperationFacts) -> Facts:
        """As facts of a request."""
        return Facts(
            operation=operation,
            evidence=self.evidence,
            device=self.device,
            app=self.app,
            key=self.key,
            service=self.service,
        )


class AppraisalDocument(Struct, frozen=True, kw_only=True):
    """What is kept of an appraisal."""

    result: AttestationResult
    facts: ProvedFacts
    """Of an assertion, joined with its registration's."""
    standing: str | None = None
    """Of an assertion: the appraisal of its registration."""


class _Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    requirement: str
    seen: str
    holds: bool | None = True
    severity: Severity = Severity.REFUSE
    reason: Text | None = None
    """Where it is another than the requirement's."""


class _Submodule(Struct, frozen=True, kw_only=True):
    vector: TrustVector
    status: Tier
    findings: tuple[Annotated[int, Meta(ge=0)], ...]
    """Places in the list of findings."""


class _Result(Struct, frozen=True, kw_only=True):
    """As `AttestationResult`, but for findings and submodules."""

    basis: Basis
    format: Format | None
    issued_at: datetime
    evidence_made_at: datetime | None
    known_at: datetime
    policy_id: str
    policy_digest: str
    realm: Realm
    findings: tuple[_Finding, ...]
    submodules: dict[str, _Submodule]
    relaxations: tuple[Relaxation, ...]


class _Second(Struct, frozen=True, kw_only=True):
    """Form 2."""

    form: Literal[2] = 2
    result: _Result
    facts: ProvedFacts
    standing: str | None


class _Form(Struct, frozen=True):
    form: int = 1


def write_appraisal(document: AppraisalDocument) -> bytes:
    """As it is stored."""
    result = document.result
    places: dict[str, int] = {}
    findings: list[_Finding] = []
    submodules = {}
    for name, part in result.submodules.items():
        pointed = []
        for finding in part.findings:
            place = places.get(finding.requirement)
            if place is None:
                place = places[finding.requirement] = len(findings)
                findings.append(_shortened(finding))
            pointed.append(place)
        submodules[name] = _Submodule(
            vector=part.vector, status=part.status, findings=tuple(pointed)
        )
    kept = _Result(
        basis=result.basis,
        format=result.format,
        issued_at=result.issued_at,
        evidence_made_at=result.evidence_made_at,
        known_at=result.known_at,
        policy_id=result.policy_id,
        policy_digest=result.policy_digest,
        realm=result.realm,
        findings=tuple(findings),
        submodules=submodules,
        relaxations=result.relaxations,
    )
    return msgspec.json.encode(
        _Second(result=kept, facts=document.facts, standing=document.standing)
    )


def read_appraisal(stored: bytes) -> AppraisalDocument:
    """From what is stored, in whatever form.

    Raises:
        msgspec.MsgspecError: It is not what was stored.
    """
    if _FORM.decode(stored).form == 1:
        return _FIRST.decode(stored)
    kept = _SECOND.decode(stored)
    return AppraisalDocument(result=_result(kept.result), facts=kept.facts, standing=kept.standing)


def _result(kept: _Result) -> AttestationResult:
    findings = [_whole(each) for each in kept.findings]
    if any(place >= len(findings) for part in kept.submodules.values() for place in part.findings):
        raise msgspec.ValidationError("a finding that is not there")
    return AttestationResult(
        basis=kept.basis,
        format=kept.format,
        issued_at=kept.issued_at,
        evidence_made_at=kept.evidence_made_at,
        known_at=kept.known_at,
        policy_id=kept.policy_id,
        policy_digest=kept.policy_digest,
        realm=kept.realm,
        submodules={
            name: SubmoduleResult(
                vector=part.vector,
                status=part.status,
                findings=tuple(findings[place] for place in part.findings),
            )
            for name, part in kept.submodules.items()
        },
        relaxations=kept.relaxations,
    )


def _shortened(finding: Finding) -> _Finding:
    known = REQUIREMENTS.get(finding.requirement)
    return _Finding(
        requirement=finding.requirement,
        seen=finding.seen,
        holds=finding.holds,
        severity=finding.severity,
        reason=None if known is not None and known.reason is finding.reason else finding.reason,
    )


def _whole(kept: _Finding) -> Finding:
    reason = kept.reason
    if reason is None:
        known = REQUIREMENTS.get(kept.requirement)
        # A requirement of another version has no sentence here: its name has to do.
        reason = known.reason if known else Text(ja=kept.requirement, en=kept.requirement)
    return Finding(
        requirement=kept.requirement,
        holds=kept.holds,
        severity=kept.severity,
        seen=kept.seen,
        reason=reason,
    )


_FORM = msgspec.json.Decoder(_Form)
_FIRST = msgspec.json.Decoder(AppraisalDocument)
_SECOND = msgspec.json.Decoder(_Second)
