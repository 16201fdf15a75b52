"""A WebAuthn assertion over the answer: a passkey, on a page that displayed the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.authentication.transaction.proofs.assertion import Asked, check_assertion

if TYPE_CHECKING:
    from warifu.authentication.transaction.proofs.evidence import Proved, Question

_ASKED = Asked(ceremony="webauthn.get")


def verify(proof: bytes, question: Question) -> Proved:
    """Verify an assertion whose challenge is the SHA-256 of the answer.

    Raises:
        BadEvidence, Misuse: As `check_assertion`.
    """
    _, proved = check_assertion(proof, _ASKED, question)
    return proved
