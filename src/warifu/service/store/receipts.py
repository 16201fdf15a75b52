"""Receipts: what each tells, sealed, and one copy of the evidence behind each bound key."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.store.database import Statement, micros, moment

if TYPE_CHECKING:
    from warifu.service.store.database import Lookup, Transaction


class StoredReceipt(Struct, frozen=True, kw_only=True):
    """A receipt as it is stored."""

    id: str
    """Of the ledger's leaf about its outcome."""
    transaction: str
    at: datetime
    sealed: bytes


def insert_receipt(tenant: str, receipt: StoredReceipt) -> Statement:
    """One more; a transaction that was overturned has another one for each outcome."""
    return Statement(
        sql="INSERT INTO receipts (tenant, id, transaction_id, at, sealed)"
        " VALUES (:tenant, :id, :transaction, :at, :sealed)",
        values={
            "tenant": tenant,
            "id": receipt.id,
            "transaction": receipt.transaction,
            "at": micros(receipt.at),
            "sealed": receipt.sealed,
        },
    )


def newest_receipt(lookup: Lookup, tenant: str, transaction: str) -> StoredReceipt | None:
    """The one of a transaction's last outcome, or None."""
    row = lookup.row(
        "SELECT id, transaction_id, at, sealed FROM receipts"
        " WHERE tenant = :tenant AND transaction_id = :transaction ORDER BY id DESC LIMIT 1",
        tenant=tenant,
        transaction=transaction,
    )
    if row is None:
        return None
    return StoredReceipt(id=row[0], transaction=row[1], at=moment(row[2]), sealed=bytes(row[3]))


def is_transaction(lookup: Lookup, tenant: str, transaction: str) -> bool:
    """Whether there is one of this name."""
    found = lookup.row(
        "SELECT 1 FROM transactions WHERE tenant = :tenant AND id = :id",
        tenant=tenant,
        id=transaction,
    )
    return found is not None


def insert_evidence_copy(tenant: str, evidence: str, *, sealed: bytes, at: datetime) -> Statement:
    """The evidence behind a key, once, for all receipts of the key."""
    return Statement(
        sql="INSERT INTO receipt_evidence (tenant, id, at, sealed)"
        " VALUES (:tenant, :id, :at, :sealed) ON CONFLICT DO NOTHING",
        values={"tenant": tenant, "id": evidence, "at": micros(at), "sealed": sealed},
    )


def read_evidence_copy(transaction: Transaction, tenant: str, evidence: str) -> bytes | None:
    """The sealed copy, or None."""
    row = transaction.row(
        "SELECT sealed FROM receipt_evidence WHERE tenant = :tenant AND id = :id",
        tenant=tenant,
        id=evidence,
    )
    return None if row is None else bytes(row[0])


def newest_appraisal(
    transaction: Transaction, tenant: str, evidence: str, *, until: datetime
) -> str | None:
    """The id of what was last found of some evidence by then."""
    row = transaction.row(
        "SELECT id FROM appraisals WHERE tenant = :tenant AND evidence = :evidence"
        " AND appraised_at <= :until ORDER BY id DESC LIMIT 1",
        tenant=tenant,
        evidence=evidence,
        until=micros(until),
    )
    return None if row is None else str(row[0])
