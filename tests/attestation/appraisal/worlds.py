"""Proved claims of honest devices, a policy that accepts them, and trust: one change per test."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from msgspec.structs import replace

from tests.support import moment
from warifu.attestation.appraisal.appraise import appraise
from warifu.attestation.appraisal.policy import AppraisalPolicy, load_policy
from warifu.attestation.appraisal.result import AttestationResult, Finding
from warifu.attestation.claims import (
    App,
    Boot,
    BootState,
    Claims,
    Device,
    Endorsement,
    Format,
    Freshness,
    Key,
    OperatingSystem,
    Package,
    Realm,
    SecurityLevel,
)
from warifu.attestation.evidence.facts.android_key import (
    AndroidKeyDetail,
    AuthorizationList,
    Provisioning,
    ProvisioningMethod,
)
from warifu.attestation.evidence.facts.app_attest import AppAttestFacts
from warifu.attestation.evidence.facts.app_attest_assertion import AppAttestAssertionFacts
from warifu.attestation.evidence.facts.app_attest_receipt import AppAttestReceiptFacts, ReceiptKind
from warifu.attestation.evidence.facts.play_integrity import PlayIntegrityFacts
from warifu.attestation.evidence.facts.safetynet import SafetyNetFacts
from warifu.attestation.evidence.facts.webauthn import AuthenticationFacts, RegistrationFacts
from warifu.attestation.evidence.rules import app_attest_assertion, webauthn
from warifu.attestation.trust.boot_keys import BootKeyEntry, BootKeys
from warifu.attestation.trust.metadata import Metadata
from warifu.attestation.trust.metadata_entry import MetadataEntry, StatusReport
from warifu.attestation.trust.revocation import RevocationEntry, RevocationList, RevocationStatus
from warifu.attestation.trust.view import TrustView

AT = moment("2026-09-20T09:00:00Z")
NOW = AT + timedelta(seconds=5)
PACKAGE = "jp.example.bank"
SIGNER = bytes(range(32))
BOOT_KEY = bytes([7]) * 32
AAGUID = "01020304-0506-0708-0102-030405060708"
SERIAL = 0x1234ABCD
POLICY = f"""
id = "jp.example.bank/test"

