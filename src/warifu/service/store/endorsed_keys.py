"""Keys that bound keys endorsed: each change and each use names the state that it rests on."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.store.database import Statement, micros, moment

if TYPE_CHECKING:
    from warifu.base.rule import Rule
    from warifu.service.store.database import Lookup, Row, Value


class EndorsedState(StrEnum):
    """Where an endorsed key stands. It counts only while its binding is active, too."""

    ACTIVE = "active"
    REPLACED = "replaced"
    REVOKED = "revoked"


class StoredEndorsedKey(Struct, frozen=True, kw_only=True):
    """An endorsed key as it is stored."""

    id: str
    binding: str
    purpose: str
    """Its use."""
    thumbprint: str
    """RFC 7638, base64url."""
    state: str
    endorsed_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    sealed: bytes


def make_room(
    tenant: str, key: StoredEndorsedKey, *, keep: int, now: datetime
) -> tuple[Statement, ...]:
    """End the oldest keys of the same binding and use, and whatever was issued to them.

    It follows a statement that holds the binding's row, which lets one endorsement of a binding go
    on at a time.

    Args:
        tenant: Whose.
        key: The one to come; an earlier endorsement of it by this binding ends.
        keep: How many others may stay.
        now: When.
    """
    replaced = Statement(
        sql="UPDATE endorsed_keys SET state = 'replaced', ended_at = :now"
        " WHERE tenant = :tenant AND binding = :binding AND purpose = :purpose"
        " AND state = 'active' AND (thumbprint = :thumbprint OR id NOT IN"
        " (SELECT id FROM endorsed_keys WHERE tenant = :tenant AND binding = :binding"
        " AND purpose = :purpose AND state = 'active' AND thumbprint <> :thumbprint"
        " AND expires_at > :now ORDER BY id DESC LIMIT :keep))",
        values={
            "tenant": tenant,
            "binding": key.binding,
            "purpose": key.purpose,
            "thumbprint": key.thumbprint,
            "keep": keep,
            "now": micros(now),
        },
    )
    return replaced, _forget_tokens(tenant, key.binding)


def insert_endorsed_key(tenant: str, key: StoredEndorsedKey, *, otherwise: Rule) -> Statement:
    """A new key, which no other binding counts on, and which was not taken back from this one."""
    return Statement(
        sql="INSERT INTO endorsed_keys (tenant, id, binding, purpose, thumbprint, state,"
        " endorsed_at, expires_at, sealed) SELECT :tenant, :id, :binding, :purpose, :thumbprint,"
        " :state, :endorsed_at, :expires_at, :sealed WHERE NOT EXISTS"
        " (SELECT 1 FROM endorsed_keys WHERE tenant = :tenant AND binding = :binding"
        " AND thumbprint = :thumbprint AND state = 'revoked') ON CONFLICT DO NOTHING",
        values={
            "tenant": tenant,
            "id": key.id,
            "binding": key.binding,
            "purpose": key.purpose,
            "thumbprint": key.thumbprint,
            "state": key.state,
            "endorsed_at": micros(key.endorsed_at),
            "expires_at": micros(key.expires_at),
            "sealed": key.sealed,
        },
        otherwise=otherwise,
    )


def find_endorsed_key(lookup: Lookup, tenant: str, key: str) -> StoredEndorsedKey | None:
    """One key, or None."""
    row = lookup.row(f"{_KEY} AND id = :id", tenant=tenant, id=key)
    return None if row is None else _key(row)


def find_active(
    lookup: Lookup, tenant: str, *, binding: str, thumbprint: str
) -> StoredEndorsedKey | None:
    """The key of a binding that has this thumbprint and neither was replaced nor revoked."""
    row = lookup.row(
        f"{_KEY} AND binding = :binding AND thumbprint = :thumbprint AND state = 'active'",
        tenant=tenant,
        binding=binding,
        thumbprint=thumbprint,
    )
    return None if row is None else _key(row)


def endorsed_keys_of(
    lookup: Lookup, tenant: str, binding: str, *, after: str | None, limit: int
) -> list[StoredEndorsedKey]:
    """Keys that a binding endorsed, newest first, from behind `after`."""
    below: dict[str, Value] = {} if after is None else {"after": after}
    behind = "" if after is None else " AND id < :after"
    rows = lookup.rows(
        f"{_KEY} AND binding = :binding{behind} ORDER BY id DESC LIMIT :limit",
        tenant=tenant,
        binding=binding,
        limit=limit,
        **below,
    )
    return [_key(row) for row in rows]


def active_keys_of(
    lookup: Lookup, tenant: str, *, binding: str, purpose: str, now: datetime
) -> list[StoredEndorsedKey]:
    """Keys of a binding that count for a use now, newest first."""
    rows = lookup.rows(
        f"{_KEY} AND binding = :binding AND purpose = :purpose AND state = 'active'"
        " AND expires_at > :now ORDER BY id DESC",
        tenant=tenant,
        binding=binding,
        purpose=purpose,
        now=micros(now),
    )
    return [_key(row) for row in rows]


def revoke_endorsed_key(
    tenant: str, before: StoredEndorsedKey, *, now: datetime, otherwise: Rule
) -> tuple[Statement, ...]:
    """Take one key back, and whatever was issued to it; what it approved may still be waiting."""
    revoked = Statement(
        sql="UPDATE endorsed_keys SET state = 'revoked', ended_at = :now"
        " WHERE tenant = :tenant AND id = :id AND state <> 'revoked'",
        values={"tenant": tenant, "id": before.id, "now": micros(now)},
        otherwise=otherwise,
    )
    return revoked, _forget_tokens(tenant, before.binding)


def revoke_all(tenant: str, binding: str, *, now: datetime) -> Statement:
    """End all keys of a binding that ends."""
    return Statement(
        sql="UPDATE endorsed_keys SET state = 'revoked', ended_at = :now"
        " WHERE tenant = :tenant AND binding = :binding AND state = 'active'",
        values={"tenant": tenant, "binding": binding, "now": micros(now)},
    )


def require_endorsed(
    tenant: str,
    key: str,
    *,
    now: datetime,
    app: str | None = None,
    revision: int = 0,
    otherwise: Rule,
) -> Statement:
    """What rests on an endorsed key is written only while it counts.

    Whether its binding is active is asked by `store.bindings.require_active`, in the same commit.

    Args:
        tenant: Whose.
        key: Its id.
        now: The time of use.
        app: The registration whose providers were believed; None where none was.
        revision: At which it was read: nobody took a provider away meanwhile.
        otherwise: The rule that is broken where it does not.
    """
    as_seen = (
        ""
        if app is None
        else " AND EXISTS (SELECT 1 FROM apps"
        " WHERE apps.tenant = :tenant AND apps.id = :app AND apps.revision = :revision)"
    )
    seen: dict[str, Value] = {} if app is None else {"app": app, "revision": revision}
    return Statement(
        sql="UPDATE endorsed_keys SET state = state"  # noqa: S608 - ours
        " WHERE tenant = :tenant AND id = :id AND state = 'active' AND expires_at > :now"
        f"{as_seen}",
        values={"tenant": tenant, "id": key, "now": micros(now), **seen},
        otherwise=otherwise,
    )


def require_not_revoked(tenant: str, key: str, *, otherwise: Rule) -> Statement:
    """What a key approved and what still waits goes on, unless somebody took the key back.

    A key that ended by itself, or that its successor replaced, was good when it answered.
    """
    return Statement(
        sql="UPDATE endorsed_keys SET state = state"
        " WHERE tenant = :tenant AND id = :id AND state <> 'revoked'",
        values={"tenant": tenant, "id": key},
        otherwise=otherwise,
    )


def _forget_tokens(tenant: str, binding: str) -> Statement:
    return Statement(
        sql="DELETE FROM access_tokens WHERE tenant = :tenant AND binding = :binding"
        " AND thumbprint IN (SELECT thumbprint FROM endorsed_keys"
        " WHERE tenant = :tenant AND binding = :binding AND state <> 'active')"
        # A key that was endorsed again counts by its later endorsement.
        " AND thumbprint NOT IN (SELECT thumbprint FROM endorsed_keys"
        " WHERE tenant = :tenant AND binding = :binding AND state = 'active')",
        values={"tenant": tenant, "binding": binding},
    )


def _key(row: Row) -> StoredEndorsedKey:
    return StoredEndorsedKey(
        id=row[0],
        binding=row[1],
        purpose=row[2],
        thumbprint=row[3],
        state=row[4],
        endorsed_at=moment(row[5]),
        expires_at=moment(row[6]),
        ended_at=None if row[7] is None else moment(row[7]),
        sealed=bytes(row[8]),
    )


_KEY = (
    "SELECT id, binding, purpose, thumbprint, state, endorsed_at, expires_at, ended_at, sealed"
    " FROM endorsed_keys WHERE tenant = :tenant"
)
