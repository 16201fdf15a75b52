"""The sequencer: one process at a time gives places to leaves, and signs what it committed.

::

    lease ─► places, nodes and head in one commit, fenced by the lease's token ─► sign that head

A process that is killed leaves at most a head without a checkpoint, which the next one signs. The
lease only saves work: what forbids two histories is the token in the commit, the unique place of a
leaf and the primary key of a head. So clocks of several hosts that differ do no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.authentication.ledger import lease as leases
from warifu.authentication.ledger.checkpoint import Checkpoint, sign_checkpoint
from warifu.authentication.ledger.lease import Head, Lease, LeaseState
from warifu.authentication.ledger.merkle import (
    append,
    frontier_of,
    frontier_places,
    leaf_hash,
    root,
)
from warifu.authentication.ledger.rules import COMMITTED, LEASE_CURRENT, LEASE_HELD, ONE_HEAD
from warifu.base.errors import Denied
from warifu.base.keys.purpose import KeyPurpose
from warifu.service.store import ledger as store
from warifu.service.store.ledger import StoredHead, StoredLease

if TYPE_CHECKING:
    from warifu.service.composition import Composition
    from warifu.service.store.database import Statement

AT_ONCE = 256
"""Leaves placed in one commit."""


class Sequenced(Struct, frozen=True, kw_only=True):
    """What one turn did."""

    placed: int
    size: int
    """Leaves of the log that have a place."""
    signed: bool
    """Whether the newest head has its checkpoint now."""


def origin_of(house: Composition, tenant: str) -> str:
    """The name of a tenant's log."""
    return f"{house.settings.verifier}/{tenant}"


def sequence(house: Composition, tenant: str, *, holder: str, at_once: int = AT_ONCE) -> Sequenced:
    """One turn of one log: place what waits, and sign.

    Args:
        house: The process.
        tenant: Whose log.
        holder: A name of this process, new with every start.
        at_once: The most leaves that it places.

    Raises:
        Denied: ``ledger/lease-held`` where it is another's turn; ``ledger/lease-current`` where it
            became another's meanwhile, and nothing was written.
        VerifierFault: ``store/available``; ``keys/no-signer`` where leaves have places, but there
            is no key to sign with.
    """
    held = take_lease(house, tenant, holder=holder)
    placed, head = _place(house, tenant, held, at_once)
    if head is None:
        return Sequenced(placed=0, size=0, signed=True)
    if head.checkpoint is None:
        sign_committed(house, tenant, held, head.size)
    return Sequenced(placed=placed, size=head.size, signed=True)


def take_lease(house: Composition, tenant: str, *, holder: str) -> Lease:
    """Acquire the lease, or renew it.

    Raises:
        Denied: ``ledger/lease-held``.
    """
    now = house.clock()
    before = store.read_lease(house.database, tenant)
    known = None if before is None else _lease(before)
    if known is not None and known.holder == holder and known.state(now) is LeaseState.HELD:
        after = leases.renew(known, holder=holder, token=known.token, now=now)
    else:
        after = leases.acquire(known, holder=holder, now=now)
    kept = StoredLease(holder=after.holder, token=after.token, until=after.until)
    house.database.apply([store.store_lease(tenant, before, kept, otherwise=LEASE_HELD)])
    return after


def give_back(house: Composition, tenant: str, *, holder: str) -> None:
    """Let the next one begin at once, where this process holds the lease."""
    before = store.read_lease(house.database, tenant)
    if before is None or before.holder != holder:
        return
    after = StoredLease(holder="", token=before.token, until=house.clock())
    house.database.apply([store.store_lease(tenant, before, after, otherwise=LEASE_CURRENT)])


def sign_committed(house: Composition, tenant: str, held: Lease, size: int) -> bytes:
    """Sign the head of a size, as the store has it now.

    Raises:
        Denied: ``ledger/lease-current``, ``ledger/committed``, ``ledger/one-head``.
        VerifierFault: ``keys/no-signer``.
    """
    now = house.clock()
    with house.database.read() as transaction:
        stored = store.find_head(transaction, tenant, size)
        lease = store.read_lease(transaction, tenant)
    if stored is None:
        raise Denied(COMMITTED, f"{size} leaves")
    head = leases.check_signable(
        _head(stored),
        _head(stored),
        lease=None if lease is None else _lease(lease),
        holder=held.holder,
        token=held.token,
        now=now,
    )
    checkpoint = Checkpoint(origin=origin_of(house, tenant), size=head.size, root=head.root)
    signer = house.keys.ring(now).signer(KeyPurpose.CHECKPOINT, now)
    signed = sign_checkpoint(checkpoint, signer)
    house.database.apply(
        [
            store.require_lease(
                tenant, holder=held.holder, token=held.token, otherwise=LEASE_CURRENT
            ),
            store.sign_head(tenant, stored, signed, otherwise=ONE_HEAD),
        ]
    )
    return signed


def _place(
    house: Composition, tenant: str, held: Lease, at_once: int
) -> tuple[int, StoredHead | None]:
    """Give places to leaves that wait; how many, and the newest head."""
    now = house.clock()
    with house.database.read() as transaction:
        newest = store.newest_head(transaction, tenant)
        waiting = store.waiting_leaves(transaction, tenant, limit=at_once)
        size = 0 if newest is None else newest.size
        nodes = store.read_nodes(transaction, tenant, frontier_places(size))
    if not waiting:
        return 0, newest
    frontier, new_nodes = append(frontier_of(size, nodes), [leaf_hash(leaf) for _, leaf in waiting])
    head = leases.next_head(
        None if newest is None else _head(newest),
        Head(size=frontier.size, root=root(frontier), token=held.token),
    )
    changes: list[Statement] = [
        store.require_lease(tenant, holder=held.holder, token=held.token, otherwise=LEASE_CURRENT),
        store.insert_head(
            tenant,
            size=head.size,
            root=head.root,
            token=head.token,
            at=now,
            otherwise=ONE_HEAD,
        ),
    ]
    changes += (
        store.place_leaf(tenant, leaf_id, place=size + n, otherwise=ONE_HEAD)
        for n, (leaf_id, _) in enumerate(waiting)
    )
    changes += (store.insert_node(tenant, place, node) for place, node in new_nodes.items())
    house.database.apply(changes)
    return len(waiting), StoredHead(
        size=head.size, root=head.root, token=head.token, at=now, checkpoint=None
    )


def _lease(stored: StoredLease) -> Lease:
    return Lease(holder=stored.holder, token=stored.token, until=stored.until)


def _head(stored: StoredHead) -> Head:
    return Head(size=stored.size, root=stored.root, token=stored.token)
