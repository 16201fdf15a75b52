"""Files about threats, as they were written, by the SHA-256 of their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.service.store.database import Statement, micros

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.service.store.database import Lookup, Row, Transaction


def read_threat_file(lookup: Lookup, tenant: str, kind: str, digest: str) -> Row | None:
    """Source, created at and by; or None."""
    return lookup.row(
        "SELECT source, created_at, created_by FROM threat_files"
        " WHERE tenant = :tenant AND kind = :kind AND digest = :digest",
        tenant=tenant,
        kind=kind,
        digest=digest,
    )


def insert_threat_file(
    tenant: str, kind: str, digest: str, *, source: bytes, now: datetime, by: str
) -> Statement:
    """Keep a file; one that is there stays as it is."""
    return Statement(
        sql="INSERT INTO threat_files (tenant, kind, digest, source, created_at, created_by)"
        " VALUES (:tenant, :kind, :digest, :source, :now, :by) ON CONFLICT DO NOTHING",
        values={
            "tenant": tenant,
            "kind": kind,
            "digest": digest,
            "source": source,
            "now": micros(now),
            "by": by,
        },
    )


def count_threat_files(transaction: Transaction, tenant: str, kind: str) -> int:
    """How many files of a kind are kept."""
    row = transaction.row(
        "SELECT COUNT(*) FROM threat_files WHERE tenant = :tenant AND kind = :kind",
        tenant=tenant,
        kind=kind,
    )
    return int(row[0]) if row else 0


def list_threat_files(
    transaction: Transaction, tenant: str, kind: str, *, before: int, digest: str, limit: int
) -> list[Row]:
    """Rows of digest, created at and by, newest first.

    Args:
        transaction: Where.
        tenant: Whose.
        kind: Which.
        before: Go on after the file created then.
        digest: And with this digest.
        limit: How many.
    """
    return transaction.rows(
        "SELECT digest, created_at, created_by FROM threat_files"
        " WHERE tenant = :tenant AND kind = :kind"
        " AND (created_at < :before OR (created_at = :before AND digest > :digest))"
        " ORDER BY created_at DESC, digest LIMIT :limit",
        tenant=tenant,
        kind=kind,
        before=before,
        digest=digest,
        limit=limit,
    )
