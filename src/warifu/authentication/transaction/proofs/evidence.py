"""What every kind of proof shares: its container, the bound key, and what is handed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.attestation.claims import LeniencyUse
from warifu.attestation.examination import Examination
from warifu.authentication.transaction.confirmation import BoundKey
from warifu.authentication.transaction.proofs import rules
from warifu.authentication.transaction.proofs.expectations import ProofExpectations
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence, Misuse
from warifu.base.pki.signature import check_signature, load_public_key
from warifu.base.rule import Rule

if TYPE_CHECKING:
    from warifu.base.pki.signature import PublicKey, Scheme

MAX_PROOF_BYTES = 80 << 10
"""The largest are browsers' proofs with icons as data URLs; client data may have 64 KiB."""


class Question(Struct, frozen=True, kw_only=True):
    """What a proof is held against."""

    transaction: bytes
    """As it was sent."""
    bound: BoundKey
    expected: ProofExpectations
    exam: Examination


class Proved(Struct, frozen=True, kw_only=True):
    """What one kind proved. Whether the answer is to this transaction is asked afterwards."""

    answer: bytes
    """Covered by the signature of the bound key."""
    user_verified: bool
    counter: int | None = None
    rules: tuple[Rule, ...]
    """Those of the kind that held, in order."""
    leniencies: tuple[LeniencyUse, ...] = ()


def read_container(
    proof: bytes, required: frozenset[int], optional: frozenset[int] = frozenset()
) -> dict[int, bytes]:
    """The members of a proof: byte strings under small integers, and nothing else.

    Raises:
        MalformedEvidence: ``proof/container`` or a rule of CBOR.
    """
    check_size(proof)
    item = cbor.decode_map(proof)
    if not required <= item.keys() <= required | optional:
        raise MalformedEvidence(rules.CONTAINER, f"{len(item)} members")
    members = {label: cbor.member(item, label, bytes) for label in item}
    # An encoding that is not the only one would leave bytes that no signature covers.
    if cbor.encode_deterministic(item) != proof:
        raise MalformedEvidence(rules.CONTAINER, "not deterministic")
    return members


def check_size(proof: bytes) -> None:
    """Refuse what is too large before it is read.

    Raises:
        MalformedEvidence: ``proof/container``.
    """
    if len(proof) > MAX_PROOF_BYTES:
        raise MalformedEvidence(rules.CONTAINER, f"more than {MAX_PROOF_BYTES} bytes")


def bound_public_key(bound: BoundKey) -> PublicKey:
    """The bound key, ready to verify with.

    Raises:
        Misuse: ``usage/bound-key``: it was stored by us, so the proof is not to blame.
    """
    try:
        return load_public_key(bound.public_key)
    except BadEvidence as error:
        raise Misuse(rules.BOUND_KEY, error.detail) from error


def check_bound_signature(scheme: Scheme, key: PublicKey, signature: bytes, signed: bytes) -> None:
    """Verify a signature of the bound key.

    Raises:
        BadEvidence: ``proof/signature``.
    """
    try:
        check_signature(scheme, key, signature, signed)
    except BadEvidence as error:
        raise BadEvidence(rules.SIGNATURE, error.detail) from error
