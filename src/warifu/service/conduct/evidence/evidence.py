"""Evidence, step by step: judged and kept now, decided upon in a request of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from warifu.attestation.claims import Format
from warifu.attestation.verdict import Outcome, Reason
from warifu.base.errors import Denied, Misuse, WarifuError
from warifu.service.conduct.challenges.asking import Asked, RecordId
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.evidence.appraisal import AppraisalAnswer, answered
from warifu.service.conduct.evidence.expectations import SubmittedEvidence, receive
from warifu.service.conduct.evidence.keeping import keep
from warifu.service.conduct.evidence.kept_claims import with_absent
from warifu.service.conduct.evidence.rules import DEVICE_APPEARED
from warifu.service.conduct.evidence.submission import Found, basis, examine, look
from warifu.service.conduct.rules import IN_FORCE, KNOWN
from warifu.service.observe import events
from warifu.service.store import evidence as store
from warifu.service.store.appraisals import insert_appraisal
from warifu.service.store.database import moment

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Row

ATTEMPTS = 3
"""A device is new to two requests at once at most as often as it has requests under way; and what
decides is changed by people."""

Answer = TypeVar("Answer")


class EvidenceRequest(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Evidence that answers a challenge; the rest is as in the request for the challenge."""

    challenge: RecordId
    evidence: SubmittedEvidence


class Shortcoming(Struct, frozen=True, kw_only=True):
    """Why evidence proved nothing."""

    code: str
    ja: str
    en: str


class EvidenceAnswer(Struct, frozen=True, kw_only=True):
    """What became of evidence."""

    id: str
    format: Format
    verdict: Outcome
    """``accepted``, ``refused`` (the device's fault) or ``no-statement`` (ours)."""
    device: str | None
    """The bank's name of the device, else the key's thumbprint; null where nothing was proved."""
    reasons: tuple[Shortcoming, ...]
    appraisal: AppraisalAnswer


class EvidenceSeen(Struct, frozen=True, kw_only=True):
    """Kept evidence, without what identifies a device."""

    id: str
    app: str
    device: str | None
    challenge: str | None
    format: str
    verdict: str
    made_at: datetime
    received_at: datetime
    sha256: str
    """Of what is kept of its bytes, in hex."""
    reasons: tuple[Shortcoming, ...]
    claims: dict[str, Any] | None = None
    """What was proved, with identifiers concealed as the settings say."""
    leniencies: tuple[dict[str, Any], ...] = ()
    unchecked: tuple[dict[str, Any], ...] = ()


def submit_evidence(work: Work, asked: EvidenceRequest) -> EvidenceAnswer:
    """Judge evidence, keep it, and register its key where it is a registration.

    The challenge is used up by whatever comes of it. The appraisal may be used for one decision
    about the same operation.

    Raises:
        Misuse: ``request/known``, ``evidence/form``, ``evidence/platform``.
        BadEvidence: The format is not known.
        Denied: ``challenge/*``, ``evidence/new-key``, ``evidence/counter-moved``.
    """
    return again_where_new(lambda: _submit(work, asked))


def again_where_new(attempt: Callable[[], Answer]) -> Answer:
    """Once more where another request was the first of the same device, or what decides changed."""
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except Denied as error:
            if error.rule not in {DEVICE_APPEARED, IN_FORCE}:
                raise
    return attempt()


def told(found: Found) -> EvidenceAnswer:
    """What became of evidence, as it is told."""
    return EvidenceAnswer(
        id=found.id,
        format=found.question.format,
        verdict=found.verdict,
        device=found.device,
        reasons=_shortcomings(found),
        appraisal=answered(found.appraised),
    )


def see_evidence(work: Work, evidence: str) -> EvidenceSeen:
    """Kept evidence.

    Raises:
        Misuse: ``request/known``.
    """
    with work.house.database.read() as transaction:
        row = store.read_evidence(transaction, work.tenant, evidence)
    if row is None:
        raise Misuse(KNOWN, "evidence")
    return _seen(row)


def list_evidence(
    work: Work, wanted: store.EvidenceFilter, *, after: str | None, limit: int
) -> list[EvidenceSeen]:
    """Kept evidence, newest first; at most `limit`."""
    with work.house.database.read() as transaction:
        rows = store.list_evidence(
            transaction, work.tenant, wanted=wanted, after=after, limit=limit
        )
    return [_seen(row) for row in rows]


def _submit(work: Work, asked: EvidenceRequest) -> EvidenceAnswer:
    question = receive(asked.evidence)
    by = basis(work, question=question, challenge=asked.challenge)
    picture = look(work, work.house.database, asked, by=by)
    found = examine(work, picture, asked=asked, question=question)
    answer = told(found)
    appraisal = found.appraised.row(context=found.challenge.context, used_by=None)
    commit(
        work,
        [*keep(work, picture, found), insert_appraisal(work.tenant, appraisal)],
        answer=answer,
        device=answer.device,
        audit=[
            AuditEntry(
                action="evidence/judged",
                subject=found.id,
                document={
                    "format": found.question.format,
                    "verdict": found.verdict,
                    "appraisal": found.appraised.id,
                    "status": appraisal.status,
                },
            )
        ],
    )
    code = answer.reasons[0].code if answer.reasons else ""
    events.judged(answer.format, answer.verdict, code, basis=answer.appraisal.basis)
    return answer


def _shortcomings(found: Found) -> tuple[Shortcoming, ...]:
    error = found.outcome
    if not isinstance(error, WarifuError):
        return ()
    return (Shortcoming(code=error.code, ja=error.public.ja, en=error.public.en),)


def _seen(row: Row) -> EvidenceSeen:
    name, app, device, _, challenge, kind, digest, made_at, received_at, verdict, document = row
    kept = _KEPT.decode(document)
    return EvidenceSeen(
        id=name,
        app=app,
        device=device,
        challenge=challenge,
        format=kind,
        verdict=verdict,
        made_at=moment(made_at),
        received_at=moment(received_at),
        sha256=digest.hex(),
        reasons=tuple(Shortcoming(code=each.code, ja=each.ja, en=each.en) for each in kept.reasons),
        claims=None if kept.claims is None else with_absent(kept.claims),
        leniencies=kept.leniencies,
        unchecked=kept.unchecked,
    )


class _Kept(Struct, frozen=True):
    """The parts of a kept verdict that are shown."""

    reasons: tuple[Reason, ...] = ()
    claims: dict[str, Any] | None = None
    leniencies: tuple[dict[str, Any], ...] = ()
    unchecked: tuple[dict[str, Any], ...] = ()


_KEPT = msgspec.json.Decoder(_Kept)
