"""Who signs: one small protocol, whether the private key is in memory or in a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from warifu.base.errors import Misuse
from warifu.base.keys.jwks import thumbprint
from warifu.base.rule import Rule, Text
from warifu.base.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

PRIVATE_OCTETS = 32
"""Both algorithms: the scalar of P-256, big-endian (RFC 5915 §3), or the seed of Ed25519."""

ALGORITHM = Rule(
    code="keys/algorithm",
    clause="RFC 7518 §3.4; RFC 8037 §3.1",
    requires=Text(
        ja="署名鍵は、ES256またはEdDSA（Ed25519）の正しい鍵でなければなりません。",
        en="A signing key is a valid key for ES256 or EdDSA (Ed25519).",
    ),
    stops="weak or misread signing keys",
)


class Signer(Protocol):
    """A private key that can be used, and not necessarily be seen."""

    @property
    def key_id(self) -> str:
        """Thumbprint of the public key (RFC 7638 with SHA-256), base64url."""

    @property
    def algorithm(self) -> str:
        """``ES256`` or ``EdDSA`` (always Ed25519), as in JOSE."""

    @property
    def public_key(self) -> bytes:
        """DER of SubjectPublicKeyInfo."""

    def sign(self, message: bytes) -> bytes:
        """Sign `message`; 64 octets: R and S for ES256 (RFC 7518 §3.4), or as RFC 8032.

        Raises:
            VerifierFault: The token that holds the key does not answer.
        """


class SoftwareSigner:
    """A signer whose private key is in this process."""

    __slots__ = ("__private", "__secret", "algorithm", "key_id", "public_key")

    def __init__(self, algorithm: str, private: Secret) -> None:
        """Take over a private key.

        Args:
            algorithm: ``ES256`` or ``EdDSA``.
            private: `PRIVATE_OCTETS` octets.

        Raises:
            Misuse: ``keys/algorithm``.
        """
        load = _LOADERS.get(algorithm)
        if load is None:
            raise Misuse(ALGORITHM, f"no algorithm {algorithm!r:.40}")
        try:
            self.__private = load(private.reveal())
        except ValueError:
            # The library's own message stays behind: it was made next to the private value.
            raise Misuse(ALGORITHM, f"no private key of {algorithm}") from None
        self.__secret = private
        self.algorithm = algorithm
        self.public_key = self.__private.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        self.key_id = thumbprint(self.public_key)

    @classmethod
    def generate(cls, algorithm: str, random_octets: Callable[[int], bytes]) -> Self:
        """A new key.

        Args:
            algorithm: ``ES256`` or ``EdDSA``.
            random_octets: Gives that many unpredictable octets, such as ``os.urandom``.

        Raises:
            Misuse: ``keys/algorithm``; with true randomness, for P-256, once in 2^32 keys.
        """
        return cls(algorithm, Secret(random_octets(PRIVATE_OCTETS)))

    def private(self) -> Secret:
        """The private value, for the key store."""
        return self.__secret

    def sign(self, message: bytes) -> bytes:
        """Sign `message`; see `Signer.sign`."""
        private = self.__private
        if isinstance(private, ed25519.Ed25519PrivateKey):
            return private.sign(message)
        r, s = decode_dss_signature(private.sign(message, _ES256))
        return r.to_bytes(PRIVATE_OCTETS, "big") + s.to_bytes(PRIVATE_OCTETS, "big")

    def __repr__(self) -> str:
        """The public side only."""
        return f"SoftwareSigner({self.algorithm}, {self.key_id})"


def _load_p256(private: bytes) -> ec.EllipticCurvePrivateKey:
    if len(private) != PRIVATE_OCTETS:
        raise ValueError("wrong size")
    return ec.derive_private_key(int.from_bytes(private, "big"), ec.SECP256R1())


_ES256 = ec.ECDSA(hashes.SHA256())
_LOADERS: dict[str, Callable[[bytes], ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey]] = {
    "ES256": _load_p256,
    "EdDSA": ed25519.Ed25519PrivateKey.from_private_bytes,
}

ALGORITHMS = tuple(_LOADERS)
"""Names of what can sign."""
