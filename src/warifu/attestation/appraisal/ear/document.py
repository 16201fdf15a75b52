"""An attestation result as the claims of an EAR, free of its encodings."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.attestation.appraisal.vector import Tier, TrustVector

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.attestation.appraisal.result import AttestationResult, SubmoduleResult


class EarProfile(StrEnum):
    """Vocabularies, by the profile that names them."""

    DRAFT_04 = "tag:ietf.org,2026:rats/ear#04"
    DRAFT_03 = "tag:ietf.org,2026:rats/ear#03"
    VERAISON = "tag:github.com,2023:veraison/ear"
    """From before the drafts: other claim names, one policy, JSON only."""


class VerifierId(Struct, frozen=True, kw_only=True):
    """Who appraised: both as the verifier calls itself."""

    developer: str
    build: str


class EarAppraisal(Struct, frozen=True, kw_only=True):
    """What is said of one submodule."""

    status: Tier
    vector: TrustVector = TrustVector()
    """Without claims where there is none."""
    policy_ids: tuple[str, ...] = ()
    attester_claims: dict[Any, Any] | None = None
    """Taken from the evidence (-04)."""
    verifier_claims: dict[Any, Any] | None = None
    """Added by the verifier (-04)."""
    attested_key: bytes | None = None
    """DER of a SubjectPublicKeyInfo (Veraison's key attestation)."""
    extensions: dict[Any, Any] = {}
    """Members that the profile does not define, as received."""


class Ear(Struct, frozen=True, kw_only=True):
    """One attestation result. Times are whole seconds since 1970-01-01 UTC."""

    profile: EarProfile
    issued_at: int
    expires_at: int | None = None
    verifier: VerifierId
    nonces: tuple[bytes, ...] = ()
    """8 to 64 bytes each."""
    raw_evidence: bytes | None = None
    status: Tier | None = None
    """Over all submodules, where it is stated."""
    submodules: dict[str, EarAppraisal]
    extensions: dict[Any, Any] = {}


def ear_of(
    result: AttestationResult,
    *,
    verifier: VerifierId,
    expires_at: datetime | None = None,
    nonce: bytes | None = None,
    attested_key: bytes | None = None,
) -> Ear:
    """What we say of an appraisal. What was seen of the device stays with us.

    Args:
        result: The appraisal.
        verifier: Who we are.
        expires_at: After when nobody should rely on it; with a UTC offset.
        nonce: Of whoever asked for the result, 8 to 64 bytes.
        attested_key: The key that the evidence is about, DER of SubjectPublicKeyInfo; told in the
            submodule ``key``.
    """
    return Ear(
        profile=EarProfile.DRAFT_04,
        issued_at=_seconds(result.issued_at),
        expires_at=None if expires_at is None else _seconds(expires_at),
        verifier=verifier,
        nonces=() if nonce is None else (nonce,),
        submodules={
            name: EarAppraisal(
                status=part.status,
                vector=part.vector,
                policy_ids=(result.policy_id, f"sha-256:{result.policy_digest}"),
                verifier_claims=_verifier_claims(result, part),
                attested_key=attested_key if name == _KEY else None,
            )
            for name, part in result.submodules.items()
        },
    )


def _verifier_claims(result: AttestationResult, part: SubmoduleResult) -> dict[Any, Any]:
    """Both times, what the verdict rests on, and each requirement with how it came out."""
    made_at = result.evidence_made_at
    return {
        "basis": result.basis.value,
        "realm": result.realm.value,
        "known-at": _seconds(result.known_at),
        **({} if made_at is None else {"evidence-made-at": _seconds(made_at)}),
        **({} if result.format is None else {"format": result.format.value}),
        "findings": [
            {
                "requirement": finding.requirement,
                "severity": finding.severity.value,
                **({} if finding.holds is None else {"holds": finding.holds}),
            }
            for finding in part.findings
        ],
        "relaxed": [relaxation.setting for relaxation in result.relaxations],
    }


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


_KEY = "key"
