"""Bindings and activations: every change names the state and revision it started from."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.store.database import Statement, Value, micros, moment

if TYPE_CHECKING:
    from warifu.base.rule import Rule
    from warifu.service.store.database import Lookup, Row, Transaction


class StoredActivation(Struct, frozen=True, kw_only=True):
    """An activation as it is stored."""

    id: str
    app: str
    user_index: bytes
    device: str | None
    state: str
    revision: int
    expires_at: datetime
    sealed: bytes


class StoredBinding(Struct, frozen=True, kw_only=True):
    """A binding as it is stored."""

    id: str
    user_index: bytes
    device: str
    key_name: str
    app: str
    kind: str
    state: str
    primary: bool
    counter: int
    sequence: int
    revision: int
    bound_at: datetime
    changed_at: datetime
    sealed: bytes


def insert_activation(tenant: str, activation: StoredActivation) -> Statement:
    """A new activation."""
    return Statement(
        sql="INSERT INTO activations"
        " (tenant, id, app, user_index, device, state, revision, expires_at, sealed)"
        " VALUES (:tenant, :id, :app, :user, :device, :state, :revision, :expires_at, :sealed)",
        values={
            "tenant": tenant,
            "id": activation.id,
            "app": activation.app,
            "user": activation.user_index,
            "device": activation.device,
            "state": activation.state,
            "revision": activation.revision,
            "expires_at": micros(activation.expires_at),
            "sealed": activation.sealed,
        },
    )


def find_activation(lookup: Lookup, tenant: str, activation: str) -> Row | None:
    """One activation's columns in the order of `StoredActivation`; or None."""
    return lookup.row(
        "SELECT id, app, user_index, device, state, revision, expires_at, sealed FROM activations"
        " WHERE tenant = :tenant AND id = :id",
        tenant=tenant,
        id=activation,
    )


def activation_of(row: Row) -> StoredActivation:
    """From the columns of `find_activation`."""
    return StoredActivation(
        id=row[0],
        app=row[1],
        user_index=bytes(row[2]),
        device=row[3],
        state=row[4],
        revision=row[5],
        expires_at=moment(row[6]),
        sealed=bytes(row[7]),
    )


def move_activation(
    tenant: str,
    before: StoredActivation,
    *,
    state: str,
    sealed: bytes,
    device: str | None = None,
    otherwise: Rule,
) -> Statement:
    """To another state, unless somebody was faster.

    Args:
        tenant: Whose.
        before: As it was read.
        state: The next one.
        sealed: Its document from now on.
        device: Its device, where that is known only now.
        otherwise: The rule that is broken where it moved meanwhile.
    """
    return Statement(
        sql="UPDATE activations SET state = :after, sealed = :sealed,"
        " device = COALESCE(:device, device), revision = revision + 1"
        " WHERE tenant = :tenant AND id = :id AND state = :before AND revision = :revision",
        values={
            "tenant": tenant,
            "id": before.id,
            "before": before.state,
            "after": state,
            "revision": before.revision,
            "sealed": sealed,
            "device": device,
        },
        otherwise=otherwise,
    )


def insert_binding(tenant: str, binding: StoredBinding, *, otherwise: Rule) -> Statement:
    """A new binding; its key must not be bound already, to anybody."""
    return Statement(
        sql="INSERT INTO bindings (tenant, id, user_index, device, key_name, app, kind, state,"
        " is_primary, counter, sequence, revision, bound_at, changed_at, sealed)"
        " SELECT :tenant, :id, :user, :device, :key_name, :app, :kind, :state,"
        " :is_primary, :counter, :sequence, :revision, :bound_at, :changed_at, :sealed"
        " WHERE NOT EXISTS (SELECT 1 FROM bindings WHERE tenant = :tenant"
        " AND key_name = :key_name AND state <> 'revoked') ON CONFLICT DO NOTHING",
        values={
            "tenant": tenant,
            "id": binding.id,
            "user": binding.user_index,
            "device": binding.device,
            "key_name": binding.key_name,
            "app": binding.app,
            "kind": binding.kind,
            "state": binding.state,
            "is_primary": int(binding.primary),
            "counter": binding.counter,
            "sequence": binding.sequence,
            "revision": binding.revision,
            "bound_at": micros(binding.bound_at),
            "changed_at": micros(binding.changed_at),
            "sealed": binding.sealed,
        },
        otherwise=otherwise,
    )


