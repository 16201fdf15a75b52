"""Terminal-judged: a passkey that verified its user (WebAuthn L3 §7.2).

The challenge of the assertion is the SHA-256 of context and challenge: an assertion that a phishing
site relays has another origin, and one given to another verifier another challenge.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from warifu.attestation.claims import Endorsement
from warifu.attestation.evidence import webauthn
from warifu.attestation.evidence.facts.webauthn import (
    StoredCredential,
    UserVerification,
    WebAuthnExpectations,
)
from warifu.attestation.trust.view import TrustView
from warifu.authentication.ceremony.context import context_bytes
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.user import rules
from warifu.authentication.user.device_signature import key_name, require_attested
from warifu.authentication.user.verified import Assurance, Method, UserVerified, named
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence
from warifu.base.pki import cose, signature

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from warifu.attestation.claims import Key
    from warifu.authentication.ceremony.context import Context
    from warifu.authentication.transaction.confirmation import BoundKey

KINDS = frozenset({ProofKind.WEBAUTHN, ProofKind.SECURE_PAYMENT})
"""A credential for Secure Payment Confirmation is a passkey too."""
DEFAULT_RSA = -257
"""RS256: what authenticators with RSA keys use."""


class PasskeyTerms(Struct, frozen=True, kw_only=True):
    """What is accepted of a passkey."""

    origins: tuple[str, ...]
    """Exactly these, including ``android:apk-key-hash:...`` of apps."""
    endorsements: frozenset[Endorsement] = frozenset({Endorsement.ANCHORED})
    """Who has to have vouched for it. Passkeys that are synced have nobody who does."""


def passkey_challenge(context: Context, challenge: bytes) -> bytes:
    """The challenge to be put into the options of the browser, 32 octets."""
    return sha256(context_bytes(context, challenge)).digest()


def verify_passkey(
    assertion: bytes,
    *,
    bound: BoundKey,
    attested: Key,
    context: Context,
    challenge: bytes,
    terms: PasskeyTerms,
    now: datetime,
    user_handle: bytes | None = None,
) -> UserVerified:
    """Verify an assertion of a bound passkey.

    Args:
        assertion: AuthenticationResponseJSON, UTF-8.
        bound: The key; `BoundKey.app` is the RP ID, `BoundKey.identifier` the credential's.
        attested: The claims proved about the key when it was bound.
        context: What was asked, with user and device.
        challenge: The one issued for it.
        terms: What is accepted.
        now: The present time.
        user_handle: As given at registration. Needed where the response names one.

    Raises:
        BadEvidence: ``user/key-kind``, ``user/key-attested``, ``webauthn/*`` and what its readers
            raise.
        Unchecked: The response names an account and no `user_handle` was given.
        Misuse: ``user/named``, ``ceremony/context-form``.
    """
    user, device = named(context)
    asked = passkey_challenge(context, challenge)
    # 1. A bound key of this kind, for which somebody vouched.
    if bound.kind not in KINDS:
        raise BadEvidence(rules.KEY_KIND, bound.kind.value)
    require_attested(bound, attested, terms.endorsements)
    # 2. Our RP ID, origin and challenge, the user verified, the counter gone up.
    expected = WebAuthnExpectations(
        app=bound.app,
        challenge=asked,
        origins=terms.origins,
        user_verification=UserVerification.REQUIRED,
        credential=StoredCredential(
            identifier=bound.identifier,
            public_key=_cose_key(bound.public_key),
            counter=bound.counter or 0,
            user_handle=user_handle,
        ),
    )
    claims = webauthn.verify(assertion, expected=expected, trust=TrustView(known_at=now), at=now)
    return UserVerified(
        user=user,
        device=device,
        method=Method.PASSKEY,
        assurance=Assurance.AUTHENTICATOR,
        at=now,
        key=key_name(bound),
        context=asked,
        counter=claims.freshness.counter,
        proved=(rules.KEY_KIND.code, rules.KEY_ATTESTED.code, *claims.proved),
    )


def _cose_key(public_key: bytes) -> bytes:
    """The COSE_Key of a SubjectPublicKeyInfo, with the algorithm that its kind is used with."""
    for identifier, algorithm in cose.ALGORITHMS.items():
        for curve, (prefix, size) in algorithm.shapes.items():
            body = public_key[len(prefix) :]
            if public_key.startswith(prefix) and len(body) in {size, 2 * size}:
                members: dict[int, Any] = {1: algorithm.key_type, 3: identifier}
                coordinates = {-2: body[:size], -3: body[size:]} if curve else {-1: body}
                members |= {-1: curve} if curve else {}
                members |= {label: value for label, value in coordinates.items() if value}
                return cbor.encode_deterministic(members)
    numbers = cast("RSAPublicKey", signature.load_public_key(public_key)).public_numbers()
    modulus, exponent = (
        number.to_bytes((number.bit_length() + 7) // 8, "big") for number in (numbers.n, numbers.e)
    )
    return cbor.encode_deterministic({1: 3, 3: DEFAULT_RSA, -1: modulus, -2: exponent})
