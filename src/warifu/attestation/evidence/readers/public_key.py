"""What kind of key a SubjectPublicKeyInfo holds, told without loading it.

A phone may certify a key of a kind that our library cannot load: its kind is a fact all the same.
"""

from __future__ import annotations

from warifu.base.codec import der


def name_public_key(spki: bytes) -> str:
    """``EC P-256``, ``RSA 2048``, ``Ed25519``, ``ML-DSA-65``; the dotted OID where it is unknown.

    Args:
        spki: DER of SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).

    Raises:
        MalformedEvidence: ``der/*``.
    """
    start, stop = der.read_whole(spki, der.SEQUENCE)
    _, algorithm_stop = der.read_expected(spki, start, stop, der.SEQUENCE)
    algorithm = spki[start:algorithm_stop]
    if algorithm in _NAMES:
        return _NAMES[algorithm]
    inner, inner_stop = der.read_whole(algorithm, der.SEQUENCE)
    first, last = der.read_expected(algorithm, inner, inner_stop, der.OID)
    oid = algorithm[first:last]
    if oid == _RSA:
        at, end = der.read_expected(spki, algorithm_stop, stop, der.BIT_STRING)
        return f"RSA {_modulus_bits(der.to_bit_string(spki, at, end))}"
    if oid == _EC:
        return "EC"
    return der.to_oid_text(oid)


def _modulus_bits(key: bytes) -> int:
    """RFC 8017 §A.1.1: the length of the modulus."""
    start, stop = der.read_whole(key, der.SEQUENCE)
    at, end = der.read_expected(key, start, stop, der.INTEGER)
    return der.to_integer(key, at, end).bit_length()


def _identifier(dotted: str, curve: str | None = None) -> bytes:
    content = b"".join(
        bytes((der.OID, len(oid))) + oid
        for oid in map(der.from_oid_text, (dotted, *((curve,) if curve else ())))
    )
    return bytes((der.SEQUENCE, len(content))) + content


_RSA = der.from_oid_text("1.2.840.113549.1.1.1")
_EC_DOTTED = "1.2.840.10045.2.1"
_EC = der.from_oid_text(_EC_DOTTED)
_NAMES = {
    _identifier(_EC_DOTTED, "1.3.132.0.33"): "EC P-224",
    _identifier(_EC_DOTTED, "1.2.840.10045.3.1.7"): "EC P-256",
    _identifier(_EC_DOTTED, "1.3.132.0.34"): "EC P-384",
    _identifier(_EC_DOTTED, "1.3.132.0.35"): "EC P-521",
    _identifier("1.3.101.110"): "EC X25519",
    _identifier("1.3.101.112"): "EC Ed25519",
    _identifier("2.16.840.1.101.3.4.3.17"): "ML-DSA-44",
    _identifier("2.16.840.1.101.3.4.3.18"): "ML-DSA-65",
    _identifier("2.16.840.1.101.3.4.3.19"): "ML-DSA-87",
}
"""By AlgorithmIdentifier as encoded. KeyMint counts curve 25519 as EC (EcCurve.aidl)."""
