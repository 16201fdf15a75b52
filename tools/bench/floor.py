"""The floor: signatures that no verifier can avoid, by `cryptography` and nothing else.

It is made of closures over bytes that were taken out of the evidence beforehand: it parses nothing,
checks nothing, and knows in advance where everything is. A key made by the device, or by a factory
for a batch of devices, is loaded from its received bytes every time. An authority's key is loaded
beforehand, and what authorities signed for authorities is left out: both may be remembered.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from warifu.base.pki.signature import X509_SCHEMES, Kind, Scheme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.bench.case import Work
    from warifu.base.pki.certificate import Certificate


def signature(
    scheme: Scheme, spki: bytes, signature: bytes, signed: bytes, *, remembered: bool = False
) -> Work:
    """One signature check; the key is loaded each time unless it may be remembered."""
    key = load_der_public_key(spki)
    if isinstance(key, ec.EllipticCurvePublicKey):
        algorithm = ec.ECDSA(cast("hashes.HashAlgorithm", scheme.digest))
        if remembered:
            return lambda: key.verify(signature, signed, algorithm)
        return lambda: cast("ec.EllipticCurvePublicKey", load_der_public_key(spki)).verify(
            signature, signed, algorithm
        )
    if isinstance(key, rsa.RSAPublicKey):
        digest = cast("hashes.HashAlgorithm", scheme.digest)
        pad = _padding(scheme, digest)
        if remembered:
            return lambda: key.verify(signature, signed, pad, digest)
        return lambda: cast("rsa.RSAPublicKey", load_der_public_key(spki)).verify(
            signature, signed, pad, digest
        )
    return lambda: cast("ed25519.Ed25519PublicKey", load_der_public_key(spki)).verify(
        signature, signed
    )


def chain(certificates: Sequence[Certificate], count: int, *, known_keys: int = 1) -> list[Work]:
    """The signatures of the lowest `count` certificates.

    Args:
        certificates: Leaf first, the issuer of the last counted one included.
        count: How many certificates of a device or a batch there are.
        known_keys: How many of the issuers' keys, from the top, are authorities'.
    """
    return [
        signature(
            X509_SCHEMES[child.signature_algorithm],
            issuer.public_key,
            child.signature,
            child.signed,
            remembered=position >= count - known_keys,
        )
        for position, (child, issuer) in enumerate(pairwise(certificates[: count + 1]))
    ]


def together(parts: Sequence[Work]) -> Work:
    """All parts, one after the other."""
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts

        def both() -> object:
            first()
            return second()

        return both

    def run() -> None:
        for part in parts:
            part()

    return run


def kind_of(spki: bytes) -> str:
    """A short name of a key, for people."""
    key = load_der_public_key(spki)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"secp256r1": "P-256", "secp384r1": "P-384"}.get(key.curve.name, key.curve.name)
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA-{key.key_size}"
    return type(key).__name__.removesuffix("PublicKey")


def _padding(scheme: Scheme, digest: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
    if scheme.kind is Kind.RSA_PSS:
        return padding.PSS(padding.MGF1(digest), digest.digest_size)
    return padding.PKCS1v15()
