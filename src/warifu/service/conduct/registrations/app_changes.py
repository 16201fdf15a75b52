"""Changing what evidence is held against: at once where it asks for more, by two where for less."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from warifu.attestation.appraisal.policy import milder
from warifu.attestation.claims import Realm
from warifu.base.errors import BadEvidence, Denied, Misuse
from warifu.base.keys.jwks import algorithm_of
from warifu.base.pki.signature import load_public_key
from warifu.risk.decision.facts import Operation
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.registrations import rules
from warifu.service.conduct.registrations.app_wire import (
    AppAnswer,
    AppChange,
    AppRequest,
    PlayIntegrityKeys,
    PolicyInForce,
    ProposalAnswer,
    ProposalApproval,
)
from warifu.service.conduct.registrations.registration import (
    LOOPBACK,
    AppRegistration,
    Proposal,
    RegisteredApp,
    StoredApp,
    Widening,
    digest_of,
    known,
    policies_of,
    read,
    read_policy_file,
    registered,
    seal_play_integrity_keys,
)
from warifu.service.conduct.rules import UNCHANGED
from warifu.service.conduct.work import Work
from warifu.service.store import apps as store
from warifu.service.store.database import micros, moment
from warifu.service.store.policies import insert_policy

if TYPE_CHECKING:
    from warifu.attestation.appraisal.policy import AppraisalPolicy
    from warifu.authentication.binding.warrant import Provider
    from warifu.service.store.database import Row, Transaction

MAX_PROPOSAL_AGE = timedelta(days=7)
WHOLE = "registration"
"""Where a proposal is not about the policy of one operation."""


class Candidate(Struct, frozen=True, kw_only=True):
    """What may take a registration's place."""

    subject: str
    registration: AppRegistration
    sealed: bytes | None = None
    """New secrets; None keeps those that stand."""
    source: bytes | None = None
    """A policy file that it names and that is not stored yet."""


class Plan(Struct, frozen=True, kw_only=True):
    """What a change comes to, before it is written."""

    answer: AppAnswer | ProposalAnswer
    document: StoredApp
    secrets: bytes | None
    audit: AuditEntry
    status: int


Check = Callable[[AppAnswer], None]
"""Raises where the caller has not seen what stands."""


def create_app(work: Work, asked: AppRequest) -> AppAnswer:
    """Register an app.

    Raises:
        Misuse: ``app/form``.
        Denied: ``app/new``, ``app/realm``.
    """
    registration = AppRegistration(
        id=asked.id,
        name=asked.name,
        realm=asked.realm,
        android=asked.android,
        apple=asked.apple,
        webauthn=asked.webauthn,
        play_integrity=asked.play_integrity is not None,
        components=asked.components or msgspec.UNSET,
    )
    _require_whole(registration)
    if work.house.trust.now(work.now).realm is not registration.realm:
        raise Denied(rules.REALM, registration.realm)
    sealed = _sealed(work, asked.id, asked.play_integrity)
    document = msgspec.json.encode(StoredApp(registration=registration))
    with work.house.database.read() as transaction:
        answer = _answer(
            work,
            transaction,
            (0, document, sealed, micros(work.now), micros(work.now)),
        )
    commit(
        work,
        [
            store.insert_app(
                work.tenant,
                asked.id,
                document=document,
                secrets=sealed,
                now=work.now,
                otherwise=rules.NEW,
            )
        ],
        answer=answer,
        audit=[AuditEntry(action="app/created", subject=asked.id, document=registration)],
    )
    return answer


def read_app(work: Work, app: str) -> AppAnswer:
    """One registration.

    Raises:
        Misuse: ``request/known``.
    """
    with work.house.database.read() as transaction:
        return _answer(work, transaction, known(store.read_app(transaction, work.tenant, app)))


def list_apps(work: Work, *, after: str | None, limit: int) -> list[AppAnswer]:
    """Registrations by id, one more than `limit` where there are more."""
    with work.house.database.read() as transaction:
        rows = store.list_apps(transaction, work.tenant, after=after, limit=limit + 1)
        return [_answer(work, transaction, row[1:]) for row in rows]


def replace_app(
    work: Work, app: str, asked: AppChange, *, check: Check
) -> AppAnswer | ProposalAnswer:
    """Change a registration, or propose to.

    Raises:
        Misuse: ``request/known``, ``app/form``; what `check` raises.
        Denied: ``request/unchanged``.
    """

    def change(stands: RegisteredApp) -> Candidate:
        has_keys = asked.play_integrity is not None or (
            stands.sealed is not None and not asked.forget_play_integrity
        )
        registration = msgspec.structs.replace(
            stands.registration,
            name=asked.name,
            android=asked.android,
            apple=asked.apple,
            webauthn=asked.webauthn,
            play_integrity=has_keys,
            components=asked.components or msgspec.UNSET,
        )
        _require_whole(registration)
        return Candidate(
            subject=WHOLE,
            registration=registration,
            sealed=_sealed(work, app, asked.play_integrity),
        )

    return settle(work, app, change, check=check)


