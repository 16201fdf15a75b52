"""The life of a transaction: asked, answered once, handed off once.

Whoever stores a state does so under the condition that the old one still stands, so of two events
that race one finds the table saying no. Every state but the first two is behind the outcome: no
path leads from one outcome to another, but that an approval which has not been handed off may
still be held, disowned or cancelled.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from warifu.authentication.ceremony import tables
from warifu.authentication.transaction import rules
from warifu.authentication.transaction.answer import Answer, Reason, Verdict
from warifu.base.rule import Rule


class State(StrEnum):
    """Where a transaction stands."""

    UNCLAIMED = "unclaimed"
    """Asked of nobody yet; whoever shows the code on the screen claims it."""
    ASKED = "asked"
    HELD = "held"
    """Approved, and waiting: its hold time runs, or the person's money is held."""
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"
    """No tries are left, or the decision at acceptance said no."""
    HANDED_OFF = "handed-off"
    ACKNOWLEDGED = "acknowledged"
    """Core banking says that it has it."""
    RECONCILED = "reconciled"
    """Found in the books of core banking, once."""


class Event(StrEnum):
    """What may happen to it."""

    CLAIM = "claim"
    APPROVE = "approve"
    APPROVE_HELD = "approve-held"
    """Approved by the person, to wait."""
    REFUSE = "refuse"
    DISOWN = "disown"
    """"This was not me"."""
    EXPIRE = "expire"
    CANCEL = "cancel"
    """By who asked."""
    FAIL = "fail"
    HOLD = "hold"
    """All of the person's money is held."""
    RELEASE = "release"
    HAND_OFF = "hand-off"
    ACKNOWLEDGE = "acknowledge"
    RECONCILE = "reconcile"


TRANSITIONS: dict[State, dict[Event, State]] = {
    State.UNCLAIMED: {
        Event.CLAIM: State.ASKED,
        Event.EXPIRE: State.EXPIRED,
        Event.CANCEL: State.CANCELLED,
        Event.FAIL: State.FAILED,
    },
    State.ASKED: {
        Event.APPROVE: State.APPROVED,
        Event.APPROVE_HELD: State.HELD,
        Event.REFUSE: State.REFUSED,
        Event.DISOWN: State.REFUSED,
        Event.EXPIRE: State.EXPIRED,
        Event.CANCEL: State.CANCELLED,
        Event.FAIL: State.FAILED,
    },
    State.HELD: {
        Event.RELEASE: State.APPROVED,
        Event.DISOWN: State.REFUSED,
        Event.CANCEL: State.CANCELLED,
    },
    State.APPROVED: {
        Event.HOLD: State.HELD,
        Event.HAND_OFF: State.HANDED_OFF,
        Event.CANCEL: State.CANCELLED,
    },
    State.HANDED_OFF: {
        Event.ACKNOWLEDGE: State.ACKNOWLEDGED,
        # The acknowledgement may be lost for good: then the books decide.
        Event.RECONCILE: State.RECONCILED,
    },
    State.ACKNOWLEDGED: {Event.RECONCILE: State.RECONCILED},
    State.RECONCILED: {},
    State.REFUSED: {},
    State.EXPIRED: {},
    State.CANCELLED: {},
    State.FAILED: {},
}

OPEN = frozenset({State.UNCLAIMED, State.ASKED})
"""No outcome yet."""


class Taken(Struct, frozen=True, kw_only=True):
    """What an answer does. It is recorded in either case."""

    state: State
    """Where the transaction stands then."""
    event: Event | None
    """What happened to the transaction; None where it stands as before."""
    refused_by: Rule | None = None
    """Why the answer does not count; None where it does."""


def advance(state: State, event: Event) -> State:
    """The state that `event` leads to.

    Raises:
        Denied: ``transaction/state``.
    """
    return tables.advance(TRANSITIONS, state, event, rules.STATE)


def take_answer(
    state: State, answer: Answer, *, at: datetime, expires_at: datetime, hold: bool
) -> Taken:
    """What a proved answer does to a transaction.

    Args:
        state: Where the transaction stands.
        answer: Proved, and held to the template.
        at: When it is accepted.
        expires_at: From when on answers are too late.
        hold: The template has a hold time, or the person's money is held.

    Returns:
        With `refused_by`: late (the transaction expires) or decided before (nothing changes).

    Raises:
        Denied: ``transaction/state``: nobody was asked yet.
    """
    if state not in OPEN and not _disowns(state, answer):
        return Taken(state=state, event=None, refused_by=rules.DECIDED)
    if state in OPEN and at >= expires_at:
        return Taken(state=advance(state, Event.EXPIRE), event=Event.EXPIRE, refused_by=rules.LATE)
    event = _event(answer, hold=hold)
    return Taken(state=advance(state, event), event=event)


def _event(answer: Answer, *, hold: bool) -> Event:
    if answer.verdict is Verdict.OK:
        return Event.APPROVE_HELD if hold else Event.APPROVE
    return Event.DISOWN if answer.reason is Reason.NOT_ME else Event.REFUSE


def _disowns(state: State, answer: Answer) -> bool:
    """What waits for its hold time to end can still be disowned: that is what it waits for."""
    return state is State.HELD and answer.reason is Reason.NOT_ME
