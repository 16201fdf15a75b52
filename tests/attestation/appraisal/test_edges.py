"""Limits of a policy, each just met and just missed."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from tests.attestation.appraisal.worlds import AT, HONEST, NOW, finding, judged

DAYS_AHEAD = 62


def holds(
    kind: str, requirement: str, changes: dict[str, Any], more: str = "", later: float = 0
) -> bool | None:
    claims = HONEST[kind](**changes)
    found = finding(judged(claims, more, now=NOW + timedelta(seconds=later)), requirement)
    assert found is not None
    return found.holds


def patched(level: str) -> dict[str, Any]:
    return {
        "operating_system": {
            "patch_level": level,
            "vendor_patch_level": level,
            "boot_patch_level": level,
        }
    }


@pytest.mark.parametrize(
    ("kind", "requirement", "met", "missed"),
    [
        ("android-key", "device.patch-level", patched("2025-09-20"), patched("2025-09-19")),
        (
            "android-key",
            "device.patch-not-ahead",
            patched(f"{AT + timedelta(days=DAYS_AHEAD):%Y-%m-%d}"),
            patched(f"{AT + timedelta(days=DAYS_AHEAD + 1):%Y-%m-%d}"),
        ),
        ("android-key", "device.patch-not-ahead", patched("2026-11"), patched("2026-12")),
        (
            "app-attest-receipt",
            "device.risk-metric",
            {"detail": {"risk_metric": 16}},
            {"detail": {"risk_metric": 17}},
        ),
    ],
)
def test_a_fact_on_the_limit_holds_and_one_beyond_fails(
    kind: str, requirement: str, met: dict[str, Any], missed: dict[str, Any]
) -> None:
    assert holds(kind, requirement, met) is True
    assert holds(kind, requirement, missed) is False


@pytest.mark.parametrize(
    ("requirement", "met", "missed"),
    [
        (
            "device.patch-level",
            "[device]\npatch-floor = '2026-09'\n",
            "[device]\npatch-floor = '2026-10'\n",
        ),
        (
            "device.vendor-patch-level",
            "[device]\nvendor-patch-floor = '2026-09-05'\n",
            "[device]\nvendor-patch-floor = '2026-09-06'\n",
        ),
        (
            "device.boot-patch-level",
            "[device]\nboot-patch-floor = '2026-08-05'\n",
            "[device]\nboot-patch-floor = '2026-08-06'\n",
        ),
        (
            "device.os-version",
            "[device]\nos-floors = {android = '16.0'}\n",
            "[device]\nos-floors = {android = '16.0.1'}\n",
        ),
        ("app.version", "minimum-version = 42\n", "minimum-version = 43\n"),
        (
            "key.certificates-issued",
            "[key]\nmax-certificates-issued = 3\n",
            "[key]\nmax-certificates-issued = 2\n",
        ),
        (
            "key.security-level",
            "[key]\nsecurity-level = 'trusted-environment'\n",
            "[key]\nsecurity-level = 'secure-element'\n",
        ),
        (
            "key.attestation-level",
            "[key]\nattested-by = 'trusted-environment'\n",
            "[key]\nattested-by = 'secure-element'\n",
        ),
        (
            "device.patch-level",
            "[device]\npatch-max-age-days = 19\n",
            "[device]\npatch-max-age-days = 18\n",
        ),
    ],
    ids=count(),
)
def test_a_demand_that_is_just_met_holds_and_one_more_fails(
    requirement: str, met: str, missed: str
) -> None:
    assert holds("android-key", requirement, {}, met) is True
    assert holds("android-key", requirement, {}, missed) is False


@pytest.mark.parametrize(
    ("later", "held"), [(595, True), (595.001, False), (-65, True), (-65.001, False)]
)
def test_evidence_is_young_to_the_last_moment_and_no_longer(later: float, *, held: bool) -> None:
    assert holds("android-key", "evidence.age", {}, later=later) is held


@pytest.mark.parametrize(
    ("version", "held"),
    [
        ("16", True),
        ("16.0.0", True),
        ("15.999999999", False),
        ("999999999", True),
        ("1000000000", None),
        ("16a", None),
        ("\u0661\u0666", None),
        ("", None),
        ("16.", None),
    ],
    ids=count(),
)
def test_versions_compare_by_their_numbers(version: str, *, held: bool | None) -> None:
    changes = {"operating_system": {"version": version}}
    floor = "[device]\nos-floors = {android = '16'}\n"
    assert holds("android-key", "device.os-version", changes, floor) is held
