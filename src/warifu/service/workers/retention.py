"""Retention: deleting what was kept long enough, kind by kind, in batches that hold up nobody.

Times are the service's own. A clock that runs ahead deletes early: keep it as you keep the books'.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.conduct.committing import AuditEntry, audit_row
from warifu.service.conduct.confirming.kept import SUMS_COUNT_FOR
from warifu.service.observe import events
from warifu.service.store.database import EPOCH
from warifu.service.store.retention import Aged, count_aged, delete_stretch, next_stretch
from warifu.service.store.tenants import list_tenants

if TYPE_CHECKING:
    from warifu.service.settings import RetentionSettings
    from warifu.service.store.database import Database

BATCH = 500
"""Records deleted in one transaction: some milliseconds."""
PAUSE_SECONDS = 0.005
"""Between batches, so that others' changes come in between."""
NONCE_DAYS = 1
"""Kept after they expire, for clocks that are set back."""
VERIFICATION_DAYS = 31
"""No step-up is remembered for longer."""
HAND_OFF_DAYS = SUMS_COUNT_FOR.days
"""What an endorsed key approved may wait so long, and asks whether the key was taken back."""
SWEEPER = "retention"
"""Who the audit log says it was."""


class Swept(Struct, frozen=True, kw_only=True):
    """What a sweep deleted, or would delete."""

    tenants: int
    deleted: dict[str, int]
    """Records by kind, of all tenants."""
    dry_run: bool = False


class Progress(Struct, frozen=True, kw_only=True):
    """How far a sweep is."""

    done: int
    total: int


def sweep(
    database: Database,
    retention: RetentionSettings,
    *,
    now: datetime,
    dry_run: bool = False,
    report: Callable[[Progress], None] = lambda _: None,
) -> Swept:
    """Delete what is older than the settings say, tenant by tenant.

    May be interrupted and begun again at any time, and run beside other sweeps.

    Args:
        database: Where.
        retention: For how long each kind is kept.
        now: The present time.
        dry_run: Only count.
        report: Is told after each batch how far it is.

    Raises:
        VerifierFault: ``store/available``; what was deleted until then stays deleted.
    """
    limits = {kind: _before(now, days) for kind, days in days_of(retention).items()}
    with database.read() as transaction:
        tenants = [each.tenant for each in list_tenants(transaction)]
    planned = {tenant: _count(database, tenant, limits) for tenant in tenants}
    if dry_run:
        return Swept(tenants=len(tenants), deleted=_sum(planned), dry_run=True)
    total = sum(map(sum, map(dict.values, planned.values())))
    done = 0
    swept: dict[str, dict[Aged, int]] = {}
    for tenant in tenants:
        swept[tenant] = dict.fromkeys(Aged, 0)
        for kind, before in limits.items():
            for deleted in _batches(database, tenant, kind, before):
                swept[tenant][kind] += deleted
                events.deleted(kind.value, deleted)
                done += deleted
                report(Progress(done=done, total=max(total, done)))
        _audit(database, tenant, swept[tenant], now)
    return Swept(tenants=len(tenants), deleted=_sum(swept))


def days_of(retention: RetentionSettings) -> dict[Aged, int]:
    """For how many days each kind of record is kept."""
    return {
        Aged.EVIDENCE_BYTES: retention.evidence_days,
        Aged.SERIALS: retention.serials_days,
        Aged.RECEIPTS: retention.transactions_days,
        Aged.RECEIPT_EVIDENCE: retention.transactions_days,
        Aged.LATE_ANSWERS: retention.transactions_days,
        Aged.TRANSACTIONS: retention.transactions_days,
        Aged.CASES: retention.transactions_days,
        Aged.DECISIONS: retention.decisions_days,
        Aged.APPRAISALS: retention.decisions_days,
        # Bytes whose facts were gone would be of no use, and no erasure would find them.
        Aged.EVIDENCE: max(retention.decisions_days, retention.evidence_days),
        Aged.AUDIT: retention.audit_days,
        Aged.CHALLENGES: retention.challenges_days,
        Aged.IDEMPOTENCY: retention.idempotency_days,
        Aged.SIGNATURE_NONCES: NONCE_DAYS,
        Aged.ACTIVATIONS: retention.activations_days,
        Aged.VERIFICATIONS: VERIFICATION_DAYS,
        Aged.ENDORSED_KEYS: max(retention.activations_days, HAND_OFF_DAYS),
        Aged.ACCESS_TOKENS: NONCE_DAYS,
        Aged.PROOF_IDS: NONCE_DAYS,
        Aged.HPKE_KEYS: NONCE_DAYS,
        Aged.RESERVED: NONCE_DAYS,
    }


def _before(now: datetime, days: int) -> datetime:
    return now - min(timedelta(days=days), now - EPOCH)


def _count(database: Database, tenant: str, limits: dict[Aged, datetime]) -> dict[Aged, int]:
    with database.read() as transaction:
        return {
            kind: count_aged(transaction, tenant=tenant, kind=kind, before=before)
            for kind, before in limits.items()
        }


def _batches(database: Database, tenant: str, kind: Aged, before: datetime) -> Iterator[int]:
    """Delete batch by batch; how many records each had."""
    since: int | str | None = None
    while True:
        with database.read() as transaction:
            upto = next_stretch(
                transaction, tenant=tenant, kind=kind, before=before, since=since, size=BATCH
            )
        if upto is None:
            return
        with database.write() as transaction:
            deleted = delete_stretch(
                transaction, tenant=tenant, kind=kind, before=before, since=since, upto=upto
            )
        yield deleted
        since = upto
        time.sleep(PAUSE_SECONDS)


def _audit(database: Database, tenant: str, deleted: dict[Aged, int], now: datetime) -> None:
    """A sweep that found nothing is not worth a row."""
    if any(deleted.values()):
        entry = AuditEntry(action="data/swept", subject=tenant, document=_sum({tenant: deleted}))
        database.apply([audit_row(entry, tenant=tenant, caller=SWEEPER, now=now)])


def _sum(by_tenant: dict[str, dict[Aged, int]]) -> dict[str, int]:
    return {
        kind.value: sum(deleted.get(kind, 0) for deleted in by_tenant.values()) for kind in Aged
    }
