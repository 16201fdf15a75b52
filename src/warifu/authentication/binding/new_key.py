"""Keys that are endorsed or warranted, as COSE_Keys: P-256 with ES256, or Ed25519 with EdDSA."""

from __future__ import annotations

from typing import Any

from warifu.authentication.binding.rules import NEW_KEY
from warifu.base.errors import BadEvidence, Misuse
from warifu.base.pki import cose

ALGORITHMS = (-7, -8)
"""ES256 and EdDSA: what a DPoP proof, a call or an answer is signed with."""


def read_new_key(item: object) -> bytes:
    """The key of a decoded COSE_Key map, as DER of SubjectPublicKeyInfo.

    Raises:
        BadEvidence: ``endorsement/new-key``, ``cose/key``, ``cose/algorithm``, ``pki/public-key``.
    """
    if type(item) is not dict or item.get(3) not in ALGORITHMS:
        raise BadEvidence(NEW_KEY, "no COSE_Key for ES256 or EdDSA")
    return cose.key_from_map(item).spki


def new_key_map(public_key: bytes) -> dict[int, Any]:
    """The members of the COSE_Key of a public key, DER of SubjectPublicKeyInfo.

    Raises:
        Misuse: ``endorsement/new-key`` for a key that is neither on P-256 nor Ed25519.
    """
    for identifier in ALGORITHMS:
        algorithm = cose.ALGORITHMS[identifier]
        ((curve, (prefix, size)),) = algorithm.shapes.items()
        body = public_key.removeprefix(prefix)
        if len(public_key) - len(body) == len(prefix) and len(body) in {size, 2 * size}:
            coordinates = {-2: body[:size], -3: body[size:]}
            known = {label: each for label, each in coordinates.items() if each}
            return {1: algorithm.key_type, 3: identifier, -1: curve, **known}
    raise Misuse(NEW_KEY, f"{len(public_key)} octets of another kind")
