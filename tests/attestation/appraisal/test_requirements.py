"""Each requirement by itself: one thing wrong with an honest device, and exactly that is found."""

from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from tests.attestation.appraisal.worlds import (
    AT,
    BOOT_KEY,
    HONEST,
    NOW,
    PACKAGE,
    SIGNER,
    changed,
    finding,
    judged,
    metadata,
    policy,
    revocation,
    trust,
)
from warifu.attestation.appraisal.appraise import appraise
from warifu.attestation.appraisal.requirement import KINDS
from warifu.attestation.appraisal.requirements import REQUIREMENTS
from warifu.attestation.appraisal.result import Severity
from warifu.attestation.appraisal.vector import Tier, tier_of
from warifu.attestation.claims import (
    BootState,
    Endorsement,
    Format,
    Gap,
    LeniencyUse,
    Package,
    Realm,
    SecurityLevel,
)
from warifu.attestation.evidence.facts.android_key import (
    AuthorizationList,
    Provisioning,
    ProvisioningMethod,
)
from warifu.attestation.rule_book import proofs_of
from warifu.attestation.trust.revocation import RevocationStatus

OLD = NOW - timedelta(days=30)
SELF_SIGNED = {"boot": {"state": BootState.SELF_SIGNED}}
UNKNOWN_WAY = Provisioning(method=ProvisioningMethod.UNKNOWN)


@dataclass
class Wrong:
    """One change to an honest device, its policy or its trust, and what must be found."""

    requirement: str
    kind: str
    holds: bool | None
    changes: dict[str, Any]
    policy: str = ""
    trust: dict[str, Any] | None = None


def device(text: str) -> str:
    return f"[device]\n{text}\n"


def key(text: str) -> str:
    return f"[key]\n{text}\n"


def evidence(text: str) -> str:
    return f"[evidence]\n{text}\n"


