"""Appraisals to look at, and evidence to be judged again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    conditions, bound = _conditions("a", given, after)
    return transaction.rows(
        f"SELECT {_SHOWN} FROM appraisals a WHERE a.tenant = :tenant"  # noqa: S608 - names of ours
        f"{conditions} ORDER BY a.id DESC LIMIT :limit",
        tenant=tenant,
        limit=limit,
        **bound,
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


def last_appraisal(transaction: Transaction, *, tenant: str, evidence: str) -> Row | None:
    """The newest appraisal of some evidence, as `appraisal_row`."""
    return transaction.row(
        f"SELECT {_SHOWN}, a.document FROM appraisals a"  # noqa: S608 - names of ours only
        " WHERE a.tenant = :tenant AND a.evidence = :evidence ORDER BY a.id DESC LIMIT 1",
        tenant=tenant,
        evidence=evidence,
    )


def evidence_page(
    transaction: Transaction,
    *,
    tenant: str,
    wanted: EvidenceFilter,
    after: str | None,
    limit: int,
) -> list[str]:
    """Ids of evidence, newest first, from below `after`."""
    conditions, bound = _of_evidence(wanted, after)
    rows = transaction.rows(
        "SELECT e.id FROM evidence e WHERE e.tenant = :tenant"  # noqa: S608 - names of ours only
        f"{conditions} ORDER BY e.id DESC LIMIT :limit",
        tenant=tenant,
        limit=limit,
        **bound,
    )
    return [row[0] for row in rows]


def evidence_count(transaction: Transaction, *, tenant: str, wanted: EvidenceFilter) -> int:
    """How much of it there is."""
    conditions, bound = _of_evidence(wanted, None)
    row = transaction.row(
        f"SELECT COUNT(*) FROM evidence e WHERE e.tenant = :tenant{conditions}",  # noqa: S608 - as above
        tenant=tenant,
        **bound,
    )
    return int(row[0]) if row else 0


def _of_evidence(wanted: EvidenceFilter, after: str | None) -> tuple[str, dict[str, Value]]:
    given = {"app": wanted.app, "device": wanted.device, "format": wanted.format}
    conditions, bound = _conditions("e", given, after)
    if wanted.model is not None:
        bound["model"] = wanted.model
        conditions += (
            " AND e.device IN (SELECT id FROM devices WHERE tenant = :tenant AND model = :model)"
        )
    return conditions, bound


def _conditions(
    table: str, given: Mapping[str, str | None], after: str | None
) -> tuple[str, dict[str, Value]]:
    bound: dict[str, Value] = {name: value for name, value in given.items() if value is not None}
    conditions = [f" AND {table}.{name} = :{name}" for name in bound]
    if after is not None:
        bound["after"] = after
        conditions.append(f" AND {table}.id < :after")
    return "".join(conditions), bound
