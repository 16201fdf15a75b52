"""Handing off: what was approved goes to core banking once.

Core banking *takes* a transaction: from then on it cannot be cancelled or disowned. It is offered
again until it is *acknowledged* under core banking's own reference, of which a transaction has one.
What was lost on the way is found by comparing books.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from warifu.authentication.binding.rules import USABLE
from warifu.authentication.transaction.states import Event, State, advance
from warifu.authentication.transaction.value import Kind
from warifu.base.codec.text import to_base64url
from warifu.base.errors import Denied
from warifu.service.conduct.binding.rules import COUNTS
from warifu.service.conduct.challenges.asking import RecordId
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.confirming.kept import Held, load, opened, require_free
from warifu.service.conduct.confirming.rules import DUE, MOVED, REFERENCE
from warifu.service.conduct.sealing import tenant_owner
from warifu.service.store import transactions as store
from warifu.service.store.bindings import require_active
from warifu.service.store.database import Statement
from warifu.service.store.endorsed_keys import require_not_revoked

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work

MAX_ENTRIES = 1000
MAX_NOT_BOOKED = 10_000
"""Told at once: who misses more has sent the books of another day."""
SETTLED = frozenset({State.ACKNOWLEDGED, State.RECONCILED})
ATTEMPTS = 3

Reference = Annotated[str, Meta(pattern=r"^[!-~]{1,100}\Z")]
Moment = Annotated[datetime, Meta(tz=True)]


class HandOffTold(Struct, frozen=True, kw_only=True):
    """What is to be carried out."""

    id: str
    kind: Kind
    state: State
    user: str
    transaction: str
    """Its bytes in base64url: what the person approved, to the letter."""
    digest: str
    decision: str | None
    due_at: datetime | None
    hand_offs: int
    """How often it was taken."""
    reference: str | None


class Due(Struct, frozen=True, kw_only=True):
    """What is due, longest due first."""

    items: tuple[HandOffTold, ...]


class AcknowledgeRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Core banking has it."""

    reference: Reference
    """Core banking's own name for it."""


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry in the books of core banking."""

    id: RecordId
    reference: Reference


class ReconcileRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The books of core banking for a span of time."""

    since: Moment
    until: Moment
    """Not itself included."""
    entries: Annotated[tuple[Entry, ...], Meta(max_length=MAX_ENTRIES)]


class Differences(Struct, frozen=True, kw_only=True):
    """What differs between the books. Where all of it is empty, they agree."""

    unknown: tuple[str, ...]
    """Booked, and never handed off: look at these first."""
    other_reference: tuple[str, ...]
    """Booked under another reference than was acknowledged; or twice; or under one reference with
    another."""
    not_booked: tuple[str, ...]
    """Acknowledged in this time, and not in the books."""
    found: tuple[str, ...]
    """Handed off and never acknowledged, and now found in the books."""


def due(work: Work, *, limit: int) -> Due:
    """What core banking is to carry out, longest due first; nothing of anybody whose money is held.

    It is still there until it was acknowledged.
    """
    with work.house.database.read() as transaction:
        owner = tenant_owner(work, transaction)
        found = store.to_hand_off(transaction, work.tenant, now=work.now, limit=limit)
    return Due(items=tuple(_told(opened(work, owner, each)) for each in found))


def take(work: Work, wanted: str) -> HandOffTold:
    """Take a transaction to carry it out. Taken again, it is told again.

    Raises:
        Misuse: ``request/known``.
        Denied: ``confirming/due``, ``confirming/held``, ``confirming/moved``; ``binding/usable``
            where it waited, and the key that approved it was suspended or revoked meanwhile.
    """
    held = _load(work, wanted)
    again = work.now + timedelta(seconds=work.house.settings.confirmation.hand_off_again_seconds)
    state, free = held.state, list[Statement]()
    if state is not State.HANDED_OFF:
        state = _handed_off(work, held)
        free = [*require_free(work, held.kept.asked.user), *_still_bound(work, held)]
    stored = replace(
        held.stored, state=state, next_hand_off=again, hand_offs=held.stored.hand_offs + 1
    )
    answer = _told(Held(owner=held.owner, stored=stored, kept=held.kept, answer=held.answer))
    moved = store.move_transaction(
        work.tenant, held.stored, state=state, next_hand_off=again, tried=True, otherwise=MOVED
    )
    commit(
        work,
        [*free, moved],
        answer=answer,
        status=200,
        device=stored.device,
        audit=[AuditEntry(action="transaction/handed-off", subject=wanted)],
        owner=held.owner,
    )
    return answer


