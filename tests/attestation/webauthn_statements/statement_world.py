"""A registration with any statement, judged in a world that trusts the given roots."""

from datetime import datetime
from typing import Any

from tests.support import make_test_anchor, test_trust
from warifu.attestation.claims import Claims
from warifu.attestation.evidence.facts.webauthn import RegistrationFacts, WebAuthnExpectations
from warifu.attestation.evidence.webauthn import verify
from warifu.attestation.examination import Gaps
from warifu.attestation.trust.anchors import AnchorUse
from warifu.handset.android_statements import MADE_AT
from warifu.handset.webauthn import ORIGIN, RP_ID, CredentialKey, Registration, Statement

KEY = CredentialKey()
RSA_KEY = CredentialKey(-257)


def judge(
    statement: Statement,
    root: bytes | None,
    use: AnchorUse,
    *,
    key: CredentialKey = KEY,
    at: datetime = MADE_AT,
) -> Claims:
    """Claims of a registration by this statement; `root` None trusts nobody."""
    registration = Registration(statement=statement, key=key)
    anchors = () if root is None else (make_test_anchor(root, use),)
    return verify(
        registration.evidence(),
        expected=WebAuthnExpectations(
            app=RP_ID, challenge=registration.challenge, origins=(ORIGIN,)
        ),
        trust=test_trust(*anchors, known_at=at),
        at=at,
        gaps=Gaps.REPORT,
    )


def statement_facts(claims: Claims) -> Any:
    """What only the statement format tells."""
    assert isinstance(claims.detail, RegistrationFacts)
    return claims.detail.statement
