"""How tenants and callers are named in credentials."""

from __future__ import annotations

from string import ascii_lowercase, digits
from uuid import UUID

MAX_TENANT_CHARACTERS = 40
_TENANT = frozenset(ascii_lowercase + digits + "-")
_ID_CHARACTERS = 36


def is_tenant(text: str) -> bool:
    """Whether this can name a tenant: 1 to 40 of a-z, 0-9 and hyphen."""
    return 0 < len(text) <= MAX_TENANT_CHARACTERS and _TENANT.issuperset(text)


def is_id(text: str) -> bool:
    """Whether this is an identifier as we write them: a UUID in lower case with hyphens."""
    if len(text) != _ID_CHARACTERS or not text.isascii():
        return False
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def split_name(text: str) -> tuple[str, str] | None:
    """Tenant and caller of ``tenant/caller``; None where it is not one."""
    tenant, _, caller = text.partition("/")
    return (tenant, caller) if is_tenant(tenant) and is_id(caller) else None
