"""Rule sets, governance, approvals and the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.service.store.database import Statement, micros

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.base.rule import Rule
    from warifu.service.store.database import Row, Transaction


def read_governance(transaction: Transaction, tenant: str) -> Row | None:
    """Revision and document, or None."""
    return transaction.row(
        "SELECT revision, document FROM governance WHERE tenant = :tenant", tenant=tenant
    )


def insert_governance(tenant: str, document: bytes, *, otherwise: Rule) -> Statement:
    """The first governance of a tenant, revision 0."""
    return Statement(
        sql="INSERT INTO governance (tenant, revision, document)"
        " VALUES (:tenant, 0, :document) ON CONFLICT DO NOTHING",
        values={"tenant": tenant, "document": document},
        otherwise=otherwise,
    )


def update_governance(tenant: str, *, seen: int, document: bytes, otherwise: Rule) -> Statement:
    """The next revision, unless another came first."""
    return Statement(
        sql="UPDATE governance SET revision = :seen + 1, document = :document"
        " WHERE tenant = :tenant AND revision = :seen",
        values={"tenant": tenant, "seen": seen, "document": document},
        otherwise=otherwise,
    )


def read_rule_set(transaction: Transaction, tenant: str, digest: str) -> Row | None:
    """Name, source, created at and by; or None."""
    return transaction.row(
        "SELECT name, source, created_at, created_by FROM rule_sets"
        " WHERE tenant = :tenant AND digest = :digest",
        tenant=tenant,
        digest=digest,
    )


def insert_rule_set(
    tenant: str, digest: str, *, name: str, source: bytes, now: datetime, by: str
) -> Statement:
    """Keep a rule set; one that is there stays as it is."""
    return Statement(
        sql="INSERT INTO rule_sets (tenant, digest, name, source, created_at, created_by)"
        " VALUES (:tenant, :digest, :name, :source, :now, :by) ON CONFLICT DO NOTHING",
        values={
            "tenant": tenant,
            "digest": digest,
            "name": name,
            "source": source,
            "now": micros(now),
            "by": by,
        },
    )
