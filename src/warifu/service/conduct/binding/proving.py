"""The proof of an activation: evidence for its challenge, kept as all evidence is.

Each try has a challenge of its own in the books, with the same value, so that what was sent in each
is found there and none is answered twice. The evidence is appraised by the app's policy for
log-ins: that is what a bound device will do first, and a device that may not log in is of no use.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from warifu.attestation.appraisal.vector import Tier
from warifu.attestation.claims import Claims, Format
from warifu.attestation.evidence.facts.webauthn import RegistrationFacts
from warifu.attestation.verdict import Outcome
from warifu.authentication.binding.activation import (
    ActivationState,
    activation_challenge,
    activation_fingerprint,
    prove,
)
from warifu.authentication.binding.fingerprint import NONCE_OCTETS
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.base.errors import BadEvidence, Misuse
from warifu.risk.decision.facts import Operation
from warifu.service.conduct.binding.activating import load_activation, move, pay
from warifu.service.conduct.binding.keeping import Attested
from warifu.service.conduct.binding.rules import APPRAISED
from warifu.service.conduct.challenges.asking import Asked, AskedOperation, context_digest
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.evidence.appraisal import AppraisalAnswer
from warifu.service.conduct.evidence.evidence import Shortcoming, again_where_new, told
from warifu.service.conduct.evidence.expectations import (
    Question,
    StoredKey,
    SubmittedEvidence,
    key_name,
    receive,
    write_stored_key,
)
from warifu.service.conduct.evidence.keeping import keep
from warifu.service.conduct.evidence.rules import NEW_KEY, PLATFORM
from warifu.service.conduct.evidence.submission import Found, Picture, basis, examine, look
from warifu.service.identifiers import new_id
from warifu.service.observe import events
from warifu.service.store.appraisals import insert_appraisal
from warifu.service.store.challenges import insert_challenge
from warifu.service.store.devices import KeyRow, insert_key

if TYPE_CHECKING:
    from warifu.authentication.binding.activation import Activation, PaidTry
    from warifu.authentication.transaction.confirmation import BoundKey
    from warifu.service.conduct.binding.keeping import KeptOf
    from warifu.service.conduct.registrations.registration import AppRegistration
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Statement

Nonce = Annotated[bytes, Meta(min_length=NONCE_OCTETS, max_length=NONCE_OCTETS)]


class ProofRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What opens the commitment. The key is in the evidence, and taken from nowhere else."""

    nonce: Nonce
    """The device's. Standard base64 with padding."""
    kind: ProofKind
    """What the key is bound for; its evidence must warrant it."""
    evidence: SubmittedEvidence
    """For the activation's challenge."""


class ProofAnswer(Struct, frozen=True, kw_only=True):
    """What became of a proof."""

    id: str
    state: ActivationState
    verdict: Outcome
    """``accepted``, ``refused`` (the device's fault) or ``no-statement`` (ours)."""
    reasons: tuple[Shortcoming, ...]
    tries_left: int
    fingerprint: str | None = None
    """Eight digits, for the bank's own channel alone; the app has computed its own."""
    device: str | None = None
    """The bank's name of the device, else the key's thumbprint; once it is proved."""
    evidence: str | None = None
    appraisal: AppraisalAnswer | None = None


class _Try(Struct, frozen=True, kw_only=True):
    """One try, paid for."""

    found: KeptOf
    paid: PaidTry
    asked: Asked
    challenge: str
    request: ProofRequest
    question: Question


def prove_device(work: Work, activation: str, request: ProofRequest) -> ProofAnswer:
    """Look at a proof, once a try is spent for it.

    Raises:
        Misuse: ``request/known``, ``evidence/form``, ``evidence/platform``.
        BadEvidence: The format of the evidence is not known.
        Denied: ``activation/move``, ``activation/in-time``, ``activation/tries``,
            ``binding/moved``, ``evidence/new-key``.
    """
    question = receive(request.evidence)
    if question.asserts:
        raise Misuse(PLATFORM, "an assertion proves no new key")
    found = load_activation(work, work.house.database, activation)
    asked = _asked(found)
    challenge = new_id(work.now)
    paid, found = pay(
        work,
        found,
        insert_challenge(
            work.tenant,
            challenge,
            app=asked.app,
            value=activation_challenge(found.ceremony),
            context=context_digest(asked),
            issued_at=work.now,
            expires_at=found.stored.expires_at,
        ),
    )
    attempt = _Try(
        found=found,
        paid=paid,
        asked=asked,
        challenge=challenge,
        request=request,
        question=question,
    )
    return again_where_new(lambda: _look_at(work, attempt))


def _asked(found: KeptOf) -> Asked:
    return Asked(
        app=found.stored.app,
        operation=AskedOperation(kind=Operation.LOGIN),
        user=found.kept.user,
        device=found.stored.device,
        context={"activation": found.stored.id},
    )


