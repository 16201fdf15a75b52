"""Claims: the facts proved by verifying evidence, in one shape for all formats.

`None` always means *no claim was proved*, never a default. What a format proves beyond these common
facts is in `Claims.detail`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from warifu.base.pki.certificate import Certificate


class Format(StrEnum):
    """Evidence formats, by the names the command line uses."""

    ANDROID_KEY = "android-key"
    APP_ATTEST = "app-attest"
    APP_ATTEST_ASSERTION = "app-attest-assertion"
    APP_ATTEST_RECEIPT = "app-attest-receipt"
    WEBAUTHN = "webauthn"
    MDS = "mds"
    PLAY_INTEGRITY = "play-integrity"
    SAFETYNET = "safetynet"


class Realm(StrEnum):
    """Which world a trust configuration belongs to. Test roots never enter production."""

    PRODUCTION = "production"
    TEST = "test"


class SecurityLevel(StrEnum):
    """Where a key lives or who made a statement, weakest first."""

    SOFTWARE = "software"
    TRUSTED_ENVIRONMENT = "trusted-environment"
    SECURE_ELEMENT = "secure-element"


class BootState(StrEnum):
    """Android verified boot states (AOSP Verified Boot, "Boot flow")."""

    VERIFIED = "verified"
    SELF_SIGNED = "self-signed"
    UNVERIFIED = "unverified"
    FAILED = "failed"


class Endorsement(StrEnum):
    """Who vouches for the key."""

    ANCHORED = "anchored"
    """A chain to an anchor that we trust."""
    UNANCHORED = "unanchored"
    """A statement that verifies, but whose chain reaches no anchor known to us."""
    SELF = "self"
    """Only the key itself (WebAuthn self attestation)."""
    NONE = "none"
    """Nobody; no statement was made."""


class Device(Struct, frozen=True, kw_only=True):
    """What is known of the hardware."""

    platform: str | None = None
    """``android``, ``apple``, or None where the evidence does not tell."""
    brand: str | None = None
    name: str | None = None
    product: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    imei: tuple[str, ...] = ()
    meid: str | None = None
    aaguid: str | None = None
    """Authenticator model identifier, as a UUID (WebAuthn L3 §6.5.2)."""


class Boot(Struct, frozen=True, kw_only=True):
    """How the device started."""

    locked: bool | None = None
    state: BootState | None = None
    key: bytes | None = None
    """Verified boot key digest as reported, usually SHA-256."""
    hash: bytes | None = None
    """Digest over all verified boot data."""


class OperatingSystem(Struct, frozen=True, kw_only=True):
    """Version and patch levels. Patch levels are ISO dates: ``2025-11`` or ``2025-11-05``."""

    version: str | None = None
    build: str | None = None
    patch_level: str | None = None
    vendor_patch_level: str | None = None
    boot_patch_level: str | None = None


class Package(Struct, frozen=True):
    """One application package and its version code."""

    name: str
    version: int | None = None


class App(Struct, frozen=True, kw_only=True):
    """Which application the evidence was made for."""

    identifier: str | None = None
    """``<team>.<bundle>`` on Apple, the package name on Android when there is one, the RP ID for
    WebAuthn."""
    packages: tuple[Package, ...] = ()
    signers: tuple[bytes, ...] = ()
    """SHA-256 digests of the signing certificates."""
    environment: str | None = None
    """``production`` or ``development`` where the platform tells."""


class Key(Struct, frozen=True, kw_only=True):
    """The key that the evidence is about."""

    public_key: bytes | None = None
    """DER of SubjectPublicKeyInfo."""
    algorithm: str | None = None
    identifier: bytes | None = None
    """Key or credential identifier of the platform."""
    security_level: SecurityLevel | None = None
    """Where the key is kept."""
    attested_by: SecurityLevel | None = None
    """Which environment made the statement."""
    endorsement: Endorsement = Endorsement.NONE
    user_authentication: str | None = None
    """What the holder must do before the key signs; None where nothing is proved."""
    confirmation_required: bool | None = None
    """The key signs only what a trusted display showed (Android Protected Confirmation)."""


class Freshness(Struct, frozen=True, kw_only=True):
    """Against what the evidence was proved fresh."""

    challenge: bytes | None = None
    """The challenge or nonce found in the evidence."""
    challenge_matches: bool | None = None
    """True where it equals the expected one; None where none was expected."""
    made_at: datetime | None = None
    """When the evidence says that it was made."""
    counter: int | None = None


class LeniencyUse(Struct, frozen=True):
    """A named leniency and how often this evidence needed it."""

    name: str
    times: int


class Gap(Struct, frozen=True):
    """A rule that was not checked, and why."""

    rule: str
    why: str


class Claims(Struct, frozen=True, kw_only=True):
    """Facts proved about one piece of evidence."""

    format: Format
    at: datetime
    """When the evidence was made, and the time it was judged for."""
    known_at: datetime
    """Which snapshot of trust was believed."""
    realm: Realm
    device: Device | None = None
    boot: Boot | None = None
    operating_system: OperatingSystem | None = None
    app: App | None = None
    key: Key | None = None
    freshness: Freshness
    chain: tuple[Certificate, ...] = ()
    """Certificates leaf first, up to and including the anchor's where one was reached."""
    anchor: str | None = None
    """Name of the anchor reached."""
    detail: Struct
    """What this format proves beyond the common facts."""
    proved: tuple[str, ...] = ()
    """Codes of the rules that were checked and held, in the order of checking."""
    leniencies: tuple[LeniencyUse, ...] = ()
    unchecked: tuple[Gap, ...] = ()
