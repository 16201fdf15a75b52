"""Timeless facts remembered: what an authority's certificate says, and that its signature holds.

Both are functions of the bytes alone, so remembering cannot change a verdict. Dates, revocation
and the shape of a path are judged every time by the caller. Device leaves and batch certificates
must not come here: they are new for every phone and would only push authorities out. Failures are
not remembered.
"""

from __future__ import annotations

from functools import lru_cache

from warifu.base.codec.text import from_base64
from warifu.base.pki.certificate import Certificate, read_certificate
from warifu.base.pki.signature import PublicKey, check_issued, load_public_key

MAX_REMEMBERED = 1024
MAX_REMEMBERED_BYTES = 4096


def read_authority(data: bytes) -> Certificate:
    """Read a certificate that is expected to be an authority's, from memory if seen before.

    Raises:
        MalformedEvidence: As `read_certificate`.
    """
    return _read(data) if len(data) <= MAX_REMEMBERED_BYTES else read_certificate(data)


def read_armoured_authority(body: bytes) -> Certificate:
    """The same for the base64 of a PEM block.

    Raises:
        MalformedEvidence: As `read_certificate`, or not base64.
    """
    if len(body) > MAX_REMEMBERED_BYTES:
        return read_authority(from_base64(body))
    return _read_armoured(body)


def load_authority_key(spki: bytes) -> PublicKey:
    """Load an authority's public key, from memory if seen before.

    Raises:
        BadEvidence: As `load_public_key`.
    """
    return _load(spki) if len(spki) <= MAX_REMEMBERED_BYTES else load_public_key(spki)


def check_authority_issued(child: Certificate, issuer_spki: bytes) -> None:
    """Verify that an authority's certificate was signed by another's key, once per content.

    Raises:
        BadEvidence: As `check_issued`.
    """
    if len(child.der) <= MAX_REMEMBERED_BYTES:
        _check(child.der, issuer_spki)
    else:
        check_issued(child, load_authority_key(issuer_spki))


def forget_everything() -> None:
    """Empty the memory; for measurements."""
    for remembered in (_read, _read_armoured, _load, _check):
        remembered.cache_clear()


@lru_cache(maxsize=MAX_REMEMBERED)
def _read_armoured(body: bytes) -> Certificate:
    return _read(from_base64(body))


_read = lru_cache(maxsize=MAX_REMEMBERED)(read_certificate)
_load = lru_cache(maxsize=MAX_REMEMBERED)(load_public_key)


@lru_cache(maxsize=MAX_REMEMBERED)
def _check(child: bytes, issuer_spki: bytes) -> None:
    check_issued(_read(child), _load(issuer_spki))
