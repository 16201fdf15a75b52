"""A whole service without its edge, and phones that answer it: what tests of the service share.

house = make_house(database, clock=clock)
bank = settle(house)
phone = Phone(house)
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from warifu.attestation.claims import Realm
from warifu.attestation.trust import revocation
from warifu.attestation.trust.anchors import Anchor, AnchorUse, ValidityRule, make_anchor
from warifu.attestation.trust.metadata import Metadata, verify_blob
from warifu.attestation.trust.view import TrustView
from warifu.authentication.user.pin_record import Pepper
from warifu.base.keys.purpose import TERMS, KeyPurpose
from warifu.base.keys.ring import Custody, KeyRing
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.pki.certificate import read_certificate
from warifu.base.secret import Secret
from warifu.handset import android_key, app_attest, play_integrity, webauthn_statements
from warifu.handset.authority import new_key, spki
from warifu.handset.metadata_service import AAGUID, MetadataService, model
from warifu.risk.decision.facts import Operation
from warifu.service.caller import Caller, Scope
from warifu.service.composition import Composition
from warifu.service.conduct.governing.governance import first_governance, standard_rules
from warifu.service.conduct.registrations import registration
from warifu.service.conduct.registrations.rules import NEW
from warifu.service.settings import Settings
from warifu.service.store.apps import insert_app
from warifu.service.store.database import Statement, micros
from warifu.service.store.policies import insert_policy
from warifu.service.vault.vault import MasterKeys, SealingVault

if TYPE_CHECKING:
    from warifu.handset.authority import PrivateKey
    from warifu.service.composition import Clock, KeySource, TrustSource
    from warifu.service.store.database import Database

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TENANT = "kaede-bank"
APP = "wallet"
RP_ID = "bank.example"
ORIGIN = "https://login.bank.example"
PLAY_SECRET = bytes(range(100, 132))
PEPPER = Pepper(name="pepper-1", value=Secret(bytes(range(32))))
POLICIES = {
    Operation.TRANSFER: b'id = "wallet/transfer"\nprofile = "login"\n'
    b"[evidence]\nmax-age-seconds = 300\n",
    Operation.HIGH_VALUE_TRANSFER: b'id = "wallet/high-value"\nprofile = "login"\n'
    b"[evidence]\nmax-age-seconds = 120\n[device]\npatch-max-age-days = 180\n",
}
"""Milder than what is shipped: simulated phones let their keys sign without asking the holder."""


class Hands:
    """A clock whose hands a test moves."""

    def __init__(self, now: datetime = START) -> None:
        """Show `now`."""
        self.now = now

    def __call__(self) -> datetime:
        """The present time."""
        return self.now

    def forward(self, **by: float) -> None:
        """Move on, or back where the number is negative."""
        self.now += timedelta(**by)


@dataclass(kw_only=True)
class Makers:
    """Who makes devices in the test world; made once, for all tests of a process."""

    android: android_key.AndroidPhone
    android_root: bytes
    apple: app_attest.TestApple
    authenticators: webauthn_statements.PackedStatement
    play_signing_key: PrivateKey


@cache
def makers() -> Makers:
    """The makers of the test world."""
    phone = android_key.AndroidPhone.factory()
    return Makers(
        android=phone,
        android_root=phone.root,
        apple=app_attest.TestApple(),
        authenticators=webauthn_statements.PackedStatement(),
        play_signing_key=new_key(),
    )


@dataclass(kw_only=True)
class HeldTrust:
    """A source of trust: the makers' roots, and a revocation list that a test writes."""

    revoked: tuple[int, ...] = ()
    list_age: timedelta = timedelta(0)
    """How long ago the list was confirmed, at whatever time is asked for."""
    without: frozenset[str] = frozenset()
    """Names of anchors that are no longer believed."""
    fallen: str | None = None
    """A FIDO metadata status that the authenticator model has, in place of its certification."""

    def now(self, now: datetime) -> TrustView:
        """What is believed."""
        return self._view(now)

    def as_of(self, known_at: datetime) -> TrustView:
        """The same: a test changes it by hand."""
        return self._view(known_at)

    def _view(self, known_at: datetime) -> TrustView:
        entries = {str(serial): {"status": "REVOKED"} for serial in self.revoked}
        data = json.dumps({"entries": entries}).encode()
        anchors = tuple(each for each in _anchors() if each.name not in self.without)
        names = json.dumps([each.name for each in anchors]).encode()
        metadata, blob = _metadata(self.fallen)
        return TrustView(
            known_at=known_at,
            realm=Realm.TEST,
            anchors=anchors,
            revocation=revocation.parse(data, confirmed_at=known_at - self.list_age),
            metadata=metadata,
            snapshots={
                "anchors": sha256(names).hexdigest(),
                "android-revocation": sha256(data).hexdigest(),
                "fido-metadata": sha256(blob).hexdigest(),
            },
        )


class HeldKeys:
    """A source of keys: one ring in memory."""

    def __init__(self, now: datetime) -> None:
        """Make a key for every purpose."""
        ring = KeyRing()
        for purpose in KeyPurpose:
            signer = SoftwareSigner.generate(TERMS[purpose].algorithm, os.urandom)
            ring = ring.rotate(purpose, signer, custody=Custody.FILE, now=now)
        self._ring = ring

    def ring(self, now: datetime) -> KeyRing:
        """The ring."""
        del now
        return self._ring


