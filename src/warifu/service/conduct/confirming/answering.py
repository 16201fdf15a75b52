"""Answering: a proof of a bound key is verified, and comes to the one outcome there is.

What a proof costs where it is wrong: nothing, unless the bound key signed it for this very
transaction. Anybody can send bytes that do not verify, or a proof that was made for something else:
if that cost a try, a stranger could spend all of them and keep a customer from refusing a theft.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from warifu.authentication.binding.rules import USABLE
from warifu.authentication.transaction import rules as transaction_rules
from warifu.authentication.transaction.answer import Reason, Verdict
from warifu.authentication.transaction.confirmation import BoundKey, Display, ProofKind
from warifu.authentication.transaction.proofs import rules as proof_rules
from warifu.authentication.transaction.proofs.expectations import ProofExpectations
from warifu.authentication.transaction.proofs.verify import verify_proof
from warifu.authentication.transaction.states import State, take_answer
from warifu.authentication.transaction.template import accept, required_display
from warifu.base.errors import BadEvidence, Denied, Misuse, WarifuError
from warifu.service.conduct.binding.keeping import BoundDevice
from warifu.service.conduct.binding.rules import COUNTS
from warifu.service.conduct.binding.rules import MOVED as BINDING_MOVED
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.confirming.acceptance import approve
from warifu.service.conduct.confirming.cases import disown
from warifu.service.conduct.confirming.late import is_same, record_late
from warifu.service.conduct.confirming.outcomes import Answered, told_again
from warifu.service.conduct.confirming.reading import app_of, look_at_answer
from warifu.service.conduct.confirming.refusing import refuse
from warifu.service.conduct.confirming.rules import MOVED, TRIES
from warifu.service.conduct.confirming.shown import read_shown
from warifu.service.conduct.decisions.rules import BASIS
from warifu.service.conduct.endorsed import TrustedKey, trusted_keys
from warifu.service.conduct.evidence.rules import DEVICE_APPEARED
from warifu.service.conduct.rules import IN_FORCE
from warifu.service.store import transactions as store

if TYPE_CHECKING:
    from warifu.authentication.transaction.confirmation import Confirmation
    from warifu.service.conduct.confirming.asked import AnswerRequest
    from warifu.service.conduct.confirming.kept import Held
    from warifu.service.conduct.confirming.reading import AnswerPicture
    from warifu.service.conduct.confirming.told import OutcomeTold
    from warifu.service.conduct.registrations.registration import RegisteredApp
    from warifu.service.conduct.work import Work

ATTEMPTS = 4
COSTS_A_TRY = frozenset(
    rule.code
    for rule in (
        proof_rules.CAN_APPROVE,
        proof_rules.CAN_REFUSE,
        proof_rules.DISPLAY,
        proof_rules.USER_VERIFIED,
        transaction_rules.METHOD,
        transaction_rules.DISPLAY,
        transaction_rules.USER_VERIFIED,
    )
)
"""What is only found once the bound key is known to have signed an answer to this transaction."""
_MET_OTHERS = frozenset(
    rule.code for rule in (MOVED, BINDING_MOVED, COUNTS, DEVICE_APPEARED, IN_FORCE)
)
_DISPLAYS = tuple(Display)
"""Strongest first."""


class Signer(Struct, frozen=True, kw_only=True):
    """A key that may have made a proof."""

    bound: BoundDevice
    key: BoundKey
    endorsed: TrustedKey | None = None
    """Where it is not the bound one's own."""


def answer(work: Work, wanted: str, asked: AnswerRequest) -> OutcomeTold:
    """Take an answer.

    Raises:
        Misuse: ``request/known``, ``decision/basis``.
        BadEvidence: The proof does not verify.
        Denied: ``binding/usable``; ``transaction/late`` and ``transaction/decided``, which are
            recorded; ``transaction/method``, ``transaction/display``,
            ``transaction/user-verified``, which cost a try; ``confirming/held``; what the basis of
            the decision breaks.
        VerifierFault: We cannot judge.
    """
    _require_basis(asked)
    for _ in range(ATTEMPTS - 1):
        try:
            return _answer(work, wanted, asked)
        except Denied as error:
            if error.code not in _MET_OTHERS:
                raise
    return _answer(work, wanted, asked)


def _answer(work: Work, wanted: str, asked: AnswerRequest) -> OutcomeTold:
    picture = look_at_answer(work, wanted, device=asked.device)
    held = picture.held
    candidates = _candidates(picture, asked)
    app = app_of(work, picture, candidates[0])
    if held.answer is not None and is_same(held.answer, asked):
        return told_again(held)
    signer, confirmation = _proved(work, held, candidates, app=app, asked=asked)
    answered = Answered(
        held=held,
        bound=signer.bound,
        confirmation=confirmation,
        asked=asked,
        picture=picture,
        endorsed=signer.endorsed,
    )
    taken = take_answer(
        held.state,
        confirmation.answer,
        at=work.now,
        expires_at=held.stored.expires_at,
        hold=held.kept.template.hold_seconds > 0,
    )
    if taken.refused_by is not None:
        record_late(work, answered, state=taken.state, code=taken.refused_by.code)
        raise Denied(taken.refused_by, wanted)
    if confirmation.answer.verdict is Verdict.OK:
        return approve(work, answered, state=taken.state)
    if confirmation.answer.reason is Reason.NOT_ME:
        return disown(work, answered, state=taken.state)
    return refuse(work, answered, state=taken.state)


