"""Our keys in the log: whoever believes one key of the log learns the others from it.

Each key for receipts or checkpoints is a leaf, and its revocation another. Both follow from the
ring alone, id and bytes: whichever process writes them first, there is one of each.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from warifu.authentication.ledger.checkpoint import log_key
from warifu.authentication.ledger.leaf import LeafKind, encode_leaf, make_leaf
from warifu.authentication.ledger.note import write_verifier_key
from warifu.base.keys.purpose import KeyPurpose
from warifu.service.conduct.books.sequencing import origin_of
from warifu.service.identifiers import dated_id
from warifu.service.store.ledger import insert_leaf_once

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.base.keys.ring import KeyRecord, KeyRing
    from warifu.service.composition import Composition
    from warifu.service.store.database import Statement

PUBLISHED = frozenset({KeyPurpose.RECEIPT, KeyPurpose.CHECKPOINT})


def key_leaves(ring: KeyRing, tenant: str) -> list[Statement]:
    """The leaves about all keys of a ring, of which those that are there stay as they are."""
    return [
        insert_leaf_once(
            tenant,
            _name(kind, each.key_id, at),
            subject=each.key_id,
            leaf=_leaf(kind, each, at),
            at=at,
        )
        for each in ring.records
        if each.purpose in PUBLISHED
        for kind, at in (
            (LeafKind.SERVER_KEY, each.published_at),
            (LeafKind.SERVER_KEY_REVOKED, each.revoked_at),
        )
        if at is not None
    ]


def publishing_leaf(ring: KeyRing, key_id: str) -> str | None:
    """The id of the leaf that publishes a key; None where the ring does not have it."""
    for each in ring.records:
        if each.key_id == key_id:
            return _name(LeafKind.SERVER_KEY, key_id, each.published_at)
    return None


def verifier_keys(house: Composition, tenant: str) -> tuple[str, ...]:
    """The log's keys, old ones too, as whoever follows it is given them (C2SP signed-note).

    Raises:
        WarifuError: The keys cannot be opened.
    """
    now = house.clock()
    ring = house.keys.ring(now)
    return tuple(
        write_verifier_key(log_key(origin_of(house, tenant), each.public_key))
        for each in ring.published(now)
        if each.purpose is KeyPurpose.CHECKPOINT and each.algorithm == "EdDSA"
    )


def _leaf(kind: LeafKind, record: KeyRecord, at: datetime) -> bytes:
    public: dict[str, bytes | str] = {
        "purpose": record.purpose.value,
        "public-key": record.public_key,
    }
    return encode_leaf(make_leaf(kind, at=at, public=public))


def _name(kind: LeafKind, key_id: str, at: datetime) -> str:
    return dated_id(at, sha256(f"{kind.value} {key_id}".encode()).digest())
