"""Verifying a proof of any kind: the answer of the person asked, to exactly this transaction."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING

from warifu.attestation.examination import Examination, Gaps
from warifu.attestation.trust.view import TrustView
from warifu.authentication.transaction.answer import FORM, Verdict, decode_answer
from warifu.authentication.transaction.confirmation import (
    CAN_APPROVE,
    CAN_REFUSE,
    DISPLAYED_BY,
    Confirmation,
    ProofKind,
)
from warifu.authentication.transaction.proofs import (
    app_attest,
    device_key,
    protected_confirmation,
    rules,
    secure_payment,
    trusted_ui,
    webauthn,
)
from warifu.authentication.transaction.proofs.evidence import Question
from warifu.base.errors import BadEvidence, Denied

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from warifu.authentication.transaction.confirmation import BoundKey
    from warifu.authentication.transaction.proofs.evidence import Proved
    from warifu.authentication.transaction.proofs.expectations import ProofExpectations
    from warifu.base.rule import Rule

VERIFIERS: dict[ProofKind, Callable[[bytes, Question], Proved]] = {
    ProofKind.TRUSTED_UI: trusted_ui.verify,
    ProofKind.PROTECTED_CONFIRMATION: protected_confirmation.verify,
    ProofKind.SECURE_PAYMENT: secure_payment.verify,
    ProofKind.WEBAUTHN: webauthn.verify,
    ProofKind.APP_ATTEST: app_attest.verify,
    ProofKind.DEVICE_KEY: device_key.verify,
}


def verify_proof(
    proof: bytes,
    *,
    kind: ProofKind,
    transaction: bytes,
    bound: BoundKey,
    expected: ProofExpectations,
    at: datetime,
) -> Confirmation:
    """Verify that a person answered a transaction.

    Args:
        proof: The container of its kind (``docs/formats/confirmation.md``).
        kind: As the caller received it: it must be that of the bound key, or a plain refusal.
        transaction: The bytes that were sent to the device, from our own store.
        bound: The key bound to the person who was asked.
        expected: What the transaction's template and the page demand.
        at: The time judged for, with a UTC offset. Whether the answer is in time is asked by
            whoever holds the transaction's state.

    Raises:
        BadEvidence: ``proof/*``, ``answer/form``, or a rule of the kind.
        Denied: ``proof/display``: proved, but displayed by an environment that is not accepted.
        Unchecked: An App Attest key without a counter.
        Misuse: `at` has no offset, the bound key is none, or an expectation of the kind is missing.
    """
    exam = Examination(trust=TrustView(known_at=at), at=at, gaps=Gaps.REFUSE)
    # Step 1: before any byte is read as a kind that somebody else chose.
    if kind not in {bound.kind, ProofKind.DEVICE_KEY}:
        raise BadEvidence(rules.KIND, f"{kind} by a key for {bound.kind}")
    # Step 2: the kind's own steps, which end with an answer that the bound key signed.
    question = Question(transaction=transaction, bound=bound, expected=expected, exam=exam)
    proved = VERIFIERS[kind](proof, question)
    # Step 3: an answer to these bytes, whatever digest the device was told.
    answer = decode_answer(proved.answer)
    if not compare_digest(answer.digest, sha256(transaction).digest()):
        raise BadEvidence(rules.TRANSACTION, answer.digest.hex())
    # Step 4: what this kind may say, and what an approval needs.
    judged = _CHECKS[answer.verdict](kind, proved, expected)
    return Confirmation(
        answer=answer,
        kind=kind,
        display=DISPLAYED_BY[kind],
        key=sha256(bound.public_key).digest(),
        user_verified=proved.user_verified,
        counter=proved.counter,
        at=exam.at,
        proved=_codes(rules.KIND, *proved.rules, FORM, rules.TRANSACTION, *judged),
        leniencies=proved.leniencies,
    )


def _check_approval(
    kind: ProofKind, proved: Proved, expected: ProofExpectations
) -> tuple[Rule, ...]:
    if kind not in CAN_APPROVE:
        raise BadEvidence(rules.CAN_APPROVE, kind)
    if expected.user_verification and not proved.user_verified:
        raise BadEvidence(rules.USER_VERIFIED, kind)
    if DISPLAYED_BY[kind] not in expected.displays:
        raise Denied(rules.DISPLAY, DISPLAYED_BY[kind])
    return rules.CAN_APPROVE, rules.USER_VERIFIED, rules.DISPLAY


def _check_refusal(kind: ProofKind, _: Proved, __: ProofExpectations) -> tuple[Rule, ...]:
    """Nothing else is asked: whoever is told of a theft must never be hindered by a PIN."""
    if kind not in CAN_REFUSE:
        raise BadEvidence(rules.CAN_REFUSE, kind)
    return (rules.CAN_REFUSE,)


def _codes(*held: Rule) -> tuple[str, ...]:
    return tuple(rule.code for rule in held)


_CHECKS: dict[Verdict, Callable[[ProofKind, Proved, ProofExpectations], tuple[Rule, ...]]] = {
    Verdict.OK: _check_approval,
    Verdict.NG: _check_refusal,
}
