"""Judging stored evidence again: the time judged for stays, what is believed is today's.

The evidence itself keeps its first verdict, which can be replayed under the trust of its own time.
A re-appraisal adds an appraisal beside it and says what changed. It judges the evidence alone: an
assertion's registration is evidence of its own. How old the evidence has become is not held against
it, and no decision is made on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias

from msgspec import Meta, Struct

from warifu.attestation.appraisal.result import AttestationResult, Basis, Finding
from warifu.attestation.appraisal.vector import Tier, outranks
from warifu.attestation.claims import Claims, Format
from warifu.attestation.verifier import Evidence, verify_evidence
from warifu.base.errors import BadEvidence, Denied, Misuse, VerifierFault
from warifu.base.secret import Secret
from warifu.risk.decision.facts import Operation
from warifu.service.conduct.committing import SEVERAL, AuditEntry, commit
from warifu.service.conduct.erasing.rules import ERASED
from warifu.service.conduct.evidence.appraisal import (
    AGE,
    Appraised,
    for_registrations,
    judge,
    trust_digest,
)
from warifu.service.conduct.evidence.appraisal_view import read_document
from warifu.service.conduct.evidence.kept_appraisals import AppraisalDocument
from warifu.service.conduct.evidence.rules import KEPT
from warifu.service.conduct.evidence.standing import Recalled, recall
from warifu.service.conduct.registrations.registration import RegisteredApp, load_app
from warifu.service.conduct.rules import KNOWN
from warifu.service.identifiers import new_id
from warifu.service.store import reappraisal as store
from warifu.service.store.appraisals import insert_appraisal
from warifu.service.store.reappraisal import EvidenceFilter

if TYPE_CHECKING:
    from warifu.attestation.appraisal.policy import AppraisalPolicy
    from warifu.attestation.trust.view import TrustView
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Row, Statement, Transaction

MOST_AT_ONCE = 1000
ATTEMPTS = 3
"""How often a page begins again where one of its devices was erased meanwhile."""
STRICTEST = Operation.HIGH_VALUE_TRANSFER
"""Whose policy judges where none is named and the last one is in force no more."""

Filter = Annotated[str, Meta(min_length=1, max_length=200)]
Proved: TypeAlias = "Claims | BadEvidence | VerifierFault"


class How(StrEnum):
    """How a requirement came out."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"
    NOT_ASKED = "not-asked"


class ReappraisalRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one piece of evidence is judged again."""

    operation: Operation | None = None
    """By whose policy; by that of the last appraisal unless named, where it is still in force."""


class ReappraisalsRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which evidence is judged again; what is not named is open."""

    operation: Operation
    """By whose policy."""
    app: Filter | None = None
    device: Filter | None = None
    model: Filter | None = None
    format: Format | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_AT_ONCE)] = 100
    after: Filter | None = None
    """`next` of the page before."""


class Judged(Struct, frozen=True, kw_only=True):
    """One of two appraisals that are compared."""

    appraisal: str | None
    """Null where it was not kept: nothing could be said about the device."""
    basis: Basis
    status: str
    submodules: dict[str, str]
    policy_digest: str
    known_at: datetime
    appraised_at: datetime


class Change(Struct, frozen=True, kw_only=True):
    """A requirement that came out otherwise than before."""

    requirement: str
    before: How
    after: How
    severity: str
    """What the policy makes of it where it does not hold."""
    ja: str
    en: str


class ReappraisalAnswer(Struct, frozen=True, kw_only=True):
    """What changed about one piece of evidence."""

    evidence: str
    device: str | None
    format: Format
    made_at: datetime
    """The time it was judged for, then and now."""
    before: Judged | None
    """Null where it was never appraised."""
    after: Judged
    fell: bool
    """It may be trusted less than before."""
    rose: bool
    same_policy: bool
    changes: tuple[Change, ...]


class ReappraisalsAnswer(Struct, frozen=True, kw_only=True):
    """What changed about many."""

    known_at: datetime
    judged: int
    fell: int
    rose: int
    no_statement: int
    """Of those judged: nothing could be said, because of us. They neither fell nor rose."""
    not_kept: int
    """Not judged: their bytes are not kept, or their app is registered no more."""
    erased: int
    unreadable: int
    """Not judged: what is kept does not open. An operator should look at it."""
    items: tuple[ReappraisalAnswer, ...]
    """Those of which anything changed."""
    next: str | None
    """For `after` of the request for the next page; null where this is the last."""


class Asked(Struct, frozen=True, kw_only=True):
    """Evidence that is ready to be verified again."""

    evidence: str
    recalled: Recalled
    policy: AppraisalPolicy
    secrets: dict[str, Secret]
    earlier: AppraisalDocument | None
    earlier_id: str | None


class Page(Struct, frozen=True, kw_only=True):
    """What was read of many."""

    ready: tuple[Asked, ...]
    not_kept: int
    erased: int
    unreadable: int
    next: str | None


