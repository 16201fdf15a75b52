"""What a receipt says of the bound key is what the key's own evidence says, and no more."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from msgspec import structs

from tests.authentication.proofs.world import (
    TRANSFER,
    bound_key,
    payment,
)
from tests.authentication.receipt.world import (
    APPROVED,
    EVIDENCE_COPY,
    check,
    contents,
    receipt,
)
from tests.support import refused
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.transaction.encoding import encode
from warifu.authentication.transaction.value import Kind
from warifu.handset.confirmation import OK, answer_to
from warifu.receipt_check import rules
from warifu.receipt_check.findings import Check


def test_a_key_that_signs_anything_does_not_pass_for_one_behind_a_trusted_display() -> None:
    kind = ProofKind.PROTECTED_CONFIRMATION
    assert check(receipt(contents(kind=kind))).display == "trusted-environment"
    with refused(rules.EVIDENCE_KEY):
        check(receipt(contents(kind=kind, evidence=EVIDENCE_COPY)))


@pytest.mark.parametrize("lie", [{"app": "jp.example.evil"}, {"user_verification_required": True}])
def test_a_key_is_of_the_app_and_needs_the_person_as_its_evidence_says(
    lie: dict[str, Any],
) -> None:
    with refused(rules.EVIDENCE_KEY):
        check(receipt(contents(key=bound_key(ProofKind.TRUSTED_UI, **lie))))


def test_what_is_no_transfer_was_not_approved_on_a_payment_sheet() -> None:
    data = encode(structs.replace(TRANSFER, kind=Kind.LINK_ACCOUNT))
    outcome = structs.replace(APPROVED, transaction=sha256(data).digest())
    made = contents(
        outcome,
        kind=ProofKind.SECURE_PAYMENT,
        transaction=data,
        proof=payment(answer_to(data, OK)),
    )
    with refused(rules.PROOF):
        check(receipt(made))


def test_an_approval_said_to_be_a_refusal_is_refused() -> None:
    with refused(rules.ANSWER):
        check(receipt(contents(structs.replace(APPROVED, state="refused"))))


def test_evidence_that_agrees_is_found_to_agree() -> None:
    found = check(receipt())
    assert Check.EVIDENCE_KEY in {each.check for each in found.findings if each.checked}