def find_binding(lookup: Lookup, tenant: str, binding: str) -> StoredBinding | None:
    """One binding, or None."""
    row = lookup.row(f"{_BINDING} AND id = :id", tenant=tenant, id=binding)
    return None if row is None else binding_of(row)


def find_binding_on(
    transaction: Transaction, tenant: str, *, user_index: bytes, device: str
) -> StoredBinding | None:
    """The newest binding of a user on a device that is not revoked, or None."""
    row = transaction.row(
        f"{_BINDING} AND user_index = :user AND device = :device AND state <> 'revoked'"
        " ORDER BY id DESC LIMIT 1",
        tenant=tenant,
        user=user_index,
        device=device,
    )
    return None if row is None else binding_of(row)


def bindings_of(lookup: Lookup, tenant: str, *, user_index: bytes) -> list[StoredBinding]:
    """All bindings of a user, oldest first."""
    rows = lookup.rows(
        f"{_BINDING} AND user_index = :user ORDER BY id", tenant=tenant, user=user_index
    )
    return [binding_of(row) for row in rows]


def bindings_page(
    transaction: Transaction,
    tenant: str,
    *,
    user_index: bytes | None,
    device: str | None,
    after: str | None,
    limit: int,
) -> list[StoredBinding]:
    """Bindings of a user or a device, newest first, from behind `after`."""
    wanted: dict[str, Value] = {"user_index": user_index, "device": device}
    bound = {name: value for name, value in wanted.items() if value is not None}
    where = "".join(f" AND {name} = :{name}" for name in bound)
    if after is not None:
        where += " AND id < :after"
        bound["after"] = after
    rows = transaction.rows(
        f"{_BINDING}{where} ORDER BY id DESC LIMIT :limit", tenant=tenant, limit=limit, **bound
    )
    return [binding_of(row) for row in rows]


def move_binding(
    tenant: str,
    before: StoredBinding,
    *,
    state: str,
    now: datetime,
    sealed: bytes | None = None,
    otherwise: Rule,
) -> Statement:
    """To another state, unless it moved meanwhile. Only an active one can be the primary.

    Args:
        tenant: Whose.
        before: As it was read.
        state: The new one.
        now: When.
        sealed: What it says from now on, for example what holds it; None leaves it.
        otherwise: The rule that is broken where it moved.
    """
    return Statement(
        sql="UPDATE bindings SET state = :after, changed_at = :now, revision = revision + 1,"
        " sealed = COALESCE(:sealed, sealed),"
        " is_primary = CASE WHEN :after = 'active' THEN is_primary ELSE 0 END"
        " WHERE tenant = :tenant AND id = :id AND state = :before AND revision = :revision",
        values={
            "tenant": tenant,
            "id": before.id,
            "before": before.state,
            "after": state,
            "revision": before.revision,
            "now": micros(now),
            "sealed": sealed,
        },
        otherwise=otherwise,
    )


def count_devices(
    tenant: str, bucket: bytes, *, user_index: bytes, most: int, otherwise: Rule | None
) -> Statement:
    """Write down how many devices a user has, and refuse one too many.

    It follows a `reserve` of nothing in the same bucket, which lets one commit of a user go on at a
    time, and the change to be counted: so it counts what no other commit can change meanwhile.

    Args:
        tenant: Whose.
        bucket: The sum of the user's devices.
        user_index: Whose devices; further keys of a device count once.
        most: How many there may be.
        otherwise: The rule that one too many breaks.
    """
    return Statement(
        sql=f"UPDATE reserved SET total = ({_DEVICES})"  # noqa: S608 - ours
        f" WHERE tenant = :tenant AND bucket = :bucket AND ({_DEVICES}) <= :most",
        values={"tenant": tenant, "bucket": bucket, "user": user_index, "most": most},
        otherwise=otherwise,
    )


def make_first_primary(tenant: str, binding: StoredBinding) -> Statement:
    """The primary device is the first; later ones are appointed."""
    return Statement(
        sql="UPDATE bindings SET is_primary = 1 WHERE tenant = :tenant AND id = :id"
        " AND NOT EXISTS (SELECT 1 FROM bindings WHERE tenant = :tenant AND user_index = :user"
        " AND (is_primary = 1 OR (state IN ('active', 'suspended') AND device <> :device)))",
        values={
            "tenant": tenant,
            "id": binding.id,
            "user": binding.user_index,
            "device": binding.device,
        },
    )


