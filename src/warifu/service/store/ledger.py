"""The log: leaves, their places, nodes of the tree, heads, and whose turn it is to extend it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from warifu.service.store.database import Statement, Value, micros, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from warifu.base.rule import Rule
    from warifu.service.store.database import Lookup, Row, Transaction

    Place = tuple[int, int]

NODES_AT_ONCE = 300
"""Parameters in one query are few enough for either database."""


class StoredLeaf(Struct, frozen=True, kw_only=True):
    """A leaf as it is stored."""

    id: str
    place: int | None
    leaf: bytes
    at: datetime


class StoredHead(Struct, frozen=True, kw_only=True):
    """A head as it is stored."""

    size: int
    root: bytes
    token: int
    at: datetime
    checkpoint: bytes | None
    """The signed note; None until it is signed."""


class StoredLease(Struct, frozen=True, kw_only=True):
    """Whose turn it is."""

    holder: str
    token: int
    until: datetime


def insert_leaf(tenant: str, leaf_id: str, *, subject: str, leaf: bytes, at: datetime) -> Statement:
    """A leaf that waits for its place."""
    return Statement(
        sql="INSERT INTO ledger_leaves (tenant, id, subject, leaf, at)"
        " VALUES (:tenant, :id, :subject, :leaf, :at)",
        values={
            "tenant": tenant,
            "id": leaf_id,
            "subject": subject,
            "leaf": leaf,
            "at": micros(at),
        },
    )


def insert_leaf_once(
    tenant: str, leaf_id: str, *, subject: str, leaf: bytes, at: datetime
) -> Statement:
    """The same, where no leaf has this id yet: for what several processes write down."""
    plain = insert_leaf(tenant, leaf_id, subject=subject, leaf=leaf, at=at)
    return replace(plain, sql=f"{plain.sql} ON CONFLICT DO NOTHING")


def must_extend(lookup: Lookup, tenant: str) -> bool:
    """Whether a log has leaves without a place, or a newest head without a checkpoint."""
    row = lookup.row(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM ledger_leaves"
        " WHERE tenant = :tenant AND place IS NULL)"
        " OR EXISTS (SELECT 1 FROM ledger_heads AS head"
        " WHERE head.tenant = :tenant AND checkpoint IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM ledger_heads AS later"
        " WHERE later.tenant = :tenant AND later.size > head.size))",
        tenant=tenant,
    )
    return row is not None


def has_log(lookup: Lookup, tenant: str) -> bool:
    """Whether there is any leaf."""
    row = lookup.row("SELECT 1 FROM ledger_leaves WHERE tenant = :tenant LIMIT 1", tenant=tenant)
    return row is not None


def waiting_leaves(lookup: Transaction, tenant: str, *, limit: int) -> list[tuple[str, bytes]]:
    """Ids and bytes of leaves without a place, oldest first."""
    rows = lookup.rows(
        "SELECT id, leaf FROM ledger_leaves WHERE tenant = :tenant AND place IS NULL"
        " ORDER BY id LIMIT :limit",
        tenant=tenant,
        limit=limit,
    )
    return [(row[0], bytes(row[1])) for row in rows]


def find_leaf(lookup: Lookup, tenant: str, leaf_id: str) -> StoredLeaf | None:
    """One leaf, or None."""
    row = lookup.row(f"{_LEAF} AND id = :id", tenant=tenant, id=leaf_id)
    return None if row is None else _leaf(row)


def leaves_from(
    transaction: Transaction, tenant: str, *, first: int, limit: int
) -> list[StoredLeaf]:
    """Placed leaves in their order, from a place on."""
    rows = transaction.rows(
        f"{_LEAF} AND place >= :first ORDER BY place LIMIT :limit",
        tenant=tenant,
        first=first,
        limit=limit,
    )
    return [_leaf(row) for row in rows]


def place_leaf(tenant: str, leaf_id: str, *, place: int, otherwise: Rule) -> Statement:
    """Give a leaf its place, once."""
    return Statement(
        sql="UPDATE ledger_leaves SET place = :place"
        " WHERE tenant = :tenant AND id = :id AND place IS NULL",
        values={"tenant": tenant, "id": leaf_id, "place": place},
        otherwise=otherwise,
    )


def insert_node(tenant: str, place: Place, node: bytes) -> Statement:
    """A node of the tree, which never changes."""
    return Statement(
        sql="INSERT INTO ledger_nodes (tenant, level, number, hash)"
        " VALUES (:tenant, :level, :number, :hash)",
        values={"tenant": tenant, "level": place[0], "number": place[1], "hash": node},
    )


def read_nodes(
    transaction: Transaction, tenant: str, places: Iterable[Place]
) -> Mapping[Place, bytes]:
    """The stored nodes among some places."""
    found: dict[Place, bytes] = {}
    wanted = sorted(set(places))
    for start in range(0, len(wanted), NODES_AT_ONCE):
        part = wanted[start : start + NODES_AT_ONCE]
        pairs = " OR ".join(f"(level = :l{n} AND number = :n{n})" for n in range(len(part)))
        bound = {f"l{n}": level for n, (level, _) in enumerate(part)}
        bound |= {f"n{n}": number for n, (_, number) in enumerate(part)}
        rows = transaction.rows(
            "SELECT level, number, hash FROM ledger_nodes"  # noqa: S608 - numbered parameters only
            f" WHERE tenant = :tenant AND ({pairs})",
            tenant=tenant,
            **bound,
        )
        found |= {(level, number): bytes(node) for level, number, node in rows}
    return found


def newest_head(lookup: Lookup, tenant: str, *, signed: bool = False) -> StoredHead | None:
    """The largest head, or the largest that is signed; None where there is none."""
    only = " AND checkpoint IS NOT NULL" if signed else ""
    row = lookup.row(f"{_HEAD}{only} ORDER BY size DESC LIMIT 1", tenant=tenant)
    return None if row is None else _head(row)


def find_head(lookup: Lookup, tenant: str, size: int) -> StoredHead | None:
    """The head of a size, or None."""
    row = lookup.row(f"{_HEAD} AND size = :size", tenant=tenant, size=size)
    return None if row is None else _head(row)


def first_head_with(
    lookup: Lookup, tenant: str, *, place: int, witnesses: int
) -> StoredHead | None:
    """The smallest signed head that has a place and enough cosignatures; None where none has."""
    row = lookup.row(
        f"{_HEAD} AND size > :place AND checkpoint IS NOT NULL AND (:witnesses = 0"  # noqa: S608 - names of ours
        " OR (SELECT COUNT(*) FROM ledger_cosignatures WHERE tenant = :tenant"
        " AND ledger_cosignatures.size = ledger_heads.size) >= :witnesses)"
        " ORDER BY size LIMIT 1",
        tenant=tenant,
        place=place,
        witnesses=witnesses,
    )
    return None if row is None else _head(row)


def insert_head(
    tenant: str, *, size: int, root: bytes, token: int, at: datetime, otherwise: Rule
) -> Statement:
    """The one head of a size, not signed yet."""
    return Statement(
        sql="INSERT INTO ledger_heads (tenant, size, root, token, at)"
        " VALUES (:tenant, :size, :root, :token, :at) ON CONFLICT DO NOTHING",
        values={"tenant": tenant, "size": size, "root": root, "token": token, "at": micros(at)},
        otherwise=otherwise,
    )


def sign_head(tenant: str, head: StoredHead, checkpoint: bytes, *, otherwise: Rule) -> Statement:
    """Its checkpoint, once."""
    return Statement(
        sql="UPDATE ledger_heads SET checkpoint = :checkpoint"
        " WHERE tenant = :tenant AND size = :size AND root = :root AND checkpoint IS NULL",
        values={
            "tenant": tenant,
            "size": head.size,
            "root": head.root,
            "checkpoint": checkpoint,
        },
        otherwise=otherwise,
    )


def insert_cosignature(
    tenant: str, *, size: int, witness: str, line: bytes, at: datetime
) -> Statement:
    """What a witness signed; a later one of the same witness changes nothing."""
    return Statement(
        sql="INSERT INTO ledger_cosignatures (tenant, size, witness, line, at)"
        " VALUES (:tenant, :size, :witness, :line, :at) ON CONFLICT DO NOTHING",
        values={
            "tenant": tenant,
            "size": size,
            "witness": witness,
            "line": line,
            "at": micros(at),
        },
    )


def cosignatures_of(transaction: Transaction, tenant: str, size: int) -> list[bytes]:
    """The lines of all witnesses of a head, by their names."""
    rows = transaction.rows(
        "SELECT line FROM ledger_cosignatures WHERE tenant = :tenant AND size = :size"
        " ORDER BY witness",
        tenant=tenant,
        size=size,
    )
    return [bytes(row[0]) for row in rows]


def read_lease(lookup: Lookup, tenant: str) -> StoredLease | None:
    """Whose turn it is, or None where it never was anybody's."""
    row = lookup.row(
        "SELECT holder, token, until_at FROM ledger_leases WHERE tenant = :tenant", tenant=tenant
    )
    return None if row is None else StoredLease(holder=row[0], token=row[1], until=moment(row[2]))


