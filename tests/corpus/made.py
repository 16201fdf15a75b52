"""Honest evidence of simulated devices, for the format of which no real evidence is public.

Real Play Integrity tokens can only be opened with the key of the app they were made for.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from tests.corpus.accepted import Accepted
from warifu.attestation.claims import Format
from warifu.attestation.evidence.facts.play_integrity import PlayIntegrityExpectations
from warifu.attestation.trust.view import TrustView
from warifu.base.secret import Secret
from warifu.handset.play_integrity import (
    CHALLENGE,
    MADE_AT,
    PACKAGE,
    PlayIntegrityDevice,
    honest_verdict,
)


@cache
def accepted() -> tuple[Accepted, ...]:
    """A standard and a classic token."""
    return tuple(_token(classic=classic) for classic in (False, True))


def _token(*, classic: bool) -> Accepted:
    device = PlayIntegrityDevice(verdict=honest_verdict(classic=classic))
    return Accepted(
        name=f"made {'classic' if classic else 'standard'}",
        format=Format.PLAY_INTEGRITY,
        evidence=device.token(),
        expected=PlayIntegrityExpectations(
            app=PACKAGE,
            challenge=CHALLENGE,
            decryption_key=Secret(device.decryption_key),
            verification_key=device.verification_key,
        ),
        trust=TrustView(known_at=MADE_AT),
        at=MADE_AT + timedelta(seconds=5),
    )
