"""An appraisal as a signed attestation result (EAR), for whoever relies on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from warifu.attestation.appraisal.ear.document import EarProfile, VerifierId, ear_of
from warifu.attestation.appraisal.ear.token import sign_cwt, sign_jwt, veraison_view
from warifu.base.errors import Denied, Misuse
from warifu.base.keys.purpose import TERMS, KeyPurpose
from warifu.service.conduct.evidence.appraisal_view import read_document
from warifu.service.conduct.evidence.ear_rules import CURRENT, FORM
from warifu.service.conduct.rules import KNOWN
from warifu.service.store import reappraisal as store
from warifu.service.store.database import moment

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Row, Transaction

JWT_MEDIA_TYPE = "application/eat+jwt"
CWT_MEDIA_TYPE = "application/eat+cwt"
"""RFC 9782 §6."""

PROFILES = {
    "draft-04": EarProfile.DRAFT_04,
    "draft-03": EarProfile.DRAFT_03,
    "veraison": EarProfile.VERAISON,
}
"""By the names a caller may use in place of the profile's own."""
US = VerifierId(developer="warifu", build=f"warifu {version('warifu')}")


class EarToken(Struct, frozen=True, kw_only=True):
    """A signed result."""

    body: bytes
    media_type: str
    """With the parameter ``eat_profile`` (RFC 9782 §3)."""
    expires_at: datetime


def issue_ear(work: Work, appraisal: str, *, media_type: str, profile: EarProfile) -> EarToken:
    """Sign what an appraisal says.

    It is issued as of the appraisal, not of the request, and expires when the appraisal may no
    longer be used: a new signature makes no appraisal younger.

    Args:
        work: The request.
        appraisal: Its id.
        media_type: `JWT_MEDIA_TYPE` or `CWT_MEDIA_TYPE`.
        profile: The vocabulary.

    Raises:
        Misuse: ``request/known``, ``ear/form``.
        Denied: ``ear/current``.
        VerifierFault: ``keys/no-signer``.
    """
    in_json = media_type == JWT_MEDIA_TYPE
    if profile is EarProfile.VERAISON and not in_json:
        raise Misuse(FORM, f"{profile} as {media_type}")
    with work.house.database.read() as transaction:
        row = store.appraisal_for_ear(transaction, tenant=work.tenant, appraisal=appraisal)
    if row is None:
        raise Misuse(KNOWN, "appraisal")
    appraised_at = moment(row[1])
    expires_at = appraised_at + _life(work)
    if not appraised_at <= work.now < expires_at:
        raise Denied(CURRENT, f"appraised at {appraised_at.isoformat()}")
    return _signed(work, row, media_type=media_type, profile=profile, expires_at=expires_at)


def ear_of_record(work: Work, transaction: Transaction, appraisal: str) -> EarToken | None:
    """What an appraisal said, for the record: a result that may have expired long ago, and says so.

    Args:
        work: The request.
        transaction: Where to read.
        appraisal: Its id.

    Raises:
        VerifierFault: ``keys/no-signer``.
    """
    row = store.appraisal_for_ear(transaction, tenant=work.tenant, appraisal=appraisal)
    if row is None:
        return None
    expires_at = moment(row[1]) + _life(work)
    profile = EarProfile.DRAFT_04
    return _signed(work, row, media_type=CWT_MEDIA_TYPE, profile=profile, expires_at=expires_at)


def _signed(
    work: Work, row: Row, *, media_type: str, profile: EarProfile, expires_at: datetime
) -> EarToken:
    document, _, nonce, evidence = row
    in_json = media_type == JWT_MEDIA_TYPE
    result = read_document(document).result
    ear = ear_of(
        result, verifier=US, expires_at=expires_at, nonce=nonce, attested_key=_key(evidence)
    )
    ear = veraison_view(ear) if profile is EarProfile.VERAISON else replace(ear, profile=profile)
    signer = work.house.keys.ring(work.now).signer(KeyPurpose.EAR, work.now)
    return EarToken(
        body=sign_jwt(ear, signer) if in_json else sign_cwt(ear, signer),
        media_type=f'{media_type}; eat_profile="{profile.value}"',
        expires_at=expires_at,
    )


def _key(document: bytes | None) -> bytes | None:
    """The key that the evidence proved, DER of SubjectPublicKeyInfo; None where it proved none."""
    kept = _KEPT.decode(document) if document is not None else None
    key = kept.claims.key if kept and kept.claims else None
    return bytes.fromhex(key.public_key) if key and key.public_key else None


def _life(work: Work) -> timedelta:
    """No longer than its key stays published after it stopped signing."""
    usable = timedelta(seconds=work.house.settings.appraisals.usable_seconds)
    return min(usable, TERMS[KeyPurpose.EAR].longest_life)


class _KeptKey(Struct, frozen=True):
    public_key: str | None = None


class _KeptClaims(Struct, frozen=True):
    key: _KeptKey | None = None


class _Kept(Struct, frozen=True):
    """The part of a kept verdict that names its key."""

    claims: _KeptClaims | None = None


_KEPT = msgspec.json.Decoder(_Kept)
