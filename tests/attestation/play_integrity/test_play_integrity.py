"""Play Integrity: the honest token, and each token with exactly one thing wrong."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support import misuse, moment, no_statement, refused, test_trust
from warifu.attestation.claims import Claims, Package, Realm
from warifu.attestation.evidence.facts.play_integrity import (
    CLOCK_SKEW,
    MAX_AGE,
    PlayIntegrityExpectations,
    PlayIntegrityFacts,
    Recall,
    RecallBit,
)
from warifu.attestation.evidence.play_integrity import verify
from warifu.attestation.evidence.rules import play_integrity as rules
from warifu.attestation.examination import Gaps
from warifu.attestation.trust.view import TrustView
from warifu.base.codec import jose
from warifu.base.codec import json as codec_json
from warifu.base.codec.text import to_base64url
from warifu.base.errors import BadEvidence, WarifuError
from warifu.base.secret import Secret
from warifu.handset.authority import new_key, spki
from warifu.handset.play_integrity import (
    CHALLENGE,
    MADE_AT,
    PACKAGE,
    SIGNER,
    PlayIntegrityDevice,
    honest_verdict,
)

AT = MADE_AT + timedelta(seconds=5)
PRODUCTION = TrustView(known_at=MADE_AT)
SIGNING_KEY = new_key()


def device(*, classic: bool = False) -> PlayIntegrityDevice:
    return PlayIntegrityDevice(verdict=honest_verdict(classic=classic), signing_key=SIGNING_KEY)


def expectations(**changes: Any) -> PlayIntegrityExpectations:
    honest = PlayIntegrityExpectations(
        app=PACKAGE,
        challenge=CHALLENGE,
        decryption_key=Secret(device().decryption_key),
        verification_key=spki(SIGNING_KEY),
        certificate_digests=frozenset({SIGNER}),
        minimum_version=42,
        app_recognition=frozenset({"PLAY_RECOGNIZED"}),
        device_labels=frozenset({"MEETS_DEVICE_INTEGRITY"}),
        licensing=frozenset({"LICENSED"}),
    )
    return replace(honest, **changes)


def judge(
    evidence: PlayIntegrityDevice | bytes,
    *,
    trust: TrustView = PRODUCTION,
    at: Any = AT,
    gaps: Gaps = Gaps.REFUSE,
    **changes: Any,
) -> Claims:
    token = evidence if isinstance(evidence, bytes) else evidence.token()
    return verify(token, expected=expectations(**changes), trust=trust, at=at, gaps=gaps)


def facts(claims: Claims) -> PlayIntegrityFacts:
    assert isinstance(claims.detail, PlayIntegrityFacts)
    return claims.detail


def changed(section: str, *, classic: bool = False, **fields: Any) -> PlayIntegrityDevice:
    """An honest device whose verdict differs in these fields only; None takes a field away."""
    honest = device(classic=classic)
    assert isinstance(honest.verdict, dict)
    part = honest.verdict.setdefault(section, {})
    for name, value in fields.items():
        part[name] = value
        if value is None:
            del part[name]
    return honest


def test_honest_standard_token_is_proved() -> None:
    claims = judge(device())
    assert claims.app is not None
    assert claims.app.identifier == PACKAGE
    assert claims.app.packages == (Package(PACKAGE, 42),)
    assert claims.app.signers == (SIGNER,)
    assert claims.freshness.challenge_matches is True
    assert claims.freshness.made_at == MADE_AT
    assert claims.unchecked == ()
    assert rules.SIGNATURE.code in claims.proved
    assert rules.REQUEST_HASH.code in claims.proved
    assert rules.NONCE.code not in claims.proved
    detail = facts(claims)
    assert detail.request_kind == "standard"
    assert detail.device_labels[-1] == "MEETS_STRONG_INTEGRITY"
    assert detail.sdk_version == 36
    assert detail.device_activity == "LEVEL_1"
    assert detail.recall == Recall(
        first=RecallBit(value=True, written="2025-08"),
        second=RecallBit(value=False),
        third=RecallBit(value=False),
    )
    assert detail.play_protect == "NO_ISSUES"
    assert detail.apps_detected == ("KNOWN_INSTALLED",)
    assert detail.unlisted == {}


def test_honest_classic_token_is_proved() -> None:
    claims = judge(device(classic=True))
    assert facts(claims).request_kind == "classic"
    assert claims.freshness.challenge == CHALLENGE
    assert claims.freshness.challenge_matches is True


def test_nonce_with_padding_is_the_same_nonce() -> None:
    nonce = to_base64url(CHALLENGE + b"!") + "=="
    claims = judge(changed("requestDetails", classic=True, nonce=nonce), challenge=CHALLENGE + b"!")
    assert claims.freshness.challenge_matches is True


def test_request_hash_may_be_any_text() -> None:
    claims = judge(changed("requestDetails", requestHash="振込 #1"), request_hash="振込 #1")
    assert claims.freshness.challenge_matches is True


def test_decryption_key_of_another_size_is_misuse() -> None:
    with misuse(rules.RESPONSE_KEYS):
        judge(device(), decryption_key=Secret(bytes(16)))


@pytest.mark.parametrize("key", [b"", b"no key", spki(new_key("p384")), spki(new_key("rsa2048"))])
def test_verification_key_of_another_kind_is_misuse(key: bytes) -> None:
    with misuse(rules.RESPONSE_KEYS):
        judge(device(), verification_key=key)


def test_no_decryption_key_allows_no_statement() -> None:
    with no_statement(rules.ENCRYPTION):
        judge(device(), decryption_key=None, gaps=Gaps.REPORT)


def test_token_of_another_app_is_refused() -> None:
    token = device()
    token.decryption_key = bytes(32)
    with refused(rules.ENCRYPTION):
        judge(token)


def test_verdict_signed_by_the_device_itself_is_refused() -> None:
    token = device()
    token.signed_with = new_key()
    with refused(rules.SIGNATURE):
        judge(token)


def test_verdict_under_hmac_with_the_public_key_is_refused() -> None:
    token = device()
    token.inner_header = {"alg": "HS256"}
    token.signed_with = token.verification_key
    with refused(jose.ALGORITHM):
        judge(token)


def test_unsigned_verdict_is_refused() -> None:
    token = device()
    token.inner_header = {"alg": "none"}
    token.signed_with = b""
    with refused(jose.ALGORITHM):
        judge(token)


def test_signed_verdict_without_encryption_is_refused() -> None:
    with refused(jose.WELL_FORMED):
        judge(device().signed())


@pytest.mark.parametrize("header", [{"alg": "dir"}, {"alg": "RSA1_5"}, {"enc": "A128CBC-HS256"}])
def test_token_encrypted_another_way_is_refused(header: dict[str, str]) -> None:
    token = device()
    assert isinstance(token.outer_header, dict)
    token.outer_header |= header
    with refused(jose.ALGORITHM):
        judge(token)


@pytest.mark.parametrize("name", ["kid", "jku", "x5u", "jwk", "x5c"])
def test_verdict_that_brings_its_own_key_is_refused(name: str) -> None:
    token = device()
    token.inner_header = {"alg": "ES256", name: "attacker"}
    with refused(jose.NO_KEY_REFERENCE):
        judge(token)


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        ("requestDetails", "requestPackageName", 1),
        ("requestDetails", "timestampMillis", "-5"),
        ("requestDetails", "timestampMillis", "1e3"),
        ("requestDetails", "timestampMillis", "\uff11\uff17"),
        ("requestDetails", "timestampMillis", -1),
        ("requestDetails", "timestampMillis", "9" * 5000),
        ("requestDetails", "timestampMillis", 10**14),
        ("requestDetails", "timestampMillis", 1.5),
        ("requestDetails", "timestampMillis", True),
        ("appIntegrity", "versionCode", "forty-two"),
        ("appIntegrity", "certificateSha256Digest", "AAAA"),
        ("deviceIntegrity", "deviceRecognitionVerdict", "MEETS_DEVICE_INTEGRITY"),
        ("deviceIntegrity", "deviceRecognitionVerdict", [1]),
        ("deviceIntegrity", "deviceRecognitionVerdict", ["MEETS_DEVICE_INTEGRITY"] * 65),
        ("deviceIntegrity", "deviceAttributes", []),
        ("deviceIntegrity", "deviceRecall", {"values": {"bitFirst": 1}}),
        ("deviceIntegrity", "deviceRecall", {"writeDates": {"yyyymmFirst": 202413}}),
        ("environmentDetails", "appAccessRiskVerdict", {"appsDetected": "NONE"}),
        ("testingDetails", "isTestingResponse", "false"),
    ],
)
def test_field_of_another_type_is_refused(section: str, field: str, value: Any) -> None:
    with refused(rules.PAYLOAD):
        judge(changed(section, **{field: value}))


def test_section_that_is_no_object_is_refused() -> None:
    token = device()
    assert isinstance(token.verdict, dict)
    token.verdict["deviceIntegrity"] = []
    with refused(rules.PAYLOAD):
        judge(token)


def test_field_given_twice_is_refused() -> None:
    token = device()
    token.verdict = b'{"deviceIntegrity":{},"deviceIntegrity":{}}'
    with refused(codec_json.WELL_FORMED):
        judge(token)


def test_testing_response_is_refused_in_production() -> None:
    with refused(rules.GENUINE_RESPONSE):
        judge(changed("testingDetails", isTestingResponse=True))


def test_testing_response_is_a_fact_in_the_test_realm() -> None:
    trust = test_trust(known_at=MADE_AT)
    claims = judge(changed("testingDetails", isTestingResponse=True), trust=trust)
    assert claims.realm is Realm.TEST
    assert facts(claims).testing_response is True


@pytest.mark.parametrize("package", ["jp.example.other", "", None])
def test_verdict_relayed_from_another_app_is_refused(package: str | None) -> None:
    with refused(rules.REQUEST_PACKAGE):
        judge(changed("requestDetails", requestPackageName=package))


def test_verdict_bound_to_nothing_is_refused() -> None:
    with refused(rules.ONE_BINDING):
        judge(changed("requestDetails", requestHash=None))


def test_verdict_bound_twice_is_refused() -> None:
    with refused(rules.ONE_BINDING):
        judge(changed("requestDetails", nonce=to_base64url(CHALLENGE)))


@pytest.mark.parametrize("found", ["", "AAAA", to_base64url(CHALLENGE) + "=", "ハッシュ"])
def test_replayed_standard_verdict_is_refused(found: str) -> None:
    with refused(rules.REQUEST_HASH):
        judge(changed("requestDetails", requestHash=found))


def test_request_hash_goes_before_the_challenge() -> None:
    with refused(rules.REQUEST_HASH):
        judge(device(), request_hash="another request")


def test_classic_verdict_in_place_of_a_standard_one_is_refused() -> None:
    with refused(rules.REQUEST_HASH):
        judge(device(classic=True), challenge=None, request_hash="AAAA")


def test_replayed_classic_verdict_is_refused() -> None:
    with refused(rules.NONCE):
        judge(changed("requestDetails", classic=True, nonce=to_base64url(b"another challenge!")))


@pytest.mark.parametrize("nonce", ["*", "+/+/", "A", "ナンス"])
def test_nonce_that_is_not_base64url_is_refused(nonce: str) -> None:
    with refused(rules.NONCE):
        judge(changed("requestDetails", classic=True, nonce=nonce))


@pytest.mark.parametrize(
    "late", [MAX_AGE + timedelta(milliseconds=1), timedelta(days=400), -2 * CLOCK_SKEW]
)
def test_verdict_outside_its_time_window_is_refused(late: timedelta) -> None:
    with refused(rules.TIMESTAMP):
        judge(device(), at=MADE_AT + late)


@pytest.mark.parametrize("late", [MAX_AGE, -CLOCK_SKEW])
def test_verdict_at_the_edge_of_its_time_window_is_taken(late: timedelta) -> None:
    assert judge(device(), at=MADE_AT + late).freshness.made_at == MADE_AT


def test_verdict_without_timestamp_is_refused() -> None:
    with refused(rules.TIMESTAMP):
        judge(changed("requestDetails", timestampMillis=None))


def test_timestamp_in_seconds_is_refused() -> None:
    with refused(rules.TIMESTAMP):
        judge(changed("requestDetails", timestampMillis=str(int(MADE_AT.timestamp()))))


def test_numbers_may_be_written_as_numbers() -> None:
    millis = int(MADE_AT.timestamp() * 1000)
    token = changed("requestDetails", timestampMillis=millis)
    assert isinstance(token.verdict, dict)
    token.verdict["appIntegrity"]["versionCode"] = 42
    token.verdict["deviceIntegrity"]["deviceAttributes"] = {"sdkVersion": "36"}
    assert facts(judge(token)).sdk_version == 36


def test_recognised_app_that_is_not_the_asking_one_is_refused() -> None:
    with refused(rules.APP_PACKAGE):
        judge(changed("appIntegrity", packageName="jp.example.other"))


@pytest.mark.parametrize(
    "digests",
    [
        None,
        [],
        [to_base64url(bytes(32))],
        [to_base64url(SIGNER), to_base64url(bytes(32))],
        ["no digest"],
    ],
)
def test_repackaged_app_is_refused(digests: list[str] | None) -> None:
    with refused(rules.APP_SIGNER):
        judge(changed("appIntegrity", certificateSha256Digest=digests))


def test_digest_of_another_size_is_kept_but_proves_no_signer() -> None:
    claims = judge(
        changed("appIntegrity", certificateSha256Digest=["AAAA"]), certificate_digests=None
    )
    assert claims.app is not None
    assert claims.app.signers == ()
    assert facts(claims).certificate_digests == ("AAAA",)


@pytest.mark.parametrize("version", [None, "41", 0])
def test_old_or_unknown_version_is_refused(version: object) -> None:
    with refused(rules.APP_VERSION):
        judge(changed("appIntegrity", versionCode=version))


@pytest.mark.parametrize("verdict", [None, "UNRECOGNIZED_VERSION", "UNEVALUATED", "NEW_WORD"])
def test_app_without_the_verdict_asked_for_is_refused(verdict: str | None) -> None:
    with refused(rules.APP_RECOGNITION):
        judge(changed("appIntegrity", appRecognitionVerdict=verdict))


@pytest.mark.parametrize("labels", [None, [], ["MEETS_BASIC_INTEGRITY"], ["NEW_WORD"]])
def test_rooted_device_is_refused_where_integrity_is_asked_for(labels: list[str] | None) -> None:
    with refused(rules.DEVICE_RECOGNITION):
        judge(changed("deviceIntegrity", deviceRecognitionVerdict=labels))


@pytest.mark.parametrize("verdict", [None, "UNLICENSED", "UNEVALUATED"])
def test_unlicensed_account_is_refused_where_a_licence_is_asked_for(verdict: str | None) -> None:
    with refused(rules.LICENSING):
        judge(changed("accountDetails", appLicensingVerdict=verdict))


def test_bad_verdicts_are_facts_where_nothing_is_asked_for() -> None:
    token = changed("deviceIntegrity", deviceRecognitionVerdict=None)
    claims = judge(token, device_labels=None)
    assert facts(claims).device_labels == ()
    assert rules.DEVICE_RECOGNITION.code not in claims.proved


@pytest.mark.parametrize(
    ("missing", "rule"),
    [
        ({"app": None}, rules.REQUEST_PACKAGE),
        ({"challenge": None}, rules.REQUEST_HASH),
        ({"verification_key": None}, rules.SIGNATURE),
    ],
)
def test_missing_expectation_leaves_a_gap(missing: dict[str, Any], rule: Any) -> None:
    claims = judge(device(), gaps=Gaps.REPORT, **missing)
    assert [gap.rule for gap in claims.unchecked] == [rule.code]
    assert rule.code not in claims.proved
    with no_statement(rule):
        judge(device(), **missing)


def test_verdict_decoded_by_google_is_read_but_never_proof() -> None:
    decoded = json.dumps({"tokenPayloadExternal": honest_verdict()}).encode()
    claims = judge(decoded, gaps=Gaps.REPORT)
    assert [gap.rule for gap in claims.unchecked] == [rules.ENCRYPTION.code, rules.SIGNATURE.code]
    assert facts(claims).licensing == "LICENSED"
    with no_statement(rules.ENCRYPTION):
        judge(decoded)


def test_unlisted_fields_and_words_are_kept_and_break_nothing() -> None:
    token = device()
    assert isinstance(token.verdict, dict)
    token.verdict["newSection"] = {"a": [1, None]}
    token.verdict["deviceIntegrity"]["newField"] = 1
    token.verdict["deviceIntegrity"]["deviceRecognitionVerdict"].append("MEETS_NEW_INTEGRITY")
    token.verdict["environmentDetails"]["playProtectVerdict"] = "NEW_WORD"
    detail = facts(judge(token))
    assert detail.unlisted == {
        "newSection": {"a": [1, None]},
        "deviceIntegrity.newField": 1,
        "deviceIntegrity.deviceRecognitionVerdict": ["MEETS_NEW_INTEGRITY"],
        "environmentDetails.playProtectVerdict": ["NEW_WORD"],
    }
    assert "MEETS_NEW_INTEGRITY" in detail.device_labels


def test_expectations_never_show_the_decryption_key() -> None:
    expected = expectations(decryption_key=Secret(b"K" * 32))
    assert "KKKK" not in repr(expected)
    assert PACKAGE in repr(expected)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(st.data())
def test_any_verdict_is_judged_or_refused(data: st.DataObject) -> None:
    verdict = honest_verdict(classic=data.draw(st.booleans()))
    section = data.draw(st.sampled_from(sorted(verdict)))
    field = data.draw(st.sampled_from([*sorted(verdict[section]), "newField"]))
    verdict[section][field] = data.draw(_JSON)
    try:
        judge(json.dumps(verdict).encode(), gaps=Gaps.REPORT)
    except WarifuError:
        return


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_by_the_error_tree(data: bytes) -> None:
    for evidence in (data, b"{" + data):
        with pytest.raises(WarifuError):
            judge(evidence, gaps=Gaps.REPORT)


def test_no_byte_of_a_token_can_be_changed() -> None:
    token = device().token()
    for position in range(len(token)):
        altered = bytearray(token)
        altered[position] = ord("B") if altered[position] == ord("A") else ord("A")
        with pytest.raises(BadEvidence):
            judge(bytes(altered))


def test_time_without_offset_is_misuse() -> None:
    with pytest.raises(WarifuError, match="usage/aware-time"):
        judge(device(), at=moment("2025-11-05T09:00:00").replace(tzinfo=None))