def settle(
    work: Work,
    app: str,
    change: Callable[[RegisteredApp], Candidate],
    *,
    check: Check | None = None,
) -> AppAnswer | ProposalAnswer:
    """Let a change take effect, or wait for a second person where it is milder than what stands.

    Args:
        work: The request.
        app: Which app.
        change: From what stands to what may take its place.
        check: Raises where the caller has not seen what stands.
    """
    with work.house.database.read() as transaction:
        row = known(store.read_app(transaction, work.tenant, app))
        if check is not None:
            check(_answer(work, transaction, row))
        stands = registered(work.house, transaction, work.tenant, row)
        candidate = change(stands)
        wider = widenings(work, transaction, stands, candidate)
        plan = (
            _proposing(work, row, candidate, wider)
            if wider
            else _taking_effect(work, transaction, row, candidate)
        )
    _write(work, row, plan, candidate)
    return plan.answer


def approve(work: Work, app: str, subject: str, asked: ProposalApproval) -> AppAnswer:
    """Let a proposal take effect.

    Raises:
        Misuse: ``request/known``.
        Denied: ``policy/proposed``, ``policy/four-eyes``, ``request/unchanged``.
    """
    with work.house.database.read() as transaction:
        row = known(store.read_app(transaction, work.tenant, app))
        stored = read(row[1])
        proposal = stored.proposals.get(subject)
        if proposal is None or proposal.fingerprint != asked.fingerprint:
            raise Denied(rules.PROPOSED, subject)
        if not work.now - MAX_PROPOSAL_AGE <= proposal.at <= work.now:
            raise Denied(rules.PROPOSED, "proposed too long ago, or in the future")
        if proposal.by == work.caller.id:
            raise Denied(rules.FOUR_EYES, "by the one who proposed it")
        candidate = Candidate(
            subject=subject, registration=proposal.registration, sealed=proposal.secrets
        )
        plan = _taking_effect(work, transaction, row, candidate, proposed_by=proposal.by)
    _write(work, row, plan, candidate)
    return msgspec.convert(plan.answer, AppAnswer, from_attributes=True)


def fingerprint(stored: StoredApp, candidate: Candidate) -> str:
    """What an approval is for: this candidate, in the place of the registration as it stands."""
    content = (
        stored.settled,
        stored.registration,
        candidate.subject,
        candidate.registration,
        candidate.sealed,
    )
    return sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()


def widenings(
    work: Work, transaction: Transaction, stands: RegisteredApp, candidate: Candidate
) -> tuple[Widening, ...]:
    """Everything that the candidate lets through and what stands does not."""
    old, new = stands.registration, candidate.registration
    held_new, held_old = _held(new), _held(old)
    found = [
        Widening(where=WHOLE, setting=setting, before="(not accepted)", after=value)
        for setting, value in sorted(held_new - held_old)
    ]
    if candidate.sealed is not None:
        found.append(
            Widening(where=WHOLE, setting="play-integrity", before="(keys)", after="(other keys)")
        )
    policies = policies_of(transaction, work.tenant, new, unsaved=candidate.source)
    for operation, policy in stands.policies.items():
        found += [
            Widening(
                where=operation,
                setting=each.setting,
                before=str(each.default),
                after=str(each.chosen),
            )
            for each in milder(policies[operation], than=policy)
        ]
    return tuple(found)


def in_force(
    registration: AppRegistration, operation: Operation, policy: AppraisalPolicy
) -> PolicyInForce:
    """One line of a registration's policies."""
    return PolicyInForce(
        operation=operation,
        id=policy.id,
        source=registration.policies.get(operation),
        digest=policy.digest,
        relaxations=policy.relaxations,
    )


def _held(registration: AppRegistration) -> frozenset[tuple[str, str]]:
    """What evidence may say of the app, each entry by itself."""
    android, apple, web = registration.android, registration.apple, registration.webauthn
    held: set[tuple[str, str]] = set()
    if android is not None:
        held.add(("android.package", android.package))
        held.update(("android.signers", signer) for signer in android.signers)
    if apple is not None:
        held.add(("apple", f"{apple.app_id} ({apple.environment})"))
    if web is not None:
        held.add(("webauthn.rp_id", web.rp_id))
        held.update(("webauthn.origins", origin) for origin in web.origins)
    held.update(
        ("components", f"{each.name} ({sha256(each.public_key).hexdigest()})")
        for each in registration.providers
    )
    return frozenset(held)


