"""A simulated Android phone that attests keys, honest unless told otherwise.

A phone is its attestation authorities: root, intermediates, and the attestation key that signs
statements about app keys. Each piece of evidence is a list of links, leaf first and root last. Any
field of any link can be changed; certificates are signed anew whenever the evidence is taken::

    phone = AndroidPhone.factory()
    evidence = phone.attest(challenge=b"...", made_at=datetime.now(UTC))
    evidence.leaf.description.hardware.set(tags.root_of_trust(locked=False))
    evidence.der()
"""

from __future__ import annotations

import base64
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

import cbor2

from warifu.handset import der_writer as w
from warifu.handset.authority import (
    CertificateDraft,
    PrivateKey,
    basic_constraints,
    key_usage,
    name,
    new_key,
    spki,
)

ATTESTATION: Final = "1.3.6.1.4.1.11129.2.1.17"
PROVISIONING: Final = "1.3.6.1.4.1.11129.2.1.30"
BASIC_CONSTRAINTS: Final = "2.5.29.19"
KEY_USAGE: Final = "2.5.29.15"

SOFTWARE, TRUSTED_ENVIRONMENT, STRONGBOX = 0, 1, 2
VERIFIED, SELF_SIGNED, UNVERIFIED, FAILED = 0, 1, 2, 3
SIGN, VERIFY, ATTEST_KEY = 2, 3, 7

PACKAGE = "jp.example.bank"
SIGNER = sha256(b"signing certificate of jp.example.bank").digest()
BOOT_KEY = sha256(b"verified boot key").digest()
BOOT_HASH = sha256(b"verified boot data").digest()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEVEL_NAMES = {TRUSTED_ENVIRONMENT: "TEE", STRONGBOX: "StrongBox"}


@dataclass
class Authorizations:
    """An authorization list: tag numbers and the DER of their values, in the order written."""

    items: list[tuple[int, bytes]] = field(default_factory=list)

    def set(self, number: int, value: bytes) -> None:
        """Add a tag in ascending place, or replace its value."""
        self.remove(number)
        self.items.append((number, value))
        self.items.sort(key=lambda item: item[0])

    def remove(self, number: int) -> None:
        """Take a tag out if it is there."""
        self.items = [item for item in self.items if item[0] != number]

    def encode(self) -> bytes:
        """DER of the list, exactly as ordered."""
        return w.sequence(*(w.context(number, value) for number, value in self.items))


@dataclass(kw_only=True)
class KeyDescription:
    """The attestation extension before encoding."""

    challenge: bytes
    attestation_version: int = 300
    attestation_level: int = TRUSTED_ENVIRONMENT
    keymint_version: int = 300
    keymint_level: int = TRUSTED_ENVIRONMENT
    unique_id: bytes = b""
    software: Authorizations = field(default_factory=Authorizations)
    hardware: Authorizations = field(default_factory=Authorizations)
    excess: bytes = b""
    """Written after the eighth field."""

    def encode(self) -> bytes:
        """DER of KeyDescription."""
        return w.sequence(
            w.integer(self.attestation_version),
            w.enumerated(self.attestation_level),
            w.integer(self.keymint_version),
            w.enumerated(self.keymint_level),
            w.octet_string(self.challenge),
            w.octet_string(self.unique_id),
            self.software.encode(),
            self.hardware.encode(),
            self.excess,
        )


def root_of_trust(
    *,
    locked: bool = True,
    state: int = VERIFIED,
    boot_key: bytes = BOOT_KEY,
    boot_hash: bytes | None = BOOT_HASH,
    true: int = 0xFF,
) -> bytes:
    """Value of tag 704; `true` is the octet that stands for TRUE."""
    parts = [w.octet_string(boot_key), w.boolean(locked, true=true), w.enumerated(state)]
    if boot_hash is not None:
        parts.append(w.octet_string(boot_hash))
    return w.sequence(*parts)


