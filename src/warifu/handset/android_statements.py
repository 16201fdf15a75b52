"""Simulated Android authenticators: make WebAuthn android-key and android-safetynet statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from warifu.base.codec.text import to_base64
from warifu.handset.android_key import AndroidPhone
from warifu.handset.safetynet import SafetyNetServer
from warifu.handset.webauthn import CredentialKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.handset.android_key import AndroidEvidence
    from warifu.handset.webauthn import Registration

MADE_AT = datetime(2026, 9, 20, 9, 0, tzinfo=UTC)


def _nothing(_: AndroidEvidence) -> None:
    """Change nothing."""


@dataclass(kw_only=True)
class AndroidKeyStatement:
    """By a phone's keystore."""

    format: str = "android-key"
    phone: AndroidPhone = field(default_factory=AndroidPhone.factory)
    made_at: datetime = MADE_AT
    attested: CredentialKey | None = None
    """Another key to attest than the credential's."""
    signing: CredentialKey | None = None
    """Another key to sign with than the attested one."""
    challenge: bytes | None = None
    """Another challenge than the hash of client data."""
    change: Callable[[AndroidEvidence], object] = _nothing
    """Changes the chain before it is signed."""
    arrange: Callable[[list[bytes]], list[bytes]] = list
    """Changes the list of certificates after that."""
    members: dict[str, Any] = field(default_factory=dict)
    """Other members for the statement; None takes a member out."""

    def build(self, registration: Registration, authenticator_data: bytes) -> dict[str, Any]:
        """The attStmt."""
        client_data_hash = registration.client_data_hash()
        key = self.attested or registration.key
        evidence = self.phone.attest(
            challenge=client_data_hash if self.challenge is None else self.challenge,
            made_at=self.made_at,
            key=key.private,
        )
        self.change(evidence)
        signer = self.signing or key
        members = {
            "alg": signer.algorithm,
            "sig": signer.sign(authenticator_data + client_data_hash),
            "x5c": self.arrange(evidence.certificates()),
            **self.members,
        }
        return {name: value for name, value in members.items() if value is not None}


@dataclass(kw_only=True)
class SafetyNetStatement:
    """By Google's server, for a browser on a phone."""

    format: str = "android-safetynet"
    server: SafetyNetServer = field(default_factory=SafetyNetServer)
    nonce: bytes | None = None
    """Another nonce than the hash of what is to be signed."""
    members: dict[str, Any] = field(default_factory=dict)
    """Other members for the statement; None takes a member out."""

    def build(self, registration: Registration, authenticator_data: bytes) -> dict[str, Any]:
        """The attStmt."""
        signed = authenticator_data + registration.client_data_hash()
        nonce = sha256(signed).digest() if self.nonce is None else self.nonce
        if isinstance(self.server.payload, dict):
            self.server.payload["nonce"] = to_base64(nonce)
        members = {"ver": "212621037", "response": self.server.response(), **self.members}
        return {name: value for name, value in members.items() if value is not None}
