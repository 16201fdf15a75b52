"""An App Attest assertion over the answer: a genuine app on a genuine device showed the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.attestation.evidence import app_attest_assertion
from warifu.attestation.evidence.facts.app_attest_assertion import AppAttestAssertionExpectations
from warifu.attestation.evidence.rules import app_attest_assertion as app_attest_rules
from warifu.authentication.transaction.proofs import rules
from warifu.authentication.transaction.proofs.evidence import (
    Proved,
    bound_public_key,
    read_container,
)

if TYPE_CHECKING:
    from warifu.authentication.transaction.proofs.evidence import Question

_ANSWER, _ASSERTION = 1, 2


def verify(proof: bytes, question: Question) -> Proved:
    """Verify an assertion whose client data is the answer.

    Raises:
        BadEvidence: ``proof/container``, ``app-attest-assertion/*``, ``cbor/*``.
        Unchecked: The bound key has no counter.
        Misuse: The bound key is no P-256 key.
    """
    parts = read_container(proof, frozenset({_ANSWER, _ASSERTION}))
    bound_public_key(question.bound)
    # The answer is all of the client data; so it is the challenge too, and holds the digest.
    claims = app_attest_assertion.verify(
        parts[_ASSERTION],
        expected=AppAttestAssertionExpectations(
            challenge=parts[_ANSWER],
            app=question.bound.app,
            public_key=question.bound.public_key,
            client_data=parts[_ANSWER],
            counter=question.bound.counter,
        ),
        trust=question.exam.trust,
        at=question.exam.at,
    )
    return Proved(
        answer=parts[_ANSWER],
        user_verified=False,
        counter=claims.freshness.counter,
        rules=(rules.CONTAINER, *app_attest_rules.RULES),
        leniencies=claims.leniencies,
    )
