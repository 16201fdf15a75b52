"""Cases: somebody said "this was not me". Their money stands still until a person looked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from warifu.authentication.binding.states import Actor, BindingState, Hold
from warifu.base.errors import Denied, Misuse
from warifu.service.conduct.binding.bindings import plan_suspension
from warifu.service.conduct.binding.keeping import read_binding
from warifu.service.conduct.books.leaves import LeafOpening, opening_of, write_leaf
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.confirming.kept import held_bucket, hold_money
from warifu.service.conduct.confirming.leaves import not_me_leaf
from warifu.service.conduct.confirming.outcomes import (
    Conclusion,
    audited,
    conclusion,
    outcome_told,
)
from warifu.service.conduct.confirming.rules import CASE_OPEN
from warifu.service.conduct.rules import KNOWN
from warifu.service.conduct.sealing import of_row, tenant_owner, user_index_of
from warifu.service.identifiers import new_id
from warifu.service.store import cases as store
from warifu.service.store import transactions as transaction_store
from warifu.service.store.bindings import bindings_of

if TYPE_CHECKING:
    from warifu.authentication.transaction.states import State
    from warifu.service.composition import Owner
    from warifu.service.conduct.binding.bindings import Planned
    from warifu.service.conduct.confirming.outcomes import Answered
    from warifu.service.conduct.confirming.told import OutcomeTold
    from warifu.service.conduct.work import Work
    from warifu.service.store.cases import StoredCase
    from warifu.service.store.database import Statement

CASE = "case"
"""What a sealed case is bound to, beside the tenant and its id."""
OPEN = "open"
SUSPENDABLE = frozenset({BindingState.ACTIVE, BindingState.SUSPENDED})

Note = Annotated[str, Meta(min_length=1, max_length=4000)]


class KeptCase(Struct, frozen=True, kw_only=True):
    """What is sealed of a case."""

    user: str
    transaction: str
    reported_by: str
    """The device that said so."""
    created_on: str | None
    """The device on which the operation was created."""
    session: str | None
    """The bank's session in which it was."""
    suspended: tuple[str, ...]
    """Bindings that were."""
    note: str | None = None
    closed_by: str | None = None
    leaf: LeafOpening | None = None
    """The ledger's leaf that says that it was disowned."""


class CaseTold(Struct, frozen=True, kw_only=True):
    """A case."""

    id: str
    user: str
    state: str
    """``open`` or ``closed``."""
    opened_at: datetime
    closed_at: datetime | None
    transaction: str
    reported_by: str
    created_on: str | None
    end_session: str | None
    """The bank's session that created the operation."""
    suspended: tuple[str, ...]
    """Bindings; whoever closes the case resumes or revokes them apart from it."""
    note: str | None
    closed_by: str | None


class CloseRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came of it."""

    note: Note


class Alarm(Struct, frozen=True, kw_only=True):
    """What "this was not me" sets off, to be committed with the answer that said so."""

    case: str
    suspended: tuple[str, ...]
    """Bindings."""
    end_session: str | None
    """The bank's session that created the operation."""
    holds: list[Statement]
    """Of sums: first in a commit, as wherever sums and other rows change together."""
    statements: list[Statement]
    audit: list[AuditEntry]


def raise_alarm(work: Work, answered: Answered) -> Alarm:
    """Hold the money, suspend what created the operation, open a case.

    The device that reports is not suspended: it is the one that is in its owner's hand.

    Raises:
        Denied: ``binding/actor``, ``binding/move``.
    """
    held = answered.held
    asked, case = held.kept.asked, new_id(work.now)
    suspensions = _suspensions(work, answered)
    suspended = tuple(each.after.stored.id for each in suspensions)
    leaf = not_me_leaf(work, held, case)
    kept = KeptCase(
        user=asked.user,
        transaction=held.stored.id,
        reported_by=answered.asked.device,
        created_on=asked.created_by.device,
        session=asked.created_by.session,
        suspended=suspended,
        leaf=opening_of(leaf),
    )
    opened = store.StoredCase(
        id=case,
        user_index=user_index_of(work, asked.user),
        state=OPEN,
        revision=0,
        opened_at=work.now,
        sealed=_seal(work, held.owner, kept, case=case),
    )
    return Alarm(
        case=case,
        suspended=suspended,
        end_session=asked.created_by.session,
        holds=hold_money(work, asked.user),
        statements=[
            *(statement for each in suspensions for statement in each.statements),
            store.insert_case(work.tenant, opened),
            write_leaf(work, leaf, subject=held.stored.id),
        ],
        audit=[
            AuditEntry(action="case/opened", subject=case, document={"bindings": suspended}),
            *(each.audit for each in suspensions),
        ],
    )


