"""Requirements on the key: where it lives, who says so, what it demands of its holder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.attestation.appraisal.checks.case import Answer, among, fails, holds, unknown
from warifu.attestation.appraisal.settings import level_number
from warifu.attestation.claims import SecurityLevel
from warifu.attestation.evidence.facts.android_key import ProvisioningMethod
from warifu.attestation.evidence.readers.authorization_tags import ORIGIN_GENERATED
from warifu.attestation.evidence.rules import app_attest_assertion, webauthn
from warifu.base.errors import StaleTrust

if TYPE_CHECKING:
    from warifu.attestation.appraisal.checks.case import Case

SIGNATURE_RULES = frozenset(
    {app_attest_assertion.SIGNATURE.code, webauthn.ASSERTION_SIGNATURE.code}
)
ANDROID_STATEMENT = "android-key"


def security_level(case: Case) -> Answer:
    """The key lives where it cannot be copied from."""
    found = case.claims.key.security_level if case.claims.key else None
    return _at_least(found, case.settings.key.security_level)


def attested_by(case: Case) -> Answer | None:
    """The word about the key is not merely software's."""
    found = case.claims.key.attested_by if case.claims.key else None
    if found is None and case.kind != ANDROID_STATEMENT:
        return None  # the format does not tell; its metadata counts for the key's own level
    return _at_least(found, case.settings.key.attested_by)


def user_authentication(case: Case) -> Answer | None:
    """The holder must do something only the holder can, before the key signs."""
    accepted = case.settings.key.user_authentication
    if not accepted:
        return None
    return among(case.claims.key.user_authentication if case.claims.key else None, accepted)


def confirmation(case: Case) -> Answer | None:
    """The key signs only what a trusted display has shown."""
    if not case.settings.key.confirmation:
        return None
    found = case.claims.key.confirmation_required if case.claims.key else None
    return Answer(found, f"confirmation required: {found}")


def provisioning(case: Case) -> Answer:
    """The attestation key came to the device in a way that is accepted."""
    method = case.detail.provisioning.method
    return Answer(method in case.settings.key.provisioning, method)


def certificates_issued(case: Case) -> Answer | None:
    """The attestation key does not serve more devices than one."""
    limit = case.settings.key.max_certificates_issued
    found = case.detail.provisioning.certificates_issued
    if limit is None or case.detail.provisioning.method is ProvisioningMethod.FACTORY:
        return None  # nobody counts certificates that were written at the factory
    if found is None:
        return unknown("the provisioning server states no number")
    return Answer(found <= limit, f"{found} certificates")


def made_inside(case: Case) -> Answer:
    """The key was made inside the hardware, so that nobody outside ever held it."""
    origin = case.detail.hardware_enforced.origin
    if case.detail.attestation_level is SecurityLevel.SOFTWARE or origin is None:
        return unknown("hardware does not say where the key was made")
    return Answer(origin == ORIGIN_GENERATED, f"origin {origin}")


def not_revoked(case: Case) -> Answer | None:
    """No certificate above the key is revoked or suspended today."""
    statement = getattr(case.detail, "statement_format", ANDROID_STATEMENT)
    if statement != ANDROID_STATEMENT:
        return None
    revocation = case.trust.revocation
    if revocation is None:
        return unknown("no revocation list is believed")
    for certificate in case.claims.chain:
        entry = revocation.find_certificate(certificate.serial)
        if entry is not None:
            return fails(f"{entry.status} {entry.reason or ''}".strip())
    try:
        revocation.require_fresh(case.trust.known_at)
    except StaleTrust:
        return unknown("the revocation list is too old to acquit")
    return holds("no certificate is listed")


def possession(case: Case) -> Answer:
    """Who sent this holds the key that was registered."""
    signed = not SIGNATURE_RULES.isdisjoint(case.claims.proved)
    return Answer(signed or None, "signed" if signed else "the signature was not checked")


def _at_least(found: SecurityLevel | None, wanted: SecurityLevel) -> Answer:
    if found is None:
        return unknown("not stated")
    return Answer(level_number(found) >= level_number(wanted), found)
