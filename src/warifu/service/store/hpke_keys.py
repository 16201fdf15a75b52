"""Encryption keys of the service for PINs: they live hours."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.store.database import Statement, micros, moment

if TYPE_CHECKING:
    from warifu.service.store.database import Transaction


class StoredHpkeKey(Struct, frozen=True, kw_only=True):
    """One key as it is stored."""

    id: str
    """Of the public key, in hex."""
    certificate: bytes
    sealed: bytes
    """The private value."""
    made_at: datetime
    expires_at: datetime
    """From when on nothing is decrypted, and the row is deleted."""


def live_hpke_keys(transaction: Transaction, tenant: str, *, now: datetime) -> list[StoredHpkeKey]:
    """Those that may still decrypt, newest first."""
    rows = transaction.rows(
        "SELECT id, certificate, sealed, made_at, expires_at FROM hpke_keys"
        " WHERE tenant = :tenant AND expires_at > :now ORDER BY made_at DESC, id",
        tenant=tenant,
        now=micros(now),
    )
    return [
        StoredHpkeKey(
            id=row[0],
            certificate=bytes(row[1]),
            sealed=bytes(row[2]),
            made_at=moment(row[3]),
            expires_at=moment(row[4]),
        )
        for row in rows
    ]


def insert_hpke_key(tenant: str, key: StoredHpkeKey) -> Statement:
    """A new key."""
    return Statement(
        sql="INSERT INTO hpke_keys (tenant, id, certificate, sealed, made_at, expires_at)"
        " VALUES (:tenant, :id, :certificate, :sealed, :made_at, :expires_at)",
        values={
            "tenant": tenant,
            "id": key.id,
            "certificate": key.certificate,
            "sealed": key.sealed,
            "made_at": micros(key.made_at),
            "expires_at": micros(key.expires_at),
        },
    )


def delete_hpke_keys(tenant: str, *, now: datetime) -> Statement:
    """Forget those that decrypt no more, so that nobody can find them out later."""
    return Statement(
        sql="DELETE FROM hpke_keys WHERE tenant = :tenant AND expires_at <= :now",
        values={"tenant": tenant, "now": micros(now)},
    )
