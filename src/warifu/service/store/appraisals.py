"""Appraisals: made of evidence under a policy and trust; used for one decision at most."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import asdict

from warifu.service.store.database import Statement, micros

if TYPE_CHECKING:
    from warifu.base.rule import Rule
    from warifu.service.store.database import Lookup, Row


class AppraisalRow(Struct, frozen=True, kw_only=True):
    """An appraisal as it is stored."""

    id: str
    evidence: str
    """The evidence that was judged."""
    app: str
    device: str | None
    """Where one is known."""
    policy: str
    """Digest."""
    trust: str
    """Digest."""
    known_at: datetime
    """Which trust was believed."""
    appraised_at: datetime
    basis: str
    status: str
    """The least trusted of its statuses."""
    context: bytes | None
    """The context of its challenge; None where it may not be used for a decision."""
    used_by: str | None
    """The decision that it was used for."""
    document: bytes
    """The result and the facts."""


STILL_STANDS = (
    "policy = :policy AND trust = :trust AND appraised_at > :since AND appraised_at <= :now"
    " ORDER BY id DESC LIMIT 1"
)
"""Which one of the appraisals of some evidence."""


def insert_appraisal(tenant: str, row: AppraisalRow) -> Statement:
    """An appraisal."""
    return Statement(
        sql="INSERT INTO appraisals (tenant, id, evidence, app, device, policy, trust, known_at,"
        " appraised_at, basis, status, context, used_by, document) VALUES (:tenant, :id,"
        " :evidence, :app, :device, :policy, :trust, :known_at, :appraised_at, :basis, :status,"
        " :context, :used_by, :document)",
        values={
            **asdict(row),
            "tenant": tenant,
            "known_at": micros(row.known_at),
            "appraised_at": micros(row.appraised_at),
        },
    )


def read_standing(
    lookup: Lookup,
    tenant: str,
    evidence: str,
    *,
    policy: str,
    trust: str,
    since: datetime,
    now: datetime,
) -> Row | None:
    """Id and document of the newest appraisal of some evidence by a policy, under some trust.

    Args:
        lookup: Where to read.
        tenant: Whose.
        evidence: The evidence of a registration.
        policy: Digest of the policy.
        trust: Digest of the trust.
        since: Older ones do not count.
        now: Nor those that seem to be of the future.
    """
    return lookup.row(
        "SELECT id, document FROM appraisals WHERE tenant = :tenant AND evidence = :evidence"  # noqa: S608
        f" AND {STILL_STANDS}",
        tenant=tenant,
        evidence=evidence,
        policy=policy,
        trust=trust,
        since=micros(since),
        now=micros(now),
    )


def use_appraisal(tenant: str, appraisal: str, *, by: str, otherwise: Rule) -> Statement:
    """Use an appraisal for a decision, unless it was used, or its device was erased."""
    return Statement(
        sql="UPDATE appraisals SET used_by = :by WHERE tenant = :tenant AND id = :id"
        " AND used_by IS NULL AND context IS NOT NULL",
        values={"tenant": tenant, "id": appraisal, "by": by},
        otherwise=otherwise,
    )
