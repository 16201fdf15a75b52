"""Kept appraisals as they are fetched and listed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from warifu.attestation.appraisal.result import Relaxation, SubmoduleResult
from warifu.attestation.appraisal.vector import TrustVector
from warifu.base.errors import Misuse, VerifierFault
from warifu.service.conduct.evidence.kept_appraisals import read_appraisal
from warifu.service.conduct.rules import KNOWN
from warifu.service.store import reappraisal as store
from warifu.service.store.database import moment
from warifu.service.vault.rules import OPENS

if TYPE_CHECKING:
    from warifu.service.conduct.evidence.kept_appraisals import AppraisalDocument
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Row


class FindingSeen(Struct, frozen=True, kw_only=True):
    """One requirement and how it came out."""

    requirement: str
    holds: bool | None
    """Null where neither the evidence nor our trust tells."""
    severity: str
    """What the policy makes of it where it does not hold."""
    seen: str
    ja: str
    en: str


class SubmoduleSeen(Struct, frozen=True, kw_only=True):
    """What may be believed of the device, the app or the key."""

    status: str
    """``affirming``, ``warning``, ``contraindicated`` or ``none``."""
    vector: TrustVector
    """AR4SI claims; those that are missing are not made."""
    findings: tuple[FindingSeen, ...]


class AppraisalSummary(Struct, frozen=True, kw_only=True):
    """One appraisal in a list."""

    id: str
    evidence: str
    app: str
    device: str | None
    policy_digest: str
    trust_digest: str
    """Which snapshots were believed, and which of them were stale."""
    known_at: datetime
    appraised_at: datetime
    basis: str
    status: str
    """The least trusted of its submodules."""


class AppraisalSeen(Struct, frozen=True, kw_only=True):
    """An appraisal with all findings."""

    appraisal: AppraisalSummary
    format: str | None
    realm: str
    policy: str
    made_at: datetime | None
    """The time the evidence was judged for."""
    submodules: dict[str, SubmoduleSeen]
    relaxations: tuple[Relaxation, ...]
    """Where the policy asks for less than the strict defaults."""
    standing: str | None
    """Of an assertion: the appraisal of its registration, which counted as well."""


def see_appraisal(work: Work, appraisal: str) -> AppraisalSeen:
    """One appraisal.

    Raises:
        Misuse: ``request/known``.
    """
    with work.house.database.read() as transaction:
        row = store.appraisal_row(transaction, tenant=work.tenant, appraisal=appraisal)
    if row is None:
        raise Misuse(KNOWN, "appraisal")
    document = read_document(row[-1])
    result = document.result
    return AppraisalSeen(
        appraisal=_summary(row[:-1]),
        format=result.format,
        realm=result.realm,
        policy=result.policy_id,
        made_at=result.evidence_made_at,
        submodules={name: _submodule(part) for name, part in result.submodules.items()},
        relaxations=result.relaxations,
        standing=document.standing,
    )


def list_appraisals(
    work: Work, wanted: store.AppraisalFilter, *, after: str | None, limit: int
) -> list[AppraisalSummary]:
    """Appraisals, newest first; at most `limit`."""
    with work.house.database.read() as transaction:
        rows = store.appraisals_page(
            transaction, tenant=work.tenant, wanted=wanted, after=after, limit=limit
        )
    return [_summary(row) for row in rows]


def read_document(document: bytes) -> AppraisalDocument:
    """From what is stored.

    Raises:
        VerifierFault: ``vault/opens`` where it is not what was stored.
    """
    try:
        return read_appraisal(document)
    except msgspec.MsgspecError as error:
        raise VerifierFault(OPENS, str(error)[:200]) from error


def _submodule(part: SubmoduleResult) -> SubmoduleSeen:
    return SubmoduleSeen(
        status=part.status.label,
        vector=part.vector,
        findings=tuple(
            FindingSeen(
                requirement=finding.requirement,
                holds=finding.holds,
                severity=finding.severity,
                seen=finding.seen,
                ja=finding.reason.ja,
                en=finding.reason.en,
            )
            for finding in part.findings
        ),
    )


def _summary(row: Row) -> AppraisalSummary:
    named: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    named |= {name: moment(named[name]) for name in ("known_at", "appraised_at")}
    return AppraisalSummary(**named)


_COLUMNS = (
    "id",
    "evidence",
    "app",
    "device",
    "policy_digest",
    "trust_digest",
    "known_at",
    "appraised_at",
    "basis",
    "status",
)
