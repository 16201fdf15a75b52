"""What every outcome of an answer writes: the transaction, the key's counter, the leaf."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from warifu.authentication.ledger.leaf import LeafKind
from warifu.authentication.receipt import parts
from warifu.authentication.receipt.receipt import leaf_values
from warifu.authentication.transaction.confirmation import Confirmation
from warifu.authentication.transaction.states import State
from warifu.authentication.transaction.template import template_digest
from warifu.service.conduct.binding.keeping import BoundDevice
from warifu.service.conduct.books.leaves import make_kept_leaf, write_leaf
from warifu.service.conduct.books.receipts import AnsweredBy, copy_evidence, write_receipt
from warifu.service.conduct.committing import AuditEntry
from warifu.service.conduct.confirming.asked import AnswerRequest
from warifu.service.conduct.confirming.kept import Held, KeptAnswer, Reserved, seal_answer
from warifu.service.conduct.confirming.leaves import NO_DECISION
from warifu.service.conduct.confirming.reading import AnswerPicture
from warifu.service.conduct.confirming.rules import MOVED
from warifu.service.conduct.confirming.told import OutcomeTold
from warifu.service.conduct.decisions.deciding import DecisionAnswer
from warifu.service.conduct.endorsed import TrustedKey, rest_on_trusted
from warifu.service.store import bindings as binding_store
from warifu.service.store import transactions as store

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Statement


class Answered(Struct, frozen=True, kw_only=True):
    """An answer that was proved, and held to its template."""

    held: Held
    bound: BoundDevice
    confirmation: Confirmation
    asked: AnswerRequest
    picture: AnswerPicture
    """The rest of what was read."""
    endorsed: TrustedKey | None = None
    """The key that made it, where `bound` endorsed another."""


class Conclusion(Struct, frozen=True, kw_only=True):
    """What an answer comes to."""

    state: State
    code: str | None = None
    """The rule by which it failed."""
    decision: DecisionAnswer | None = None
    reserved: tuple[Reserved, ...] = ()
    case: str | None = None
    suspended: tuple[str, ...] = ()
    end_session: str | None = None
    hold_until: datetime | None = None
    due_at: datetime | None = None
    """When it is handed off, at the earliest."""


def conclusion(work: Work, answered: Answered, ended: Conclusion) -> list[Statement]:
    """The statements of the one outcome, each refused where somebody was faster."""
    held, confirmation = answered.held, answered.confirmation
    kept, books = _with_leaf(work, answered, ended)
    outcome = store.Outcome(
        state=ended.state,
        answered_at=work.now,
        answer=seal_answer(work, held.owner, kept, name=held.stored.id),
        decision=None if ended.decision is None else ended.decision.id,
        hold_until=ended.hold_until,
        next_hand_off=ended.due_at,
    )
    write = store.overturn if held.state is State.HELD else store.conclude
    bound = answered.bound.stored
    used = (
        binding_store.require_active(work.tenant, bound.id, otherwise=MOVED)
        if confirmation.counter is None or answered.bound.ceremony.key.counter is None
        else binding_store.move_counter(
            work.tenant, bound, counter=confirmation.counter, otherwise=MOVED
        )
    )
    endorsed = [] if answered.endorsed is None else [rest_on_trusted(work, answered.endorsed)]
    return [write(work.tenant, held.stored, outcome, otherwise=MOVED), used, *endorsed, *books]


def audited(answered: Answered, ended: Conclusion) -> AuditEntry:
    """What an auditor needs, without anybody in it."""
    confirmation = answered.confirmation
    return AuditEntry(
        action="transaction/answered",
        subject=answered.held.stored.id,
        document={
            "state": ended.state,
            **told_of(confirmation),
            "kind": confirmation.kind,
            "code": ended.code,
            "decision": None if ended.decision is None else ended.decision.id,
            "binding": answered.bound.stored.id,
            **_endorsed(answered),
        },
    )


def told_of(confirmation: Confirmation) -> dict[str, str | None]:
    """What was answered, for the audit log."""
    reason = confirmation.answer.reason
    return {
        "verdict": confirmation.answer.verdict.name,
        "reason": None if reason is None else reason.name,
    }


def outcome_told(answered: Answered, ended: Conclusion) -> OutcomeTold:
    """As it is told to the bank."""
    decision = ended.decision
    has_served = ended.state in {State.APPROVED, State.HELD}
    return OutcomeTold(
        transaction=answered.held.stored.id,
        state=ended.state,
        decision=None if decision is None else decision.id,
        reasons=() if decision is None or has_served else decision.reasons,
        code=ended.code,
        hold_until=ended.hold_until,
        case=ended.case,
        suspended=ended.suspended,
        end_session=ended.end_session,
    )


def told_again(held: Held) -> OutcomeTold:
    """What was told when this very answer came first."""
    answer = held.answer or KeptAnswer()
    return OutcomeTold(
        transaction=held.stored.id,
        state=held.state,
        decision=held.stored.decision,
        code=answer.code,
        hold_until=held.stored.hold_until,
        case=answer.case,
        suspended=answer.suspended,
        end_session=answer.end_session,
    )


def _with_leaf(
    work: Work, answered: Answered, ended: Conclusion
) -> tuple[KeptAnswer, list[Statement]]:
    held, confirmation = answered.held, answered.confirmation
    template = template_digest(held.kept.template)
    endorsed = _endorsed(answered)
    kept = KeptAnswer(
        code=ended.code,
        verdict=confirmation.answer.verdict,
        reason=confirmation.answer.reason,
        kind=confirmation.kind,
        display=confirmation.display,
        user_verified=confirmation.user_verified,
        proof=answered.asked.proof.data,
        key=confirmation.key,
        binding=answered.bound.stored.id,
        endorsed=endorsed["endorsed"],
        warranted_by=endorsed["warranted_by"],
        proved=confirmation.proved,
        template=template,
        reserved=ended.reserved,
        case=ended.case,
        suspended=ended.suspended,
        end_session=ended.end_session,
    )
    return _in_books(work, answered, outcome_of(work, answered, ended, template=template), kept)


def _endorsed(answered: Answered) -> dict[str, str | None]:
    key = answered.endorsed
    return {
        "endorsed": None if key is None else key.key,
        "warranted_by": None if key is None else key.warrant.provider,
    }


def _in_books(
    work: Work, answered: Answered, outcome: parts.Outcome, kept: KeptAnswer
) -> tuple[KeptAnswer, list[Statement]]:
    """Leaf and receipt."""
    held, bound = answered.held, answered.bound
    proof = parts.Proof(kind=answered.confirmation.kind, data=answered.asked.proof.data)
    values = leaf_values(
        outcome,
        user=held.kept.asked.user,
        device=bound.stored.device,
        key=bound.ceremony.key,
        proof=proof,
        endorsed_key=None if answered.endorsed is None else answered.endorsed.signer.public_key,
    )
    leaf = make_kept_leaf(work, LeafKind.CONFIRMATION, values=values)
    kept = replace(kept, leaf=leaf.id)
    receipt = write_receipt(
        work,
        held.owner,
        held.stored.id,
        data=held.kept.data or b"",
        outcome=outcome,
        proof=proof,
        by=AnsweredBy(bound=bound.kept, endorsed=answered.endorsed),
        leaf=leaf,
    )
    return kept, [
        write_leaf(work, leaf, subject=held.stored.id),
        receipt,
        *_copied(work, answered),
    ]


def _copied(work: Work, answered: Answered) -> list[Statement]:
    evidence = answered.bound.kept.evidence
    if evidence is None or evidence in answered.picture.found.copied:
        return []
    return copy_evidence(work, answered.held.owner, evidence)


def outcome_of(
    work: Work, answered: Answered, ended: Conclusion, *, template: bytes
) -> parts.Outcome:
    """The outcome as receipts have it."""
    decision = ended.decision
    codes = () if decision is None else tuple(each.code for each in decision.reasons)
    digest = "" if decision is None else decision.rule_set_digest or ""
    return parts.Outcome(
        transaction=answered.held.stored.digest or b"",
        template=template,
        state=ended.state,
        verdict=answered.confirmation.answer.verdict,
        reason=answered.confirmation.answer.reason,
        decision=NO_DECISION if decision is None else decision.outcome,
        reasons=codes if ended.code is None else (ended.code, *codes),
        rule_set=bytes.fromhex(digest) or sha256(b"").digest(),
        at=work.now,
    )
