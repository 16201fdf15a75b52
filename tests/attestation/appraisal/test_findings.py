"""What analysts and customers are told: what was seen, why it is asked, in every case."""

from itertools import count
from typing import Any

import pytest

from tests.attestation.appraisal.test_requirements import CASES
from tests.attestation.appraisal.worlds import HONEST, SIGNER, finding, judged, trust
from warifu.attestation.appraisal.checks.case import MAX_SEEN
from warifu.attestation.appraisal.requirements import REQUIREMENTS
from warifu.attestation.claims import BootState, LeniencyUse, Package
from warifu.attestation.trust.revocation import RevocationEntry, RevocationList, RevocationStatus

OTHER = "0" * 64
SEEN_WRONG = {
    "device.boot-locked": (
        "unlocked",
        "hardware says nothing of how the device started",
        "hardware says nothing of how the device started",
    ),
    "device.boot-state": (
        "hardware says nothing of how the device started",
        "hardware says nothing of how the device started",
        "unverified",
        "failed",
        "self-signed, key not accepted",
        "self-signed",
        "self-signed, nobody's key known to us",
        "self-signed, GrapheneOS",
        "self-signed, and no list of boot keys is believed",
    ),
    "device.patch-level": (
        "2025-08, 415 days old",
        "hardware states no patch level",
        "hardware states no patch level",
        "2026-09, below 2026-10",
    ),
    "device.patch-not-ahead": (
        "2036-01, 3390 days ahead",
        "2027-02-31, 164 days ahead",
        "hardware states no patch level",
    ),
    "device.vendor-patch-level": (
        "2026-09-05",
        "hardware states no patch level",
    ),
    "device.boot-patch-level": ("2026-08-05",),
    "device.os-version": (
        "16.0.0",
        "17.7",
        "no version that can be compared",
        "no version that can be compared",
    ),
    "device.hardware-genuine": (
        "endorsement: unanchored",
        "endorsement: self",
        "endorsement: none",
    ),
    "device.model-status": (
        "REVOKED",
        "REVOKED",
        "the metadata is too old to acquit",
        "no metadata of this model is believed",
        "no metadata of this model is believed",
        "no metadata of this model is believed",
        "FIDO_CERTIFIED_L1",
    ),
    "device.play-labels": (
        "none",
        "MEETS_BASIC_INTEGRITY, MEETS_DEVICE_INTEGRITY",
    ),
    "device.play-protect": (
        "HIGH_RISK",
        "UNEVALUATED",
        "not stated",
    ),
    "device.app-access": (
        "UNKNOWN_CONTROLLING",
        "not evaluated",
    ),
    "device.safetynet-profile": (
        "ctsProfileMatch False, basicIntegrity True",
        "ctsProfileMatch None, basicIntegrity True",
    ),
    "device.risk-metric": (
        "17 keys in 30 days",
        "not in this receipt",
    ),
    "app.identifier": (
        "jp.evil, jp.example.bank",
        "jp.evil, jp.example.bank",
        "no app is proved",
        "no app is proved",
    ),
    "app.signer": (
        f"{OTHER}, {SIGNER.hex()}",
        "no signer is proved",
        "no signer is proved",
        f"{SIGNER.hex()}",
    ),
    "app.environment": (
        "development",
        "not stated",
    ),
    "app.recognition": (
        "UNRECOGNIZED_VERSION",
        "UNEVALUATED",
    ),
    "app.licensing": ("UNLICENSED",),
    "key.endorsed": ("endorsement: none",),
    "key.not-revoked": (
        "REVOKED",
        "SUSPENDED",
        "the revocation list is too old to acquit",
        "no revocation list is believed",
        "REVOKED",
    ),
    "key.provisioning": (
        "unknown",
        "remote",
    ),
    "key.certificates-issued": (
        "3 certificates",
        "the provisioning server states no number",
    ),
    "key.security-level": (
        "software",
        "not stated",
        "trusted-environment",
    ),
    "key.made-inside": (
        "origin 2",
        "hardware does not say where the key was made",
        "hardware does not say where the key was made",
    ),
    "key.attestation-level": (
        "software",
        "not stated",
    ),
    "key.user-authentication": (
        "none",
        "not stated",
    ),
    "key.confirmation": (
        "confirmation required: False",
        "confirmation required: None",
    ),
    "key.possession": (
        "the signature was not checked",
        "the signature was not checked",
    ),
    "evidence.realm": ("production",),
    "evidence.age": (
        "made 0:10:01 ago",
        "made 0:01:01 after now",
    ),
    "evidence.challenge": ("no challenge was compared",),
    "evidence.unchecked": ("some/rule",),
    "evidence.leniencies": (
        "der/true-not-ff",
        "der/true-not-ff",
    ),
    "app.version": (
        "version 41",
        "no version is proved",
        "no version is proved",
    ),
}
"""What is seen in each case of a requirement, in the order of the cases."""
SEEN_EVERYWHERE = {
    "evidence.realm": "production",
    "evidence.age": "made 0:00:05 ago",
    "evidence.challenge": "matches",
    "evidence.unchecked": "everything was checked",
    "evidence.leniencies": "none",
}
SEEN_HONEST = {
    "android-key": {
        "device.hardware-genuine": "endorsement: anchored",
        "device.boot-locked": "locked",
        "device.boot-state": "verified",
        "device.patch-level": "2026-09, 19 days old",
        "device.patch-not-ahead": "2026-09-05, -15 days ahead",
        "app.identifier": "jp.example.bank",
        "app.signer": SIGNER.hex(),
        "key.endorsed": "endorsement: anchored",
        "key.not-revoked": "no certificate is listed",
        "key.provisioning": "remote",
        "key.security-level": "trusted-environment",
        "key.made-inside": "origin 0",
        "key.attestation-level": "trusted-environment",
    },
    "app-attest": {
        "device.hardware-genuine": "endorsement: anchored",
        "app.identifier": "TEAM.jp.example.bank",
        "app.environment": "production",
        "key.endorsed": "endorsement: anchored",
        "key.security-level": "secure-element",
    },
    "app-attest-assertion": {
        "app.identifier": "TEAM.jp.example.bank",
        "key.possession": "signed",
    },
    "app-attest-receipt": {
        "device.risk-metric": "2 keys in 30 days",
        "app.identifier": "TEAM.jp.example.bank",
        "app.environment": "production",
        "key.endorsed": "endorsement: anchored",
    },
    "play-integrity": {
        "device.play-labels": "MEETS_BASIC_INTEGRITY, MEETS_DEVICE_INTEGRITY",
        "device.play-protect": "NO_ISSUES",
        "device.app-access": "KNOWN_INSTALLED",
        "app.identifier": "jp.example.bank",
        "app.signer": SIGNER.hex(),
        "app.recognition": "PLAY_RECOGNIZED",
        "app.licensing": "LICENSED",
    },
    "safetynet": {
        "device.safetynet-profile": "ctsProfileMatch True, basicIntegrity True",
        "app.identifier": "jp.example.bank",
        "app.signer": SIGNER.hex(),
    },
    "webauthn-registration": {
        "device.hardware-genuine": "endorsement: anchored",
        "device.model-status": "FIDO_CERTIFIED_L1",
        "app.identifier": "jp.example.bank",
        "key.endorsed": "endorsement: anchored",
        "key.security-level": "secure-element",
    },
    "webauthn-authentication": {
        "app.identifier": "jp.example.bank",
        "key.possession": "signed",
    },
}


