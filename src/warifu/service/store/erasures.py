"""Erasing a device: what is deleted, what is renamed, and the record that it was done.

Rows about a device are those that name it, and those that name no device but a key of it: what was
refused under its key.

Rows that stay name the erasure instead of the device. The record of an erasure holds the device's
name as a blind index only: who asks by name finds it, who reads the table does not learn the name.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from warifu.service.store.database import Statement, Value, micros, moment
from warifu.service.store.pages import newest_first

if TYPE_CHECKING:
    from warifu.base.rule import Rule
    from warifu.service.store.database import Row, Transaction

AT_ONCE = 500
"""Documents read at once."""


class Accounts(StrEnum):
    """Tables whose rows stay, as accounts of what was done."""

    APPRAISALS = "appraisals"
    DECISIONS = "decisions"


class StoredErasure(Struct, frozen=True, kw_only=True):
    """The record of an erasure."""

    id: str
    erased_at: datetime


def is_known(transaction: Transaction, *, tenant: str, device: str) -> bool:
    """Whether there is such a device, not erased."""
    found = transaction.row(
        "SELECT 1 FROM devices WHERE tenant = :tenant AND id = :device AND erased_at IS NULL",
        tenant=tenant,
        device=device,
    )
    return found is not None


def is_named(transaction: Transaction, *, tenant: str, device: str) -> bool:
    """Whether the bank asked about it without any evidence: for a decision, or to activate it."""
    return any(
        transaction.row(sql, tenant=tenant, device=device) is not None for sql in _ASKED_ABOUT
    )


def is_erased(transaction: Transaction, *, tenant: str, device: str | None) -> bool:
    """Whether rows that name this device are what an erasure left."""
    found = transaction.row(
        "SELECT 1 FROM erasures WHERE tenant = :tenant AND id = :device",
        tenant=tenant,
        device=device,
    )
    return found is not None


def newest_erasure(
    transaction: Transaction, *, tenant: str, name_index: bytes
) -> StoredErasure | None:
    """The last erasure of a device of this name; None where there was none."""
    row = transaction.row(
        "SELECT id, erased_at FROM erasures"
        " WHERE tenant = :tenant AND name_index = :name_index ORDER BY id DESC LIMIT 1",
        tenant=tenant,
        name_index=name_index,
    )
    return None if row is None else _erasure(row)


def find_erasure(transaction: Transaction, *, tenant: str, erasure: str) -> StoredErasure | None:
    """One erasure, or None."""
    row = transaction.row(
        "SELECT id, erased_at FROM erasures WHERE tenant = :tenant AND id = :id",
        tenant=tenant,
        id=erasure,
    )
    return None if row is None else _erasure(row)


def erasures_page(
    transaction: Transaction, *, tenant: str, after: str | None, limit: int
) -> list[StoredErasure]:
    """Erasures, newest first, from behind `after`."""
    rows = newest_first(
        transaction,
        "SELECT id, erased_at FROM erasures WHERE tenant = :tenant",
        tenant=tenant,
        after=after,
        limit=limit,
    )
    return [_erasure(row) for row in rows]


def indexed_erasures(transaction: Transaction, *, tenant: str) -> Iterator[tuple[bytes, datetime]]:
    """All erasures, oldest first: the blind index of the device's name, and when it was erased."""
    for batch in transaction.batches(
        "SELECT name_index, erased_at FROM erasures WHERE tenant = :tenant ORDER BY id",
        size=AT_ONCE,
        tenant=tenant,
    ):
        yield from ((name_index, moment(erased_at)) for name_index, erased_at in batch)


def present_devices(transaction: Transaction, *, tenant: str) -> Iterator[tuple[str, datetime]]:
    """All devices that were not erased, and when they were first seen or asked about."""
    for sql in (
        "SELECT id, first_seen FROM devices WHERE tenant = :tenant AND erased_at IS NULL",
        *_ONLY_ASKED_ABOUT,
    ):
        for batch in transaction.batches(sql, size=AT_ONCE, tenant=tenant):
            yield from ((device, moment(first_seen)) for device, first_seen in batch)


def keys_of_device(transaction: Transaction, *, tenant: str, device: str) -> list[str]:
    """Ids of the device's keys."""
    rows = transaction.rows(
        "SELECT id FROM device_keys WHERE tenant = :tenant AND device = :device",
        tenant=tenant,
        device=device,
    )
    return [row[0] for row in rows]


def evidence_documents(
    transaction: Transaction, *, tenant: str, device: str
) -> Iterator[tuple[str, bytes]]:
    """Id and document of all evidence about a device."""
    return _documents(transaction, _EVIDENCE, tenant=tenant, device=device)


