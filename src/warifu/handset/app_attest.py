"""A simulated iPhone and the Apple behind it: attestations, assertions and receipts.

Each of the three is made as a draft that is honest; change any field, and `encode` signs what then
stands there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import cbor2

from warifu.handset import der_writer as w
from warifu.handset.authority import (
    Authority,
    CertificateDraft,
    PrivateKey,
    basic_constraints,
    key_usage,
    name,
    new_key,
    sign,
    spki,
)
from warifu.handset.cms_writer import SignedDataDraft

NONCE = "1.2.840.113635.100.8.2"
KEY_DESCRIPTION = "1.2.840.113635.100.8.5"
OPERATING_SYSTEM = "1.2.840.113635.100.8.7"
RECEIPT_SIGNING = "1.2.840.113635.100.12.15"

PRODUCTION = b"appattest".ljust(16, b"\0")
DEVELOPMENT = b"appattestdevelop"

APP = "TEAM123456.jp.example.bank"
CHALLENGE = b"one-time challenge of the bank"
MADE_AT = datetime(2025, 11, 5, 9, 0, tzinfo=UTC)

LEAF_LIFE = timedelta(days=3)
RECEIPT_LIFE = timedelta(days=90)
RECEIPT_PAUSE = timedelta(days=1)
_POINT_BYTES = 65


class TestApple:
    """Apple's two hierarchies in a test world: one for credential keys, one for receipts."""

    __test__ = False  # no test class, whatever pytest thinks of the name

    def __init__(self) -> None:
        """Make both hierarchies with fresh keys."""
        self.root = Authority.root(
            "Test App Attestation Root CA", new_key("p384"), organization="Test Fruit"
        )
        self.authority = self.root.subordinate(
            "Test App Attestation CA 1", new_key("p384"), organization="Test Fruit"
        )
        self.receipt_root = Authority.root("Test Root CA - G3", new_key("p384"), country="US")
        self.receipt_authority = self.receipt_root.subordinate(
            "Test Application Integration CA", country="US"
        )
        self.receipt_key = new_key()

    def receipt_signer(self) -> CertificateDraft:
        """The certificate that signs receipts, before signing."""
        draft = self.receipt_authority.draft(
            name("Test Receipt Signing", country="US"), spki(self.receipt_key)
        )
        draft.extension("2.5.29.19", basic_constraints(authority=False), critical=True)
        draft.extension("2.5.29.15", key_usage(0), critical=True)
        draft.extension(RECEIPT_SIGNING, w.null())
        return draft


