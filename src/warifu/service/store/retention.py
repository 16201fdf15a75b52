"""Deleting what was kept long enough: a stretch of time of one table at a time.

A stretch is found by reading and deleted by its bounds, so that a batch is one short statement and
whoever goes on later needs to remember nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.store.database import Value, micros

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.service.store.database import Transaction


class Aged(StrEnum):
    """Kinds of records that are deleted by age, in this order."""

    EVIDENCE_BYTES = "evidence-bytes"
    SERIALS = "serials"
    RECEIPTS = "receipts"
    RECEIPT_EVIDENCE = "receipt-evidence"
    LATE_ANSWERS = "late-answers"
    TRANSACTIONS = "transactions"
    CASES = "cases"
    DECISIONS = "decisions"
    APPRAISALS = "appraisals"
    EVIDENCE = "evidence"
    AUDIT = "audit"
    CHALLENGES = "challenges"
    IDEMPOTENCY = "idempotency"
    SIGNATURE_NONCES = "signature-nonces"
    ACTIVATIONS = "activations"
    VERIFICATIONS = "verifications"
    ENDORSED_KEYS = "endorsed-keys"
    ACCESS_TOKENS = "access-tokens"
    PROOF_IDS = "proof-ids"
    HPKE_KEYS = "hpke-keys"
    RESERVED = "reserved"


class _Table(Struct, frozen=True):
    name: str
    age: str
    """The column that tells how old a row is: a time, or an id that begins with one."""
    unless: str = ""
    """What keeps a row although it is old enough."""


_USED = """ AND NOT EXISTS (
    SELECT 1 FROM device_keys
    JOIN evidence ON evidence.tenant = :tenant AND evidence.id = device_keys.evidence
    JOIN devices ON devices.tenant = :tenant AND devices.id = device_keys.device
    WHERE device_keys.tenant = :tenant AND device_keys.device = evidence_bytes.owner
        AND evidence.digest = evidence_bytes.digest AND devices.last_seen >= :before)"""
"""The registration of a device that still comes: each of its assertions rests on it."""
_REGISTERED = """ AND NOT EXISTS (
    SELECT 1 FROM device_keys
    WHERE device_keys.tenant = :tenant AND device_keys.device = evidence.device
        AND device_keys.evidence = evidence.id)"""
_BOUND = """ AND NOT EXISTS (
    SELECT 1 FROM device_keys
    WHERE device_keys.tenant = :tenant AND device_keys.evidence = receipt_evidence.id)"""
"""Evidence behind a key that may still answer: its receipts to come will hold the copy too."""
_TAKEN_BACK = """ AND NOT (endorsed_keys.state = 'revoked' AND EXISTS (
    SELECT 1 FROM bindings
    WHERE bindings.tenant = :tenant AND bindings.id = endorsed_keys.binding
        AND bindings.state <> 'revoked'))"""
"""A key that was taken back does not come again while its binding may endorse."""
_TO_HAND_OFF = " AND transactions.next_hand_off IS NULL"
_TABLES = {
    Aged.EVIDENCE_BYTES: _Table("evidence_bytes", "stored_at", _USED),
    Aged.SERIALS: _Table("serials", "stored_at"),
    Aged.RECEIPTS: _Table("receipts", "id"),
    Aged.RECEIPT_EVIDENCE: _Table("receipt_evidence", "at", _BOUND),
    Aged.LATE_ANSWERS: _Table("late_answers", "id"),
    Aged.TRANSACTIONS: _Table("transactions", "id", _TO_HAND_OFF),
    # An open case has no such time, and stays.
    Aged.CASES: _Table("cases", "closed_at"),
    Aged.DECISIONS: _Table("decisions", "id"),
    Aged.APPRAISALS: _Table("appraisals", "id"),
    Aged.EVIDENCE: _Table("evidence", "id", _REGISTERED),
    Aged.AUDIT: _Table("audit", "id"),
    Aged.CHALLENGES: _Table("challenges", "expires_at"),
    Aged.IDEMPOTENCY: _Table("idempotency", "at"),
    Aged.SIGNATURE_NONCES: _Table("signature_nonces", "expires_at"),
    Aged.ACTIVATIONS: _Table("activations", "expires_at"),
    Aged.VERIFICATIONS: _Table("verifications", "at"),
    Aged.ENDORSED_KEYS: _Table("endorsed_keys", "expires_at", _TAKEN_BACK),
    Aged.ACCESS_TOKENS: _Table("access_tokens", "expires_at"),
    Aged.PROOF_IDS: _Table("proof_ids", "expires_at"),
    Aged.HPKE_KEYS: _Table("hpke_keys", "expires_at"),
    Aged.RESERVED: _Table("reserved", "expires_at"),
}


def count_aged(transaction: Transaction, *, tenant: str, kind: Aged, before: datetime) -> int:
    """How many records of a kind are older than `before` and would be deleted."""
    table = _TABLES[kind]
    row = transaction.row(
        f"SELECT COUNT(*) FROM {table.name}"  # noqa: S608 - names of ours only
        f" WHERE tenant = :tenant AND {table.age} < :until{table.unless}",
        tenant=tenant,
        until=_bound(table, before),
        **_before(table, before),
    )
    return 0 if row is None else int(row[0])


def next_stretch(
    transaction: Transaction,
    *,
    tenant: str,
    kind: Aged,
    before: datetime,
    since: int | str | None,
    size: int,
) -> int | str | None:
    """Where the next stretch ends that has about `size` records; None where there are no more.

    Args:
        transaction: Where to read.
        tenant: Whose.
        kind: Which records.
        before: The age from which on they stay.
        since: Where the stretch before ended; None for the first.
        size: How many records.
    """
    table = _TABLES[kind]
    row = transaction.row(
        f"SELECT MAX(age) FROM (SELECT {table.age} AS age FROM {table.name}"  # noqa: S608 - as above
        f" WHERE tenant = :tenant AND {table.age} > :since AND {table.age} < :until"
        f" ORDER BY {table.age} LIMIT :size) AS oldest",
        tenant=tenant,
        since=_first(table) if since is None else since,
        until=_bound(table, before),
        size=size,
    )
    return None if row is None else row[0]


def delete_stretch(
    transaction: Transaction,
    *,
    tenant: str,
    kind: Aged,
    before: datetime,
    since: int | str | None,
    upto: int | str,
) -> int:
    """Delete one stretch, from behind `since` to `upto`; return how many records it had."""
    table = _TABLES[kind]
    deleted = transaction.rows(
        f"DELETE FROM {table.name}"  # noqa: S608 - as above
        f" WHERE tenant = :tenant AND {table.age} > :since AND {table.age} <= :upto{table.unless}"
        " RETURNING 1",
        tenant=tenant,
        since=_first(table) if since is None else since,
        upto=upto,
        **_before(table, before),
    )
    return len(deleted)


def _bound(table: _Table, before: datetime) -> int | str:
    return _id_at(before) if table.age == "id" else micros(before)


def _first(table: _Table) -> int | str:
    return "" if table.age == "id" else -1


def _before(table: _Table, before: datetime) -> dict[str, Value]:
    return {"before": micros(before)} if ":before" in table.unless else {}


def _id_at(moment: datetime) -> str:
    """The lowest identifier (UUIDv7) of a moment."""
    digits = f"{max(micros(moment), 0) // 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"