def store_lease(
    tenant: str, before: StoredLease | None, after: StoredLease, *, otherwise: Rule
) -> Statement:
    """Another lease in the place of exactly the one that was read."""
    values: dict[str, Value] = {
        "tenant": tenant,
        "holder": after.holder,
        "token": after.token,
        "until": micros(after.until),
    }
    if before is None:
        return Statement(
            sql="INSERT INTO ledger_leases (tenant, holder, token, until_at)"
            " VALUES (:tenant, :holder, :token, :until) ON CONFLICT DO NOTHING",
            values={**values},
            otherwise=otherwise,
        )
    return Statement(
        sql="UPDATE ledger_leases SET holder = :holder, token = :token, until_at = :until"
        " WHERE tenant = :tenant AND holder = :was AND token = :former AND until_at = :ended",
        values={
            **values,
            "was": before.holder,
            "former": before.token,
            "ended": micros(before.until),
        },
        otherwise=otherwise,
    )


def require_lease(tenant: str, *, holder: str, token: int, otherwise: Rule) -> Statement:
    """Whoever took the lease in between fences this commit off; whoever wants it now waits."""
    return Statement(
        sql="UPDATE ledger_leases SET token = token"
        " WHERE tenant = :tenant AND holder = :holder AND token = :token",
        values={"tenant": tenant, "holder": holder, "token": token},
        otherwise=otherwise,
    )


_LEAF = "SELECT id, place, leaf, at FROM ledger_leaves WHERE tenant = :tenant"
_HEAD = "SELECT size, root, token, at, checkpoint FROM ledger_heads WHERE tenant = :tenant"


def _leaf(row: Row) -> StoredLeaf:
    return StoredLeaf(id=row[0], place=row[1], leaf=bytes(row[2]), at=moment(row[3]))


def _head(row: Row) -> StoredHead:
    return StoredHead(
        size=row[0],
        root=bytes(row[1]),
        token=row[2],
        at=moment(row[3]),
        checkpoint=None if row[4] is None else bytes(row[4]),
    )
