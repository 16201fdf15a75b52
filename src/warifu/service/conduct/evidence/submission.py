"""One submission of evidence: what is read for it, what it proves, what is kept of it."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from warifu.attestation.appraisal.vector import Tier
from warifu.attestation.claims import Claims, Format
from warifu.attestation.examination import Gaps
from warifu.attestation.expectations import Expectations
from warifu.attestation.trust.view import TrustView
from warifu.attestation.verdict import Outcome, Request, ask
from warifu.attestation.verifier import FORMATS, Evidence, expectations_for, verify_evidence
from warifu.base.codec.text import to_base64url
from warifu.base.errors import BadEvidence, StaleTrust, Unchecked, VerifierFault
from warifu.risk.decision.adapter import join_registration
from warifu.service.composition import Owner
from warifu.service.conduct.challenges.asking import Asked
from warifu.service.conduct.challenges.challenge import StoredChallenge, require_answerable
from warifu.service.conduct.evidence.appraisal import (
    Appraised,
    judge,
    proved,
    trust_digest,
)
from warifu.service.conduct.evidence.expectations import (
    Against,
    Question,
    StoredKey,
    expect,
    read_stored_key,
)
from warifu.service.conduct.evidence.kept_appraisals import ProvedFacts
from warifu.service.conduct.evidence.rules import SAME_DEVICE
from warifu.service.conduct.evidence.standing import (
    RegistrationPicture,
    Standing,
    judged_since,
    look_at_registration,
    stand,
)
from warifu.service.conduct.memory import Memory
from warifu.service.conduct.registrations.registration import RegisteredApp, known
from warifu.service.conduct.registrations.registration import registered as registered_app
from warifu.service.conduct.work import Work
from warifu.service.identifiers import new_id
from warifu.service.observe.traces import span
from warifu.service.store.desk import Desk, Wanted, read_desk
from warifu.service.vault.rules import OPENS

if TYPE_CHECKING:
    from warifu.attestation.appraisal.policy import AppraisalPolicy
    from warifu.service.store.database import Lookup, Row

FAILURES_COUNT_FOR = timedelta(hours=24)
MAX_POLICIES_REMEMBERED = 4096
USER = "user"
"""The kind of blind index under which users are found."""

_REGISTERED_AS = {
    Format.APP_ATTEST_ASSERTION: Format.APP_ATTEST,
    Format.WEBAUTHN: Format.WEBAUTHN,
}


class RegisteredKey(Struct, frozen=True, kw_only=True):
    """A key that was registered, and its device."""

    id: str
    device: str
    owner: Owner | None
    key: StoredKey
    counter: int
    last_seen: int
    registration: RegistrationPicture


class Basis(Struct, frozen=True, kw_only=True):
    """What a request rests on, before anything is looked up."""

    trust: TrustView
    trust_digest: str
    question: Question | None = None
    challenge: str | None = None
    appraisal: str | None = None


class Picture(Struct, frozen=True, kw_only=True):
    """All that is read for one submission."""

    app: RegisteredApp
    policy: AppraisalPolicy
    trust: TrustView
    trust_digest: str
    challenge: StoredChallenge | None
    tenant_owner: Owner
    named_owner: Owner | None
    """Of the device that the request names, where it is known."""
    named_seen: int
    registered: RegisteredKey | None
    user_index: bytes | None
    desk: Desk
    """The rest of what was read."""


class Found(Struct, frozen=True, kw_only=True):
    """What came of one submission."""

    id: str
    asked: Asked
    question: Question
    challenge: StoredChallenge
    request: Request
    outcome: Claims | BadEvidence | VerifierFault
    device: str | None
    appraised: Appraised
    standing: Standing | None

    @property
    def verdict(self) -> Outcome:
        """In one word."""
        if isinstance(self.outcome, Claims):
            return Outcome.ACCEPTED
        return Outcome.REFUSED if isinstance(self.outcome, BadEvidence) else Outcome.NO_STATEMENT


def look(
    work: Work, lookup: Lookup, asked: Asked, *, by: Basis, desk: Desk | None = None
) -> Picture:
    """Read all that a submission, or a decision without one, can need.

    What may change is read by one statement, which is one picture. What is read after it is named
    there by digest or id, and never changes.

    Args:
        work: The request.
        lookup: Where to read.
        asked: What is asked.
        by: What it rests on.
        desk: What that statement would find, where it was read already.

    Raises:
        Misuse: ``request/known`` where there is no such app.
        VerifierFault: What is stored cannot be used.
    """
    house, tenant = work.house, work.tenant
    question = by.question
    asserts = question is not None and question.identifier is not None
    user_index = None
    if asked.user is not None:
        user_index = house.vault.index(tenant, USER, asked.user.encode())
    spoken_of = (tenant, asked.app, asked.operation.kind)
    guessed = None if desk is not None else _policies.get(spoken_of)
    desk = desk or read_desk(
        lookup,
        tenant,
        Wanted(
            app=asked.app,
            operation=asked.operation.kind,
            refused_since=work.now - FAILURES_COUNT_FOR,
            judged_since=judged_since(work),
            now=work.now,
            policy=guessed,
            trust=by.trust_digest,
            challenge=by.challenge,
            device=asked.device,
            key=question.key_name if question is not None else None,
            key_format=_REGISTERED_AS[question.format] if question and asserts else None,
            appraisal=by.appraisal,
            user_index=user_index,
        ),
    )
    if desk is None or desk.tenant_key is None:
        raise VerifierFault(OPENS, f"tenant {tenant} has no key")
    app = registered_app(house, lookup, tenant, known(desk.app))
    policy = app.policy(asked.operation.kind)
    _policies.keep(spoken_of, policy.digest)
    registered = None
    if question is not None and question.key_name is not None and desk.key is not None:
        registration = look_at_registration(
            work,
            lookup,
            desk.key[3],
            policy=policy,
            trust=by.trust_digest,
            found=desk.standing if guessed == policy.digest else None,
        )
        registered = _registered(tenant, question.key_name, desk.key, registration)
    return Picture(
        app=app,
        policy=policy,
        trust=by.trust,
        trust_digest=by.trust_digest,
        challenge=_challenge(by.challenge, desk.challenge),
        tenant_owner=Owner(tenant=tenant, name="", wrapped=desk.tenant_key),
        named_owner=_owner(tenant, asked.device, desk.device_key),
        named_seen=desk.device_seen or 0,
        registered=registered,
        user_index=user_index,
        desk=desk,
    )


def basis(
    work: Work,
    *,
    question: Question | None,
    challenge: str | None = None,
    appraisal: str | None = None,
) -> Basis:
    """What a request rests on.

    Raises:
        VerifierFault: Nothing usable is believed.
    """
    trust = work.house.trust.now(work.now)
    return Basis(
        trust=trust,
        trust_digest=trust_digest(trust),
        question=question,
        challenge=challenge,
        appraisal=appraisal,
    )


def examine(work: Work, picture: Picture, *, asked: Asked, question: Question) -> Found:
    """Verify and appraise evidence.

    Raises:
        Denied: What is wrong with the challenge.
        Misuse: ``evidence/platform``.
    """
    challenge = require_answerable(picture.challenge, asked=asked, now=work.now)
    with span("verify", format=question.format):
        request, outcome, seen = _verify(work, picture, challenge, asked=asked, question=question)
    device = _device(asked, picture, outcome)
    evidence = new_id(work.now)
    with span("appraise"):
        result, facts = judge(
            outcome,
            policy=picture.policy,
            trust=picture.trust,
            now=work.now,
            evidence_format=question.format,
            made_at=work.now,
        )
        if seen is not None:
            facts = _held_against(work, picture, facts, seen)
    standing = None
    if isinstance(outcome, Claims) and picture.registered is not None:
        standing = stand(
            work,
            picture.registered.registration,
            policy=picture.policy,
            trust=picture.trust,
            digest=picture.trust_digest,
        )
        facts = _joined(facts, standing, asked)
    return Found(
        id=evidence,
        asked=asked,
        question=question,
        challenge=challenge,
        request=request,
        outcome=outcome,
        device=device,
        appraised=Appraised(
            id=new_id(work.now),
            evidence=evidence,
            app=asked.app,
            device=device,
            trust=picture.trust_digest,
            result=result,
            facts=facts,
            standing=standing.appraisal if standing else None,
        ),
        standing=standing,
    )


def _verify(
    work: Work,
    picture: Picture,
    challenge: StoredChallenge,
    *,
    asked: Asked,
    question: Question,
) -> tuple[Request, Claims | BadEvidence | VerifierFault, Claims | None]:
    """What was asked, what came of it, and what stale trust leaves to be seen."""
    registered = picture.registered
    against = Against(
        app=picture.app,
        challenge=challenge.value,
        question=question,
        key=registered.key if registered else None,
        counter=registered.counter if registered else 0,
    )
    gaps = Gaps.REFUSE
    expected: Expectations | None = None
    outcome: Claims | BadEvidence | VerifierFault
    seen: Claims | None = None
    try:
        expected = expect(against)
        if registered is not None and asked.device not in {None, registered.device}:
            raise BadEvidence(SAME_DEVICE)
        outcome, gaps = _claims(work, picture, question, expected)
    except (BadEvidence, VerifierFault) as error:
        outcome = error
        if isinstance(error, StaleTrust) and expected is not None:
            outcome, seen = _all_but_trust(work, picture, question, expected=expected, error=error)
    if expected is None:
        expected = expectations_for(question.format, {"challenge": challenge.value})
    return _asked(work, picture, expected, of=question, gaps=gaps), outcome, seen


def _all_but_trust(
    work: Work, picture: Picture, question: Question, *, expected: Expectations, error: StaleTrust
) -> tuple[BadEvidence | VerifierFault, Claims | None]:
    """An outage must excuse nobody else's evidence: all that needs no trust is checked again.

    Evidence that answers another challenge, or that another app made, is refused whatever is stale.
    """
    evidence = Evidence(media_type=FORMATS[question.format].media_type, data=question.data)
    try:
        return error, verify_evidence(
            evidence, expected=expected, trust=picture.trust, at=work.now, gaps=Gaps.REPORT
        )
    except BadEvidence as found:
        return found, None
    except VerifierFault:
        return error, None


def _held_against(work: Work, picture: Picture, facts: ProvedFacts, seen: Claims) -> ProvedFacts:
    """What stands against a device although trust is stale; nothing is taken in its favour."""
    _, found = judge(
        seen,
        policy=_tolerating(picture.policy, {gap.rule for gap in seen.unchecked}),
        trust=picture.trust,
        now=work.now,
        evidence_format=seen.format,
        made_at=work.now,
    )
    device, app, key = found.device, found.app, found.key
    return replace(
        facts,
        device=replace(facts.device, status=_against(device.status, facts.device.status)),
        app=replace(facts.app, status=_against(app.status, facts.app.status)),
        key=replace(facts.key, status=_against(key.status, facts.key.status)),
    )


def _tolerating(policy: AppraisalPolicy, gaps: set[str]) -> AppraisalPolicy:
    """A device that is shown to be unlocked is, whether its key was revoked since or not."""
    evidence = policy.settings.evidence
    tolerated = replace(evidence, tolerated_gaps=evidence.tolerated_gaps | gaps)
    return replace(policy, settings=replace(policy.settings, evidence=tolerated))


def _against(found: str | None, otherwise: str | None) -> str | None:
    return found if found == Tier.CONTRAINDICATED.label else otherwise


def _claims(
    work: Work, picture: Picture, question: Question, expected: Expectations
) -> tuple[Claims, Gaps]:
    """Claims without gaps; with them where the policy tolerates some, and appraisal looks on."""
    evidence = Evidence(media_type=FORMATS[question.format].media_type, data=question.data)
    try:
        claims = verify_evidence(evidence, expected=expected, trust=picture.trust, at=work.now)
    except Unchecked:
        if not picture.policy.settings.evidence.tolerated_gaps:
            raise
        gaps = Gaps.REPORT
        return verify_evidence(
            evidence, expected=expected, trust=picture.trust, at=work.now, gaps=gaps
        ), gaps
    return claims, Gaps.REFUSE


def _asked(
    work: Work, picture: Picture, expected: Expectations, *, of: Question, gaps: Gaps
) -> Request:
    """As it is kept: the evidence and the client data are sealed apart from it."""
    asked = ask(
        of.format,
        b"",
        expected=expected,
        at=work.now,
        known_at=picture.trust.known_at,
        gaps=gaps,
        realm=picture.trust.realm,
    )
    if "client_data" in asked.expected:
        asked.expected["client_data"] = None
    return replace(asked, snapshots=dict(picture.trust.snapshots))


def _joined(facts: ProvedFacts, standing: Standing, asked: Asked) -> ProvedFacts:
    operation = asked.operation.facts()
    return proved(join_registration(facts.of(operation), standing.facts.of(operation)))


def _device(
    asked: Asked, picture: Picture, outcome: Claims | BadEvidence | VerifierFault
) -> str | None:
    """The device's name: the bank's, else its registration's, else the thumbprint of its key.

    Evidence that proves nothing gives no device a name. Where the bank names one device and the key
    is another's, it is of neither: it is found, and erased, with the key.
    """
    registered = picture.registered
    if registered is not None and asked.device not in {None, registered.device}:
        return None
    if asked.device is not None or not isinstance(outcome, Claims):
        return asked.device
    if registered is not None:
        return registered.device
    key = outcome.key.public_key if outcome.key else None
    return None if key is None else to_base64url(sha256(key).digest())


def _registered(
    tenant: str, name: str, row: Row, registration: RegistrationPicture
) -> RegisteredKey:
    device, credential, counter, _, data_key, last_seen = row
    return RegisteredKey(
        id=name,
        device=device,
        owner=_owner(tenant, device, data_key),
        key=read_stored_key(credential),
        counter=counter,
        last_seen=last_seen,
        registration=registration,
    )


def _challenge(name: str | None, row: Row | None) -> StoredChallenge | None:
    if name is None or row is None:
        return None
    app, value, context, issued_at, expires_at, used_at = row
    return StoredChallenge(
        id=name,
        app=app,
        value=value,
        context=context,
        issued_at=issued_at,
        expires_at=expires_at,
        used_at=used_at,
    )


def _owner(tenant: str, device: str | None, wrapped: bytes | None) -> Owner | None:
    if device is None or wrapped is None:
        return None
    return Owner(tenant=tenant, name=device, wrapped=wrapped)


_policies: Memory[tuple[str, str, str], str] = Memory(MAX_POLICIES_REMEMBERED)
"""The digest of the policy of an operation of an app when it was last asked: a guess, by which one
statement can find what a second one would. The app's row says whether it still is that policy."""
