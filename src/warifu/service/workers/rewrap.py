"""After a new master key: everything that an older one opens is put under the new one.

Sealed evidence is not touched: it lies under keys of its owners, and only these are wrapped anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.composition import Owner
from warifu.service.conduct.registrations.registration import secret_kind
from warifu.service.store.tenants import list_tenants
from warifu.service.store.wrapped_keys import Sealed, replace_sealed, sealed_values
from warifu.service.vault.vault import generation_of

if TYPE_CHECKING:
    from warifu.service.store.database import Database
    from warifu.service.vault.vault import SealingVault

BATCH = 200


class Rewrapped(Struct, frozen=True, kw_only=True):
    """What was done."""

    seen: int
    rewrapped: int


def rewrap(
    database: Database, vault: SealingVault, *, report: Callable[[int], None] = lambda _: None
) -> Rewrapped:
    """Put all wrapped keys and secrets under the newest master key.

    May be interrupted and begun again; services go on meanwhile, once all of them have the new key.

    Args:
        database: Where.
        vault: With all master keys that anything may be under.
        report: Is told after each batch how many were seen.

    Raises:
        VerifierFault: ``vault/opens``, ``store/available``.
    """
    seen = changed = 0
    for tenant, kind, batch in _batches(database):
        statements = []
        for name, sealed in batch:
            anew = _anew(vault, tenant, kind, name, sealed=sealed)
            if anew != sealed:
                statements.append(
                    replace_sealed(kind, tenant=tenant, name=name, before=sealed, after=anew)
                )
        if statements:
            database.apply(statements)
        seen += len(batch)
        changed += len(statements)
        report(seen)
    return Rewrapped(seen=seen, rewrapped=changed)


def in_use(database: Database) -> Counter[int]:
    """How many wrapped keys and secrets each generation of master keys opens."""
    found: Counter[int] = Counter()
    for _, _, batch in _batches(database):
        found.update(generation_of(sealed) for _, sealed in batch)
    return found


def _anew(vault: SealingVault, tenant: str, kind: Sealed, name: str, *, sealed: bytes) -> bytes:
    if kind is Sealed.APP:
        if generation_of(sealed) == vault.newest:
            return sealed
        return vault.reseal_secret(tenant, secret_kind(name), sealed)
    return vault.rewrap(Owner(tenant=tenant, name=name, wrapped=sealed)).wrapped


def _batches(database: Database) -> Iterator[tuple[str, Sealed, list[tuple[str, bytes]]]]:
    with database.read() as transaction:
        tenants = [each.tenant for each in list_tenants(transaction)]
    for tenant in tenants:
        for kind in Sealed:
            after: str | None = None
            while True:
                with database.read() as transaction:
                    batch = sealed_values(
                        transaction, kind, tenant=tenant, after=after, limit=BATCH
                    )
                if not batch:
                    break
                yield tenant, kind, batch
                after = batch[-1][0]
