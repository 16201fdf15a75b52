"""Demonstrating proof of possession (RFC 9449): a proof by the client's key for each request.

Proofs are judged without state. Whoever asks stores `DpopProof.replay_id` until
`DpopProof.remember_until`, in an insert that fails the second time.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import reduce
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.authentication.user import rules
from warifu.base.codec import jose, json, text
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.keys.jwks import thumbprint
from warifu.base.pki.signature import load_public_key

if TYPE_CHECKING:
    from warifu.base.pki.signature import PublicKey
    from warifu.base.rule import Rule

TYPE = "dpop+jwt"
ALGORITHMS = frozenset({"ES256", "EdDSA"})
MAX_BYTES = 4096
MAX_URL_CHARACTERS = 2048
ID_CHARACTERS = range(16, 129)
"""Of ``jti``: RFC 9449 §4.2 asks for 96 bits at least."""
COORDINATE_OCTETS = 32
DESCRIBING = frozenset({"alg", "use", "kid", "key_ops", "ext"})
"""Members of a JWK that browsers write beside the key (RFC 7517 §4; Web Cryptography)."""
_KEY_TYPES = {
    ("EC", "P-256"): (
        bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"),
        "xy",
    ),
    ("OKP", "Ed25519"): (bytes.fromhex("302a300506032b6570032100"), "x"),
}
"""By type and curve: DER of SubjectPublicKeyInfo up to the coordinates, and their names."""


class DpopTerms(Struct, frozen=True, kw_only=True):
    """When a proof is fresh."""

    longest_age: timedelta = timedelta(seconds=60)
    clock_skew: timedelta = timedelta(seconds=10)
    """How far the client's clock may be ahead."""
    margin: timedelta = timedelta(hours=1)
    """How much longer ids are remembered, should our own clock be set back."""


class DpopProof(Struct, frozen=True, kw_only=True):
    """One request, proved to come from the holder of a key."""

    thumbprint: str
    """Of the key (RFC 7638, SHA-256), base64url."""
    replay_id: bytes
    """32 octets, to be stored once."""
    remember_until: datetime


def verify_dpop(
    proof: bytes,
    *,
    method: str,
    url: str,
    token: bytes,
    bound_to: str,
    now: datetime,
    nonce: str | None = None,
    terms: DpopTerms | None = None,
) -> DpopProof:
    """Verify the proof of one request (RFC 9449 §4.3).

    Args:
        proof: The one DPoP header, in ASCII.
        method: Of the request.
        url: Of the request as the client addressed it: scheme, authority and path.
        token: The access token, as sent.
        bound_to: Thumbprint of the key to which the token was issued (``cnf.jkt``).
        now: The present time.
        nonce: The one the server gave, where it gives some.
        terms: When a proof is fresh.

    Raises:
        BadEvidence: ``dpop/*``, ``jose/*``, ``json/*``, ``text/*``, ``pki/*``.
    """
    terms = terms or DpopTerms()
    # Steps 2, 4 and 5: well-formed, of this type, signed with an algorithm of ours.
    jws = jose.read_jws(
        proof, algorithms=ALGORITHMS, key_headers=frozenset({"jwk"}), max_bytes=MAX_BYTES
    )
    if jws.header.get("typ") != TYPE:
        raise BadEvidence(rules.DPOP_FORM, f"typ {jws.header.get('typ')!r:.40}")
    # Steps 6 and 7: under the key that it brings, which holds nothing private.
    spki, key = _read_jwk(jws.header.get("jwk"))
    jose.check_jws(jws, key)
    claims = json.decode_object(jws.payload, max_bytes=MAX_BYTES)
    # Step 3: all members are there.
    htm, htu, ath, jti = (
        _text(claims, name, rules.DPOP_FORM) for name in ("htm", "htu", "ath", "jti")
    )
    if len(jti) not in ID_CHARACTERS:
        raise BadEvidence(rules.DPOP_FORM, f"jti of {len(jti)} characters")
    # Steps 8 and 9: for this request.
    if htm != method or _normal(htu) != _normal(url):
        raise BadEvidence(rules.DPOP_TARGET, f"{htm:.16} {htu:.200}")
    # Step 10.
    if nonce is not None and not _same(_text(claims, "nonce", rules.DPOP_NONCE), nonce):
        raise BadEvidence(rules.DPOP_NONCE, "another nonce")
    # Step 11.
    issued_at = _issued_at(claims, now, terms)
    # Step 12: for this token, by the key it was issued to.
    if not _same(ath, text.to_base64url(sha256(token).digest())):
        raise BadEvidence(rules.DPOP_TOKEN, "ath of another token")
    name = thumbprint(spki)
    if not _same(name, bound_to):
        raise BadEvidence(rules.DPOP_BOUND, name)
    return DpopProof(
        thumbprint=name,
        replay_id=sha256(f"{name} {jti}".encode()).digest(),
        remember_until=issued_at + terms.longest_age + terms.clock_skew + terms.margin,
    )


