"""The Merkle tree against its definition, and against whoever rewrites it."""

from __future__ import annotations

from hashlib import sha256

import pytest

from tests.authentication.ledger.trees import CT_LEAVES, grow, mth, path, proof
from tests.support import misuse, refused
from warifu.authentication.ledger import merkle, rules

LEAVES = tuple(bytes([n, n]) for n in range(40))
FRONTIER, NODES = grow(LEAVES)
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
CT_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_an_empty_tree_and_the_known_eight_leaves() -> None:
    assert merkle.EMPTY_ROOT.hex() == EMPTY
    assert merkle.root(merkle.Frontier()) == merkle.EMPTY_ROOT
    assert mth(CT_LEAVES).hex() == CT_ROOT
    assert merkle.root(grow(CT_LEAVES)[0]).hex() == CT_ROOT


@pytest.mark.parametrize("size", range(1, 41))
def test_appending_one_by_one_or_at_once_gives_the_defined_root(size: int) -> None:
    frontier = merkle.Frontier()
    nodes: dict[merkle.Place, bytes] = {}
    for each in LEAVES[:size]:
        frontier, new = merkle.append(frontier, [merkle.leaf_hash(each)])
        assert not new.keys() & nodes.keys()
        nodes |= new
    assert merkle.root(frontier) == mth(LEAVES[:size])
    assert (frontier, nodes) == grow(LEAVES[:size])
    assert merkle.frontier_of(size, nodes) == frontier


def test_a_stored_node_is_the_hash_of_its_leaves() -> None:
    for (level, number), found in NODES.items():
        low = number << level
        assert found == mth(LEAVES[low : low + (1 << level)])


def test_every_leaf_of_every_size_is_proved_by_the_defined_path() -> None:
    for size in range(1, len(LEAVES) + 1):
        for index in range(size):
            needed = {each: NODES[each] for each in merkle.inclusion_places(index, size)}
            made = merkle.inclusion_proof(index, size, needed)
            assert list(made) == path(index, LEAVES[:size])
            merkle.check_inclusion(
                merkle.leaf_hash(LEAVES[index]),
                index=index,
                size=size,
                path=made,
                root=mth(LEAVES[:size]),
            )


def test_every_pair_of_sizes_is_proved_by_the_defined_proof() -> None:
    for second in range(len(LEAVES) + 1):
        for first in range(second + 1):
            needed = {each: NODES[each] for each in merkle.consistency_places(first, second)}
            made = merkle.consistency_proof(first, second, needed)
            assert list(made) == (proof(first, LEAVES[:second]) if first else [])
            consistent(first, second, made)


def consistent(first: int, second: int, made: tuple[bytes, ...]) -> None:
    merkle.check_consistency(
        first=first,
        first_root=mth(LEAVES[:first]),
        second=second,
        second_root=mth(LEAVES[:second]),
        proof=made,
    )


def included(index: int, size: int, made: tuple[bytes, ...], leaf: bytes | None = None) -> None:
    merkle.check_inclusion(
        merkle.leaf_hash(LEAVES[index] if leaf is None else leaf),
        index=index,
        size=size,
        path=made,
        root=mth(LEAVES[:size]),
    )


@pytest.mark.parametrize("size", [1, 2, 7, 8, 21, 40])
def test_a_rewritten_leaf_is_not_included(size: int) -> None:
    for index in range(size):
        made = merkle.inclusion_proof(index, size, NODES)
        with refused(rules.INCLUSION):
            included(index, size, made, b"rewritten")


def test_a_proof_of_another_leaf_proves_nothing() -> None:
    with refused(rules.INCLUSION):
        included(3, 8, merkle.inclusion_proof(5, 8, NODES))


def test_a_node_does_not_pass_for_a_leaf() -> None:
    inner = merkle.leaf_hash(LEAVES[0]) + merkle.leaf_hash(LEAVES[1])
    assert merkle.leaf_hash(inner) != merkle.node_hash(inner[:32], inner[32:])
    assert sha256(inner).digest() != merkle.node_hash(inner[:32], inner[32:])


