"""Terminal-judged: a bound passkey that verified its user, or a key that signs what was checked."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from warifu.attestation.evidence.readers.webauthn_response import read_response
from warifu.authentication.user.device_signature import SIGNERS
from warifu.authentication.user.passkey import KINDS, PasskeyTerms, verify_passkey
from warifu.authentication.user.statement import StatementTerms, verify_statement
from warifu.base.errors import Misuse
from warifu.service.conduct.challenges.asking import RecordId
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.evidence.rules import PLATFORM
from warifu.service.conduct.verifying.questions import (
    Purpose,
    Question,
    UserAsked,
    read_question,
    rest_on,
    use,
)
from warifu.service.conduct.verifying.remembering import VerificationAnswer, remember, tell
from warifu.service.identifiers import new_id
from warifu.service.observe import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.authentication.user.verified import UserVerified
    from warifu.service.conduct.work import Work

MAX_BYTES = 16 << 10


class TerminalMethod(StrEnum):
    """What was sent."""

    PASSKEY = "passkey"
    """AuthenticationResponseJSON of WebAuthn."""
    STATEMENT = "statement"
    """What a platform key, a trusted application or an applet signed."""


class VerificationRequest(UserAsked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer of a terminal that judged its user."""

    method: TerminalMethod
    challenge: RecordId
    data: Annotated[bytes, Meta(min_length=1, max_length=MAX_BYTES)]


def verify_user(work: Work, asked: VerificationRequest) -> VerificationAnswer:
    """Verify a user by the word of a bound and attested key, and remember it.

    Raises:
        Misuse: ``request/known``, ``evidence/platform``.
        BadEvidence: ``user/*``, ``webauthn/*``, and what their readers raise.
        Denied: ``binding/usable``, ``challenge/*``, ``evidence/counter-moved``.
    """
    is_passkey = asked.method is TerminalMethod.PASSKEY
    credential = read_response(asked.data).credential_id if is_passkey else None
    with work.house.database.read() as transaction:
        question = read_question(
            work,
            transaction,
            asked,
            purpose=Purpose.VERIFY,
            challenge=asked.challenge,
            kinds=KINDS if is_passkey else SIGNERS,
            credential=credential,
        )
    verified = _VERIFIERS[asked.method](work, question, asked.data)
    operation = asked.operation.kind.value
    answer = tell(work, verified, operation=operation)
    commit(
        work,
        [
            use(work, question, by=new_id(work.now)),
            rest_on(work, question.stored, verified.counter),
            remember(work, verified, user_index=question.user_index, operation=operation),
        ],
        answer=answer,
        audit=[
            AuditEntry(
                action="user/verified",
                subject=question.stored.id,
                document={
                    "method": verified.method,
                    "assurance": verified.assurance,
                    "operation": operation,
                    "context": verified.context.hex(),
                },
            )
        ],
        device=asked.device,
    )
    events.challenged("used")
    return answer


def _by_passkey(work: Work, question: Question, data: bytes) -> UserVerified:
    web = question.app.registration.webauthn
    if web is None:
        raise Misuse(PLATFORM, "the app registration names no relying party")
    settings = work.house.settings.verification
    return verify_passkey(
        data,
        bound=question.bound,
        attested=question.attested,
        context=question.context,
        challenge=question.value,
        terms=PasskeyTerms(origins=web.origins, endorsements=frozenset(settings.endorsements)),
        now=work.now,
        user_handle=question.kept.user_handle,
    )


def _by_statement(work: Work, question: Question, data: bytes) -> UserVerified:
    settings = work.house.settings.verification
    return verify_statement(
        data,
        bound=question.bound,
        attested=question.attested,
        context=question.context,
        challenge=question.value,
        terms=StatementTerms(
            assurances=frozenset(settings.assurances),
            endorsements=frozenset(settings.endorsements),
        ),
        now=work.now,
    )


_VERIFIERS: dict[TerminalMethod, Callable[[Work, Question, bytes], UserVerified]] = {
    TerminalMethod.PASSKEY: _by_passkey,
    TerminalMethod.STATEMENT: _by_statement,
}
