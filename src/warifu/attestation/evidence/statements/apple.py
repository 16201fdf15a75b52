"""The apple statement (WebAuthn L3 §8.8): Apple's anonymous authority certifies the key."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from warifu.attestation.claims import SecurityLevel
from warifu.attestation.evidence.readers.apple_extensions import NONCE, read_nonce
from warifu.attestation.evidence.rules import webauthn_statements
from warifu.attestation.evidence.statements.context import (
    StatementFacts,
    read_chain,
    statement_map,
)
from warifu.attestation.trust.anchors import AnchorUse
from warifu.base.errors import BadEvidence

if TYPE_CHECKING:
    from warifu.attestation.evidence.statements.context import StatementContext


def verify_statement(
    statement: Any,  # noqa: ANN401 - decoded CBOR
    context: StatementContext,
) -> StatementFacts:
    """Verify an apple statement. It has no signature of its own: the certificate is the statement.

    Raises:
        BadEvidence: A rule of WebAuthn L3 §8.8 that is not met.
    """
    # §8.8 step 1: the syntax.
    chain = read_chain(statement_map(statement))
    leaf = chain[0]
    # §8.8 steps 2-3: the nonce that this ceremony must have.
    nonce = sha256(context.signed).digest()
    # §8.8 step 4: and the one that was certified.
    extension = leaf.extensions.get(NONCE)
    if extension is None:
        raise BadEvidence(webauthn_statements.APPLE_NONCE, "no nonce extension")
    certified = read_nonce(extension.value)
    if not compare_digest(certified, nonce):
        raise BadEvidence(webauthn_statements.APPLE_NONCE, certified[:32].hex())
    # §8.8 step 5: the certified key is the one being registered.
    if leaf.public_key != context.credential_key.spki:
        raise BadEvidence(webauthn_statements.APPLE_KEY, leaf.public_key[:128].hex())
    # §8.8 step 6.
    return StatementFacts(
        format="apple",
        attestation_type="anonca",
        certificates=chain,
        anchor_uses=(AnchorUse.WEBAUTHN_APPLE,),
        understood=frozenset({NONCE}),
        key_level=SecurityLevel.SECURE_ELEMENT,
        attested_by=SecurityLevel.SECURE_ELEMENT,
        rules=webauthn_statements.APPLE_RULES,
    )
