"""App registrations: what evidence is held against, and the policies it is appraised by."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from warifu.attestation.appraisal.policy import AppraisalPolicy, load_policy
from warifu.attestation.claims import Realm
from warifu.authentication.binding.warrant import Provider
from warifu.base.errors import Misuse, VerifierFault, WarifuError
from warifu.base.secret import Secret
from warifu.risk.decision.facts import Operation
from warifu.service.adapters.bundled_profiles import bundled_profiles
from warifu.service.composition import Composition
from warifu.service.conduct.memory import Memory
from warifu.service.conduct.registrations import rules
from warifu.service.conduct.rules import KNOWN
from warifu.service.store import apps as store
from warifu.service.store import policies as policy_store

if TYPE_CHECKING:
    from warifu.service.store.database import Lookup, Row

MAX_REGISTRATIONS_REMEMBERED = 4096
MAX_POLICIES_REMEMBERED = 1024
MAX_ORIGINS = 20
MAX_SIGNERS = 20
MAX_PROVIDERS = 20
MAX_KEY_BYTES = 512

PROFILE_OF = {
    Operation.LOGIN: "login",
    Operation.BALANCE: "balance",
    Operation.TRANSFER: "transfer",
}
STRICTEST = "high-value-transfer"
"""The profile of every operation that has none of its own."""

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Package = Annotated[
    str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)+\Z", max_length=200)
]
AppleId = Annotated[str, Meta(pattern=r"^[A-Z0-9]{10}\.[A-Za-z0-9.-]{1,155}\Z")]
RpId = Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\Z")]
LOOPBACK = "http://localhost"
Origin = Annotated[
    str,
    Meta(
        pattern=rf"^(https://[^\s/]{{1,253}}|{LOOPBACK}(:[0-9]{{1,5}})?|android:apk-key-hash:[\w-]{{43}})\Z"
    ),
]
Sha256Hex = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class AppleEnvironment(StrEnum):
    """Which of Apple's environments the app attests in."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