FAILS, UNKNOWN = False, None
CASES = [
    Wrong("device.boot-locked", "android-key", FAILS, {"boot": {"locked": False}}),
    Wrong("device.boot-locked", "android-key", UNKNOWN, {"boot": {"locked": None}}),
    Wrong("device.boot-locked", "android-key", UNKNOWN, {"boot": None}),
    Wrong("device.boot-state", "android-key", UNKNOWN, {"boot": None}),
    Wrong("device.boot-state", "android-key", UNKNOWN, {"boot": {"state": None}}),
    Wrong("device.boot-state", "android-key", FAILS, {"boot": {"state": BootState.UNVERIFIED}}),
    Wrong("device.boot-state", "android-key", FAILS, {"boot": {"state": BootState.FAILED}}),
    Wrong("device.boot-state", "android-key", FAILS, SELF_SIGNED),
    Wrong(
        "device.boot-state",
        "android-key",
        FAILS,
        {"boot": {"state": BootState.SELF_SIGNED, "key": None}},
        device("boot-systems = ['GrapheneOS']"),
    ),
    Wrong(
        "device.boot-state",
        "android-key",
        FAILS,
        {"boot": {"state": BootState.SELF_SIGNED, "key": bytes(32)}},
        device("boot-systems = ['GrapheneOS']"),
    ),
    Wrong(
        "device.boot-state",
        "android-key",
        FAILS,
        SELF_SIGNED,
        device("boot-systems = ['CalyxOS']"),
    ),
    Wrong(
        "device.boot-state",
        "android-key",
        UNKNOWN,
        SELF_SIGNED,
        device("boot-systems = ['GrapheneOS']"),
        {"boot_keys": None},
    ),
    Wrong(
        "device.patch-level",
        "android-key",
        FAILS,
        {"operating_system": {"patch_level": "2025-08"}},
    ),
    Wrong(
        "device.patch-level", "android-key", UNKNOWN, {"operating_system": {"patch_level": None}}
    ),
    Wrong("device.patch-level", "android-key", UNKNOWN, {"operating_system": None}),
    Wrong("device.patch-level", "android-key", FAILS, {}, device("patch-floor = '2026-10'")),
    Wrong(
        "device.patch-not-ahead",
        "android-key",
        FAILS,
        {"operating_system": {"patch_level": "2036-01"}},
    ),
    Wrong(
        "device.patch-not-ahead",
        "android-key",
        FAILS,
        {"operating_system": {"vendor_patch_level": "2027-02-31"}},
    ),
    Wrong("device.patch-not-ahead", "android-key", UNKNOWN, {"operating_system": None}),
    Wrong(
        "device.vendor-patch-level",
        "android-key",
        FAILS,
        {},
        device("vendor-patch-floor = '2026-09-06'"),
    ),
    Wrong(
        "device.vendor-patch-level",
        "android-key",
        UNKNOWN,
        {"operating_system": {"vendor_patch_level": None}},
        device("vendor-patch-floor = '2026-08'"),
    ),
    Wrong(
        "device.boot-patch-level", "android-key", FAILS, {}, device("boot-patch-floor = '2026-09'")
    ),
    Wrong("device.os-version", "android-key", FAILS, {}, device("os-floors = {android = '16.1'}")),
    Wrong(
        "device.os-version",
        "app-attest",
        FAILS,
        {"operating_system": {"version": "17.7"}},
        device("os-floors = {apple = '18'}"),
    ),
    Wrong(
        "device.os-version",
        "app-attest",
        UNKNOWN,
        {"operating_system": {"version": "18.beta"}},
        device("os-floors = {apple = '18'}"),
    ),
    Wrong(
        "device.os-version",
        "app-attest",
        UNKNOWN,
        {"operating_system": None},
        device("os-floors = {apple = '18'}"),
    ),
    Wrong(
        "device.hardware-genuine",
        "webauthn-registration",
        FAILS,
        {"key": {"endorsement": Endorsement.UNANCHORED}},
    ),
    Wrong(
        "device.hardware-genuine",
        "webauthn-registration",
        UNKNOWN,
        {"key": {"endorsement": Endorsement.SELF}},
    ),
    Wrong("device.hardware-genuine", "app-attest", UNKNOWN, {"key": None}),
    Wrong(
        "device.model-status",
        "webauthn-registration",
        FAILS,
        {},
        trust={"metadata": metadata("FIDO_CERTIFIED_L1", "REVOKED")},
    ),
    Wrong(
        "device.model-status",
        "webauthn-registration",
        FAILS,
        {},
        trust={"metadata": metadata("REVOKED", next_update="2020-01-01")},
    ),
    Wrong(
        "device.model-status",
        "webauthn-registration",
        UNKNOWN,
        {},
        trust={"metadata": metadata("FIDO_CERTIFIED", next_update="2020-01-01")},
    ),
    Wrong("device.model-status", "webauthn-registration", UNKNOWN, {}, trust={"metadata": None}),
    Wrong("device.model-status", "webauthn-registration", UNKNOWN, {"device": None}),
    Wrong("device.model-status", "webauthn-registration", UNKNOWN, {"device": {"aaguid": None}}),
    Wrong(
        "device.model-status",
        "webauthn-registration",
        FAILS,
        {},
        device("required-model-statuses = ['FIDO_CERTIFIED_L3']"),
    ),
    Wrong("device.play-labels", "play-integrity", FAILS, {"detail": {"device_labels": ()}}),
    Wrong(
        "device.play-labels",
        "play-integrity",
        FAILS,
        {},
        device("play-labels = ['MEETS_STRONG_INTEGRITY']"),
    ),
    Wrong(
        "device.play-protect", "play-integrity", FAILS, {"detail": {"play_protect": "HIGH_RISK"}}
    ),
    Wrong(
        "device.play-protect",
        "play-integrity",
        UNKNOWN,
        {"detail": {"play_protect": "UNEVALUATED"}},
    ),
    Wrong("device.play-protect", "play-integrity", UNKNOWN, {"detail": {"play_protect": None}}),
    Wrong(
        "device.app-access",
        "play-integrity",
        FAILS,
        {"detail": {"apps_detected": ("UNKNOWN_CONTROLLING",)}},
    ),
    Wrong("device.app-access", "play-integrity", UNKNOWN, {"detail": {"apps_detected": None}}),
    Wrong("device.safetynet-profile", "safetynet", FAILS, {"detail": {"cts_profile_match": False}}),
    Wrong(
        "device.safetynet-profile", "safetynet", UNKNOWN, {"detail": {"cts_profile_match": None}}
    ),
    Wrong("device.risk-metric", "app-attest-receipt", FAILS, {"detail": {"risk_metric": 17}}),
    Wrong("device.risk-metric", "app-attest-receipt", UNKNOWN, {"detail": {"risk_metric": None}}),
    Wrong("app.identifier", "android-key", FAILS, {"app": {"identifier": "jp.evil"}}),
    Wrong(
        "app.identifier",
        "android-key",
        FAILS,
        {"app": {"packages": (Package(PACKAGE, 42), Package("jp.evil", 1))}},
    ),
    Wrong("app.identifier", "app-attest", UNKNOWN, {"app": None}),
    Wrong("app.identifier", "app-attest", UNKNOWN, {"app": {"identifier": None}}),
    Wrong("app.signer", "android-key", FAILS, {"app": {"signers": (SIGNER, bytes(32))}}),
    Wrong("app.signer", "android-key", UNKNOWN, {"app": {"signers": ()}}),
    Wrong("app.signer", "safetynet", UNKNOWN, {"app": None}),
    Wrong("app.signer", "play-integrity", FAILS, {"detail": {"certificate_digests": ("one", "?")}}),
    Wrong("app.environment", "app-attest", FAILS, {"app": {"environment": "development"}}),
    Wrong("app.environment", "app-attest", UNKNOWN, {"app": None}),
    Wrong(
        "app.recognition",
        "play-integrity",
        FAILS,
        {"detail": {"app_recognition": "UNRECOGNIZED_VERSION"}},
    ),
    Wrong(
        "app.recognition", "play-integrity", UNKNOWN, {"detail": {"app_recognition": "UNEVALUATED"}}
    ),
    Wrong("app.licensing", "play-integrity", FAILS, {"detail": {"licensing": "UNLICENSED"}}),
    Wrong(
        "key.endorsed", "app-attest-receipt", UNKNOWN, {"key": {"endorsement": Endorsement.NONE}}
    ),
    Wrong(
        "key.not-revoked",
        "android-key",
        FAILS,
        {},
        trust={"revocation": revocation(RevocationStatus.REVOKED)},
    ),
    Wrong(
        "key.not-revoked",
        "android-key",
        FAILS,
        {},
        trust={"revocation": revocation(RevocationStatus.SUSPENDED, at=OLD)},
    ),
    Wrong("key.not-revoked", "android-key", UNKNOWN, {}, trust={"revocation": revocation(at=OLD)}),
    Wrong("key.not-revoked", "android-key", UNKNOWN, {}, trust={"revocation": None}),
    Wrong(
        "key.not-revoked",
        "webauthn-registration",
        FAILS,
        {"detail": {"statement_format": "android-key"}},
        trust={"revocation": revocation(RevocationStatus.REVOKED)},
    ),
    Wrong("key.provisioning", "android-key", FAILS, {"detail": {"provisioning": UNKNOWN_WAY}}),
    Wrong("key.provisioning", "android-key", FAILS, {}, key("provisioning = ['factory']")),
    Wrong("key.certificates-issued", "android-key", FAILS, {}, key("max-certificates-issued = 2")),
    Wrong(
        "key.certificates-issued",
        "android-key",
        UNKNOWN,
        {"detail": {"provisioning": UNKNOWN_WAY}},
        key("max-certificates-issued = 2"),
    ),
    Wrong(
        "key.security-level",
        "android-key",
        FAILS,
        {"key": {"security_level": SecurityLevel.SOFTWARE}},
    ),
    Wrong("key.security-level", "app-attest", UNKNOWN, {"key": None}),
    Wrong("key.security-level", "android-key", FAILS, {}, key("security-level = 'secure-element'")),
    Wrong(
        "key.made-inside",
        "android-key",
        FAILS,
        {"detail": {"hardware_enforced": AuthorizationList(origin=2)}},
    ),
    Wrong(
        "key.made-inside",
        "android-key",
        UNKNOWN,
        {"detail": {"hardware_enforced": AuthorizationList()}},
    ),
    Wrong(
        "key.made-inside",
        "android-key",
        UNKNOWN,
        {"detail": {"attestation_level": SecurityLevel.SOFTWARE}},
    ),
    Wrong(
        "key.attestation-level",
        "android-key",
        FAILS,
        {"key": {"attested_by": SecurityLevel.SOFTWARE}},
    ),
    Wrong("key.attestation-level", "android-key", UNKNOWN, {"key": None}),
    Wrong(
        "key.user-authentication",
        "android-key",
        FAILS,
        {"key": {"user_authentication": "none"}},
        key("user-authentication = ['biometric']"),
    ),
    Wrong(
        "key.user-authentication",
        "webauthn-authentication",
        UNKNOWN,
        {"key": None},
        key("user-authentication = ['verified']"),
    ),
    Wrong("key.confirmation", "android-key", FAILS, {}, key("confirmation = true")),
    Wrong("key.confirmation", "android-key", UNKNOWN, {"key": None}, key("confirmation = true")),
    Wrong("key.possession", "app-attest-assertion", UNKNOWN, {"proved": ()}),
    Wrong("key.possession", "webauthn-authentication", UNKNOWN, {"proved": ()}),
    Wrong("evidence.realm", "android-key", FAILS, {}, evidence("realms = ['test']")),
    Wrong("evidence.age", "android-key", FAILS, {"at": NOW - timedelta(seconds=601)}),
    Wrong("evidence.age", "android-key", FAILS, {"at": NOW + timedelta(seconds=61)}),
    Wrong("evidence.challenge", "app-attest", UNKNOWN, {"freshness": {"challenge_matches": None}}),
    Wrong("evidence.unchecked", "app-attest", UNKNOWN, {"unchecked": (Gap("some/rule", "why"),)}),
    Wrong(
        "evidence.leniencies",
        "android-key",
        FAILS,
        {"leniencies": (LeniencyUse("der/true-not-ff", 1),)},
        evidence("refused-leniencies = ['der/true-not-ff']"),
    ),
    Wrong(
        "evidence.leniencies",
        "android-key",
        FAILS,
        {"leniencies": (LeniencyUse("der/true-not-ff", 1),)},
        evidence("refused-leniencies = ['*']"),
    ),
    Wrong(
        "app.version",
        "android-key",
        FAILS,
        {"app": {"packages": (Package(PACKAGE, 41),)}},
        "minimum-version = 42\n",
    ),
    Wrong(
        "app.version",
        "play-integrity",
        UNKNOWN,
        {"app": {"packages": (Package(PACKAGE),)}},
        "minimum-version = 42\n",
    ),
    Wrong("app.version", "android-key", UNKNOWN, {"app": None}, "minimum-version = 42\n"),
]


