"""Appraisal policies as they were written, by the SHA-256 of their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.service.store.database import Statement, micros

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.service.store.database import Lookup, Row


def read_policy(lookup: Lookup, tenant: str, digest: str) -> Row | None:
    """Name, source, created at and by; or None."""
    return lookup.row(
        "SELECT name, source, created_at, created_by FROM policies"
        " WHERE tenant = :tenant AND digest = :digest",
        tenant=tenant,
        digest=digest,
    )


def insert_policy(
    tenant: str, digest: str, *, name: str, source: bytes, now: datetime, by: str
) -> Statement:
    """Keep a policy; one that is there stays as it is."""
    return Statement(
        sql="INSERT INTO policies (tenant, digest, name, source, created_at, created_by)"
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
