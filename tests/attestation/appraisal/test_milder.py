"""Which of two policies lets more through: what one person may not decide alone."""

import pytest
from msgspec.structs import fields

from tests.support import misuse
from warifu.attestation.appraisal import rules
from warifu.attestation.appraisal.policy import AppraisalPolicy, load_policy, milder
from warifu.attestation.appraisal.settings import Settings
from warifu.service.adapters.bundled_profiles import PROFILES, bundled_profiles

A, B = "a" * 64, "b" * 64

STRICT_THEN_MILD = {
    "device.boot-states": ("['verified']", "['verified', 'self-signed']"),
    "device.boot-systems": ("[]", "['GrapheneOS']"),
    "device.boot-keys": (f"['{A}']", f"['{A}', '{B}']"),
    "device.patch-max-age-days": ("90", "91"),
    "device.patch-floor": ("'2026-05'", "'2026-04'"),
    "device.vendor-patch-floor": ("'2026-05'", None),
    "device.boot-patch-floor": ("'2026-05'", "'2025-12'"),
    "device.patch-days-ahead": ("31", "62"),
    "device.os-floors": (
        "{ android = '9', apple = '17.4' }",
        "{ android = '9', apple = '17.3.9' }",
    ),
    "device.refused-model-statuses": ("['REVOKED']", "[]"),
    "device.required-model-statuses": ("['FIDO_CERTIFIED']", "[]"),
    "device.play-labels": ("['MEETS_STRONG_INTEGRITY']", "[]"),
    "device.play-protect": ("['NO_ISSUES']", "['NO_ISSUES', 'NO_DATA']"),
    "device.refused-app-access": ("['UNKNOWN_CAPTURING']", "[]"),
    "device.max-risk-metric": ("8", "16"),
    "app.identifiers": ("['jp.example.bank']", "['jp.example.bank', 'jp.example.evil']"),
    "app.signers": (f"['{A}']", f"['{A}', '{B}']"),
    "app.minimum-version": ("40", "39"),
    "app.environments": ("['production']", "['production', 'development']"),
    "app.recognition": ("['PLAY_RECOGNIZED']", "['PLAY_RECOGNIZED', 'UNRECOGNIZED_VERSION']"),
    "app.licensing": ("['LICENSED']", "['LICENSED', 'UNLICENSED']"),
    "key.security-level": ("'secure-element'", "'trusted-environment'"),
    "key.attested-by": ("'trusted-environment'", "'software'"),
    "key.user-authentication": ("['biometric']", "['biometric', 'password']"),
    "key.confirmation": ("true", "false"),
    "key.provisioning": ("['remote']", "['remote', 'factory']"),
    "key.max-certificates-issued": ("100", None),
    "evidence.realms": ("['production']", "['production', 'test']"),
    "evidence.max-age-seconds": ("60", "61"),
    "evidence.max-skew-seconds": ("30", "31"),
    "evidence.tolerated-gaps": ("[]", "['x/y']"),
    "evidence.refused-leniencies": ("['x/y']", "[]"),
}
ALSO_MILDER = {
    "device.os-floors": ("{ android = '9' }", "{}"),
    "device.required-model-statuses": ("['L2']", "['L2', 'L1']"),
    "app.minimum-version": ("40", None),
    "key.user-authentication": ("['biometric']", "[]"),
    "key.max-certificates-issued": ("100", "101"),
    "evidence.refused-leniencies": ("['*']", "['x/y']"),
}
NOT_MILDER = {
    "device.os-floors": ("{ android = '9' }", "{ android = '10', apple = '1' }"),
    "device.required-model-statuses": ("[]", "['L2', 'L1']"),
    "device.patch-floor": (None, "'2020-01'"),
    "key.user-authentication": ("[]", "['biometric']"),
    "key.max-certificates-issued": (None, "1000"),
    "evidence.refused-leniencies": ("['x/y']", "['*']"),
    "app.signers": (f"['{A}', '{B}']", f"['{A}']"),
}


def with_setting(name: str, value: str | None) -> AppraisalPolicy:
    table, _, setting = name.partition(".")
    text = "id = 'x'\n" + ("" if value is None else f"[{table}]\n{setting} = {value}\n")
    return load_policy(text.encode(), profiles={})


def settings_between(strict: AppraisalPolicy, mild: AppraisalPolicy) -> list[str]:
    return [each.setting for each in milder(mild, than=strict)]


def test_every_setting_has_a_milder_side() -> None:
    named = {
        f"{table.encode_name}.{setting.encode_name}"
        for table in fields(Settings)
        for setting in fields(table.type)
    }
    assert set(STRICT_THEN_MILD) == named


@pytest.mark.parametrize("name", STRICT_THEN_MILD)
def test_the_milder_of_two_is_told_from_the_stricter(name: str) -> None:
    strict, mild = (with_setting(name, value) for value in STRICT_THEN_MILD[name])
    assert settings_between(strict, mild) == [name]
    assert settings_between(mild, strict) == []


@pytest.mark.parametrize("name", ALSO_MILDER)
def test_another_way_to_be_milder_is_seen(name: str) -> None:
    strict, mild = (with_setting(name, value) for value in ALSO_MILDER[name])
    assert settings_between(strict, mild) == [name]


@pytest.mark.parametrize("name", NOT_MILDER)
def test_asking_for_more_is_not_milder(name: str) -> None:
    before, after = (with_setting(name, value) for value in NOT_MILDER[name])
    assert settings_between(before, after) == []


def test_a_swap_is_milder_both_ways() -> None:
    one, other = with_setting("app.signers", f"['{A}']"), with_setting("app.signers", f"['{B}']")
    assert settings_between(one, other) == settings_between(other, one) == ["app.signers"]


def test_a_milder_severity_is_milder_even_where_it_is_not_below_the_default() -> None:
    strict = load_policy(b"id='x'\n[severity]\n'device.play-protect' = 'refuse'", profiles={})
    usual = load_policy(b"id='x'", profiles={})
    assert usual.relaxations == ()
    (found,) = milder(usual, than=strict)
    assert (found.setting, found.default, found.chosen) == (
        "device.play-protect",
        "refuse",
        "warn",
    )
    assert milder(strict, than=usual) == ()


def test_what_is_told_shows_both_sides() -> None:
    strict = with_setting("device.os-floors", "{ apple = '17', android = '9' }")
    (found,) = milder(with_setting("device.os-floors", None), than=strict)
    assert (found.default, found.chosen) == ("android 9, apple 17", "(any)")


@pytest.mark.parametrize("profile", PROFILES)
def test_no_policy_is_milder_than_itself(profile: str) -> None:
    policy = load_policy(f"id = 'x'\nprofile = '{profile}'".encode(), profiles=bundled_profiles())
    assert milder(policy, than=policy) == ()


def test_what_the_registration_says_holds_unless_the_file_says_otherwise() -> None:
    given = {"app": {"identifiers": ["a"], "signers": [A]}, "evidence": {"realms": ["test"]}}
    text = b"id = 'x'\nprofile = 'login'\n[app]\nidentifiers = ['b']\n"
    policy = load_policy(text, profiles=bundled_profiles(), given=given)
    assert policy.settings.app.identifiers == {"b"}
    assert policy.settings.app.signers == {A}
    assert policy.settings.evidence.max_age_seconds == 600
    assert [each.setting for each in policy.relaxations if "realm" in each.setting] == [
        "evidence.realms"
    ]


def test_a_registration_that_says_something_impossible_is_refused() -> None:
    with misuse(rules.POLICY_WELL_FORMED):
        load_policy(b"id = 'x'", profiles={}, given={"app": {"signers": ["short"]}})