def _require_basis(asked: AnswerRequest) -> None:
    if asked.evidence is not None and asked.appraisal is not None:
        raise Misuse(BASIS, "evidence and an appraisal")
    if (asked.evidence is None) is not (asked.challenge is None):
        raise Misuse(BASIS, "evidence without a challenge, or a challenge without evidence")


def _candidates(picture: AnswerPicture, asked: AnswerRequest) -> list[BoundDevice]:
    """The active bindings of the device that was asked which may have made such a proof.

    Keys behind a trusted display are endorsed by bindings of any kind: `_signers` finds them.

    Raises:
        Denied: ``binding/usable``, whatever of it is wrong.
    """
    device = picture.held.stored.device
    if device is None or device != asked.device:
        raise Denied(USABLE, "of another device")
    any_kind = asked.proof.kind in {ProofKind.DEVICE_KEY, ProofKind.TRUSTED_UI}
    if not picture.active:
        raise Denied(USABLE, asked.device)
    fitting = [each for each in picture.active if any_kind or each.stored.kind == asked.proof.kind]
    if not fitting:
        raise BadEvidence(proof_rules.KIND, asked.proof.kind)
    return fitting


def _signers(
    work: Work,
    held: Held,
    candidates: list[BoundDevice],
    *,
    app: RegisteredApp,
    kind: ProofKind,
) -> list[Signer]:
    """The keys that may have made a proof of this kind, newest binding first.

    Raises:
        WarifuError: Why none of the endorsed keys may answer, where there is no other key.
        BadEvidence: ``proof/kind`` where there is none at all.
    """
    found: list[Signer] = []
    failure: WarifuError = BadEvidence(proof_rules.KIND, kind)
    for bound in reversed(candidates):
        if kind in {bound.stored.kind, ProofKind.DEVICE_KEY}:
            found.append(Signer(bound=bound, key=bound.ceremony.key))
            continue
        try:
            endorsed = trusted_keys(
                work,
                work.house.database,
                held.owner,
                stored=bound.stored,
                kept=bound.kept,
                app=app,
            )
        except (BadEvidence, Denied) as error:
            failure = error
            continue
        found += [Signer(bound=bound, key=each.signer, endorsed=each) for each in endorsed]
    if not found:
        raise failure
    return found


def _proved(
    work: Work,
    held: Held,
    candidates: list[BoundDevice],
    *,
    app: RegisteredApp,
    asked: AnswerRequest,
) -> tuple[Signer, Confirmation]:
    """The answer, by whichever of the device's keys made it.

    Raises:
        WarifuError: Of the last that did not; a try is spent where it is one of `COSTS_A_TRY`.
    """
    expected = _expectations(held, app)
    failure: WarifuError = Denied(USABLE, asked.device)
    for signer in _signers(work, held, candidates, app=app, kind=asked.proof.kind):
        try:
            confirmation = verify_proof(
                asked.proof.data,
                kind=asked.proof.kind,
                transaction=held.kept.data or b"",
                bound=signer.key,
                expected=expected,
                at=work.now,
            )
            return signer, _accepted(held, confirmation)
        except (BadEvidence, Denied) as error:
            if error.code in COSTS_A_TRY:
                # What came to its outcome, an approval that is held above all, has no tries.
                if held.state is State.ASKED:
                    _spend(work, held, error)
                raise
            failure = error
    raise failure


def _accepted(held: Held, confirmation: Confirmation) -> Confirmation:
    """Hold it to the template that was in force when it was asked.

    Raises:
        Denied: As `accept`.
    """
    return accept(held.kept.template, read_shown(held.kept.data or b"")[0], confirmation)


def _expectations(held: Held, app: RegisteredApp) -> ProofExpectations:
    template, asked = held.kept.template, held.kept.asked
    weakest = required_display(template, None if asked.amount is None else asked.amount.value())
    web = app.registration.webauthn
    return ProofExpectations(
        displays=frozenset(_DISPLAYS[: _DISPLAYS.index(weakest) + 1]),
        user_verification=template.user_verified,
        origins=None if web is None else web.origins,
        payment=None if asked.payment is None else asked.payment.expectations(),
    )


def _spend(work: Work, held: Held, error: WarifuError) -> None:
    """Durably, before anybody learns that it was wrong.

    Raises:
        Denied: ``confirming/tries`` where others spent the last one.
    """
    spent = store.spend_try(
        work.tenant,
        held.stored,
        most=held.kept.template.tries,
        failed=State.FAILED,
        now=work.now,
        otherwise=TRIES,
    )
    entry = AuditEntry(
        action="transaction/try-spent", subject=held.stored.id, document={"code": error.code}
    )
    commit(replace(work, once=None), [spent], answer=None, audit=[entry])
