"""Compact JWS and JWE (RFC 7515, RFC 7516), read with everything fixed that a token could choose.

A token names its algorithm, but the caller's list decides; a token never brings or names the key
unless the caller asks for its certificates; it cannot ask for compression, for extensions, or for
work. Headers are read once, by our own JSON reader, because a second reader of the same header
(such as a JOSE library's) could see another one: that, and duplicate names it cannot refuse, is why
this stands on `cryptography` directly.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap
from msgspec import Struct

from warifu.base.codec import json, text
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.pki import signature
from warifu.base.rule import Rule, Text

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_TOKEN_BYTES = 256 << 10
MAX_HEADER_BYTES = 64 << 10
MAX_CERTIFICATES = 10
MAX_REMEMBERED_HEADERS = 64
MAX_REMEMBERED_HEADER_BYTES = 128
A256_KEY_BYTES = 32
_WRAPPED_KEY_BYTES = 40
_GCM_IV_BYTES = 12
_GCM_TAG_BYTES = 16

WELL_FORMED = Rule(
    code="jose/well-formed",
    clause="RFC 7515 §5.2, §7.1; RFC 7516 §5.2, §7.1",
    requires=Text(
        ja="トークンは、JOSEのコンパクト形式で正しく符号化されていなければなりません。",
        en="The token is a well-formed compact JWS or JWE within its size limit.",
    ),
    stops="parser differentials and resource exhaustion",
)
ALGORITHM = Rule(
    code="jose/algorithm",
    clause="RFC 8725 §3.1, §3.2",
    requires=Text(
        ja="トークンの暗号アルゴリズムは、受け取る側があらかじめ許可したものでなければなりません。",
        en="The token uses an algorithm that its receiver allows, with no parameters of another.",
    ),
    stops="alg=none, HMAC under a public key, and costly password-based key derivation",
)
NO_KEY_REFERENCE = Rule(
    code="jose/no-key-reference",
    clause="RFC 8725 §3.10, §3.11; RFC 7515 §4.1.2-§4.1.8",
    requires=Text(
        ja="トークンは、検証に用いる鍵を自ら含んだり指定したりしてはなりません。",
        en="The token neither brings nor names the key it is to be verified with.",
    ),
    stops="keys of the attacker's choice, and look-ups by text of the attacker's choice",
)
NO_EXTENSION = Rule(
    code="jose/no-extension",
    clause="RFC 7515 §4.1.11; RFC 7797 §3; RFC 7516 §4.1.3",
    requires=Text(
        ja="トークンのヘッダーで、処理方法を変える拡張や圧縮を指定してはなりません。",
        en="The token's header asks for no extension, detached encoding or compression.",
    ),
    stops="headers that change what is signed, and decompression bombs",
)
SIGNATURE = Rule(
    code="jose/signature",
    clause="RFC 7515 §5.2 step 8",
    requires=Text(
        ja="トークンの署名は、署名者の公開鍵で検証できなければなりません。",
        en="The token's signature verifies under the signer's public key.",
    ),
    stops="forgery and alteration",
)
DECRYPTS = Rule(
    code="jose/decrypts",
    clause="RFC 7516 §5.2; RFC 7518 §4.4, §5.3",
    requires=Text(
        ja="トークンは、所定の鍵で復号でき、改ざんされていないものでなければなりません。",
        en="The token decrypts under the receiver's key and is unaltered.",
    ),
    stops="tokens for another receiver, and alteration of the ciphertext",
)

_REFUSED_HEADERS = {
    **dict.fromkeys(("crit", "b64", "zip"), NO_EXTENSION),
    **dict.fromkeys(
        ("jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "url"), NO_KEY_REFERENCE
    ),
    **dict.fromkeys(("p2s", "p2c", "epk", "apu", "apv", "iv", "tag", "skid"), ALGORITHM),
}
_P256, _P384, _P521 = (
    signature.Scheme(scheme.name, scheme.kind, scheme.key_type, scheme.digest, curve)
    for scheme, curve in (
        (signature.ECDSA_SHA256, ec.SECP256R1),
        (signature.ECDSA_SHA384, ec.SECP384R1),
        (signature.ECDSA_SHA512, ec.SECP521R1),
    )
)
_SCHEMES = {
    "ES256": (_P256, 32),
    "ES384": (_P384, 48),
    "ES512": (_P521, 66),
    "RS256": (signature.RSA_SHA256, 0),
    "RS384": (signature.RSA_SHA384, 0),
    "RS512": (signature.RSA_SHA512, 0),
    "PS256": (signature.RSA_PSS_SHA256, 0),
    "PS384": (signature.RSA_PSS_SHA384, 0),
    "PS512": (signature.RSA_PSS_SHA512, 0),
    "EdDSA": (signature.ED25519, 0),
}
"""Scheme and octets per ECDSA coordinate (RFC 7518 §3.1, §3.4; RFC 8037 §3.1, Ed25519 only);
asymmetric signatures only."""


class Jws(Struct, frozen=True, kw_only=True):
    """One compact JWS, taken apart. Nothing in it is proved before `check_jws`."""

    header: dict[str, Any]
    algorithm: str
    payload: bytes
    signature: bytes
    signed: bytes
    """The received bytes that the signature covers."""


def write_jws(header: dict[str, Any], payload: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """Write a compact JWS (RFC 7515 §7.1).

    Args:
        header: The protected header, with ``alg`` as `sign` computes it.
        payload: What is signed.
        sign: Gives the signature octets as JOSE writes them.
    """
    encoded = (text.to_base64url(part) for part in (msgspec.json.encode(header), payload))
    signed = ".".join(encoded).encode("ascii")
    return signed + b"." + text.to_base64url(sign(signed)).encode("ascii")


def read_jws(
    token: bytes,
    *,
    algorithms: frozenset[str],
    key_headers: frozenset[str] = frozenset(),
    max_bytes: int = MAX_TOKEN_BYTES,
) -> Jws:
    """Take a compact JWS apart.

    Args:
        token: ``header.payload.signature`` in ASCII, without white space.
        algorithms: Names of the algorithms allowed (RFC 7518 §3.1), asymmetric ones only.
        key_headers: Header names about keys that may be there, such as ``x5c``.
        max_bytes: The size above which nothing is read.

    Raises:
        MalformedEvidence: ``jose/well-formed`` and what base64url and JSON readers raise.
        BadEvidence: ``jose/algorithm``, ``jose/no-key-reference``, ``jose/no-extension``.
    """
    header_text, payload_text, signature_text = _split(token, 3, max_bytes)
    header = _read_header(header_text, key_headers)
    algorithm = header.get("alg")
    if algorithm not in algorithms or algorithm not in _SCHEMES:
        raise BadEvidence(ALGORITHM, f"alg {_shown(algorithm)}")
    return Jws(
        header=header,
        algorithm=algorithm,
        payload=text.from_base64url(payload_text),
        signature=text.from_base64url(signature_text),
        signed=token[: len(header_text) + 1 + len(payload_text)],
    )


def check_jws(jws: Jws, key: signature.PublicKey) -> None:
    """Verify the signature of a JWS under a key that the caller trusts.

    Raises:
        BadEvidence: ``jose/algorithm`` where the key is of another kind or curve,
            ``jose/signature``.
    """
    scheme, octets = _SCHEMES[jws.algorithm]
    try:
        # RFC 7518 §3.4: ECDSA's two halves stand side by side.
        proof = signature.ecdsa_from_halves(jws.signature, octets) if octets else jws.signature
        signature.check_signature(scheme, key, proof, jws.signed)
    except BadEvidence as error:
        rule = ALGORITHM if error.rule is signature.ALGORITHM else SIGNATURE
        raise BadEvidence(rule, error.detail) from error


def certificates(jws: Jws) -> tuple[bytes, ...]:
    """The DER of each certificate in the ``x5c`` header, signer first (RFC 7515 §4.1.6).

    Raises:
        MalformedEvidence: Missing, not a list of base64 text, or more than `MAX_CERTIFICATES`.
    """
    listed = jws.header.get("x5c")
    if type(listed) is not list or not 0 < len(listed) <= MAX_CERTIFICATES:
        raise MalformedEvidence(WELL_FORMED, "x5c is no list of certificates")
    if any(type(item) is not str for item in listed):
        raise MalformedEvidence(WELL_FORMED, "x5c holds something else than text")
    return tuple(text.from_base64(item) for item in cast("list[str]", listed))


def require_jwe_form(token: bytes, *, max_bytes: int = MAX_TOKEN_BYTES) -> None:
    """Refuse what cannot be a compact JWE, for a caller who has no key to try.

    Raises:
        MalformedEvidence: ``jose/well-formed``.
        BadEvidence: A rule of headers.
    """
    _read_header(_split(token, 5, max_bytes)[0], frozenset())


def decrypt_jwe(token: bytes, key: bytes, *, max_bytes: int = MAX_TOKEN_BYTES) -> bytes:
    """Decrypt a compact JWE made with A256KW and A256GCM, the one combination allowed.

    Args:
        token: Five base64url parts in ASCII, without white space.
        key: The key-encryption key, `A256_KEY_BYTES` octets.
        max_bytes: The size above which nothing is read.

    Raises:
        MalformedEvidence: ``jose/well-formed`` and what base64url and JSON readers raise.
        BadEvidence: ``jose/algorithm``, ``jose/no-key-reference``, ``jose/no-extension``,
            ``jose/decrypts``.
    """
    parts = _split(token, 5, max_bytes)
    header = _read_header(parts[0], frozenset())
    if header.get("alg") != "A256KW" or header.get("enc") != "A256GCM":
        shown = f"alg {_shown(header.get('alg'))}, enc {_shown(header.get('enc'))}"
        raise BadEvidence(ALGORITHM, shown)
    wrapped, iv, ciphertext, tag = map(text.from_base64url, parts[1:])
    if (len(wrapped), len(iv), len(tag)) != (_WRAPPED_KEY_BYTES, _GCM_IV_BYTES, _GCM_TAG_BYTES):
        raise MalformedEvidence(WELL_FORMED, "a part has the wrong size")
    try:
        content_key = aes_key_unwrap(key, wrapped)
        # RFC 7516 §5.2 step 15: the protected header, as received, is authenticated data.
        return AESGCM(content_key).decrypt(iv, ciphertext + tag, parts[0])
    except (InvalidUnwrap, InvalidTag) as error:
        raise BadEvidence(DECRYPTS, type(error).__name__) from error


def _split(token: bytes, count: int, max_bytes: int) -> list[bytes]:
    if len(token) > max_bytes:
        raise MalformedEvidence(WELL_FORMED, f"more than {max_bytes} bytes")
    parts = token.split(b".", count)
    if len(parts) != count:
        raise MalformedEvidence(WELL_FORMED, f"{count} parts wanted")
    return parts


def _read_header(encoded: bytes, key_headers: frozenset[str]) -> dict[str, Any]:
    """A header, from memory where it is one of the few short ones that all honest tokens share."""
    if len(encoded) <= MAX_REMEMBERED_HEADER_BYTES:
        return _remembered_header(encoded, key_headers)
    return _read_new_header(encoded, key_headers)


def _read_new_header(encoded: bytes, key_headers: frozenset[str]) -> dict[str, Any]:
    header = json.decode_object(text.from_base64url(encoded), max_bytes=MAX_HEADER_BYTES)
    for name in header:
        rule = _REFUSED_HEADERS.get(name)
        if rule is not None and name not in key_headers:
            raise BadEvidence(rule, f"header {name}")
    if type(header.get("alg")) is not str:
        raise MalformedEvidence(WELL_FORMED, "alg is no text")
    return header


_remembered_header = lru_cache(maxsize=MAX_REMEMBERED_HEADERS)(_read_new_header)


def _shown(value: object) -> str:
    """A header value, short enough for a log."""
    return repr(value)[:40] if isinstance(value, str) else type(value).__name__
