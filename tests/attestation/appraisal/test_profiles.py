"""The shipped profiles: what none of them accepts, and that none is milder than the one before."""

from itertools import pairwise
from typing import Any

import pytest

from tests.attestation.appraisal.worlds import HONEST, NOW, PACKAGE, SIGNER, revocation, trust
from warifu.attestation.appraisal.appraise import appraise
from warifu.attestation.appraisal.policy import AppraisalPolicy, load_policy
from warifu.attestation.appraisal.result import Severity
from warifu.attestation.appraisal.vector import Tier
from warifu.attestation.claims import BootState, SecurityLevel
from warifu.attestation.evidence.facts.android_key import Provisioning, ProvisioningMethod
from warifu.attestation.evidence.rules import android_key
from warifu.attestation.trust.revocation import RevocationStatus
from warifu.service.adapters.bundled_profiles import PROFILES, bundled_profiles

REGISTRATION = f"""
id = "jp.example.bank/x"
profile = "PROFILE"
[app]
identifiers = ["{PACKAGE}", "TEAM.{PACKAGE}"]
signers = ["{SIGNER.hex()}"]
"""


def of(profile: str) -> AppraisalPolicy:
    return load_policy(
        REGISTRATION.replace("PROFILE", profile).encode(), profiles=bundled_profiles()
    )


UNACCEPTABLE: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "unlocked bootloader": ("android-key", {"boot": {"locked": False}}, {}),
    "unverified system": ("android-key", {"boot": {"state": BootState.UNVERIFIED}}, {}),
    "software key": ("android-key", {"key": {"security_level": SecurityLevel.SOFTWARE}}, {}),
    "software's word": ("android-key", {"key": {"attested_by": SecurityLevel.SOFTWARE}}, {}),
    "development app": ("app-attest", {"app": {"environment": "development"}}, {}),
    "unknown signer": ("android-key", {"app": {"signers": (bytes(32),)}}, {}),
    "far future": ("android-key", {"operating_system": {"patch_level": "2040-01"}}, {}),
    "revoked": ("android-key", {}, {"revocation": revocation(RevocationStatus.REVOKED)}),
    "suspended": ("android-key", {}, {"revocation": revocation(RevocationStatus.SUSPENDED)}),
}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("wrong", UNACCEPTABLE)
def test_no_profile_accepts(wrong: str, profile: str) -> None:
    kind, changes, believed = UNACCEPTABLE[wrong]
    result = appraise(HONEST[kind](**changes), policy=of(profile), trust=trust(**believed), now=NOW)
    assert result.status is Tier.CONTRAINDICATED
    assert any(each.stands_against for each in result.findings())


@pytest.mark.parametrize("profile", PROFILES[1:])
def test_stale_patches_refuse_wherever_more_than_a_login_is_asked(profile: str) -> None:
    claims = HONEST["android-key"](operating_system={"patch_level": "2024-01"})
    result = appraise(claims, policy=of(profile), trust=trust(), now=NOW)
    assert result.submodules["device"].status is Tier.CONTRAINDICATED


def test_stale_patches_warn_at_login() -> None:
    claims = HONEST["android-key"](operating_system={"patch_level": "2024-01"})
    result = appraise(claims, policy=of("login"), trust=trust(), now=NOW)
    assert result.submodules["device"].status is Tier.WARNING


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("kind", ["android-key", "app-attest"])
def test_every_profile_accepts_an_honest_device(kind: str, profile: str) -> None:
    result = appraise(HONEST[kind](), policy=of(profile), trust=trust(), now=NOW)
    assert [each.seen for each in result.findings() if each.stands_against] == []
    assert result.status is Tier.AFFIRMING


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_accepts_a_phone_provisioned_at_the_factory(profile: str) -> None:
    factory = Provisioning(method=ProvisioningMethod.FACTORY)
    claims = HONEST["android-key"](detail={"provisioning": factory})
    result = appraise(claims, policy=of(profile), trust=trust(), now=NOW)
    assert result.status is Tier.AFFIRMING


def test_profiles_relax_only_what_they_say() -> None:
    relaxed = {name: {each.setting for each in of(name).relaxations} for name in PROFILES}
    assert relaxed == {
        "login": {"device.patch-level", "device.patch-max-age-days"},
        "balance": {"device.patch-max-age-days"},
        "transfer": set(),
        "high-value-transfer": set(),
    }


def test_each_profile_is_no_milder_than_the_one_before() -> None:
    order = list(Severity)
    policies = [of(name) for name in PROFILES]
    for milder, stricter in pairwise(policies):
        for identifier, severity in milder.severities.items():
            assert order.index(stricter.severities[identifier]) >= order.index(severity)


def test_a_leniency_that_a_profile_refuses_exists() -> None:
    names = {each.name for each in android_key.LENIENCIES}
    assert of("high-value-transfer").settings.evidence.refused_leniencies <= names
