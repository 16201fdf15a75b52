"""Writing a receipt: issued with the outcome, completed when the log has its leaf.

::

    issue ─► pending receipt ─► include ─► receipt ─► withhold ─► receipt without personal data

The server signs the hashes of all parts. The place in the log is not signed again: the log's own
checkpoint says it. Where it is not there yet, the receipt is pending and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from warifu.authentication.ledger.leaf import LeafKind, decode_leaf, open_commitment, salt_for
from warifu.authentication.receipt import parts as bytes_of
from warifu.authentication.receipt.parts import (
    WITHHOLDABLE,
    BindingCopy,
    EndorsementCopy,
    EvidenceCopy,
    Outcome,
    Part,
    Proof,
)
from warifu.authentication.receipt.rules import CONTENTS, FORM
from warifu.authentication.receipt.rules import WITHHOLDABLE as WITHHOLDABLE_RULE
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence, Misuse
from warifu.base.pki import sign1

if TYPE_CHECKING:
    from warifu.authentication.transaction.confirmation import BoundKey
    from warifu.base.keys.signer import Signer
    from warifu.base.secret import Secret

VERSION = 1
MAX_RECEIPT_BYTES = 1 << 18
MEDIA_TYPE = "application/vnd.warifu.receipt+cbor"
TYPE = "application/vnd.warifu.receipt+cose"
"""``typ`` of the server's signature: none of another kind of document passes for it."""

_VERSION, _SIGNED, _PARTS, _INCLUSION = 1, 2, 3, 4
_CHECKPOINT, _PLACE, _BINDING, _PUBLISHED, _ENDORSEMENT = 1, 2, 3, 4, 5
_NUMBERS = frozenset(each.value for each in Part)
_OPENED_BY = {
    Part.OUTCOME: ("outcome",),
    Part.LEAF: ("transaction",),
    Part.PROOF: ("proof",),
    Part.KEY: ("key",),
    Part.BINDING: ("user", "device"),
    Part.ENDORSEMENT: ("endorsed-key",),
}
"""Which commitments of the receipt's leaf each part has the salts of."""


class Contents(Struct, frozen=True, kw_only=True):
    """Everything that a receipt tells."""

    verifier: str
    """The service that asked."""
    log: str
    """Origin of the log."""
    issued_at: datetime
    outcome: Outcome
    leaf: bytes
    """Of this confirmation, as it was written with the outcome."""
    transaction: bytes
    proof: Proof | None = None
    key: BoundKey | None = None
    evidence: EvidenceCopy | None = None
    binding: BindingCopy | None = None
    endorsement: EndorsementCopy | None = None
    """Where an endorsed key answered; `key` is the bound one that endorsed it."""


class LeafProof(Struct, frozen=True, kw_only=True):
    """Where a leaf is, and the proof of it under the receipt's checkpoint."""

    index: int
    path: tuple[bytes, ...]


class Inclusion(Struct, frozen=True, kw_only=True):
    """What makes a pending receipt complete."""

    checkpoint: bytes
    """The signed note, with the cosignatures there are."""
    place: LeafProof
    """Of the receipt's own leaf."""
    binding: LeafProof | None = None
    """Of the leaf that bound the key, under the same checkpoint."""
    published: tuple[tuple[bytes, LeafProof], ...] = ()
    """Leaves that published keys of ours, such as the one that signed this receipt."""
    endorsement: LeafProof | None = None
    """Of the leaf that endorsed the key, where an endorsed one answered."""


class Receipt(Struct, frozen=True, kw_only=True):
    """A receipt's file taken apart. Nothing in it is proved here."""

    signed: bytes
    """COSE_Sign1 of the server."""
    parts: Mapping[int, bytes] = field(default_factory=dict)
    inclusion: Inclusion | None = None


