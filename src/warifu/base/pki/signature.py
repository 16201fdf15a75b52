"""Public keys and signatures: algorithm identifiers to checks by `cryptography`, as tables.

Only `cryptography` computes. What is decided here is which algorithm may be used with which key,
and that a wrong key, a wrong size or a wrong signature is the evidence's fault and nothing else.
"""

from __future__ import annotations

from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, cast

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from msgspec import Struct

from warifu.base.codec import der
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.rule import Rule, Text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from warifu.base.pki.certificate import Certificate

MIN_RSA_BITS = 1024
MAX_RSA_BITS = 8192
MIN_CURVE_BITS = 224
"""P-224 is the smallest curve of Android key stores."""
MAX_SIGNATURE_BYTES = 8192
MAX_PUBLIC_KEY_BYTES = 8192

PUBLIC_KEY = Rule(
    code="pki/public-key",
    clause="RFC 5280 §4.1.2.7",
    requires=Text(
        ja="公開鍵は、対応している種類と長さの正しい鍵でなければなりません。",
        en="The public key is a valid key of a supported kind and size.",
    ),
    stops="weak, invalid or oversized keys",
)
ALGORITHM = Rule(
    code="pki/signature-algorithm",
    clause="RFC 5280 §4.1.1.2; RFC 9053 §2",
    requires=Text(
        ja="署名アルゴリズムは、許可されたもので、鍵の種類に適合していなければなりません。",
        en="The signature algorithm is an allowed one and fits the key.",
    ),
    stops="algorithm confusion and retired digests",
)
SIGNATURE = Rule(
    code="pki/signature",
    clause="RFC 5280 §6.1.3 (a)(1)",
    requires=Text(
        ja="署名は、署名者の公開鍵で検証できなければなりません。",
        en="The signature verifies under the signer's public key.",
    ),
    stops="forgery and alteration",
)

PublicKey: TypeAlias = (
    ec.EllipticCurvePublicKey
    | rsa.RSAPublicKey
    | ed25519.Ed25519PublicKey
    | ed448.Ed448PublicKey
    | mldsa.MLDSA44PublicKey
    | mldsa.MLDSA65PublicKey
    | mldsa.MLDSA87PublicKey
)


class Kind(Enum):
    """How a signature is computed."""

    ECDSA = auto()
    RSA_PKCS1 = auto()
    RSA_PSS = auto()
    PURE = auto()
    """The algorithm fixes its own digest: EdDSA and ML-DSA."""


class Scheme(Struct, frozen=True):
    """One signature algorithm: its name, how it is computed, its digest, the keys it takes."""

    name: str
    kind: Kind
    key_type: type
    digest: hashes.HashAlgorithm | None = None
    curve: type[ec.EllipticCurve] | None = None


ECDSA_SHA256 = Scheme("ecdsa-sha256", Kind.ECDSA, ec.EllipticCurvePublicKey, hashes.SHA256())
ECDSA_SHA384 = Scheme("ecdsa-sha384", Kind.ECDSA, ec.EllipticCurvePublicKey, hashes.SHA384())
ECDSA_SHA512 = Scheme("ecdsa-sha512", Kind.ECDSA, ec.EllipticCurvePublicKey, hashes.SHA512())
RSA_SHA1 = Scheme("rsa-sha1", Kind.RSA_PKCS1, rsa.RSAPublicKey, hashes.SHA1())  # noqa: S303 - TPM statements only
RSA_SHA256 = Scheme("rsa-sha256", Kind.RSA_PKCS1, rsa.RSAPublicKey, hashes.SHA256())
RSA_SHA384 = Scheme("rsa-sha384", Kind.RSA_PKCS1, rsa.RSAPublicKey, hashes.SHA384())
RSA_SHA512 = Scheme("rsa-sha512", Kind.RSA_PKCS1, rsa.RSAPublicKey, hashes.SHA512())
RSA_PSS_SHA256 = Scheme("rsa-pss-sha256", Kind.RSA_PSS, rsa.RSAPublicKey, hashes.SHA256())
RSA_PSS_SHA384 = Scheme("rsa-pss-sha384", Kind.RSA_PSS, rsa.RSAPublicKey, hashes.SHA384())
RSA_PSS_SHA512 = Scheme("rsa-pss-sha512", Kind.RSA_PSS, rsa.RSAPublicKey, hashes.SHA512())
ED25519 = Scheme("ed25519", Kind.PURE, ed25519.Ed25519PublicKey)
ED448 = Scheme("ed448", Kind.PURE, ed448.Ed448PublicKey)
ML_DSA_44 = Scheme("ml-dsa-44", Kind.PURE, mldsa.MLDSA44PublicKey)
ML_DSA_65 = Scheme("ml-dsa-65", Kind.PURE, mldsa.MLDSA65PublicKey)
ML_DSA_87 = Scheme("ml-dsa-87", Kind.PURE, mldsa.MLDSA87PublicKey)