@pytest.mark.parametrize(
    "wrong", [pytest.param(each, id=f"{n}-{each.requirement}") for n, each in enumerate(CASES)]
)
def test_one_thing_wrong_is_found_and_lowers_its_claim(wrong: Wrong) -> None:
    claims = HONEST[wrong.kind](**wrong.changes)
    result = judged(claims, wrong.policy, believed=trust(**(wrong.trust or {})))
    found = finding(result, wrong.requirement)
    assert found is not None
    assert found.holds is wrong.holds, found.seen
    requirement = REQUIREMENTS[wrong.requirement]
    for submodule in requirement.submodules:
        part = result.submodules[submodule]
        claim = part.vector.claims().get(requirement.entry)
        assert part.status is not Tier.AFFIRMING
        if wrong.holds is None:
            assert claim is None or tier_of(claim) > Tier.AFFIRMING  # never a good claim
        else:
            assert claim is not None
            assert tier_of(claim) >= _TIERS[found.severity]


_TIERS = {Severity.REFUSE: Tier.CONTRAINDICATED, Severity.WARN: Tier.WARNING}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_everything_asked_of_an_honest_device_holds(kind: str) -> None:
    result = judged(HONEST[kind]())
    assert [each.requirement for each in result.findings() if each.holds is not True] == []
    assert result.submodules["app"].status is Tier.AFFIRMING


