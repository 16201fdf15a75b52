"""What is sealed under the tenant's own key, and our name towards devices of a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.base.errors import VerifierFault
from warifu.service.composition import Owner
from warifu.service.store.tenants import tenant_key
from warifu.service.vault.rules import OPENS

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Lookup

USER = "user"
"""The kind of blind index under which users are found."""


def tenant_owner(work: Work, lookup: Lookup | None = None) -> Owner:
    """The tenant as an owner of sealed data.

    Args:
        work: The request.
        lookup: Where to read; the database itself unless something else is given.

    Raises:
        VerifierFault: ``vault/opens`` where the tenant has no key.
    """
    return owner_of(work, tenant_key(lookup or work.house.database, tenant=work.tenant))


def owner_of(work: Work, wrapped: bytes | None) -> Owner:
    """The same, from the tenant's wrapped key as it was read.

    Raises:
        VerifierFault: ``vault/opens`` where there is none.
    """
    if wrapped is None:
        raise VerifierFault(OPENS, f"tenant {work.tenant} has no key")
    return Owner(tenant=work.tenant, name="", wrapped=wrapped)


def of_row(kind: str, row: str) -> str:
    """What is sealed of one row, so that it opens in no other.

    Whoever writes to the database alone could otherwise put his own binding, or a transfer of his,
    in the place of somebody else's.

    Args:
        kind: What it is, without spaces.
        row: The row's name in its table.
    """
    return f"{kind} {row}"


def user_index_of(work: Work, user: str) -> bytes:
    """How rows name a user."""
    return work.house.vault.index(work.tenant, USER, user.encode())


def verifier_of(work: Work) -> str:
    """Our name for this tenant, which its apps pin and which is in every context.

    Tenants have names of their own, so that nothing made for one bank is of use at another.
    """
    return f"{work.house.settings.verifier}/{work.tenant}"