X509_SCHEMES: dict[bytes, Scheme] = {
    der.from_oid_text(dotted): scheme
    for dotted, scheme in {
        "1.2.840.10045.4.3.2": ECDSA_SHA256,
        "1.2.840.10045.4.3.3": ECDSA_SHA384,
        "1.2.840.10045.4.3.4": ECDSA_SHA512,
        "1.2.840.113549.1.1.11": RSA_SHA256,
        "1.2.840.113549.1.1.12": RSA_SHA384,
        "1.2.840.113549.1.1.13": RSA_SHA512,
        "1.3.101.112": ED25519,
        "1.3.101.113": ED448,
        "2.16.840.1.101.3.4.3.17": ML_DSA_44,
        "2.16.840.1.101.3.4.3.18": ML_DSA_65,
        "2.16.840.1.101.3.4.3.19": ML_DSA_87,
    }.items()
}
"""Algorithms a certificate may be signed with. SHA-1 is retired and absent on purpose."""


def load_public_key(spki: bytes) -> PublicKey:
    """Load a SubjectPublicKeyInfo.

    Raises:
        BadEvidence: ``pki/public-key`` for anything that is not a sound key of a supported kind.
    """
    if len(spki) > MAX_PUBLIC_KEY_BYTES:
        raise BadEvidence(PUBLIC_KEY, f"{len(spki)} bytes")
    try:
        key = parse_key(spki)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise MalformedEvidence(PUBLIC_KEY, type(error).__name__) from error
    kind = type(key)
    if _is_kind(kind, ec.EllipticCurvePublicKey):
        curve_key = cast("ec.EllipticCurvePublicKey", key)
        if curve_key.key_size < MIN_CURVE_BITS:
            raise BadEvidence(PUBLIC_KEY, curve_key.curve.name)
    elif _is_kind(kind, rsa.RSAPublicKey):
        check_rsa_size(cast("rsa.RSAPublicKey", key))
    elif not any(_is_kind(kind, supported) for supported in _SUPPORTED):
        raise BadEvidence(PUBLIC_KEY, kind.__name__)
    return cast("PublicKey", key)


def parse_key(spki: bytes) -> PublicKeyTypes:
    """What `cryptography` makes of a SubjectPublicKeyInfo; which keys will do is not asked.

    Nearly all device keys are uncompressed P-256 points behind the same 26 octets: those skip the
    general parser, whose only finding would be that. That the point is on the curve is checked.

    Raises:
        ValueError, TypeError, UnsupportedAlgorithm: As `cryptography` does.
    """
    if len(spki) == _P256_OCTETS and spki.startswith(_P256_PREFIX):
        return ec.EllipticCurvePublicKey.from_encoded_point(_P256, spki[len(_P256_PREFIX) :])
    return load_der_public_key(spki)


def check_rsa_size(key: rsa.RSAPublicKey) -> None:
    """Refuse RSA keys that are weak, or so large that verifying them is an attack.

    Raises:
        BadEvidence: ``pki/public-key``.
    """
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise BadEvidence(PUBLIC_KEY, f"RSA of {key.key_size} bits")