def account_documents(
    transaction: Transaction, accounts: Accounts, *, tenant: str, device: str
) -> Iterator[tuple[str, bytes]]:
    """Id and document of all appraisals or decisions about a device."""
    return _documents(transaction, _ACCOUNTS[accounts], tenant=tenant, device=device)


def rewrite_account(accounts: Accounts, *, tenant: str, id: str, document: bytes) -> Statement:  # noqa: A002 - the column
    """Put another document in the place of one appraisal's or decision's."""
    return Statement(
        sql=f"UPDATE {accounts.value} SET document = :document"  # noqa: S608 - as above
        " WHERE tenant = :tenant AND id = :id",
        values={"tenant": tenant, "id": id, "document": document},
    )


def erase_device(
    *,
    tenant: str,
    device: str,
    accounts: int,
    erasure: StoredErasure,
    name_index: bytes,
    otherwise: Rule,
) -> list[Statement]:
    """Take the device out of the world, and all that is about it.

    Args:
        tenant: Whose.
        device: The device's id.
        accounts: How many appraisals and decisions were read and will be written anew: there must
            still be as many.
        erasure: Whose id stands for the device from now on.
        name_index: The blind index of the device's name.
        otherwise: The rule that is broken where the device was used meanwhile.
    """
    values: dict[str, Value] = {"tenant": tenant, "device": device}
    taken = Statement(
        sql=_TAKE,
        values={
            **values,
            "erasure": erasure.id,
            "at": micros(erasure.erased_at),
            "accounts": accounts,
        },
        otherwise=otherwise,
    )
    # First we wait for whatever is being written about the device: it holds its key's counter, an
    # appraisal, or the device. From here on it waits for us, and finds nothing. Only then we count,
    # in a statement of its own: PostgreSQL lets none see what was committed while it waited.
    held = [Statement(sql=sql, values=values) for sql in _HOLD]
    shredded = Statement(sql=_SHRED, values=values, otherwise=otherwise)
    return [
        *held,
        shredded,
        taken,
        record_erasure(tenant=tenant, erasure=erasure, name_index=name_index),
        *erase_rows(tenant=tenant, device=device, erasure=erasure.id),
    ]


def record_erasure(*, tenant: str, erasure: StoredErasure, name_index: bytes) -> Statement:
    """Say that it was done."""
    return Statement(
        sql="INSERT INTO erasures (tenant, name_index, id, erased_at)"
        " VALUES (:tenant, :name_index, :erasure, :at)",
        values={
            "tenant": tenant,
            "name_index": name_index,
            "erasure": erasure.id,
            "at": micros(erasure.erased_at),
        },
    )


def erase_rows(*, tenant: str, device: str, erasure: str) -> list[Statement]:
    """Delete what is about a device, and let what remains name the erasure."""
    values: dict[str, Value] = {
        "tenant": tenant,
        "device": device,
        "erasure": erasure,
        "nothing": b"",
        "document": msgspec.json.encode({"erased": erasure}),
    }
    return [
        Statement(
            sql=sql, values={name: value for name, value in values.items() if f":{name}" in sql}
        )
        for sql in _ERASE
    ]


def rename_subject(*, tenant: str, subject: str, erasure: str) -> Statement:
    """Let the audit log tell of the erasure where it told of a device or a key."""
    return Statement(
        sql="UPDATE audit SET subject = :erasure WHERE tenant = :tenant AND subject = :subject",
        values={"tenant": tenant, "subject": subject, "erasure": erasure},
    )


def _erasure(row: Row) -> StoredErasure:
    identifier, erased_at = row
    return StoredErasure(id=identifier, erased_at=moment(erased_at))


def _documents(
    transaction: Transaction, sql: str, *, tenant: str, device: str
) -> Iterator[tuple[str, bytes]]:
    for batch in transaction.batches(sql, size=AT_ONCE, tenant=tenant, device=device):
        yield from batch


_KEYS = "SELECT id FROM device_keys WHERE tenant = :tenant AND device = :device"
_ABOUT = f"(device = :device OR (device IS NULL AND device_key IN ({_KEYS})))"
_REFUSED = f"""SELECT id FROM evidence
    WHERE tenant = :tenant AND device IS NULL AND device_key IN ({_KEYS})"""  # noqa: S608 - ours