def _read_jwk(jwk: object) -> tuple[bytes, PublicKey]:
    if not isinstance(jwk, dict):
        raise MalformedEvidence(rules.DPOP_KEY, "no jwk")
    kind, curve = _text(jwk, "kty", rules.DPOP_KEY), _text(jwk, "crv", rules.DPOP_KEY)
    shape = _KEY_TYPES.get((kind, curve))
    if shape is None:
        raise BadEvidence(rules.DPOP_KEY, f"{kind:.20} {curve:.20}")
    prefix, names = shape
    # A private member in a header is a key that is lost; an unknown one, another reader's key.
    if extra := jwk.keys() - DESCRIBING - {"kty", "crv", *names}:
        raise BadEvidence(rules.DPOP_KEY, f"member {min(extra):.20}")
    values = [text.from_base64url(_text(jwk, name, rules.DPOP_KEY)) for name in names]
    if any(len(value) != COORDINATE_OCTETS for value in values):
        raise BadEvidence(rules.DPOP_KEY, "coordinates of another size")
    spki = prefix + b"".join(values)
    return spki, load_public_key(spki)


def _text(members: dict[str, Any], name: str, rule: Rule) -> str:
    value = members.get(name)
    if type(value) is not str:
        raise MalformedEvidence(rule, f"{name} is no text")
    return value


def _issued_at(claims: dict[str, Any], now: datetime, terms: DpopTerms) -> datetime:
    seconds = claims.get("iat")
    if type(seconds) is not int:
        raise MalformedEvidence(rules.DPOP_FORM, "iat is no whole number")
    earliest, latest = (
        (moment - _EPOCH) // timedelta(seconds=1)
        for moment in (now - terms.longest_age, now + terms.clock_skew)
    )
    if not earliest <= seconds <= latest:
        raise BadEvidence(rules.DPOP_TIME, "made too long ago, or in the future")
    return _EPOCH + timedelta(seconds=seconds)


def _same(one: str, other: str) -> bool:
    return compare_digest(one.encode(), other.encode())


def _normal(url: str) -> str:
    """An address in the one form that is compared (RFC 3986 §6.2.2, §6.2.3), without query."""
    found = _URL.fullmatch(url) if len(url) <= MAX_URL_CHARACTERS else None
    if found is None:
        raise BadEvidence(rules.DPOP_TARGET, f"{url:.200}")
    scheme, host, port, path = found.group("scheme", "host", "port", "path")
    scheme, host = scheme.lower(), host.lower()
    port = "" if port in {None, "", _DEFAULT_PORTS[scheme]} else f":{port}"
    path = _ESCAPE.sub(_unescaped, path)
    return f"{scheme}://{host}{port}{_without_dots(path)}"


def _unescaped(escape: re.Match[str]) -> str:
    character = chr(int(escape.group(1), 16))
    return character if _UNRESERVED.fullmatch(character) else escape.group().upper()


def _without_dots(path: str) -> str:
    """RFC 3986 §5.2.4."""
    segments = path.split("/")[1:] or [""]
    kept: list[str] = reduce(_step, segments, [])
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def _step(kept: list[str], segment: str) -> list[str]:
    if segment == "..":
        return kept[:-1]
    return kept if segment == "." else [*kept, segment]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DEFAULT_PORTS = {"https": "443", "http": "80"}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>\d{0,5}))?"
    r"(?P<path>(?:/(?:[a-z0-9._~!$&'()*+,;=:@/-]|%[0-9a-f]{2})*)?)(?:\?[^#\s]*)?(?:#\S*)?",
    re.IGNORECASE | re.ASCII,
)
"""Without user information, which would only hide the host."""
