"""A simulated Google Play and the app on a device: makes Play Integrity tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from warifu.base.codec.text import to_base64url
from warifu.handset.authority import new_key, spki
from warifu.handset.jose_writer import json_bytes, make_jwe, make_jws

if TYPE_CHECKING:
    from warifu.handset.authority import PrivateKey

PACKAGE = "jp.example.bank"
SIGNER = sha256(b"the bank's signing certificate").digest()
CHALLENGE = b"a challenge of the bank, 32 bytes"
MADE_AT = datetime(2025, 11, 5, 9, 0, tzinfo=UTC)


def honest_verdict(*, classic: bool = False) -> dict[str, Any]:
    """The whole verdict on an honest device with the genuine app."""
    return {
        "requestDetails": {
            "requestPackageName": PACKAGE,
            "nonce" if classic else "requestHash": to_base64url(CHALLENGE),
            "timestampMillis": str(int(MADE_AT.timestamp() * 1000)),
        },
        "appIntegrity": {
            "appRecognitionVerdict": "PLAY_RECOGNIZED",
            "packageName": PACKAGE,
            "certificateSha256Digest": [to_base64url(SIGNER)],
            "versionCode": "42",
        },
        "deviceIntegrity": {
            "deviceRecognitionVerdict": [
                "MEETS_BASIC_INTEGRITY",
                "MEETS_DEVICE_INTEGRITY",
                "MEETS_STRONG_INTEGRITY",
            ],
            "deviceAttributes": {"sdkVersion": 36},
            "recentDeviceActivity": {"deviceActivityLevel": "LEVEL_1"},
            "deviceRecall": {
                "values": {"bitFirst": True, "bitSecond": False, "bitThird": False},
                "writeDates": {"yyyymmFirst": 202508},
            },
        },
        "accountDetails": {"appLicensingVerdict": "LICENSED"},
        "environmentDetails": {
            "playProtectVerdict": "NO_ISSUES",
            "appAccessRiskVerdict": {"appsDetected": ["KNOWN_INSTALLED"]},
        },
    }


@dataclass(kw_only=True)
class PlayIntegrityDevice:
    """Everything that goes into one token. Change any field, then take `token`."""

    verdict: dict[str, Any] | bytes = field(default_factory=honest_verdict)
    decryption_key: bytes = bytes(range(100, 132))
    signing_key: PrivateKey = field(default_factory=new_key)
    signed_with: PrivateKey | bytes | None = None
    """Who signs in truth; None is the honest `signing_key`."""
    inner_header: dict[str, Any] | bytes = field(default_factory=lambda: {"alg": "ES256"})
    outer_header: dict[str, Any] | bytes = field(
        default_factory=lambda: {"alg": "A256KW", "enc": "A256GCM"}
    )

    @property
    def verification_key(self) -> bytes:
        """What the app's owner gets from the console, DER of SubjectPublicKeyInfo."""
        return spki(self.signing_key)

    def signed(self) -> bytes:
        """The compact JWS inside."""
        key = self.signing_key if self.signed_with is None else self.signed_with
        return make_jws(self.inner_header, json_bytes(self.verdict), key)

    def token(self) -> bytes:
        """The token, as the app receives it from Google Play."""
        return make_jwe(self.outer_header, self.signed(), self.decryption_key)
