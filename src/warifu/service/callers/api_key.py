"""API keys: ``warifu_<tenant>_<caller>_<secret>``, shown once and kept as a digest.

The secret is 32 random bytes, so its SHA-256 cannot be searched backwards however fast the hash
is: a slow password hash would only slow our own callers down. The digest covers the whole key, so
that a row is worth nothing under another tenant or caller.
"""

from __future__ import annotations

import re
import secrets
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.codec.text import to_base64url
from warifu.base.errors import Denied
from warifu.base.secret import Secret
from warifu.service.callers.names import ID, TENANT
from warifu.service.callers.rules import UNAUTHENTICATED

if TYPE_CHECKING:
    from collections.abc import Sequence

SECRET_OCTETS = 32
_PREFIX = "warifu"
_SCHEME = "bearer"
_KEY = re.compile(rf"{_PREFIX}_({TENANT})_({ID})_[A-Za-z0-9_-]{{43}}")
"""Neither a tenant nor an id holds an underscore; the secret may."""


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
    parts = _KEY.fullmatch(key)
    if scheme.lower() != _SCHEME or parts is None:
        raise Denied(UNAUTHENTICATED, "not a bearer token of ours")
    tenant, caller = parts.groups()
    return ClaimedKey(tenant=tenant, caller=caller, digest=sha256(key.encode("ascii")).digest())
