"""Writing compact JWS and JWE (RFC 7515, RFC 7516), also the wrong way when a test needs that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from warifu.base.codec.text import to_base64url

if TYPE_CHECKING:
    from warifu.handset.authority import PrivateKey

CONTENT_KEY = bytes(range(32))
CONTENT_IV = bytes(range(12))


def json_bytes(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Compact JSON; bytes are taken as they are, so that a test can write what it wants."""
    return value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()


def encoded(data: bytes) -> bytes:
    """base64url without padding, in ASCII."""
    return to_base64url(data).encode()


def make_jws(
    header: dict[str, Any] | bytes, payload: bytes, key: PrivateKey | bytes | None
) -> bytes:
    """A compact JWS.

    Args:
        header: The protected header.
        payload: What is signed.
        key: EC keys sign ES256 (or by curve), RSA keys RS256, bytes are an HMAC-SHA-256 key, None
            leaves the signature empty.
    """
    signed = encoded(json_bytes(header)) + b"." + encoded(payload)
    return signed + b"." + encoded(_signature(key, signed))


def make_jwe(
    header: dict[str, Any] | bytes,
    plaintext: bytes,
    key: bytes,
    *,
    content_key: bytes = CONTENT_KEY,
) -> bytes:
    """A compact JWE by AES key wrap and AES-GCM, whatever its header says."""
    protected = encoded(json_bytes(header))
    sealed = AESGCM(content_key).encrypt(CONTENT_IV, plaintext, protected)
    parts = (aes_key_wrap(key, content_key), CONTENT_IV, sealed[:-16], sealed[-16:])
    return b".".join((protected, *map(encoded, parts)))


def _signature(key: PrivateKey | bytes | None, message: bytes) -> bytes:
    if key is None:
        return b""
    if isinstance(key, bytes):
        mac = HMAC(key, hashes.SHA256())
        mac.update(message)
        return mac.finalize()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        octets = (key.curve.key_size + 7) // 8
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(_DIGESTS[octets])))
        return r.to_bytes(octets, "big") + s.to_bytes(octets, "big")
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(message)


_DIGESTS: dict[int, hashes.HashAlgorithm] = {
    32: hashes.SHA256(),
    48: hashes.SHA384(),
    66: hashes.SHA512(),
}
