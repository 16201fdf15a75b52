"""Certificate authorities of test worlds: every field can be changed before signing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from warifu.handset import der_writer as w

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

ERA_START = datetime(2020, 1, 1, tzinfo=UTC)
ERA_END = datetime(2045, 1, 1, tzinfo=UTC)

ECDSA_SHA256 = w.sequence(w.oid("1.2.840.10045.4.3.2"))
ECDSA_SHA384 = w.sequence(w.oid("1.2.840.10045.4.3.3"))
RSA_SHA256 = w.sequence(w.oid("1.2.840.113549.1.1.11"), w.null())
ED25519 = w.sequence(w.oid("1.3.101.112"))

_NAME_ATTRIBUTES = {
    "common_name": "2.5.4.3",
    "serial_number": "2.5.4.5",
    "country": "2.5.4.6",
    "organization": "2.5.4.10",
    "organizational_unit": "2.5.4.11",
    "title": "2.5.4.12",
}


def name(common_name: str | None = None, **attributes: str) -> bytes:
    """A distinguished name; attributes in the order given, common name last.

    Keys are those of X.520 in snake case: country, organization, organizational_unit,
    serial_number, title.
    """
    parts = dict(attributes)
    if common_name is not None:
        parts["common_name"] = common_name
    return w.sequence(
        *(
            w.set_of(
                w.sequence(
                    w.oid(_NAME_ATTRIBUTES[key]),
                    w.printable(value) if key == "country" else w.utf8(value),
                )
            )
            for key, value in parts.items()
        )
    )


def basic_constraints(*, authority: bool, path_length: int | None = None) -> bytes:
    """Value of the basicConstraints extension."""
    items = [w.boolean(True)] if authority else []  # noqa: FBT003 - the value itself
    if path_length is not None:
        items.append(w.integer(path_length))
    return w.sequence(*items)


def key_usage(*bits: int) -> bytes:
    """Value of the keyUsage extension; bit 0 is digitalSignature, bit 5 keyCertSign."""
    octet = sum(0x80 >> bit for bit in bits)
    unused = (octet & -octet).bit_length() - 1 if octet else 0
    return w.bit_string(bytes([octet]), unused=unused)


def new_key(kind: str = "p256") -> PrivateKey:
    """A fresh key: ``p256``, ``p384``, ``p521``, ``rsa2048``, ``ed25519``."""
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind])
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))


def spki(key: PrivateKey) -> bytes:
    """DER SubjectPublicKeyInfo of a private key's public half."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(key: PrivateKey, message: bytes) -> bytes:
    """Sign with the key's usual algorithm, the one `algorithm_of` names."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        digest = hashes.SHA384() if key.curve.key_size > 256 else hashes.SHA256()
        return key.sign(message, ec.ECDSA(digest))
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(message)


def algorithm_of(key: PrivateKey) -> bytes:
    """DER AlgorithmIdentifier of the key's usual algorithm."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return ECDSA_SHA384 if key.curve.key_size > 256 else ECDSA_SHA256
    return RSA_SHA256 if isinstance(key, rsa.RSAPrivateKey) else ED25519


@dataclass(kw_only=True)
class CertificateDraft:
    """A certificate before signing. Change any field, then `sign`."""

    subject: bytes
    issuer: bytes
    public_key: bytes
    serial: int = 1
    version: int = 2
    not_before: datetime = ERA_START
    not_after: datetime = ERA_END
    extensions: list[tuple[str, bool, bytes]] = field(default_factory=list)
    """Dotted OID, critical, value."""
    signature_algorithm: bytes | None = None
    """AlgorithmIdentifier inside what is signed; None chooses by key."""
    outer_algorithm: bytes | None = None
    """AlgorithmIdentifier beside the signature; None repeats the inner one."""

    def extension(self, dotted: str, value: bytes, *, critical: bool = False) -> None:
        """Add an extension, or replace the one with the same identifier."""
        self.remove_extension(dotted)
        self.extensions.append((dotted, critical, value))

    def remove_extension(self, dotted: str) -> None:
        """Remove an extension if it is there."""
        self.extensions = [entry for entry in self.extensions if entry[0] != dotted]

    def to_be_signed(self, algorithm: bytes) -> bytes:
        """DER of tbsCertificate."""
        parts = [
            w.context(0, w.integer(self.version)),
            w.integer(self.serial),
            algorithm,
            self.issuer,
            w.sequence(w.time(self.not_before), w.time(self.not_after)),
            self.subject,
            self.public_key,
        ]
        if self.extensions:
            parts.append(w.context(3, w.sequence(*map(_extension, self.extensions))))
        return w.sequence(*parts)

    def sign(self, key: PrivateKey) -> bytes:
        """The certificate's DER, signed by `key`."""
        algorithm = self.signature_algorithm or algorithm_of(key)
        signed = self.to_be_signed(algorithm)
        signature = sign(key, signed)
        return w.sequence(signed, self.outer_algorithm or algorithm, w.bit_string(signature))


class Authority:
    """One authority of a test world: its name, its key, its certificate."""

    def __init__(self, subject: bytes, key: PrivateKey, certificate: bytes) -> None:
        """Join the three; use `root` and `subordinate` to make them."""
        self.subject = subject
        self.key = key
        self.certificate = certificate
        self._next_serial = 1000

    @classmethod
    def root(
        cls, common_name: str = "Warifu Test Root", key: PrivateKey | None = None, **attributes: str
    ) -> Authority:
        """A self-signed root."""
        key = key or new_key()
        subject = name(common_name, **attributes)
        draft = _authority_draft(subject, subject, key)
        return cls(subject, key, draft.sign(key))

    def subordinate(
        self, common_name: str, key: PrivateKey | None = None, **attributes: str
    ) -> Authority:
        """An authority certified by this one."""
        key = key or new_key()
        subject = name(common_name, **attributes)
        draft = _authority_draft(subject, self.subject, key)
        draft.serial = self.next_serial()
        return Authority(subject, key, draft.sign(self.key))

    def draft(self, subject: bytes, public_key: bytes) -> CertificateDraft:
        """A certificate draft with this issuer and a fresh serial number."""
        return CertificateDraft(
            subject=subject, issuer=self.subject, public_key=public_key, serial=self.next_serial()
        )

    def issue(self, draft: CertificateDraft) -> bytes:
        """Sign a draft; DER."""
        return draft.sign(self.key)

    def next_serial(self) -> int:
        """Serial numbers count up, so that tests are repeatable."""
        self._next_serial += 1
        return self._next_serial


def _authority_draft(subject: bytes, issuer: bytes, key: PrivateKey) -> CertificateDraft:
    draft = CertificateDraft(subject=subject, issuer=issuer, public_key=spki(key))
    draft.extension("2.5.29.19", basic_constraints(authority=True), critical=True)
    draft.extension("2.5.29.15", key_usage(5, 6), critical=True)
    return draft


def _extension(entry: tuple[str, bool, bytes]) -> bytes:
    dotted, critical, value = entry
    flag = w.boolean(True) if critical else b""  # noqa: FBT003 - the value itself
    return w.sequence(w.oid(dotted), flag, w.octet_string(value))


_CURVES = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
