"""WebAuthn Level 3: registrations and authentications, by the shape of the response.

The evidence is the UTF-8 JSON that `PublicKeyCredential.toJSON()` gives (WebAuthn L3 §5.1.8): a
RegistrationResponseJSON or an AuthenticationResponseJSON, with base64url in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.attestation.evidence.facts.webauthn import Ceremony
from warifu.attestation.evidence.readers.webauthn_response import (
    AssertionResponse,
    read_response,
)
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.evidence.webauthn_assertion import verify_assertion
from warifu.attestation.evidence.webauthn_registration import verify_registration
from warifu.attestation.examination import Examination, Gaps
from warifu.base.errors import BadEvidence

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.attestation.claims import Claims
    from warifu.attestation.evidence.facts.webauthn import WebAuthnExpectations
    from warifu.attestation.trust.view import TrustView


def verify(
    evidence: bytes,
    *,
    expected: WebAuthnExpectations,
    trust: TrustView,
    at: datetime,
    gaps: Gaps = Gaps.REFUSE,
) -> Claims:
    """Verify a registration or an authentication.

    Args:
        evidence: The JSON of either response, UTF-8.
        expected: What the relying party expected; `ceremony` or `credential` say which of the two.
        trust: Anchors and FIDO metadata.
        at: When the response was made.
        gaps: What to do where something cannot be checked.

    Returns:
        Claims whose `detail` is `RegistrationFacts` or `AuthenticationFacts`. A registration that
        nobody we know vouches for has `Key.endorsement` other than anchored.

    Raises:
        BadEvidence: The first rule of `rules.webauthn`, or of keys, certificates and encodings,
            that is not met.
        VerifierFault: A check could not be made and gaps are refused.
        Misuse: `at` has no UTC offset.
    """
    exam = Examination(trust=trust, at=at, gaps=gaps)
    response = read_response(evidence)
    if response.abridged:
        exam.allow(rules.MEMBERS_LEFT_OUT)
    wanted = expected.ceremony or (Ceremony.AUTHENTICATION if expected.credential else None)
    if isinstance(response, AssertionResponse):
        if wanted is Ceremony.REGISTRATION:
            raise BadEvidence(rules.RESPONSE_FORM, "an authentication, not a registration")
        return verify_assertion(response, expected, exam)
    # Whoever asks for a sign-in must not be handed a registration of the attacker's own key.
    if wanted is Ceremony.AUTHENTICATION:
        raise BadEvidence(rules.RESPONSE_FORM, "a registration, not an authentication")
    return verify_registration(response, expected, exam)


def claimed_credential(evidence: bytes) -> tuple[bytes, bytes | None]:
    """Which credential, and which user, a response is about: to look them up, proving nothing.

    Returns:
        Credential identifier, and the user handle where there is one.

    Raises:
        BadEvidence: The response does not decode.
    """
    response = read_response(evidence)
    handle = response.user_handle if isinstance(response, AssertionResponse) else None
    return response.credential_id, handle or None
