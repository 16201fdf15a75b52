"""A test world of Apple's: who is trusted in it, and what its relying party expects."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.support import make_test_anchor, test_trust
from warifu.attestation.evidence import app_attest, app_attest_assertion, app_attest_receipt
from warifu.attestation.evidence.facts.app_attest import AppAttestExpectations
from warifu.attestation.evidence.facts.app_attest_assertion import AppAttestAssertionExpectations
from warifu.attestation.evidence.facts.app_attest_receipt import AppAttestReceiptExpectations
from warifu.attestation.examination import Gaps
from warifu.attestation.trust.anchors import AnchorUse
from warifu.handset.app_attest import APP, CHALLENGE, AppAttestDevice, TestApple

if TYPE_CHECKING:
    from warifu.attestation.claims import Claims
    from warifu.attestation.trust.view import TrustView

KNOWN_AT = datetime(2025, 11, 5, tzinfo=UTC)
CLIENT_DATA = b'{"amount":1000,"challenge":"' + CHALLENGE + b'"}'


@cache
def apple() -> TestApple:
    """One Apple for all tests: its keys take time to make."""
    return TestApple()


def new_device(**changes: Any) -> AppAttestDevice:
    """An honest device with a key of its own."""
    return AppAttestDevice(apple=apple(), **changes)


def trust_in(world: TestApple) -> TrustView:
    """Both roots of a test Apple, each for its one use."""
    return test_trust(
        make_test_anchor(world.root.certificate, AnchorUse.APP_ATTEST, name="attestation"),
        make_test_anchor(
            world.receipt_root.certificate, AnchorUse.APP_ATTEST_RECEIPT, name="receipts"
        ),
        known_at=KNOWN_AT,
    )


def judge(
    device: AppAttestDevice,
    evidence: bytes,
    *,
    gaps: Gaps = Gaps.REFUSE,
    at: datetime | None = None,
    trust: TrustView | None = None,
    **changes: Any,
) -> Claims:
    """Verify an attestation with everything expected; `changes` replace expectations."""
    stated: dict[str, Any] = {
        "app": APP,
        "challenge": CHALLENGE,
        "key_identifier": device.key_identifier,
    }
    return app_attest.verify(
        evidence,
        expected=AppAttestExpectations(**(stated | changes)),
        trust=trust or trust_in(apple()),
        at=at or device.made_at,
        gaps=gaps,
    )


def judge_assertion(
    device: AppAttestDevice, evidence: bytes, *, gaps: Gaps = Gaps.REFUSE, **changes: Any
) -> Claims:
    """Verify an assertion with everything expected; `changes` replace expectations."""
    stated: dict[str, Any] = {
        "app": APP,
        "challenge": CHALLENGE,
        "client_data": CLIENT_DATA,
        "public_key": device.public_key,
        "counter": 0,
    }
    return app_attest_assertion.verify(
        evidence,
        expected=AppAttestAssertionExpectations(**(stated | changes)),
        trust=trust_in(apple()),
        at=device.made_at,
        gaps=gaps,
    )


def judge_receipt(
    device: AppAttestDevice,
    evidence: bytes,
    *,
    gaps: Gaps = Gaps.REFUSE,
    at: datetime | None = None,
    trust: TrustView | None = None,
    **changes: Any,
) -> Claims:
    """Verify a receipt with everything expected; `changes` replace expectations."""
    stated: dict[str, Any] = {
        "app": APP,
        "challenge": CHALLENGE,
        "public_key": device.public_key,
    }
    return app_attest_receipt.verify(
        evidence,
        expected=AppAttestReceiptExpectations(**(stated | changes)),
        trust=trust or trust_in(apple()),
        at=at or device.made_at,
        gaps=gaps,
    )
