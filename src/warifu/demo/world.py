"""The demo's test world: phones, their makers' roots, and what is believed of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from warifu.attestation.claims import Realm
from warifu.attestation.evidence.facts.android_key import AndroidKeyExpectations
from warifu.attestation.expectations import Expectations
from warifu.attestation.trust import revocation
from warifu.attestation.trust.anchors import Anchor, AnchorUse, ValidityRule, make_anchor
from warifu.attestation.trust.view import TrustView
from warifu.base.pki.certificate import read_certificate
from warifu.handset import android_key as android
from warifu.handset import (
    app_attest,
    metadata_service,
    play_integrity,
    webauthn,
    webauthn_statements,
)
from warifu.handset.android_key import AndroidEvidence

CHALLENGE = b"warifu demo challenge, issued once"
OTHER_CHALLENGE = b"a challenge issued to somebody else"


@dataclass(frozen=True, kw_only=True)
class Act:
    """What a scene brings before the verifier."""

    evidence: bytes
    expected: Expectations
    trust: TrustView
    at: datetime


@dataclass(kw_only=True)
class World:
    """A test world made now: phones, their makers' roots, and what is believed of them."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @cached_property
    def phone(self) -> android.AndroidPhone:
        """An honest Android phone with a factory key."""
        return android.AndroidPhone.factory()

    @cached_property
    def phone_root(self) -> bytes:
        """The root of the phone's maker, DER; signed once, so that it stays the same bytes."""
        return self.phone.root

    @cached_property
    def iphone(self) -> app_attest.AppAttestDevice:
        """An honest iPhone."""
        return app_attest.AppAttestDevice(made_at=self.now)

    @cached_property
    def security_key(self) -> webauthn_statements.PackedStatement:
        """The maker of an authenticator model, who signs for its keys."""
        return webauthn_statements.PackedStatement()

    @cached_property
    def passkey(self) -> webauthn.Registration:
        """A passkey as it was registered."""
        return webauthn.Registration(challenge=CHALLENGE, statement=self.security_key)

    @cached_property
    def metadata(self) -> metadata_service.MetadataService:
        """Who publishes what is known of authenticator models."""
        return metadata_service.MetadataService()

    @cached_property
    def play(self) -> play_integrity.PlayIntegrityDevice:
        """A device that asks Google Play about itself."""
        device = play_integrity.PlayIntegrityDevice()
        assert isinstance(device.verdict, dict)  # noqa: S101 - as it is made
        stamp = str(int(self.now.timestamp() * 1000))
        device.verdict["requestDetails"]["timestampMillis"] = stamp
        return device

    def trust(self, *, revoked: tuple[int, ...] = (), age: timedelta = timedelta(0)) -> TrustView:
        """What is believed: this world's roots, and a revocation list confirmed `age` ago."""
        entries = {str(serial): {"status": "REVOKED"} for serial in revoked}
        data = json.dumps({"entries": entries}).encode()
        apple = self.iphone.apple
        outlives = ValidityRule.OUTLIVES_CERTIFICATE
        return TrustView(
            known_at=self.now,
            realm=Realm.TEST,
            anchors=(
                _anchor("test-google", self.phone_root, AnchorUse.ANDROID_KEY, outlives),
                _anchor("test-apple", apple.root.certificate, AnchorUse.APP_ATTEST),
                _anchor(
                    "test-authenticators",
                    self.security_key.authority.certificate,
                    AnchorUse.WEBAUTHN,
                ),
                _anchor(
                    "test-apple-g3", apple.receipt_root.certificate, AnchorUse.APP_ATTEST_RECEIPT
                ),
            ),
            revocation=revocation.parse(data, confirmed_at=self.now - age),
        )

    def android(self, evidence: bytes, trust: TrustView | None = None, **expected: object) -> Act:
        """Evidence of an Android key held against what the bank expects."""
        known: dict[str, Any] = {
            "challenge": CHALLENGE,
            "app": android.PACKAGE,
            "signers": frozenset({android.SIGNER}),
        }
        return Act(
            evidence=evidence,
            expected=AndroidKeyExpectations(**(known | expected)),
            trust=trust or self.trust(),
            at=self.now,
        )

    def attest(self) -> AndroidEvidence:
        """Honest evidence of the Android phone, to be changed or not."""
        return self.phone.attest(challenge=CHALLENGE, made_at=self.now)


def _anchor(
    name: str, certificate: bytes, use: AnchorUse, rule: ValidityRule = ValidityRule.ENFORCED
) -> Anchor:
    return make_anchor(read_certificate(certificate), name=name, uses=[use], validity=rule)
