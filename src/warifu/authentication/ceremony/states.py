"""One challenge, one answer: the states of a ceremony.

The first state of the table is the one it begins in. Nothing here stores: who stores does it on
the condition that the state and the tries are still those that the function was given, so that of
two answers at the same time one is taken.

A try is spent before what it pays for is looked at, and only for somebody who has proved to hold
the bound key: a stranger cannot burn another person's tries.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from warifu.authentication.ceremony.context import Context, context_bytes
from warifu.authentication.ceremony.rules import CHALLENGE, CONTEXT, IN_TIME, MOVE, TERMS, TRIES
from warifu.authentication.ceremony.tables import advance
from warifu.base.errors import BadEvidence, Denied, Misuse

MOST_LIFE = timedelta(hours=1)
MOST_TRIES = 10


class CeremonyState(StrEnum):
    """Where a ceremony stands."""

    ISSUED = "issued"
    ANSWERED = "answered"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"


class CeremonyEvent(StrEnum):
    """What moves it on."""

    SPEND_TRY = "spend-try"
    ANSWER = "answer"
    EXPIRE = "expire"
    EXHAUST = "exhaust"
    CANCEL = "cancel"


TRANSITIONS: dict[CeremonyState, dict[CeremonyEvent, CeremonyState]] = {
    CeremonyState.ISSUED: {
        CeremonyEvent.SPEND_TRY: CeremonyState.ISSUED,
        CeremonyEvent.ANSWER: CeremonyState.ANSWERED,
        CeremonyEvent.EXPIRE: CeremonyState.EXPIRED,
        CeremonyEvent.EXHAUST: CeremonyState.EXHAUSTED,
        CeremonyEvent.CANCEL: CeremonyState.CANCELLED,
    },
    CeremonyState.ANSWERED: {},
    CeremonyState.EXPIRED: {},
    CeremonyState.EXHAUSTED: {},
    CeremonyState.CANCELLED: {},
}


class Ceremony(Struct, frozen=True, kw_only=True):
    """One challenge and what has become of it."""

    challenge: bytes
    """16 to 64 unpredictable octets, never issued twice."""
    context: Context
    state: CeremonyState = CeremonyState.ISSUED
    tries_left: int
    issued_at: datetime
    expires_at: datetime
    """From then on no answer is taken."""


def issue(
    context: Context, *, challenge: bytes, now: datetime, life: timedelta, tries: int
) -> Ceremony:
    """Begin a ceremony.

    Args:
        context: What it is for.
        challenge: Fresh and unpredictable, 16 to 64 octets.
        now: The current time.
        life: How long it can be answered, at most `MOST_LIFE`.
        tries: How many, at most `MOST_TRIES`.

    Raises:
        Misuse: ``ceremony/context-form``, ``ceremony/terms``.
    """
    context_bytes(context, challenge)
    if not timedelta() < life <= MOST_LIFE or not 1 <= tries <= MOST_TRIES:
        raise Misuse(TERMS, f"{life}, {tries} tries")
    return Ceremony(
        challenge=challenge,
        context=context,
        tries_left=tries,
        issued_at=now,
        expires_at=now + life,
    )


def spend_try(ceremony: Ceremony, *, now: datetime) -> Ceremony:
    """Pay for one look at an answer, to be stored before the look is taken.

    Raises:
        Denied: ``ceremony/move``, ``ceremony/in-time``, ``ceremony/tries``.
    """
    state = advance(TRANSITIONS, ceremony.state, CeremonyEvent.SPEND_TRY, MOVE)
    _require_in_time(ceremony, now)
    if ceremony.tries_left < 1:
        raise Denied(TRIES)
    return replace(ceremony, state=state, tries_left=ceremony.tries_left - 1)


def answer(ceremony: Ceremony, *, challenge: bytes, context: Context, now: datetime) -> Ceremony:
    """The ceremony, answered.

    Args:
        ceremony: As stored.
        challenge: The one that was answered, as the proof has it.
        context: The one that was answered, as whoever asks for the answer knows it.
        now: The current time.

    Raises:
        BadEvidence: ``ceremony/challenge``, ``ceremony/context``. These come first, so that who
            does not know the challenge learns nothing of the state.
        Denied: ``ceremony/move`` where it has ended, ``ceremony/in-time``.
        Misuse: ``ceremony/context-form``.
    """
    if not hmac.compare_digest(ceremony.challenge, challenge):
        raise BadEvidence(CHALLENGE)
    issued = context_bytes(ceremony.context, challenge)
    if not hmac.compare_digest(issued, context_bytes(context, challenge)):
        raise BadEvidence(CONTEXT)
    state = advance(TRANSITIONS, ceremony.state, CeremonyEvent.ANSWER, MOVE)
    _require_in_time(ceremony, now)
    return replace(ceremony, state=state)


def cancel(ceremony: Ceremony) -> Ceremony:
    """The ceremony, taken back by whoever asked.

    Raises:
        Denied: ``ceremony/move``.
    """
    state = advance(TRANSITIONS, ceremony.state, CeremonyEvent.CANCEL, MOVE)
    return replace(ceremony, state=state)


def settle(ceremony: Ceremony, *, now: datetime) -> Ceremony:
    """What a ceremony has come to by itself: expired, exhausted, or as it was."""
    if ceremony.state is not CeremonyState.ISSUED:
        return ceremony
    if now >= ceremony.expires_at:
        event = CeremonyEvent.EXPIRE
    elif ceremony.tries_left < 1:
        event = CeremonyEvent.EXHAUST
    else:
        return ceremony
    return replace(ceremony, state=TRANSITIONS[ceremony.state][event])


def _require_in_time(ceremony: Ceremony, now: datetime) -> None:
    if now >= ceremony.expires_at:
        raise Denied(IN_TIME, f"{now - ceremony.expires_at} late")