@pytest.mark.parametrize("requirement", sorted(REQUIREMENTS))
def test_analysts_see_what_is_wrong(requirement: str) -> None:
    seen = []
    for wrong in CASES:
        if wrong.requirement == requirement:
            claims = HONEST[wrong.kind](**wrong.changes)
            result = judged(claims, wrong.policy, believed=trust(**(wrong.trust or {})))
            found = finding(result, requirement)
            seen.append(found and found.seen)
    assert tuple(seen) == SEEN_WRONG[requirement]


@pytest.mark.parametrize("kind", sorted(HONEST))
def test_analysts_see_what_is_right(kind: str) -> None:
    seen = {each.requirement: each.seen for each in judged(HONEST[kind]()).findings()}
    asked = {k: v for k, v in SEEN_EVERYWHERE.items() if k in seen}
    assert seen == SEEN_HONEST[kind] | asked
    assert len(asked) == len(SEEN_EVERYWHERE) - (kind == "app-attest-receipt")


@pytest.mark.parametrize("kind", sorted(HONEST))
def test_every_finding_carries_its_reason_and_severity(kind: str) -> None:
    for found in judged(HONEST[kind]()).findings():
        requirement = REQUIREMENTS[found.requirement]
        assert found.reason is requirement.reason
        assert found.severity is requirement.severity


@pytest.mark.parametrize(
    ("kind", "requirement", "changes", "more", "seen"),
    [
        (
            "android-key",
            "device.boot-state",
            {"boot": {"state": BootState.SELF_SIGNED}},
            "[device]\nboot-systems = ['GrapheneOS']\n",
            "self-signed, GrapheneOS",
        ),
        (
            "android-key",
            "key.certificates-issued",
            {},
            "[key]\nmax-certificates-issued = 3\n",
            "3 certificates",
        ),
        (
            "android-key",
            "app.version",
            {"app": {"packages": (Package("a", 50), Package("b", 43))}},
            "minimum-version = 42\n",
            "version 43",
        ),
        (
            "android-key",
            "evidence.leniencies",
            {"leniencies": (LeniencyUse("b/used", 1), LeniencyUse("a/used", 2))},
            "[evidence]\nrefused-leniencies = ['*']\n",
            "a/used, b/used",
        ),
        (
            "play-integrity",
            "device.play-protect",
            {"detail": {"play_protect": "X" * (MAX_SEEN + 1)}},
            "",
            "X" * MAX_SEEN,
        ),
        (
            "play-integrity",
            "device.app-access",
            {"detail": {"apps_detected": ("A" * MAX_SEEN, "B")}},
            "",
            "A" * MAX_SEEN,
        ),
    ],
    ids=count(),
)
def test_what_is_seen_names_all_of_it_in_order_and_within_bounds(
    kind: str, requirement: str, changes: dict[str, Any], more: str, seen: str
) -> None:
    found = finding(judged(HONEST[kind](**changes), more), requirement)
    assert found is not None
    assert found.seen == seen


def test_the_publishers_reason_for_a_revocation_is_seen() -> None:
    entry = RevocationEntry(key="x", status=RevocationStatus.REVOKED, reason="KEY_COMPROMISE")
    believed = trust()
    listed = RevocationList(entries={0x1234ABCD: entry}, confirmed_at=believed.known_at)
    claims = HONEST["android-key"]()
    found = finding(judged(claims, believed=trust(revocation=listed)), "key.not-revoked")
    assert found is not None
    assert found.seen == "REVOKED KEY_COMPROMISE"
