"""App registrations: one document each, changed by compare-and-set on its revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.service.store.database import Statement, micros

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.base.rule import Rule
    from warifu.service.store.database import Lookup, Row, Transaction


def read_app(lookup: Lookup, tenant: str, app: str) -> Row | None:
    """Revision, document and sealed secrets, created and changed at; or None."""
    return lookup.row(
        "SELECT revision, document, secrets, created_at, changed_at FROM apps"
        " WHERE tenant = :tenant AND id = :id",
        tenant=tenant,
        id=app,
    )


def list_apps(transaction: Transaction, tenant: str, *, after: str | None, limit: int) -> list[Row]:
    """Rows of id, revision, document, secrets, created and changed at; newest name last."""
    return transaction.rows(
        "SELECT id, revision, document, secrets, created_at, changed_at FROM apps"
        " WHERE tenant = :tenant AND id > :after ORDER BY id LIMIT :limit",
        tenant=tenant,
        after=after or "",
        limit=limit,
    )


def insert_app(
    tenant: str,
    app: str,
    *,
    document: bytes,
    secrets: bytes | None,
    now: datetime,
    otherwise: Rule,
) -> Statement:
    """A new registration, unless the id is taken."""
    return Statement(
        sql="INSERT INTO apps (tenant, id, revision, document, secrets, created_at, changed_at)"
        " VALUES (:tenant, :id, 0, :document, :secrets, :now, :now) ON CONFLICT DO NOTHING",
        values={
            "tenant": tenant,
            "id": app,
            "document": document,
            "secrets": secrets,
            "now": micros(now),
        },
        otherwise=otherwise,
    )


def update_app(
    tenant: str,
    app: str,
    *,
    seen: int,
    document: bytes,
    secrets: bytes | None,
    now: datetime,
    otherwise: Rule,
) -> Statement:
    """The next revision, unless another came first."""
    return Statement(
        sql="UPDATE apps SET revision = :seen + 1, document = :document, secrets = :secrets,"
        " changed_at = :now WHERE tenant = :tenant AND id = :id AND revision = :seen",
        values={
            "tenant": tenant,
            "id": app,
            "seen": seen,
            "document": document,
            "secrets": secrets,
            "now": micros(now),
        },
        otherwise=otherwise,
    )
