"""Devices and their keys."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import asdict

from warifu.service.store.database import Statement, micros

if TYPE_CHECKING:
    from warifu.base.rule import Rule


def insert_device(
    tenant: str,
    device: str,
    *,
    app: str,
    data_key: bytes,
    platform: str | None,
    model: str | None,
    now: datetime,
    otherwise: Rule,
) -> Statement:
    """A device seen for the first time, or again after it was erased.

    Args:
        tenant: Whose.
        device: Its id.
        app: The app it was seen with.
        data_key: Its wrapped key.
        platform: As evidence tells, where it does.
        model: As evidence tells, where it does.
        now: When.
        otherwise: The rule broken where it has a key already: another request was faster.
    """
    return Statement(
        sql="INSERT INTO devices"
        " (tenant, id, app, platform, model, data_key, first_seen, last_seen) VALUES"
        " (:tenant, :id, :app, :platform, :model, :data_key, :now, :now)"
        " ON CONFLICT (tenant, id) DO UPDATE SET app = :app, data_key = :data_key,"
        " platform = :platform, model = :model, first_seen = :now, last_seen = :now,"
        " erased_at = NULL WHERE devices.data_key IS NULL",
        values={
            "tenant": tenant,
            "id": device,
            "app": app,
            "platform": platform,
            "model": model,
            "data_key": data_key,
            "now": micros(now),
        },
        otherwise=otherwise,
    )


def hold_device(tenant: str, device: str, *, data_key: bytes, otherwise: Rule) -> Statement:
    """Go on only while the device still has the key that this commit seals under.

    Changes nothing: the row is locked, and an erasure waits for it. Without it a request under way
    would bring an erased device's name back, with data that nobody can open.

    Args:
        tenant: Whose.
        device: Its id.
        data_key: Its wrapped key, as it was read.
        otherwise: The rule broken where it was erased, or its key was wrapped anew.
    """
    return Statement(
        sql="UPDATE devices SET data_key = :data_key"
        " WHERE tenant = :tenant AND id = :id AND data_key = :data_key",
        values={"tenant": tenant, "id": device, "data_key": data_key},
        otherwise=otherwise,
    )


def see_device(
    tenant: str, device: str, *, platform: str | None, model: str | None, now: datetime
) -> Statement:
    """Say that evidence of a device was proved; what it does not tell stays as it was."""
    return Statement(
        sql="UPDATE devices SET last_seen = :now, platform = COALESCE(:platform, platform),"
        " model = COALESCE(:model, model) WHERE tenant = :tenant AND id = :id",
        values={
            "tenant": tenant,
            "id": device,
            "platform": platform,
            "model": model,
            "now": micros(now),
        },
    )


class KeyRow(Struct, frozen=True, kw_only=True):
    """A registered key as it is stored."""

    id: str
    device: str
    app: str
    format: str
    credential: bytes
    """What its signatures are checked with."""
    counter: int
    evidence: str
    """The evidence that registered it."""
    registered_at: datetime


def insert_key(tenant: str, row: KeyRow, *, otherwise: Rule) -> Statement:
    """Register a key, unless it is registered."""
    return Statement(
        sql="INSERT INTO device_keys"
        " (tenant, id, device, app, format, credential, counter, evidence, registered_at) VALUES"
        " (:tenant, :id, :device, :app, :format, :credential, :counter, :evidence, :registered_at)"
        " ON CONFLICT DO NOTHING",
        values={**asdict(row), "tenant": tenant, "registered_at": micros(row.registered_at)},
        otherwise=otherwise,
    )


def advance_counter(
    tenant: str, key: str, *, seen: int, counter: int, otherwise: Rule
) -> Statement:
    """Compare and set: the counter an assertion was checked against must still be there."""
    return Statement(
        sql="UPDATE device_keys SET counter = :counter"
        " WHERE tenant = :tenant AND id = :id AND counter = :seen",
        values={"tenant": tenant, "id": key, "seen": seen, "counter": counter},
        otherwise=otherwise,
    )
