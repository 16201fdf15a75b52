"""Rule sets, governance, approvals and the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.store.database import Statement, micros
from warifu.service.store.pages import newest_first

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.base.rule import Rule
    from warifu.service.store.database import Lookup, Row, Transaction


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


def read_rule_set(lookup: Lookup, tenant: str, digest: str) -> Row | None:
    """Name, source, created at and by; or None."""
    return lookup.row(
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


def list_rule_sets(
    transaction: Transaction, tenant: str, *, before: int | None, digest: str, limit: int
) -> list[Row]:
    """Rows of digest, name, created at and by, newest first.

    Args:
        transaction: Where.
        tenant: Whose.
        before: Go on after the rule set created then.
        digest: And with this digest.
        limit: How many.
    """
    return transaction.rows(
        "SELECT digest, name, created_at, created_by FROM rule_sets WHERE tenant = :tenant"
        " AND (created_at < :before OR (created_at = :before AND digest > :digest))"
        " ORDER BY created_at DESC, digest LIMIT :limit",
        tenant=tenant,
        before=_ALL if before is None else before,
        digest=digest,
        limit=limit,
    )


def read_approvals(transaction: Transaction, tenant: str, command: str) -> list[Row]:
    """Who approved one command, and when."""
    return transaction.rows(
        "SELECT approved_by, approved_at FROM approvals"
        " WHERE tenant = :tenant AND command = :command ORDER BY approved_by",
        tenant=tenant,
        command=command,
    )


def insert_approval(
    tenant: str, command: str, *, seen: int, by: str, now: datetime, otherwise: Rule
) -> Statement:
    """One person's yes, where governance still stands at the revision that was seen."""
    return Statement(
        sql="INSERT INTO approvals (tenant, command, approved_by, approved_at)"
        " SELECT tenant, :command, :by, :now FROM governance"
        " WHERE tenant = :tenant AND revision = :seen"
        " ON CONFLICT (tenant, command, approved_by)"
        " DO UPDATE SET approved_at = excluded.approved_at",
        values={"tenant": tenant, "command": command, "by": by, "now": micros(now), "seen": seen},
        otherwise=otherwise,
    )


def delete_approvals(tenant: str) -> Statement:
    """All approvals: each is for one revision of governance, which has just passed."""
    return Statement(sql="DELETE FROM approvals WHERE tenant = :tenant", values={"tenant": tenant})


class AuditFilter(Struct, frozen=True, kw_only=True):
    """Which rows of the audit log; None is any."""

    action: str | None = None
    subject: str | None = None
    caller: str | None = None
    since: int | None = None
    until: int | None = None


def list_audit(
    transaction: Transaction, tenant: str, wanted: AuditFilter, *, after: str | None, limit: int
) -> list[Row]:
    """Rows of id, at, caller, action, subject and document, newest first."""
    return newest_first(
        transaction,
        "SELECT id, at, caller, action, subject, document FROM audit WHERE tenant = :tenant"
        " AND at >= :since AND at < :until",
        tenant=tenant,
        given={"action": wanted.action, "subject": wanted.subject, "caller": wanted.caller},
        values={
            "since": 0 if wanted.since is None else wanted.since,
            "until": _ALL if wanted.until is None else wanted.until,
        },
        after=after,
        limit=limit,
    )


_ALL = (1 << 63) - 1


def count_decisions(
    transaction: Transaction, tenant: str, *, above: str, below: str, limit: int
) -> int:
    """How many decisions there are between two ids, counted up to `limit`."""
    row = transaction.row(
        "SELECT COUNT(*) FROM (SELECT 1 FROM decisions WHERE tenant = :tenant"
        " AND id >= :above AND id < :below LIMIT :limit) AS counted",
        tenant=tenant,
        above=above,
        below=below,
        limit=limit,
    )
    return int(row[0]) if row else 0


def decisions_before(
    transaction: Transaction, tenant: str, *, above: str, below: str, limit: int
) -> list[Row]:
    """Rows of id and document of decisions between two ids, newest first."""
    return transaction.rows(
        "SELECT id, document FROM decisions WHERE tenant = :tenant"
        " AND id >= :above AND id < :below ORDER BY id DESC LIMIT :limit",
        tenant=tenant,
        above=above,
        below=below,
        limit=limit,
    )
