"""A receipt's file as it is written down in docs/formats/receipt.md: read, and not yet believed."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any, TypeVar

from msgspec import Struct

from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.pki.sign1 import TYPE, Sign1, read_sign1
from warifu.receipt_check import rules

MAX_RECEIPT_BYTES = 1 << 18
MAX_PUBLISHED = 16
MAX_PATH = 64
SIGNED_TYPE = "application/vnd.warifu.receipt+cose"
OUTCOME, LEAF, TRANSACTION, PROOF, KEY, EVIDENCE, BINDING, ENDORSEMENT = range(1, 9)
"""Numbers of the parts."""

_LAST_SECOND = 253_402_300_799
_VERSION = 1
_SALT = 32
_TAG = b"\xd2"

T = TypeVar("T")


class Part(Struct, frozen=True, kw_only=True):
    """One part whose hash is the one that the server signed."""

    openings: Mapping[str, bytes]
    """Salts of commitments in the receipt's leaf, by name."""
    content: bytes


class Place(Struct, frozen=True, kw_only=True):
    """Where a leaf is said to be, with the proof."""

    index: int
    path: tuple[bytes, ...]


class Inclusion(Struct, frozen=True, kw_only=True):
    """What the receipt says of the log."""

    checkpoint: bytes
    place: Place
    binding: Place | None
    published: tuple[tuple[bytes, Place], ...]
    endorsement: Place | None


class File(Struct, frozen=True, kw_only=True):
    """A receipt whose parts fit its statement. The statement's signature is still to be checked."""

    message: Sign1
    verifier: str
    issued_at: datetime
    log: str
    stated: frozenset[int]
    """Parts that the receipt was issued with."""
    parts: Mapping[int, Part]
    """Those that are still there."""
    inclusion: Inclusion | None


class Outcome(Struct, frozen=True, kw_only=True):
    """The outcome, as the server states it."""

    transaction: bytes
    template: bytes
    state: str
    verdict: int | None
    reason: int | None
    decision: str
    reasons: tuple[str, ...]
    rule_set: bytes
    at: datetime


class EvidenceCopy(Struct, frozen=True, kw_only=True):
    """The evidence behind the key, and how it was judged."""

    media_type: str
    data: bytes
    expected: bytes
    at: datetime
    known_at: datetime
    snapshots: Mapping[str, Any]


class Leaf(Struct, frozen=True, kw_only=True):
    """A leaf of the log."""

    kind: str
    at: datetime
    commitments: Mapping[str, bytes]
    public: Mapping[str, Any]


def read_file(data: bytes) -> File:
    """Read a receipt.

    Raises:
        BadEvidence: ``receipt-check/form``, ``receipt-check/parts``, ``cbor/*``, ``cose/*``.
    """
    item = _map(data, {1, 2, 3}, {4})
    signed = _member(item, 2, bytes)
    message = read_sign1(signed)
    # One encoding, tagged, with nothing outside the signature: something covers every byte.
    protected = cbor.encode_deterministic(message.header)
    whole = cbor.encode_deterministic([protected, {}, message.payload, message.signature])
    if _TAG + whole != signed or message.header.get(TYPE) != SIGNED_TYPE:
        raise MalformedEvidence(rules.FORM, "not a server's signature on a receipt")
    statement = _map(message.payload, {1, 2, 3, 4, 5})
    if item[1] != _VERSION or statement[1] != _VERSION:
        raise MalformedEvidence(rules.FORM, "another version")
    digests = _member(statement, 5, dict)
    parts = _member(item, 3, dict)
    return File(
        message=message,
        verifier=_member(statement, 2, str),
        issued_at=_time(statement, 3),
        log=_member(statement, 4, str),
        stated=frozenset(digests),
        parts={number: _part(number, digests, part) for number, part in parts.items()},
        inclusion=_inclusion(item[4]) if 4 in item else None,
    )


def read_outcome(content: bytes) -> Outcome:
    """Read the outcome's part.

    Raises:
        BadEvidence: ``receipt-check/form``, ``cbor/*``.
    """
    item = _map(content, {1, 2, 3, 6, 7, 8, 9}, {4, 5})
    reasons = _member(item, 7, list)
    if not all(type(each) is str for each in reasons):
        raise MalformedEvidence(rules.FORM, "reasons that are no text")
    return Outcome(
        transaction=_member(item, 1, bytes),
        template=_member(item, 2, bytes),
        state=_member(item, 3, str),
        verdict=_optional(item, 4, int),
        reason=_optional(item, 5, int),
        decision=_member(item, 6, str),
        reasons=tuple(reasons),
        rule_set=_member(item, 8, bytes),
        at=_time(item, 9),
    )


def read_evidence(content: bytes) -> EvidenceCopy:
    """Read the evidence's part.

    Raises:
        BadEvidence: ``receipt-check/form``, ``cbor/*``.
    """
    item = _map(content, {1, 2, 3, 4, 5, 6}, {7, 8})
    return EvidenceCopy(
        media_type=_member(item, 1, str),
        data=_member(item, 2, bytes),
        expected=_member(item, 3, bytes),
        at=_time(item, 4),
        known_at=_time(item, 5),
        snapshots=_member(item, 6, dict),
    )


