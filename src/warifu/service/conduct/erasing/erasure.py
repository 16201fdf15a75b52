"""Erasing what is kept about a device. docs/data-protection.md states what remains, and why."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from warifu.base.errors import Denied, Misuse
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.erasing.rules import AT_REST, ERASED
from warifu.service.conduct.rules import KNOWN
from warifu.service.identifiers import new_id
from warifu.service.store import erasures as store
from warifu.service.store.erasures import Accounts, StoredErasure
from warifu.service.vault.forgetting import names_in, without_names
from warifu.service.vault.identifiers import CONCEALED

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Statement, Transaction

ATTEMPTS = 5
"""How often an erasure begins again where the device was used meanwhile."""
NAME = "device-name"
"""The kind under which the blind index of an erased device's name is made."""
PREFIX = "erased-"
"""What an erased device is called: this, and a random identifier of ours."""


class ErasureRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which device."""

    device: Annotated[str, Meta(min_length=1, max_length=200)]


class ErasureAnswer(Struct, frozen=True, kw_only=True):
    """What was done."""

    id: str
    """Stands for the device in what remains."""
    erased_at: datetime
    already: bool = False
    """It was done before, and nothing was left to do."""
    keys: int = 0
    """Registered keys deleted."""
    evidence: int = 0
    """Pieces of evidence erased."""
    accounts: int = 0
    """Appraisals and decisions that remain without any name of the device."""


class ErasureSeen(Struct, frozen=True, kw_only=True):
    """The record of an erasure."""

    id: str
    erased_at: datetime


def erase(work: Work, asked: ErasureRequest) -> ErasureAnswer:
    """Erase a device, in one commit. Asked again, it says that this was done.

    A request that is under way in that moment is waited for, or begins again and finds a device
    that it does not know.

    Raises:
        Misuse: ``request/known`` where there neither is nor was such a device.
        Denied: ``data/at-rest`` where the device is used all the time.
    """
    name_index = work.house.vault.index(work.tenant, NAME, asked.device.encode())
    for attempt in range(ATTEMPTS):
        with work.house.database.read() as transaction:
            plan = _plan(work, transaction, asked.device, name_index)
        try:
            if plan.statements:
                entry = AuditEntry(
                    action="device/erased",
                    subject=plan.answer.id,
                    document={
                        "keys": plan.answer.keys,
                        "evidence": plan.answer.evidence,
                        "accounts": plan.answer.accounts,
                    },
                )
                commit(work, plan.statements, answer=plan.answer, audit=[entry], status=200)
        except Denied as error:
            if error.rule is not AT_REST or attempt == ATTEMPTS - 1:
                raise
        else:
            return plan.answer
    raise AssertionError  # pragma: no cover - the last attempt returns or raises


def see_erasure(work: Work, erasure: str) -> ErasureSeen:
    """The record of one erasure.

    Raises:
        Misuse: ``request/known``.
    """
    with work.house.database.read() as transaction:
        found = store.find_erasure(transaction, tenant=work.tenant, erasure=erasure)
    if found is None:
        raise Misuse(KNOWN, erasure)
    return _seen(found)


def list_erasures(work: Work, *, after: str | None, limit: int) -> list[ErasureSeen]:
    """Erasures, newest first; one more than `limit` where there are more."""
    with work.house.database.read() as transaction:
        found = store.erasures_page(transaction, tenant=work.tenant, after=after, limit=limit + 1)
    return [_seen(erasure) for erasure in found]


def require_not_erased(transaction: Transaction, *, tenant: str, device: str | None) -> None:
    """Refuse to go on with evidence of an erased device.

    Args:
        transaction: Where to read.
        tenant: Whose.
        device: As it stands in the row of the evidence.

    Raises:
        Denied: ``data/erased``.
    """
    if store.is_erased(transaction, tenant=tenant, device=device):
        raise Denied(ERASED, device or "")


class _Plan(Struct, frozen=True, kw_only=True):
    answer: ErasureAnswer
    statements: list[Statement]
    """None of them where nothing is left to do."""


def _plan(work: Work, transaction: Transaction, device: str, name_index: bytes) -> _Plan:
    """What will be answered, and what it takes."""
    tenant = work.tenant
    earlier = None
    is_known = store.is_known(transaction, tenant=tenant, device=device)
    is_named = store.is_named(transaction, tenant=tenant, device=device)
    if not is_known:
        earlier = store.newest_erasure(transaction, tenant=tenant, name_index=name_index)
        if earlier is None and not is_named:
            raise Misuse(KNOWN, "no device of this name")
    erasure = earlier or StoredErasure(id=f"{PREFIX}{new_id(work.now)}", erased_at=work.now)
    keys = store.keys_of_device(transaction, tenant=tenant, device=device)
    names = dict.fromkeys(keys, CONCEALED)
    evidence = 0
    for _, document in store.evidence_documents(transaction, tenant=tenant, device=device):
        evidence += 1
        names |= dict.fromkeys(names_in(msgspec.json.decode(document)), CONCEALED)
    names[device] = erasure.id
    accounts, rewritten = _rewrite(work, transaction, device, names)
    answer = ErasureAnswer(
        id=erasure.id,
        erased_at=erasure.erased_at,
        already=earlier is not None,
        keys=len(keys),
        evidence=evidence,
        accounts=accounts,
    )
    changes: list[Statement] = []
    if is_known:
        changes = store.erase_device(
            tenant=tenant,
            device=device,
            accounts=accounts,
            erasure=erasure,
            name_index=name_index,
            otherwise=AT_REST,
        )
    elif keys or evidence or accounts or is_named:
        if earlier is None:
            changes = [store.record_erasure(tenant=tenant, erasure=erasure, name_index=name_index)]
        changes += store.erase_rows(tenant=tenant, device=device, erasure=erasure.id)
    if changes:
        changes += rewritten
        changes += (
            store.rename_subject(tenant=tenant, subject=subject, erasure=erasure.id)
            for subject in (device, *keys)
        )
    return _Plan(answer=answer, statements=changes)


def _rewrite(
    work: Work, transaction: Transaction, device: str, names: dict[str, str]
) -> tuple[int, list[Statement]]:
    """How many accounts remain, and those of them that have to be written anew."""
    count = 0
    statements = []
    for table in Accounts:
        for account, document in store.account_documents(
            transaction, table, tenant=work.tenant, device=device
        ):
            count += 1
            before = msgspec.json.decode(document)
            after = without_names(before, names)
            if after != before:
                statements.append(
                    store.rewrite_account(
                        table,
                        tenant=work.tenant,
                        id=account,
                        document=msgspec.json.encode(after),
                    )
                )
    return count, statements


def _seen(erasure: StoredErasure) -> ErasureSeen:
    return ErasureSeen(id=erasure.id, erased_at=erasure.erased_at)
