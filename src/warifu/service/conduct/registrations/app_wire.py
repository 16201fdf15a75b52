"""App registrations as they cross the wire. Bytes are in base64, times in RFC 3339."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from warifu.attestation.appraisal.result import Relaxation
from warifu.attestation.claims import Realm
from warifu.risk.decision.facts import Operation
from warifu.service.conduct.registrations.registration import (
    AndroidApp,
    AppleApp,
    AppRegistration,
    Name,
    Providers,
    Sha256Hex,
    Slug,
    WebAuthnApp,
    Widening,
)


class PlayIntegrityKeys(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The app's response keys from Google's console, in base64. They are never shown again."""

    decryption_key: Annotated[bytes, Meta(min_length=32, max_length=32)]
    """AES, 32 bytes."""
    verification_key: Annotated[bytes, Meta(min_length=1, max_length=512)]
    """EC P-256, DER of SubjectPublicKeyInfo."""

    def __repr__(self) -> str:
        """Never the keys."""
        return "PlayIntegrityKeys(***)"


class AppRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new registration."""

    id: Slug
    name: Name
    realm: Realm = Realm.PRODUCTION
    android: AndroidApp | None = None
    apple: AppleApp | None = None
    webauthn: WebAuthnApp | None = None
    play_integrity: PlayIntegrityKeys | None = None
    components: Providers = ()
    """Whose warrants are believed about trusted applications and applets."""


class AppChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What takes a registration's place; its policies stay."""

    name: Name
    android: AndroidApp | None = None
    apple: AppleApp | None = None
    webauthn: WebAuthnApp | None = None
    play_integrity: PlayIntegrityKeys | None = None
    """New keys; without any, those that are known stay."""
    forget_play_integrity: bool = False
    """Forget the keys that are known."""
    components: Providers = ()
    """All whose warrants are believed from now on; who is not named is believed no more."""


class PolicyInForce(Struct, frozen=True, kw_only=True):
    """What one operation is appraised by."""

    operation: Operation
    id: str
    source: str | None
    """SHA-256 in hex of the policy file; null where it is the shipped profile."""
    digest: str
    """SHA-256 in hex of the effective policy, as appraisals name it."""
    relaxations: tuple[Relaxation, ...]
    """Where it is milder than the strict defaults."""


class ProposalAnswer(Struct, frozen=True, kw_only=True):
    """A change that waits for another person."""

    subject: str
    """An operation, or ``registration``."""
    fingerprint: str
    """What an approval names."""
    by: str
    at: datetime
    registration: AppRegistration
    replaces_keys: bool
    milder: tuple[Widening, ...]


class AppAnswer(Struct, frozen=True, kw_only=True):
    """A registration as it stands."""

    registration: AppRegistration
    revision: int
    created_at: datetime
    changed_at: datetime
    policies: tuple[PolicyInForce, ...]
    proposals: tuple[ProposalAnswer, ...]


class ProposalApproval(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yes to exactly one proposal."""

    fingerprint: Sha256Hex
