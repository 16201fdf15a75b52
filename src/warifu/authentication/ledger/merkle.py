"""The Merkle tree of RFC 9162 §2.1: appended to without reading it, proofs made and checked.

Only complete subtrees are stored, each once and for ever, under its place ``(level, number)``: the
hash over the leaves ``number * 2^level`` to ``(number + 1) * 2^level``, the last one not included.
What is not complete is made from those when it is needed, so that nothing stored ever changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import TypeAlias

from msgspec import Struct

from warifu.authentication.ledger.rules import CONSISTENCY, INCLUSION, NODES, PLACE, PROOF
from warifu.base.errors import BadEvidence, MalformedEvidence, Misuse

HASH_OCTETS = 32
MAX_SIZE = (1 << 63) - 1
"""Leaves of a log: what databases count to."""
MAX_PROOF_HASHES = 64

EMPTY_ROOT = sha256(b"").digest()
"""RFC 9162 §2.1.1: the hash of an empty list."""

Place: TypeAlias = tuple[int, int]
"""Level and number of a complete subtree; leaves have level 0."""
Nodes: TypeAlias = Mapping[Place, bytes]
Span: TypeAlias = tuple[int, int]
"""Leaves from the first up to, not including, the second."""


class Frontier(Struct, frozen=True, kw_only=True):
    """The complete subtrees that a log is made of, largest first: all that appending needs."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()


def leaf_hash(leaf: bytes) -> bytes:
    """RFC 9162 §2.1.1: a leaf is hashed behind 0x00, so that no node passes for one."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 9162 §2.1.1: two subtrees are hashed behind 0x01."""
    return sha256(b"\x01" + left + right).digest()


def append(frontier: Frontier, leaf_hashes: Iterable[bytes]) -> tuple[Frontier, dict[Place, bytes]]:
    """Append leaves.

    Args:
        frontier: Of the log before.
        leaf_hashes: `leaf_hash` of each new leaf, in order.

    Returns:
        The frontier of the log after, and all nodes that are new and to be stored.

    Raises:
        Misuse: ``ledger/place`` for a log that is full or no frontier, ``ledger/proof`` for what
            is no hash.
    """
    size, hashes = frontier.size, list(frontier.hashes)
    if not 0 <= size <= MAX_SIZE or len(hashes) != size.bit_count():
        raise Misuse(PLACE, f"{len(hashes)} subtrees of {size} leaves")
    new: dict[Place, bytes] = {}
    for each in leaf_hashes:
        if len(each) != HASH_OCTETS or size == MAX_SIZE:
            raise Misuse(PROOF, "no hash, or the log is full")
        node, level, number = each, 0, size
        new[level, number] = node
        # Each one bit at the end of the size is a complete subtree that the new one completes.
        while number & 1:
            node = node_hash(hashes.pop(), node)
            level, number = level + 1, number >> 1
            new[level, number] = node
        hashes.append(node)
        size += 1
    return Frontier(size=size, hashes=tuple(hashes)), new


def root(frontier: Frontier) -> bytes:
    """The root hash of the log (RFC 9162 §2.1.1)."""
    if not frontier.hashes:
        return EMPTY_ROOT
    *rest, found = frontier.hashes
    for each in reversed(rest):
        found = node_hash(each, found)
    return found


def frontier_places(size: int) -> tuple[Place, ...]:
    """Where the frontier of a log of `size` leaves is stored, largest subtree first.

    Raises:
        Misuse: ``ledger/place``.
    """
    return tuple(_complete((0, _sound(size))))


def frontier_of(size: int, nodes: Nodes) -> Frontier:
    """The frontier from stored nodes, such as after a start.

    Raises:
        Misuse: ``ledger/place``, ``ledger/nodes``.
    """
    return Frontier(size=size, hashes=tuple(_node(nodes, each) for each in frontier_places(size)))


def inclusion_places(index: int, size: int) -> tuple[Place, ...]:
    """The stored nodes that `inclusion_proof` needs.

    Raises:
        Misuse: ``ledger/place``.
    """
    return tuple(place for span in _inclusion_spans(index, size) for place in _complete(span))


