"""Android Protected Confirmation: the trusted display showed the prompt, the person said OK.

The confirmation carries {prompt, extra} in CBOR; a key with tag 508 signs nothing but such
messages, and only after the button was pressed. What is verified is the received bytes, for their
member order is the platform's and not the deterministic one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa

from warifu.authentication.transaction.encoding import decode_shown
from warifu.authentication.transaction.proofs import rules
from warifu.authentication.transaction.proofs.evidence import (
    Proved,
    bound_public_key,
    check_bound_signature,
    read_container,
)
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.pki.signature import ECDSA_SHA256, RSA_SHA256

if TYPE_CHECKING:
    from warifu.authentication.transaction.proofs.evidence import Question

MAX_MESSAGE_BYTES = 0x1800
"""AOSP IConfirmationUI: what the trusted display takes at most."""
_MESSAGE, _SIGNATURE = 1, 2
_MEMBERS = ["prompt", "extra"]


def verify(proof: bytes, question: Question) -> Proved:
    """Verify a message and its signature by the bound key.

    Raises:
        BadEvidence: ``proof/container``, ``protected-confirmation/*``, ``proof/signature``,
            ``cbor/*``, or what the transaction breaks.
        Misuse: ``usage/bound-key``.
    """
    parts = read_container(proof, frozenset({_MESSAGE, _SIGNATURE}))
    message = parts[_MESSAGE]
    # Step 1: a key that signs only what was confirmed on the trusted display.
    if not question.bound.confirmation_required:
        raise BadEvidence(rules.CONFIRMATION_KEY)
    # Step 2: no larger than the platform makes it.
    if len(message) > MAX_MESSAGE_BYTES:
        raise MalformedEvidence(rules.CONFIRMATION_MESSAGE, f"{len(message)} bytes")
    # Step 3: signed, over the bytes as received and before anything reads them.
    key = bound_public_key(question.bound)
    scheme = RSA_SHA256 if isinstance(key, rsa.RSAPublicKey) else ECDSA_SHA256
    check_bound_signature(scheme, key, parts[_SIGNATURE], message)
    # Step 4: prompt, then extra; later platforms may add members behind them.
    item = cbor.decode_map(message)
    if list(item)[: len(_MEMBERS)] != _MEMBERS:
        raise MalformedEvidence(rules.CONFIRMATION_MESSAGE, "not prompt, then extra")
    # Step 5: what was shown is the text of this transaction.
    _, shown = decode_shown(question.transaction)
    if cbor.member(item, "prompt", str) != shown.text:
        raise BadEvidence(rules.CONFIRMATION_PROMPT)
    # Step 6: the answer is what the app put beside it.
    return Proved(
        answer=cbor.member(item, "extra", bytes),
        user_verified=question.bound.user_verification_required,
        rules=(
            rules.CONTAINER,
            rules.CONFIRMATION_KEY,
            rules.SIGNATURE,
            rules.CONFIRMATION_MESSAGE,
            rules.CONFIRMATION_PROMPT,
        ),
    )
