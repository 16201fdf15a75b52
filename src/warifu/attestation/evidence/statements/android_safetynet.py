"""The android-safetynet statement (WebAuthn L3 §8.5): a SafetyNet response about this ceremony."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.attestation.evidence import safetynet
from warifu.attestation.evidence.facts.safetynet import SafetyNetFacts
from warifu.attestation.evidence.rules import webauthn_android as rules
from warifu.attestation.evidence.rules.webauthn_statements import STATEMENT_FORM
from warifu.attestation.evidence.statements.context import StatementFacts, statement_map
from warifu.attestation.trust.anchors import AnchorUse
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence

if TYPE_CHECKING:
    from warifu.attestation.evidence.statements.context import StatementContext

MAX_VERSION_LENGTH = 32
PLAY_SERVICES = "com.google.android.gms"
"""The app that is Android's authenticator; any other may ask for a response about any nonce."""


class SafetyNetStatementFacts(Struct, frozen=True, kw_only=True, tag="android-safetynet"):
    """What only an android-safetynet statement tells."""

    version: str
    """Of Google Play services, as the statement says; not signed."""
    made_at: datetime
    """When Google's server made the response; held against nothing here."""
    package: str | None
    """The app that asked, which is Google Play services and not the browser."""
    signers: tuple[bytes, ...]
    verdict: SafetyNetFacts


def verify_statement(
    statement: Any,  # noqa: ANN401 - decoded CBOR
    context: StatementContext,
) -> StatementFacts:
    """Verify an android-safetynet statement. Its chain is judged as of the examination's time.

    Raises:
        BadEvidence: A rule of WebAuthn L3 §8.5 or of SafetyNet responses that is not met.
    """
    # §8.5 step 1: the syntax.
    parts = statement_map(statement)
    version = cbor.member(parts, "ver", str)
    if not 0 < len(version) <= MAX_VERSION_LENGTH:
        raise MalformedEvidence(STATEMENT_FORM, f"version of {len(version)} characters")
    # §8.5 steps 2 and 4: a response of the SafetyNet service, signed for its host name.
    response = safetynet.open_response(cbor.member(parts, "response", bytes))
    payload = response.payload
    # §8.5 step 3: about this ceremony.
    if not compare_digest(payload.nonce_bytes, sha256(context.signed).digest()):
        raise BadEvidence(rules.SAFETYNET_NONCE, payload.nonce[:64])
    # §8.5 step 5: on a device that passed.
    if payload.cts_profile_match is not True:
        raise BadEvidence(rules.SAFETYNET_PROFILE, f"advice: {payload.advice}"[:100])
    return StatementFacts(
        format="android-safetynet",
        attestation_type="basic",
        certificates=response.chain,
        anchor_uses=(AnchorUse.SAFETYNET,),
        data_signed=payload.apk_package_name == PLAY_SERVICES,
        detail=SafetyNetStatementFacts(
            version=version,
            made_at=payload.made_at,
            package=payload.apk_package_name,
            signers=payload.signers,
            verdict=safetynet.facts_of(response),
        ),
        rules=rules.SAFETYNET_RULES,
    )