def reappraise(work: Work, evidence: str, asked: ReappraisalRequest) -> ReappraisalAnswer:
    """Judge one piece of stored evidence again.

    Raises:
        Misuse: ``request/known``.
        Denied: ``data/erased``, ``evidence/kept``.
        VerifierFault: ``vault/opens``.
    """
    trust = work.house.trust.now(work.now)
    with work.house.database.read() as transaction:
        wanted = EvidenceFilter(id=evidence)
        rows = store.evidence_to_judge(
            transaction, tenant=work.tenant, wanted=wanted, after=None, limit=1
        )
        if not rows:
            raise Misuse(KNOWN, "evidence")
        ready = _ready(work, transaction, rows[0], asked.operation)
    if ready is None:
        raise Denied(ERASED if rows[0][1] else KEPT, evidence)
    (outcome,) = verify_here((ready,), trust)
    appraised, answer = _conclude(work, ready, outcome, trust=trust, digest=trust_digest(trust))
    entry = AuditEntry(
        action="evidence/reappraised",
        subject=evidence,
        document={"appraisal": answer.after.appraisal, "fell": answer.fell, "rose": answer.rose},
    )
    changes = _changes(work.tenant, [appraised])
    commit(work, changes, answer=answer, audit=[entry], device=answer.device)
    return answer


