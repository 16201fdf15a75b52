"""An answer signed by the bound device key alone: enough to refuse, never to approve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.authentication.transaction.proofs import rules
from warifu.authentication.transaction.proofs.envelope import open_envelope
from warifu.authentication.transaction.proofs.evidence import Proved

if TYPE_CHECKING:
    from warifu.authentication.transaction.proofs.evidence import Question

TYPE = "application/vnd.warifu.device-key+cose"


def verify(proof: bytes, question: Question) -> Proved:
    """Verify an envelope of a device key.

    Raises:
        BadEvidence, Misuse: As `open_envelope`.
    """
    answer, _ = open_envelope(proof, bound=question.bound, typ=TYPE)
    return Proved(
        answer=answer,
        user_verified=question.bound.user_verification_required,
        rules=(rules.CONTAINER, rules.ENVELOPE_HEADERS, rules.SIGNATURE),
    )
