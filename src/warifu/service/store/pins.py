"""PINs and their counters: every change names the revision it started from."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.store.database import Statement, Value, micros, moment

if TYPE_CHECKING:
    from warifu.base.rule import Rule
    from warifu.service.store.database import Lookup

_AT_ONCE = 0
"""Stands for no time from which on the next try may be."""


class StoredPin(Struct, frozen=True, kw_only=True):
    """One person's PIN as it is stored."""

    user_index: bytes
    state: str
    failures: int
    not_before: datetime | None
    revision: int
    changed_at: datetime
    sealed: bytes
    """The record; empty where the PIN was forgotten."""


def find_pin(lookup: Lookup, tenant: str, user_index: bytes) -> StoredPin | None:
    """A person's PIN, or None."""
    row = lookup.row(
        "SELECT user_index, state, failures, not_before, revision, changed_at, sealed FROM pins"
        " WHERE tenant = :tenant AND user_index = :user",
        tenant=tenant,
        user=user_index,
    )
    if row is None:
        return None
    return StoredPin(
        user_index=bytes(row[0]),
        state=row[1],
        failures=row[2],
        not_before=None if row[3] == _AT_ONCE else moment(row[3]),
        revision=row[4],
        changed_at=moment(row[5]),
        sealed=bytes(row[6]),
    )


def insert_pin(tenant: str, pin: StoredPin, *, otherwise: Rule) -> Statement:
    """A first PIN, unless somebody was faster."""
    return Statement(
        sql="INSERT INTO pins"
        " (tenant, user_index, state, failures, not_before, revision, changed_at, sealed)"
        " VALUES (:tenant, :user, :state, :failures, :not_before, :revision, :changed_at, :sealed)"
        " ON CONFLICT DO NOTHING",
        values=_values(tenant, pin),
        otherwise=otherwise,
    )


def move_pin(tenant: str, pin: StoredPin, *, before: int, otherwise: Rule) -> Statement:
    """As it is to be, where its revision is still `before`."""
    return Statement(
        sql="UPDATE pins SET state = :state, failures = :failures, not_before = :not_before,"
        " revision = :revision, changed_at = :changed_at, sealed = :sealed"
        " WHERE tenant = :tenant AND user_index = :user AND revision = :before",
        values={**_values(tenant, pin), "before": before},
        otherwise=otherwise,
    )


def _values(tenant: str, pin: StoredPin) -> dict[str, Value]:
    return {
        "tenant": tenant,
        "user": pin.user_index,
        "state": pin.state,
        "failures": pin.failures,
        "not_before": _AT_ONCE if pin.not_before is None else micros(pin.not_before),
        "revision": pin.revision,
        "changed_at": micros(pin.changed_at),
        "sealed": pin.sealed,
    }