def _look_at(work: Work, attempt: _Try) -> ProofAnswer:
    question = attempt.question
    by = basis(work, question=question, challenge=attempt.challenge)
    with work.house.database.read() as transaction:
        picture = look(work, transaction, attempt.asked, by=by)
    found = examine(work, picture, asked=attempt.asked, question=question)
    try:
        after = _proved(work, attempt, picture, found)
    except BadEvidence as error:
        return _refused(work, attempt, error)
    return _settled(work, attempt, picture, found=found, after=after)


def _proved(work: Work, attempt: _Try, picture: Picture, found: Found) -> Activation | None:
    """The activation with its key; None where the evidence proved nothing."""
    if not isinstance(found.outcome, Claims):
        return None
    paid = attempt.paid
    app = _app_on(picture.app.registration, attempt.question.format)
    named = replace(paid, after=replace(paid.after, app=app))
    after = prove(
        named,
        device_nonce=attempt.request.nonce,
        claims=found.outcome,
        kind=attempt.request.kind,
        now=work.now,
    )
    if found.appraised.result.status is Tier.CONTRAINDICATED:
        raise BadEvidence(APPRAISED)
    return after


def _app_on(registration: AppRegistration, name: Format) -> str:
    """What the app is called on the platform that the evidence is of."""
    android, apple, web = registration.android, registration.apple, registration.webauthn
    names = {
        Format.ANDROID_KEY: android and android.package,
        Format.APP_ATTEST: apple and apple.app_id,
        Format.WEBAUTHN: web and web.rp_id,
    }
    return names.get(name) or ""


def _refused(work: Work, attempt: _Try, error: BadEvidence) -> ProofAnswer:
    """Evidence of somebody else's key is not kept: it is nothing of this user's."""
    reason = Shortcoming(code=error.code, ja=error.public.ja, en=error.public.en)
    answer = ProofAnswer(
        id=attempt.found.stored.id,
        state=attempt.paid.after.state,
        verdict=Outcome.REFUSED,
        reasons=(reason,),
        tries_left=attempt.paid.after.tries_left,
    )
    entry = AuditEntry(
        action="activation/refused", subject=answer.id, document={"code": error.code}
    )
    commit(work, [], answer=answer, audit=[entry], status=200)
    return answer


def _settled(
    work: Work, attempt: _Try, picture: Picture, *, found: Found, after: Activation | None
) -> ProofAnswer:
    evidence = told(found)
    now_stands = after or attempt.paid.after
    answer = ProofAnswer(
        id=attempt.found.stored.id,
        state=now_stands.state,
        verdict=evidence.verdict,
        reasons=evidence.reasons,
        tries_left=now_stands.tries_left,
        fingerprint=None if after is None else activation_fingerprint(after),
        device=evidence.device,
        evidence=evidence.id,
        appraisal=evidence.appraisal,
    )
    appraisal = found.appraised.row(context=None, used_by=None)
    changes = [*keep(work, picture, found), insert_appraisal(work.tenant, appraisal)]
    if after is not None:
        changes += _registering(work, attempt, found, after)
    entry = AuditEntry(
        action="activation/proved" if after else "activation/refused",
        subject=answer.id,
        document={
            "evidence": evidence.id,
            "format": evidence.format,
            "verdict": evidence.verdict,
            "status": appraisal.status,
        },
    )
    commit(work, changes, answer=answer, audit=[entry], status=200, device=answer.device)
    code = answer.reasons[0].code if answer.reasons else ""
    events.judged(evidence.format, evidence.verdict, code, basis=evidence.appraisal.basis)
    return answer


def _registering(work: Work, attempt: _Try, found: Found, after: Activation) -> list[Statement]:
    """The activation with its key, and the key among those of the device."""
    claims, key = found.outcome, after.key
    if not isinstance(claims, Claims) or claims.key is None or key is None or found.device is None:
        raise AssertionError("proved without a key")  # pragma: no cover - `prove` saw to it
    detail = claims.detail
    attested = Attested(
        key=claims.key,
        evidence=found.id,
        digest=sha256(attempt.question.data).digest(),
        credential=(
            detail.credential_public_key if isinstance(detail, RegistrationFacts) else None
        ),
        user_handle=attempt.request.evidence.user_handle,
        device=found.device,
    )
    changes = [move(work, attempt.found, after, attested)]
    if claims.format is Format.ANDROID_KEY:
        # Such keys sign nothing that a decision reads, so that keeping evidence registers none.
        changes.append(_register(work, found, key))
    return changes


def _register(work: Work, found: Found, key: BoundKey) -> Statement:
    stored = StoredKey(identifier=key.identifier, public_key=key.public_key)
    row = KeyRow(
        id=key_name(key.identifier),
        device=found.device or "",
        app=found.asked.app,
        format=found.question.format,
        credential=write_stored_key(stored),
        counter=0,
        evidence=found.id,
        registered_at=work.now,
    )
    return insert_key(work.tenant, row, otherwise=NEW_KEY)
