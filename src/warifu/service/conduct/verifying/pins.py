"""PINs judged by us: a try is durably spent before a PIN is looked at, and settled afterwards.

This is the one use case with two commits. Between them nobody knows whether the PIN is right, and
whoever stops the process there has lost the try.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING, Annotated, TypeVar

from msgspec import Meta, Struct
from msgspec.structs import replace

from warifu.authentication.user import rules as pure
from warifu.authentication.user.device_signature import SIGNERS
from warifu.authentication.user.pin import (
    MAX_BYTES,
    SealedPin,
    open_pin,
    verified_by_pin,
    verify_envelope,
)
from warifu.authentication.user.pin_record import Pepper, PinMatched, PinRecord, check_pin
from warifu.authentication.user.tries import settle, spend
from warifu.base.errors import BadEvidence, Denied
from warifu.base.secret import Secret
from warifu.service.conduct.challenges.asking import RecordId
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.sealing import user_index_of
from warifu.service.conduct.verifying.hpke_keys import read_pin_keys
from warifu.service.conduct.verifying.pin_records import (
    TERMS,
    PinSeen,
    make_record,
    newest_pepper,
    read_record,
    require_set,
    seen,
    tries_of,
    turn,
    with_tries,
)
from warifu.service.conduct.verifying.questions import (
    Purpose,
    Question,
    UserAsked,
    read_question,
    rest_on,
    use,
)
from warifu.service.conduct.verifying.remembering import VerificationAnswer, remember, tell
from warifu.service.conduct.verifying.rules import RACED
from warifu.service.identifiers import new_id
from warifu.service.limits.limits import TooMany
from warifu.service.observe import events
from warifu.service.store.pins import StoredPin, find_pin, move_pin

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work

MOST_RACES = 64
"""How often a commit is tried again because somebody else's came between."""
_T = TypeVar("_T")

Envelope = Annotated[bytes, Meta(min_length=1, max_length=MAX_BYTES)]


