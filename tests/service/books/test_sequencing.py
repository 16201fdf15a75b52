"""One history: whoever sequences, is killed, sleeps too long or comes twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.service.house import TENANT, Hands, make_house, settle
from warifu.authentication.ledger.checkpoint import follow, log_key, read_checkpoint
from warifu.authentication.ledger.leaf import LeafKind
from warifu.authentication.ledger.merkle import (
    check_inclusion,
    consistency_places,
    consistency_proof,
    inclusion_places,
    inclusion_proof,
    leaf_hash,
)
from warifu.base.errors import Denied
from warifu.base.keys.purpose import KeyPurpose
from warifu.service.conduct.books import sequencing
from warifu.service.conduct.books.leaves import make_kept_leaf, write_leaf
from warifu.service.conduct.books.sequencing import origin_of, sequence, sign_committed, take_lease
from warifu.service.conduct.work import Work
from warifu.service.identifiers import new_id
from warifu.service.store import ledger as store

if TYPE_CHECKING:
    from warifu.authentication.ledger.checkpoint import Checkpoint
    from warifu.service.composition import Composition
    from warifu.service.store.database import Database

AT_ONCE = 7


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def work(database: Database, clock: Hands) -> Work:
    house = make_house(database, clock=clock)
    return Work(house=house, caller=settle(house), now=clock())


def happen(work: Work, times: int) -> list[str]:
    """Write leaves about something of no importance; their ids."""
    made = [
        make_kept_leaf(
            work, LeafKind.GOVERNANCE, public={"subject": "rules", "digest": bytes([n % 256])}
        )
        for n in range(times)
    ]
    work.house.database.apply([write_leaf(work, each, subject="rules") for each in made])
    return [each.id for each in made]


def checkpoint(house: Composition, size: int | None = None) -> Checkpoint:
    """The newest signed head, or the one of a size; its signature is verified."""
    head = (
        store.newest_head(house.database, TENANT, signed=True)
        if size is None
        else store.find_head(house.database, TENANT, size)
    )
    assert head is not None
    assert head.checkpoint is not None
    origin = origin_of(house, TENANT)
    public = house.keys.ring(house.clock()).signer(KeyPurpose.CHECKPOINT, house.clock()).public_key
    return read_checkpoint(
        head.checkpoint, origin=origin, keys=[log_key(origin, public)]
    ).checkpoint


def require_one_history(house: Composition, ids: set[str]) -> None:
    """Every leaf once, in a log whose signed heads extend each other."""
    with house.database.read() as transaction:
        leaves = store.leaves_from(transaction, TENANT, first=0, limit=len(ids) + 1)
        heads = transaction.rows(
            "SELECT size FROM ledger_heads WHERE tenant = :tenant AND checkpoint IS NOT NULL"
            " ORDER BY size",
            tenant=TENANT,
        )
        assert [each.place for each in leaves] == list(range(len(ids)))
        assert {each.id for each in leaves} == ids
        for (first,), (second,) in pairwise(heads):
            nodes = store.read_nodes(transaction, TENANT, consistency_places(first, second))
            proof = consistency_proof(first, second, nodes)
            follow(checkpoint(house, first), checkpoint(house, second), proof)
        last = checkpoint(house)
        assert last.size == len(ids)
        for each in leaves[:: max(1, len(leaves) // 5)]:
            index = each.place or 0
            nodes = store.read_nodes(transaction, TENANT, inclusion_places(index, last.size))
            path = inclusion_proof(index, last.size, nodes)
            check_inclusion(
                leaf_hash(each.leaf), index=index, size=last.size, path=path, root=last.root
            )


def test_leaves_get_places_in_their_order_and_a_signed_head(work: Work) -> None:
    ids = happen(work, 20)
    while sequence(work.house, TENANT, holder="one", at_once=AT_ONCE).placed:
        pass
    require_one_history(work.house, set(ids))


def test_an_empty_log_has_no_head(work: Work) -> None:
    assert sequence(work.house, TENANT, holder="one").size == 0
    assert store.newest_head(work.house.database, TENANT) is None


def test_a_second_sequencer_waits_for_the_lease(work: Work, clock: Hands) -> None:
    happen(work, 1)
    sequence(work.house, TENANT, holder="one")
    with pytest.raises(Denied) as refusal:
        sequence(work.house, TENANT, holder="two")
    assert refusal.value.code == "ledger/lease-held"
    clock.forward(seconds=60)
    assert sequence(work.house, TENANT, holder="two").size == 1


def test_a_lease_that_is_given_back_is_free_at_once(work: Work) -> None:
    happen(work, 1)
    sequence(work.house, TENANT, holder="one")
    sequencing.give_back(work.house, TENANT, holder="one")
    sequencing.give_back(work.house, TENANT, holder="nobody")
    assert sequence(work.house, TENANT, holder="two").size == 1


def test_who_slept_through_its_lease_writes_nothing(work: Work, clock: Hands) -> None:
    ids = happen(work, 3)
    slept = take_lease(work.house, TENANT, holder="one")
    clock.forward(minutes=5)
    sequence(work.house, TENANT, holder="two")
    happen_again = happen(work, 1)
    with pytest.raises(Denied) as refusal:
        sequencing._place(work.house, TENANT, slept, AT_ONCE)
    assert refusal.value.code == "ledger/lease-current"
    with pytest.raises(Denied):
        sign_committed(work.house, TENANT, slept, 3)
    sequence(work.house, TENANT, holder="two")
    require_one_history(work.house, {*ids, *happen_again})


def test_killed_between_commit_and_signature_the_next_one_signs(work: Work, clock: Hands) -> None:
    ids = happen(work, 5)
    held = take_lease(work.house, TENANT, holder="one")
    sequencing._place(work.house, TENANT, held, AT_ONCE)
    head = store.newest_head(work.house.database, TENANT)
    assert head is not None
    assert head.checkpoint is None
    clock.forward(minutes=1)
    sequence(work.house, TENANT, holder="two")
    require_one_history(work.house, set(ids))


def test_a_head_is_signed_once(work: Work) -> None:
    happen(work, 1)
    sequence(work.house, TENANT, holder="one")
    held = take_lease(work.house, TENANT, holder="one")
    with pytest.raises(Denied) as refusal:
        sign_committed(work.house, TENANT, held, 1)
    assert refusal.value.code == "ledger/one-head"
    with pytest.raises(Denied) as refusal:
        sign_committed(work.house, TENANT, held, 2)
    assert refusal.value.code == "ledger/committed"


def test_eight_sequencers_that_steal_the_lease_from_each_other_make_one_history(
    work: Work, clock: Hands
) -> None:
    ids = set(happen(work, 200))

    def run(number: int) -> int:
        placed = 0
        for turn in range(60):
            with suppress(Denied):
                placed += sequence(
                    work.house, TENANT, holder=f"{number}-{turn // 3}", at_once=AT_ONCE
                ).placed
            clock.forward(seconds=11)  # so that leases run out under their holders
        return placed

    with ThreadPoolExecutor(8) as threads:
        placed = sum(threads.map(run, range(8)))
    clock.forward(minutes=1)
    while sequence(work.house, TENANT, holder=new_id(clock()), at_once=AT_ONCE).placed:
        placed += 1
        clock.forward(minutes=1)
    require_one_history(work.house, ids)