@dataclass(kw_only=True)
class AuthenticatorDraft:
    """Authenticator data (WebAuthn L3 §6.1) as App Attest uses it."""

    app_id_hash: bytes
    flags: int = 0x40
    counter: int = 0
    aaguid: bytes = PRODUCTION
    credential_id: bytes | None = None
    """None for assertions, which have no attested credential data in spite of their flag."""
    credential_key: bytes = b""
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The octets."""
        parts = [self.app_id_hash, bytes([self.flags]), self.counter.to_bytes(4, "big")]
        if self.credential_id is not None:
            parts += [
                self.aaguid,
                len(self.credential_id).to_bytes(2, "big"),
                self.credential_id,
                self.credential_key,
            ]
        return b"".join([*parts, self.trailing])


@dataclass(kw_only=True)
class AttestationDraft:
    """An attestation object before signing."""

    authenticator: AuthenticatorDraft
    client_data_hash: bytes
    leaf: CertificateDraft
    issuer: PrivateKey
    """Who signs the leaf."""
    above: list[bytes]
    """Certificates after the leaf."""
    receipt: bytes
    format: str = "apple-appattest"
    nonce: bytes | None = None
    """None computes the honest one; empty bytes leave the extension out."""

    def encode(self) -> bytes:
        """The CBOR attestation object."""
        data = self.authenticator.encode()
        nonce = sha256(data + self.client_data_hash).digest() if self.nonce is None else self.nonce
        if nonce:
            value = w.sequence(w.context(1, w.octet_string(nonce)))
            self.leaf.extension(NONCE, value)
        statement = {"x5c": [self.leaf.sign(self.issuer), *self.above], "receipt": self.receipt}
        return cbor2.dumps({"fmt": self.format, "attStmt": statement, "authData": data})


@dataclass(kw_only=True)
class AssertionDraft:
    """An assertion object before signing."""

    authenticator: AuthenticatorDraft
    client_data: bytes
    key: PrivateKey

    def encode(self) -> bytes:
        """The CBOR assertion object."""
        data = self.authenticator.encode()
        nonce = sha256(data + sha256(self.client_data).digest()).digest()
        return cbor2.dumps({"signature": sign(self.key, nonce), "authenticatorData": data})


@dataclass(kw_only=True)
class ReceiptDraft:
    """A receipt before signing. `fields` are values by type, in the order they are written."""

    apple: TestApple
    fields: dict[int, bytes]
    signer: CertificateDraft
    more_fields: list[bytes] = field(default_factory=list)
    """Raw elements written after the fields."""

    def content(self) -> bytes:
        """The signed content."""
        items = [
            w.sequence(w.integer(kind), w.integer(1), w.octet_string(value))
            for kind, value in self.fields.items()
        ]
        return w.set_of(*items, *self.more_fields, ordered=False)

    def signed_data(self) -> SignedDataDraft:
        """The envelope around the content, still open to changes."""
        authority = self.apple.receipt_authority
        return SignedDataDraft(
            content=self.content(),
            key=self.apple.receipt_key,
            issuer=self.signer.issuer,
            serial=self.signer.serial,
            certificates=[
                self.signer.sign(authority.key),
                authority.certificate,
                self.apple.receipt_root.certificate,
            ],
            indefinite=True,
            piece=1000,
        )

    def encode(self) -> bytes:
        """The receipt as Apple sends it: indefinite lengths, content in pieces."""
        return self.signed_data().encode()


@dataclass(kw_only=True)
class AppAttestDevice:
    """An honest iPhone with one App Attest key."""

    apple: TestApple = field(default_factory=TestApple)
    key: PrivateKey = field(default_factory=new_key)
    app: str = APP
    aaguid: bytes = PRODUCTION
    system_version: str = "18.1"
    system_build: str = "22B83"
    made_at: datetime = MADE_AT
    counter: int = 0

    @property
    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo of the attested key."""
        return spki(self.key)

    @property
    def point(self) -> bytes:
        """The X9.62 uncompressed point of the attested key."""
        return self.public_key[-_POINT_BYTES:]

    @property
    def key_identifier(self) -> bytes:
        """SHA-256 of the point."""
        return sha256(self.point).digest()

    @property
    def app_id_hash(self) -> bytes:
        """SHA-256 of the app identifier."""
        return sha256(self.app.encode()).digest()

    def leaf(self) -> CertificateDraft:
        """The credential certificate without its nonce, before signing."""
        subject = name(self.key_identifier.hex(), organizational_unit="AAA Certification")
        draft = self.apple.authority.draft(subject, self.public_key)
        draft.not_before = self.made_at - timedelta(days=1)
        draft.not_after = draft.not_before + LEAF_LIFE
        draft.extension("2.5.29.19", basic_constraints(authority=False), critical=True)
        draft.extension("2.5.29.15", key_usage(0, 1, 2, 3), critical=True)
        draft.extension(
            KEY_DESCRIPTION,
            w.sequence(
                w.context(4, w.integer(10)), w.context(1204, w.octet_string(self.app.encode()))
            ),
        )
        draft.extension(
            OPERATING_SYSTEM,
            w.sequence(
                w.context(1400, w.octet_string(self.system_version.encode())),
                w.context(1403, w.octet_string(self.system_build.encode())),
            ),
        )
        return draft

    def attestation(self, challenge: bytes = CHALLENGE) -> AttestationDraft:
        """An attestation of the key for a challenge, which the app hashes."""
        client_data_hash = sha256(challenge).digest()
        return AttestationDraft(
            authenticator=AuthenticatorDraft(
                app_id_hash=self.app_id_hash,
                aaguid=self.aaguid,
                credential_id=self.key_identifier,
                credential_key=cose_key(self.point),
            ),
            client_data_hash=client_data_hash,
            leaf=self.leaf(),
            issuer=self.apple.authority.key,
            above=[self.apple.authority.certificate],
            receipt=self.receipt(client_data_hash).encode(),
        )

    def assertion(self, client_data: bytes) -> AssertionDraft:
        """An assertion over client data; the counter goes up by one."""
        self.counter += 1
        return AssertionDraft(
            authenticator=AuthenticatorDraft(app_id_hash=self.app_id_hash, counter=self.counter),
            client_data=client_data,
            key=self.key,
        )

    def receipt(
        self, client_data_hash: bytes | None = None, *, risk_metric: int | None = None
    ) -> ReceiptDraft:
        """A receipt for the key: out of an attestation, or refreshed where it has a risk metric."""
        refreshed = risk_metric is not None
        fields = {
            2: self.app.encode(),
            3: self.leaf().sign(self.apple.authority.key),
            4: client_data_hash or sha256(CHALLENGE).digest(),
            5: b"dGVzdCB0b2tlbg==",
            6: b"RECEIPT" if refreshed else b"ATTEST",
            7: b"production" if self.aaguid == PRODUCTION else b"sandbox",
            12: receipt_time(self.made_at),
            21: receipt_time(self.made_at + RECEIPT_LIFE),
        }
        if refreshed:
            fields[17] = str(risk_metric).encode()
            fields[19] = receipt_time(self.made_at + RECEIPT_PAUSE)
        return ReceiptDraft(apple=self.apple, fields=fields, signer=self.apple.receipt_signer())


def cose_key(point: bytes) -> bytes:
    """COSE_Key for ES256 of an X9.62 uncompressed point."""
    return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})


def receipt_time(moment: datetime) -> bytes:
    """A time as receipts write it: in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()
