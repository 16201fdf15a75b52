"""Challenges: random, single-use, short-lived, and bound to what they are for."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from hmac import compare_digest
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.codec.text import to_base64url
from warifu.base.errors import Denied, Misuse
from warifu.service.conduct.challenges.asking import Asked, context_digest
from warifu.service.conduct.challenges.rules import CHALLENGE_KNOWN, CONTEXT, IN_TIME, UNUSED
from warifu.service.conduct.committing import commit
from warifu.service.conduct.registrations.registration import load_app
from warifu.service.identifiers import new_id
from warifu.service.observe import events
from warifu.service.store import challenges as store
from warifu.service.store.database import micros, moment

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work

OCTETS = 32


class ChallengeRequest(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the challenge will be for."""


class ChallengeAnswer(Struct, frozen=True, kw_only=True):
    """A challenge, told once."""

    id: str
    challenge: str
    """base64url without padding of 32 random bytes. The device answers the bytes."""
    expires_at: datetime


class ChallengeState(StrEnum):
    """Where a challenge stands."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"


class ChallengeSeen(Struct, frozen=True, kw_only=True):
    """A challenge without its value."""

    id: str
    app: str
    state: ChallengeState
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


class StoredChallenge(Struct, frozen=True, kw_only=True):
    """A challenge as it was issued."""

    id: str
    app: str
    value: bytes
    context: bytes
    issued_at: int
    expires_at: int
    used_at: int | None


def issue_challenge(work: Work, asked: ChallengeRequest) -> ChallengeAnswer:
    """A new challenge.

    Raises:
        Misuse: ``request/known`` where there is no such app.
    """
    with work.house.database.read() as transaction:
        load_app(work.house, transaction, work.tenant, asked.app)
    value = secrets.token_bytes(OCTETS)
    expires_at = work.now + timedelta(seconds=work.house.settings.challenges.seconds)
    answer = ChallengeAnswer(
        id=new_id(work.now), challenge=to_base64url(value), expires_at=expires_at
    )
    issued = store.insert_challenge(
        work.tenant,
        answer.id,
        app=asked.app,
        value=value,
        context=context_digest(asked),
        issued_at=work.now,
        expires_at=expires_at,
    )
    # No audit row: the challenge's own row says when it was issued, and by what it was answered.
    commit(work, [issued], answer=answer, audit=())
    events.challenged("issued")
    return answer


def see_challenge(work: Work, challenge: str) -> ChallengeSeen:
    """Where a challenge stands.

    Raises:
        Misuse: ``challenge/known``.
    """
    with work.house.database.read() as transaction:
        row = store.read_challenge(transaction, work.tenant, challenge)
    if row is None:
        raise Misuse(CHALLENGE_KNOWN, challenge)
    app, issued_at, expires_at, used_at = row
    state = ChallengeState.USED if used_at is not None else ChallengeState.OPEN
    if used_at is None and not issued_at <= micros(work.now) < expires_at:
        state = ChallengeState.EXPIRED
    return ChallengeSeen(
        id=challenge,
        app=app,
        state=state,
        issued_at=moment(issued_at),
        expires_at=moment(expires_at),
        used_at=None if used_at is None else moment(used_at),
    )


def require_answerable(
    challenge: StoredChallenge | None, *, asked: Asked, now: datetime
) -> StoredChallenge:
    """The challenge, where this request may answer it now.

    Whoever comes at the same moment may still be faster: the commit asks once more whether it was
    used.

    Raises:
        Denied: ``challenge/known``, ``challenge/unused``, ``challenge/in-time``,
            ``challenge/context``.
    """
    if challenge is None:
        raise Denied(CHALLENGE_KNOWN)
    if challenge.used_at is not None:
        raise Denied(UNUSED, challenge.id)
    if not challenge.issued_at <= micros(now) < challenge.expires_at:
        raise Denied(IN_TIME, challenge.id)
    if not compare_digest(challenge.context, context_digest(asked)):
        raise Denied(CONTEXT, challenge.id)
    return challenge
