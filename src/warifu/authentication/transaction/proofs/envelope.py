"""The envelope of a signed answer: COSE_Sign1 whose payload is the answer's bytes.

Two kinds use it, told apart by the protected header ``typ`` (RFC 9596), so that no signature made
as one is ever one of the other. It takes at most 223 bytes: one response of an SE applet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from warifu.authentication.transaction.proofs import rules
from warifu.authentication.transaction.proofs.evidence import bound_public_key, check_size
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.pki import sign1

if TYPE_CHECKING:
    from warifu.authentication.transaction.confirmation import BoundKey

ANSWER_TYPE = "application/vnd.warifu.answer+cbor"
ALGORITHMS = {"ES256": -7, "EdDSA": -8}
"""The one identifier that is taken for each algorithm."""
_TAG = b"\xd2"
"""Tag 18, COSE_Sign1 (RFC 9052 §2)."""


def open_envelope(
    proof: bytes, *, bound: BoundKey, typ: str, more: frozenset[int] = frozenset()
) -> tuple[bytes, dict[Any, Any]]:
    """Verify an envelope under the bound key.

    Args:
        proof: Tagged COSE_Sign1 in deterministic CBOR.
        bound: The key that must have signed; the envelope names none.
        typ: The media type of the envelope's kind.
        more: Further protected headers that its kind demands.

    Returns:
        The payload and the protected headers.

    Raises:
        BadEvidence: ``proof/container``, ``proof-envelope/headers``, ``cose/*``, ``cbor/*``,
            ``proof/signature``.
        Misuse: ``usage/bound-key``.
    """
    # Step 1: taken apart; nothing is proved yet.
    check_size(proof)
    message = sign1.read_sign1(proof)
    # Step 2: exactly the headers of this kind. A key identifier or another algorithm of the same
    # key would be obeyed by some other reader.
    wanted = {
        sign1.ALGORITHM: ALGORITHMS[message.algorithm],
        sign1.CONTENT_TYPE: ANSWER_TYPE,
        sign1.TYPE: typ,
        **{label: message.header.get(label) for label in more},
    }
    if message.header != wanted:
        raise BadEvidence(rules.ENVELOPE_HEADERS, f"{message.header.get(sign1.TYPE)!r:.60}")
    # Step 3: the one encoding, with nothing outside the signature.
    parts = [cbor.encode_deterministic(wanted), {}, message.payload, message.signature]
    if _TAG + cbor.encode_deterministic(parts) != proof:
        raise MalformedEvidence(rules.CONTAINER, "not deterministic, or unprotected headers")
    # Step 4: by the bound key.
    key = bound_public_key(bound)
    try:
        sign1.check_sign1(message, key)
    except BadEvidence as error:
        raise BadEvidence(rules.SIGNATURE, error.detail) from error
    return message.payload, message.header
