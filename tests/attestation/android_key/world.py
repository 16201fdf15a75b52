"""The test world of these tests: one phone, one time, one challenge, and what the bank expects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.support import make_test_anchor, moment, test_trust
from warifu.attestation.claims import Claims
from warifu.attestation.evidence.android_key import verify
from warifu.attestation.evidence.facts.android_key import (
    AndroidKeyDetail,
    AndroidKeyExpectations,
)
from warifu.attestation.examination import Gaps
from warifu.attestation.trust.anchors import AnchorUse, ValidityRule
from warifu.attestation.trust.revocation import RevocationList
from warifu.attestation.trust.view import TrustView
from warifu.handset.android_key import PACKAGE, SIGNER, AndroidEvidence, AndroidPhone

AT = moment("2026-09-20T09:00:00Z")
CHALLENGE = b"one-time challenge of the bank"
EXPECTED = AndroidKeyExpectations(challenge=CHALLENGE, app=PACKAGE, signers=frozenset({SIGNER}))


def evidence_of(phone: AndroidPhone) -> AndroidEvidence:
    return phone.attest(challenge=CHALLENGE, made_at=AT)


def trust_in(
    phone: AndroidPhone,
    *,
    validity: ValidityRule = ValidityRule.OUTLIVES_CERTIFICATE,
    at: datetime = AT,
    **parts: Any,
) -> TrustView:
    parts.setdefault("revocation", RevocationList(entries={}, confirmed_at=at))
    anchor = make_test_anchor(phone.root, AnchorUse.ANDROID_KEY, validity=validity)
    return test_trust(anchor, known_at=at, **parts)


def judge(
    evidence: AndroidEvidence | bytes,
    phone: AndroidPhone,
    *,
    expected: AndroidKeyExpectations = EXPECTED,
    trust: TrustView | None = None,
    at: datetime = AT,
    gaps: Gaps = Gaps.REFUSE,
) -> Claims:
    return verify(
        evidence if isinstance(evidence, bytes) else evidence.der(),
        expected=expected,
        trust=trust or trust_in(phone, at=at),
        at=at,
        gaps=gaps,
    )


def detail_of(claims: Claims) -> AndroidKeyDetail:
    assert isinstance(claims.detail, AndroidKeyDetail)
    return claims.detail


def used(claims: Claims) -> dict[str, int]:
    return {use.name: use.times for use in claims.leniencies}


def open_rules(claims: Claims) -> set[str]:
    return {gap.rule for gap in claims.unchecked}