def leaf_values(
    outcome: Outcome,
    *,
    user: str,
    device: str | None = None,
    key: BoundKey | None = None,
    proof: Proof | None = None,
    endorsed_key: bytes | None = None,
) -> dict[str, bytes]:
    """What the leaf of a confirmation commits to: make it in the commit of the outcome.

    Args:
        outcome: What came of it.
        user: The person.
        device: Their device.
        key: The bound key.
        proof: Of the answer.
        endorsed_key: What signed the answer, where it is another than the bound key; DER of
            SubjectPublicKeyInfo.
    """
    values = {
        "user": user.encode(),
        "transaction": outcome.transaction,
        "outcome": bytes_of.outcome_bytes(outcome),
        "device": None if device is None else device.encode(),
        "key": None if key is None else sha256(key.public_key).digest(),
        "proof": None if proof is None else sha256(proof.data).digest(),
        "endorsed-key": None if endorsed_key is None else sha256(endorsed_key).digest(),
    }
    return {name: value for name, value in values.items() if value is not None}


def issue(contents: Contents, *, signer: Signer, leaf_secret: Secret, secret: Secret) -> bytes:
    """A pending receipt.

    Args:
        contents: What it tells.
        signer: The active key for `KeyPurpose.RECEIPT`.
        leaf_secret: The one that the leaf was made with.
        secret: 32 unpredictable bytes for this receipt, from which its salts are made.

    Raises:
        Misuse: ``receipt/contents`` where the leaf is not about these contents.
    """
    found = _content(contents)
    _check_contents(contents, found, leaf_secret)
    made = {
        part: bytes_of.part_bytes(
            salt_for(secret, f"part/{part.value}"),
            {name: salt_for(leaf_secret, name) for name in _OPENED_BY.get(part, ())},
            content,
        )
        for part, content in found.items()
    }
    statement = {
        1: VERSION,
        2: contents.verifier,
        3: int(contents.issued_at.timestamp()),
        4: contents.log,
        5: {part.value: bytes_of.part_digest(data) for part, data in made.items()},
    }
    signed = sign1.write_sign1(
        cbor.encode_deterministic(statement),
        algorithm=signer.algorithm,
        header={sign1.KEY_ID: signer.key_id.encode(), sign1.TYPE: TYPE},
        sign=signer.sign,
    )
    return write_receipt(Receipt(signed=signed, parts={p.value: data for p, data in made.items()}))


def include(data: bytes, inclusion: Inclusion) -> bytes:
    """A receipt with its place in the log; a later checkpoint may take an earlier one's place.

    Raises:
        MalformedEvidence: ``receipt/form``, ``cbor/*``.
    """
    return write_receipt(replace(read_receipt(data), inclusion=inclusion))


def withhold(data: bytes, parts: Iterable[Part] = WITHHOLDABLE) -> bytes:
    """A receipt without some of its parts; without all that is about a person unless named.

    The signature still holds: whoever checks sees that the parts are withheld, and what for that
    reason cannot be checked.

    Raises:
        MalformedEvidence: ``receipt/form``, ``cbor/*``.
        Misuse: ``receipt/withholdable``.
    """
    taken = frozenset(parts)
    if not taken <= WITHHOLDABLE:
        raise Misuse(WITHHOLDABLE_RULE, ", ".join(sorted(p.name for p in taken - WITHHOLDABLE)))
    receipt = read_receipt(data)
    inclusion = receipt.inclusion
    if inclusion is not None:
        # The place of an enrolment is the same in all receipts of a person: it would join them.
        inclusion = replace(
            inclusion,
            binding=None if Part.BINDING in taken else inclusion.binding,
            endorsement=None if Part.ENDORSEMENT in taken else inclusion.endorsement,
        )
    kept = {number: part for number, part in receipt.parts.items() if number not in taken}
    return write_receipt(replace(receipt, parts=kept, inclusion=inclusion))


def write_receipt(receipt: Receipt) -> bytes:
    """The file."""
    item: dict[int, Any] = {
        _VERSION: VERSION,
        _SIGNED: receipt.signed,
        _PARTS: dict(receipt.parts),
    }
    if receipt.inclusion is not None:
        item[_INCLUSION] = _write_inclusion(receipt.inclusion)
    return cbor.encode_deterministic(item)


