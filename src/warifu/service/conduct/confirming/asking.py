"""Asking: a transaction is made from its fields, with the text that the person will read."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from warifu.authentication.transaction.encoding import digest
from warifu.authentication.transaction.fields import ID_OCTETS
from warifu.authentication.transaction.payee import check_payee
from warifu.authentication.transaction.proximity import SECRET_OCTETS
from warifu.authentication.transaction.states import State
from warifu.authentication.transaction.template import complete
from warifu.authentication.transaction.value import Payee, Transaction
from warifu.base.codec.text import to_base64url
from warifu.base.errors import Misuse
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.confirming.acceptance import operation_of
from warifu.service.conduct.confirming.kept import (
    MAX_LATE_RECORDED,
    Held,
    KeptTransaction,
    load,
    open_answer,
    opened,
    seal_transaction,
)
from warifu.service.conduct.confirming.reading import expect, look_before_asking
from warifu.service.conduct.confirming.rules import WAY
from warifu.service.conduct.confirming.shown import write_shown
from warifu.service.conduct.confirming.told import (
    ClaimTold,
    TransactionTold,
    late_told,
    told,
    with_claim,
)
from warifu.service.conduct.sealing import tenant_owner, user_index_of, verifier_of
from warifu.service.identifiers import new_id
from warifu.service.store import transactions as store
from warifu.service.store.transactions import StoredTransaction

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.authentication.transaction.template import Template
    from warifu.service.conduct.confirming.asked import AskedPayee, TransactionRequest
    from warifu.service.conduct.work import Work

CLAIM_OCTETS = 32
NOBODY = "unclaimed"
"""Stands for the device while the fields of what nobody claimed are checked."""


def ask(work: Work, asked: TransactionRequest) -> TransactionTold:
    """Ask a person to confirm a transaction.

    Raises:
        Misuse: ``request/known``, ``confirming/way``, or a field breaks a rule of transactions.
        Denied: ``binding/usable`` where the device cannot answer for the user.
    """
    template = complete(work.house.settings.confirmation.templates)[asked.kind]
    is_pushed = asked.device is not None
    if not (template.pushed if is_pushed else template.claimable):
        raise Misuse(WAY, asked.kind)
    seen = look_before_asking(work, asked)
    expect(work, asked.device, seen.app, operation_of(work, asked).kind)
    name = new_id(work.now)
    at = work.now.replace(microsecond=0)
    until = at + timedelta(seconds=template.expiry_seconds)
    data = make_bytes(work, asked, name=name, device=asked.device or NOBODY, at=at, until=until)
    token, secret = secrets.token_bytes(CLAIM_OCTETS), secrets.token_bytes(SECRET_OCTETS)
    kept = KeptTransaction(
        asked=asked,
        template=template,
        data=data if is_pushed else None,
        secret=None if is_pushed else secret,
    )
    stored = StoredTransaction(
        id=name,
        user_index=user_index_of(work, asked.user),
        device=asked.device,
        kind=asked.kind,
        state=State.ASKED if is_pushed else State.UNCLAIMED,
        revision=0,
        digest=digest(data) if is_pushed else None,
        created_by=asked.created_by.device,
        claim=None if is_pushed else sha256(token).digest(),
        tries=0,
        asked_at=at,
        expires_at=until,
        sealed=seal_transaction(work, seen.owner, kept, name=name),
    )
    answer = told(work, Held(owner=seen.owner, stored=stored, kept=kept, answer=None))
    if not is_pushed:
        answer = with_claim(answer, _claim(work, name, token, secret))
    commit(
        work,
        [store.insert_transaction(work.tenant, stored)],
        answer=answer,
        device=asked.device,
        audit=[_asked(name, asked, template)],
        owner=seen.owner,
    )
    return answer


def see(work: Work, wanted: str) -> TransactionTold:
    """A transaction as it stands, with answers that came too late.

    Raises:
        Misuse: ``request/known``.
    """
    with work.house.database.read() as transaction:
        held = load(work, transaction, wanted)
        rows = store.late_answers_of(transaction, work.tenant, wanted, limit=MAX_LATE_RECORDED)
    late = tuple(
        late_told(open_answer(work, held.owner, sealed, name=wanted), at=at, code=code)
        for at, code, sealed in rows
    )
    return told(work, held, late=late)


def list_transactions(
    work: Work,
    *,
    user: str | None,
    device: str | None,
    state: State | None,
    after: str | None,
    limit: int,
) -> list[TransactionTold]:
    """Transactions, newest first; at most `limit`."""
    with work.house.database.read() as transaction:
        owner = tenant_owner(work, transaction)
        rows = store.transactions_of(
            transaction,
            work.tenant,
            user_index=None if user is None else user_index_of(work, user),
            device=device,
            state=state,
            after=after,
            limit=limit,
        )
    return [told(work, opened(work, owner, each)) for each in rows]


def make_bytes(
    work: Work,
    asked: TransactionRequest,
    *,
    name: str,
    device: str,
    at: datetime,
    until: datetime,
) -> bytes:
    """The bytes that the device shows and answers.

    Raises:
        Misuse: A field breaks a rule of transactions.
    """
    return write_shown(
        Transaction(
            verifier=verifier_of(work),
            operation=UUID(name).bytes,
            kind=asked.kind,
            user=asked.user,
            device=device,
            amount=None if asked.amount is None else asked.amount.value(),
            payee=None if asked.payee is None else _payee(asked.payee),
            purpose=asked.purpose,
            document=None if asked.document is None else asked.document.value(),
            at=at,
            expires_at=until,
            nonce=secrets.token_bytes(ID_OCTETS),
            language=asked.language,
        )
    )


def reread(held: Held, stored: StoredTransaction, kept: KeptTransaction) -> Held:
    """The same transaction after a change."""
    return Held(owner=held.owner, stored=stored, kept=kept, answer=held.answer)


def _payee(asked: AskedPayee) -> Payee:
    return asked.value(check_payee(asked.name).name)


def _claim(work: Work, name: str, token: bytes, secret: bytes) -> ClaimTold:
    link = f"{work.house.settings.confirmation.claim_link}?id={name}&claim={to_base64url(token)}"
    return ClaimTold(link=link, secret=to_base64url(secret))


def _asked(name: str, asked: TransactionRequest, template: Template) -> AuditEntry:
    return AuditEntry(
        action="transaction/asked",
        subject=name,
        document={"kind": asked.kind, "expiry_seconds": template.expiry_seconds},
    )
