"""The fido-u2f statement (WebAuthn L3 §8.6): authenticators older than WebAuthn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec

from warifu.attestation.evidence.rules import webauthn_statements
from warifu.attestation.evidence.statements.context import (
    StatementFacts,
    check_statement_signature,
    read_chain,
    statement_map,
)
from warifu.attestation.trust.anchors import AnchorUse
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence
from warifu.base.pki.cose import P256_POINT_OCTETS
from warifu.base.pki.signature import ECDSA_SHA256, load_public_key

if TYPE_CHECKING:
    from warifu.attestation.evidence.statements.context import StatementContext


def verify_statement(
    statement: Any,  # noqa: ANN401 - decoded CBOR
    context: StatementContext,
) -> StatementFacts:
    """Verify a fido-u2f statement.

    The AAGUID is reported as it is and proves nothing: U2F signs neither it nor the flags. The
    clause does not demand zero, and the specification's own test vector has another.

    Raises:
        BadEvidence: A rule of WebAuthn L3 §8.6 that is not met.
    """
    # §8.6 step 1: the syntax.
    parts = statement_map(statement)
    signature = cbor.member(parts, "sig", bytes)
    chain = read_chain(parts)
    # §8.6 step 2: one certificate, its key on P-256.
    if len(chain) != 1:
        raise BadEvidence(webauthn_statements.U2F_CERTIFICATE, f"{len(chain)} certificates")
    key = load_public_key(chain[0].public_key)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise BadEvidence(webauthn_statements.U2F_CERTIFICATE, "key is not on P-256")
    # §8.6 steps 3-4: the credential key as U2F writes it, an uncompressed point.
    credential_key = context.credential_key
    if credential_key.scheme.curve is not ec.SECP256R1:
        raise BadEvidence(webauthn_statements.U2F_KEY, credential_key.name)
    point = credential_key.spki[-P256_POINT_OCTETS:]
    # §8.6 steps 5-6: what U2F signs, which is not the authenticator data.
    signed = b"".join(
        (
            b"\x00",
            context.authenticator_data.rp_id_hash,
            context.client_data_hash,
            context.credential.credential_id,
            point,
        )
    )
    check_statement_signature(ECDSA_SHA256, key, signature, signed)
    # §8.6 steps 7-8.
    return StatementFacts(
        format="fido-u2f",
        attestation_type="basic",
        certificates=chain,
        anchor_uses=(AnchorUse.WEBAUTHN,),
        data_signed=False,
        rules=webauthn_statements.U2F_RULES,
    )
