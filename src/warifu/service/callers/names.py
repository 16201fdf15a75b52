"""How tenants and callers are named in credentials."""

from __future__ import annotations

import re

TENANT = r"[a-z0-9-]{1,40}"
ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""As patterns, for what holds them."""
_TENANT = re.compile(TENANT)
_ID = re.compile(ID)


def is_tenant(text: str) -> bool:
    """Whether this can name a tenant: 1 to 40 of a-z, 0-9 and hyphen."""
    return _TENANT.fullmatch(text) is not None


def is_id(text: str) -> bool:
    """Whether this is an identifier as we write them: a UUID in lower case with hyphens."""
    return _ID.fullmatch(text) is not None


def split_name(text: str) -> tuple[str, str] | None:
    """Tenant and caller of ``tenant/caller``; None where it is not one."""
    tenant, _, caller = text.partition("/")
    return (tenant, caller) if is_tenant(tenant) and is_id(caller) else None