def _proposing(work: Work, row: Row, candidate: Candidate, wider: tuple[Widening, ...]) -> Plan:
    stored = read(row[1])
    proposal = Proposal(
        fingerprint=fingerprint(stored, candidate),
        by=work.caller.id,
        at=work.now,
        registration=candidate.registration,
        secrets=candidate.sealed,
        milder=wider,
    )
    answer = _shown(candidate.subject, proposal)
    return Plan(
        answer=answer,
        document=msgspec.structs.replace(
            stored, proposals={**stored.proposals, candidate.subject: proposal}
        ),
        secrets=row[2],
        audit=AuditEntry(action="app/proposed", subject=stored.registration.id, document=answer),
        status=202,
    )


def _taking_effect(
    work: Work,
    transaction: Transaction,
    row: Row,
    candidate: Candidate,
    *,
    proposed_by: str | None = None,
) -> Plan:
    new = candidate.registration
    sealed = candidate.sealed or (row[2] if new.play_integrity else None)
    document = StoredApp(registration=new, settled=row[0] + 1)
    return Plan(
        answer=_answer(
            work,
            transaction,
            (row[0] + 1, msgspec.json.encode(document), sealed, row[3], micros(work.now)),
            unsaved=candidate.source,
        ),
        document=document,
        secrets=sealed,
        audit=AuditEntry(
            action="app/approved" if proposed_by else "app/changed",
            subject=new.id,
            document={
                "about": candidate.subject,
                "proposed_by": proposed_by,
                "before": read(row[1]).registration,
                "after": new,
                "replaces_keys": candidate.sealed is not None,
            },
        ),
        status=201 if proposed_by else 200,
    )


def _write(work: Work, row: Row, plan: Plan, candidate: Candidate) -> None:
    app = plan.document.registration.id
    statements = [
        store.update_app(
            work.tenant,
            app,
            seen=row[0],
            document=msgspec.json.encode(plan.document),
            secrets=plan.secrets,
            now=work.now,
            otherwise=UNCHANGED,
        )
    ]
    if candidate.source is not None:
        policy = read_policy_file(candidate.source, candidate.registration)
        statements.append(
            insert_policy(
                work.tenant,
                digest_of(candidate.source),
                name=policy.id,
                source=candidate.source,
                now=work.now,
                by=work.caller.id,
            )
        )
    commit(work, statements, answer=plan.answer, audit=[plan.audit], status=plan.status)


def _answer(
    work: Work, transaction: Transaction, row: Row, *, unsaved: bytes | None = None
) -> AppAnswer:
    stored = read(row[1])
    policies = policies_of(transaction, work.tenant, stored.registration, unsaved=unsaved)
    return AppAnswer(
        registration=stored.registration,
        revision=row[0],
        created_at=moment(row[3]),
        changed_at=moment(row[4]),
        policies=tuple(
            in_force(stored.registration, operation, policy)
            for operation, policy in policies.items()
        ),
        proposals=tuple(_shown(subject, each) for subject, each in stored.proposals.items()),
    )


def _shown(subject: str, proposal: Proposal) -> ProposalAnswer:
    return ProposalAnswer(
        subject=subject,
        fingerprint=proposal.fingerprint,
        by=proposal.by,
        at=proposal.at,
        registration=proposal.registration,
        replaces_keys=proposal.secrets is not None,
        milder=proposal.milder,
    )


def _sealed(work: Work, app: str, keys: PlayIntegrityKeys | None) -> bytes | None:
    if keys is None:
        return None
    try:
        load_public_key(keys.verification_key)
    except BadEvidence as error:
        raise Misuse(rules.FORM, "play_integrity.verification_key") from error
    return seal_play_integrity_keys(
        work.house,
        work.tenant,
        app,
        decryption=keys.decryption_key,
        verification=keys.verification_key,
    )


def _require_sound(providers: tuple[Provider, ...]) -> None:
    keys = {each.public_key for each in providers}
    if len(keys) != len(providers):
        raise Misuse(rules.FORM, "components: one key twice")
    for key in keys:
        try:
            algorithm_of(key)
            load_public_key(key)
        except (BadEvidence, Misuse) as error:
            raise Misuse(rules.FORM, "components.public_key") from error


def _require_whole(registration: AppRegistration) -> None:
    if not (registration.android or registration.apple or registration.webauthn):
        raise Misuse(rules.FORM, "no platform")
    if registration.play_integrity and registration.android is None:
        raise Misuse(rules.FORM, "Play Integrity without an Android app")
    _require_sound(registration.providers)
    web = registration.webauthn
    if web is None or registration.realm is Realm.TEST:
        return
    if any(origin.startswith(LOOPBACK) for origin in web.origins):
        # Whatever listens on a customer's machine could ask for assertions in the bank's name.
        raise Misuse(rules.FORM, "an origin on this machine, in production")