def application(
    packages: dict[str, int] | None = None, signers: tuple[bytes, ...] = (SIGNER,)
) -> bytes:
    """Value of tag 709: package names with versions, and digests of signing certificates."""
    listed = {PACKAGE: 42} if packages is None else packages
    return w.octet_string(
        w.sequence(
            w.set_of(
                *(
                    w.sequence(w.octet_string(package.encode()), w.integer(version))
                    for package, version in listed.items()
                )
            ),
            w.set_of(*map(w.octet_string, signers)),
        )
    )


def integers(*values: int) -> bytes:
    """Value of a repeatable tag."""
    return w.set_of(*map(w.integer, values))


def describe(
    challenge: bytes, made_at: datetime, *, level: int = TRUSTED_ENVIRONMENT
) -> KeyDescription:
    """What an honest, locked phone of September 2026 says about a fresh P-256 signing key."""
    description = KeyDescription(challenge=challenge, attestation_level=level, keymint_level=level)
    created = (made_at - _EPOCH) // timedelta(milliseconds=1)
    for number, value in (
        (701, w.integer(created)),
        (709, application()),
    ):
        description.software.set(number, value)
    for number, value in (
        (1, integers(SIGN)),
        (2, w.integer(3)),
        (3, w.integer(256)),
        (5, integers(4)),
        (10, w.integer(1)),
        (503, w.null()),
        (702, w.integer(0)),
        (704, root_of_trust()),
        (705, w.integer(160000)),
        (706, w.integer(202609)),
        (710, w.octet_string(b"warifu")),
        (711, w.octet_string(b"tally")),
        (712, w.octet_string(b"tally")),
        (716, w.octet_string(b"Warifu")),
        (717, w.octet_string(b"Tally 1")),
        (718, w.integer(20260905)),
        (719, w.integer(20260905)),
    ):
        description.hardware.set(number, value)
    return description


@dataclass(kw_only=True)
class Link:
    """One certificate of a chain with its key; a described one carries the extension."""

    key: PrivateKey
    draft: CertificateDraft
    description: KeyDescription | None = None

    def sign(self, issuer: PrivateKey) -> bytes:
        """The certificate as it now stands, signed by its issuer's key."""
        if self.description is not None:
            self.draft.extension(ATTESTATION, self.description.encode())
        return self.draft.sign(issuer)


@dataclass(kw_only=True)
class AndroidEvidence:
    """A chain, leaf first and root last, of which everything can still be changed."""

    links: list[Link]
    with_root: bool = True

    @property
    def leaf(self) -> Link:
        """The attested key."""
        return self.links[0]

    @property
    def description(self) -> KeyDescription:
        """What is said about the attested key."""
        assert self.leaf.description is not None  # noqa: S101 - a leaf is made with one
        return self.leaf.description

    def certificates(self) -> list[bytes]:
        """The chain's DER, signed anew."""
        issuers = [*self.links[1:], self.links[-1]]
        chain = [link.sign(issuer.key) for link, issuer in zip(self.links, issuers, strict=True)]
        return chain if self.with_root else chain[:-1]

    def der(self) -> bytes:
        """The evidence: concatenated DER certificates."""
        return b"".join(self.certificates())

    def pem(self) -> bytes:
        """The evidence: PEM blocks."""
        return b"".join(map(to_pem, self.certificates()))

    def extend(self, link: Link) -> None:
        """Put a link below the leaf, which becomes its issuer."""
        link.draft.issuer = self.leaf.draft.subject
        self.links.insert(0, link)