def inclusion_proof(index: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """PATH(index, D[size]) of RFC 9162 §2.1.3.1, from the leaf upwards.

    Raises:
        Misuse: ``ledger/place``, ``ledger/nodes``.
    """
    return tuple(_span_hash(span, nodes) for span in _inclusion_spans(index, size))


def consistency_places(first: int, second: int) -> tuple[Place, ...]:
    """The stored nodes that `consistency_proof` needs.

    Raises:
        Misuse: ``ledger/place``.
    """
    return tuple(place for span in _consistency_spans(first, second) for place in _complete(span))


def consistency_proof(first: int, second: int, nodes: Nodes) -> tuple[bytes, ...]:
    """PROOF(first, D[second]) of RFC 9162 §2.1.4.1; empty where either says all by itself.

    Raises:
        Misuse: ``ledger/place``, ``ledger/nodes``.
    """
    return tuple(_span_hash(span, nodes) for span in _consistency_spans(first, second))


def check_inclusion(
    leaf: bytes, *, index: int, size: int, path: tuple[bytes, ...], root: bytes
) -> None:
    """Check that a leaf is at a place of a log (RFC 9162 §2.1.3.2).

    Args:
        leaf: Its hash.
        index: Its place, from 0.
        size: Leaves of the log.
        path: The proof.
        root: Root hash of the log at that size.

    Raises:
        MalformedEvidence: ``ledger/place``, ``ledger/proof``.
        BadEvidence: ``ledger/inclusion``.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise MalformedEvidence(PLACE, f"leaf {index} of {size}")
    _check_hashes((leaf, root, *path))
    at, last, found = index, size - 1, leaf
    for each in path:
        if last == 0:
            raise MalformedEvidence(PROOF, "longer than the tree is high")
        if at & 1 or at == last:
            found = node_hash(each, found)
            while not at & 1 and at:
                # At the right edge, levels without a sibling are skipped.
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, each)
        at, last = at >> 1, last >> 1
    if last:
        raise MalformedEvidence(PROOF, "shorter than the tree is high")
    if not compare_digest(found, root):
        raise BadEvidence(INCLUSION, f"leaf {index} of {size}")


def check_consistency(
    *,
    first: int,
    first_root: bytes,
    second: int,
    second_root: bytes,
    proof: tuple[bytes, ...],
) -> None:
    """Check that the second head of a log extends the first (RFC 9162 §2.1.4.2).

    Raises:
        MalformedEvidence: ``ledger/place``, ``ledger/proof``.
        BadEvidence: ``ledger/consistency``: the log was shortened, forked or rewritten.
    """
    if not 0 <= first <= MAX_SIZE or not 0 <= second <= MAX_SIZE:
        raise MalformedEvidence(PLACE, f"from {first} to {second}")
    _check_hashes((first_root, second_root, *proof))
    if second < first:
        raise BadEvidence(CONSISTENCY, f"{second} leaves after {first}")
    if first in {0, second}:
        _check_trivial(first, first_root, second_root, proof, grows=first != second)
        return
    # Step 1: where the first tree is one complete subtree, the proof leaves its root out.
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    if not path:
        raise MalformedEvidence(PROOF, "empty")
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for each in path[1:]:
        if last == 0:
            raise MalformedEvidence(PROOF, "longer than the tree is high")
        if at & 1 or at == last:
            old, new = node_hash(each, old), node_hash(each, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, each)
        at, last = at >> 1, last >> 1
    if last:
        raise MalformedEvidence(PROOF, "shorter than the tree is high")
    if not (compare_digest(old, first_root) and compare_digest(new, second_root)):
        raise BadEvidence(CONSISTENCY, f"from {first} to {second}")


def _check_trivial(
    first: int, first_root: bytes, second_root: bytes, proof: tuple[bytes, ...], *, grows: bool
) -> None:
    """From nothing, and from a size to itself, there is nothing to prove but the roots."""
    if proof:
        raise MalformedEvidence(PROOF, "a proof where there is nothing to prove")
    expected = EMPTY_ROOT if first == 0 else second_root
    same = compare_digest(first_root, expected)
    if not same or not (grows or compare_digest(first_root, second_root)):
        raise BadEvidence(CONSISTENCY, f"two heads of {first} leaves")


def _check_hashes(hashes: tuple[bytes, ...]) -> None:
    if len(hashes) > MAX_PROOF_HASHES + 2 or any(len(each) != HASH_OCTETS for each in hashes):
        raise MalformedEvidence(PROOF, f"{len(hashes)} hashes")


def _sound(size: int) -> int:
    if not 0 <= size <= MAX_SIZE:
        raise Misuse(PLACE, f"{size} leaves")
    return size


def _split(span: Span) -> tuple[Span, Span]:
    """At the largest power of two that leaves something on the right (RFC 9162 §2.1.1)."""
    low, high = span
    middle = low + (1 << ((high - low - 1).bit_length() - 1))
    return (low, middle), (middle, high)


def _inclusion_spans(index: int, size: int) -> list[Span]:
    if not 0 <= index < _sound(size):
        raise Misuse(PLACE, f"leaf {index} of {size}")
    spans: list[Span] = []
    span = (0, size)
    while span[1] - span[0] > 1:
        left, right = _split(span)
        span, beside = (left, right) if index < right[0] else (right, left)
        spans.append(beside)
    return spans[::-1]


def _consistency_spans(first: int, second: int) -> list[Span]:
    if not 0 <= first <= _sound(second):
        raise Misuse(PLACE, f"from {first} to {second}")
    if first in {0, second}:
        return []
    spans: list[Span] = []
    span = (0, second)
    while first < span[1]:
        left, right = _split(span)
        span, beside = (left, right) if first <= right[0] else (right, left)
        spans.append(beside)
    # RFC 9162 §2.1.4.1: the old tree itself is left out, the receiver has its root.
    return [span, *spans[::-1]] if span[0] else spans[::-1]


def _complete(span: Span) -> Iterable[Place]:
    """The complete subtrees that a span is made of; it begins where its size allows one."""
    low, high = span
    while low < high:
        level = (high - low).bit_length() - 1
        yield level, low >> level
        low += 1 << level


def _span_hash(span: Span, nodes: Nodes) -> bytes:
    hashes = tuple(_node(nodes, each) for each in _complete(span))
    return root(Frontier(size=span[1] - span[0], hashes=hashes))


def _node(nodes: Nodes, place: Place) -> bytes:
    found = nodes.get(place)
    if found is None or len(found) != HASH_OCTETS:
        raise Misuse(NODES, f"level {place[0]}, number {place[1]}")
    return found