_ABOUT_EVIDENCE = f"(device = :device OR (device IS NULL AND evidence IN ({_REFUSED})))"
_COUNT = (
    f"SELECT (SELECT COUNT(*) FROM appraisals WHERE tenant = :tenant AND {_ABOUT_EVIDENCE})"  # noqa: S608 - ours
    f" + (SELECT COUNT(*) FROM decisions WHERE tenant = :tenant AND {_ABOUT})"
)
_TAKE = (
    "UPDATE devices SET id = :erasure, erased_at = :at"  # noqa: S608 - ours
    " WHERE tenant = :tenant AND id = :device AND erased_at IS NULL"
    f" AND ({_COUNT}) = :accounts"
)
_HOLD = (
    # Whatever a bound device is doing holds its binding.
    "UPDATE bindings SET revision = revision WHERE tenant = :tenant AND device = :device",
    "UPDATE device_keys SET counter = counter WHERE tenant = :tenant AND device = :device",
    f"UPDATE appraisals SET context = NULL WHERE tenant = :tenant AND {_ABOUT_EVIDENCE}",  # noqa: S608 - ours
)
# Without the wrapped key, no copy of what was sealed under it can be read.
_SHRED = (
    "UPDATE devices SET data_key = NULL"
    " WHERE tenant = :tenant AND id = :device AND erased_at IS NULL"
)
_NAMING = {"decisions": "decided_at", "transactions": "asked_at", "activations": "expires_at"}
"""Tables with devices that we may know nothing else of, and when they were asked about, which an
activation does not say: it may not be taken for older than it is."""
_ASKED_ABOUT = tuple(
    f"SELECT 1 FROM {table} WHERE tenant = :tenant AND device = :device LIMIT 1"  # noqa: S608 - ours
    for table in _NAMING
)
_ONLY_ASKED_ABOUT = tuple(
    f"""SELECT device, MIN({at}) FROM {table} WHERE tenant = :tenant AND device IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM devices WHERE devices.tenant = :tenant AND id = device)
        AND NOT EXISTS (SELECT 1 FROM erasures WHERE erasures.tenant = :tenant AND id = device)
    GROUP BY device"""  # noqa: S608 - ours
    for table, at in _NAMING.items()
)
_EVIDENCE = f"SELECT id, document FROM evidence WHERE tenant = :tenant AND {_ABOUT}"  # noqa: S608 - ours
_ACCOUNTS = {
    Accounts.APPRAISALS: (
        f"SELECT id, document FROM appraisals WHERE tenant = :tenant AND {_ABOUT_EVIDENCE}"  # noqa: S608 - ours
    ),
    Accounts.DECISIONS: f"SELECT id, document FROM decisions WHERE tenant = :tenant AND {_ABOUT}",  # noqa: S608 - ours
}
_BINDINGS = "SELECT id FROM bindings WHERE tenant = :tenant AND device = :device"
_ERASE = (
    "DELETE FROM evidence_bytes WHERE tenant = :tenant AND owner = :device",
    # What named no device, or came before its device was known, lies under the tenant's own key.
    f"""DELETE FROM evidence_bytes WHERE tenant = :tenant AND owner = '' AND digest IN
    (SELECT digest FROM evidence WHERE tenant = :tenant AND {_ABOUT})""",  # noqa: S608 - ours
    "DELETE FROM serials WHERE tenant = :tenant AND device = :device",
    f"""UPDATE appraisals SET device = :erasure, context = NULL
    WHERE tenant = :tenant AND {_ABOUT_EVIDENCE}""",  # noqa: S608 - ours
    f"""UPDATE decisions SET device = :erasure, device_key = NULL
    WHERE tenant = :tenant AND {_ABOUT}""",  # noqa: S608 - ours
    f"""UPDATE evidence SET device = :erasure, device_key = NULL, digest = :nothing,
    document = :document WHERE tenant = :tenant AND {_ABOUT}""",  # noqa: S608 - ours
    # Answers that name it, kept for repeated requests; '*' stands for several devices.
    "DELETE FROM idempotency WHERE tenant = :tenant AND device IN (:device, '*')",
    # What users did with it stays, as an account under the number of the erasure.
    "UPDATE transactions SET device = :erasure WHERE tenant = :tenant AND device = :device",
    "UPDATE transactions SET created_by = :erasure WHERE tenant = :tenant AND created_by = :device",
    f"DELETE FROM endorsed_keys WHERE tenant = :tenant AND binding IN ({_BINDINGS})",  # noqa: S608 - ours
    f"DELETE FROM access_tokens WHERE tenant = :tenant AND binding IN ({_BINDINGS})",  # noqa: S608 - ours
    "DELETE FROM verifications WHERE tenant = :tenant AND device = :device",
    "DELETE FROM activations WHERE tenant = :tenant AND device = :device",
    "DELETE FROM bindings WHERE tenant = :tenant AND device = :device",
    # Last, because the keys tell what was refused under them.
    "DELETE FROM device_keys WHERE tenant = :tenant AND device = :device",
)
