"""Anchors: certificates at which trust begins, each with its provenance and validity rule."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.pki.path import TrustPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

from warifu.base.pki.certificate import Certificate


class AnchorUse(StrEnum):
    """For which evidence an anchor counts. An anchor of one use vouches for no other."""

    ANDROID_KEY = "android-key"
    APP_ATTEST = "app-attest"
    APP_ATTEST_RECEIPT = "app-attest-receipt"
    WEBAUTHN_APPLE = "webauthn-apple"
    WEBAUTHN_TPM = "webauthn-tpm"
    WEBAUTHN = "webauthn"
    """Attestation of any other WebAuthn authenticator model, beside FIDO metadata."""
    FIDO_METADATA = "fido-metadata"
    SAFETYNET = "safetynet"


class ValidityRule(StrEnum):
    """Whether an anchor's key still counts after its certificate's dates."""

    ENFORCED = "enforced"
    OUTLIVES_CERTIFICATE = "outlives-certificate"


class Anchor(Struct, frozen=True, kw_only=True):
    """One anchor."""

    name: str
    uses: frozenset[AnchorUse]
    validity: ValidityRule
    certificate: Certificate
    point: TrustPoint
    provenance: dict[str, object]


def make_anchor(
    certificate: Certificate,
    *,
    name: str,
    uses: Sequence[AnchorUse],
    validity: ValidityRule = ValidityRule.ENFORCED,
    provenance: dict[str, object] | None = None,
) -> Anchor:
    """An anchor from a certificate that the caller has decided to trust."""
    enforced = validity is ValidityRule.ENFORCED
    return Anchor(
        name=name,
        uses=frozenset(uses),
        validity=validity,
        certificate=certificate,
        point=TrustPoint(
            name=name,
            subject=certificate.subject,
            public_key=certificate.public_key,
            not_before=certificate.not_before if enforced else None,
            not_after=certificate.not_after if enforced else None,
        ),
        provenance=provenance or {},
    )
