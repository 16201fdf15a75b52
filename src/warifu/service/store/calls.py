"""What was verified of users, and their calls: verifications, access tokens, ids of proofs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.store.database import Statement, micros, moment

if TYPE_CHECKING:
    from warifu.base.rule import Rule
    from warifu.service.store.database import Lookup, Transaction


class StoredVerification(Struct, frozen=True, kw_only=True):
    """The newest verification of a user on a device, of one class by one method."""

    user_index: bytes
    device: str
    operation_class: str
    method: str
    at: datetime


class StoredToken(Struct, frozen=True, kw_only=True):
    """An access token as it is stored."""

    digest: bytes
    """SHA-256 of the token."""
    binding: str
    thumbprint: str
    expires_at: datetime


def remember_verification(tenant: str, made: StoredVerification) -> Statement:
    """The latest counts, whichever is written last."""
    return Statement(
        sql="INSERT INTO verifications (tenant, user_index, device, class, method, at)"
        " VALUES (:tenant, :user, :device, :class, :method, :at)"
        " ON CONFLICT (tenant, user_index, device, class, method) DO UPDATE"
        " SET at = excluded.at WHERE verifications.at < excluded.at",
        values={
            "tenant": tenant,
            "user": made.user_index,
            "device": made.device,
            "class": made.operation_class,
            "method": made.method,
            "at": micros(made.at),
        },
    )


def verifications_on(
    transaction: Transaction, tenant: str, *, user_index: bytes, device: str
) -> list[StoredVerification]:
    """All of a user on a device that is bound and active, and was so when they were made.

    None is told that is older than the suspension of any key of the device: it may be that key's.
    Whether they still count is not asked.
    """
    rows = transaction.rows(
        "SELECT v.class, v.method, v.at FROM verifications v"  # noqa: S608 - ours
        " WHERE v.tenant = :tenant AND v.user_index = :user AND v.device = :device"
        f" AND {STILL_TOLD} ORDER BY v.class, v.method",
        tenant=tenant,
        user=user_index,
        device=device,
    )
    return [
        StoredVerification(
            user_index=user_index,
            device=device,
            operation_class=row[0],
            method=row[1],
            at=moment(row[2]),
        )
        for row in rows
    ]


STILL_TOLD = (
    "EXISTS (SELECT 1 FROM bindings b WHERE b.tenant = v.tenant"
    " AND b.user_index = v.user_index AND b.device = v.device AND b.state = 'active'"
    " AND b.changed_at <= v.at)"
    " AND NOT EXISTS (SELECT 1 FROM bindings s WHERE s.tenant = v.tenant"
    " AND s.user_index = v.user_index AND s.device = v.device AND s.state = 'suspended'"
    " AND s.changed_at >= v.at)"
)
"""Which of the verifications `v`: see `verifications_on`."""


def insert_token(tenant: str, token: StoredToken) -> Statement:
    """A new access token."""
    return Statement(
        sql="INSERT INTO access_tokens (tenant, digest, binding, thumbprint, expires_at)"
        " VALUES (:tenant, :digest, :binding, :thumbprint, :expires_at)",
        values={
            "tenant": tenant,
            "digest": token.digest,
            "binding": token.binding,
            "thumbprint": token.thumbprint,
            "expires_at": micros(token.expires_at),
        },
    )


def find_token(lookup: Lookup, tenant: str, digest: bytes) -> StoredToken | None:
    """One token, or None."""
    row = lookup.row(
        "SELECT digest, binding, thumbprint, expires_at FROM access_tokens"
        " WHERE tenant = :tenant AND digest = :digest",
        tenant=tenant,
        digest=digest,
    )
    if row is None:
        return None
    return StoredToken(
        digest=bytes(row[0]), binding=row[1], thumbprint=row[2], expires_at=moment(row[3])
    )


def use_proof(tenant: str, proof: bytes, *, until: datetime, otherwise: Rule) -> Statement:
    """Take a proof's id, unless it was taken before."""
    return Statement(
        sql="INSERT INTO proof_ids (tenant, id, expires_at) VALUES (:tenant, :id, :until)"
        " ON CONFLICT DO NOTHING",
        values={"tenant": tenant, "id": proof, "until": micros(until)},
        otherwise=otherwise,
    )
