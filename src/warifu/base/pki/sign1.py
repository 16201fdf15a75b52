"""COSE_Sign1 (RFC 9052 §4.2) with the signer's key and algorithm fixed by the receiver.

A message names its algorithm and perhaps a key identifier. Neither is obeyed: the algorithm must be
the one of the pinned key, the identifier only chooses among pinned keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.pki import cose, signature
from warifu.base.rule import Rule, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.base.pki.signature import PublicKey

ALGORITHM, CRITICAL, CONTENT_TYPE, KEY_ID, TYPE = 1, 2, 3, 4, 16
"""Header labels (RFC 9052 §3.1, RFC 9596 §2)."""
COORDINATE_OCTETS = 32
MAX_KEY_ID_BYTES = 256

FORM = Rule(
    code="cose/sign1",
    clause="RFC 9052 §2, §3, §4.2",
    requires=Text(
        ja="署名付きデータは、正しいCOSE_Sign1で、理解できないヘッダーを含んではなりません。",
        en="Signed data is one well-formed COSE_Sign1 without headers that must be understood.",
    ),
    stops="parser differentials, and headers that change what is signed",
)

_LABELS = frozenset({str, int})
_ES256, _EDDSA = -7, -8
_IDENTIFIERS = {"ES256": _ES256, "EdDSA": _EDDSA}
"""COSE identifiers of our signing algorithms, by their JOSE names (RFC 9053 §2)."""
_TAKEN = {_ES256: "ES256", -9: "ES256", _EDDSA: "EdDSA", -19: "EdDSA"}
"""With the fully specified ones (RFC 9864 §2): the JOSE name of the key each is used with."""
_SIGN1_TAG_OCTET = bytes([0xC0 | 18])
_CWT_TAG_OCTETS = bytes([0xD8, 61])


class Sign1(Struct, frozen=True, kw_only=True):
    """One message taken apart. Nothing in it is proved before `check_sign1`."""

    algorithm: str
    """JOSE name: ``ES256`` or ``EdDSA``."""
    key_id: bytes | None
    header: dict[Any, Any]
    """The protected one."""
    payload: bytes
    signature: bytes
    signed: bytes
    """What the signature covers (RFC 9052 §4.4)."""


def write_sign1(
    payload: bytes,
    *,
    algorithm: str,
    header: dict[int, Any],
    sign: Callable[[bytes], bytes],
) -> bytes:
    """Write a tagged COSE_Sign1 in deterministic CBOR.

    Args:
        payload: What is signed.
        algorithm: ``ES256`` or ``EdDSA``.
        header: Protected headers beside the algorithm.
        sign: Gives 64 octets: R and S, or an Ed25519 signature.
    """
    protected = cbor.encode_deterministic({**header, ALGORITHM: _IDENTIFIERS[algorithm]})
    proof = sign(to_be_signed(protected, payload))
    return _SIGN1_TAG_OCTET + cbor.encode_deterministic([protected, {}, payload, proof])


def read_sign1(data: bytes) -> Sign1:
    """Take a message apart: untagged, tagged, or tagged as a CWT (RFC 8392 §6).

    Raises:
        MalformedEvidence: Not CBOR, ``cose/sign1``.
        BadEvidence: ``cose/algorithm``.
    """
    # RFC 8392 §6: a CWT tag stands before the COSE tag, never by itself; other tags are refused.
    cose_data = data.removeprefix(_CWT_TAG_OCTETS + _SIGN1_TAG_OCTET)
    match cbor.decode(cose_data.removeprefix(_SIGN1_TAG_OCTET) if cose_data == data else cose_data):
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(proof)]:
            pass
        case _:
            raise MalformedEvidence(FORM, "not four parts of the right types")
    header = cbor.decode_map(protected) if protected else {}
    if any(type(label) not in _LABELS for label in (*header, *unprotected)):
        raise MalformedEvidence(FORM, "labels are text or integers")
    if CRITICAL in header or CRITICAL in unprotected or header.keys() & unprotected.keys():
        raise MalformedEvidence(FORM, "critical headers, or one header twice")
    identifier = header.get(ALGORITHM)
    name = _TAKEN.get(identifier) if type(identifier) is int else None
    if name is None:
        raise BadEvidence(cose.ALGORITHM, f"alg {identifier!r:.40}")
    return Sign1(
        algorithm=name,
        key_id=_key_id(header, unprotected),
        header=header,
        payload=payload,
        signature=proof,
        signed=to_be_signed(protected, payload),
    )


def check_sign1(message: Sign1, key: PublicKey) -> None:
    """Verify the signature under a key that the caller trusts.

    Raises:
        BadEvidence: ``pki/signature-algorithm`` where the key is of another kind or curve,
            ``pki/signature``.
    """
    scheme = cose.ALGORITHMS[_IDENTIFIERS[message.algorithm]].scheme
    proof = message.signature
    if scheme.kind is signature.Kind.ECDSA:
        proof = signature.ecdsa_from_halves(proof, COORDINATE_OCTETS)
    signature.check_signature(scheme, key, proof, message.signed)


def _key_id(header: dict[Any, Any], unprotected: dict[Any, Any]) -> bytes | None:
    found = header.get(KEY_ID, unprotected.get(KEY_ID))
    if found is not None and (type(found) is not bytes or len(found) > MAX_KEY_ID_BYTES):
        raise MalformedEvidence(FORM, "key identifier")
    return found


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """What a COSE_Sign1 signs, without external data: Sig_structure (RFC 9052 §4.4)."""
    return cbor.encode_deterministic(["Signature1", protected, b"", payload])
