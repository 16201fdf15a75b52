"""HPKE with a fixed ephemeral key, in base mode (RFC 9180): a vector must not change on each run.

`cryptography` draws the ephemeral key itself, as it must. Put together here from its X25519, HKDF
and AES-GCM; the core opens what is sealed here with the library's own HPKE, which checks this file.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

_KEM = b"KEM" + b"\x00\x20"
_SUITE = b"HPKE" + b"\x00\x20" + b"\x00\x01" + b"\x00\x01"
"""DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM (RFC 9180 §7)."""
_VERSION = b"HPKE-v1"
_BASE_MODE = b"\x00"
_SECRET_OCTETS, _KEY_OCTETS, _NONCE_OCTETS = 32, 16, 12


def seal(plain: bytes, *, to: bytes, ephemeral: X25519PrivateKey, info: bytes) -> bytes:
    """Enc ‖ ciphertext of one message without associated data."""
    enc = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(to))
    # RFC 9180 §4.1: ExtractAndExpand.
    secret = _extract(_KEM, b"", b"eae_prk", shared)
    secret = _expand(_KEM, secret, b"shared_secret", enc + to, count=_SECRET_OCTETS)
    # RFC 9180 §5.1: KeySchedule without a pre-shared key.
    named = _extract(_SUITE, b"", b"psk_id_hash", b"") + _extract(_SUITE, b"", b"info_hash", info)
    context = _BASE_MODE + named
    secret = _extract(_SUITE, secret, b"secret", b"")
    key = _expand(_SUITE, secret, b"key", context, count=_KEY_OCTETS)
    nonce = _expand(_SUITE, secret, b"base_nonce", context, count=_NONCE_OCTETS)
    return enc + AESGCM(key).encrypt(nonce, plain, b"")


def _extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return hmac.digest(salt, _VERSION + suite + label + material, "sha256")


def _expand(suite: bytes, secret: bytes, label: bytes, info: bytes, *, count: int) -> bytes:
    labelled = count.to_bytes(2, "big") + _VERSION + suite + label + info
    return HKDFExpand(hashes.SHA256(), count, labelled).derive(secret)
