"""Every verdict shape that Google documents gives the facts its policy needs."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support import moment, refused
from warifu.attestation.claims import Claims
from warifu.attestation.evidence.facts.play_integrity import (
    PlayIntegrityExpectations,
    PlayIntegrityFacts,
    RecallBit,
)
from warifu.attestation.evidence.play_integrity import verify
from warifu.attestation.evidence.rules import play_integrity as rules
from warifu.attestation.examination import Gaps
from warifu.attestation.trust.view import TrustView
from warifu.base.secret import Secret
from warifu.handset.authority import new_key, spki
from warifu.handset.play_integrity import PlayIntegrityDevice

MADE_AT = moment("2023-02-06T03:43:29.345Z")
SIGNING_KEY = new_key()
NAMES = (
    "standard-request-full",
    "classic-request",
    "untrusted-device",
    "device-recall",
    "device-recall-unavailable",
    "app-access-risk",
    "app-access-risk-unevaluated",
    "play-protect",
)


@pytest.fixture(name="verdicts", scope="module")
def load_verdicts(vectors: Path) -> dict[str, dict[str, Any]]:
    entries = json.loads((vectors / "play-integrity-docs" / "verdicts.json").read_text("utf-8"))
    full = next(entry["payload"] for entry in entries if "payload" in entry)
    return {
        entry["name"]: entry.get("payload") or full | entry["payload_fragment"] for entry in entries
    }


def judge(payload: dict[str, Any], **expected: Any) -> Claims:
    """The documented payload inside a token of our own, since Google publishes no real one."""
    device = PlayIntegrityDevice(verdict=payload, signing_key=SIGNING_KEY)
    return verify(
        device.token(),
        expected=PlayIntegrityExpectations(
            app="com.package.name",
            request_hash="aGVsbG8gd29scmQgdGhlcmU",
            challenge=b"hello wolrd there",
            decryption_key=Secret(device.decryption_key),
            verification_key=spki(SIGNING_KEY),
            **expected,
        ),
        trust=TrustView(known_at=MADE_AT),
        at=MADE_AT + timedelta(seconds=30),
        gaps=Gaps.REFUSE,
    )


def facts(payload: dict[str, Any]) -> PlayIntegrityFacts:
    detail = judge(payload).detail
    assert isinstance(detail, PlayIntegrityFacts)
    return detail


def test_the_documented_verdicts_are_all_tested(verdicts: dict[str, Any]) -> None:
    assert tuple(verdicts) == NAMES


def test_full_verdict_on_a_standard_request(verdicts: dict[str, Any]) -> None:
    claims = judge(
        verdicts["standard-request-full"],
        app_recognition=frozenset({"PLAY_RECOGNIZED"}),
        device_labels=frozenset({"MEETS_DEVICE_INTEGRITY"}),
        licensing=frozenset({"LICENSED"}),
    )
    assert claims.freshness.challenge_matches is True
    assert isinstance(claims.detail, PlayIntegrityFacts)
    assert claims.detail.certificate_digests == ("6a6a1474b5cbbb2b1aa57e0bc3",)
    assert claims.detail.version_code == 42
    assert claims.detail.unlisted == {}
    # The documented digest is shortened: no SHA-256, hence no proved signer.
    assert claims.app is not None
    assert claims.app.signers == ()


def test_shortened_digest_matches_no_expected_signer(verdicts: dict[str, Any]) -> None:
    with refused(rules.APP_SIGNER):
        judge(verdicts["standard-request-full"], certificate_digests=frozenset({bytes(32)}))


def test_classic_verdict_with_its_timestamp_in_seconds_is_refused(
    verdicts: dict[str, Any],
) -> None:
    with refused(rules.TIMESTAMP):
        judge(verdicts["classic-request"])


def test_classic_verdict_with_its_timestamp_repaired(verdicts: dict[str, Any]) -> None:
    payload = json.loads(json.dumps(verdicts["classic-request"]))
    payload["requestDetails"]["timestampMillis"] = "1675655009345"
    assert facts(payload).request_kind == "classic"


def test_untrusted_device_gives_facts_and_no_crash(verdicts: dict[str, Any]) -> None:
    found = facts(verdicts["untrusted-device"])
    assert found.device_labels == ()
    assert found.app_recognition == "UNEVALUATED"
    assert found.licensing == "UNEVALUATED"
    assert found.version_code is None
    assert found.certificate_digests == ()


def test_untrusted_device_is_refused_cleanly(verdicts: dict[str, Any]) -> None:
    with refused(rules.DEVICE_RECOGNITION):
        judge(verdicts["untrusted-device"], device_labels=frozenset({"MEETS_DEVICE_INTEGRITY"}))


def test_recall_bits(verdicts: dict[str, Any]) -> None:
    recall = facts(verdicts["device-recall"]).recall
    assert recall is not None
    assert recall.first == RecallBit(value=True, written="2024-01")
    assert recall.second == RecallBit(value=False)
    assert recall.third == RecallBit(value=True, written="2023-10")


def test_unavailable_recall_is_unknown_and_not_false(verdicts: dict[str, Any]) -> None:
    recall = facts(verdicts["device-recall-unavailable"]).recall
    assert recall is not None
    assert {recall.first, recall.second, recall.third} == {RecallBit()}
    assert facts(verdicts["standard-request-full"]).recall is None


def test_app_access_risk(verdicts: dict[str, Any]) -> None:
    found = facts(verdicts["app-access-risk"])
    assert found.apps_detected == ("KNOWN_INSTALLED", "UNKNOWN_INSTALLED", "UNKNOWN_CAPTURING")
    assert found.unlisted == {}


def test_unevaluated_app_access_risk_is_not_no_risk(verdicts: dict[str, Any]) -> None:
    assert facts(verdicts["app-access-risk-unevaluated"]).apps_detected is None


def test_play_protect(verdicts: dict[str, Any]) -> None:
    found = facts(verdicts["play-protect"])
    assert found.play_protect == "NO_ISSUES"
    assert found.unlisted == {}
