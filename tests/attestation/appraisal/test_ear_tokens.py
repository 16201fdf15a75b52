"""EAR tokens: both encodings, every profile, and what a sender may not choose."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as peer_jws
from joserfc.jwk import ECKey
from msgspec.structs import replace

from tests.attestation.appraisal.tokens import (
    AT,
    ISSUED,
    PINNED,
    SIGNER,
    US,
    cwt_of,
    ear,
    jwt_of,
    signer,
)
from tests.attestation.appraisal.worlds import HONEST, NOW, judged
from tests.support import misuse, refused
from warifu.attestation.appraisal import rules
from warifu.attestation.appraisal.ear import token
from warifu.attestation.appraisal.ear.document import EarAppraisal, EarProfile, ear_of
from warifu.attestation.appraisal.ear.writing import write_claims
from warifu.attestation.appraisal.vector import Tier, TrustVector
from warifu.attestation.examination import AWARE_TIME
from warifu.base.codec import jose
from warifu.base.codec import json as codec_json
from warifu.base.errors import WarifuError
from warifu.base.keys.jwks import jwk_set
from warifu.base.keys.purpose import KeyPurpose
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.pki import signature


def jwk_of(own: SoftwareSigner) -> dict[str, Any]:
    record = SimpleNamespace(key_id=own.key_id, public_key=own.public_key, purpose=KeyPurpose.EAR)
    (jwk,) = json.loads(jwk_set([record]))["keys"]
    return cast("dict[str, Any]", jwk)


JSON_CLAIMS = write_claims(ear(), in_json=True)
CBOR_CLAIMS = write_claims(ear(), in_json=False)


def read_jwt(data: bytes, **options: Any) -> Any:
    stated: dict[str, Any] = {"keys": PINNED, "at": AT}
    return token.read_jwt(data, **(stated | options))


def read_cwt(data: Any, **options: Any) -> Any:
    encoded = data if isinstance(data, bytes) else cbor2.dumps(data)
    stated: dict[str, Any] = {"keys": PINNED, "at": AT}
    return token.read_cwt(encoded, **(stated | options))


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
@pytest.mark.parametrize("profile", [EarProfile.DRAFT_04, EarProfile.DRAFT_03])
def test_what_is_signed_is_read_again(profile: EarProfile, algorithm: str) -> None:
    own = signer(algorithm)
    keys = {own.key_id: own.public_key}
    said = ear(profile=profile)
    if profile is EarProfile.DRAFT_03:
        part = replace(said.submodules["device"], attester_claims=None, verifier_claims=None)
        said = replace(said, submodules={**said.submodules, "device": part})
    assert read_jwt(token.sign_jwt(said, own), keys=keys) == said
    assert read_cwt(token.sign_cwt(said, own), keys=keys) == said


def test_the_legacy_view_says_the_same_to_older_readers() -> None:
    view = token.veraison_view(ear(extensions={"x": 1}))
    document = write_claims(view, in_json=True)
    device = document["submods"]["device"]
    assert document["eat_profile"] == "tag:github.com,2023:veraison/ear"
    assert device["ear.status"] == "warning"
    assert device["ear.trustworthiness-vector"] == {"configuration": 32, "executables": 3}
    assert device["ear.appraisal-policy-id"] == "policy"
    assert document["submods"]["key"]["ear.veraison.key-attestation"] == {"akpub": "MAA"}
    back = read_jwt(token.sign_jwt(view, SIGNER))
    assert back.submodules["device"].vector == ear().submodules["device"].vector


def test_the_legacy_view_has_no_cbor() -> None:
    with misuse(rules.EAR_PROFILE):
        token.sign_cwt(token.veraison_view(ear()), SIGNER)
    with refused(rules.EAR_PROFILE):
        read_cwt(cwt_of({**CBOR_CLAIMS, 265: EarProfile.VERAISON.value}))


def test_an_independent_library_verifies_our_jwt() -> None:
    data = token.sign_jwt(ear(), SIGNER)

    jwk = jwk_of(SIGNER)
    found = peer_jws.deserialize_compact(data.decode(), ECKey.import_key(jwk))
    assert json.loads(found.payload or b"") == JSON_CLAIMS
    assert found.headers() == {"alg": "ES256", "kid": SIGNER.key_id, "typ": "eat+jwt"}


def test_our_own_appraisal_becomes_a_token() -> None:
    result = judged(HONEST["android-key"](boot={"locked": False}))
    said = ear_of(
        result,
        verifier=US,
        expires_at=NOW + timedelta(minutes=5),
        nonce=b"12345678",
        attested_key=b"\x30\x00",
    )
    for back in (
        read_jwt(token.sign_jwt(said, SIGNER), at=NOW),
        read_cwt(token.sign_cwt(said, SIGNER), at=NOW),
    ):
        assert back == said
        device = back.submodules["device"]
        assert (device.status, device.vector.configuration) == (Tier.CONTRAINDICATED, 96)
        findings = {each["requirement"]: each for each in device.verifier_claims["findings"]}
        assert findings["device.boot-locked"]["holds"] is False
        assert "seen" not in findings["device.boot-locked"]
        assert back.submodules["key"].attested_key == b"\x30\x00"


def test_an_appraisal_without_claims_becomes_a_token_too() -> None:
    result = replace(judged(HONEST["app-attest"]()), evidence_made_at=None, format=None)
    said = ear_of(result, verifier=US)
    assert said.expires_at is None
    claims = read_jwt(token.sign_jwt(said, SIGNER), at=NOW).submodules["app"].verifier_claims
    assert "format" not in claims


def test_a_result_signed_by_a_stranger_is_refused() -> None:
    stranger = signer(seed=2)
    with refused(rules.EAR_KEY):
        read_jwt(token.sign_jwt(ear(), stranger))
    with refused(rules.EAR_KEY):
        read_cwt(token.sign_cwt(ear(), stranger))


def test_a_stranger_who_names_our_key_is_refused() -> None:
    forged = jwt_of(JSON_CLAIMS, by=signer(seed=2), kid=SIGNER.key_id)
    with refused(jose.SIGNATURE):
        read_jwt(forged)


def test_a_stranger_who_names_no_key_is_refused() -> None:
    with refused(jose.SIGNATURE):
        read_jwt(jwt_of(JSON_CLAIMS, by=signer(seed=2)))
    with refused(signature.SIGNATURE):
        read_cwt(cwt_of(CBOR_CLAIMS, by=signer(seed=2)))


def test_a_key_that_the_token_brings_is_not_looked_at() -> None:
    stranger = signer(seed=2)
    jwk = jwk_of(stranger)
    with refused(jose.SIGNATURE):
        read_jwt(jwt_of(JSON_CLAIMS, by=stranger, jwk=jwk))
    assert read_jwt(jwt_of(JSON_CLAIMS, jwk=jwk)) == ear()


def test_a_token_that_names_no_key_is_tried_under_each_pinned_key() -> None:
    other = signer(seed=3)
    keys = {other.key_id: other.public_key} | PINNED
    assert read_jwt(jwt_of(JSON_CLAIMS), keys=keys) == ear()
    assert read_cwt(cwt_of(CBOR_CLAIMS, unprotected={4: SIGNER.key_id.encode()})) == ear()


def test_nobody_is_trusted_where_no_key_is_pinned() -> None:
    with refused(rules.EAR_KEY):
        read_jwt(token.sign_jwt(ear(), SIGNER), keys={})


def test_an_algorithm_of_another_key_is_refused() -> None:
    with refused(rules.EAR_KEY):
        read_jwt(jwt_of(JSON_CLAIMS, alg="EdDSA"))


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "ES384"])
def test_algorithms_outside_the_list_are_refused(algorithm: str) -> None:
    with refused(jose.ALGORITHM):
        read_jwt(jwt_of(JSON_CLAIMS, alg=algorithm))


@pytest.mark.parametrize("header", [{"typ": "receipt+jwt"}, {"typ": 5}, {"kid": 5}])
def test_another_kind_of_token_is_refused(header: dict[str, Any]) -> None:
    with refused(rules.EAR_WELL_FORMED):
        read_jwt(jwt_of(JSON_CLAIMS, **header))


def test_another_kind_of_cwt_is_refused() -> None:
    with refused(rules.EAR_WELL_FORMED):
        read_cwt(cwt_of(CBOR_CLAIMS, protected={1: -7, 16: "application/receipt+cwt"}))


def test_an_expired_result_is_refused() -> None:
    with refused(rules.EAR_FRESH):
        read_jwt(token.sign_jwt(ear(), SIGNER), at=AT + timedelta(seconds=290))


def test_a_result_of_the_future_is_refused() -> None:
    with refused(rules.EAR_FRESH):
        read_cwt(token.sign_cwt(ear(), SIGNER), at=AT - timedelta(seconds=71))


def test_a_result_older_than_its_reader_takes_is_refused() -> None:
    data = token.sign_jwt(ear(), SIGNER)
    assert read_jwt(data, max_age_seconds=10) == ear()
    with refused(rules.EAR_FRESH):
        read_jwt(data, max_age_seconds=9)


def test_a_time_without_an_offset_is_refused() -> None:
    with misuse(AWARE_TIME):
        read_jwt(token.sign_jwt(ear(), SIGNER), at=AT.replace(tzinfo=None))


@pytest.mark.parametrize("label", ["eat_profile", "iat", "ear_verifier_id", "submods"])
def test_a_result_without_a_mandatory_claim_is_refused(label: str) -> None:
    document = {name: value for name, value in JSON_CLAIMS.items() if name != label}
    with refused(rules.EAR_MANDATORY):
        read_jwt(jwt_of(document))


@pytest.mark.parametrize("label", [265, 6, 1004, 266])
def test_a_cwt_without_a_mandatory_claim_is_refused(label: int) -> None:
    document = {name: value for name, value in CBOR_CLAIMS.items() if name != label}
    with refused(rules.EAR_MANDATORY):
        read_cwt(cwt_of(document))


@pytest.mark.parametrize(
    "changes",
    [{"submods": {}}, {"submods": {"x": {}}}, {"ear_verifier_id": {"build": "b"}}],
)
def test_a_result_that_says_nothing_is_refused(changes: dict[str, Any]) -> None:
    with refused(rules.EAR_MANDATORY):
        read_jwt(jwt_of(JSON_CLAIMS | changes))


@pytest.mark.parametrize("profile", ["tag:ietf.org,2026:rats/ear#05", "", 4, None, ["x"]])
def test_a_profile_we_do_not_know_is_refused(profile: object) -> None:
    with refused(rules.EAR_PROFILE):
        read_jwt(jwt_of(JSON_CLAIMS | {"eat_profile": profile}))


def part(**changes: Any) -> dict[str, Any]:
    return {"submods": {"x": {"ear_status": "affirming"} | changes}}


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": float(ISSUED)},
        {"iat": str(ISSUED)},
        {"iat": True},
        {"iat": -1},
        {"exp": ISSUED + 300.5},
        {"exp": 1 << 60},
        {"eat_nonce": "c2hvcnQ"},
        {"eat_nonce": [1]},
        {"eat_nonce": ["MTIzNDU2Nzg"] * 17},
        {"ear_raw_evidence": "3q2+7w=="},
        {"ear_raw_evidence": 5},
        {"ear_verifier_id": []},
        {"ear_verifier_id": {"developer": "d" * 2049, "build": "b"}},
        {"submods": []},
        {"submods": {str(n): {"ear_status": "none"} for n in range(65)}},
        {"submods": {"x": "affirming"}},
        {"ear_status": "excellent"},
        part(ear_status=2),
        part(ear_status="Affirming"),
        part(ear_trustworthiness_vector={}),
        part(ear_trustworthiness_vector={"hardware": 128}),
        part(ear_trustworthiness_vector={"hardware": 2.0}),
        part(ear_trustworthiness_vector={"hardware": "2"}),
        part(ear_trustworthiness_vector={"hardwear": 2}),
        part(ear_trustworthiness_vector=[2]),
        part(ear_appraisal_policy_ids=[]),
        part(ear_appraisal_policy_ids="one"),
        part(ear_appraisal_policy_ids=[1]),
        part(ear_attester_claims=[]),
        part(ear_verifier_claims="x"),
        part(ear_veraison_key_attestation={}),
        part(ear_veraison_key_attestation={"akpub": "MAA", "more": 1}),
        part(ear_veraison_key_attestation={"akpub": "+/=="}),
    ],
)
def test_a_claim_of_the_wrong_form_is_refused(changes: dict[str, Any]) -> None:
    with refused(rules.EAR_WELL_FORMED):
        read_jwt(jwt_of(JSON_CLAIMS | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {6: float(ISSUED)},
        {6.0: ISSUED},
        {10: "12345678"},
        {1002: "text"},
        {266: {"x": {1000: "affirming"}}},
        {266: {"x": {1000: 1}}},
        {266: {"x": {1000: True}}},
        {266: {1: {1000: 2}}},
        {266: {"x": {1000: 2, 1001: {True: 2}}}},
        {266: {"x": {1000: 2, 1001: {8: 2}}}},
        {1004: {0: "d", True: "b"}},
    ],
)
def test_a_claim_of_the_wrong_form_is_refused_in_cbor(changes: dict[Any, Any]) -> None:
    # Assigning would keep the old label where the new one equals it: 6 and 6.0.
    document = {name: value for name, value in CBOR_CLAIMS.items() if name not in changes}
    with refused(rules.EAR_WELL_FORMED):
        read_cwt(cwt_of(document | changes))


@pytest.mark.parametrize(
    ("status", "claim"),
    [("affirming", 32), ("affirming", 96), ("affirming", 0), ("warning", 97), ("none", 32)],
)
def test_a_status_better_than_its_facts_is_refused(status: str, claim: int) -> None:
    with refused(rules.EAR_STATUS):
        read_jwt(
            jwt_of(
                JSON_CLAIMS
                | part(ear_status=status, ear_trustworthiness_vector={"hardware": claim})
            )
        )


def test_an_overall_status_better_than_a_submodule_is_refused() -> None:
    with refused(rules.EAR_STATUS):
        read_jwt(jwt_of(JSON_CLAIMS | {"ear_status": "affirming"}))


def test_a_status_worse_than_its_facts_is_taken_as_it_is() -> None:
    document = JSON_CLAIMS | part(ear_status="none", ear_trustworthiness_vector={"hardware": 2})
    document.pop("ear_status")
    assert read_jwt(jwt_of(document)).submodules["x"].status is Tier.NONE


def test_members_we_do_not_know_are_kept_and_not_obeyed() -> None:
    document = JSON_CLAIMS | {"x.private": {"trusted": True}}
    assert read_jwt(jwt_of(document)).extensions == {"x.private": {"trusted": True}}


def test_several_nonces_stand_in_an_array() -> None:
    said = ear(nonces=(b"12345678", b"abcdefgh"))
    assert read_jwt(token.sign_jwt(said, SIGNER)) == said
    assert read_cwt(token.sign_cwt(said, SIGNER)) == said


def test_a_repeated_name_is_refused() -> None:
    doubled = b'{"iat":1,' + json.dumps(JSON_CLAIMS).encode()[1:]
    with refused(codec_json.WELL_FORMED):
        read_jwt(jwt_of(doubled))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"submodules": {}}, rules.EAR_MANDATORY),
        ({"nonces": (b"short",)}, rules.EAR_WELL_FORMED),
        ({"issued_at": 1.5}, rules.EAR_WELL_FORMED),
        ({"status": Tier.AFFIRMING}, rules.EAR_STATUS),
        (
            {
                "submodules": {
                    "x": EarAppraisal(status=Tier.AFFIRMING, vector=TrustVector(hardware=96))
                }
            },
            rules.EAR_STATUS,
        ),
    ],
)
def test_we_sign_nothing_that_we_would_refuse(changes: dict[str, Any], rule: Any) -> None:
    with misuse(rule):
        token.sign_jwt(ear(**changes), SIGNER)


def test_an_extension_cannot_take_the_place_of_a_claim() -> None:
    sly = EarAppraisal(
        status=Tier.CONTRAINDICATED,
        vector=TrustVector(hardware=96),
        extensions={"ear_status": "none", "own": 1},
    )
    data = token.sign_jwt(ear(submodules={"x": sly}, status=None, extensions={"iat": 0}), SIGNER)
    back = read_jwt(data)
    assert back.submodules["x"].status is Tier.CONTRAINDICATED
    assert (back.issued_at, back.submodules["x"].extensions) == (ISSUED, {"own": 1})


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
LABELS = st.sampled_from([*JSON_CLAIMS, "exp", "ear_status"])


@given(LABELS, JSON_VALUES, st.binary(max_size=60))
def test_any_signed_claims_are_a_result_or_a_refusal(label: str, value: Any, data: bytes) -> None:
    for candidate in (jwt_of(JSON_CLAIMS | {label: value}), jwt_of(data), data):
        try:
            read_jwt(candidate)
        except WarifuError:
            continue
    for candidate in (cbor2.dumps(cwt_of(data)), data):
        try:
            read_cwt(candidate)
        except WarifuError:
            continue
