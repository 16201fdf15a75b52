"""Reading the log: checkpoints, leaves, proofs, and what witnesses sign.

Only what a signed head holds is told: what has a place and no checkpoint yet is nobody's business.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from warifu.authentication.ledger.checkpoint import Checkpoint, sign_checkpoint
from warifu.authentication.ledger.merkle import (
    EMPTY_ROOT,
    consistency_places,
    consistency_proof,
    inclusion_places,
    inclusion_proof,
)
from warifu.authentication.ledger.note import read_note
from warifu.authentication.ledger.rules import PLACE
from warifu.authentication.ledger.witness import accept_cosignature
from warifu.base.errors import Misuse
from warifu.base.keys.purpose import KeyPurpose
from warifu.service.conduct.books.keys import verifier_keys
from warifu.service.conduct.books.rules import SIGNED
from warifu.service.conduct.books.sequencing import origin_of
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.rules import KNOWN
from warifu.service.store import ledger as store

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Transaction
    from warifu.service.store.ledger import StoredLeaf

MAX_LINE = 1000
Line = Annotated[str, Meta(min_length=1, max_length=MAX_LINE)]
Size = Annotated[int, Meta(ge=1, le=(1 << 53) - 1)]


class CheckpointTold(Struct, frozen=True, kw_only=True):
    """The log's head at a size."""

    origin: str
    """The log's name."""
    size: int
    root: bytes
    checkpoint: str
    """The signed note (C2SP tlog-checkpoint), with the cosignatures there are."""
    keys: tuple[str, ...]
    """The log's verifier keys. Who follows the log was given one of them by another way."""


class LeafTold(Struct, frozen=True, kw_only=True):
    """A leaf: docs/formats/ledger.md §1."""

    id: str
    place: int
    """In the log, from 0."""
    at: datetime
    leaf: bytes


class LeavesTold(Struct, frozen=True, kw_only=True):
    """Leaves in the order of the log."""

    items: tuple[LeafTold, ...]
    size: int
    """Of the newest checkpoint."""
    next: int | None
    """For `from` of the request for the next ones; null where these are the last."""


class ConsistencyTold(Struct, frozen=True, kw_only=True):
    """That the log only grew (RFC 9162 §2.1.4)."""

    first: int
    second: int
    proof: tuple[bytes, ...]
    """Hashes, in order."""


class InclusionTold(Struct, frozen=True, kw_only=True):
    """That a leaf is in the log (RFC 9162 §2.1.3)."""

    leaf: LeafTold
    size: int
    """Of the checkpoint that it is proved for, the newest."""
    root: bytes
    path: tuple[bytes, ...]
    """From the leaf upwards."""


class CosignatureRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a witness signed."""

    size: Size
    """Of the checkpoint that it saw."""
    line: Line
    """Its signature line (C2SP tlog-cosignature), without a newline."""


class CosignatureTold(Struct, frozen=True, kw_only=True):
    """What was taken."""

    size: int
    witness: str
    at: datetime
    """When the witness saw it, as it says."""


def see_checkpoint(work: Work, *, size: int | None = None) -> CheckpointTold:
    """The newest checkpoint, or the one of a size. The log without leaves has one, too.

    Raises:
        Misuse: ``ledger/signed``.
        VerifierFault: ``keys/no-signer`` for a log without leaves and a key.
    """
    with work.house.database.read() as transaction:
        if size is None:
            head = store.newest_head(transaction, work.tenant, signed=True)
        else:
            head = store.find_head(transaction, work.tenant, size)
        lines = [] if head is None else store.cosignatures_of(transaction, work.tenant, head.size)
    if head is None and not size:
        return _told(work, size=0, root=EMPTY_ROOT, note=_empty(work))
    if head is None or head.checkpoint is None:
        raise Misuse(SIGNED, f"{size} leaves")
    note = cosigned(head.checkpoint, lines)
    return _told(work, size=head.size, root=head.root, note=note)


def cosigned(checkpoint: bytes, lines: list[bytes]) -> bytes:
    """A signed note with lines of witnesses."""
    return checkpoint + b"".join(line + b"\n" for line in lines)


def list_leaves(work: Work, *, first: int, limit: int) -> LeavesTold:
    """Leaves from a place on."""
    with work.house.database.read() as transaction:
        size = _signed_size(transaction, work.tenant)
        wanted = min(limit, max(0, size - first))
        found = store.leaves_from(transaction, work.tenant, first=first, limit=wanted)
    following = first + len(found)
    return LeavesTold(
        items=tuple(_leaf(each) for each in found),
        size=size,
        next=following if found and following < size else None,
    )


def see_consistency(work: Work, *, first: int, second: int | None = None) -> ConsistencyTold:
    """The proof between two sizes, the second one the newest unless another is given.

    Raises:
        Misuse: ``ledger/place`` where the second is smaller, ``ledger/signed``.
    """
    with work.house.database.read() as transaction:
        newest = _signed_size(transaction, work.tenant)
        second = newest if second is None else second
        if second < first:
            raise Misuse(PLACE, f"from {first} to {second}")
        if second > newest:
            raise Misuse(SIGNED, f"{second} leaves")
        nodes = store.read_nodes(transaction, work.tenant, consistency_places(first, second))
    return ConsistencyTold(
        first=first, second=second, proof=consistency_proof(first, second, nodes)
    )


def see_leaf(work: Work, leaf: str) -> InclusionTold:
    """One leaf, and the proof that it is in the log.

    Raises:
        Misuse: ``request/known``; ``ledger/signed`` where it has no place under a checkpoint yet.
    """
    with work.house.database.read() as transaction:
        found = store.find_leaf(transaction, work.tenant, leaf)
        if found is None:
            raise Misuse(KNOWN, "leaf")
        head = store.newest_head(transaction, work.tenant, signed=True)
        if found.place is None or head is None or found.place >= head.size:
            raise Misuse(SIGNED, leaf)
        nodes = store.read_nodes(transaction, work.tenant, inclusion_places(found.place, head.size))
    return InclusionTold(
        leaf=_leaf(found),
        size=head.size,
        root=head.root,
        path=inclusion_proof(found.place, head.size, nodes),
    )


def cosign(work: Work, asked: CosignatureRequest) -> CosignatureTold:
    """Take a witness's line. The same witness's next line for the same head changes nothing.

    Raises:
        Misuse: ``ledger/signed``.
        BadEvidence: ``ledger/note``, ``ledger/note-signature``, ``ledger/witness-time``.
        MissingTrust: ``ledger/known-signer``.
    """
    head = store.find_head(work.house.database, work.tenant, asked.size)
    if head is None or head.checkpoint is None:
        raise Misuse(SIGNED, f"{asked.size} leaves")
    _, seen = accept_cosignature(
        read_note(head.checkpoint),
        asked.line,
        policy=work.house.settings.ledger.policy,
        at=work.now,
    )
    answer = CosignatureTold(size=asked.size, witness=seen.witness, at=seen.at)
    commit(
        work,
        [
            store.insert_cosignature(
                work.tenant,
                size=asked.size,
                witness=seen.witness,
                line=asked.line.encode(),
                at=work.now,
            )
        ],
        answer=answer,
        audit=[
            AuditEntry(
                action="ledger/cosigned", subject=seen.witness, document={"size": asked.size}
            )
        ],
    )
    return answer


def _told(work: Work, *, size: int, root: bytes, note: bytes) -> CheckpointTold:
    return CheckpointTold(
        origin=origin_of(work.house, work.tenant),
        size=size,
        root=root,
        checkpoint=note.decode(),
        keys=verifier_keys(work.house, work.tenant),
    )


def _empty(work: Work) -> bytes:
    signer = work.house.keys.ring(work.now).signer(KeyPurpose.CHECKPOINT, work.now)
    origin = origin_of(work.house, work.tenant)
    return sign_checkpoint(Checkpoint(origin=origin, size=0, root=EMPTY_ROOT), signer)


def _signed_size(transaction: Transaction, tenant: str) -> int:
    head = store.newest_head(transaction, tenant, signed=True)
    return 0 if head is None else head.size


def _leaf(found: StoredLeaf) -> LeafTold:
    return LeafTold(id=found.id, place=found.place or 0, at=found.at, leaf=found.leaf)
