"""Tenants: the institutions whose rows must never meet."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.errors import Misuse
from warifu.service.store.database import Statement, micros, moment

if TYPE_CHECKING:
    from warifu.base.rule import Rule
    from warifu.service.store.database import Lookup, Transaction


class StoredTenant(Struct, frozen=True, kw_only=True):
    """A tenant as it is registered."""

    tenant: str
    name: str
    created_at: datetime


def find_tenant(transaction: Transaction, *, tenant: str) -> StoredTenant | None:
    """One tenant, or None."""
    row = transaction.row(
        "SELECT tenant, name, created_at FROM tenants WHERE tenant = :tenant", tenant=tenant
    )
    return None if row is None else _tenant(*row)


def list_tenants(transaction: Transaction) -> list[StoredTenant]:
    """All of them, by identifier: the operator's own list, of use to no caller."""
    rows = transaction.rows("SELECT tenant, name, created_at FROM tenants ORDER BY tenant")
    return [_tenant(*row) for row in rows]


def tenant_key(lookup: Lookup, *, tenant: str) -> bytes | None:
    """The tenant's own data key as it is wrapped; or None."""
    row = lookup.row("SELECT data_key FROM tenants WHERE tenant = :tenant", tenant=tenant)
    return None if row is None or row[0] is None else bytes(row[0])


def insert_tenant(tenant: StoredTenant, *, data_key: bytes, otherwise: Rule) -> Statement:
    """Register a tenant.

    Args:
        tenant: It.
        data_key: The tenant's own data key, as the vault wrapped it.
        otherwise: The rule that is broken where it is registered already.
    """
    return Statement(
        sql="INSERT INTO tenants (tenant, name, data_key, created_at)"
        " VALUES (:tenant, :name, :data_key, :created_at) ON CONFLICT DO NOTHING",
        values={
            "tenant": tenant.tenant,
            "name": tenant.name,
            "data_key": data_key,
            "created_at": micros(tenant.created_at),
        },
        otherwise=otherwise,
        error=Misuse,
    )


def _tenant(tenant: str, name: str, created_at: int) -> StoredTenant:
    return StoredTenant(tenant=tenant, name=name, created_at=moment(created_at))
