"""What is sealed directly under a master key: owners' data keys, and secrets of apps."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from warifu.service.store.database import Statement, Value

if TYPE_CHECKING:
    from warifu.service.store.database import Transaction


class Sealed(StrEnum):
    """Where such values are."""

    TENANT = "tenant"
    DEVICE = "device"
    APP = "app"


_READ_TENANT = "SELECT '', data_key FROM tenants WHERE tenant = :tenant AND data_key IS NOT NULL"
_READ = {
    Sealed.DEVICE: "SELECT id, data_key FROM devices"
    " WHERE tenant = :tenant AND id > :after AND data_key IS NOT NULL ORDER BY id LIMIT :limit",
    Sealed.APP: "SELECT id, secrets FROM apps"
    " WHERE tenant = :tenant AND id > :after AND secrets IS NOT NULL ORDER BY id LIMIT :limit",
}
_WRITE = {
    Sealed.TENANT: "UPDATE tenants SET data_key = :after"
    " WHERE tenant = :tenant AND data_key = :before",
    Sealed.DEVICE: "UPDATE devices SET data_key = :after"
    " WHERE tenant = :tenant AND id = :id AND data_key = :before",
    Sealed.APP: "UPDATE apps SET secrets = :after"
    " WHERE tenant = :tenant AND id = :id AND secrets = :before",
}


def sealed_values(
    transaction: Transaction, kind: Sealed, *, tenant: str, after: str | None, limit: int
) -> list[tuple[str, bytes]]:
    """Names and sealed values of a tenant, by name from behind `after`; a tenant's is empty."""
    if kind is Sealed.TENANT:
        if after is not None:
            return []
        rows = transaction.rows(_READ_TENANT, tenant=tenant)
    else:
        rows = transaction.rows(_READ[kind], tenant=tenant, after=after or "", limit=limit)
    return [(name, value) for name, value in rows]


def replace_sealed(
    kind: Sealed, *, tenant: str, name: str, before: bytes, after: bytes
) -> Statement:
    """Put the same value, sealed anew, in the place of one; nothing where it changed meanwhile."""
    values: dict[str, Value] = {"tenant": tenant, "before": before, "after": after}
    return Statement(
        sql=_WRITE[kind], values=values if kind is Sealed.TENANT else {**values, "id": name}
    )