def read_receipt(data: bytes) -> Receipt:
    """Take a receipt of ours apart, to add to it or to show it. It is not checked.

    Raises:
        MalformedEvidence: ``receipt/form``, ``cbor/*``.
    """
    item = cbor.decode(data, max_bytes=MAX_RECEIPT_BYTES)
    if not isinstance(item, dict):
        raise MalformedEvidence(FORM, "not a map")
    parts = cbor.member(item, _PARTS, dict)
    receipt = Receipt(
        signed=cbor.member(item, _SIGNED, bytes),
        parts=parts,
        inclusion=_read_inclusion(item) if _INCLUSION in item else None,
    )
    numbers = {each.value for each in Part}
    if any(
        type(n) is not int or n not in numbers or type(p) is not bytes for n, p in parts.items()
    ):
        raise MalformedEvidence(FORM, "a part that there is not")
    if write_receipt(receipt) != data:
        raise MalformedEvidence(FORM, "not as it would be written")
    return receipt


def _content(contents: Contents) -> dict[Part, bytes]:
    found = {
        Part.OUTCOME: bytes_of.outcome_bytes(contents.outcome),
        Part.LEAF: contents.leaf,
        Part.TRANSACTION: contents.transaction,
    }
    optional = {
        Part.PROOF: contents.proof,
        Part.KEY: contents.key,
        Part.EVIDENCE: contents.evidence,
        Part.BINDING: contents.binding,
        Part.ENDORSEMENT: contents.endorsement,
    }
    given = {part: value for part, value in optional.items() if value is not None}
    return found | {part: bytes_of.content_of(part, value) for part, value in given.items()}


def _check_contents(contents: Contents, found: Mapping[Part, bytes], leaf_secret: Secret) -> None:
    """Nothing is signed that its own leaf does not say: a receipt for another leaf is a fault."""
    values = leaf_values(
        contents.outcome,
        user=contents.binding.user if contents.binding else "",
        device=contents.binding.device if contents.binding else None,
        key=contents.key,
        proof=contents.proof,
        endorsed_key=contents.endorsement.public_key if contents.endorsement else None,
    )
    opened = [name for part in found for name in _OPENED_BY.get(part, ())]
    try:
        leaf = decode_leaf(contents.leaf)
        for name in opened:
            open_commitment(leaf, name, value=values[name], salt=salt_for(leaf_secret, name))
    except BadEvidence as error:
        raise Misuse(CONTENTS, f"{error.code} {error.detail}") from error
    digest = sha256(contents.transaction).digest()
    if leaf.kind is not LeafKind.CONFIRMATION or digest != contents.outcome.transaction:
        raise Misuse(CONTENTS, f"{leaf.kind}, or another transaction")


def _write_inclusion(inclusion: Inclusion) -> dict[int, Any]:
    item: dict[int, Any] = {
        _CHECKPOINT: inclusion.checkpoint,
        _PLACE: _write_proof(inclusion.place),
    }
    if inclusion.binding is not None:
        item[_BINDING] = _write_proof(inclusion.binding)
    if inclusion.published:
        item[_PUBLISHED] = [[leaf, _write_proof(at)] for leaf, at in inclusion.published]
    if inclusion.endorsement is not None:
        item[_ENDORSEMENT] = _write_proof(inclusion.endorsement)
    return item


def _write_proof(proof: LeafProof) -> list[Any]:
    return [proof.index, list(proof.path)]


def _read_inclusion(item: Mapping[Any, Any]) -> Inclusion:
    inclusion = cbor.member(item, _INCLUSION, dict)
    published = cbor.member(inclusion, _PUBLISHED, list) if _PUBLISHED in inclusion else []
    return Inclusion(
        checkpoint=cbor.member(inclusion, _CHECKPOINT, bytes),
        place=_read_proof(inclusion.get(_PLACE)),
        binding=_read_proof(inclusion[_BINDING]) if _BINDING in inclusion else None,
        published=tuple(_read_published(each) for each in published),
        endorsement=_read_proof(inclusion[_ENDORSEMENT]) if _ENDORSEMENT in inclusion else None,
    )


def _read_published(item: object) -> tuple[bytes, LeafProof]:
    match item:
        case [bytes(leaf), proof]:
            return leaf, _read_proof(proof)
        case _:
            raise MalformedEvidence(FORM, "a published leaf")


def _read_proof(item: object) -> LeafProof:
    match item:
        case [int(index), list(path)] if all(type(each) is bytes for each in path):
            return LeafProof(index=index, path=tuple(path))
        case _:
            raise MalformedEvidence(FORM, "a proof of inclusion")
