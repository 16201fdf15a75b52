"""After an older backup was restored: erasing again what was erased since it was made.

A list of erasures is taken regularly and kept apart from the backups. It names devices by blind
index only; whoever holds the master keys finds them again in the restored database.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from warifu.base.errors import Misuse
from warifu.service.caller import Caller, Scope
from warifu.service.conduct.erasing.erasure import NAME, ErasureRequest, erase
from warifu.service.conduct.work import Work
from warifu.service.store.erasures import indexed_erasures, present_devices
from warifu.service.store.tenants import list_tenants
from warifu.service.vault.rules import LISTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.service.composition import Composition
    from warifu.service.store.database import Database

FORMAT = "warifu-erasures/1"
MAX_BYTES = 1 << 30


class ListedErasure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One erasure, without the device's name."""

    tenant: str
    name_index: bytes
    """Base64 of the blind index of the device's name."""
    erased_at: Annotated[datetime, Meta(tz=True)]


class ErasureList(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All erasures of a database."""

    document: str = FORMAT
    erasures: tuple[ListedErasure, ...]


def take_list(database: Database) -> ErasureList:
    """All erasures of all tenants.

    Raises:
        VerifierFault: ``store/available``.
    """
    with database.read() as transaction:
        return ErasureList(
            erasures=tuple(
                ListedErasure(tenant=each.tenant, name_index=name_index, erased_at=erased_at)
                for each in list_tenants(transaction)
                for name_index, erased_at in indexed_erasures(transaction, tenant=each.tenant)
            )
        )


def read_list(data: bytes) -> ErasureList:
    """A list that `take_list` made, as JSON.

    Raises:
        Misuse: ``vault/erasure-list``.
    """
    try:
        listed = msgspec.json.decode(data, type=ErasureList)
    except (ValueError, RecursionError) as error:
        raise Misuse(LISTED, str(error)[:200]) from error
    if listed.document != FORMAT:
        raise Misuse(LISTED, "of another format or version")
    return listed


def erase_again(
    house: Composition,
    listed: ErasureList,
    *,
    by: str,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Erase every device that the list names, unless it is a new one of the same name.

    Args:
        house: What the process is made of.
        listed: What was erased.
        by: For the audit log.
        report: Is told how many of how many were erased.

    Returns:
        How many devices were erased.

    Raises:
        WarifuError: As `erase`; what was erased until then stays so.
    """
    erased_at = {
        (each.tenant, each.name_index): each.erased_at
        for each in sorted(listed.erasures, key=lambda each: each.erased_at)
    }
    tenants = {tenant for tenant, _ in erased_at}
    found: list[tuple[str, str]] = []
    with house.database.read() as transaction:
        for tenant in sorted(tenants):
            for device, first_seen in present_devices(transaction, tenant=tenant):
                name_index = house.vault.index(tenant, NAME, device.encode())
                if (at := erased_at.get((tenant, name_index))) and first_seen <= at:
                    found.append((tenant, device))
    for done, (tenant, device) in enumerate(found, 1):
        caller = Caller(tenant=tenant, id=by, name=by, scopes=frozenset({Scope.ERASE}))
        erase(Work(house=house, caller=caller, now=house.clock()), ErasureRequest(device=device))
        report(done, len(found))
    return len(found)
