"""Setting a PIN, and letting somebody try again. Neither is ever done on possession alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from warifu.authentication.user import rules as pure
from warifu.authentication.user.pin import open_pin
from warifu.authentication.user.tries import FRESH, State, release
from warifu.authentication.user.verified import Method
from warifu.base.errors import Denied
from warifu.service.conduct.challenges.asking import UserId
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.sealing import user_index_of
from warifu.service.conduct.verifying.pin_records import (
    PinSeen,
    make_record,
    newest_pepper,
    require_set,
    seen,
    tries_of,
    turn,
    with_tries,
)
from warifu.service.conduct.verifying.pins import OpenedQuestion, PinRequest, receive_envelope
from warifu.service.conduct.verifying.questions import Purpose, rest_on, use
from warifu.service.conduct.verifying.release_reasons import ReleaseReason
from warifu.service.conduct.verifying.remembering import standing_of
from warifu.service.conduct.verifying.rules import FIRST_PIN, OLD_PIN, RACED
from warifu.service.identifiers import new_id
from warifu.service.observe import events
from warifu.service.store.pins import StoredPin, find_pin, insert_pin, move_pin

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Statement

OPERATION = "set-pin"
"""No operation of rule sets, so it weighs most: what counts for it was verified for a change."""
MAX_KNOWN = 20
MAX_KNOWN_CHARACTERS = 40

Known = Annotated[str, Meta(max_length=MAX_KNOWN_CHARACTERS)]


class SetPinRequest(PinRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A PIN to be set."""

    known: Annotated[tuple[Known, ...], Meta(max_length=MAX_KNOWN)] = ()
    """Numbers that others may know of this person: date of birth, telephone, accounts. They are
    compared with the PIN, and not stored."""


class ReleaseRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bank has identified the person otherwise."""

    user: UserId
    forget: bool = False
    """Whether the PIN is forgotten, so that another first one may be set soon."""
    reason: ReleaseReason
    """For the audit log: a code, and no text."""


def set_pin(work: Work, asked: SetPinRequest) -> PinSeen:
    """Set a first PIN, or another one in place of the old one. The counter stays as it is.

    Raises:
        Misuse: ``request/known``.
        BadEvidence: What is wrong with the envelope, as for `verify_pin`.
        Denied: ``binding/usable``, ``challenge/*``, ``pin/first``, ``pin/old-pin``, ``pin/locked``,
            ``pin/digits``, ``pin/weak``, ``pin/raced``.
        VerifierFault: ``limits/busy``, ``pin/pepper``.
    """
    newest_pepper(work)
    opened = receive_envelope(work, asked, Purpose.SET_PIN)
    question = opened.question
    before = _require_leave(work, opened)
    with turn(work):
        sealed = make_record(
            work,
            question.owner,
            open_pin(opened.sealed, opened.private_key),
            user=asked.user,
            known=asked.known,
        )
    after, written = _written(work, before, user_index=question.user_index, sealed=sealed)
    answer = seen(work, after)
    is_first = before is None or not before.sealed
    commit(
        work,
        [
            use(work, question, by=new_id(work.now)),
            rest_on(work, question.stored, opened.sealed.counter),
            written,
        ],
        answer=answer,
        audit=[
            AuditEntry(action="pin/set", subject=question.stored.id, document={"first": is_first})
        ],
        status=200,
        device=asked.device,
    )
    events.challenged("used")
    return answer


def release_pin(work: Work, asked: ReleaseRequest) -> PinSeen:
    """Let a person try again, or set another PIN.

    Raises:
        Misuse: ``pin/known``.
        Denied: ``pin/raced``.
    """
    index = user_index_of(work, asked.user)
    pin = require_set(find_pin(work.house.database, work.tenant, index))
    sealed = b"" if asked.forget else pin.sealed
    after = with_tries(work, pin, release(tries_of(pin)), sealed=sealed)
    answer = seen(work, after)
    commit(
        work,
        [move_pin(work.tenant, after, before=pin.revision, otherwise=RACED)],
        answer=answer,
        audit=[
            AuditEntry(
                action="pin/released",
                subject=index.hex(),
                document={"forget": asked.forget, "reason": asked.reason},
            )
        ],
        status=200,
    )
    return answer


def _require_leave(work: Work, opened: OpenedQuestion) -> StoredPin | None:
    """The PIN as it stands, where this device may replace it now."""
    question = opened.question
    with work.house.database.read() as transaction:
        pin = find_pin(transaction, work.tenant, question.user_index)
        known = standing_of(
            work,
            transaction,
            user_index=question.user_index,
            device=question.asked.device,
            operation=OPERATION,
        )
    if pin is not None and pin.sealed:
        if pin.state == State.LOCKED:
            raise Denied(pure.LOCKED)
        if Method.PIN.value not in known.methods:
            raise Denied(OLD_PIN)
        return pin
    since = [question.stored.bound_at, *([] if pin is None else [pin.changed_at])]
    if not known.verified and not any(_is_recent(work, each) for each in since):
        raise Denied(FIRST_PIN)
    return pin


def _is_recent(work: Work, moment: datetime) -> bool:
    life = timedelta(seconds=work.house.settings.pins.first_seconds)
    return timedelta() <= work.now - moment < life


def _written(
    work: Work, before: StoredPin | None, *, user_index: bytes, sealed: bytes
) -> tuple[StoredPin, Statement]:
    if before is None:
        fresh = StoredPin(
            user_index=user_index,
            state=FRESH.state.value,
            failures=FRESH.failures,
            not_before=FRESH.not_before,
            revision=FRESH.revision,
            changed_at=work.now,
            sealed=sealed,
        )
        return fresh, insert_pin(work.tenant, fresh, otherwise=RACED)
    tries = tries_of(before)
    moved = replace(tries, revision=tries.revision + 1)
    after = with_tries(work, before, moved, sealed=sealed)
    return after, move_pin(work.tenant, after, before=before.revision, otherwise=RACED)
