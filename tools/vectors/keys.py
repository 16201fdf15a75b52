"""Keys that everybody may know, whose signatures are the same on every run."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, NoReturn

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from warifu.base.keys.signer import SoftwareSigner
from warifu.base.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        KeySerializationEncryption,
        PrivateFormat,
    )


class RepeatableKey(ec.EllipticCurvePrivateKey):
    """A key on P-256 whose nonces come from message and key (RFC 6979)."""

    def __init__(self, seed: str) -> None:
        """Make the key that belongs to a name."""
        number = int.from_bytes(sha256(f"warifu vector {seed}".encode()).digest(), "big")
        self._key = ec.derive_private_key(number % (1 << 255), ec.SECP256R1())

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:  # noqa: ANN401 - a buffer
        """Sign with SHA-256, the same each time."""
        assert isinstance(signature_algorithm, ec.ECDSA)  # noqa: S101 - the only one there is
        return self._key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half."""
        return self._key.public_key()

    @property
    def curve(self) -> ec.EllipticCurve:
        """P-256."""
        return self._key.curve

    @property
    def key_size(self) -> int:
        """256."""
        return self._key.key_size

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        """Of no use here."""
        return self._key.exchange(algorithm, peer_public_key)

    def private_numbers(self) -> ec.EllipticCurvePrivateNumbers:
        """The private value, which is no secret."""
        return self._key.private_numbers()

    def private_bytes(
        self,
        encoding: Encoding,
        format: PrivateFormat,  # noqa: A002 - as in the interface
        encryption_algorithm: KeySerializationEncryption,
    ) -> bytes:
        """The private value, which is no secret."""
        return self._key.private_bytes(encoding, format, encryption_algorithm)

    def __copy__(self) -> RepeatableKey:
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> RepeatableKey:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys of vectors stay in their process")


def p256(seed: str) -> RepeatableKey:
    """A key on P-256 by name."""
    return RepeatableKey(seed)


def ed(seed: str) -> ed25519.Ed25519PrivateKey:
    """An Ed25519 key by name."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(octets(seed))


def x25519(seed: str) -> X25519PrivateKey:
    """An X25519 key by name."""
    return X25519PrivateKey.from_private_bytes(octets(seed))


def signer(seed: str) -> SoftwareSigner:
    """An Ed25519 signer of the server by name."""
    return SoftwareSigner("EdDSA", Secret(octets(seed)))


def octets(seed: str, count: int = 32) -> bytes:
    """Octets that are random enough for a vector, by name."""
    return sha256(f"warifu vector {seed}".encode()).digest()[:count]
