"""Public keys as others read them: JWK sets (RFC 7517) and COSE key sets (RFC 9052 §7)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import Struct

from warifu.base.codec import cbor, text
from warifu.base.errors import Misuse
from warifu.base.rule import Rule, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warifu.base.keys.purpose import KeyPurpose

JWKS_MEDIA_TYPE = "application/jwk-set+json"
COSE_KEY_SET_MEDIA_TYPE = "application/cose-key-set"

PUBLIC_KEY = Rule(
    code="keys/public-key",
    clause="RFC 5480 §2; RFC 8410 §4",
    requires=Text(
        ja="公開鍵は、P-256またはEd25519の鍵でなければなりません。",
        en="A public key of ours is one of P-256 or Ed25519.",
    ),
)


class PublicRecord(Protocol):
    """What is published of a key."""

    @property
    def key_id(self) -> str:
        """Its thumbprint."""

    @property
    def purpose(self) -> KeyPurpose:
        """What it is for."""

    @property
    def public_key(self) -> bytes:
        """DER of SubjectPublicKeyInfo."""


def thumbprint(public_key: bytes) -> str:
    """The key's name: SHA-256 of its required JWK members (RFC 7638 §3), base64url.

    Args:
        public_key: DER of SubjectPublicKeyInfo.

    Raises:
        Misuse: ``keys/public-key``.
    """
    # RFC 7638 §3.3: no white space, members in the order of their names.
    required = msgspec.json.encode(_required_members(public_key), order="sorted")
    return text.to_base64url(sha256(required).digest())


def algorithm_of(public_key: bytes) -> str:
    """The only algorithm that a public key is used with: ``ES256`` or ``EdDSA``.

    Raises:
        Misuse: ``keys/public-key``.
    """
    return _take_apart(public_key)[0].algorithm


def jwk_set(records: Iterable[PublicRecord]) -> bytes:
    """A JWK set in UTF-8.

    Each key also states its ``purpose``, an additional member (RFC 7517 §4): a reader who knows it
    takes no receipt on the word of a key for attestation results.

    Raises:
        Misuse: ``keys/public-key``.
    """
    return msgspec.json.encode({"keys": [_jwk(record) for record in records]})


def cose_key_set(records: Iterable[PublicRecord]) -> bytes:
    """A COSE key set in deterministic CBOR; each ``kid`` is the text of the JWK's, in UTF-8.

    Raises:
        Misuse: ``keys/public-key``.
    """
    return cbor.encode_deterministic([_cose_key(record) for record in records])


class _Shape(Struct, frozen=True):
    """How keys of one kind are written."""

    spki_prefix: bytes
    """DER of SubjectPublicKeyInfo up to the coordinates."""
    key_type: str
    curve: str
    algorithm: str
    coordinates: tuple[str, ...]
    cose: dict[int, int]


_COORDINATE_OCTETS = 32
_SHAPES = (
    _Shape(
        bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"),
        "EC",
        "P-256",
        "ES256",
        ("x", "y"),
        {1: 2, 3: -7, -1: 1},
    ),
    _Shape(
        bytes.fromhex("302a300506032b6570032100"),
        "OKP",
        "Ed25519",
        "EdDSA",
        ("x",),
        {1: 1, 3: -8, -1: 6},
    ),
)
_COSE_LABELS = {"x": -2, "y": -3}
_COSE_KID, _COSE_OPERATIONS, _COSE_VERIFY = 2, 4, 2


def _take_apart(public_key: bytes) -> tuple[_Shape, dict[str, bytes]]:
    for shape in _SHAPES:
        body = public_key[len(shape.spki_prefix) :]
        whole = len(body) == _COORDINATE_OCTETS * len(shape.coordinates)
        if whole and public_key.startswith(shape.spki_prefix):
            return shape, {
                name: body[n * _COORDINATE_OCTETS : (n + 1) * _COORDINATE_OCTETS]
                for n, name in enumerate(shape.coordinates)
            }
    raise Misuse(PUBLIC_KEY, f"{len(public_key)} octets of another kind")


def _required_members(public_key: bytes) -> dict[str, str]:
    shape, values = _take_apart(public_key)
    encoded = {name: text.to_base64url(value) for name, value in values.items()}
    return {"kty": shape.key_type, "crv": shape.curve, **encoded}


def _jwk(record: PublicRecord) -> dict[str, str]:
    shape, _ = _take_apart(record.public_key)
    return {
        **_required_members(record.public_key),
        "kid": record.key_id,
        "alg": shape.algorithm,
        "use": "sig",
        "purpose": record.purpose.value,
    }


def _cose_key(record: PublicRecord) -> dict[int, Any]:
    shape, values = _take_apart(record.public_key)
    return {
        **shape.cose,
        _COSE_KID: record.key_id.encode(),
        _COSE_OPERATIONS: [_COSE_VERIFY],
        **{_COSE_LABELS[name]: value for name, value in values.items()},
    }
