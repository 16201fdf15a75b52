"""Attestations of real iPhones get the verdict their README states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.attestation.app_attest.apple_vectors import (
    UEBELACK_APP,
    VEEHAITCH_APP,
    samples,
    uebelack,
)
from tests.support import moment, production_trust, refused
from warifu.attestation.claims import Claims, Endorsement, Realm, SecurityLevel
from warifu.attestation.evidence import app_attest
from warifu.attestation.evidence.facts.app_attest import AppAttestExpectations, Environment
from warifu.attestation.evidence.readers.app_attest import read_attestation
from warifu.attestation.evidence.rules import app_attest as rules
from warifu.base.pki import path as path_rules

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

ATTESTATIONS = samples("attestation")
pytestmark = pytest.mark.vectors


def judge(evidence: bytes, at: datetime, **expected: Any) -> Claims:
    return app_attest.verify(
        evidence, expected=AppAttestExpectations(**expected), trust=production_trust(at), at=at
    )


def judge_sample(sample: dict[str, Any], *, at: datetime | None = None, **changes: Any) -> Claims:
    stated = {
        "challenge": sample["clientData"],
        "app": VEEHAITCH_APP,
        "key_identifier": sample["keyId"],
        "environment": Environment.DEVELOPMENT,
    }
    return judge(sample["attestation"], at or sample["timestamp"], **(stated | changes))


def judge_uebelack(vectors: Path, name: str, **changes: Any) -> Claims:
    sample = uebelack(vectors, f"attestation-{name}")
    stated = {
        "challenge": sample["challenge"],
        "app": UEBELACK_APP,
        "key_identifier": sample["keyId"],
        "environment": Environment(name),
    }
    return judge(sample["attestation"], moment("2024-03-01"), **(stated | changes))


def flip(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


@pytest.mark.parametrize("sample", ATTESTATIONS)
def test_real_attestation_is_accepted_as_of_its_time(sample: dict[str, Any]) -> None:
    claims = judge_sample(sample)

    assert claims.key is not None
    assert claims.key.identifier == sample["keyId"]
    assert claims.key.endorsement is Endorsement.ANCHORED
    assert claims.key.security_level is SecurityLevel.SECURE_ELEMENT
    assert claims.app is not None
    assert claims.app.identifier == VEEHAITCH_APP
    assert claims.app.environment == "development"
    assert claims.operating_system is not None
    assert str(sample["iOSVersion"]).split()[0] == claims.operating_system.version
    assert claims.freshness.challenge_matches is True
    assert claims.freshness.counter == 0
    assert claims.anchor == "apple-app-attestation-root"
    assert len(claims.chain) == 3
    assert claims.realm is Realm.PRODUCTION
    assert claims.proved == tuple(rule.code for rule in rules.RULES)
    assert claims.unchecked == ()


@pytest.mark.parametrize("sample", ATTESTATIONS)
def test_real_attestation_has_expired_today(sample: dict[str, Any]) -> None:
    with refused(path_rules.VALID_AT):
        judge_sample(sample, at=moment("2026-11-21"))


@pytest.mark.parametrize("sample", ATTESTATIONS)
def test_development_attestation_is_refused_in_production(sample: dict[str, Any]) -> None:
    with refused(rules.ENVIRONMENT):
        judge_sample(sample, environment=Environment.PRODUCTION)


@pytest.mark.parametrize("sample", ATTESTATIONS)
@pytest.mark.parametrize("app", [VEEHAITCH_APP + "x", "0MURL8TA57" + VEEHAITCH_APP[10:]])
def test_real_attestation_for_another_app_is_refused(sample: dict[str, Any], app: str) -> None:
    with refused(rules.APP):
        judge_sample(sample, app=app)


@pytest.mark.parametrize("sample", ATTESTATIONS)
def test_real_attestation_for_another_challenge_is_refused(sample: dict[str, Any]) -> None:
    with refused(rules.NONCE):
        judge_sample(sample, challenge=b"wurzelpfropg")


@pytest.mark.parametrize("sample", ATTESTATIONS)
def test_unhashed_challenge_is_not_tried_silently(sample: dict[str, Any]) -> None:
    with refused(rules.NONCE):
        judge_sample(sample, challenge=None, client_data_hash=sample["clientData"])


@pytest.mark.parametrize("sample", ATTESTATIONS)
def test_client_data_hash_may_be_stated_instead(sample: dict[str, Any]) -> None:
    stated = {"challenge": None, "client_data_hash": sample["clientDataHashSha256"]}
    assert judge_sample(sample, **stated).freshness.challenge_matches is True


@pytest.mark.parametrize("sample", ATTESTATIONS)
def test_real_attestation_with_another_key_identifier_is_refused(sample: dict[str, Any]) -> None:
    with refused(rules.KEY_IDENTIFIER):
        judge_sample(sample, key_identifier=flip(sample["keyId"]))


def test_production_attestation_is_accepted_and_tells_version_and_build(vectors: Path) -> None:
    claims = judge_uebelack(vectors, "production")

    assert claims.app is not None
    assert claims.app.environment == "production"
    assert claims.operating_system is not None
    assert claims.operating_system.version == "17.2.1"
    assert claims.operating_system.build == "21C66"


def test_production_attestation_needs_no_stated_environment(vectors: Path) -> None:
    assert judge_uebelack(vectors, "production", environment=None).unchecked == ()


def test_development_attestation_is_accepted_where_development_is_expected(vectors: Path) -> None:
    claims = judge_uebelack(vectors, "development")

    assert claims.app is not None
    assert claims.app.environment == "development"
    assert claims.operating_system is not None
    assert claims.operating_system.version == "17.2.1"


def test_recorded_development_attestation_is_refused_in_production(vectors: Path) -> None:
    with refused(rules.ENVIRONMENT):
        judge_uebelack(vectors, "development", environment=Environment.PRODUCTION)


def test_production_attestation_is_refused_in_development(vectors: Path) -> None:
    with refused(rules.ENVIRONMENT):
        judge_uebelack(vectors, "production", environment=Environment.DEVELOPMENT)


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("production", "2024-02-06T21:08:55Z"),
        ("production", "2024-12-21T12:42:57Z"),
        ("development", "2024-02-03T20:27:05Z"),
        ("development", "2025-01-08T06:21:07Z"),
    ],
)
def test_attestation_is_refused_one_second_outside_its_dates(
    vectors: Path, name: str, at: str
) -> None:
    sample = uebelack(vectors, f"attestation-{name}")
    with refused(path_rules.VALID_AT):
        judge(sample["attestation"], moment(at), challenge=sample["challenge"])


def test_receipt_inside_can_be_taken_out(vectors: Path) -> None:
    sample = uebelack(vectors, "attestation-production")
    assert read_attestation(sample["attestation"]).receipt.startswith(b"\x30\x80")
