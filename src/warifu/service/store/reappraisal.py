"""Appraisals to look at, and evidence to be judged again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.store.database import Statement
from warifu.service.store.pages import matching, newest_first

if TYPE_CHECKING:
    from warifu.base.rule import Rule
    from warifu.service.store.database import Row, Transaction, Value

_SHOWN = (
    "a.id, a.evidence, a.app, a.device, a.policy, a.trust, a.known_at, a.appraised_at, a.basis,"
    " a.status"
)


class AppraisalFilter(Struct, frozen=True, kw_only=True):
    """Which appraisals; None leaves it open."""

    app: str | None = None
    device: str | None = None
    evidence: str | None = None
    status: str | None = None


class EvidenceFilter(Struct, frozen=True, kw_only=True):
    """Which evidence is to be judged again; None leaves it open."""

    app: str | None = None
    device: str | None = None
    model: str | None = None
    format: str | None = None
    id: str | None = None


def appraisals_page(
    transaction: Transaction,
    *,
    tenant: str,
    wanted: AppraisalFilter,
    after: str | None,
    limit: int,
) -> list[Row]:
    """Appraisals without their documents, newest first, from below `after`."""
    given = {
        "app": wanted.app,
        "device": wanted.device,
        "evidence": wanted.evidence,
        "status": wanted.status,
    }
    return newest_first(
        transaction,
        f"SELECT {_SHOWN} FROM appraisals a WHERE a.tenant = :tenant",  # noqa: S608 - names of ours
        tenant=tenant,
        given=given,
        table="a.",
        after=after,
        limit=limit,
    )


def appraisal_row(transaction: Transaction, *, tenant: str, appraisal: str) -> Row | None:
    """One appraisal, as `appraisals_page` has it, and its document."""
    return transaction.row(
        f"SELECT {_SHOWN}, a.document FROM appraisals a"  # noqa: S608 - names of ours only
        " WHERE a.tenant = :tenant AND a.id = :id",
        tenant=tenant,
        id=appraisal,
    )


def appraisal_for_ear(transaction: Transaction, *, tenant: str, appraisal: str) -> Row | None:
    """Document, when appraised; the challenge's value and the evidence's document, or None."""
    return transaction.row(
        "SELECT a.document, a.appraised_at, c.value, e.document FROM appraisals a"
        " LEFT JOIN evidence e ON e.tenant = a.tenant AND e.id = a.evidence"
        " LEFT JOIN challenges c ON c.tenant = a.tenant AND c.id = e.challenge"
        " WHERE a.tenant = :tenant AND a.id = :id",
        tenant=tenant,
        id=appraisal,
    )


def evidence_to_judge(
    transaction: Transaction,
    *,
    tenant: str,
    wanted: EvidenceFilter,
    after: str | None,
    limit: int,
) -> list[Row]:
    """Evidence with what it takes to judge it again, newest first, from below `after`.

    Each row: id, 1 where its device was erased, id and document of its newest appraisal or None;
    then the columns of `warifu.service.store.evidence.read_kept`.
    """
    conditions, bound = _of_evidence(wanted)
    return newest_first(
        transaction,
        "SELECT e.id, CASE WHEN x.id IS NULL THEN 0 ELSE 1 END, p.id, p.document,"  # noqa: S608 - names of ours only
        " e.app, e.device, e.format, e.verdict, e.document, d.data_key, t.data_key, b.sealed,"
        " b.owner FROM evidence e JOIN tenants t ON t.tenant = e.tenant"
        " LEFT JOIN devices d ON d.tenant = e.tenant AND d.id = e.device"
        " LEFT JOIN erasures x ON x.tenant = e.tenant AND x.id = e.device"
        " LEFT JOIN evidence_bytes b ON b.tenant = e.tenant AND b.digest = e.digest"
        " AND b.owner = COALESCE(e.device, '')"
        " LEFT JOIN appraisals p ON p.tenant = e.tenant AND p.id = (SELECT MAX(n.id)"
        " FROM appraisals n WHERE n.tenant = e.tenant AND n.evidence = e.id)"
        f" WHERE e.tenant = :tenant{conditions}",
        tenant=tenant,
        table="e.",
        values=bound,
        after=after,
        limit=limit,
    )


def hold_device(tenant: str, device: str, *, otherwise: Rule) -> Statement:
    """Let nobody erase a device until this commit is done, and do nothing where it was erased.

    Changes nothing: the row is locked, and an erasure begins with it. What is written after it in
    this commit is seen by an erasure that comes later.
    """
    return Statement(
        sql="UPDATE devices SET erased_at = NULL"
        " WHERE tenant = :tenant AND id = :id AND erased_at IS NULL",
        values={"tenant": tenant, "id": device},
        otherwise=otherwise,
    )


def evidence_count(transaction: Transaction, *, tenant: str, wanted: EvidenceFilter) -> int:
    """How much of it there is."""
    conditions, bound = _of_evidence(wanted)
    row = transaction.row(
        f"SELECT COUNT(*) FROM evidence e WHERE e.tenant = :tenant{conditions}",  # noqa: S608 - as above
        tenant=tenant,
        **bound,
    )
    return int(row[0]) if row else 0


def _of_evidence(wanted: EvidenceFilter) -> tuple[str, dict[str, Value]]:
    given = {
        "app": wanted.app,
        "device": wanted.device,
        "format": wanted.format,
        "id": wanted.id,
    }
    conditions, bound = matching(given, table="e.")
    if wanted.model is not None:
        bound["model"] = wanted.model
        conditions += (
            " AND e.device IN (SELECT id FROM devices WHERE tenant = :tenant AND model = :model)"
        )
    return conditions, bound