class PinRequest(UserAsked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A PIN, encrypted to us and signed by the bound key."""

    challenge: RecordId
    envelope: Envelope


class PinAnswer(Struct, frozen=True, kw_only=True):
    """Whether the PIN was right. A wrong one is no error: the answer says what follows."""

    verified: VerificationAnswer | None
    """Null where it was not."""
    code: str | None
    """Why not."""
    pin: PinSeen


class OpenedQuestion(Struct, frozen=True, kw_only=True):
    """An envelope of the bound device for this question, and what opens it."""

    question: Question
    sealed: SealedPin
    private_key: Secret


class _Spent(Struct, frozen=True, kw_only=True):
    pin: StoredPin
    record: PinRecord
    pepper: Pepper
    ticket: int


class _Judged(Struct, frozen=True, kw_only=True):
    matched: PinMatched | None
    code: str | None = None
    """Why it is not the one."""
    record: bytes
    """To be stored, sealed: made anew where it is under an old pepper, or costs too little."""


def verify_pin(work: Work, asked: PinRequest) -> PinAnswer:
    """Spend a try, look at the PIN, settle the try.

    Raises:
        Misuse: ``request/known``, ``pin/known``.
        BadEvidence: ``pin/*``, ``user/*`` and what the readers of envelopes raise: no try is spent.
        Denied: ``binding/usable``, ``challenge/*``, ``pin/locked``, ``pin/paced``: no try is spent.
            ``pin/raced`` in the second commit: the try stays spent.
        VerifierFault: ``limits/busy``, ``pin/pepper``: no try is spent.
    """
    opened = receive_envelope(work, asked, Purpose.VERIFY)
    with turn(work):
        spent = _again(lambda: _spend(work, opened))
        judged = _judge(work, opened, spent)
        answer = _again(lambda: _settle(work, opened, spent, judged))
    events.challenged("used")
    return answer


def see_pin(work: Work, user: str) -> PinSeen:
    """Where a user's PIN stands.

    Raises:
        Misuse: ``pin/known``.
    """
    index = user_index_of(work, user)
    return seen(work, require_set(find_pin(work.house.database, work.tenant, index)))


def receive_envelope(work: Work, asked: PinRequest, purpose: Purpose) -> OpenedQuestion:
    """Verify all of an envelope that can be verified without opening it.

    Raises:
        WarifuError: As for `verify_pin`.
    """
    with work.house.database.read() as transaction:
        question = read_question(
            work, transaction, asked, purpose=purpose, challenge=asked.challenge, kinds=SIGNERS
        )
        keys = read_pin_keys(work, transaction, question.owner)
    sealed = verify_envelope(
        asked.envelope,
        bound=question.bound,
        context=question.context,
        challenge=question.value,
        keys=keys.certified,
        now=work.now,
    )
    private = keys.private(work, sealed.hpke_key)
    return OpenedQuestion(question=question, sealed=sealed, private_key=private)


def _spend(work: Work, opened: OpenedQuestion) -> _Spent:
    """The first commit: the challenge is used and the try spent, whatever happens now."""
    question = opened.question
    found = find_pin(work.house.database, work.tenant, question.user_index)
    pin = require_set(found)
    # What we lack ourselves must not cost anybody a try: it is looked up before.
    record, pepper = read_record(work, question.owner, pin)
    try:
        tries = spend(tries_of(pin), work.now, TERMS)
    except Denied as error:
        raise _with_time(work, pin, error) from error
    after = with_tries(work, pin, tries, sealed=pin.sealed)
    commit(
        # The answer is not known yet: nothing is kept under an idempotency key.
        replace(work, once=None),
        [
            use(work, question, by=new_id(work.now)),
            rest_on(work, question.stored, opened.sealed.counter),
            move_pin(work.tenant, after, before=pin.revision, otherwise=RACED),
        ],
        answer=None,
        audit=[_told(question, "pin/try-spent", failures=tries.failures, state=tries.state)],
    )
    return _Spent(pin=after, record=record, pepper=pepper, ticket=tries.revision)


def _judge(work: Work, opened: OpenedQuestion, spent: _Spent) -> _Judged:
    user, stands = opened.question.asked.user, spent.pin.sealed
    try:
        pin = open_pin(opened.sealed, opened.private_key)
        matched = check_pin(pin, spent.record, user=user, pepper=spent.pepper)
    except (BadEvidence, Denied) as error:
        return _Judged(matched=None, code=error.code, record=stands)
    if not matched.renew and spent.pepper.name == newest_pepper(work).name:
        return _Judged(matched=matched, record=stands)
    try:
        renewed = make_record(work, opened.question.owner, pin, user=user, known=())
    except Denied:  # it would be too weak to be set today
        renewed = stands
    return _Judged(matched=matched, record=renewed)


def _settle(work: Work, opened: OpenedQuestion, spent: _Spent, judged: _Judged) -> PinAnswer:
    """The second commit: only the right PIN gives tries back."""
    question, operation = opened.question, opened.question.asked.operation.kind.value
    pin = require_set(find_pin(work.house.database, work.tenant, question.user_index))
    if judged.matched is None:
        answer = PinAnswer(verified=None, code=judged.code, pin=seen(work, pin))
        audit = _told(question, "pin/refused", code=judged.code, operation=operation)
        commit(work, (), answer=answer, audit=[audit], status=200, device=question.asked.device)
        return answer
    if pin.sealed not in {spent.pin.sealed, judged.record}:
        raise Denied(RACED, "another PIN was set meanwhile")
    tries = settle(tries_of(pin), spent.ticket, judged.matched)
    after = with_tries(work, pin, tries, sealed=judged.record)
    verified = verified_by_pin(opened.sealed, judged.matched)
    answer = PinAnswer(
        verified=tell(work, verified, operation=operation), code=None, pin=seen(work, after)
    )
    commit(
        work,
        [
            move_pin(work.tenant, after, before=pin.revision, otherwise=RACED),
            rest_on(work, question.stored, None),
            remember(work, verified, user_index=question.user_index, operation=operation),
        ],
        answer=answer,
        audit=[_told(question, "pin/verified", operation=operation)],
        status=200,
        device=question.asked.device,
    )
    return answer


def _again(attempt: Callable[[], _T]) -> _T:
    """Try again where another try of the same person came between: it has moved the counter."""
    for _ in range(MOST_RACES - 1):
        try:
            return attempt()
        except Denied as error:
            if error.rule is not RACED or error.detail:
                raise
    return attempt()


def _with_time(work: Work, pin: StoredPin, error: Denied) -> Denied:
    if error.rule is not pure.PACED or pin.not_before is None:
        return error
    seconds = ceil((pin.not_before - work.now).total_seconds())
    return TooMany(error.rule, error.detail, max(1, seconds))


def _told(question: Question, action: str, **document: object) -> AuditEntry:
    return AuditEntry(action=action, subject=question.stored.id, document=document)
