"""All that is read when a transaction is asked or answered, each in one statement.

What else an answer needs is named in what is sealed: who the user is, which app, which evidence
registered the key. The columns beside it find the same rows; whoever opens what is sealed compares.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.store import bindings as binding_store
from warifu.service.store import transactions as transaction_store
from warifu.service.store.appraisals import STILL_STANDS
from warifu.service.store.bindings import StoredBinding, binding_of
from warifu.service.store.calls import STILL_TOLD, StoredVerification
from warifu.service.store.database import micros, moment
from warifu.service.store.desk import history_of
from warifu.service.store.transactions import StoredTransaction, transaction_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warifu.service.store.database import Lookup, Row


class Asking(Struct, frozen=True, kw_only=True):
    """What was found for a transaction to be asked; None where there is nothing."""

    tenant_key: bytes | None
    app: Row | None
    """As `store.apps.read_app` gives it."""
    binding: StoredBinding | None
    """The newest active one of the user on the device."""


class Expected(Struct, frozen=True, kw_only=True):
    """What the decision about an answer is expected to ask for; the answer says what it does."""

    operation: str
    policy: str | None
    """Digest of the policy of that operation; None finds no appraisal."""
    trust: str
    """Digest of what is believed."""
    refused_since: datetime
    """From when refusals count."""
    judged_since: datetime
    """From when an appraisal of a registration counts."""
    now: datetime
    """Until when."""


class Standing(Struct, frozen=True, kw_only=True):
    """What was last found of a key's registration, by the policy and trust expected."""

    id: str
    evidence: str
    document: bytes


class Answering(Struct, frozen=True, kw_only=True):
    """What was found for an answer; None where there is nothing."""

    tenant_key: bytes | None
    governance: bytes | None
    transaction: StoredTransaction | None
    bindings: tuple[StoredBinding, ...]
    """The active ones of its user on its device, oldest first."""
    apps: dict[str, Row]
    """Their apps by id, each as `store.apps.read_app` gives it."""
    device_key: bytes | None
    """The wrapped key of its device."""
    device_seen: int | None
    is_held: bool
    """Whether a case of its user is open."""
    has_late: bool
    """Whether answers that came too late are recorded."""
    verifications: tuple[StoredVerification, ...]
    """As `store.calls.verifications_on` gives them."""
    history: Row
    """As `store.desk.Desk.history`, of the operation expected."""
    standings: dict[str, Standing]
    """Of the keys' registrations, by the binding's id."""
    copied: frozenset[str]
    """Evidence of the keys' registrations that receipts have a copy of."""


def read_for_asking(
    lookup: Lookup, tenant: str, *, app: str, user_index: bytes, device: str | None
) -> Asking:
    """What asking needs; no binding where no device is named."""
    row = lookup.row(_ASKING, tenant=tenant, app=app, user=user_index, device=device)
    if row is None:
        return Asking(tenant_key=None, app=None, binding=None)
    return Asking(
        tenant_key=_bytes(row[0]),
        app=_part(row[_APP]),
        binding=None if row[_BINDING.start] is None else binding_of(row[_BINDING]),
    )


def read_for_answer(lookup: Lookup, tenant: str, wanted: str, expected: Expected) -> Answering:
    """What an answer to a transaction needs."""
    rows = lookup.rows(
        _ANSWERING,
        tenant=tenant,
        id=wanted,
        operation=expected.operation,
        policy=expected.policy,
        trust=expected.trust,
        refused_since=micros(expected.refused_since),
        since=micros(expected.judged_since),
        now=micros(expected.now),
    )
    return _answering(rows) if rows else _NOBODY


def _answering(rows: Sequence[Row]) -> Answering:
    """Each row has one binding and one verification, and all of the rest."""
    first = rows[0]
    stored = None if first[_TRANSACTION.start] is None else transaction_of(first[_TRANSACTION])
    bound = {row[_BINDING.start]: row for row in rows if row[_BINDING.start] is not None}
    return Answering(
        tenant_key=_bytes(first[0]),
        governance=_bytes(first[_GOVERNANCE]),
        transaction=stored,
        bindings=tuple(binding_of(row[_BINDING]) for row in bound.values()),
        apps={
            binding_of(row[_BINDING]).app: row[_APP]
            for row in bound.values()
            if row[_APP.start] is not None
        },
        device_key=_bytes(first[_DEVICE.start]),
        device_seen=first[_DEVICE.start + 1],
        is_held=first[_CASES] > 0,
        has_late=first[_LATE] > 0,
        verifications=_verifications(stored, rows),
        history=first[_HISTORY],
        standings={
            name: Standing(id=appraisal, evidence=evidence, document=bytes(document))
            for name, row in bound.items()
            for appraisal, evidence, document in [row[_STANDING]]
            if appraisal is not None
        },
        copied=frozenset(row[_COPIED] for row in bound.values() if row[_COPIED] is not None),
    )


