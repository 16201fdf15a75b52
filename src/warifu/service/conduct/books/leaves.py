"""Leaves: each is written in the commit of what it tells of, and given its place later."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.authentication.ledger.leaf import SALT_OCTETS, LeafKind, encode_leaf, make_leaf
from warifu.base.secret import Secret
from warifu.service.identifiers import new_id
from warifu.service.store.ledger import insert_leaf

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Statement


class KeptLeaf(Struct, frozen=True, kw_only=True):
    """A leaf with what opens it. The secret is sealed wherever it is kept, and never sent whole."""

    id: str
    kind: LeafKind
    leaf: bytes
    """As it is hashed into the log."""
    secret: Secret
    """The salts of its commitments are made from it."""


class LeafOpening(Struct, frozen=True, kw_only=True):
    """A leaf, and what opens it; sealed wherever it is kept."""

    id: str
    secret: bytes
    """From which the salts of its commitments are made."""


def make_kept_leaf(
    work: Work,
    kind: LeafKind,
    *,
    values: Mapping[str, bytes] | None = None,
    public: Mapping[str, bytes | str] | None = None,
) -> KeptLeaf:
    """A leaf about what is being done now.

    Args:
        work: The request.
        kind: What happened.
        values: What it commits to, by the names of its kind.
        public: What everybody may read.

    Raises:
        Misuse: ``ledger/leaf`` for other members than its kind has.
    """
    secret = Secret(secrets.token_bytes(SALT_OCTETS))
    leaf = make_leaf(kind, at=work.now, values=values, secret=secret, public=public)
    return KeptLeaf(id=new_id(work.now), kind=kind, leaf=encode_leaf(leaf), secret=secret)


def opening_of(leaf: KeptLeaf) -> LeafOpening:
    """As it is kept with what the leaf tells of."""
    return LeafOpening(id=leaf.id, secret=leaf.secret.reveal())


def write_leaf(work: Work, kept: KeptLeaf, *, subject: str) -> Statement:
    """Write it, without a place yet, in the commit of what it tells of.

    Args:
        work: The request.
        kept: The leaf.
        subject: The id of what it tells of: a binding, a transaction.
    """
    return insert_leaf(work.tenant, kept.id, subject=subject, leaf=kept.leaf, at=work.now)