def reappraise_many(work: Work, asked: ReappraisalsRequest) -> ReappraisalsAnswer:
    """Judge a page of stored evidence again, newest first, in one commit.

    Raises:
        Denied: ``data/erased`` where its devices are erased all the time.
        VerifierFault: Nothing is believed, or nothing can be read.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _reappraise_page(work, asked)
        except Denied as error:
            if error.rule is not ERASED:
                raise
    return _reappraise_page(work, asked)


def count_evidence(work: Work, asked: ReappraisalsRequest) -> int:
    """How much evidence all pages together hold."""
    with work.house.database.read() as transaction:
        return store.evidence_count(transaction, tenant=work.tenant, wanted=_filter(asked))


def verify_here(ready: Iterable[Asked], trust: TrustView) -> Iterable[Proved]:
    """Verify one after the other, for the time each was judged for."""
    for each in ready:
        request = each.recalled.verdict.request
        try:
            yield verify_evidence(
                Evidence(media_type=request.media_type, data=request.evidence),
                expected=each.recalled.expectations(each.secrets),
                trust=trust,
                at=request.at,
                gaps=request.gaps,
            )
        except (BadEvidence, VerifierFault) as error:
            yield error.with_traceback(None)


def _reappraise_page(work: Work, asked: ReappraisalsRequest) -> ReappraisalsAnswer:
    trust = work.house.trust.now(work.now)
    page = _read_page(work, asked)
    digest = trust_digest(trust)
    outcomes = verify_here(page.ready, trust)
    done = [
        _conclude(work, each, outcome, trust=trust, digest=digest)
        for each, outcome in zip(page.ready, outcomes, strict=True)
    ]
    answers = [answer for _, answer in done]
    answer = ReappraisalsAnswer(
        known_at=trust.known_at,
        judged=len(answers),
        fell=sum(each.fell for each in answers),
        rose=sum(each.rose for each in answers),
        no_statement=sum(each.after.basis is Basis.VERIFIER_FAULT for each in answers),
        not_kept=page.not_kept,
        erased=page.erased,
        unreadable=page.unreadable,
        items=tuple(each for each in answers if each.fell or each.rose or each.changes),
        next=page.next,
    )
    entry = AuditEntry(
        action="evidence/reappraised",
        subject=asked.app or "",
        document={"judged": answer.judged, "fell": answer.fell, "rose": answer.rose},
    )
    changes = _changes(work.tenant, [appraised for appraised, _ in done])
    commit(work, changes, answer=answer, audit=[entry], status=200, device=SEVERAL)
    return answer


def _read_page(work: Work, asked: ReappraisalsRequest) -> Page:
    ready: list[Asked] = []
    erased = unreadable = 0
    with work.house.database.read() as transaction:
        rows = store.evidence_to_judge(
            transaction,
            tenant=work.tenant,
            wanted=_filter(asked),
            after=asked.after,
            limit=asked.limit + 1,
        )
        shown = rows[: asked.limit]
        for row in shown:
            erased += row[1]
            try:
                found = _ready(work, transaction, row, asked.operation)
            except VerifierFault:
                # One row that was altered does not keep the others from being judged.
                unreadable += 1
                continue
            if found is not None:
                ready.append(found)
    return Page(
        ready=tuple(ready),
        not_kept=len(shown) - len(ready) - erased - unreadable,
        erased=erased,
        unreadable=unreadable,
        next=shown[-1][0] if len(rows) > len(shown) else None,
    )


def _ready(
    work: Work, transaction: Transaction, row: Row, operation: Operation | None
) -> Asked | None:
    """Evidence that can be judged again; None where it was erased, or is not kept.

    Raises:
        VerifierFault: ``vault/opens``, ``app/readable``.
    """
    evidence, erased, appraisal, document, *kept = row
    sealed = kept[7]
    if erased or sealed is None:
        return None
    app = _app(work, transaction, kept[0])
    if app is None:
        return None
    recalled = recall(work.house, work.tenant, tuple(kept))
    earlier = None if document is None else read_document(document)
    return Asked(
        evidence=evidence,
        recalled=recalled,
        policy=for_registrations(app.policy(operation or _operation(app, earlier))),
        secrets=_secrets(app, recalled.verdict.request.format),
        earlier=earlier,
        earlier_id=appraisal,
    )


def _conclude(
    work: Work, asked: Asked, outcome: Proved, *, trust: TrustView, digest: str
) -> tuple[Appraised, ReappraisalAnswer]:
    request = asked.recalled.verdict.request
    result, facts = judge(
        outcome,
        policy=asked.policy,
        trust=trust,
        now=work.now,
        evidence_format=request.format,
        made_at=request.at,
    )
    appraised = Appraised(
        id=new_id(work.now),
        evidence=asked.evidence,
        app=asked.recalled.app,
        device=asked.recalled.device,
        trust=digest,
        result=result,
        facts=facts,
    )
    before = asked.earlier.result if asked.earlier else None
    # Nothing is said about a device of which we can say nothing: it neither falls nor rises.
    compared = before is not None and Basis.VERIFIER_FAULT not in {before.basis, result.basis}
    kept = None if result.basis is Basis.VERIFIER_FAULT else appraised.id
    return appraised, ReappraisalAnswer(
        evidence=asked.evidence,
        device=asked.recalled.device,
        format=request.format,
        made_at=request.at,
        before=None if before is None else _judged(before, asked.earlier_id),
        after=_judged(result, kept),
        fell=compared and before is not None and outranks(before.status, result.status),
        rose=compared and before is not None and outranks(result.status, before.status),
        same_policy=before is not None and before.policy_digest == result.policy_digest,
        changes=() if before is None else tuple(_changed(before, result)),
    )


def _changes(tenant: str, appraised: Iterable[Appraised]) -> list[Statement]:
    """What is written: first the devices are held, in one order for everyone, then the rows."""
    kept = [each for each in appraised if each.result.basis is not Basis.VERIFIER_FAULT]
    devices = sorted({each.device for each in kept if each.device is not None})
    return [
        *(store.hold_device(tenant, device, otherwise=ERASED) for device in devices),
        *(insert_appraisal(tenant, each.row(context=None, used_by=None)) for each in kept),
    ]


def _changed(before: AttestationResult, after: AttestationResult) -> Iterable[Change]:
    first = {finding.requirement: finding for finding in before.findings()}
    second = {finding.requirement: finding for finding in after.findings()}
    for requirement, shown in (first | second).items():
        was, is_now = _how(first.get(requirement)), _how(second.get(requirement))
        if requirement != AGE and was is not is_now:
            yield Change(
                requirement=requirement,
                before=was,
                after=is_now,
                severity=shown.severity,
                ja=shown.reason.ja,
                en=shown.reason.en,
            )


def _how(finding: Finding | None) -> How:
    if finding is None:
        return How.NOT_ASKED
    if finding.holds is None:
        return How.UNKNOWN
    return How.HOLDS if finding.holds else How.FAILS


def _judged(result: AttestationResult, appraisal: str | None) -> Judged:
    return Judged(
        appraisal=appraisal,
        basis=result.basis,
        status=Tier(result.status).label,
        submodules={name: part.status.label for name, part in result.submodules.items()},
        policy_digest=result.policy_digest,
        known_at=result.known_at,
        appraised_at=result.issued_at,
    )


def _app(work: Work, transaction: Transaction, app: str) -> RegisteredApp | None:
    try:
        return load_app(work.house, transaction, work.tenant, app)
    except Misuse:
        return None


def _operation(app: RegisteredApp, earlier: AppraisalDocument | None) -> Operation:
    """The operation whose policy judged last, where that policy is still in force."""
    if earlier is not None:
        for operation in Operation:
            if app.policy(operation).digest == earlier.result.policy_digest:
                return operation
    return STRICTEST


def _secrets(app: RegisteredApp, kind: Format) -> dict[str, Secret]:
    """What expectations of a format need and a saved verdict never holds."""
    if kind is not Format.PLAY_INTEGRITY:
        return {}
    keys = app.play_integrity_keys()
    return {name: keys[name] for name in _SECRETS if name in keys}


def _filter(asked: ReappraisalsRequest) -> EvidenceFilter:
    return EvidenceFilter(
        app=asked.app, device=asked.device, model=asked.model, format=asked.format
    )


_SECRETS = ("decryption_key",)