def read_map(
    content: bytes,
    required: Mapping[int, type],
    optional: Mapping[int, type] | None = None,
) -> dict[int, Any]:
    """Read a part that is a map with members of known types; absent ones are None.

    Raises:
        BadEvidence: ``receipt-check/form``, ``cbor/*``.
    """
    optional = optional or {}
    item = _map(content, set(required), set(optional))
    return {
        **{number: _member(item, number, kind) for number, kind in required.items()},
        **{number: _optional(item, number, kind) for number, kind in optional.items()},
    }


def read_leaf(data: bytes, *kinds: str) -> Leaf:
    """Read a leaf of one of some kinds.

    Raises:
        BadEvidence: ``receipt-check/leaf``, ``receipt-check/form``, ``cbor/*``.
    """
    item = _map(data, {1, 2, 3, 4}, {5})
    leaf = Leaf(
        kind=_member(item, 2, str),
        at=_time(item, 3),
        commitments=_member(item, 4, dict),
        public=_optional(item, 5, dict) or {},
    )
    if item[1] != _VERSION or leaf.kind not in kinds:
        raise BadEvidence(rules.LEAF, f"{leaf.kind[:60]}, not {' or '.join(kinds)}")
    return leaf


def open_value(leaf: Leaf, name: str, value: bytes, salts: Mapping[str, bytes]) -> None:
    """Check that a value with its salt is what a leaf commits to.

    Raises:
        BadEvidence: ``receipt-check/opening``.
    """
    committed, salt = leaf.commitments.get(name), salts.get(name)
    if type(committed) is not bytes or type(salt) is not bytes or len(salt) != _SALT:
        raise BadEvidence(rules.OPENING, f"{name}: nothing to open")
    if not compare_digest(committed, sha256(salt + value).digest()):
        raise BadEvidence(rules.OPENING, name)


def moment(seconds: int) -> datetime:
    """Seconds since 1970 as a time in UTC.

    Raises:
        MalformedEvidence: ``receipt-check/form``.
    """
    if not 0 <= seconds <= _LAST_SECOND:
        raise MalformedEvidence(rules.FORM, "a time that no date has")
    return datetime.fromtimestamp(seconds, UTC)


def _part(number: object, digests: Mapping[Any, Any], data: object) -> Part:
    expected = digests.get(number)
    if type(data) is not bytes or type(expected) is not bytes:
        raise BadEvidence(rules.PARTS, "a part that the server did not sign")
    if not compare_digest(expected, sha256(data).digest()):
        raise BadEvidence(rules.PARTS, f"part {number!r:.20}")
    match cbor.decode(data, max_bytes=MAX_RECEIPT_BYTES):
        case [bytes(), dict(openings), bytes(content)]:
            return Part(openings=openings, content=content)
        case _:
            raise MalformedEvidence(rules.FORM, "a part that is not salt, openings and content")


def _inclusion(item: object) -> Inclusion:
    found = _checked(item, {1, 2}, {3, 4, 5})
    published = _optional(found, 4, list) or []
    if len(published) > MAX_PUBLISHED:
        raise MalformedEvidence(rules.FORM, f"{len(published)} published keys")
    return Inclusion(
        checkpoint=_member(found, 1, bytes),
        place=_place(found[2]),
        binding=_place(found[3]) if 3 in found else None,
        published=tuple(_published(each) for each in published),
        endorsement=_place(found[5]) if 5 in found else None,
    )


def _published(item: object) -> tuple[bytes, Place]:
    match item:
        case [bytes(leaf), place]:
            return leaf, _place(place)
        case _:
            raise MalformedEvidence(rules.FORM, "a published key without leaf and place")


def _place(item: object) -> Place:
    match item:
        case [index, list(path)] if type(index) is int and len(path) <= MAX_PATH:
            pass
        case _:
            raise MalformedEvidence(rules.FORM, "a place in the log")
    if not all(type(each) is bytes for each in path):
        raise MalformedEvidence(rules.FORM, "a path that is not of hashes")
    return Place(index=index, path=tuple(path))


def _map(
    data: bytes,
    required: AbstractSet[int],
    optional: AbstractSet[int] = frozenset(),
) -> dict[Any, Any]:
    item = _checked(cbor.decode(data, max_bytes=MAX_RECEIPT_BYTES), required, optional)
    if cbor.encode_deterministic(item) != data:
        raise MalformedEvidence(rules.FORM, "not deterministic")
    return item


def _checked(
    item: object, required: AbstractSet[int], optional: AbstractSet[int]
) -> dict[Any, Any]:
    if type(item) is not dict or not required <= item.keys() <= required | optional:
        raise MalformedEvidence(rules.FORM, "other members than documented")
    return item


def _member(item: Mapping[Any, Any], number: int, kind: type[T]) -> T:
    return cbor.member(item, number, kind)


def _optional(item: Mapping[Any, Any], number: int, kind: type[T]) -> T | None:
    return cbor.member(item, number, kind) if number in item else None


def _time(item: Mapping[Any, Any], number: int) -> datetime:
    return moment(_member(item, number, int))