@pytest.mark.parametrize("size", [2, 7, 8, 21, 40])
def test_a_proof_cut_or_padded_is_no_proof(size: int) -> None:
    for index in range(size):
        made = merkle.inclusion_proof(index, size, NODES)
        for wrong in (made[:-1], (*made, bytes(32))):
            with refused(rules.PROOF):
                included(index, size, wrong)


@pytest.mark.parametrize("wrong", [(bytes(31),), (bytes(32),) * 80])
def test_what_are_no_hashes_is_no_proof(wrong: tuple[bytes, ...]) -> None:
    with refused(rules.PROOF):
        included(0, 2, wrong)


@pytest.mark.parametrize(("index", "size"), [(-1, 2), (2, 2), (0, 0), (0, 1 << 63)])
def test_a_place_outside_the_log_is_refused(index: int, size: int) -> None:
    with refused(rules.PLACE):
        merkle.check_inclusion(bytes(32), index=index, size=size, path=(), root=bytes(32))
    with misuse(rules.PLACE):
        merkle.inclusion_proof(index, size, NODES)


@pytest.mark.parametrize(("first", "second"), [(-1, 2), (0, 1 << 63), (1 << 63, 4)])
def test_a_size_that_no_log_has_is_refused(first: int, second: int) -> None:
    with refused(rules.PLACE):
        merkle.check_consistency(
            first=first, first_root=bytes(32), second=second, second_root=bytes(32), proof=()
        )
    with misuse(rules.PLACE):
        merkle.consistency_proof(first, second, NODES)


def test_a_rewritten_history_is_no_extension() -> None:
    for first in range(1, 40):
        made = merkle.consistency_proof(first, 40, NODES)
        with refused(rules.CONSISTENCY):
            merkle.check_consistency(
                first=first,
                first_root=mth([b"rewritten", *LEAVES[1:first]]),
                second=40,
                second_root=mth(LEAVES),
                proof=made,
            )


def test_a_shortened_log_is_no_extension() -> None:
    with refused(rules.CONSISTENCY):
        consistent(8, 7, ())


@pytest.mark.parametrize("size", [0, 5])
def test_a_fork_of_two_heads_of_one_size_is_no_extension(size: int) -> None:
    with refused(rules.CONSISTENCY):
        merkle.check_consistency(
            first=size,
            first_root=mth(LEAVES[:size]),
            second=size,
            second_root=mth(LEAVES[1 : size + 2]),
            proof=(),
        )


def test_an_empty_log_with_a_root_of_its_own_extends_to_nothing() -> None:
    with refused(rules.CONSISTENCY):
        merkle.check_consistency(
            first=0, first_root=bytes(32), second=3, second_root=mth(LEAVES[:3]), proof=()
        )


@pytest.mark.parametrize("first", [3, 4, 6, 7])
def test_a_consistency_proof_cut_or_padded_is_no_proof(first: int) -> None:
    made = merkle.consistency_proof(first, 8, NODES)
    for wrong in (made[:-1], (*made, bytes(32))):
        with refused(rules.PROOF):
            consistent(first, 8, wrong)


@pytest.mark.parametrize(("first", "second"), [(0, 3), (3, 3)])
def test_a_proof_where_nothing_is_to_prove_is_refused(first: int, second: int) -> None:
    with refused(rules.PROOF):
        consistent(first, second, (bytes(32),))


def test_an_empty_consistency_proof_of_an_incomplete_tree_is_refused() -> None:
    with refused(rules.PROOF):
        consistent(3, 8, ())


def test_a_missing_node_is_the_caller_s_mistake() -> None:
    with misuse(rules.NODES):
        merkle.inclusion_proof(0, 2, {})
    with misuse(rules.NODES):
        merkle.frontier_of(1, {(0, 0): b"short"})


@pytest.mark.parametrize("frontier", [(1, ()), (-1, ()), (1 << 63, (bytes(32),))])
def test_what_is_no_frontier_is_not_appended_to(frontier: tuple[int, tuple[bytes, ...]]) -> None:
    with misuse(rules.PLACE):
        merkle.append(merkle.Frontier(size=frontier[0], hashes=frontier[1]), [])


def test_what_is_no_hash_is_not_appended() -> None:
    with misuse(rules.PROOF):
        merkle.append(merkle.Frontier(), [b"leaf"])
