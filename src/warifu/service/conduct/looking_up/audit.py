"""The audit log, as auditors read it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from warifu.service.store import governance as store
from warifu.service.store.database import micros, moment

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work


class AuditRecord(Struct, frozen=True, kw_only=True):
    """One change, and who made it."""

    id: str
    at: datetime
    caller: str
    action: str
    """``<noun>/<verb>``."""
    subject: str
    """The id of what was changed."""
    document: Any
    """What belongs to this action."""


class AuditRequest(Struct, frozen=True, kw_only=True):
    """Which records; None is any."""

    action: str | None = None
    subject: str | None = None
    caller: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Up to, and not at, this time."""


def read_audit(
    work: Work, asked: AuditRequest, *, after: str | None, limit: int
) -> list[AuditRecord]:
    """Records, newest first, one more than `limit` where there are more."""
    wanted = store.AuditFilter(
        action=asked.action,
        subject=asked.subject,
        caller=asked.caller,
        since=_stored(asked.since),
        until=_stored(asked.until),
    )
    with work.house.database.read() as transaction:
        rows = store.list_audit(transaction, work.tenant, wanted, after=after, limit=limit + 1)
    return [
        AuditRecord(
            id=row[0],
            at=moment(row[1]),
            caller=row[2],
            action=row[3],
            subject=row[4],
            document=msgspec.json.decode(row[5]),
        )
        for row in rows
    ]


def _stored(at: datetime | None) -> int | None:
    if at is None:
        return None
    return micros(at if at.tzinfo else at.replace(tzinfo=UTC))
