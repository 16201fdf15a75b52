"""Evidence: what was found of it, and its bytes as received, sealed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import asdict

from warifu.service.store.database import Statement, micros
from warifu.service.store.pages import newest_first

if TYPE_CHECKING:
    from warifu.service.store.database import Lookup, Row, Transaction

_SHOWN = (
    "id, app, device, device_key, challenge, format, digest,"
    " made_at, received_at, verdict, document"
)


class EvidenceFilter(Struct, frozen=True, kw_only=True):
    """Which evidence; None leaves it open."""

    app: str | None = None
    device: str | None = None
    format: str | None = None
    verdict: str | None = None


class EvidenceRow(Struct, frozen=True, kw_only=True):
    """What was found of evidence, as it is stored."""

    id: str
    app: str
    device: str | None
    device_key: str | None
    challenge: str
    format: str
    digest: bytes
    """SHA-256 of what is kept of its bytes."""
    made_at: datetime
    received_at: datetime
    verdict: str
    document: bytes


def insert_evidence(tenant: str, row: EvidenceRow) -> Statement:
    """What was found of evidence."""
    return Statement(
        sql="INSERT INTO evidence (tenant, id, app, device, device_key, challenge, format, digest,"
        " made_at, received_at, verdict, document) VALUES (:tenant, :id, :app, :device,"
        " :device_key, :challenge, :format, :digest, :made_at, :received_at, :verdict, :document)",
        values={
            **asdict(row),
            "tenant": tenant,
            "made_at": micros(row.made_at),
            "received_at": micros(row.received_at),
        },
    )


def insert_bytes(
    tenant: str, *, owner: str, digest: bytes, sealed: bytes, now: datetime
) -> Statement:
    """Sealed bytes under their content's digest; the same content is kept once for an owner."""
    return Statement(
        sql="INSERT INTO evidence_bytes (tenant, owner, digest, sealed, stored_at)"
        " VALUES (:tenant, :owner, :digest, :sealed, :now) ON CONFLICT DO NOTHING",
        values={
            "tenant": tenant,
            "owner": owner,
            "digest": digest,
            "sealed": sealed,
            "now": micros(now),
        },
    )


def read_evidence(transaction: Transaction, tenant: str, evidence: str) -> Row | None:
    """Id, app, device, key, challenge, format, digest, made and received at, verdict, document."""
    return transaction.row(
        f"SELECT {_SHOWN} FROM evidence WHERE tenant = :tenant AND id = :id",  # noqa: S608 - names of ours
        tenant=tenant,
        id=evidence,
    )


def read_kept(lookup: Lookup, tenant: str, evidence: str) -> Row | None:
    """Evidence with what it takes to look at it again; or None.

    Returns:
        App, device, format, verdict and document; the wrapped keys of device and tenant; the sealed
        bytes, and whose they are (a device, or nobody known), None where they are not kept.
    """
    return lookup.row(
        "SELECT e.app, e.device, e.format, e.verdict, e.document, d.data_key, t.data_key, b.sealed,"
        " b.owner FROM evidence e JOIN tenants t ON t.tenant = e.tenant"
        " LEFT JOIN devices d ON d.tenant = e.tenant AND d.id = e.device"
        " LEFT JOIN evidence_bytes b ON b.tenant = e.tenant AND b.digest = e.digest"
        " AND b.owner = COALESCE(e.device, '')"
        " WHERE e.tenant = :tenant AND e.id = :id",
        tenant=tenant,
        id=evidence,
    )


def list_evidence(
    transaction: Transaction,
    tenant: str,
    *,
    wanted: EvidenceFilter,
    after: str | None,
    limit: int,
) -> list[Row]:
    """As `read_evidence`, newest first, from before `after`."""
    given = {"app": wanted.app, "device": wanted.device}
    given |= {"format": wanted.format, "verdict": wanted.verdict}
    return newest_first(
        transaction,
        f"SELECT {_SHOWN} FROM evidence WHERE tenant = :tenant",  # noqa: S608 - names of ours
        tenant=tenant,
        given=given,
        after=after,
        limit=limit,
    )
