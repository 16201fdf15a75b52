"""Acceptance: an OK counts if the decision, made again now, and all limits still admit it.

All is one commit: the outcome, the sums it adds to, the decision, the leaf. Money that is held, a
sum that another transfer filled and a binding that was suspended meanwhile each undo all of it.

What the decision says: *serve* approves; *step up* leaves the transaction asked, so that the same
answer can be sent again when the method succeeded; anything else is the outcome `failed`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from warifu.authentication.transaction.confirmation import Display, ProofKind
from warifu.authentication.transaction.limits import Ceilings, Terms, reservations
from warifu.authentication.transaction.states import State
from warifu.authentication.transaction.value import Kind
from warifu.base.codec.text import to_base64url
from warifu.base.errors import Denied
from warifu.risk.decision.facts import NEVER, Operation
from warifu.risk.decision.rules import Method
from warifu.service.conduct.challenges.asking import AskedOperation
from warifu.service.conduct.committing import commit
from warifu.service.conduct.confirming.kept import (
    SUMS_COUNT_FOR,
    Reserved,
    require_free,
    sum_bucket,
)
from warifu.service.conduct.confirming.outcomes import (
    Conclusion,
    audited,
    conclusion,
    outcome_told,
)
from warifu.service.conduct.confirming.rules import HELD, LIMIT
from warifu.service.conduct.confirming.shown import read_shown
from warifu.service.conduct.confirming.told import OutcomeTold
from warifu.service.conduct.decisions.deciding import (
    BankKnown,
    BindingKnown,
    DecisionRequest,
    UserKnown,
)
from warifu.service.conduct.decisions.decision import plan_decision, tell_decision
from warifu.service.conduct.verifying.remembering import facts_from
from warifu.service.store import transactions as store

if TYPE_CHECKING:
    from warifu.authentication.transaction.limits import Reservation
    from warifu.service.conduct.confirming.asked import TransactionRequest
    from warifu.service.conduct.confirming.outcomes import Answered
    from warifu.service.conduct.decisions.decision import Planned
    from warifu.service.conduct.decisions.laid import Laid
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Statement

SERVE, STEP_UP = "serve", "step-up"
CONTEXT = "transaction"
"""The one member of the context of a challenge for evidence with an answer: the digest."""
OPERATIONS = {
    Kind.TRANSFER: Operation.TRANSFER,
    Kind.LINK_ACCOUNT: Operation.LINK_ACCOUNT,
    Kind.RAISE_LIMIT: Operation.RAISE_LIMIT,
    Kind.REGISTER_PAYEE: Operation.LINK_ACCOUNT,
    Kind.SIGN_DOCUMENT: Operation.LINK_ACCOUNT,
}
"""What each kind is decided as; large transfers apart. A payee and a signature last, as a link
does."""
MAX_AGE = 100 * 366 * 86_400
"""Seconds: older than any payee."""
MAX_MONEY = 1 << 62
_PASSKEYS = frozenset({ProofKind.WEBAUTHN, ProofKind.SECURE_PAYMENT})


def approve(work: Work, answered: Answered, *, state: State) -> OutcomeTold:
    """An OK.

    Raises:
        Denied: ``confirming/held``, ``confirming/moved``, what the basis of the decision breaks.
    """
    if answered.picture.found.is_held:
        raise Denied(HELD, answered.held.stored.id)
    try:
        sums = _sums(work, answered)
    except Denied as error:
        return _end(work, answered, Conclusion(state=State.FAILED, code=error.code))
    request = _request(work, answered)
    planned = plan_decision(
        work,
        request,
        registration=answered.bound.kept.evidence,
        laid=_laid(answered, request),
        trusted_display=answered.confirmation.display is Display.TRUSTED_ENVIRONMENT,
    )
    if planned.answer.outcome == STEP_UP:
        return _ask_more(work, answered, planned)
    if not _serves(answered, planned):
        ended = Conclusion(state=State.FAILED, decision=planned.answer)
        return _end(work, answered, ended, planned=planned)
    try:
        return _accept(work, answered, planned, state=state, sums=sums)
    except Denied as error:
        if error.code != LIMIT.code:
            raise
    return _end(work, answered, Conclusion(state=State.FAILED, code=LIMIT.code))


def operation_of(work: Work, asked: TransactionRequest) -> AskedOperation:
    """What it is decided as. Who asks for evidence names the same operation for its challenge."""
    settings, amount = work.house.settings.confirmation, asked.amount
    kind = OPERATIONS[asked.kind]
    if asked.kind is Kind.TRANSFER and amount is not None:
        is_usual = amount.currency == settings.currency
        if not is_usual or amount.minor > settings.high_value_above:
            kind = Operation.HIGH_VALUE_TRANSFER
    return AskedOperation(
        kind=kind,
        amount=None if amount is None else amount.minor,
        currency=None if amount is None else amount.currency,
        payee_known=asked.payee_known,
    )


def _accept(
    work: Work,
    answered: Answered,
    planned: Planned,
    *,
    state: State,
    sums: tuple[Reservation, ...],
) -> OutcomeTold:
    held = answered.held
    due_at = work.now + timedelta(seconds=held.kept.template.hold_seconds)
    reserved = tuple(
        Reserved(bucket=sum_bucket(work, each.bucket), amount=each.amount) for each in sums
    )
    ended = Conclusion(
        state=state,
        decision=planned.answer,
        reserved=reserved,
        hold_until=due_at if state is State.HELD else None,
        due_at=due_at,
    )
    # The user's own sums come first: whoever approves for the same person waits there, and nobody
    # holds what another of them waits for.
    statements = [*require_free(work, held.kept.asked.user)]
    for one, each in zip(reserved, sums, strict=True):
        statements += store.reserve(
            work.tenant,
            one.bucket,
            amount=each.amount,
            ceiling=each.ceiling,
            expires_at=work.now + SUMS_COUNT_FOR,
            otherwise=LIMIT,
        )
    return _end(work, answered, ended, planned=planned, before=statements)


def _end(
    work: Work,
    answered: Answered,
    ended: Conclusion,
    *,
    planned: Planned | None = None,
    before: list[Statement] | None = None,
) -> OutcomeTold:
    answer = outcome_told(answered, ended)
    decided = () if planned is None else planned.statements
    commit(
        work,
        [*(before or []), *conclusion(work, answered, ended), *decided],
        answer=answer,
        device=answered.bound.stored.device,
        audit=[audited(answered, ended), *([] if planned is None else [planned.audit])],
        owner=answered.held.owner,
    )
    if planned is not None:
        tell_decision(planned.answer)
    return answer


def _ask_more(work: Work, answered: Answered, planned: Planned) -> OutcomeTold:
    decision = planned.answer
    answer = OutcomeTold(
        transaction=answered.held.stored.id,
        state=State.ASKED,
        methods=decision.methods,
        decision=decision.id,
        reasons=decision.reasons,
    )
    commit(
        work,
        planned.statements,
        answer=answer,
        device=answered.bound.stored.device,
        audit=[planned.audit],
        owner=answered.held.owner,
    )
    tell_decision(decision)
    return answer


def _serves(answered: Answered, planned: Planned) -> bool:
    decision, amount = planned.answer, answered.held.kept.asked.amount
    if decision.outcome == SERVE:
        return True
    limit = decision.limit
    if limit is None or amount is None or decision.methods:
        return False
    return limit.currency == amount.currency and amount.minor <= limit.amount


def _sums(work: Work, answered: Answered) -> tuple[Reservation, ...]:
    """What is to be reserved.

    Raises:
        Denied: ``transaction/cooling-off``, ``transaction/limit-currency``,
            ``transaction/limit``.
    """
    asked = answered.held.kept.asked
    seconds = asked.payee_known_seconds
    since = work.now - answered.held.stored.asked_at
    never = seconds is None or seconds >= NEVER
    return reservations(
        read_shown(answered.held.kept.data or b"")[0],
        _terms(work, asked),
        device_age=work.now - answered.bound.stored.bound_at,
        payee_age=None if never else timedelta(seconds=min(seconds or 0, MAX_AGE)) + since,
    )


def _terms(work: Work, asked: TransactionRequest) -> Terms:
    settings, own = work.house.settings.confirmation, asked.limits
    return Terms(
        currency=settings.currency,
        ordinary=Ceilings(
            per_operation=min(settings.per_operation, own.per_operation or MAX_MONEY),
            per_day=min(settings.per_day, own.per_day or MAX_MONEY),
            per_payee=min(settings.per_payee, own.per_payee or MAX_MONEY),
        ),
        cooling_off=Ceilings(
            per_operation=settings.new_per_operation,
            per_day=settings.new_per_day,
            per_payee=settings.new_per_payee,
        ),
        device_cooling_off=timedelta(seconds=settings.new_device_seconds),
        payee_cooling_off=timedelta(seconds=settings.new_payee_seconds),
    )


def _request(work: Work, answered: Answered) -> DecisionRequest:
    held, asked = answered.held, answered.asked
    operation = operation_of(work, held.kept.asked)
    return DecisionRequest(
        app=held.kept.asked.app,
        operation=operation,
        user=held.kept.asked.user,
        device=held.stored.device,
        context={CONTEXT: to_base64url(held.stored.digest or b"")},
        challenge=asked.challenge,
        evidence=asked.evidence,
        appraisal=asked.appraisal,
        bank=_known(work, answered, operation),
    )


def _laid(answered: Answered, request: DecisionRequest) -> Laid | None:
    """What was read with the transaction, where that is all that the decision asks for."""
    if request.evidence is not None or request.appraisal is not None:
        return None
    laid = answered.picture.laid(answered.bound)
    return laid if laid.operation == request.operation.kind else None


def _known(work: Work, answered: Answered, operation: AskedOperation) -> BankKnown:
    """What the bank knows, with what the proof, the binding and earlier verifications show."""
    confirmation, bound = answered.confirmation, answered.bound
    known = answered.asked.bank
    if known is None:
        elapsed = work.now - answered.held.stored.asked_at
        known = _aged(answered.held.kept.asked.bank, seconds=int(elapsed.total_seconds()))
    remembered = facts_from(
        work,
        answered.picture.found.verifications,
        user_index=bound.stored.user_index,
        device=bound.stored.device,
        operation=operation.kind,
    )
    best = remembered if remembered.verified else known.user
    methods = {Method.CONFIRMATION, *(known.user.methods or ()), *(remembered.methods or ())}
    if confirmation.user_verified:
        best = UserKnown(verified=True, verified_seconds=0)
        if confirmation.kind in _PASSKEYS:
            methods.add(Method.PASSKEY)
    user = replace(best, methods=tuple(sorted(methods)), confirmed=True)
    age = work.now - bound.stored.bound_at
    binding = BindingKnown(bound=True, age_seconds=max(int(age.total_seconds()), 0))
    return replace(known, user=user, binding=binding)


def _aged(known: BankKnown, *, seconds: int) -> BankKnown:
    """What was known when it was asked is that much older now."""
    then = known.user.verified_seconds
    if then is None:
        return known
    return replace(known, user=replace(known.user, verified_seconds=min(then + seconds, NEVER)))
