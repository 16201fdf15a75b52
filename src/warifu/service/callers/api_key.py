"""API keys: ``warifu_<tenant>_<caller>_<secret>``, shown once and kept as a digest.

The secret is 32 random bytes, so its SHA-256 cannot be searched backwards however fast the hash
is: a slow password hash would only slow our own callers down. The digest covers the whole key, so
that a row is worth nothing under another tenant or caller.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from string import ascii_letters, digits
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.codec.text import to_base64url
from warifu.base.errors import Denied
from warifu.base.secret import Secret
from warifu.service.callers.names import is_id, is_tenant
from warifu.service.callers.rules import UNAUTHENTICATED

if TYPE_CHECKING:
    from collections.abc import Sequence

SECRET_OCTETS = 32
SECRET_CHARACTERS = 43
MAX_KEY_CHARACTERS = 160
_PREFIX = "warifu"
_SCHEME = "bearer"
_BASE64URL = frozenset(ascii_letters + digits + "-_")


class ClaimedKey(Struct, frozen=True, kw_only=True):
    """A key as it was presented, not verified."""

    tenant: str
    caller: str
    digest: bytes
    """SHA-256 of the whole key, 32 bytes."""


def make_api_key(tenant: str, caller: str) -> tuple[Secret, bytes]:
    """A new key for a caller.

    Returns:
        The key in ASCII, to be shown once, and the digest to be stored.
    """
    secret = to_base64url(secrets.token_bytes(SECRET_OCTETS))
    key = f"{_PREFIX}_{tenant}_{caller}_{secret}".encode("ascii")
    return Secret(key), sha256(key).digest()


def read_authorization(fields: Sequence[str]) -> ClaimedKey:
    """The key of an ``Authorization`` field.

    Args:
        fields: The values of all ``Authorization`` field lines; one is acceptable.

    Raises:
        Denied: ``callers/unauthenticated``.
    """
    if len(fields) != 1:
        raise Denied(UNAUTHENTICATED, f"{len(fields)} Authorization fields")
    scheme, _, key = fields[0].partition(" ")
    if scheme.lower() != _SCHEME or len(key) > MAX_KEY_CHARACTERS:
        raise Denied(UNAUTHENTICATED, "not a bearer token of ours")
    # Neither a tenant nor an id holds an underscore; the secret may.
    prefix, *parts = key.split("_", 3)
    if prefix != _PREFIX or len(parts) != len(("tenant", "caller", "secret")):
        raise Denied(UNAUTHENTICATED, "not a bearer token of ours")
    tenant, caller, secret = parts
    if not is_tenant(tenant) or not is_id(caller):
        raise Denied(UNAUTHENTICATED, "not a bearer token of ours")
    if len(secret) != SECRET_CHARACTERS or not _BASE64URL.issuperset(secret):
        raise Denied(UNAUTHENTICATED, "not a bearer token of ours")
    return ClaimedKey(tenant=tenant, caller=caller, digest=sha256(key.encode("ascii")).digest())
