"""The digest of a policy: the same for the same demands, another for any other demand."""

import json
from hashlib import sha256
from itertools import permutations

import msgspec
import pytest
from msgspec.structs import fields

from warifu.attestation.appraisal.policy import load_policy
from warifu.attestation.appraisal.requirements import REQUIREMENTS
from warifu.attestation.appraisal.settings import Settings

HEX = "ab" * 32
OTHER_SETTINGS = {
    "device": {
        "boot-states": "['verified', 'self-signed']",
        "boot-systems": "['GrapheneOS']",
        "boot-keys": f"['{HEX}']",
        "patch-max-age-days": "90",
        "patch-floor": "'2026-01'",
        "vendor-patch-floor": "'2026-01'",
        "boot-patch-floor": "'2026-01'",
        "patch-days-ahead": "31",
        "os-floors": "{android = '14'}",
        "refused-model-statuses": "['REVOKED']",
        "required-model-statuses": "['FIDO_CERTIFIED_L1']",
        "play-labels": "['MEETS_STRONG_INTEGRITY']",
        "play-protect": "['NO_DATA']",
        "refused-app-access": "['UNKNOWN_OVERLAYS']",
        "max-risk-metric": "3",
    },
    "app": {
        "identifiers": "['jp.example.bank']",
        "signers": f"['{HEX}']",
        "minimum-version": "7",
        "environments": "['development']",
        "recognition": "['UNRECOGNIZED_VERSION']",
        "licensing": "['UNLICENSED']",
    },
    "key": {
        "security-level": "'software'",
        "attested-by": "'secure-element'",
        "user-authentication": "['biometric']",
        "confirmation": "true",
        "provisioning": "['remote']",
        "max-certificates-issued": "3",
    },
    "evidence": {
        "realms": "['test']",
        "max-age-seconds": "60",
        "max-skew-seconds": "5",
        "tolerated-gaps": "['a/gap']",
        "refused-leniencies": "['*']",
    },
}
EACH = [(table, name) for table, names in OTHER_SETTINGS.items() for name in names]


def digest(text: str) -> str:
    return load_policy(text.encode(), profiles={}).digest


STRICT = digest("id = 'x'\n")


def test_every_setting_is_tried() -> None:
    tables = {entry.encode_name: entry.type for entry in fields(Settings)}
    assert {
        name: {entry.encode_name for entry in fields(table)} for name, table in tables.items()
    } == {name: set(settings) for name, settings in OTHER_SETTINGS.items()}


@pytest.mark.parametrize(("table", "name"), EACH)
def test_another_setting_has_another_digest(table: str, name: str) -> None:
    assert digest(f"id = 'x'\n[{table}]\n{name} = {OTHER_SETTINGS[table][name]}\n") != STRICT


@pytest.mark.parametrize("requirement", sorted(REQUIREMENTS))
def test_another_severity_has_another_digest(requirement: str) -> None:
    assert digest(f"id = 'x'\n[severity]\n'{requirement}' = 'note'\n") != STRICT


def test_another_name_has_another_digest() -> None:
    assert digest("id = 'y'\n") != STRICT


def test_what_is_stated_as_it_would_be_anyway_changes_no_digest() -> None:
    stated = "[device]\npatch-max-age-days = 365\n[severity]\n'device.boot-locked' = 'refuse'\n"
    assert digest(f"id = 'x'\n{stated}") == STRICT


def test_the_order_of_words_in_a_file_changes_no_digest() -> None:
    words = [f"'word-{number}'" for number in range(6)]
    digests = {
        digest(f"id = 'x'\n[app]\nidentifiers = [{', '.join(each)}]\n")
        for each in permutations(words)
    }
    assert len(digests) == 1


def test_the_order_of_members_in_a_file_changes_no_digest() -> None:
    floors = [f"platform-{number} = '{number}'" for number in range(4)]
    digests = {
        digest(f"id = 'x'\n[device]\nos-floors = {{{', '.join(each)}}}\n")
        for each in permutations(floors)
    }
    assert len(digests) == 1
    assert digest("id='x'\n[key]\nconfirmation=true\n[app]\nminimum-version=1\n") == digest(
        "id='x'\n[app]\nminimum-version=1\n[key]\nconfirmation=true\n"
    )


def test_the_digest_is_of_canonical_json_that_anybody_can_write() -> None:
    policy = load_policy(b"id = 'x'\n[app]\nidentifiers = ['b', 'a', 'c']\n", profiles={})
    settings = {
        table: {name: sorted(v) if isinstance(v, list) else v for name, v in names.items()}
        for table, names in msgspec.to_builtins(policy.settings).items()
    }
    severities = {name: policy.severities[name].value for name in sorted(policy.severities)}
    document = {"id": "x", "settings": settings, "severities": severities}
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    assert policy.digest == sha256(text.encode()).hexdigest()
