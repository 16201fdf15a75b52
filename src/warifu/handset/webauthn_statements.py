"""Attestation statements of simulated authenticators: packed, fido-u2f, apple and compound."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from warifu.handset import der_writer as w
from warifu.handset.authority import Authority, CertificateDraft, basic_constraints, name
from warifu.handset.webauthn import CredentialKey

if TYPE_CHECKING:
    from warifu.handset.webauthn import Registration, Statement

MODEL_EXTENSION = "1.3.6.1.4.1.45724.1.1.4"
ENTERPRISE_EXTENSION = "1.3.6.1.4.1.45724.1.1.2"
NONCE_EXTENSION = "1.2.840.113635.100.8.2"
BASIC_CONSTRAINTS = "2.5.29.19"

_SUBJECT = {
    "country": "JP",
    "organization": "Warifu Works",
    "organizational_unit": "Authenticator Attestation",
}


@dataclass(kw_only=True)
class PackedStatement:
    """By a batch certificate. Change `draft` to change the certificate."""

    format: str = "packed"
    authority: Authority = field(default_factory=lambda: Authority.root("Authenticator Root"))
    key: CredentialKey = field(default_factory=CredentialKey)
    """The batch key."""
    draft: CertificateDraft = field(init=False)
    above: list[bytes] = field(default_factory=list)
    """Certificates above the batch certificate."""
    members: dict[str, Any] = field(default_factory=dict)
    """Other members for the statement; None takes a member out."""
    signs: bytes | None = None
    """Other bytes to sign."""

    def __post_init__(self) -> None:
        """Draft an honest batch certificate."""
        self.draft = self.authority.draft(name("Warifu Key 1", **_SUBJECT), self.key.spki())
        self.draft.extension(BASIC_CONSTRAINTS, basic_constraints(authority=False), critical=True)

    def certify_model(self, aaguid: bytes, *, critical: bool = False) -> None:
        """Name an authenticator model in the certificate."""
        self.draft.extension(MODEL_EXTENSION, w.octet_string(aaguid), critical=critical)

    def build(self, registration: Registration, authenticator_data: bytes) -> dict[str, Any]:
        """The attStmt."""
        signed = authenticator_data + registration.client_data_hash()
        return _without_none(
            {
                "alg": self.key.algorithm,
                "sig": self.key.sign(self.signs or signed),
                "x5c": [self.authority.issue(self.draft), *self.above],
                **self.members,
            }
        )


@dataclass(kw_only=True)
class SelfStatement:
    """By the credential key itself."""

    format: str = "packed"
    key: CredentialKey | None = None
    """Another key than the credential's."""
    members: dict[str, Any] = field(default_factory=dict)

    def build(self, registration: Registration, authenticator_data: bytes) -> dict[str, Any]:
        """The attStmt."""
        key = self.key or registration.key
        signature = key.sign(authenticator_data + registration.client_data_hash())
        return _without_none({"alg": key.algorithm, "sig": signature, **self.members})


@dataclass(kw_only=True)
class U2FStatement:
    """By an authenticator older than WebAuthn."""

    format: str = "fido-u2f"
    authority: Authority = field(default_factory=lambda: Authority.root("U2F Root"))
    key: CredentialKey = field(default_factory=CredentialKey)
    draft: CertificateDraft = field(init=False)
    above: list[bytes] = field(default_factory=list)
    signed_point: bytes | None = None
    """Another credential point to sign."""
    members: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Draft an honest batch certificate."""
        self.draft = self.authority.draft(name("U2F Key 1"), self.key.spki())

    def build(self, registration: Registration, authenticator_data: bytes) -> dict[str, Any]:
        """The attStmt."""
        point = registration.key.spki()[-65:] if self.signed_point is None else self.signed_point
        signed = b"".join(
            (
                b"\x00",
                authenticator_data[:32],
                registration.client_data_hash(),
                registration.credential_id,
                point,
            )
        )
        return _without_none(
            {
                "sig": self.key.sign(signed),
                "x5c": [self.authority.issue(self.draft), *self.above],
                **self.members,
            }
        )


@dataclass(kw_only=True)
class AppleStatement:
    """By a certificate for the credential key itself."""

    format: str = "apple"
    authority: Authority = field(default_factory=lambda: Authority.root("Apple-like Root"))
    above: list[bytes] = field(default_factory=list)
    nonce: bytes | None = None
    nonce_extension: bytes | None = None
    """Another value for the whole extension; empty leaves it out."""
    certified: bytes | None = None
    """SPKI of another key to certify."""
    members: dict[str, Any] = field(default_factory=dict)

    def build(self, registration: Registration, authenticator_data: bytes) -> dict[str, Any]:
        """The attStmt."""
        signed = authenticator_data + registration.client_data_hash()
        nonce = sha256(signed).digest() if self.nonce is None else self.nonce
        draft = self.authority.draft(
            name("apple credential"), self.certified or _spki(registration)
        )
        value = self.nonce_extension
        if value is None:
            value = w.sequence(w.context(1, w.octet_string(nonce)))
        if value:
            draft.extension(NONCE_EXTENSION, value)
        return _without_none({"x5c": [self.authority.issue(draft), *self.above], **self.members})


@dataclass(kw_only=True)
class CompoundStatement:
    """Several statements about one key."""

    format: str = "compound"
    parts: list[Statement] = field(default_factory=lambda: [SelfStatement(), PackedStatement()])

    def build(self, registration: Registration, authenticator_data: bytes) -> list[dict[str, Any]]:
        """The attStmt."""
        return [
            {"fmt": part.format, "attStmt": part.build(registration, authenticator_data)}
            for part in self.parts
        ]


def _spki(registration: Registration) -> bytes:
    return registration.key.spki()


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value is not None}
