"""EAR as signed tokens: JWT (RFC 7519) and CWT (RFC 8392), under pinned keys only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from warifu.attestation.appraisal import rules
from warifu.attestation.appraisal.ear.document import EarProfile
from warifu.attestation.appraisal.ear.reading import read_claims
from warifu.attestation.appraisal.ear.writing import write_claims
from warifu.attestation.examination import AWARE_TIME
from warifu.base.codec import cbor, jose, json
from warifu.base.errors import BadEvidence, MalformedEvidence, Misuse
from warifu.base.keys.jwks import algorithm_of
from warifu.base.pki import sign1, signature

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from warifu.attestation.appraisal.ear.document import Ear
    from warifu.base.keys.signer import Signer
    from warifu.base.pki.signature import PublicKey

MAX_TOKEN_BYTES = 128 << 10
CLOCK_SKEW_SECONDS = 60

JWT_TYPE = "eat+jwt"
CWT_TYPE = "application/eat+cwt"
"""RFC 9782 §2: what was signed cannot be shown as another kind of token."""
TAKEN_TYPES = frozenset({None, "JWT", JWT_TYPE, f"application/{JWT_TYPE}", CWT_TYPE})
"""Veraison's tokens say ``JWT``; RFC 7515 §4.1.9 leaves out ``application/``."""

_ALGORITHMS = frozenset({"ES256", "EdDSA"})
_NAMED_KEYS = frozenset({"kid", "jwk"})
"""Headers about keys that may be there: `kid` chooses among pinned keys, `jwk` is not looked at."""


def sign_jwt(ear: Ear, signer: Signer) -> bytes:
    """Write and sign a result as a compact JWT, in the labels of its profile.

    Raises:
        Misuse: A rule ``ear/*`` that the result would not meet.
        VerifierFault: The signer does not answer.
    """
    header = {"alg": signer.algorithm, "kid": signer.key_id, "typ": JWT_TYPE}
    payload = msgspec.json.encode(write_claims(ear, in_json=True))
    return jose.write_jws(header, payload, signer.sign)


def sign_cwt(ear: Ear, signer: Signer) -> bytes:
    """Write and sign a result as a CWT: a tagged COSE_Sign1 in deterministic CBOR.

    Raises:
        Misuse: A rule ``ear/*`` that the result would not meet.
        VerifierFault: The signer does not answer.
    """
    return sign1.write_sign1(
        cbor.encode_deterministic(write_claims(ear, in_json=False)),
        algorithm=signer.algorithm,
        header={sign1.KEY_ID: signer.key_id.encode(), sign1.TYPE: CWT_TYPE},
        sign=signer.sign,
    )


def veraison_view(ear: Ear) -> Ear:
    """The same result for readers from before the drafts; what they cannot hold is left out."""
    parts = {name: replace(part, extensions={}) for name, part in ear.submodules.items()}
    return replace(ear, profile=EarProfile.VERAISON, status=None, submodules=parts, extensions={})


def read_jwt(
    token: bytes, *, keys: Mapping[str, bytes], at: datetime, max_age_seconds: int | None = None
) -> Ear:
    """Verify and read a compact JWT.

    Args:
        token: ASCII, without white space.
        keys: Pinned keys: key identifier to DER of SubjectPublicKeyInfo, P-256 or Ed25519.
        at: The time judged for, with a UTC offset.
        max_age_seconds: How old the result may be; None leaves that to its own expiry.

    Raises:
        MalformedEvidence: What the readers of JWS and JSON raise, ``ear/well-formed``.
        BadEvidence: ``jose/*``, ``ear/pinned-key``, ``ear/profile``, ``ear/mandatory-claims``,
            ``ear/status``, ``ear/fresh``.
        Misuse: ``keys/public-key`` for a pinned key of another kind, ``usage/aware-time``.
    """
    jws = jose.read_jws(
        token, algorithms=_ALGORITHMS, key_headers=_NAMED_KEYS, max_bytes=MAX_TOKEN_BYTES
    )
    _require_type(jws.header.get("typ"))
    named = jws.header.get("kid")
    if named is not None and type(named) is not str:
        raise MalformedEvidence(rules.EAR_WELL_FORMED, "kid is no text")
    _check(named, jws.algorithm, keys, lambda key: jose.check_jws(jws, key))
    ear = read_claims(json.decode_object(jws.payload), in_json=True)
    return _fresh(ear, at, max_age_seconds)


def read_cwt(
    token: bytes, *, keys: Mapping[str, bytes], at: datetime, max_age_seconds: int | None = None
) -> Ear:
    """Verify and read a CWT: COSE_Sign1, with or without its tags.

    Args:
        token: CBOR.
        keys: As for `read_jwt`; key identifiers are their text in UTF-8.
        at: The time judged for, with a UTC offset.
        max_age_seconds: As for `read_jwt`.

    Raises:
        MalformedEvidence: What the readers of COSE and CBOR raise, ``ear/well-formed``.
        BadEvidence: ``cose/algorithm``, ``pki/signature``, and as for `read_jwt`.
        Misuse: As for `read_jwt`.
    """
    message = sign1.read_sign1(token)
    _require_type(message.header.get(sign1.TYPE))
    named = None if message.key_id is None else message.key_id.decode("utf-8", "replace")
    _check(named, message.algorithm, keys, lambda key: sign1.check_sign1(message, key))
    return _fresh(read_claims(cbor.decode_map(message.payload), in_json=False), at, max_age_seconds)


def _require_type(stated: object) -> None:
    if not (stated is None or type(stated) is str) or stated not in TAKEN_TYPES:
        raise MalformedEvidence(rules.EAR_WELL_FORMED, f"type {stated!r:.40}")


def _check(
    named: str | None,
    algorithm: str,
    keys: Mapping[str, bytes],
    check: Callable[[PublicKey], None],
) -> None:
    """Under the pinned key that is named; where none is named, under any of its algorithm."""
    fitting = [
        spki
        for identifier, spki in keys.items()
        if (named is None or identifier == named) and algorithm_of(spki) == algorithm
    ]
    if not fitting:
        raise BadEvidence(rules.EAR_KEY, f"no pinned {algorithm} key {named or ''}"[:100].rstrip())
    for spki in fitting[:-1]:
        try:
            return check(signature.load_public_key(spki))
        except BadEvidence:
            continue
    return check(signature.load_public_key(fitting[-1]))


def _fresh(ear: Ear, at: datetime, max_age_seconds: int | None) -> Ear:
    if at.tzinfo is None:
        raise Misuse(AWARE_TIME, "at")
    now = at.timestamp()
    if ear.issued_at > now + CLOCK_SKEW_SECONDS:
        raise BadEvidence(rules.EAR_FRESH, "issued after the time judged for")
    if ear.expires_at is not None and ear.expires_at <= now:
        raise BadEvidence(rules.EAR_FRESH, "expired")
    if max_age_seconds is not None and ear.issued_at + max_age_seconds < now:
        raise BadEvidence(rules.EAR_FRESH, f"older than {max_age_seconds} seconds")
    return ear
