"""Policy files: what is misspelt, mistyped or unknown must not silently demand nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import misuse
from warifu.attestation.appraisal import rules
from warifu.attestation.appraisal.policy import MAX_BYTES, AppraisalPolicy, load_policy
from warifu.attestation.appraisal.requirements import REQUIREMENTS
from warifu.attestation.appraisal.result import Severity
from warifu.attestation.claims import SecurityLevel
from warifu.base.errors import Misuse

PROFILES = {
    "base": b"id = 'base'\n[device]\npatch-max-age-days = 90\n[key]\nconfirmation = true\n",
    "nested": b"id = 'nested'\nprofile = 'base'\n",
}


def load(text: str) -> AppraisalPolicy:
    return load_policy(text.encode(), profiles=PROFILES)


def test_an_empty_policy_has_the_strict_defaults() -> None:
    policy = load("id = 'x'")
    assert policy.relaxations == ()
    assert policy.severities == {each.id: each.severity for each in REQUIREMENTS.values()}


@pytest.mark.parametrize(
    "requirement",
    [
        "device.boot-locked",
        "device.boot-state",
        "device.patch-level",
        "key.security-level",
        "key.not-revoked",
        "app.environment",
        "app.signer",
    ],
)
def test_what_no_bank_should_accept_refuses_by_default(requirement: str) -> None:
    assert load("id = 'x'").severities[requirement] is Severity.REFUSE


def test_a_misspelt_table_is_refused() -> None:
    with misuse(rules.POLICY_KNOWN_KEYS):
        load("id = 'x'\n[devices]\n")


def test_a_misspelt_setting_is_refused() -> None:
    with misuse(rules.POLICY_KNOWN_KEYS):
        load("id = 'x'\n[device]\nboot_states = ['verified']\n")


def test_a_misspelt_setting_of_a_profile_is_refused() -> None:
    with misuse(rules.POLICY_KNOWN_KEYS):
        load_policy(b"id='x'\nprofile='p'", profiles={"p": b"id='p'\nboot-lock=true"})


def test_a_severity_of_an_unknown_requirement_is_refused() -> None:
    with misuse(rules.POLICY_KNOWN_REQUIREMENTS):
        load("id = 'x'\n[severity]\n'device.bootlocked' = 'warn'\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "id = 5",
        "id = ' spaces '",
        "id = 'x'\nid = 'y'",
        "id = 'x'\ndevice = 1",
        "id = 'x'\nseverity = ['device.boot-locked']",
        "id = 'x'\n[severity]\n'device.boot-locked' = 'ignore'",
        "id = 'x'\n[device]\npatch-max-age-days = -1",
        "id = 'x'\n[device]\npatch-max-age-days = 1.5",
        "id = 'x'\n[device]\npatch-max-age-days = true",
        "id = 'x'\n[device]\npatch-floor = 2026-01-01",
        "id = 'x'\n[device]\npatch-floor = '2026-13'",
        "id = 'x'\n[device]\nboot-keys = ['AB']",
        "id = 'x'\n[device]\nos-floors = {android = 'sixteen'}",
        "id = 'x'\n[key]\nsecurity-level = 'strong'",
        "id = 'x'\n[app]\nidentifiers = ['']",
        "id = 'x'\n" + "a = " + "[" * 2000,
        "id = 'x'\n#" + "x" * MAX_BYTES,
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with misuse(rules.POLICY_WELL_FORMED):
        load(text)


def test_what_is_no_text_is_refused() -> None:
    with misuse(rules.POLICY_WELL_FORMED):
        load_policy(b"id = '\xff'", profiles={})


@pytest.mark.parametrize("name", ["'missing'", "5", "['base']", "'nested'"])
def test_a_profile_that_is_not_at_hand_is_refused(name: str) -> None:
    with misuse(rules.POLICY_KNOWN_PROFILE):
        load(f"id = 'x'\nprofile = {name}")


def test_a_registration_replaces_settings_of_its_profile_one_by_one() -> None:
    policy = load("id = 'x'\nprofile = 'base'\n[device]\npatch-days-ahead = 10\n")
    assert policy.id == "x"
    assert policy.settings.device.patch_max_age_days == 90
    assert policy.settings.device.patch_days_ahead == 10
    assert policy.settings.key.confirmation


def test_a_table_that_replaces_no_table_is_refused() -> None:
    with misuse(rules.POLICY_WELL_FORMED):
        load("id = 'x'\nprofile = 'base'\ndevice = 5\n")


@pytest.mark.parametrize(
    ("more", "setting", "default", "chosen"),
    [
        ("[severity]\n'device.boot-locked' = 'warn'", "device.boot-locked", "refuse", "warn"),
        ("[severity]\n'device.play-protect' = 'note'", "device.play-protect", "warn", "note"),
        (
            "[key]\nsecurity-level = 'software'",
            "key.security-level",
            "trusted-environment",
            "software",
        ),
        ("[device]\npatch-max-age-days = 400", "device.patch-max-age-days", "365", "400"),
        (
            "[device]\nplay-labels = []",
            "device.play-labels",
            "MEETS_DEVICE_INTEGRITY",
            "(none)",
        ),
        (
            "[app]\nenvironments = ['production', 'development']",
            "app.environments",
            "production",
            "development, production",
        ),
    ],
)
def test_every_relaxation_is_visible(more: str, setting: str, default: str, chosen: str) -> None:
    (found,) = load(f"id = 'x'\n{more}\n").relaxations
    assert (found.setting, found.default, found.chosen) == (setting, default, chosen)


@pytest.mark.parametrize(
    "more",
    [
        "[severity]\n'device.play-protect' = 'refuse'",
        "[key]\nsecurity-level = 'secure-element'",
        "[device]\npatch-max-age-days = 30\nplay-labels = ['MEETS_DEVICE_INTEGRITY', 'X']",
        "[device]\nboot-states = []",
    ],
)
def test_what_is_stricter_is_no_relaxation(more: str) -> None:
    assert load(f"id = 'x'\n{more}\n").relaxations == ()


def test_the_digest_names_what_is_asked_and_not_how_it_is_written() -> None:
    plain = load("id = 'x'\n[app]\nidentifiers = ['a', 'b']\n")
    same = load("# comment\nid = 'x'\n\n[app]\nidentifiers = ['b', 'a', 'b']\n")
    other = load("id = 'x'\n[app]\nidentifiers = ['a']\n")
    assert plain.digest == same.digest
    assert len({plain.digest, other.digest, load("id = 'y'").digest}) == 3
    assert plain.settings.key.attested_by is SecurityLevel.TRUSTED_ENVIRONMENT


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_policy_or_the_operators_mistake(data: bytes) -> None:
    for candidate in (data, b"id='x'\n" + data, b"id='x'\n[severity]\n" + data):
        try:
            load_policy(candidate, profiles=PROFILES)
        except Misuse:
            continue
