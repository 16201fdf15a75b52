"""From claims to a key that can be bound: what its evidence warrants, and nothing else."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.attestation.evidence.facts.android_key import AndroidKeyDetail
from warifu.attestation.evidence.facts.app_attest import AppAttestFacts
from warifu.attestation.evidence.facts.webauthn import RegistrationFacts
from warifu.authentication.binding.rules import EVIDENCE_APP, EVIDENCE_CHALLENGE, KIND
from warifu.authentication.transaction.confirmation import BoundKey, ProofKind
from warifu.base.errors import BadEvidence, Misuse

if TYPE_CHECKING:
    from warifu.attestation.claims import Claims, Key

WARRANTED: dict[type[Struct], frozenset[ProofKind]] = {
    AndroidKeyDetail: frozenset({ProofKind.DEVICE_KEY, ProofKind.PROTECTED_CONFIRMATION}),
    AppAttestFacts: frozenset({ProofKind.APP_ATTEST}),
    RegistrationFacts: frozenset({ProofKind.WEBAUTHN, ProofKind.SECURE_PAYMENT}),
}
"""Kinds of proof by the evidence that a key was made with. No format here shows that a key is in a
trusted application with its own display: the bound key endorses such a key, and its provider
warrants it (`warifu.authentication.binding.endorsement`)."""
STATES_CHALLENGE = frozenset({AndroidKeyDetail, RegistrationFacts})
"""Evidence that repeats the challenge itself; App Attest has only a digest with more in it."""


def bound_key(claims: Claims, *, kind: ProofKind, app: str, challenge: bytes) -> BoundKey:
    """The attested key, for one kind of proof.

    Args:
        claims: Of evidence that was verified with `challenge` and `app` as expectations.
        kind: What the key is to be bound for.
        app: App ID, package or RP ID that the activation is for.
        challenge: See `warifu.authentication.binding.fingerprint.challenge_of`.

    Raises:
        BadEvidence: ``activation/kind``, ``activation/evidence-app``,
            ``activation/evidence-challenge``.
        Misuse: ``activation/evidence-challenge`` where the claims were made without a challenge.
    """
    key = claims.key
    if key is None or key.public_key is None or kind not in WARRANTED.get(type(claims.detail), ()):
        raise BadEvidence(KIND, f"{claims.format.value} for {kind.value}")
    if kind is ProofKind.PROTECTED_CONFIRMATION and key.confirmation_required is not True:
        raise BadEvidence(KIND, "the key signs without confirmation")
    if claims.app is None or claims.app.identifier != app:
        raise BadEvidence(EVIDENCE_APP, f"{claims.app and claims.app.identifier!r:.80}")
    # A caller who forgot to say which challenge must not get a binding out of any evidence at all.
    if claims.freshness.challenge_matches is not True:
        raise Misuse(EVIDENCE_CHALLENGE, "the evidence was judged without a challenge")
    stated = claims.freshness.challenge or b""
    if type(claims.detail) in STATES_CHALLENGE and not hmac.compare_digest(stated, challenge):
        raise BadEvidence(EVIDENCE_CHALLENGE)
    return BoundKey(
        kind=kind,
        public_key=key.public_key,
        identifier=key.identifier or sha256(key.public_key).digest(),
        app=app,
        counter=claims.freshness.counter,
        confirmation_required=key.confirmation_required is True,
        user_verification_required=_needs_user_each_time(key, claims.detail),
    )


def _needs_user_each_time(key: Key, detail: Struct) -> bool:
    """Of the formats, only Android's states how a key may be used from now on."""
    if not isinstance(detail, AndroidKeyDetail):
        return False
    hardware = detail.hardware_enforced
    # Keymaster 4 `AUTH_TIMEOUT`: absent means that each use is authorised by itself.
    return key.user_authentication not in {None, "none"} and hardware.auth_timeout is None
