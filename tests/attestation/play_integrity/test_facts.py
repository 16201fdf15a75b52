"""What a Play Integrity verdict claims: every field, compared with what Google was told to say."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from tests.attestation.play_integrity.test_play_integrity import AT, changed, device, facts, judge
from tests.support import refused
from warifu.attestation.claims import (
    App,
    Claims,
    Device,
    Format,
    Freshness,
    Package,
    Realm,
)
from warifu.attestation.evidence.facts.play_integrity import (
    CLOCK_SKEW,
    MAX_AGE,
    PlayIntegrityFacts,
    Recall,
    RecallBit,
)
from warifu.attestation.evidence.readers import play_integrity as reader
from warifu.attestation.evidence.rules import play_integrity as rules
from warifu.base.codec import json as codec_json
from warifu.base.codec.text import to_base64url
from warifu.base.errors import MalformedEvidence
from warifu.handset.play_integrity import CHALLENGE, MADE_AT, PACKAGE, SIGNER

NOTHING_ASKED: dict[str, Any] = {
    "certificate_digests": None,
    "minimum_version": None,
    "app_recognition": None,
    "device_labels": None,
    "licensing": None,
}
ASKED = {
    "certificate_digests": rules.APP_SIGNER,
    "minimum_version": rules.APP_VERSION,
    "app_recognition": rules.APP_RECOGNITION,
    "device_labels": rules.DEVICE_RECOGNITION,
    "licensing": rules.LICENSING,
}


def test_claims_are_what_google_was_told_and_nothing_else() -> None:
    made = device(classic=True)
    verdict: Any = made.verdict
    verdict["appIntegrity"]["versionCode"] = "1234567"
    verdict["deviceIntegrity"] |= {
        "legacyDeviceRecognitionVerdict": ["MEETS_DEVICE_INTEGRITY"],
        "deviceAttributes": {"sdkVersion": "35"},
        "recentDeviceActivity": {"deviceActivityLevel": "LEVEL_3"},
        "deviceRecall": {
            "values": {"bitFirst": True, "bitSecond": False},
            "writeDates": {"yyyymmFirst": 202508, "yyyymmSecond": 202512, "yyyymmThird": 202601},
        },
    }
    verdict["accountDetails"]["accountActivity"] = {"activityLevel": "TYPICAL_BASIC"}
    verdict["somethingNew"] = {"a": 1}
    assert judge(made) == Claims(
        format=Format.PLAY_INTEGRITY,
        at=AT,
        known_at=MADE_AT,
        realm=Realm.PRODUCTION,
        device=Device(platform="android"),
        app=App(identifier=PACKAGE, packages=(Package(PACKAGE, 1234567),), signers=(SIGNER,)),
        freshness=Freshness(challenge=CHALLENGE, challenge_matches=True, made_at=MADE_AT),
        detail=PlayIntegrityFacts(
            request_kind="classic",
            request_package=PACKAGE,
            app_recognition="PLAY_RECOGNIZED",
            certificate_digests=(to_base64url(SIGNER),),
            version_code=1234567,
            device_labels=(
                "MEETS_BASIC_INTEGRITY",
                "MEETS_DEVICE_INTEGRITY",
                "MEETS_STRONG_INTEGRITY",
            ),
            legacy_device_labels=("MEETS_DEVICE_INTEGRITY",),
            sdk_version=35,
            device_activity="LEVEL_3",
            recall=Recall(
                first=RecallBit(value=True, written="2025-08"),
                second=RecallBit(value=False, written="2025-12"),
                third=RecallBit(value=None, written="2026-01"),
            ),
            licensing="LICENSED",
            account_activity="TYPICAL_BASIC",
            play_protect="NO_ISSUES",
            apps_detected=("KNOWN_INSTALLED",),
            testing_response=False,
            unlisted={"somethingNew": {"a": 1}},
        ),
        proved=tuple(rule.code for rule in rules.RULES if rule is not rules.REQUEST_HASH),
    )


def test_a_standard_verdict_answers_to_the_request_hash() -> None:
    claims = judge(device())
    assert claims.freshness == Freshness(
        challenge=to_base64url(CHALLENGE).encode(), challenge_matches=True, made_at=MADE_AT
    )
    assert claims.proved == tuple(rule.code for rule in rules.RULES if rule is not rules.NONCE)


def test_what_google_did_not_say_is_not_claimed() -> None:
    made = device()
    assert isinstance(made.verdict, dict)
    made.verdict = {"requestDetails": made.verdict["requestDetails"]}
    claims = judge(made, **NOTHING_ASKED)
    assert claims.app == App(identifier=PACKAGE)
    assert claims.detail == PlayIntegrityFacts(
        request_kind="standard", request_package=PACKAGE, app_recognition=None
    )


@pytest.mark.parametrize("asked", sorted(ASKED))
def test_what_was_not_asked_is_not_proved(asked: str) -> None:
    nothing: dict[str, Any] = {asked: None}
    unasked = judge(device(), **nothing)
    assert ASKED[asked].code not in unasked.proved
    others = {rule.code for name, rule in ASKED.items() if name != asked}
    assert others <= set(unasked.proved)


@pytest.mark.parametrize(
    ("number", "month"),
    [(200001, "2000-01"), (202512, "2025-12"), (999912, "9999-12")],
)
def test_a_month_of_recall_is_read(number: int, month: str) -> None:
    recall = {"values": {}, "writeDates": {"yyyymmThird": number}}
    found = facts(judge(changed("deviceIntegrity", deviceRecall=recall))).recall
    assert found == Recall(first=RecallBit(), second=RecallBit(), third=RecallBit(written=month))


@pytest.mark.parametrize("number", [199912, 200000, 202513, 1000001, -200001])
@pytest.mark.parametrize("name", ["yyyymmFirst", "yyyymmSecond", "yyyymmThird"])
def test_what_is_no_month_is_refused(name: str, number: int) -> None:
    recall = {"values": {}, "writeDates": {name: number}}
    with refused(rules.PAYLOAD):
        judge(changed("deviceIntegrity", deviceRecall=recall))


@pytest.mark.parametrize(
    ("section", "fields", "kept"),
    [
        ("appIntegrity", {"new": 1}, {"appIntegrity.new": 1}),
        (
            "appIntegrity",
            {"appRecognitionVerdict": "MOOD"},
            {"appIntegrity.appRecognitionVerdict": ["MOOD"]},
        ),
        (
            "deviceIntegrity",
            {"deviceRecognitionVerdict": ["MEETS_DEVICE_INTEGRITY", "MEETS_MOOD"]},
            {"deviceIntegrity.deviceRecognitionVerdict": ["MEETS_MOOD"]},
        ),
        (
            "deviceIntegrity",
            {"recentDeviceActivity": {"deviceActivityLevel": "LEVEL_9", "x": None}},
            {
                "deviceIntegrity.recentDeviceActivity.deviceActivityLevel": ["LEVEL_9"],
                "deviceIntegrity.recentDeviceActivity.x": None,
            },
        ),
        (
            "deviceIntegrity",
            {"deviceRecall": {"values": {"bitFourth": True}}},
            {"deviceIntegrity.deviceRecall.values.bitFourth": True},
        ),
        (
            "accountDetails",
            {"appLicensingVerdict": "RENTED"},
            {"accountDetails.appLicensingVerdict": ["RENTED"]},
        ),
        (
            "environmentDetails",
            {
                "appAccessRiskVerdict": {"appsDetected": ["UNKNOWN_MOOD"]},
                "playProtectVerdict": "BAD",
            },
            {
                "environmentDetails.appAccessRiskVerdict.appsDetected": ["UNKNOWN_MOOD"],
                "environmentDetails.playProtectVerdict": ["BAD"],
            },
        ),
    ],
)
def test_what_google_does_not_list_is_kept_under_its_path(
    section: str, fields: dict[str, Any], kept: dict[str, Any]
) -> None:
    assert facts(judge(changed(section, **fields), **NOTHING_ASKED)).unlisted == kept


@pytest.mark.parametrize("words", [reader.MAX_LISTED, reader.MAX_LISTED + 1])
def test_a_list_of_words_may_be_on_its_limit_and_not_beyond(words: int) -> None:
    made = changed("deviceIntegrity", deviceRecognitionVerdict=["MEETS_DEVICE_INTEGRITY"] * words)
    if words == reader.MAX_LISTED:
        assert len(facts(judge(made)).device_labels) == words
    else:
        with refused(rules.PAYLOAD):
            judge(made)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (None, None),
        (0, 0),
        ("0", 0),
        (10**reader.MAX_DIGITS - 1, 10**reader.MAX_DIGITS - 1),
        ("9" * reader.MAX_DIGITS, 10**reader.MAX_DIGITS - 1),
    ],
    ids=repr,
)
def test_whole_numbers_are_read_as_numbers_or_their_digits(
    value: int | str | None, number: int | None
) -> None:
    assert reader.to_whole_number(value, "x") == number


@pytest.mark.parametrize(
    "value",
    [-1, "-1", "", "1.0", "\u0661", 10**reader.MAX_DIGITS, "0" * (reader.MAX_DIGITS + 1)],
    ids=count(),
)
def test_what_is_no_whole_number_is_refused_by_name(value: int | str) -> None:
    with pytest.raises(MalformedEvidence, match="versionCode") as caught:
        judge(changed("appIntegrity", versionCode=value))
    assert caught.value.code == rules.PAYLOAD.code


def test_a_payload_may_be_on_its_limit_and_not_beyond() -> None:
    for size in (reader.MAX_PAYLOAD_BYTES, reader.MAX_PAYLOAD_BYTES + 1):
        data = json.dumps({"x": ""}).encode()
        data = data[:-2] + b"." * (size - len(data)) + data[-2:]
        assert len(data) == size
        if size == reader.MAX_PAYLOAD_BYTES:
            reader.read_payload(data)
        else:
            with refused(codec_json.WELL_FORMED):
                reader.read_payload(data)


@pytest.mark.parametrize(
    ("at", "taken"),
    [
        (MADE_AT + MAX_AGE, True),
        (MADE_AT + MAX_AGE + timedelta(milliseconds=1), False),
        (MADE_AT - CLOCK_SKEW, True),
        (MADE_AT - CLOCK_SKEW - timedelta(milliseconds=1), False),
    ],
)
def test_a_token_is_taken_at_the_last_moment_of_its_age_and_no_later(
    at: Any, *, taken: bool
) -> None:
    if taken:
        assert judge(device(), at=at).at == at
    else:
        with refused(rules.TIMESTAMP):
            judge(device(), at=at)


def test_the_lowest_version_that_will_do_does() -> None:
    assert judge(device(), minimum_version=42).app is not None
    with refused(rules.APP_VERSION):
        judge(device(), minimum_version=43)