[app]
identifiers = ["{PACKAGE}", "TEAM.{PACKAGE}"]
signers = ["{SIGNER.hex()}"]
"""


def policy(more: str = "", base: str = POLICY) -> AppraisalPolicy:
    return load_policy((base + more).encode(), profiles={})


def revocation(status: RevocationStatus | None = None, *, at: datetime = NOW) -> RevocationList:
    listed = {} if status is None else {SERIAL: RevocationEntry(key="x", status=status)}
    return RevocationList(entries=listed, confirmed_at=at)


def metadata(*statuses: str, next_update: str = "2026-10-01") -> Metadata:
    entry = MetadataEntry(
        aaguid=bytes.fromhex(AAGUID.replace("-", "")),
        status_reports=tuple(StatusReport(status=status) for status in statuses),
    )
    return Metadata(
        number=1,
        next_update=date.fromisoformat(next_update),
        legal_header=None,
        entries=(entry,),
        path=cast("Any", None),
        algorithm="ES256",
        unknown=(),
        left_out=0,
        by_aaguid={entry.aaguid or b"": entry},
        by_aaid={},
        by_key_identifier={},
    )  # fmt: skip


def trust(**changes: Any) -> TrustView:
    believed: dict[str, Any] = {
        "known_at": NOW,
        "revocation": revocation(),
        "metadata": metadata("FIDO_CERTIFIED_L1"),
        "boot_keys": BootKeys(
            entries={
                BOOT_KEY: BootKeyEntry(key=BOOT_KEY, os="GrapheneOS", device=None, provenance={})
            }
        ),
    }
    return TrustView(**(believed | changes))


def _claims(form: Format, detail: Any, **parts: Any) -> Claims:
    return Claims(
        format=form,
        at=AT,
        known_at=NOW,
        realm=Realm.PRODUCTION,
        freshness=Freshness(challenge=b"c", challenge_matches=True),
        detail=detail,
        **parts,
    )


def android(**changes: Any) -> Claims:
    detail = AndroidKeyDetail(
        attestation_version=300,
        keymint_version=300,
        attestation_level=SecurityLevel.TRUSTED_ENVIRONMENT,
        key_level=SecurityLevel.TRUSTED_ENVIRONMENT,
        storage_level=SecurityLevel.TRUSTED_ENVIRONMENT,
        rollback_resistant=False,
        unique_id=b"",
        module_hash=None,
        boot_key_name=None,
        provisioning=Provisioning(method=ProvisioningMethod.REMOTE, certificates_issued=3),
        attest_keys=0,
        hardware_enforced=AuthorizationList(origin=0),
        software_enforced=AuthorizationList(),
    )
    claims = _claims(
        Format.ANDROID_KEY,
        detail,
        device=Device(platform="android"),
        boot=Boot(locked=True, state=BootState.VERIFIED, key=BOOT_KEY),
        operating_system=OperatingSystem(
            version="16.0.0",
            patch_level="2026-09",
            vendor_patch_level="2026-09-05",
            boot_patch_level="2026-08-05",
        ),
        app=App(identifier=PACKAGE, packages=(Package(PACKAGE, 42),), signers=(SIGNER,)),
        key=Key(
            security_level=SecurityLevel.TRUSTED_ENVIRONMENT,
            attested_by=SecurityLevel.TRUSTED_ENVIRONMENT,
            endorsement=Endorsement.ANCHORED,
            user_authentication="biometric",
            confirmation_required=False,
        ),
        chain=(cast("Any", SimpleNamespace(serial=SERIAL)),),
        anchor="google",
    )
    return changed(claims, **changes)


def app_attest(**changes: Any) -> Claims:
    claims = _claims(
        Format.APP_ATTEST,
        AppAttestFacts(app_id_hash=bytes(32), extensions={}),
        device=Device(platform="apple"),
        operating_system=OperatingSystem(version="18.1.1"),
        app=App(identifier=f"TEAM.{PACKAGE}", environment="production"),
        key=Key(
            security_level=SecurityLevel.SECURE_ELEMENT, endorsement=Endorsement.ANCHORED
        ),
    )  # fmt: skip
    return changed(claims, **changes)


def assertion(**changes: Any) -> Claims:
    claims = _claims(
        Format.APP_ATTEST_ASSERTION,
        AppAttestAssertionFacts(app_id_hash=bytes(32), client_data_hash=bytes(32), flags=0),
        device=Device(platform="apple"),
        app=App(identifier=f"TEAM.{PACKAGE}"),
        key=Key(),
        proved=(app_attest_assertion.SIGNATURE.code,),
    )
    return changed(claims, **changes)


def receipt(**changes: Any) -> Claims:
    claims = _claims(
        Format.APP_ATTEST_RECEIPT,
        AppAttestReceiptFacts(
            kind=ReceiptKind.RECEIPT,
            risk_metric=2,
            client_hash=bytes(32),
            token="t",
            not_before=None,
            expires_at=AT,
            other_fields={},
        ),
        device=Device(platform="apple"),
        app=App(identifier=f"TEAM.{PACKAGE}", environment="production"),
        key=Key(endorsement=Endorsement.ANCHORED),
    )
    return changed(claims, **changes)


def play_integrity(**changes: Any) -> Claims:
    claims = _claims(
        Format.PLAY_INTEGRITY,
        PlayIntegrityFacts(
            request_kind="standard",
            request_package=PACKAGE,
            app_recognition="PLAY_RECOGNIZED",
            certificate_digests=("digest",),
            version_code=42,
            device_labels=("MEETS_BASIC_INTEGRITY", "MEETS_DEVICE_INTEGRITY"),
            licensing="LICENSED",
            play_protect="NO_ISSUES",
            apps_detected=("KNOWN_INSTALLED",),
        ),
        device=Device(platform="android"),
        app=App(identifier=PACKAGE, packages=(Package(PACKAGE, 42),), signers=(SIGNER,)),
    )
    return changed(claims, **changes)


def safetynet(**changes: Any) -> Claims:
    claims = _claims(
        Format.SAFETYNET,
        SafetyNetFacts(cts_profile_match=True, basic_integrity=True),
        device=Device(platform="android"),
        app=App(identifier=PACKAGE, packages=(Package(PACKAGE),), signers=(SIGNER,)),
    )
    return changed(claims, **changes)


CEREMONY: dict[str, Any] = {
    "rp_id_hash": bytes(32),
    "origin": "https://bank.example.jp",
    "cross_origin": None,
    "top_origin": None,
    "user_present": True,
    "user_verified": True,
    "backup_eligible": False,
    "backed_up": False,
    "attachment": None,
    "authenticator_extensions": None,
    "client_extensions": {},
}


def registration(**changes: Any) -> Claims:
    claims = _claims(
        Format.WEBAUTHN,
        RegistrationFacts(
            **CEREMONY,
            statement_format="packed",
            attestation_type="basic",
            aaguid=bytes(16),
            credential_public_key=b"",
            algorithm=-7,
            transports=(),
            model=None,
            statement=None,
            parts=(),
        ),
        device=Device(aaguid=AAGUID),
        app=App(identifier=PACKAGE),
        key=Key(
            security_level=SecurityLevel.SECURE_ELEMENT,
            endorsement=Endorsement.ANCHORED,
            user_authentication="verified",
        ),
        chain=(cast("Any", SimpleNamespace(serial=SERIAL)),),
    )
    return changed(claims, **changes)


def authentication(**changes: Any) -> Claims:
    claims = _claims(
        Format.WEBAUTHN,
        AuthenticationFacts(**CEREMONY, user_handle=None),
        app=App(identifier=PACKAGE),
        key=Key(user_authentication="verified"),
        proved=(webauthn.ASSERTION_SIGNATURE.code,),
    )
    return changed(claims, **changes)


HONEST = {
    "android-key": android,
    "app-attest": app_attest,
    "app-attest-assertion": assertion,
    "app-attest-receipt": receipt,
    "play-integrity": play_integrity,
    "safetynet": safetynet,
    "webauthn-registration": registration,
    "webauthn-authentication": authentication,
}


def changed(claims: Claims, **changes: Any) -> Claims:
    """`boot={"locked": False}` changes one fact, `boot=None` takes the whole part away."""
    for name, value in changes.items():
        part = getattr(claims, name)
        inner = replace(part, **value) if isinstance(value, dict) else value
        claims = replace(claims, **{name: inner})
    return claims


def judged(
    claims: Claims,
    more: str = "",
    *,
    believed: TrustView | None = None,
    now: datetime = NOW,
) -> AttestationResult:
    return appraise(claims, policy=policy(more), trust=believed or trust(), now=now)


def finding(result: AttestationResult, requirement: str) -> Finding | None:
    return next((each for each in result.findings() if each.requirement == requirement), None)
