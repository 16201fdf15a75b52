"""Cancelling: the bank takes an operation back, until it is handed off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from warifu.authentication.transaction.rules import LATE
from warifu.authentication.transaction.states import OPEN, Event, State, advance
from warifu.base.errors import Denied
from warifu.service.conduct.books.leaves import opening_of, write_leaf
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.confirming.kept import Held, KeptAnswer, load, seal_answer
from warifu.service.conduct.confirming.leaves import ended_leaf
from warifu.service.conduct.confirming.rules import MOVED
from warifu.service.conduct.confirming.told import TransactionTold, told
from warifu.service.store import transactions as store

if TYPE_CHECKING:
    from warifu.service.conduct.confirming.asked import CancelRequest
    from warifu.service.conduct.work import Work


def cancel(work: Work, wanted: str, asked: CancelRequest) -> TransactionTold:
    """Cancel it, and give back what was reserved for it. Cancelled again, it is told again.

    Raises:
        Misuse: ``request/known``.
        Denied: ``transaction/state``, ``transaction/late``, ``confirming/moved``.
    """
    held = load(work, work.house.database, wanted)
    if held.state is State.CANCELLED:
        return told(work, held)
    state = advance(held.state, Event.CANCEL)
    if held.state in OPEN and work.now >= held.stored.expires_at:
        raise Denied(LATE, wanted)
    earlier = held.answer or KeptAnswer()
    leaf = ended_leaf(work, held, state=state, said=earlier)
    kept = replace(earlier, why=asked.reason, apart=None if leaf is None else opening_of(leaf))
    outcome = store.Outcome(
        state=state,
        answered_at=work.now,
        answer=seal_answer(work, held.owner, kept, name=wanted),
    )
    write = store.conclude if held.state in OPEN else store.overturn
    stored = replace(
        held.stored, state=state, answered_at=work.now, next_hand_off=None, answer=outcome.answer
    )
    answer = told(work, Held(owner=held.owner, stored=stored, kept=held.kept, answer=kept))
    commit(
        work,
        [
            *(
                store.release(work.tenant, each.bucket, amount=each.amount)
                for each in earlier.reserved
            ),
            write(work.tenant, held.stored, outcome, otherwise=MOVED),
            *([] if leaf is None else [write_leaf(work, leaf, subject=wanted)]),
        ],
        answer=answer,
        status=200,
        device=stored.device,
        audit=[AuditEntry(action="transaction/cancelled", subject=wanted)],
        owner=held.owner,
    )
    return answer
