"""The counter of PIN tries: spent before the PIN is looked at, given back by the right PIN alone.

A try is spent in a commit of its own before anything is decrypted, by compare-and-set on
`Tries.revision`. So however many envelopes arrive side by side, no more are opened than the table
allows; and whoever cuts the power after the commit has lost the try.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from warifu.authentication.ceremony.tables import advance
from warifu.authentication.user import rules
from warifu.authentication.user.pin_record import PinMatched
from warifu.base.errors import Denied, Misuse

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """Whether a PIN may be tried."""

    OPEN = "open"
    PACED = "paced"
    """Not before `Tries.not_before`."""
    LOCKED = "locked"


class Event(StrEnum):
    """What happened to the counter."""

    SPENT_FREELY = "spent-freely"
    """The next try may follow at once."""
    SPENT_PACED = "spent-paced"
    """The next try has to wait."""
    SPENT_LAST = "spent-last"
    """There is no next try, unless this one was right."""
    MATCHED = "matched"
    """The last try that was spent was right."""
    MATCHED_EARLIER = "matched-earlier"
    """A try was right, but others were spent since, and may be an attacker's."""
    RELEASED = "released"
    """The bank let the person try again, or set another PIN."""


TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.OPEN: {
        Event.SPENT_FREELY: State.OPEN,
        Event.SPENT_PACED: State.PACED,
        Event.SPENT_LAST: State.LOCKED,
        Event.MATCHED: State.OPEN,
        Event.MATCHED_EARLIER: State.OPEN,
        Event.RELEASED: State.OPEN,
    },
    State.PACED: {
        Event.SPENT_FREELY: State.OPEN,
        Event.SPENT_PACED: State.PACED,
        Event.SPENT_LAST: State.LOCKED,
        Event.MATCHED: State.OPEN,
        Event.MATCHED_EARLIER: State.PACED,
        Event.RELEASED: State.OPEN,
    },
    State.LOCKED: {
        Event.MATCHED: State.OPEN,
        Event.MATCHED_EARLIER: State.LOCKED,
        Event.RELEASED: State.OPEN,
    },
}
"""No try can be spent on what is locked: there is no such line."""

PACE = (
    timedelta(),
    timedelta(),
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(minutes=30),
)
"""How long the next try waits after the first, second, ... wrong one in a row."""


class Terms(Struct, frozen=True, kw_only=True):
    """How patient the bank is."""

    pace: tuple[timedelta, ...] = PACE
    """The try after the last of these locks, so there are ``len(pace) + 1`` in a row."""


class Tries(Struct, frozen=True, kw_only=True):
    """The counter of one person's PIN, whichever device it is tried from."""

    state: State = State.OPEN
    failures: int = 0
    """Tries spent since the last right one; those not settled yet count as wrong."""
    not_before: datetime | None = None
    """When the next try may be spent."""
    revision: int = 0
    """Goes up with every change, for compare-and-set."""


FRESH = Tries()


def spend(tries: Tries, now: datetime, terms: Terms | None = None) -> Tries:
    """Spend one try. The `revision` of what is returned is the ticket to settle it with.

    Raises:
        Denied: ``pin/locked``; ``pin/paced``, with the time from which on it may be as detail.
    """
    pace = (terms or Terms()).pace
    if tries.state is State.LOCKED:
        raise Denied(rules.LOCKED, f"{tries.failures} failures")
    if tries.not_before is not None and now < tries.not_before:
        raise Denied(rules.PACED, tries.not_before.isoformat())
    wait = pace[tries.failures] if tries.failures < len(pace) else None
    return Tries(
        state=advance(TRANSITIONS, tries.state, _event_of(wait), rules.TRANSITION),
        failures=tries.failures + 1,
        not_before=now + wait if wait else None,
        revision=tries.revision + 1,
    )


def settle(tries: Tries, ticket: int, matched: PinMatched | None) -> Tries:
    """Record how a try ended.

    Only a PIN that matched gives anything back: what proves possession of the device has another
    type, and so has a passkey. Tries that were spent since stay counted; they may be an attacker's.

    Args:
        tries: The counter as it is now.
        ticket: The revision that `spend` gave.
        matched: From `check_pin`, or None where the PIN was wrong or could not be read.

    Returns:
        The counter; the same where nothing is to be stored.

    Raises:
        Misuse: ``usage/pin-ticket``.
    """
    if not 0 < ticket <= tries.revision:
        raise Misuse(rules.TICKET, f"ticket {ticket} at revision {tries.revision}")
    if matched is None:
        return tries
    if type(matched) is not PinMatched:
        raise Misuse(rules.TICKET, f"{type(matched).__name__} is no matched PIN")
    if ticket == tries.revision:
        return _emptied(tries, Event.MATCHED)
    # Every change since made the revision one higher, so this is at least what was spent since.
    newer = min(tries.failures, tries.revision - ticket)
    return replace(
        tries,
        state=advance(TRANSITIONS, tries.state, Event.MATCHED_EARLIER, rules.TRANSITION),
        failures=newer,
        revision=tries.revision + 1,
    )


def release(tries: Tries) -> Tries:
    """Let the person try again: for the bank, after it has identified the person otherwise."""
    return _emptied(tries, Event.RELEASED)


def _emptied(tries: Tries, event: Event) -> Tries:
    return Tries(
        state=advance(TRANSITIONS, tries.state, event, rules.TRANSITION),
        revision=tries.revision + 1,
    )


def _event_of(wait: timedelta | None) -> Event:
    if wait is None:
        return Event.SPENT_LAST
    return Event.SPENT_PACED if wait else Event.SPENT_FREELY