def test_every_requirement_fails_in_some_case() -> None:
    assert {wrong.requirement for wrong in CASES} == REQUIREMENTS.keys()


@pytest.mark.parametrize("identifier", sorted(REQUIREMENTS))
def test_every_fact_looked_at_is_proved_by_rules_of_the_book(identifier: str) -> None:
    requirement = REQUIREMENTS[identifier]
    forms = {
        Format.WEBAUTHN if kind.startswith("webauthn") else Format(kind)
        for kind in requirement.kinds
    }
    for fact in requirement.facts:
        assert any(fact in proofs_of(form) for form in forms), fact


@pytest.mark.parametrize("identifier", sorted(REQUIREMENTS))
def test_every_requirement_speaks_both_languages_and_says_what_it_stops(identifier: str) -> None:
    requirement = REQUIREMENTS[identifier]
    assert requirement.reason.en.endswith(".")
    assert requirement.reason.ja.endswith("。")
    assert requirement.stops
    assert tier_of(requirement.warns_as) is Tier.WARNING
    assert tier_of(requirement.refuses_as) is Tier.CONTRAINDICATED
    assert requirement.affirms_as is None or tier_of(requirement.affirms_as) is Tier.AFFIRMING


def test_grapheneos_is_accepted_by_its_boot_key_without_google() -> None:
    claims = HONEST["android-key"](**SELF_SIGNED)
    result = judged(claims, device("boot-systems = ['GrapheneOS']"))
    assert result.submodules["device"].status is Tier.AFFIRMING
    assert [each.setting for each in result.relaxations] == ["device.boot-systems"]


