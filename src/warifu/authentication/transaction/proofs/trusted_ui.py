"""An answer signed by a trusted application or an SE applet that displayed the text itself.

The signer got the transaction in pieces, hashed all of it and displayed the text at its end over a
path that the operating system cannot reach. Only then it signs the digest that it computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.authentication.transaction.proofs import rules
from warifu.authentication.transaction.proofs.envelope import open_envelope
from warifu.authentication.transaction.proofs.evidence import Proved
from warifu.base.codec import cbor

if TYPE_CHECKING:
    from warifu.authentication.transaction.proofs.evidence import Question

TYPE = "application/vnd.warifu.trusted-ui+cose"
USER_VERIFIED = -65537
"""Protected header (private use, RFC 9052 §11.1): whether the signer checked PIN or biometrics."""


def verify(proof: bytes, question: Question) -> Proved:
    """Verify an envelope of a trusted display.

    Raises:
        BadEvidence, Misuse: As `open_envelope`; ``cbor/expected-type``.
    """
    answer, header = open_envelope(
        proof, bound=question.bound, typ=TYPE, more=frozenset({USER_VERIFIED})
    )
    return Proved(
        answer=answer,
        user_verified=cbor.member(header, USER_VERIFIED, bool),
        rules=(rules.CONTAINER, rules.ENVELOPE_HEADERS, rules.SIGNATURE),
    )
