"""Serial numbers and other identifiers: which evidence of which device had them.

Values are as `warifu.service.vault.identifiers.stored_form` makes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.store.database import Statement, Value, micros

if TYPE_CHECKING:
    from warifu.service.store.database import Transaction

AT_ONCE = 16
"""Rows inserted by one statement."""


class Bearer(Struct, frozen=True, kw_only=True):
    """Evidence that had an identifier, and the device it belongs to, where one is known."""

    evidence: str
    device: str | None


def insert_serials(
    *,
    tenant: str,
    evidence: str,
    device: str | None,
    serials: Iterable[tuple[str, bytes]],
    now: datetime,
) -> list[Statement]:
    """Remember identifiers; few statements whatever their number.

    Args:
        tenant: Whose.
        evidence: The evidence they stood in.
        device: The device that evidence belongs to, where it is known.
        serials: Kind and stored form, from `stored_forms`.
        now: From when their retention counts.
    """
    left = iter(serials)
    made = []
    while some := list(islice(left, AT_ONCE)):
        values: dict[str, Value] = {
            "tenant": tenant,
            "evidence": evidence,
            "device": device,
            "at": micros(now),
        }
        for number, (kind, serial) in enumerate(some):
            values[f"kind_{number}"], values[f"serial_{number}"] = kind, serial
        made.append(Statement(sql=_INSERTS[len(some)], values=values))
    return made


def by_serial(
    transaction: Transaction, *, tenant: str, kind: str, index: bytes, limit: int = 1000
) -> list[Bearer]:
    """Who had one identifier, newest evidence first.

    Args:
        transaction: Where to read.
        tenant: Whose.
        kind: As in `IdentifierKind`.
        index: The identifier's stored form.
        limit: How many at most.
    """
    rows = transaction.rows(
        "SELECT evidence, device FROM serials"
        " WHERE tenant = :tenant AND kind = :kind AND serial = :serial"
        " ORDER BY evidence DESC LIMIT :limit",
        tenant=tenant,
        kind=kind,
        serial=index,
        limit=limit,
    )
    return [Bearer(evidence=evidence, device=device) for evidence, device in rows]


def _insert(count: int) -> str:
    rows = ", ".join(
        f"(:tenant, :kind_{number}, :serial_{number}, :evidence, :device, :at)"
        for number in range(count)
    )
    return (
        "INSERT INTO serials (tenant, kind, serial, evidence, device, stored_at)"  # noqa: S608 - ours
        f" VALUES {rows} ON CONFLICT DO NOTHING"
    )


_INSERTS = {count: _insert(count) for count in range(1, AT_ONCE + 1)}
"""The statement by number of rows, so that a database prepares few."""
