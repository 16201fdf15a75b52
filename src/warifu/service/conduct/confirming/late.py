"""Answers that came too late: recorded, refused, and heeded where they say "this was not me"."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from msgspec.structs import replace

from warifu.authentication.transaction.answer import Reason
from warifu.service.conduct.books.leaves import opening_of, write_leaf
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.confirming.cases import Alarm, raise_alarm
from warifu.service.conduct.confirming.kept import (
    MAX_LATE_ANSWERS,
    MAX_LATE_RECORDED,
    KeptAnswer,
    open_answer,
    seal_answer,
)
from warifu.service.conduct.confirming.leaves import ended_leaf, late_answer_leaf
from warifu.service.conduct.confirming.outcomes import told_of
from warifu.service.conduct.confirming.rules import MOVED
from warifu.service.store import transactions as store

if TYPE_CHECKING:
    from warifu.authentication.transaction.states import State
    from warifu.service.conduct.confirming.asked import AnswerRequest
    from warifu.service.conduct.confirming.kept import Held
    from warifu.service.conduct.confirming.outcomes import Answered
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Statement


def is_same(kept: KeptAnswer, asked: AnswerRequest) -> bool:
    """Whether an answer was sent before, byte for byte."""
    return (
        kept.proof is not None
        and kept.kind is asked.proof.kind
        and compare_digest(kept.proof, asked.proof.data)
    )


def record_late(work: Work, answered: Answered, *, state: State, code: str) -> None:
    """Record an answer that changes no outcome.

    The first "this was not me" about a transaction holds the money that has not left yet, suspends
    what created it and opens a case: malware that approved before its owner looked has not won.

    Args:
        work: The request.
        answered: The answer, proved.
        state: Where the transaction stands now, which nobody may have written down yet.
        code: The rule by which it is late.

    Raises:
        Denied: ``confirming/moved``, ``binding/moved``.
    """
    earlier = _late_before(work, answered)
    if any(is_same(each, answered.asked) for each in earlier):
        # If each repetition were recorded, whoever repeats one could use up all the places there
        # are, and no other answer would be recorded any more.
        return
    alarm = _alarm(work, answered, earlier)
    held, confirmation = answered.held, answered.confirmation
    leaf = late_answer_leaf(work, held, answered.asked.proof.data)
    late = KeptAnswer(
        code=code,
        verdict=confirmation.answer.verdict,
        reason=confirmation.answer.reason,
        kind=confirmation.kind,
        proof=answered.asked.proof.data,
        key=confirmation.key,
        binding=answered.bound.stored.id,
        apart=opening_of(leaf),
        case=None if alarm is None else alarm.case,
        suspended=() if alarm is None else alarm.suspended,
        end_session=None if alarm is None else alarm.end_session,
    )
    row = store.LateAnswer(
        id=leaf.id,
        transaction=held.stored.id,
        at=work.now,
        code=code,
        sealed=seal_answer(work, held.owner, late, name=held.stored.id),
        leaf=leaf.leaf,
    )
    most = MAX_LATE_ANSWERS if alarm is None else MAX_LATE_RECORDED
    statements = store.insert_late_answer(work.tenant, row, most=most)
    if state is not held.state:
        statements += _expire(work, held, state=state, code=code)
    entry = AuditEntry(
        action="transaction/late-answer",
        subject=held.stored.id,
        document={"code": code, **told_of(confirmation)},
    )
    audit = [entry]
    if alarm is not None:
        statements = [*alarm.holds, *statements, *alarm.statements]
        audit += alarm.audit
    commit(replace(work, once=None), statements, answer=None, audit=audit)


def _late_before(work: Work, answered: Answered) -> list[KeptAnswer]:
    if not answered.picture.found.has_late:
        return []
    held = answered.held
    name, database = held.stored.id, work.house.database
    found = store.late_answers_of(database, work.tenant, name, limit=MAX_LATE_RECORDED)
    return [open_answer(work, held.owner, sealed, name=name) for _, _, sealed in found]


def _alarm(work: Work, answered: Answered, earlier: list[KeptAnswer]) -> Alarm | None:
    """What the first "this was not me" about a transaction sets off; None where this is not it."""
    outcome = answered.held.answer
    said = [each.reason for each in earlier] + ([] if outcome is None else [outcome.reason])
    if answered.confirmation.answer.reason is not Reason.NOT_ME or Reason.NOT_ME in said:
        return None
    return raise_alarm(work, answered)


def _expire(work: Work, held: Held, *, state: State, code: str) -> list[Statement]:
    """It expired before: the late answer is only what makes somebody write it down."""
    leaf = ended_leaf(work, held, state=state, said=KeptAnswer(), code=code)
    kept = KeptAnswer(code=code, apart=None if leaf is None else opening_of(leaf))
    outcome = store.Outcome(
        state=state,
        answered_at=work.now,
        answer=seal_answer(work, held.owner, kept, name=held.stored.id),
    )
    ended = store.conclude(work.tenant, held.stored, outcome, otherwise=MOVED)
    return [ended, *([] if leaf is None else [write_leaf(work, leaf, subject=held.stored.id)])]