def _verifications(
    stored: StoredTransaction | None, rows: Sequence[Row]
) -> tuple[StoredVerification, ...]:
    if stored is None or stored.device is None:
        return ()
    made = {row[_VERIFICATION] for row in rows if row[_VERIFICATION.start] is not None}
    return tuple(
        StoredVerification(
            user_index=stored.user_index,
            device=stored.device,
            operation_class=operation_class,
            method=method,
            at=moment(at),
        )
        for operation_class, method, at in sorted(made)
    )


def _part(row: Row) -> Row | None:
    """Columns of a table that was joined; its first is never null where there is a row."""
    return None if row[0] is None else row


def _bytes(stored: bytes | None) -> bytes | None:
    return None if stored is None else bytes(stored)


def _of(alias: str, names: Sequence[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)


_APP_COLUMNS = ("revision", "document", "secrets", "created_at", "changed_at")
_APP = slice(1, 1 + len(_APP_COLUMNS))
_BINDING = slice(_APP.stop, _APP.stop + len(binding_store.COLUMNS))
_TRANSACTION = slice(_BINDING.stop, _BINDING.stop + len(transaction_store.COLUMNS))
_GOVERNANCE = _TRANSACTION.stop
_DEVICE = slice(_GOVERNANCE + 1, _GOVERNANCE + 3)
_STANDING = slice(_DEVICE.stop, _DEVICE.stop + 3)
_VERIFICATION = slice(_STANDING.stop, _STANDING.stop + 3)
_COPIED = _VERIFICATION.stop
_CASES = _COPIED + 1
_LATE = _CASES + 1
_HISTORY = slice(_LATE + 1, _LATE + 4)
"""Where the columns of both statements stand; the first is the tenant's key."""

_ASKING = f"""
SELECT t.data_key, {_of("a", _APP_COLUMNS)}, {_of("b", binding_store.COLUMNS)}
FROM tenants t
LEFT JOIN apps a ON a.tenant = t.tenant AND a.id = :app
LEFT JOIN bindings b ON b.tenant = t.tenant AND b.user_index = :user AND b.device = :device
    AND b.state = 'active'
WHERE t.tenant = :tenant ORDER BY b.id DESC LIMIT 1
"""  # noqa: S608 - names of ours
_ANSWERING = f"""
SELECT t.data_key, {_of("a", _APP_COLUMNS)}, {_of("b", binding_store.COLUMNS)},
    {_of("x", transaction_store.COLUMNS)}, g.document, d.data_key, d.last_seen,
    s.id, s.evidence, s.document, v.class, v.method, v.at, e.id,
    (SELECT COUNT(*) FROM cases WHERE cases.tenant = x.tenant
        AND cases.user_index = x.user_index AND cases.state = 'open'),
    (SELECT COUNT(*) FROM late_answers WHERE late_answers.tenant = x.tenant
        AND late_answers.transaction_id = x.id),
    {history_of("x.user_index", "x.device")}
FROM tenants t
LEFT JOIN transactions x ON x.tenant = t.tenant AND x.id = :id
LEFT JOIN governance g ON g.tenant = t.tenant
LEFT JOIN devices d ON d.tenant = x.tenant AND d.id = x.device
LEFT JOIN bindings b ON b.tenant = x.tenant AND b.user_index = x.user_index
    AND b.device = x.device AND b.state = 'active'
LEFT JOIN apps a ON a.tenant = b.tenant AND a.id = b.app
LEFT JOIN device_keys k ON k.tenant = b.tenant AND k.id = b.key_name
LEFT JOIN receipt_evidence e ON e.tenant = k.tenant AND e.id = k.evidence
LEFT JOIN appraisals s ON s.tenant = k.tenant AND s.id = (SELECT id FROM appraisals
    WHERE tenant = :tenant AND evidence = k.evidence AND {STILL_STANDS})
LEFT JOIN verifications v ON v.tenant = x.tenant AND v.user_index = x.user_index
    AND v.device = x.device AND {STILL_TOLD}
WHERE t.tenant = :tenant ORDER BY b.id
"""  # noqa: S608 - names of ours
_NOBODY = Answering(
    tenant_key=None,
    governance=None,
    transaction=None,
    bindings=(),
    apps={},
    device_key=None,
    device_seen=None,
    is_held=False,
    has_late=False,
    verifications=(),
    history=(0, None, None),
    standings={},
    copied=frozenset(),
)