def test_a_custom_system_is_accepted_by_a_boot_key_of_the_policy_alone() -> None:
    claims = HONEST["android-key"](**SELF_SIGNED)
    accepted = device(f"boot-keys = ['{BOOT_KEY.hex()}']")
    result = judged(claims, accepted, believed=trust(boot_keys=None))
    assert result.submodules["device"].status is Tier.AFFIRMING


def test_a_phone_of_a_custom_system_must_still_be_locked() -> None:
    claims = HONEST["android-key"](boot={"state": BootState.SELF_SIGNED, "locked": False})
    result = judged(claims, device("boot-systems = ['GrapheneOS']"))
    assert result.submodules["device"].status is Tier.CONTRAINDICATED


@pytest.mark.parametrize(
    "more",
    [
        device("patch-floor = '2026-09-05'"),
        device("patch-floor = '2026-09'\nvendor-patch-floor = '2026-09-05'"),
        device("boot-patch-floor = '2026-08'\nos-floors = {android = '16'}"),
        device("required-model-statuses = ['FIDO_CERTIFIED_L1']"),
        device("patch-max-age-days = 20"),
        key("user-authentication = ['biometric']\nmax-certificates-issued = 3"),
        evidence("refused-leniencies = ['other/leniency']"),
        "minimum-version = 42\n",
    ],
)
def test_a_limit_that_is_just_met_holds(more: str) -> None:
    for kind in ("android-key", "webauthn-registration"):
        if "user-authentication" in more and kind != "android-key":
            continue
        result = judged(HONEST[kind](), more)
        assert all(each.holds for each in result.findings())


