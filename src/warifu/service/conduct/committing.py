"""How every use case ends: in one commit with its audit rows and its answer, or in none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from warifu.service.conduct.rules import SAME_REQUEST
from warifu.service.conduct.sealing import of_row, owner_of, tenant_owner
from warifu.service.conduct.work import Once, Work
from warifu.service.identifiers import new_id
from warifu.service.observe.traces import span
from warifu.service.store.database import Statement, Value, micros

if TYPE_CHECKING:
    from warifu.service.composition import Owner
    from warifu.service.store.database import Lookup

SEVERAL = "*"
"""Stands for the device where an answer names more than one: no device is called so."""
ANSWER = "answer"
"""With key and caller, what a kept answer is sealed for, beside the tenant."""


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One row of the audit log, written with the change it tells of."""

    action: str
    """``<noun>/<verb>``, for example ``decision/made``."""
    subject: str
    """The id of what was changed."""
    document: object = None
    """What an auditor needs, as JSON; no secrets, no identifiers of a person or device."""


def commit(
    work: Work,
    statements: Sequence[Statement],
    *,
    answer: object,
    audit: Sequence[AuditEntry],
    status: int = 201,
    device: str | None = None,
    owner: Owner | None = None,
) -> None:
    """Write all of a use case's changes, its audit rows and its answer in one transaction.

    Args:
        work: The request.
        statements: The changes, in order.
        answer: What the caller will be told; kept under its idempotency key, sealed.
        audit: At least one entry.
        status: HTTP status of the answer.
        device: The device that the answer names, or `SEVERAL`: an erasure deletes what is kept.
        owner: The tenant, see `tenant_owner`; where None, its key is read again.

    Raises:
        WarifuError: `Statement.otherwise` of a change that could not be made; then nothing was.
        Denied: ``request/idempotency-key`` where another request with this key came first.
        VerifierFault: ``vault/opens`` where the tenant has no key to seal the answer under.
    """
    closing = []
    if audit:
        caller = work.caller.id
        closing.append(_audit_rows(audit, tenant=work.tenant, caller=caller, now=work.now))
    if work.once is not None:
        owner = owner or tenant_owner(work)
        closing.insert(0, _once(work, work.once, answer, status=status, device=device, owner=owner))
    with span("commit"):
        work.house.database.apply([*statements, *closing])


def earlier_answer(work: Work, lookup: Lookup, *, key: str) -> tuple[bytes, int, bytes] | None:
    """What was answered under an idempotency key: request hash, status, body; or None.

    Raises:
        VerifierFault: ``vault/opens``.
    """
    row = lookup.row(
        "SELECT i.request, i.status, i.body, t.data_key FROM idempotency i"
        " JOIN tenants t ON t.tenant = i.tenant"
        " WHERE i.tenant = :tenant AND i.caller = :caller AND i.id = :id",
        tenant=work.tenant,
        caller=work.caller.id,
        id=key,
    )
    if row is None:
        return None
    request, status, sealed, key_of_tenant = row
    owner = owner_of(work, key_of_tenant)
    body = work.house.vault.unseal(owner, _sealed_for(work, key), bytes(sealed))
    return bytes(request), status, body


def audit_row(entry: AuditEntry, *, tenant: str, caller: str, now: datetime) -> Statement:
    """One row of the audit log, for changes that no request asked for; `commit` adds its own."""
    return _audit_rows([entry], tenant=tenant, caller=caller, now=now)


def _audit_rows(
    entries: Sequence[AuditEntry], *, tenant: str, caller: str, now: datetime
) -> Statement:
    """Rows of the audit log, in one statement."""
    values: dict[str, Value] = {"tenant": tenant, "at": micros(now), "caller": caller}
    for number, entry in enumerate(entries):
        values |= {
            f"id{number}": new_id(now),
            f"action{number}": entry.action,
            f"subject{number}": entry.subject,
            f"document{number}": msgspec.json.encode(entry.document),
        }
    return Statement(sql=_insert_audit(len(entries)), values=values)


@cache
def _insert_audit(rows: int) -> str:
    made = ", ".join(
        f"(:tenant, :id{n}, :at, :caller, :action{n}, :subject{n}, :document{n})"
        for n in range(rows)
    )
    return (
        "INSERT INTO audit (tenant, id, at, caller, action, subject, document)"  # noqa: S608 - ours
        f" VALUES {made}"
    )


def _once(
    work: Work, once: Once, answer: object, *, status: int, device: str | None, owner: Owner
) -> Statement:
    body = msgspec.json.encode(answer)
    sealed = work.house.vault.seal(owner, _sealed_for(work, once.key), body)
    return Statement(
        sql="INSERT INTO idempotency (tenant, caller, id, request, status, body, at, device)"
        " VALUES (:tenant, :caller, :id, :request, :status, :body, :at, :device)"
        " ON CONFLICT DO NOTHING",
        values={
            "tenant": work.tenant,
            "caller": work.caller.id,
            "id": once.key,
            "request": once.request,
            "status": status,
            "body": sealed,
            "at": micros(work.now),
            "device": device,
        },
        otherwise=SAME_REQUEST,
    )


def _sealed_for(work: Work, key: str) -> str:
    """A key has no spaces, so that no other key and caller are spelled the same."""
    return of_row(ANSWER, f"{key} {work.caller.id}")
