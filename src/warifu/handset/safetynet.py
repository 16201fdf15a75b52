"""A simulated Google server of the retired SafetyNet API: makes attestation responses."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from warifu.base.codec.text import to_base64
from warifu.handset import der_writer as w
from warifu.handset.authority import Authority, name, new_key, spki
from warifu.handset.jose_writer import json_bytes, make_jws

if TYPE_CHECKING:
    from warifu.handset.authority import CertificateDraft, PrivateKey

PACKAGE = "jp.example.bank"
SIGNER = sha256(b"the bank's signing certificate").digest()
APK = sha256(b"the bank's app").digest()
CHALLENGE = b"a challenge of the bank, 32 bytes"
MADE_AT = datetime(2021, 9, 3, 21, 7, 20, tzinfo=UTC)
SIGNER_HOST = "attest.android.com"

_SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"


def honest_payload() -> dict[str, Any]:
    """The response for an honest device with the genuine app."""
    return {
        "nonce": to_base64(CHALLENGE),
        "timestampMs": int(MADE_AT.timestamp() * 1000),
        "apkPackageName": PACKAGE,
        "apkDigestSha256": to_base64(APK),
        "ctsProfileMatch": True,
        "apkCertificateDigestSha256": [to_base64(SIGNER)],
        "basicIntegrity": True,
        "evaluationType": "BASIC,HARDWARE_BACKED",
    }


@dataclass(kw_only=True)
class SafetyNetServer:
    """Everything that goes into one response. Change any field, then take `response`."""

    payload: dict[str, Any] | bytes = field(default_factory=honest_payload)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "ES256"})
    """``x5c`` is added where it is not set."""
    root: Authority = field(default_factory=Authority.root)
    signing_key: PrivateKey = field(default_factory=new_key)
    signed_with: PrivateKey | bytes | None = None
    """Who signs in truth; None is the honest `signing_key`."""
    issuer: Authority = field(init=False)
    leaf: CertificateDraft = field(init=False)

    def __post_init__(self) -> None:
        """Set up the server's authority and its certificate, which can then be changed."""
        self.issuer = self.root.subordinate("Warifu Test Web Authority")
        self.leaf = self.issuer.draft(name(SIGNER_HOST), spki(self.signing_key))
        self.name_host(SIGNER_HOST)

    def name_host(self, *hosts: str) -> None:
        """Issue the certificate to other hosts."""
        names = w.sequence(*(w.tlv(0x82, host.encode()) for host in hosts))
        self.leaf.extension(_SUBJECT_ALTERNATIVE_NAME, names)

    def chain(self) -> list[bytes]:
        """The certificates sent along, signer first."""
        return [self.issuer.issue(self.leaf), self.issuer.certificate]

    def response(self) -> bytes:
        """The compact JWS, as the app receives it."""
        x5c = [to_base64(certificate) for certificate in self.chain()]
        key = self.signing_key if self.signed_with is None else self.signed_with
        return make_jws({"x5c": x5c} | self.header, json_bytes(self.payload), key)