def make_house(
    database: Database,
    *,
    clock: Clock,
    settings: Settings | None = None,
    trust: TrustSource | None = None,
    keys: KeySource | None = None,
) -> Composition:
    """A process of the service in the test realm, on a database that is migrated and empty."""
    return Composition(
        settings=settings or Settings(),
        database=database,
        trust=trust or HeldTrust(),
        keys=keys or HeldKeys(clock() - timedelta(days=400)),
        vault=SealingVault(
            MasterKeys(generations={1: Secret(os.urandom(32))}, index=Secret(os.urandom(32)))
        ),
        clock=clock,
        peppers=(PEPPER,),
    )


def caller(tenant: str = TENANT, *scopes: Scope, name: str = "backend") -> Caller:
    """Somebody who is let in; with every scope unless some are named."""
    return Caller(tenant=tenant, id=name, name=name, scopes=frozenset(scopes or Scope))


def settle(
    house: Composition,
    tenant: str = TENANT,
    *,
    app: registration.AppRegistration | None = None,
    rules: bytes | None = None,
) -> Caller:
    """A tenant with its key, an app, policies and a rule set that serves the test realm."""
    now = house.clock()
    owner = house.vault.new_owner(tenant, "")
    wanted = app or wallet()
    secrets = registration.seal_play_integrity_keys(
        house,
        tenant,
        wanted.id,
        decryption=PLAY_SECRET,
        verification=spki(makers().play_signing_key),
    )
    statements = [
        Statement(
            sql="INSERT INTO tenants (tenant, name, data_key, created_at)"
            " VALUES (:tenant, :tenant, :data_key, :now)",
            values={"tenant": tenant, "data_key": owner.wrapped, "now": micros(now)},
        ),
        *_begin_with(rules or rules_for_tests(), tenant=tenant, now=now),
        *put_app(tenant, wanted, now=now, secrets=secrets),
    ]
    with house.database.write() as transaction:
        transaction.apply(statements)
    return caller(tenant)


def put_app(
    tenant: str,
    app: registration.AppRegistration,
    *,
    now: datetime,
    secrets: bytes | None = None,
    policies: dict[Operation, bytes] | None = None,
) -> list[Statement]:
    """An app with its policies, as statements."""
    sources = POLICIES if policies is None else policies
    named = {operation: registration.digest_of(source) for operation, source in sources.items()}
    stored = registration.StoredApp(registration=msgspec.structs.replace(app, policies=named))
    return [
        *(
            insert_policy(
                tenant, digest, name=operation, source=sources[operation], now=now, by="t"
            )
            for operation, digest in named.items()
        ),
        insert_app(
            tenant,
            app.id,
            document=msgspec.json.encode(stored),
            secrets=secrets,
            now=now,
            otherwise=NEW,
        ),
    ]


def wallet(name: str = APP) -> registration.AppRegistration:
    """The bank's app on all platforms."""
    return registration.AppRegistration(
        id=name,
        name="Wallet",
        realm=Realm.TEST,
        android=registration.AndroidApp(
            package=android_key.PACKAGE,
            signers=(android_key.SIGNER.hex(), play_integrity.SIGNER.hex()),
        ),
        apple=registration.AppleApp(app_id=app_attest.APP),
        webauthn=registration.WebAuthnApp(rp_id=RP_ID, origins=(ORIGIN,)),
        play_integrity=True,
    )


def _begin_with(source: bytes, *, tenant: str, now: datetime) -> list[Statement]:
    told = {"tenant": tenant, "now": micros(now)}
    return [
        msgspec.structs.replace(each, values={**each.values, **told})
        for each in _first_governance(source)
    ]


@cache
def _first_governance(source: bytes) -> list[Statement]:
    """A rule set is compiled once for all tests of a process."""
    return first_governance(TENANT, START, source=source)


@cache
def rules_for_tests() -> bytes:
    """The shipped rule set, for the test realm."""
    return standard_rules().replace(b"evidence.realm == 'production'", b"evidence.realm == 'test'")


@cache
def _metadata(fallen: str | None) -> tuple[Metadata, bytes]:
    """What FIDO says of the one authenticator model of the test world."""
    service = MetadataService()
    status = {} if fallen is None else {"status": fallen}
    service.payload["entries"] = [
        model(AAGUID, roots=(makers().authenticators.authority.certificate,), **status)
    ]
    service.payload["nextUpdate"] = "2099-12-31"
    root = make_anchor(
        read_certificate(service.root.certificate),
        name="test-metadata",
        uses=[AnchorUse.FIDO_METADATA],
    )
    return verify_blob(service.blob, anchors=[root.point], at=START), service.blob


@cache
def _anchors() -> tuple[Anchor, ...]:
    world = makers()
    return tuple(
        make_anchor(read_certificate(root), name=name, uses=[use], validity=validity)
        for name, root, use, validity in (
            (
                "test-google",
                world.android_root,
                AnchorUse.ANDROID_KEY,
                ValidityRule.OUTLIVES_CERTIFICATE,
            ),
            (
                "test-apple",
                world.apple.root.certificate,
                AnchorUse.APP_ATTEST,
                ValidityRule.ENFORCED,
            ),
        )
    )