def forget_sessions(tenant: str, binding: StoredBinding) -> list[Statement]:
    """What was remembered or issued on the word of a binding is worth nothing any more."""
    return [
        Statement(
            sql="DELETE FROM access_tokens WHERE tenant = :tenant AND binding = :id",
            values={"tenant": tenant, "id": binding.id},
        ),
        Statement(
            sql="DELETE FROM verifications"
            " WHERE tenant = :tenant AND user_index = :user AND device = :device",
            values={"tenant": tenant, "user": binding.user_index, "device": binding.device},
        ),
    ]


def require_registered(tenant: str, *, key: str, device: str, otherwise: Rule) -> Statement:
    """A key is bound while it is registered to its device: an erasure waits, or was faster."""
    return Statement(
        sql="UPDATE device_keys SET counter = counter"
        " WHERE tenant = :tenant AND id = :key AND device = :device",
        values={"tenant": tenant, "key": key, "device": device},
        otherwise=otherwise,
    )


def make_primary(
    tenant: str, binding: StoredBinding, *, now: datetime, otherwise: Rule
) -> list[Statement]:
    """The others are no longer; this one is, while it is active."""
    return [
        Statement(
            sql="UPDATE bindings SET is_primary = 0, revision = revision + 1"
            " WHERE tenant = :tenant AND user_index = :user AND id <> :id AND is_primary = 1",
            values={"tenant": tenant, "user": binding.user_index, "id": binding.id},
        ),
        Statement(
            sql="UPDATE bindings SET is_primary = 1, changed_at = :now, revision = revision + 1"
            " WHERE tenant = :tenant AND id = :id AND state = 'active' AND revision = :revision",
            values={
                "tenant": tenant,
                "id": binding.id,
                "revision": binding.revision,
                "now": micros(now),
            },
            otherwise=otherwise,
        ),
    ]


def require_active(tenant: str, binding: str, *, otherwise: Rule) -> Statement:
    """What rests on a binding is written only while it is active, and not suspended meanwhile.

    Args:
        tenant: Whose.
        binding: Its id.
        otherwise: The rule that is broken where it is not.
    """
    return Statement(
        sql="UPDATE bindings SET revision = revision"
        " WHERE tenant = :tenant AND id = :id AND state = 'active'",
        values={"tenant": tenant, "id": binding},
        otherwise=otherwise,
    )


def move_counter(
    tenant: str, binding: StoredBinding, *, counter: int, otherwise: Rule
) -> Statement:
    """The signature counter of the bound key, by compare-and-set; the binding must be active."""
    return Statement(
        sql="UPDATE bindings SET counter = :counter"
        " WHERE tenant = :tenant AND id = :id AND state = 'active' AND counter = :before",
        values={
            "tenant": tenant,
            "id": binding.id,
            "before": binding.counter,
            "counter": counter,
        },
        otherwise=otherwise,
    )


def move_sequence(
    tenant: str, binding: StoredBinding, *, sequence: int, otherwise: Rule
) -> Statement:
    """The number of an ordered call, which only grows; the binding must be active."""
    return Statement(
        sql="UPDATE bindings SET sequence = :sequence"
        " WHERE tenant = :tenant AND id = :id AND state = 'active' AND sequence < :sequence",
        values={"tenant": tenant, "id": binding.id, "sequence": sequence},
        otherwise=otherwise,
    )


_DEVICES = (
    "SELECT COUNT(DISTINCT device) FROM bindings WHERE tenant = :tenant AND user_index = :user"
    " AND state IN ('active', 'suspended')"
)
COLUMNS = (
    *("id", "user_index", "device", "key_name", "app", "kind", "state", "is_primary", "counter"),
    *("sequence", "revision", "bound_at", "changed_at", "sealed"),
)
"""As `binding_of` takes them."""
_BINDING = f"SELECT {', '.join(COLUMNS)} FROM bindings WHERE tenant = :tenant"  # noqa: S608


def binding_of(row: Row) -> StoredBinding:
    """From the columns of a row, in the order of `StoredBinding`."""
    return StoredBinding(
        id=row[0],
        user_index=bytes(row[1]),
        device=row[2],
        key_name=row[3],
        app=row[4],
        kind=row[5],
        state=row[6],
        primary=row[7] == 1,
        counter=row[8],
        sequence=row[9],
        revision=row[10],
        bound_at=moment(row[11]),
        changed_at=moment(row[12]),
        sealed=bytes(row[13]),
    )
