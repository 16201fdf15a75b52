"""COSE keys (RFC 9052 §7) to public keys and the one signature scheme each may be used with.

The key names its algorithm, the algorithm fixes type, curve and digest. What does not fit exactly
is refused: a curve that an algorithm does not expect, or private or compressed key material, is
either a mistake or an attempt to have two readers see two keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
)
from msgspec import Struct

from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.pki import signature
from warifu.base.pki.signature import Scheme, check_rsa_size
from warifu.base.rule import Rule, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warifu.base.pki.signature import PublicKey

MAX_KEY_BYTES = 8192
MAX_RSA_EXPONENT_OCTETS = 8

KEY = Rule(
    code="cose/key",
    clause="RFC 9052 §7; RFC 9053 §7; RFC 8230 §4; WebAuthn L3 §5.8.5, §6.5.1.1",
    requires=Text(
        ja="公開鍵は、種類と曲線がアルゴリズムに適合した、正しいCOSE鍵でなければなりません。",
        en="The public key is a valid COSE key whose type and curve fit its algorithm.",
    ),
    stops="invalid curves, weak keys and algorithm confusion",
)
ALGORITHM = Rule(
    code="cose/algorithm",
    clause="RFC 9053 §2; RFC 9864; RFC 8812; IANA COSE Algorithms",
    requires=Text(
        ja="COSEの署名アルゴリズムは、対応しているものでなければなりません。",
        en="The COSE signature algorithm is a supported one.",
    ),
    stops="retired or unknown algorithms",
)

P256_POINT_OCTETS = 65
"""An uncompressed point of P-256: the end of its SubjectPublicKeyInfo."""

CANONICAL_ES256_OCTETS = 77

_KTY, _ALG, _CRV, _X, _Y = 1, 3, -1, -2, -3
_OKP, _EC2, _RSA, _AKP = 1, 2, 3, 7


class CoseAlgorithm(Struct, frozen=True):
    """One COSE signature algorithm and the only keys it is used with."""

    name: str
    scheme: Scheme
    key_type: int
    shapes: Mapping[Any, tuple[bytes, int]]
    """By curve (None where the type has none): SPKI prefix, and octets of each coordinate."""


class CoseKey(Struct, frozen=True, kw_only=True):
    """A public key, the algorithm it names, and how to verify with it."""

    algorithm: int
    """COSE algorithm identifier."""
    name: str
    """The algorithm's registered name, for example ``ES256``."""
    key: PublicKey
    scheme: Scheme
    spki: bytes
    """DER of SubjectPublicKeyInfo."""


def read_key(data: bytes) -> CoseKey:
    """Read the one COSE_Key that must fill `data`.

    Raises:
        MalformedEvidence: Not CBOR, or not a map.
        BadEvidence: ``cose/algorithm``, ``cose/key``, ``pki/public-key``.
    """
    if len(data) > MAX_KEY_BYTES:
        raise MalformedEvidence(KEY, f"{len(data)} bytes")
    if len(data) == CANONICAL_ES256_OCTETS and is_canonical_es256(data, 0):
        return _load(-7, ALGORITHMS[-7], _ES256_SPKI + data[10:42] + data[45:])
    return key_from_map(cbor.decode_map(data))


def is_canonical_es256(data: bytes, at: int) -> bool:
    """Whether an ES256 key in the canonical form of CTAP2 starts here.

    It then takes `CANONICAL_ES256_OCTETS`. Nearly every authenticator writes this form, and it
    needs no CBOR decoder.
    """
    return (
        data[at : at + 10] == _ES256_BEFORE_X
        and data[at + 42 : at + 45] == _ES256_BEFORE_Y
        and at + CANONICAL_ES256_OCTETS <= len(data)
    )