@pytest.mark.parametrize(
    ("kind", "requirement", "more"),
    [
        ("play-integrity", "device.play-labels", device("play-labels = []")),
        ("play-integrity", "device.app-access", device("refused-app-access = []")),
        ("webauthn-registration", "device.model-status", device("refused-model-statuses = []")),
        ("webauthn-registration", "key.attestation-level", ""),
        ("webauthn-registration", "key.not-revoked", ""),
        ("android-key", "device.os-version", ""),
        ("app-attest", "device.os-version", ""),
        ("app-attest", "device.boot-locked", ""),
    ],
)
def test_what_is_not_asked_is_not_found(kind: str, requirement: str, more: str) -> None:
    assert finding(judged(HONEST[kind](), more), requirement) is None


def test_a_platform_that_roots_its_own_statements_needs_no_fido_metadata() -> None:
    claims = HONEST["webauthn-registration"](
        detail={"statement_format": "apple"}, device={"aaguid": None}
    )
    assert finding(judged(claims), "device.model-status") is None


def test_a_policy_that_names_no_app_and_no_signer_affirms_none() -> None:
    nobody = policy(base='id = "x"\n')
    result = appraise(HONEST["android-key"](), policy=nobody, trust=trust(), now=NOW)
    assert result.submodules["app"].status is Tier.NONE
    for requirement in ("app.identifier", "app.signer"):
        found = finding(result, requirement)
        assert found is not None
        assert found.holds is None


def test_a_fact_whose_proof_was_left_open_is_no_fact() -> None:
    claims = HONEST["app-attest"](unchecked=(Gap("app-attest/nonce", "no challenge was stated"),))
    found = finding(judged(claims), "app.environment")
    assert found is not None
    assert found.holds is None
    tolerated = judged(claims, evidence("tolerated-gaps = ['app-attest/nonce']"))
    assert all(each.holds for each in tolerated.findings())
    assert [each.setting for each in tolerated.relaxations] == ["evidence.tolerated-gaps"]


def test_a_verdict_google_did_not_reach_is_good_only_where_the_policy_says_so() -> None:
    claims = HONEST["play-integrity"](detail={"play_protect": "NO_DATA"})
    found = finding(judged(claims), "device.play-protect")
    assert found is not None
    assert found.holds is None
    listed = judged(claims, device("play-protect = ['NO_ISSUES', 'NO_DATA']"))
    assert all(each.holds for each in listed.findings())
    assert [each.setting for each in listed.relaxations] == ["device.play-protect"]


def test_a_key_revoked_since_it_was_proved_is_refused_on_reappraisal() -> None:
    claims = HONEST["android-key"]()
    assert judged(claims).status is Tier.AFFIRMING
    later = trust(revocation=revocation(RevocationStatus.REVOKED))
    assert judged(claims, believed=later).submodules["key"].status is Tier.CONTRAINDICATED


def test_replaced_serial_is_not_found_among_the_revoked() -> None:
    claims = replace(HONEST["android-key"](), chain=(SimpleNamespace(serial=1),))
    found = finding(
        judged(claims, believed=trust(revocation=revocation(RevocationStatus.REVOKED))),
        "key.not-revoked",
    )
    assert found is not None
    assert found.holds is True


def test_a_test_root_is_refused_in_production() -> None:
    claims = changed(HONEST["android-key"](), realm=Realm.TEST)
    result = judged(claims, believed=trust(realm=Realm.TEST))
    assert result.status is Tier.CONTRAINDICATED
    assert result.evidence_made_at == AT