def disown(work: Work, answered: Answered, *, state: State) -> OutcomeTold:
    """Somebody disowns it in time: that is its outcome, and the alarm is raised.

    Raises:
        Denied: ``confirming/moved``, ``binding/moved``.
    """
    held, alarm = answered.held, raise_alarm(work, answered)
    ended = Conclusion(
        state=state,
        case=alarm.case,
        suspended=alarm.suspended,
        end_session=alarm.end_session,
    )
    answer = outcome_told(answered, ended)
    earlier = () if held.answer is None else held.answer.reserved
    commit(
        work,
        [
            *alarm.holds,
            *(
                transaction_store.release(work.tenant, each.bucket, amount=each.amount)
                for each in earlier
            ),
            *conclusion(work, answered, ended),
            *alarm.statements,
        ],
        answer=answer,
        device=answered.bound.stored.device,
        audit=[audited(answered, ended), *alarm.audit],
        owner=held.owner,
    )
    return answer


def list_cases(work: Work, *, only_open: bool, after: str | None, limit: int) -> list[CaseTold]:
    """Cases, newest first; at most `limit`."""
    with work.house.database.read() as transaction:
        owner = tenant_owner(work, transaction)
        found = store.cases_page(
            transaction, work.tenant, only_open=only_open, after=after, limit=limit
        )
    return [_told(each, _open(work, owner, each)) for each in found]


def see_case(work: Work, case: str) -> CaseTold:
    """One case.

    Raises:
        Misuse: ``request/known``.
    """
    _, stored, kept = _load(work, case)
    return _told(stored, kept)


def close_case(work: Work, case: str, asked: CloseRequest) -> CaseTold:
    """Close it. With the last open case of a user their money is free again.

    Raises:
        Misuse: ``request/known``.
        Denied: ``confirming/case-open``.
    """
    owner, stored, kept = _load(work, case)
    if stored.state != OPEN:
        raise Denied(CASE_OPEN, case)
    kept = replace(kept, note=asked.note, closed_by=work.caller.id)
    answer = _told(replace(stored, state="closed", closed_at=work.now), kept)
    commit(
        work,
        [
            transaction_store.release(work.tenant, held_bucket(work, kept.user), amount=1),
            store.close_case(
                work.tenant,
                stored,
                now=work.now,
                sealed=_seal(work, owner, kept, case=case),
                otherwise=CASE_OPEN,
            ),
        ],
        answer=answer,
        audit=[AuditEntry(action="case/closed", subject=case)],
        status=200,
        device=kept.reported_by,
    )
    return answer


def _suspensions(work: Work, answered: Answered) -> list[Planned]:
    """Of all keys of the device on which it was created, unless that is the one that reports."""
    asked = answered.held.kept.asked
    device = asked.created_by.device
    if device is None or device == answered.asked.device:
        return []
    index = user_index_of(work, asked.user)
    found = bindings_of(work.house.database, work.tenant, user_index=index)
    return [
        plan_suspension(
            work,
            read_binding(work, answered.held.owner, each),
            Hold.NOT_ME,
            by=Actor.SERVICE,
            reason=f"transaction {answered.held.stored.id}",
        )
        for each in found
        if each.device == device and each.state in SUSPENDABLE
    ]


def _load(work: Work, case: str) -> tuple[Owner, StoredCase, KeptCase]:
    with work.house.database.read() as transaction:
        owner = tenant_owner(work, transaction)
        stored = store.find_case(transaction, work.tenant, case)
    if stored is None:
        raise Misuse(KNOWN, "case")
    return owner, stored, _open(work, owner, stored)


def _told(stored: StoredCase, kept: KeptCase) -> CaseTold:
    return CaseTold(
        id=stored.id,
        user=kept.user,
        state=stored.state,
        opened_at=stored.opened_at,
        closed_at=stored.closed_at,
        transaction=kept.transaction,
        reported_by=kept.reported_by,
        created_on=kept.created_on,
        end_session=kept.session,
        suspended=kept.suspended,
        note=kept.note,
        closed_by=kept.closed_by,
    )


def _seal(work: Work, owner: Owner, kept: KeptCase, *, case: str) -> bytes:
    return work.house.vault.seal(owner, of_row(CASE, case), msgspec.msgpack.encode(kept))


def _open(work: Work, owner: Owner, stored: StoredCase) -> KeptCase:
    return _KEPT.decode(work.house.vault.unseal(owner, of_row(CASE, stored.id), stored.sealed))


_KEPT = msgspec.msgpack.Decoder(KeptCase)
