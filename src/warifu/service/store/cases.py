"""Cases: a customer said "this was not me", and their money does not move until somebody looked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.store.database import Statement, micros, moment
from warifu.service.store.pages import newest_first

if TYPE_CHECKING:
    from warifu.base.rule import Rule
    from warifu.service.store.database import Row, Transaction


class StoredCase(Struct, frozen=True, kw_only=True):
    """A case as it is stored."""

    id: str
    user_index: bytes
    state: str
    """``open`` or ``closed``."""
    revision: int
    opened_at: datetime
    closed_at: datetime | None = None
    sealed: bytes


def insert_case(tenant: str, case: StoredCase) -> Statement:
    """An open case; what it holds is a sum of its own: see `store.transactions.reserve`."""
    return Statement(
        sql="INSERT INTO cases (tenant, id, user_index, state, revision, opened_at, sealed)"
        " VALUES (:tenant, :id, :user, :state, :revision, :opened_at, :sealed)",
        values={
            "tenant": tenant,
            "id": case.id,
            "user": case.user_index,
            "state": case.state,
            "revision": case.revision,
            "opened_at": micros(case.opened_at),
            "sealed": case.sealed,
        },
    )


def has_open_case(transaction: Transaction, tenant: str, *, user_index: bytes) -> bool:
    """Whether money of this user is held."""
    found = transaction.row(
        "SELECT 1 FROM cases WHERE tenant = :tenant AND user_index = :user AND state = 'open'"
        " LIMIT 1",
        tenant=tenant,
        user=user_index,
    )
    return found is not None


def find_case(transaction: Transaction, tenant: str, case: str) -> StoredCase | None:
    """One case, or None."""
    row = transaction.row(f"{_SELECT} AND id = :id", tenant=tenant, id=case)
    return None if row is None else _of(row)


def cases_page(
    transaction: Transaction, tenant: str, *, only_open: bool, after: str | None, limit: int
) -> list[StoredCase]:
    """Newest first, from behind `after`."""
    given = {"state": "open" if only_open else None}
    rows = newest_first(transaction, _SELECT, tenant=tenant, given=given, after=after, limit=limit)
    return [_of(row) for row in rows]


def close_case(
    tenant: str, before: StoredCase, *, now: datetime, sealed: bytes, otherwise: Rule
) -> Statement:
    """Closed, unless it moved meanwhile."""
    return Statement(
        sql="UPDATE cases SET state = 'closed', closed_at = :now, sealed = :sealed,"
        " revision = revision + 1"
        " WHERE tenant = :tenant AND id = :id AND state = 'open' AND revision = :revision",
        values={
            "tenant": tenant,
            "id": before.id,
            "revision": before.revision,
            "now": micros(now),
            "sealed": sealed,
        },
        otherwise=otherwise,
    )


_SELECT = (
    "SELECT id, user_index, state, revision, opened_at, closed_at, sealed FROM cases"
    " WHERE tenant = :tenant"
)


def _of(row: Row) -> StoredCase:
    return StoredCase(
        id=row[0],
        user_index=bytes(row[1]),
        state=row[2],
        revision=row[3],
        opened_at=moment(row[4]),
        closed_at=None if row[5] is None else moment(row[5]),
        sealed=bytes(row[6]),
    )
