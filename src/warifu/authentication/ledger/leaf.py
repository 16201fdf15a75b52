"""Leaves: what happened, without anybody in it.

A leaf says what kind of thing happened and when. Whom and what it concerns stands in it only as
commitments, SHA-256 over a salt and a value. The salts stay with the bank and in receipts: whoever
is shown a value and its salt can check it, nobody else learns anything or can join two leaves.
In CDDL::

    leaf = { 1: 1, 2: kind, 3: at, 4: { + name => bstr .size 32 }, ? 5: { + name => bstr / tstr } }
    at = uint                     ; seconds since 1970-01-01 UTC
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from warifu.authentication.ledger.rules import COMMITMENT, LEAF_FORM
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence, Misuse

if TYPE_CHECKING:
    from warifu.base.secret import Secret

VERSION = 1
SALT_OCTETS = 32
DIGEST_OCTETS = 32
MAX_LEAF_BYTES = 4096
MAX_TEXT_CHARACTERS = 64
MAX_AT = 253_402_300_799
_VERSION, _KIND, _AT, _COMMITMENTS, _PUBLIC = 1, 2, 3, 4, 5


class LeafKind(StrEnum):
    """What happened."""

    ENROLMENT = "enrolment"
    """A key was bound to a person."""
    SUSPENSION = "suspension"
    RESUMPTION = "resumption"
    REVOCATION = "revocation"
    """A binding ended for good."""
    KEY_CHANGE = "key-change"
    """Another key took the place of a bound one."""
    ENDORSEMENT = "endorsement"
    """A bound key let another key do one thing."""
    ENDORSEMENT_ENDED = "endorsement-ended"
    CONFIRMATION = "confirmation"
    """A transaction reached its outcome."""
    LATE_ANSWER = "late-answer"
    """An answer came when the outcome was there already."""
    NOT_ME = "not-me"
    """Somebody said that an operation was not theirs."""
    SERVER_KEY = "server-key"
    """A key of ours was published, for one purpose."""
    SERVER_KEY_REVOKED = "server-key-revoked"
    GOVERNANCE = "governance"
    """Rules, templates or limits took effect."""


class Shape(Struct, frozen=True):
    """What leaves of a kind have."""

    committed: frozenset[str]
    """Commitments that must be there."""
    may_commit: frozenset[str] = frozenset()
    public: frozenset[str] = frozenset()
    """Members for all to read, all of which must be there. None is about a person."""


_BOUND = frozenset({"user", "device", "key"})
SHAPES: dict[LeafKind, Shape] = {
    LeafKind.ENROLMENT: Shape(_BOUND, frozenset({"app", "evidence", "result"})),
    LeafKind.SUSPENSION: Shape(_BOUND, frozenset({"reason"})),
    LeafKind.RESUMPTION: Shape(_BOUND, frozenset({"reason"})),
    LeafKind.REVOCATION: Shape(_BOUND, frozenset({"reason"})),
    LeafKind.KEY_CHANGE: Shape(_BOUND | {"previous-key"}, frozenset({"app", "evidence", "result"})),
    LeafKind.ENDORSEMENT: Shape(_BOUND | {"endorsed-key", "endorsement"}, frozenset({"warrant"})),
    LeafKind.ENDORSEMENT_ENDED: Shape(_BOUND | {"endorsed-key"}, frozenset({"reason"})),
    LeafKind.CONFIRMATION: Shape(
        frozenset({"user", "transaction", "outcome"}),
        frozenset({"device", "key", "proof", "endorsed-key"}),
    ),
    LeafKind.LATE_ANSWER: Shape(frozenset({"user", "transaction", "proof"})),
    LeafKind.NOT_ME: Shape(frozenset({"user", "transaction"}), frozenset({"case"})),
    LeafKind.SERVER_KEY: Shape(frozenset(), public=frozenset({"purpose", "public-key"})),
    LeafKind.SERVER_KEY_REVOKED: Shape(frozenset(), public=frozenset({"purpose", "public-key"})),
    LeafKind.GOVERNANCE: Shape(
        frozenset(), frozenset({"actor"}), public=frozenset({"subject", "digest"})
    ),
}
"""Values that are committed to: text as UTF-8, keys, proofs, evidence and results as their SHA-256.
`docs/formats/ledger.md` has the whole table."""


class Leaf(Struct, frozen=True, kw_only=True):
    """One leaf."""

    kind: LeafKind
    at: datetime
    """UTC, whole seconds."""
    commitments: Mapping[str, bytes] = field(default_factory=dict)
    public: Mapping[str, bytes | str] = field(default_factory=dict)


def salt_for(secret: Secret, name: str) -> bytes:
    """The salt of one commitment of a leaf: HMAC-SHA256 of its name under the leaf's own secret.

    One secret is kept for a leaf; showing the salt of one value opens no other.

    Args:
        secret: At least 32 unpredictable bytes that no other leaf has.
        name: Of the commitment.

    Raises:
        Misuse: ``ledger/commitment`` for a secret that is too short.
    """
    if len(secret) < SALT_OCTETS:
        raise Misuse(COMMITMENT, f"a secret of {len(secret)} bytes")
    label = b"warifu/ledger/salt/1\x00" + name.encode()
    return hmac.digest(secret.reveal(), label, "sha256")


def commit(value: bytes, salt: bytes) -> bytes:
    """SHA-256(salt ‖ value); all salts are of one length, so no two pairs give the same bytes.

    Raises:
        Misuse: ``ledger/commitment`` for a salt of another length.
    """
    if len(salt) != SALT_OCTETS:
        raise Misuse(COMMITMENT, f"a salt of {len(salt)} bytes")
    return sha256(salt + value).digest()


def make_leaf(
    kind: LeafKind,
    *,
    at: datetime,
    values: Mapping[str, bytes] | None = None,
    secret: Secret | None = None,
    public: Mapping[str, bytes | str] | None = None,
) -> Leaf:
    """A leaf of a kind.

    Args:
        kind: What happened.
        at: When.
        values: What is committed to, by name.
        secret: The leaf's own, where there are values; see `salt_for`.
        public: What everybody may read, by name.

    Raises:
        Misuse: ``ledger/leaf`` for members that the kind does not have, ``ledger/commitment``.
    """
    if values and secret is None:
        raise Misuse(COMMITMENT, "values without a secret")
    commitments = (
        {name: commit(value, salt_for(secret, name)) for name, value in values.items()}
        if values and secret is not None
        else {}
    )
    moment = at.astimezone(UTC).replace(microsecond=0)
    leaf = Leaf(kind=kind, at=moment, commitments=commitments, public=public or {})
    if fault := _fault(leaf):
        raise Misuse(LEAF_FORM, fault)
    return leaf


def encode_leaf(leaf: Leaf) -> bytes:
    """The bytes that are hashed into the tree."""
    item: dict[int, Any] = {
        _VERSION: VERSION,
        _KIND: leaf.kind.value,
        _AT: int(leaf.at.timestamp()),
        _COMMITMENTS: dict(leaf.commitments),
    }
    if leaf.public:
        item[_PUBLIC] = dict(leaf.public)
    return cbor.encode_deterministic(item)


def decode_leaf(data: bytes) -> Leaf:
    """Read a leaf.

    Raises:
        MalformedEvidence: ``ledger/leaf`` or ``cbor/...``: anything that `make_leaf` and
            `encode_leaf` would not have written.
    """
    if len(data) > MAX_LEAF_BYTES:
        raise MalformedEvidence(LEAF_FORM, f"{len(data)} bytes")
    item = cbor.decode_map(data)
    at = cbor.member(item, _AT, int)
    if not 0 <= at <= MAX_AT:
        raise MalformedEvidence(LEAF_FORM, "a time that no date has")
    try:
        kind = LeafKind(cbor.member(item, _KIND, str))
    except ValueError as error:
        raise MalformedEvidence(LEAF_FORM, "no such kind") from error
    leaf = Leaf(
        kind=kind,
        at=datetime.fromtimestamp(at, UTC),
        commitments=cbor.member(item, _COMMITMENTS, dict),
        public=cbor.member(item, _PUBLIC, dict) if _PUBLIC in item else {},
    )
    if fault := _fault(leaf):
        raise MalformedEvidence(LEAF_FORM, fault)
    if encode_leaf(leaf) != data:
        raise MalformedEvidence(LEAF_FORM, "not as it would be written")
    return leaf


def open_commitment(leaf: Leaf, name: str, *, value: bytes, salt: bytes) -> bytes:
    """Check that a leaf is about a value, and give the value back.

    Args:
        leaf: The leaf.
        name: Of the commitment.
        value: What is shown to have been committed to.
        salt: Shown with it.

    Raises:
        BadEvidence: ``ledger/commitment``.
    """
    committed = leaf.commitments.get(name)
    if committed is None or len(salt) != SALT_OCTETS:
        raise BadEvidence(COMMITMENT, f"{name[:MAX_TEXT_CHARACTERS]}: nothing to open")
    if not hmac.compare_digest(committed, commit(value, salt)):
        raise BadEvidence(COMMITMENT, name[:MAX_TEXT_CHARACTERS])
    return value


def _fault(leaf: Leaf) -> str:
    """What keeps a leaf from being one of its kind; empty where nothing does."""
    shape = SHAPES[leaf.kind]
    names = leaf.commitments.keys()
    if not shape.committed <= names <= shape.committed | shape.may_commit:
        return "other commitments than its kind has"
    if leaf.public.keys() != shape.public:
        return "other public members than its kind has"
    if any(type(e) is not bytes or len(e) != DIGEST_OCTETS for e in leaf.commitments.values()):
        return "a commitment that is no digest"
    if not all(_is_public(each) for each in leaf.public.values()):
        return "a public member of another type or too long"
    return ""


def _is_public(value: object) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= MAX_TEXT_CHARACTERS
    return isinstance(value, bytes) and 0 < len(value) <= MAX_LEAF_BYTES // 2
