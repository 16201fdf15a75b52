"""Challenges: issued once, answered once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.service.store.database import Statement, micros

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.base.rule import Rule
    from warifu.service.store.database import Lookup, Row, Transaction


def insert_challenge(
    tenant: str,
    challenge: str,
    *,
    app: str,
    value: bytes,
    context: bytes,
    issued_at: datetime,
    expires_at: datetime,
) -> Statement:
    """A challenge nobody has answered yet."""
    return Statement(
        sql="INSERT INTO challenges (tenant, id, app, value, context, issued_at, expires_at)"
        " VALUES (:tenant, :id, :app, :value, :context, :issued_at, :expires_at)",
        values={
            "tenant": tenant,
            "id": challenge,
            "app": app,
            "value": value,
            "context": context,
            "issued_at": micros(issued_at),
            "expires_at": micros(expires_at),
        },
    )


def read_challenge(transaction: Transaction, tenant: str, challenge: str) -> Row | None:
    """App, issued, expires and used at; or None. Never the value."""
    return transaction.row(
        "SELECT app, issued_at, expires_at, used_at FROM challenges"
        " WHERE tenant = :tenant AND id = :id",
        tenant=tenant,
        id=challenge,
    )


def find_challenge(lookup: Lookup, tenant: str, challenge: str) -> Row | None:
    """App, value, context, issued, expires and used at; or None."""
    return lookup.row(
        "SELECT app, value, context, issued_at, expires_at, used_at FROM challenges"
        " WHERE tenant = :tenant AND id = :id",
        tenant=tenant,
        id=challenge,
    )


def use_challenge(
    tenant: str, challenge: str, *, by: str, now: datetime, otherwise: Rule
) -> Statement:
    """Answer a challenge, unless somebody was faster.

    Args:
        tenant: Whose.
        challenge: Its id.
        by: The id of the evidence that answers it.
        now: When.
        otherwise: The rule that a second answer breaks.
    """
    return Statement(
        sql="UPDATE challenges SET used_at = :now, used_by = :by"
        " WHERE tenant = :tenant AND id = :id AND used_at IS NULL",
        values={"tenant": tenant, "id": challenge, "by": by, "now": micros(now)},
        otherwise=otherwise,
    )
