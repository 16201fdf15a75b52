"""The one sequencer: a fenced lease, and the heads that only its holder may commit and sign.

Leaves are written by whoever changes something; their places are given by the sequencer alone.
Whoever takes the lease gets a higher token, and a store takes nothing under a lower one: a holder
that slept through its time cannot write, whatever it believes. The order is fixed::

    acquire ─► place leaves and commit the head, token checked ─► sign what was committed

Times are the store's, not the holder's: all that hold or want the lease ask one clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from warifu.authentication.ceremony.tables import advance
from warifu.authentication.ledger.rules import (
    COMMITTED,
    LEASE_CURRENT,
    LEASE_HELD,
    LEASE_MOVE,
    ONE_HEAD,
)
from warifu.base.errors import Denied

LEASE_TIME = timedelta(seconds=15)
MARGIN = timedelta(seconds=3)
"""Before its end a holder begins nothing new: what it began is then done while the lease is its."""
FARTHEST = timedelta(minutes=10)
"""No lease is given for so long: one that ends later was given by a clock that went wrong."""
MAX_HOLDER_CHARACTERS = 128


class LeaseState(Enum):
    """Whose the log is."""

    FREE = "free"
    HELD = "held"
    LOST = "lost"


class LeaseEvent(Enum):
    """What happens to a lease."""

    ACQUIRE = "acquire"
    RENEW = "renew"
    RELEASE = "release"
    RUN_OUT = "run-out"


TRANSITIONS: dict[LeaseState, dict[LeaseEvent, LeaseState]] = {
    LeaseState.FREE: {LeaseEvent.ACQUIRE: LeaseState.HELD},
    LeaseState.HELD: {
        LeaseEvent.RENEW: LeaseState.HELD,
        LeaseEvent.RELEASE: LeaseState.FREE,
        LeaseEvent.RUN_OUT: LeaseState.LOST,
    },
    LeaseState.LOST: {LeaseEvent.ACQUIRE: LeaseState.HELD},
}
"""There is no way from LOST back to HELD but a new token."""


class Lease(Struct, frozen=True, kw_only=True):
    """Who may give places and sign, until when."""

    holder: str
    """Empty after a release."""
    token: int
    """Rises with every holder; never falls, whatever happens."""
    until: datetime

    def state(self, now: datetime) -> LeaseState:
        """How it stands at `now`."""
        if not self.holder:
            return LeaseState.FREE
        return LeaseState.HELD if now < self.until <= now + FARTHEST else LeaseState.LOST


class Head(Struct, frozen=True, kw_only=True):
    """A head as it is committed: the primary key of its row is the log and the size."""

    size: int
    root: bytes
    token: int
    """Of the lease under which it was committed."""


def acquire(
    lease: Lease | None, *, holder: str, now: datetime, time: timedelta = LEASE_TIME
) -> Lease:
    """Take a lease that is free or lost.

    Args:
        lease: As stored; None where there never was one.
        holder: A name of the process that wants it, new with every start.
        now: The store's time.
        time: How long it is given.

    Returns:
        The lease under the next token, to be stored where the token is still the former one.

    Raises:
        Denied: ``ledger/lease-held``.
    """
    if not 0 < len(holder) <= MAX_HOLDER_CHARACTERS:
        raise Denied(LEASE_HELD, "no name")
    if lease is None:
        return Lease(holder=holder, token=1, until=now + time)
    advance(TRANSITIONS, lease.state(now), LeaseEvent.ACQUIRE, LEASE_HELD)
    return Lease(holder=holder, token=lease.token + 1, until=now + time)


def renew(
    lease: Lease, *, holder: str, token: int, now: datetime, time: timedelta = LEASE_TIME
) -> Lease:
    """Hold on to a lease that has not run out.

    Raises:
        Denied: ``ledger/lease-current`` where it is another's, ``ledger/lease-move`` where it ran
            out: then it is acquired again, under a new token.
    """
    _check_token(lease, holder, token)
    advance(TRANSITIONS, lease.state(now), LeaseEvent.RENEW, LEASE_MOVE)
    return replace(lease, until=max(lease.until, now + time))


def release(lease: Lease, *, holder: str, token: int, now: datetime) -> Lease:
    """Give a lease back, so that the next need not wait; its token is never given again.

    Raises:
        Denied: ``ledger/lease-current``, ``ledger/lease-move``.
    """
    _check_token(lease, holder, token)
    advance(TRANSITIONS, lease.state(now), LeaseEvent.RELEASE, LEASE_MOVE)
    return replace(lease, holder="", until=now)


def check_current(lease: Lease | None, *, holder: str, token: int, now: datetime) -> Lease:
    """The lease, if its holder may begin to place leaves or to sign.

    Raises:
        Denied: ``ledger/lease-current``.
    """
    if lease is None:
        raise Denied(LEASE_CURRENT, "nobody holds the lease")
    _check_token(lease, holder, token)
    if now >= lease.until - MARGIN:
        raise Denied(LEASE_CURRENT, f"until {lease.until}")
    return lease


def next_head(previous: Head | None, head: Head) -> Head:
    """The head to commit after another, in one statement with the places of its leaves.

    Args:
        previous: The largest head of the log that is committed.
        head: The one to commit.

    Raises:
        Denied: ``ledger/one-head`` for a second head of a size or a smaller one,
            ``ledger/lease-current`` under a token that is older than the last head's.
    """
    if previous is None:
        return head
    if head.token < previous.token:
        raise Denied(LEASE_CURRENT, f"token {head.token} after {previous.token}")
    again = head.size == previous.size and head.root == previous.root
    if head.size <= previous.size and not again:
        raise Denied(ONE_HEAD, f"{head.size} leaves after {previous.size}")
    return previous if again else head


def check_signable(
    committed: Head | None,
    head: Head,
    *,
    lease: Lease | None,
    holder: str,
    token: int,
    now: datetime,
) -> Head:
    """The committed head that may be signed now: read back from the store, not from memory.

    Args:
        committed: The head of that size as the store has it.
        head: The one that is to be signed.
        lease: As the store has it.
        holder: Who wants to sign.
        token: The token it holds.
        now: The store's time.

    Raises:
        Denied: ``ledger/lease-current``; ``ledger/committed`` where the store has no such head;
            ``ledger/one-head`` where it has another of that size.
    """
    check_current(lease, holder=holder, token=token, now=now)
    if committed is None or committed.size != head.size:
        raise Denied(COMMITTED, f"{head.size} leaves")
    if committed.root != head.root:
        raise Denied(ONE_HEAD, f"{head.size} leaves")
    return committed


def _check_token(lease: Lease, holder: str, token: int) -> None:
    if lease.token != token or lease.holder != holder:
        raise Denied(LEASE_CURRENT, f"token {token}, now {lease.token}")
