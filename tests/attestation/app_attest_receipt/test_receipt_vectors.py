"""Receipts of real iPhones get the verdict their README states, field by field."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.attestation.app_attest.apple_vectors import (
    UEBELACK_APP,
    VEEHAITCH_APP,
    samples,
    uebelack,
)
from tests.support import moment, production_trust, refused
from warifu.attestation.claims import Claims
from warifu.attestation.evidence import app_attest_receipt
from warifu.attestation.evidence.facts.app_attest import Environment
from warifu.attestation.evidence.facts.app_attest_receipt import (
    AppAttestReceiptExpectations,
    AppAttestReceiptFacts,
)
from warifu.attestation.evidence.readers.app_attest import read_attestation
from warifu.attestation.evidence.rules import app_attest_receipt as rules
from warifu.base.pki import path as path_rules

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

RECEIPTS = samples("receipt")
ENVIRONMENTS = {"sandbox": "development"}
pytestmark = pytest.mark.vectors


def judge(evidence: bytes, at: datetime, **expected: Any) -> Claims:
    return app_attest_receipt.verify(
        evidence,
        expected=AppAttestReceiptExpectations(**expected),
        trust=production_trust(at),
        at=at,
    )


def judge_sample(sample: dict[str, Any], *, at: datetime | None = None, **changes: Any) -> Claims:
    stated = {
        "challenge": sample["of"]["clientData"],
        "app": VEEHAITCH_APP,
        "key_identifier": sample["keyId"],
        "environment": Environment.DEVELOPMENT,
    }
    at = at or sample["properties"]["creationTime"]
    return judge(sample["receipt"], at, **(stated | changes))


@pytest.mark.parametrize("sample", RECEIPTS)
def test_real_receipt_has_the_recorded_properties(sample: dict[str, Any]) -> None:
    claims = judge_sample(sample)
    wanted = sample["properties"]

    detail = claims.detail
    assert isinstance(detail, AppAttestReceiptFacts)
    assert claims.app is not None
    assert claims.app.identifier == VEEHAITCH_APP
    assert claims.app.environment == ENVIRONMENTS[wanted["environment"]]
    assert claims.freshness.made_at == wanted["creationTime"]
    assert detail.kind.value == wanted["type"]
    assert detail.client_hash == wanted["clientHash"]
    assert detail.token == wanted["token"]
    assert detail.risk_metric == wanted["riskMetric"]
    assert detail.not_before == wanted["notBefore"]
    assert detail.expires_at == wanted["expirationTime"]
    assert detail.other_fields == {}
    assert claims.key is not None
    assert claims.key.identifier == sample["keyId"]
    assert claims.freshness.challenge_matches is True
    assert claims.anchor == "apple-root-g3"
    assert len(claims.chain) == 3
    assert claims.unchecked == ()
    assert claims.proved == tuple(rule.code for rule in rules.RULES)


@pytest.mark.parametrize("sample", RECEIPTS)
def test_real_receipt_is_too_old_after_five_minutes(sample: dict[str, Any]) -> None:
    with refused(rules.AGE):
        judge_sample(sample, at=sample["properties"]["creationTime"] + timedelta(seconds=301))


@pytest.mark.parametrize("sample", RECEIPTS)
def test_signer_of_a_real_receipt_has_expired_today(sample: dict[str, Any]) -> None:
    with refused(path_rules.VALID_AT):
        judge_sample(sample, at=moment("2026-11-21"))


@pytest.mark.parametrize("sample", RECEIPTS)
def test_real_receipt_of_another_key_is_refused(sample: dict[str, Any]) -> None:
    with refused(rules.PUBLIC_KEY):
        judge_sample(sample, key_identifier=bytes(32))


@pytest.mark.parametrize("sample", RECEIPTS)
def test_real_receipt_of_another_app_is_refused(sample: dict[str, Any]) -> None:
    with refused(rules.APP):
        judge_sample(sample, app=UEBELACK_APP)


@pytest.mark.parametrize("sample", RECEIPTS)
def test_real_receipt_of_another_attestation_is_refused(sample: dict[str, Any]) -> None:
    with refused(rules.CLIENT_HASH):
        judge_sample(sample, challenge=b"another")


@pytest.mark.parametrize("sample", RECEIPTS)
def test_real_development_receipt_is_refused_in_production(sample: dict[str, Any]) -> None:
    with refused(rules.ENVIRONMENT):
        judge_sample(sample, environment=Environment.PRODUCTION)


def test_refreshed_receipts_need_their_leniency_and_first_ones_do_not() -> None:
    for parameters in RECEIPTS:
        sample = parameters.values[0]
        used = {use.name for use in judge_sample(sample).leniencies}
        refreshed = sample["properties"]["type"] == "RECEIPT"
        assert (rules.CLIENT_HASH_AS_TEXT.name in used) is refreshed
        assert rules.FIELDS_UNSORTED.name in used


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("production", "2024-02-07T21:08:57Z"),
        ("development", "2024-02-04T20:27:07Z"),
    ],
)
def test_receipt_inside_an_attestation_is_accepted(vectors: Path, name: str, at: str) -> None:
    sample = uebelack(vectors, f"attestation-{name}")
    claims = judge(
        read_attestation(sample["attestation"]).receipt,
        moment(at),
        challenge=sample["challenge"],
        app=UEBELACK_APP,
        key_identifier=sample["keyId"],
        environment=Environment(name),
    )
    assert claims.app is not None
    assert claims.app.environment == name