def check_signature(scheme: Scheme, key: PublicKey, signature: bytes, signed: bytes) -> None:
    """Verify one signature.

    Args:
        scheme: The algorithm, fixed by the caller or read from what is signed.
        key: The signer's public key.
        signature: As the scheme encodes it: DER for ECDSA, raw octets otherwise.
        signed: The exact bytes that were signed.

    Raises:
        BadEvidence: ``pki/signature-algorithm`` when key and scheme do not fit, ``pki/signature``
            when the signature does not verify.
    """
    if not _is_kind(type(key), scheme.key_type):
        raise BadEvidence(ALGORITHM, f"{scheme.name} with {type(key).__name__}")
    if len(signature) > MAX_SIGNATURE_BYTES:
        raise BadEvidence(SIGNATURE, f"{len(signature)} bytes")
    try:
        _verify(scheme, key, signature, signed)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm) as error:
        raise BadEvidence(SIGNATURE, scheme.name) from error


def ecdsa_from_halves(halves: bytes, octets: int) -> bytes:
    """The DER of an ECDSA signature that JOSE and COSE write as R and S side by side.

    Args:
        halves: R and S, big-endian, each exactly as long as the curve's order.
        octets: How long that is.

    Raises:
        BadEvidence: ``pki/signature`` for another length.
    """
    if len(halves) != 2 * octets:
        raise BadEvidence(SIGNATURE, f"{len(halves)} octets, not {2 * octets}")
    return encode_dss_signature(
        int.from_bytes(halves[:octets], "big"), int.from_bytes(halves[octets:], "big")
    )


def check_issued(child: Certificate, issuer_key: PublicKey) -> None:
    """Verify that `child` was signed by `issuer_key`; names and dates are not looked at.

    Raises:
        BadEvidence: ``pki/signature-algorithm`` or ``pki/signature``.
    """
    scheme = X509_SCHEMES.get(child.signature_algorithm)
    if scheme is None:
        oid = der.to_oid_text(child.signature_algorithm)
        raise BadEvidence(ALGORITHM, f"certificate signed with {oid}")
    check_signature(scheme, issuer_key, child.signature, child.signed)


def _verify(scheme: Scheme, key: PublicKey, signature: bytes, signed: bytes) -> None:
    if scheme.kind is Kind.ECDSA:
        curve_key = cast("ec.EllipticCurvePublicKey", key)
        if scheme.curve is not None and not isinstance(curve_key.curve, scheme.curve):
            raise BadEvidence(ALGORITHM, f"{scheme.name} with {curve_key.curve.name}")
        curve_key.verify(
            signature, signed, _ECDSA[cast("hashes.HashAlgorithm", scheme.digest).name]
        )
    elif scheme.kind is Kind.PURE:
        cast("ed25519.Ed25519PublicKey", key).verify(signature, signed)
    else:
        rsa_key = cast("rsa.RSAPublicKey", key)
        digest = cast("hashes.HashAlgorithm", scheme.digest)
        rsa_key.verify(signature, signed, _rsa_padding(scheme.kind, digest), digest)


def _rsa_padding(kind: Kind, digest: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
    if kind is Kind.RSA_PKCS1:
        return padding.PKCS1v15()
    # RFC 8230 §2: salt as long as the digest, MGF1 with the same digest.
    return padding.PSS(padding.MGF1(digest), digest.digest_size)


@lru_cache(maxsize=64)
def _is_kind(found: type, wanted: type) -> bool:
    """`issubclass`, remembered: the key types are abstract classes, which are slow to ask."""
    return issubclass(found, wanted)


_P256 = ec.SECP256R1()
_P256_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
_P256_OCTETS = len(_P256_PREFIX) + 65
_SUPPORTED = (
    ed25519.Ed25519PublicKey,
    ed448.Ed448PublicKey,
    mldsa.MLDSA44PublicKey,
    mldsa.MLDSA65PublicKey,
    mldsa.MLDSA87PublicKey,
)
_ECDSA = {
    digest.name: ec.ECDSA(digest) for digest in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
}
