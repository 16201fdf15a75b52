"""Assertions of real iPhones get the verdict their README states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from tests.attestation.app_attest.apple_vectors import (
    UEBELACK_APP,
    VEEHAITCH_APP,
    samples,
    uebelack,
)
from tests.support import moment, no_statement, production_trust, refused
from warifu.attestation.claims import Claims
from warifu.attestation.evidence import app_attest_assertion
from warifu.attestation.evidence.facts.app_attest_assertion import (
    AppAttestAssertionExpectations,
    ChallengePlace,
)
from warifu.attestation.evidence.rules import app_attest_assertion as rules
from warifu.attestation.examination import Gaps

if TYPE_CHECKING:
    from pathlib import Path

ASSERTIONS = samples("assertion")
pytestmark = pytest.mark.vectors


def spki_of(pem: str) -> bytes:
    key = load_pem_public_key(pem.encode())
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def judge(evidence: bytes, *, gaps: Gaps = Gaps.REFUSE, **expected: Any) -> Claims:
    at = moment("2021-03-03")
    return app_attest_assertion.verify(
        evidence,
        expected=AppAttestAssertionExpectations(**expected),
        trust=production_trust(at),
        at=at,
        gaps=gaps,
    )


def judge_sample(sample: dict[str, Any], **changes: Any) -> Claims:
    stated = {
        "public_key": spki_of(sample["publicKey"]),
        "client_data": sample["clientData"],
        "challenge": sample["challenge"],
        "challenge_place": ChallengePlace.CONTAINED,
        "app": VEEHAITCH_APP,
        "counter": 0,
    }
    return judge(sample["assertion"], **(stated | changes))


def uebelack_stated(sample: dict[str, Any]) -> dict[str, Any]:
    return {
        "public_key": spki_of(sample["publicKey"]),
        "client_data": sample["payload"].encode(),
        "app": UEBELACK_APP,
        "counter": 0,
    }


@pytest.mark.parametrize("sample", ASSERTIONS)
def test_real_assertion_is_accepted(sample: dict[str, Any]) -> None:
    claims = judge_sample(sample)

    assert claims.freshness.counter == 1
    assert claims.freshness.challenge_matches is True
    assert claims.key is not None
    assert claims.key.identifier == sample["keyId"]
    assert [use.name for use in claims.leniencies] == [rules.ATTESTED_FLAG_WITHOUT_DATA.name]
    assert claims.proved == tuple(rule.code for rule in rules.RULES)


@pytest.mark.parametrize("sample", ASSERTIONS)
def test_replay_of_a_real_assertion_is_refused(sample: dict[str, Any]) -> None:
    with refused(rules.COUNTER):
        judge_sample(sample, counter=1)


@pytest.mark.parametrize("sample", ASSERTIONS)
def test_real_assertion_for_another_app_is_refused(sample: dict[str, Any]) -> None:
    with refused(rules.APP):
        judge_sample(sample, app=UEBELACK_APP)


@pytest.mark.parametrize("sample", ASSERTIONS)
def test_real_assertion_for_another_challenge_is_refused(sample: dict[str, Any]) -> None:
    with refused(rules.CHALLENGE):
        judge_sample(sample, challenge=b"pudel")


@pytest.mark.parametrize("sample", ASSERTIONS)
def test_real_challenge_is_not_looked_for_anywhere_unless_stated(sample: dict[str, Any]) -> None:
    with refused(rules.CHALLENGE):
        judge_sample(sample, challenge_place=ChallengePlace.STRUCTURED)


@pytest.mark.parametrize("sample", ASSERTIONS)
def test_real_assertion_for_other_client_data_is_refused(sample: dict[str, Any]) -> None:
    with refused(rules.SIGNATURE):
        judge_sample(sample, client_data=sample["clientData"] + b" ")


def test_recorded_assertion_is_accepted_with_its_challenge_left_open(vectors: Path) -> None:
    sample = uebelack(vectors, "assertion")
    claims = judge(sample["assertion"], gaps=Gaps.REPORT, **uebelack_stated(sample))

    assert claims.freshness.counter == 1
    assert [gap.rule for gap in claims.unchecked] == [rules.CHALLENGE.code]


def test_recorded_assertion_makes_no_statement_where_gaps_are_refused(vectors: Path) -> None:
    sample = uebelack(vectors, "assertion")
    with no_statement(rules.CHALLENGE):
        judge(sample["assertion"], **uebelack_stated(sample))


def test_recorded_assertion_over_an_empty_payload_is_refused(vectors: Path) -> None:
    sample = uebelack(vectors, "assertion")
    with refused(rules.SIGNATURE):
        judge(sample["assertion"], **(uebelack_stated(sample) | {"client_data": b"{}"}))