class AndroidPhone:
    """A phone by its attestation key and the authorities above."""

    def __init__(self, authorities: list[Link], *, level: int) -> None:
        """Join authorities, attestation key first and root last; use `factory` or `remote`."""
        self.authorities = authorities
        self.level = level

    @classmethod
    def factory(cls, *, level: int = TRUSTED_ENVIRONMENT) -> AndroidPhone:
        """A phone whose attestation key was written at the factory."""
        title = _LEVEL_NAMES.get(level, "TEE")
        return cls(
            _authorities(
                name(title=title, serial_number="0f1e2d3c4b5a6978"),
                name(title=title, serial_number="8796a5b4c3d2e1f0"),
                name(serial_number="77617269667521"),
            ),
            level=level,
        )

    @classmethod
    def remote(
        cls, *, made_at: datetime, level: int = TRUSTED_ENVIRONMENT, issued: int = 8
    ) -> AndroidPhone:
        """A phone whose attestation key is certified over the network for some weeks."""
        authorities = _authorities(
            name("5f3759df5f3759df5f3759df5f3759df", organization=_LEVEL_NAMES.get(level, "TEE")),
            name("Droid CA3", organization="Warifu Test"),
            name("Droid CA2", organization="Warifu Test"),
            name("Key Attestation Test CA", organization="Warifu Test"),
        )
        for link, days in zip(authorities, (14, 35), strict=False):
            link.draft.not_before = made_at - timedelta(days=days)
            link.draft.not_after = made_at + timedelta(days=days)
        authorities[0].draft.extension(PROVISIONING, cbor2.dumps({1: issued}))
        return cls(authorities, level=level)

    @property
    def root(self) -> bytes:
        """DER of the root: the anchor of this phone's test world."""
        top = self.authorities[-1]
        return top.sign(top.key)

    def attest(
        self, *, challenge: bytes, made_at: datetime, key: PrivateKey | None = None
    ) -> AndroidEvidence:
        """Evidence for an app key, a fresh one unless given."""
        links = deepcopy_drafts(self.authorities)
        leaf = described_key(describe(challenge, made_at, level=self.level), key)
        leaf.draft.issuer = links[0].draft.subject
        return AndroidEvidence(links=[leaf, *links])

    def attest_through_attest_key(self, *, challenge: bytes, made_at: datetime) -> AndroidEvidence:
        """Evidence for an app key that an attest key of the same app has signed."""
        evidence = self.attest(challenge=challenge, made_at=made_at)
        evidence.description.hardware.set(1, integers(ATTEST_KEY))
        evidence.extend(described_key(describe(challenge, made_at, level=self.level)))
        return evidence


def described_key(description: KeyDescription, key: PrivateKey | None = None) -> Link:
    """A leaf with the subject and the dates that Keystore gives by default, without issuer."""
    key = key or new_key()
    draft = CertificateDraft(
        subject=name("Android Keystore Key"),
        issuer=b"",
        public_key=spki(key),
        not_before=_EPOCH,
        not_after=datetime(2048, 1, 1, tzinfo=UTC),
    )
    draft.extension(KEY_USAGE, key_usage(0), critical=True)
    return Link(key=key, draft=draft, description=description)


def to_pem(certificate: bytes) -> bytes:
    """One PEM block."""
    text = base64.encodebytes(certificate)
    return b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n"


def deepcopy_drafts(links: list[Link]) -> list[Link]:
    """Links with the same keys whose drafts can be changed without changing the originals."""
    return [
        Link(key=link.key, draft=deepcopy(link.draft), description=deepcopy(link.description))
        for link in links
    ]


def _authorities(*subjects: bytes) -> list[Link]:
    """A chain of authorities by name, lowest first; the last is its own issuer."""
    links = []
    for position, (subject, issuer) in enumerate(
        zip(subjects, (*subjects[1:], subjects[-1]), strict=True)
    ):
        key = new_key()
        draft = CertificateDraft(
            subject=subject, issuer=issuer, public_key=spki(key), serial=0x1000 + position
        )
        draft.extension(BASIC_CONSTRAINTS, basic_constraints(authority=True), critical=True)
        draft.extension(KEY_USAGE, key_usage(5), critical=True)
        links.append(Link(key=key, draft=draft))
    return links