class _Platform(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One platform that the app runs on."""


class AndroidApp(_Platform, frozen=True, kw_only=True):
    """An Android app."""

    package: Package
    signers: Annotated[tuple[Sha256Hex, ...], Meta(max_length=MAX_SIGNERS)] = ()
    """SHA-256 in hex of the certificates that may sign it. Without any, no app is its own."""


class AppleApp(_Platform, frozen=True, kw_only=True):
    """An app for Apple's devices."""

    app_id: AppleId
    """``<team>.<bundle>``."""
    environment: AppleEnvironment = AppleEnvironment.PRODUCTION


class WebAuthnApp(_Platform, frozen=True, kw_only=True):
    """A relying party of WebAuthn."""

    rp_id: RpId
    origins: Annotated[tuple[Origin, ...], Meta(min_length=1, max_length=MAX_ORIGINS)]
    """``https://...``, or ``android:apk-key-hash:...``; in the realm ``test`` also
    ``http://localhost:...``, which browsers treat as secure."""


class ComponentProvider(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who puts trusted applications or applets on phones, and is believed about their keys."""

    name: Name
    public_key: Annotated[bytes, Meta(min_length=1, max_length=MAX_KEY_BYTES)]
    """P-256 or Ed25519, DER of SubjectPublicKeyInfo."""


Providers = Annotated[tuple[ComponentProvider, ...], Meta(max_length=MAX_PROVIDERS)]


class AppRegistration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One app, on all its platforms."""

    id: Slug
    name: Name
    realm: Realm
    android: AndroidApp | None = None
    apple: AppleApp | None = None
    webauthn: WebAuthnApp | None = None
    play_integrity: bool = False
    """Whether the keys to read verdicts of Play Integrity are known; they are never shown."""
    policies: dict[Operation, Sha256Hex] = {}
    """By operation: SHA-256 of a policy file. Operations not named have the shipped profile."""
    components: Providers | UnsetType = UNSET
    """Whose warrants make an endorsed key one behind a trusted display; nobody's where not set.
    Documents without any stay readable by the release before."""

    @property
    def providers(self) -> tuple[Provider, ...]:
        """Whose warrants count."""
        return tuple(
            Provider(name=each.name, public_key=each.public_key) for each in self.components or ()
        )


class Widening(Struct, frozen=True, kw_only=True):
    """One place where a proposal lets through what is kept out now."""

    where: str
    """An operation, or ``registration``."""
    setting: str
    before: str
    after: str


class Proposal(Struct, frozen=True, kw_only=True):
    """A milder registration that waits for a second person."""

    fingerprint: str
    """SHA-256 in hex over what stands and what is proposed; an approval names it."""
    by: str
    """The caller who proposed it."""
    at: datetime
    registration: AppRegistration
    secrets: bytes | None = None
    """Sealed; those that stand where it proposes no others."""
    milder: tuple[Widening, ...]


class StoredApp(Struct, frozen=True, kw_only=True):
    """The document of an app's row."""

    registration: AppRegistration
    settled: int = 0
    """The revision at which the registration itself last changed."""
    proposals: dict[str, Proposal] = {}
    """By operation, or ``registration``. All end when the registration changes."""


class RegisteredApp(Struct, frozen=True, kw_only=True):
    """An app as it stands, ready to judge by."""

    registration: AppRegistration
    revision: int
    tenant: str
    house: Composition
    sealed: bytes | None
    policies: dict[Operation, AppraisalPolicy]
    """Of every operation."""

    def policy(self, operation: Operation) -> AppraisalPolicy:
        """The policy in force."""
        return self.policies[operation]

    def play_integrity_keys(self) -> dict[str, Secret]:
        """``decryption_key`` (AES, 32 bytes) and ``verification_key`` (SPKI DER); else empty.

        Raises:
            VerifierFault: ``vault/opens``.
        """
        if self.sealed is None:
            return {}
        kind = secret_kind(self.registration.id)
        opened = self.house.vault.unseal_secret(self.tenant, kind, self.sealed).reveal()
        return {name: Secret(value) for name, value in _KEYS.decode(opened).items()}


def load_app(house: Composition, lookup: Lookup, tenant: str, app: str) -> RegisteredApp:
    """An app as it stands. One SELECT, and one for each policy not seen before.

    Raises:
        Misuse: ``request/known``.
        VerifierFault: ``app/readable``.
    """
    return registered(house, lookup, tenant, known(store.read_app(lookup, tenant, app)))


def known(row: Row | None) -> Row:
    """The row, or Misuse ``request/known``."""
    if row is None:
        raise Misuse(KNOWN, "app")
    return row


def registered(house: Composition, lookup: Lookup, tenant: str, row: Row) -> RegisteredApp:
    """From a row of `store.read_app`."""
    registration = read(row[1]).registration
    key = (tenant, row[1])
    policies = _policies.get(key)
    if policies is None:
        policies = _policies.keep(key, policies_of(lookup, tenant, registration))
    return RegisteredApp(
        registration=registration,
        revision=row[0],
        tenant=tenant,
        house=house,
        sealed=row[2],
        policies=policies,
    )


def policies_of(
    lookup: Lookup,
    tenant: str,
    registration: AppRegistration,
    *,
    unsaved: bytes | None = None,
) -> dict[Operation, AppraisalPolicy]:
    """What every operation of a registration is appraised by.

    Args:
        lookup: Where policy files are read.
        tenant: Whose.
        registration: Which names them.
        unsaved: A policy file that is not stored yet.

    Raises:
        VerifierFault: ``app/readable``.
    """
    return {
        operation: _policy(lookup, tenant, registration, operation, unsaved=unsaved)
        for operation in Operation
    }


def read_policy_file(data: bytes, registration: AppRegistration) -> AppraisalPolicy:
    """A policy file, over the shipped profiles and what the registration says.

    Raises:
        Misuse: What is wrong with it, by the rules of policies.
    """
    return load_policy(data, profiles=_profiles(), given=_given(registration))


def read(document: bytes) -> StoredApp:
    """From what is stored.

    Raises:
        VerifierFault: ``app/readable``.
    """
    try:
        return _read(document)
    except msgspec.MsgspecError as error:
        raise VerifierFault(rules.READABLE, str(error)[:200]) from error


def seal_play_integrity_keys(
    house: Composition, tenant: str, app: str, *, decryption: bytes, verification: bytes
) -> bytes:
    """Both keys as they are stored, sealed for this app."""
    secret = Secret(
        msgspec.json.encode({"decryption_key": decryption, "verification_key": verification})
    )
    return house.vault.seal_secret(tenant, secret_kind(app), secret)


def secret_kind(app: str) -> str:
    """What an app's secrets are bound to."""
    return f"play-integrity/{app}"


def digest_of(source: bytes) -> str:
    """The name of a policy file: SHA-256 in hex."""
    return sha256(source).hexdigest()


def shipped_policy(registration: AppRegistration, operation: Operation) -> bytes:
    """The policy file that holds where a registration names none for an operation."""
    profile = PROFILE_OF.get(operation, STRICTEST)
    return f'id = "{registration.id}/{profile}"\nprofile = "{profile}"\n'.encode()


def _policy(
    lookup: Lookup,
    tenant: str,
    registration: AppRegistration,
    operation: Operation,
    *,
    unsaved: bytes | None,
) -> AppraisalPolicy:
    digest = registration.policies.get(operation)
    if digest is None:
        return read_policy_file(shipped_policy(registration, operation), registration)
    if unsaved is not None and digest_of(unsaved) == digest:
        return read_policy_file(unsaved, registration)
    row = policy_store.read_policy(lookup, tenant, digest)
    if row is None or digest_of(row[1]) != digest:
        raise VerifierFault(rules.READABLE, f"policy {digest} is not what was stored")
    try:
        return read_policy_file(row[1], registration)
    except WarifuError as error:
        raise VerifierFault(rules.READABLE, f"policy {digest}: {error.code}") from error


def _given(registration: AppRegistration) -> dict[str, dict[str, Any]]:
    """What a registration says, as settings of a policy."""
    android, apple, web = registration.android, registration.apple, registration.webauthn
    app: dict[str, Any] = {
        "identifiers": [
            name
            for name in (
                android and android.package,
                apple and apple.app_id,
                web and web.rp_id,
            )
            if name
        ],
        "signers": list(android.signers) if android else [],
    }
    if apple is not None:
        app["environments"] = [apple.environment.value]
    return {"app": app, "evidence": {"realms": [registration.realm.value]}}


@lru_cache(maxsize=1)
def _profiles() -> dict[str, bytes]:
    return bundled_profiles()


@lru_cache(maxsize=MAX_REGISTRATIONS_REMEMBERED)
def _read(document: bytes) -> StoredApp:
    return msgspec.json.decode(document, type=StoredApp)


_KEYS = msgspec.json.Decoder(dict[str, bytes])
_policies: Memory[tuple[str, bytes], dict[Operation, AppraisalPolicy]] = Memory(
    MAX_POLICIES_REMEMBERED
)
"""By tenant and document, which names each policy by its content."""