def key_from_map(item: dict[Any, Any]) -> CoseKey:
    """The key that a decoded COSE_Key map describes.

    Raises:
        BadEvidence: ``cose/algorithm``, ``cose/key``, ``pki/public-key``.
    """
    identifier = item.get(_ALG)
    algorithm = find_algorithm(identifier)
    if item.get(_KTY) != algorithm.key_type or type(item[_KTY]) is not int:
        raise BadEvidence(KEY, f"kty {item.get(_KTY)!r:.40} with {algorithm.name}")
    # In Python true, 1 and 1.0 are one label; another reader would see another key, or none.
    if any(type(label) is not int for label in item):
        raise BadEvidence(KEY, f"labels of {algorithm.name} are not all integers")
    if len(item) != _MEMBERS[algorithm.key_type]:
        # WebAuthn L3 §6.5.1.1: no optional parameters, and surely no private ones.
        raise BadEvidence(KEY, f"{len(item)} members with {algorithm.name}")
    if algorithm.key_type == _RSA:
        return _rsa_key(item, cast("int", identifier), algorithm)
    return _load(
        cast("int", identifier), algorithm, _SPKI_BUILDERS[algorithm.key_type](item, algorithm)
    )


def find_algorithm(identifier: object) -> CoseAlgorithm:
    """What a COSE algorithm identifier names.

    Raises:
        BadEvidence: ``cose/algorithm`` for one we do not know or do not accept.
    """
    algorithm = ALGORITHMS.get(identifier) if type(identifier) is int else None
    if algorithm is None:
        raise BadEvidence(ALGORITHM, f"alg {identifier!r:.40}")
    return algorithm


def _load(identifier: int, algorithm: CoseAlgorithm, spki: bytes) -> CoseKey:
    try:
        key = signature.parse_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadEvidence(KEY, f"no {algorithm.name} key") from error
    return CoseKey(
        algorithm=identifier,
        name=algorithm.name,
        key=cast("PublicKey", key),
        scheme=algorithm.scheme,
        spki=spki,
    )


def _elliptic_spki(item: dict[Any, Any], algorithm: CoseAlgorithm) -> bytes:
    """Uncompressed points only: WebAuthn forbids the compressed form (WebAuthn L3 §5.8.5)."""
    prefix, size = _shape(item, algorithm)
    x, y = item.get(_X), item.get(_Y)
    if type(x) is not bytes or type(y) is not bytes or len(x) != size or len(y) != size:
        raise BadEvidence(KEY, f"coordinates of {algorithm.name} are not {size} octets each")
    return prefix + x + y


def _octet_key_spki(item: dict[Any, Any], algorithm: CoseAlgorithm) -> bytes:
    prefix, size = _shape(item, algorithm)
    x = item.get(_X)
    if type(x) is not bytes or len(x) != size:
        raise BadEvidence(KEY, f"public key of {algorithm.name} is not {size} octets")
    return prefix + x


def _algorithm_key_spki(item: dict[Any, Any], algorithm: CoseAlgorithm) -> bytes:
    """AKP: the algorithm says all, the key is one byte string (RFC 9964 §3)."""
    prefix, size = algorithm.shapes[None]
    public = item.get(-1)
    if type(public) is not bytes or len(public) != size:
        raise BadEvidence(KEY, f"public key of {algorithm.name} is not {size} octets")
    return prefix + public


def _shape(item: dict[Any, Any], algorithm: CoseAlgorithm) -> tuple[bytes, int]:
    curve = item.get(_CRV)
    shape = algorithm.shapes.get(curve) if type(curve) is int else None
    if shape is None:
        raise BadEvidence(KEY, f"crv {curve!r:.40} with {algorithm.name}")
    return shape


def _rsa_key(item: dict[Any, Any], identifier: int, algorithm: CoseAlgorithm) -> CoseKey:
    modulus, exponent = item.get(-1), item.get(-2)
    if type(modulus) is not bytes or type(exponent) is not bytes:
        raise BadEvidence(KEY, "RSA key without modulus or exponent")
    if len(modulus) > signature.MAX_RSA_BITS // 8 + 1 or len(exponent) > MAX_RSA_EXPONENT_OCTETS:
        raise BadEvidence(KEY, "RSA key too large")
    numbers = rsa.RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big"))
    try:
        key = numbers.public_key()
    except ValueError as error:
        raise BadEvidence(KEY, f"no {algorithm.name} key") from error
    check_rsa_size(key)
    return CoseKey(
        algorithm=identifier,
        name=algorithm.name,
        key=key,
        scheme=algorithm.scheme,
        spki=key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )


_MEMBERS = {_OKP: 4, _EC2: 5, _RSA: 4, _AKP: 3}
"""How many members a public key has: type, algorithm, curve if any, and its own."""
_SPKI_BUILDERS = {_OKP: _octet_key_spki, _EC2: _elliptic_spki, _AKP: _algorithm_key_spki}


def _curve_scheme(name: str, digest_of: Scheme, curve: type[ec.EllipticCurve]) -> Scheme:
    return Scheme(name, digest_of.kind, digest_of.key_type, digest_of.digest, curve)


# Each prefix is the DER of SubjectPublicKeyInfo up to the key octets (RFC 5480, 8410, 9881).
_P256 = {1: (bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"), 32)}
_P384 = {2: (bytes.fromhex("3076301006072a8648ce3d020106052b8104002203620004"), 48)}
_P521 = {3: (bytes.fromhex("30819b301006072a8648ce3d020106052b810400230381860004"), 66)}
_ED25519 = {6: (bytes.fromhex("302a300506032b6570032100"), 32)}
_ED448 = {7: (bytes.fromhex("3043300506032b6571033a00"), 57)}
_ML_DSA_44 = {None: (bytes.fromhex("30820532300b06096086480165030403110382052100"), 1312)}
_ML_DSA_65 = {None: (bytes.fromhex("308207b2300b0609608648016503040312038207a100"), 1952)}
_ML_DSA_87 = {None: (bytes.fromhex("30820a32300b060960864801650304031303820a2100"), 2592)}

# CTAP2 canonical form of an ES256 key: kty, alg and crv, then x, then y.
_ES256_BEFORE_X = bytes.fromhex("a5010203262001215820")
_ES256_BEFORE_Y = bytes.fromhex("225820")
_ES256_SPKI = _P256[1][0]

_ES256 = _curve_scheme("es256", signature.ECDSA_SHA256, ec.SECP256R1)
_ES384 = _curve_scheme("es384", signature.ECDSA_SHA384, ec.SECP384R1)
_ES512 = _curve_scheme("es512", signature.ECDSA_SHA512, ec.SECP521R1)

ALGORITHMS: dict[int, CoseAlgorithm] = {
    -7: CoseAlgorithm("ES256", _ES256, _EC2, _P256),
    -35: CoseAlgorithm("ES384", _ES384, _EC2, _P384),
    -36: CoseAlgorithm("ES512", _ES512, _EC2, _P521),
    -9: CoseAlgorithm("ESP256", _ES256, _EC2, _P256),
    -51: CoseAlgorithm("ESP384", _ES384, _EC2, _P384),
    -52: CoseAlgorithm("ESP512", _ES512, _EC2, _P521),
    -8: CoseAlgorithm("EdDSA", signature.ED25519, _OKP, _ED25519),
    -19: CoseAlgorithm("Ed25519", signature.ED25519, _OKP, _ED25519),
    -53: CoseAlgorithm("Ed448", signature.ED448, _OKP, _ED448),
    -257: CoseAlgorithm("RS256", signature.RSA_SHA256, _RSA, {}),
    -258: CoseAlgorithm("RS384", signature.RSA_SHA384, _RSA, {}),
    -259: CoseAlgorithm("RS512", signature.RSA_SHA512, _RSA, {}),
    -37: CoseAlgorithm("PS256", signature.RSA_PSS_SHA256, _RSA, {}),
    -38: CoseAlgorithm("PS384", signature.RSA_PSS_SHA384, _RSA, {}),
    -39: CoseAlgorithm("PS512", signature.RSA_PSS_SHA512, _RSA, {}),
    -48: CoseAlgorithm("ML-DSA-44", signature.ML_DSA_44, _AKP, _ML_DSA_44),
    -49: CoseAlgorithm("ML-DSA-65", signature.ML_DSA_65, _AKP, _ML_DSA_65),
    -50: CoseAlgorithm("ML-DSA-87", signature.ML_DSA_87, _AKP, _ML_DSA_87),
}
"""Algorithms a credential or a statement may use. RS1 is not among them: see `RS1`."""

RS1 = -65535
"""RSASSA-PKCS1-v1_5 with SHA-1: retired, and read in tpm statements only (`RS1_SCHEME`)."""
RS1_SCHEME = signature.RSA_SHA1
