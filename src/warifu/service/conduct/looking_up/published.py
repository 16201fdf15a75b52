"""What anyone may know of us: the keys by which our signatures are verified."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.keys.jwks import (
    COSE_KEY_SET_MEDIA_TYPE,
    JWKS_MEDIA_TYPE,
    cose_key_set,
    jwk_set,
)
from warifu.base.keys.ring import DOCUMENT_LIFE

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.service.composition import Composition

KEY_SETS = {JWKS_MEDIA_TYPE: jwk_set, COSE_KEY_SET_MEDIA_TYPE: cose_key_set}
"""How a key set is written, by media type; the first is what is given unless asked otherwise."""


class KeySet(Struct, frozen=True, kw_only=True):
    """One key set as it is published."""

    media_type: str
    body: bytes
    etag: str
    """With its quotation marks (RFC 9110 §8.8.3)."""
    cache_control: str
    """For as long as a rotation allows for: decision 0013."""


def published_keys(house: Composition, now: datetime, media_type: str = JWKS_MEDIA_TYPE) -> KeySet:
    """The keys that sign, soon will, or did not long ago.

    Args:
        house: Whose keys.
        now: The present time.
        media_type: One of `KEY_SETS`.

    Raises:
        WarifuError: The keys cannot be opened.
    """
    body = KEY_SETS[media_type](house.keys.ring(now).published(now))
    return KeySet(
        media_type=media_type,
        body=body,
        etag=f'"{sha256(body).hexdigest()[:32]}"',
        cache_control=f"public, max-age={int(DOCUMENT_LIFE.total_seconds())}",
    )
