"""Decisions: from facts to serve, step up, limit or refuse; kept with all their reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from warifu.attestation.claims import Claims
from warifu.base.errors import Denied, Misuse, WarifuError
from warifu.risk.decision import reasons
from warifu.risk.decision.adapter import facts_from
from warifu.risk.decision.assured import with_threat
from warifu.risk.decision.decide import (
    Circumstances,
    Decision,
    Kind,
    Reason,
    Refuse,
    decide,
)
from warifu.risk.decision.facts import NEVER, Facts, HistoryFacts
from warifu.risk.decision.life_cycle import choose
from warifu.risk.decision.rules import Consequence
from warifu.service.conduct.challenges.asking import context_digest
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.decisions.deciding import (
    DecisionAnswer,
    DecisionDocument,
    DecisionRequest,
    EvidenceTold,
    Shadow,
    document_of,
    outcome_of,
    reason_of,
    shadow_of,
)
from warifu.service.conduct.decisions.rules import (
    APPRAISAL_CONTEXT,
    APPRAISAL_KNOWN,
    BASIS,
    POLICY,
    STALE,
    USED,
)
from warifu.service.conduct.evidence.appraisal import (
    AppraisalAnswer,
    answered,
    proved,
)
from warifu.service.conduct.evidence.appraisal import told as appraisal_told
from warifu.service.conduct.evidence.evidence import again_where_new
from warifu.service.conduct.evidence.expectations import Question, receive
from warifu.service.conduct.evidence.keeping import hold, keep
from warifu.service.conduct.evidence.kept_appraisals import ProvedFacts, read_appraisal
from warifu.service.conduct.evidence.standing import (
    RegistrationPicture,
    look_at_registration,
    stand,
)
from warifu.service.conduct.evidence.submission import Found, Picture, basis, examine, look
from warifu.service.conduct.governing.governance import Governing, governing_by
from warifu.service.conduct.rules import IN_FORCE, KNOWN
from warifu.service.identifiers import new_id
from warifu.service.observe import events
from warifu.service.observe.traces import span
from warifu.service.store import appraisals as appraisal_store
from warifu.service.store import decisions as store
from warifu.service.store.database import Row, Statement, micros

if TYPE_CHECKING:
    from warifu.service.conduct.decisions.laid import Laid
    from warifu.service.conduct.work import Work


class Ground(Struct, frozen=True, kw_only=True):
    """What a decision rests on, and what it changes beside writing itself."""

    facts: ProvedFacts
    device: str | None
    device_proved: bool
    """Whether evidence showed that it is this device."""
    changes: list[Statement]
    evidence: EvidenceTold | None = None
    appraisal: AppraisalAnswer | None = None
    challenge: str | None = None
    device_key: str | None = None


class Planned(Struct, frozen=True, kw_only=True):
    """A decision that is made, and not written."""

    answer: DecisionAnswer
    statements: tuple[Statement, ...]
    """What must be written with whatever rests on it."""
    audit: AuditEntry


def make_decision(work: Work, asked: DecisionRequest) -> DecisionAnswer:
    """Decide one operation now.

    Raises:
        Misuse: ``request/known``, ``decision/basis``, ``evidence/form``, ``evidence/platform``,
            ``appraisal/known``.
        BadEvidence: The format of the evidence is not known.
        Denied: ``challenge/*``, ``appraisal/*``, ``evidence/new-key``, ``evidence/counter-moved``,
            ``decision/in-force``.
        VerifierFault: We cannot judge, nor look up what would be needed to.
    """
    if asked.evidence is not None and asked.appraisal is not None:
        raise Misuse(BASIS, "evidence and an appraisal")
    if (asked.evidence is None) is not (asked.challenge is None):
        raise Misuse(BASIS, "evidence without a challenge, or a challenge without evidence")
    return again_where_new(lambda: _decide(work, asked))


def see_decision(work: Work, decision: str) -> DecisionAnswer:
    """A decision as it was answered.

    Raises:
        Misuse: ``request/known``.
    """
    with work.house.database.read() as transaction:
        row = store.read_decision(transaction, work.tenant, decision)
    if row is None:
        raise Misuse(KNOWN, "decision")
    return _ANSWER.decode(row[0])


def list_decisions(
    work: Work, wanted: store.DecisionFilter, *, after: str | None, limit: int
) -> list[DecisionAnswer]:
    """Decisions as they were answered, newest first; at most `limit`."""
    with work.house.database.read() as transaction:
        rows = store.list_decisions(
            transaction, work.tenant, wanted=wanted, after=after, limit=limit
        )
    return [_ANSWER.decode(row[0]) for row in rows]


def plan_decision(
    work: Work,
    asked: DecisionRequest,
    *,
    registration: str | None = None,
    laid: Laid | None = None,
    trusted_display: bool = False,
) -> Planned:
    """Decide one operation now, and leave the writing to whoever asks.

    Args:
        work: The request.
        asked: What is to be decided.
        registration: The evidence that registered a bound key which has just proved itself by a
            signature over something fresh. Without evidence or an appraisal in `asked`, the
            decision rests on what is believed of that registration now.
        laid: What was read for it already; it is of no use with evidence or an appraisal.
        trusted_display: A trusted environment showed the text that the user signed.

    Raises:
        WarifuError: As for `make_decision`.
    """
    name = new_id(work.now)
    question = receive(asked.evidence) if asked.evidence is not None else None
    by = basis(work, question=question, challenge=asked.challenge, appraisal=asked.appraisal)
    lookup = work.house.database
    picture = look(work, lookup, asked, by=by, desk=None if laid is None else laid.desk)
    governing = governing_by(lookup, work.tenant, picture.desk.governance)
    registered = None
    if registration is not None:
        registered = look_at_registration(
            work,
            lookup,
            registration,
            policy=picture.policy,
            trust=picture.trust_digest,
            found=None if laid is None else laid.standing(picture.policy, picture.trust_digest),
        )
    ground = _ground(work, asked, picture, question=question, registered=registered, decision=name)
    facts = _facts(
        work, asked, ground.facts, history=None if asked.user is None else picture.desk.history
    )
    facts = with_threat(
        facts,
        advisories=governing.advisories,
        measures=governing.measures,
        stated=asked.bank.powers,
        trusted_display=trusted_display,
    )
    with span("decide", operation=asked.operation.kind):
        decision, shadows = _judge(work, asked, facts, ground=ground, governing=governing)
    answer = _answer(work, asked, name=name, decision=decision, ground=ground)
    document = document_of(
        answer,
        facts=facts,
        shadows=shadows,
        challenge=ground.challenge,
        advisories=governing.governance.advisories,
        measures=governing.governance.measures,
    )
    row = _row(asked, document, ground=ground, user_index=picture.user_index)
    written = store.insert_decision_under(
        work.tenant,
        row,
        governance=governing.governance.revision,
        registration=picture.app.revision,
        otherwise=IN_FORCE,
    )
    return Planned(answer=answer, statements=(*ground.changes, written), audit=_audited(document))


def tell_decision(answer: DecisionAnswer) -> None:
    """To the operator's counts, now that it is durable."""
    counting = (each.code for each in answer.reasons if each.passed_over is None)
    events.decided(answer.operation, answer.outcome, next(counting, ""))
    told, appraisal = answer.evidence, answer.appraisal
    if told is not None and appraisal is not None:
        events.judged(told.format, told.verdict, told.code or "", basis=appraisal.basis)


def _decide(work: Work, asked: DecisionRequest) -> DecisionAnswer:
    planned = plan_decision(work, asked)
    answer = planned.answer
    commit(work, planned.statements, answer=answer, device=answer.device, audit=[planned.audit])
    tell_decision(answer)
    return answer


def _ground(
    work: Work,
    asked: DecisionRequest,
    picture: Picture,
    *,
    question: Question | None,
    registered: RegistrationPicture | None,
    decision: str,
) -> Ground:
    if question is not None:
        found = examine(work, picture, asked=asked, question=question)
        return _on_evidence(work, picture, found, decision=decision)
    if asked.appraisal is not None:
        return _on_appraisal(work, asked, picture, decision=decision)
    if registered is not None:
        return _on_registration(work, asked, picture, registered)
    return Ground(
        facts=proved(facts_from(None, operation=asked.operation.facts(), vendor_down=False)),
        device=asked.device,
        device_proved=False,
        changes=[] if picture.named_owner is None else hold(picture.named_owner),
    )


def _on_evidence(work: Work, picture: Picture, found: Found, *, decision: str) -> Ground:
    error = found.outcome
    appraisal = found.appraised.row(context=found.challenge.context, used_by=decision)
    registered = picture.registered
    return Ground(
        facts=found.appraised.facts,
        device=found.device,
        device_proved=registered is not None and isinstance(error, Claims),
        changes=[
            *keep(work, picture, found),
            appraisal_store.insert_appraisal(work.tenant, appraisal),
        ],
        evidence=EvidenceTold(
            id=found.id,
            format=found.question.format,
            verdict=found.verdict,
            code=error.code if isinstance(error, WarifuError) else None,
        ),
        appraisal=answered(found.appraised),
        challenge=found.challenge.id,
        device_key=registered.id if registered is not None else None,
    )


def _on_appraisal(work: Work, asked: DecisionRequest, picture: Picture, *, decision: str) -> Ground:
    """An appraisal made before counts where it would come out the same if it were made now."""
    row = picture.desk.appraisal
    if row is None or asked.appraisal is None:
        raise Misuse(APPRAISAL_KNOWN, "appraisal")
    evidence, device, policy, trust, appraised_at, context, used_by, document = row
    # One that was made to look again at what was kept answers no challenge: it has no context.
    if context is None or context != context_digest(asked):
        raise Denied(APPRAISAL_CONTEXT, asked.appraisal)
    if used_by is not None:
        raise Denied(USED, asked.appraisal)
    if policy != picture.policy.digest:
        raise Denied(POLICY, asked.appraisal)
    age = micros(work.now) - appraised_at
    usable = work.house.settings.appraisals.usable_seconds
    if trust != picture.trust_digest or not 0 <= age <= usable * 1_000_000:
        raise Denied(STALE, asked.appraisal)
    kept = read_appraisal(document)
    made = kept.facts.evidence
    age_seconds = None if made.age_seconds is None else made.age_seconds + age // 1_000_000
    return Ground(
        facts=replace(kept.facts, evidence=replace(made, age_seconds=age_seconds)),
        device=device,
        device_proved=kept.standing is not None,
        changes=[
            appraisal_store.use_appraisal(work.tenant, asked.appraisal, by=decision, otherwise=USED)
        ],
        appraisal=appraisal_told(asked.appraisal, evidence, kept),
    )


def _on_registration(
    work: Work, asked: DecisionRequest, picture: Picture, registered: RegistrationPicture
) -> Ground:
    """A bound key that signed just now is as fresh as evidence; what it is was proved before."""
    standing = stand(
        work,
        registered,
        policy=picture.policy,
        trust=picture.trust,
        digest=picture.trust_digest,
    )
    held = [] if picture.named_owner is None else hold(picture.named_owner)
    evidence = replace(standing.facts.evidence, age_seconds=0)
    return Ground(
        facts=replace(standing.facts, evidence=evidence),
        device=asked.device,
        device_proved=True,
        changes=[*held, *standing.changes],
    )


def _facts(
    work: Work, asked: DecisionRequest, established: ProvedFacts, *, history: Row | None
) -> Facts:
    return Facts(
        operation=asked.operation.facts(),
        evidence=established.evidence,
        device=established.device,
        app=established.app,
        key=established.key,
        user=asked.bank.user.facts(),
        binding=asked.bank.binding.facts(),
        account=asked.bank.account.facts(),
        history=HistoryFacts() if history is None else _history(work, history),
        service=replace(established.service, vendor_down=asked.bank.vendor_down),
    )


def _history(work: Work, row: Row) -> HistoryFacts:
    failures, served_at, amount = row
    if served_at is None:
        return HistoryFacts(served_seconds=NEVER, served_amount=0, failures=failures)
    seconds = (micros(work.now) - served_at) // 1_000_000
    # What seems to be of the future says that a clock was set back, and not when it was.
    known = seconds if seconds >= 0 else None
    return HistoryFacts(served_seconds=known, served_amount=amount or 0, failures=failures)


def _judge(
    work: Work, asked: DecisionRequest, facts: Facts, *, ground: Ground, governing: Governing
) -> tuple[Decision, tuple[Shadow, ...]]:
    governance = governing.governance
    choice = choose(governance, asked.user or ground.device or "")
    # An exemption is for a device that was recognised: by its key, or by the bank.
    recognised = ground.device_proved or asked.bank.binding.bound is True
    circumstances = Circumstances(
        at=work.now,
        stopped=governance.stopped,
        exemptions=governance.exemptions,
        device=ground.device if recognised else None,
    )
    shadows = tuple(
        shadow_of(decide(facts, governing.rule_set(digest), circumstances))
        for digest in choice.shadows
    )
    if choice.decides is None:
        return _without_rules(facts, circumstances), shadows
    return decide(facts, governing.rule_set(choice.decides), circumstances), shadows


def _without_rules(facts: Facts, circumstances: Circumstances) -> Decision:
    """No rule set is active: nothing was said about any operation."""
    said = reasons.NO_RULES
    reason = Reason(
        code=said.code,
        kind=Kind.GUARD,
        consequence=Consequence(refuse=True),
        customer=said.customer,
        analyst=said.analyst,
    )
    return Decision(
        operation=facts.operation.kind,
        outcome=Refuse(),
        reasons=(reason,),
        rule_set="",
        rule_set_digest="",
        at=circumstances.at,
    )


def _answer(
    work: Work, asked: DecisionRequest, *, name: str, decision: Decision, ground: Ground
) -> DecisionAnswer:
    outcome, methods, limit = outcome_of(decision)
    return DecisionAnswer(
        id=name,
        app=asked.app,
        operation=decision.operation,
        outcome=outcome,
        methods=methods,
        limit=limit,
        reasons=tuple(map(reason_of, decision.reasons)),
        rule_set=decision.rule_set or None,
        rule_set_digest=decision.rule_set_digest or None,
        device=ground.device,
        evidence=ground.evidence,
        appraisal=ground.appraisal,
        decided_at=work.now,
    )


def _audited(made: DecisionDocument) -> AuditEntry:
    return AuditEntry(
        action="decision/made",
        subject=made.id,
        document={
            "operation": made.operation,
            "outcome": made.outcome,
            "codes": [each.code for each in made.reasons],
            "rule_set": made.rule_set_digest,
            "advisories": made.advisories,
            "evidence": made.evidence.id if made.evidence else None,
            "appraisal": made.appraisal.id if made.appraisal else None,
        },
    )


def _row(
    asked: DecisionRequest, answer: DecisionDocument, *, ground: Ground, user_index: bytes | None
) -> store.DecisionRow:
    service = answer.facts.service
    return store.DecisionRow(
        id=answer.id,
        app=answer.app,
        device=answer.device,
        device_key=ground.device_key,
        user_index=user_index,
        operation=answer.operation,
        outcome=answer.outcome,
        amount=asked.operation.amount,
        outage=int(True in {service.trust_stale, service.vendor_down}),
        appraisal=answer.appraisal.id if answer.appraisal else None,
        rule_set=answer.rule_set_digest,
        decided_at=answer.decided_at,
        document=msgspec.json.encode(answer),
    )


_ANSWER = msgspec.json.Decoder(DecisionAnswer)