def acknowledge(work: Work, wanted: str, asked: AcknowledgeRequest) -> HandOffTold:
    """Core banking has it, under its reference. Acknowledged again by the same, it is told again.

    Raises:
        Misuse: ``request/known``.
        Denied: ``confirming/due`` where it was not taken; ``confirming/reference`` for another
            reference, or one of another transaction.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _acknowledge(work, wanted, asked)
        except Denied as error:
            if error.code != REFERENCE.code:
                raise
    return _acknowledge(work, wanted, asked)


def reconcile(work: Work, asked: ReconcileRequest) -> Differences:
    """Compare books, and mark what agrees.

    Entries that were compared before are compared again, and change nothing.
    """
    booked = {entry.id: entry.reference for entry in asked.entries}
    with work.house.database.read() as transaction:
        owner = tenant_owner(work, transaction)
        ours = {name: store.find_transaction(transaction, work.tenant, name) for name in booked}
        settled = store.settled_between(
            transaction, work.tenant, since=asked.since, until=asked.until, size=MAX_ENTRIES
        )
        missing = (name for name in settled if name not in booked)
        not_booked = tuple(islice(missing, MAX_NOT_BOOKED))
    known = {name: opened(work, owner, stored) for name, stored in ours.items() if stored}
    handed = {
        name: held
        for name, held in known.items()
        if held.state in SETTLED or held.state is State.HANDED_OFF
    }
    # Each entry counts, also where one transaction or one reference has several.
    entries = Counter(entry.id for entry in asked.entries)
    references = Counter(entry.reference for entry in asked.entries)
    other = {
        name
        for name, held in handed.items()
        if held.stored.reference not in {None, booked[name]}
        or max(entries[name], references[booked[name]]) > 1
    }
    answer = Differences(
        unknown=tuple(sorted(booked.keys() - handed.keys())),
        other_reference=tuple(sorted(other)),
        not_booked=not_booked,
        found=tuple(sorted(n for n, held in handed.items() if held.state is State.HANDED_OFF)),
    )
    commit(
        work,
        [
            store.move_transaction(
                work.tenant,
                held.stored,
                state=advance(held.state, Event.RECONCILE),
                settled_at=held.stored.settled_at or work.now,
                reference=booked[name],
                otherwise=None,
            )
            for name, held in sorted(handed.items())
            if name not in other and held.state is not State.RECONCILED
        ],
        answer=answer,
        status=200,
        audit=[
            AuditEntry(
                action="transaction/reconciled",
                subject=work.tenant,
                document={
                    "entries": len(asked.entries),
                    "unknown": answer.unknown,
                    "other_reference": answer.other_reference,
                    "not_booked": len(answer.not_booked),
                },
            )
        ],
    )
    return answer


def _acknowledge(work: Work, wanted: str, asked: AcknowledgeRequest) -> HandOffTold:
    held = _load(work, wanted)
    if held.state in SETTLED:
        if held.stored.reference != asked.reference:
            raise Denied(REFERENCE, wanted)
        return _told(held)
    if held.state is not State.HANDED_OFF:
        raise Denied(DUE, held.stored.state)
    state = advance(held.state, Event.ACKNOWLEDGE)
    stored = replace(
        held.stored, state=state, reference=asked.reference, next_hand_off=None, settled_at=work.now
    )
    answer = _told(Held(owner=held.owner, stored=stored, kept=held.kept, answer=held.answer))
    moved = store.move_transaction(
        work.tenant,
        held.stored,
        state=state,
        settled_at=work.now,
        reference=asked.reference,
        otherwise=REFERENCE,
    )
    commit(
        work,
        [moved],
        answer=answer,
        status=200,
        device=stored.device,
        audit=[
            AuditEntry(
                action="transaction/acknowledged",
                subject=wanted,
                document={"reference": asked.reference},
            )
        ],
        owner=held.owner,
    )
    return answer


def _handed_off(work: Work, held: Held) -> State:
    """After its hold time an approval that was held is released; then it is handed off."""
    state, due_at = held.state, held.stored.next_hand_off
    if state not in {State.APPROVED, State.HELD} or due_at is None or work.now < due_at:
        raise Denied(DUE, held.stored.state)
    if state is State.HELD:
        state = advance(state, Event.RELEASE)
    return advance(state, Event.HAND_OFF)


def _still_bound(work: Work, held: Held) -> list[Statement]:
    """A hold is there so that a theft is noticed: who loses the phone in it has lost no money."""
    binding = None if held.answer is None else held.answer.binding
    if held.state is not State.HELD or binding is None:
        return []
    endorsed = None if held.answer is None else held.answer.endorsed
    usable = require_active(work.tenant, binding, otherwise=USABLE)
    if endorsed is None:
        return [usable]
    return [usable, require_not_revoked(work.tenant, endorsed, otherwise=COUNTS)]


def _load(work: Work, wanted: str) -> Held:
    return load(work, work.house.database, wanted)


def _told(held: Held) -> HandOffTold:
    stored = held.stored
    return HandOffTold(
        id=stored.id,
        kind=held.kept.asked.kind,
        state=held.state,
        user=held.kept.asked.user,
        transaction=to_base64url(held.kept.data or b""),
        digest=to_base64url(stored.digest or b""),
        decision=stored.decision,
        due_at=stored.next_hand_off,
        hand_offs=stored.hand_offs,
        reference=stored.reference,
    )
