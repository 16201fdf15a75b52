"""SafetyNet: the honest response, and each response with exactly one thing wrong."""

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support import make_test_anchor, no_statement, refused, test_trust
from warifu.attestation.claims import Claims, Package
from warifu.attestation.evidence.facts.safetynet import (
    CLOCK_SKEW,
    MAX_AGE,
    SafetyNetExpectations,
    SafetyNetFacts,
)
from warifu.attestation.evidence.readers import safetynet as reader
from warifu.attestation.evidence.rules import safetynet as rules
from warifu.attestation.evidence.safetynet import read_made_at, verify
from warifu.attestation.examination import Gaps
from warifu.attestation.trust.anchors import AnchorUse
from warifu.attestation.trust.view import TrustView
from warifu.base.codec import der, jose, text
from warifu.base.codec.text import to_base64
from warifu.base.errors import BadEvidence, WarifuError
from warifu.base.pki import path
from warifu.handset.authority import Authority, new_key, spki
from warifu.handset.jose_writer import encoded, json_bytes
from warifu.handset.safetynet import (
    APK,
    CHALLENGE,
    MADE_AT,
    PACKAGE,
    SIGNER,
    SafetyNetServer,
    honest_payload,
)

AT = MADE_AT + timedelta(seconds=5)
ROOT = Authority.root()
TRUST = test_trust(make_test_anchor(ROOT.certificate, AnchorUse.SAFETYNET), known_at=MADE_AT)
EXPECTED = SafetyNetExpectations(
    app=PACKAGE,
    challenge=CHALLENGE,
    certificate_digests=frozenset({SIGNER}),
    apk_digests=frozenset({APK}),
    cts_profile_match=True,
    basic_integrity=True,
)


def server(**payload: Any) -> SafetyNetServer:
    """An honest server whose payload differs in these fields only; None takes one away."""
    changed = honest_payload() | payload
    for name in [name for name, value in payload.items() if value is None]:
        del changed[name]
    return SafetyNetServer(root=ROOT, payload=changed)


def judge(
    evidence: SafetyNetServer | bytes,
    *,
    trust: TrustView = TRUST,
    at: Any = AT,
    gaps: Gaps = Gaps.REFUSE,
    **changes: Any,
) -> Claims:
    response = evidence if isinstance(evidence, bytes) else evidence.response()
    return verify(response, expected=replace(EXPECTED, **changes), trust=trust, at=at, gaps=gaps)


def test_honest_response_is_proved() -> None:
    claims = judge(server())
    assert claims.anchor == "test-root"
    assert [certificate.der for certificate in claims.chain][-1] == ROOT.certificate
    assert claims.app is not None
    assert claims.app.packages == (Package(PACKAGE),)
    assert claims.app.signers == (SIGNER,)
    assert claims.freshness.made_at == MADE_AT
    assert claims.freshness.challenge_matches is True
    assert claims.detail == SafetyNetFacts(
        cts_profile_match=True,
        basic_integrity=True,
        apk_digest=APK,
        evaluation_types=("BASIC", "HARDWARE_BACKED"),
    )
    assert claims.unchecked == ()


def test_rsa_response_is_proved() -> None:
    key = new_key("rsa2048")
    assert isinstance(key, rsa.RSAPrivateKey)
    made = SafetyNetServer(root=ROOT, header={"alg": "RS256"}, signing_key=key)
    assert judge(made).freshness.challenge_matches is True


def test_response_tells_its_own_time() -> None:
    assert read_made_at(server().response()) == MADE_AT


def test_certificate_of_any_other_web_server_is_refused() -> None:
    made = server()
    made.name_host("attacker.example")
    with refused(rules.HOSTNAME):
        judge(made)


@pytest.mark.parametrize(
    "host", ["attest.android.com.attacker.example", "*.android.com", "xattest.android.com"]
)
def test_host_name_that_only_looks_right_is_refused(host: str) -> None:
    made = server()
    made.name_host(host)
    with refused(rules.HOSTNAME):
        judge(made)


def test_common_name_does_not_stand_in_for_the_host_name() -> None:
    made = server()
    made.leaf.remove_extension("2.5.29.17")
    with refused(rules.HOSTNAME):
        judge(made)


def test_response_signed_by_another_key_is_refused() -> None:
    made = server()
    made.signed_with = new_key()
    with refused(rules.SIGNATURE):
        judge(made)


def test_unsigned_response_is_refused() -> None:
    made = server()
    made.header = {"alg": "none"}
    with refused(jose.ALGORITHM):
        judge(made)


def test_hmac_under_the_public_key_is_refused() -> None:
    made = server()
    made.header = {"alg": "HS256"}
    made.signed_with = spki(made.signing_key)
    with refused(jose.ALGORITHM):
        judge(made)


def test_algorithm_that_does_not_fit_the_certificate_is_refused() -> None:
    made = server()
    made.header = {"alg": "RS256"}
    with refused(jose.ALGORITHM):
        judge(made)


@pytest.mark.parametrize("name", ["jku", "x5u", "kid", "jwk"])
def test_response_that_names_another_key_is_refused(name: str) -> None:
    made = server()
    made.header |= {name: "attacker"}
    with refused(jose.NO_KEY_REFERENCE):
        judge(made)


def test_response_without_certificates_is_refused() -> None:
    made = server()
    made.header |= {"x5c": []}
    with refused(jose.WELL_FORMED):
        judge(made)


def test_response_whose_certificate_is_none_is_refused() -> None:
    made = server()
    made.header |= {"x5c": [to_base64(b"0\x00")]}
    with refused(der.WELL_FORMED):
        judge(made)


def test_oversized_response_is_refused_unread() -> None:
    made = server()
    made.header |= {"x5c": [to_base64(bytes(40_000))]}
    with refused(jose.WELL_FORMED):
        judge(made)


def test_chain_of_an_attackers_authority_is_refused() -> None:
    made = SafetyNetServer(root=Authority.root("Attacker"))
    with refused(path.ANCHORED):
        judge(made)


def test_chain_of_an_authority_with_the_root_name_is_refused() -> None:
    made = SafetyNetServer(root=Authority.root("Warifu Test Root"))
    with pytest.raises(WarifuError, match="pki/signature"):
        judge(made)


def test_certificate_expired_at_the_time_judged_for_is_refused() -> None:
    made = server()
    made.leaf.not_after = MADE_AT - timedelta(days=1)
    with refused(path.VALID_AT):
        judge(made)


def test_certificate_expired_since_is_as_good_as_it_was() -> None:
    made = server()
    made.leaf.not_after = AT + timedelta(days=1)
    assert judge(made).anchor == "test-root"


def test_leaf_that_acts_as_an_authority_is_refused() -> None:
    """An attacker who owns one certificate of the host would sign further ones with it."""
    owner = server()
    forger = Authority(owner.leaf.subject, owner.signing_key, owner.chain()[0])
    made = server()
    made.issuer = forger
    made.leaf.issuer = forger.subject
    made.header |= {"x5c": [to_base64(item) for item in (*made.chain(), owner.issuer.certificate)]}
    with refused(path.ISSUER_IS_AUTHORITY):
        judge(made)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nonce", 1),
        ("nonce", None),
        ("timestampMs", "1630703240057"),
        ("timestampMs", None),
        ("timestampMs", -1),
        ("timestampMs", 10**14),
        ("apkDigestSha256", to_base64(b"short")),
        ("apkCertificateDigestSha256", [to_base64(b"short")]),
        ("apkCertificateDigestSha256", [to_base64(bytes(32))] * (reader.MAX_SIGNERS + 1)),
        ("ctsProfileMatch", "true"),
        ("evaluationType", ["BASIC"]),
    ],
    ids=str,
)
def test_field_of_another_type_is_refused(field: str, value: Any) -> None:
    with refused(rules.PAYLOAD):
        judge(server(**{field: value}))


def test_replayed_response_is_refused() -> None:
    with refused(rules.NONCE):
        judge(server(nonce=to_base64(b"another challenge")))


def test_nonce_that_is_not_base64_is_refused() -> None:
    with refused(text.WELL_FORMED):
        judge(server(nonce="-_-_"))


@pytest.mark.parametrize("late", [MAX_AGE + timedelta(seconds=1), -2 * CLOCK_SKEW])
def test_response_outside_its_time_window_is_refused(late: timedelta) -> None:
    with refused(rules.TIMESTAMP):
        judge(server(), at=MADE_AT + late)


@pytest.mark.parametrize("package", ["jp.example.other", None])
def test_response_for_another_app_is_refused(package: str | None) -> None:
    with refused(rules.PACKAGE):
        judge(server(apkPackageName=package))


@pytest.mark.parametrize(
    "digests", [[], [to_base64(bytes(32))], [to_base64(SIGNER), to_base64(bytes(32))]], ids=len
)
def test_repackaged_app_is_refused(digests: list[str]) -> None:
    with refused(rules.SIGNER):
        judge(server(apkCertificateDigestSha256=digests))


@pytest.mark.parametrize("digest", [None, "", to_base64(bytes(32))])
def test_altered_app_is_refused(digest: str | None) -> None:
    with refused(rules.APK):
        judge(server(apkDigestSha256=digest))


@pytest.mark.parametrize("value", [False, None])
def test_unlocked_device_is_refused_where_a_match_is_asked_for(value: Any) -> None:
    with refused(rules.PROFILE_MATCH):
        judge(server(ctsProfileMatch=value, advice="LOCK_BOOTLOADER,RESTORE_TO_FACTORY_ROM"))


@pytest.mark.parametrize("value", [False, None])
def test_rooted_device_is_refused_where_integrity_is_asked_for(value: Any) -> None:
    with refused(rules.BASIC_INTEGRITY):
        judge(server(basicIntegrity=value))


def test_bad_verdicts_are_facts_where_nothing_is_asked_for() -> None:
    made = server(ctsProfileMatch=False, advice="LOCK_BOOTLOADER, RESTORE", error="e", extra=1)
    claims = judge(made, cts_profile_match=None)
    assert isinstance(claims.detail, SafetyNetFacts)
    assert claims.detail.cts_profile_match is False
    assert claims.detail.advice == ("LOCK_BOOTLOADER", "RESTORE")
    assert claims.detail.error == "e"
    assert claims.detail.unlisted == {"extra": 1}
    assert rules.PROFILE_MATCH.code not in claims.proved


@pytest.mark.parametrize(
    ("missing", "rule"),
    [({"app": None}, rules.PACKAGE), ({"challenge": None}, rules.NONCE)],
)
def test_missing_expectation_leaves_a_gap(missing: dict[str, Any], rule: Any) -> None:
    claims = judge(server(), gaps=Gaps.REPORT, **missing)
    assert [gap.rule for gap in claims.unchecked] == [rule.code]
    with no_statement(rule):
        judge(server(), **missing)


def test_without_any_root_nothing_is_trusted() -> None:
    nobody = test_trust(known_at=MADE_AT)
    with no_statement(path.ANCHORED):
        judge(server(), trust=nobody)
    claims = judge(server(), trust=nobody, gaps=Gaps.REPORT)
    assert claims.anchor is None
    assert [gap.rule for gap in claims.unchecked] == [path.ANCHORED.code]
    assert path.ANCHORED.code not in claims.proved


def test_root_for_another_use_vouches_for_nothing() -> None:
    other = test_trust(make_test_anchor(ROOT.certificate, AnchorUse.ANDROID_KEY), known_at=MADE_AT)
    with no_statement(path.ANCHORED):
        judge(server(), trust=other)


_HONEST = server()
_X5C = [to_base64(certificate) for certificate in _HONEST.chain()]


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_by_the_error_tree(data: bytes) -> None:
    with pytest.raises(WarifuError):
        judge(data, gaps=Gaps.REPORT)


@given(st.sampled_from(sorted(honest_payload())), st.data())
def test_any_payload_is_judged_or_refused(field: str, data: st.DataObject) -> None:
    value = data.draw(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.lists(st.text())
    )
    made = server()
    made.payload = honest_payload() | {field: value}
    try:
        judge(made, gaps=Gaps.REPORT)
    except WarifuError:
        return


@given(st.binary(max_size=60), st.integers(0, 2000))
def test_any_altered_certificate_is_refused(junk: bytes, position: int) -> None:
    certificate = text.from_base64(_X5C[0])
    position %= len(certificate)
    altered = certificate[:position] + junk + certificate[position + len(junk) :]
    header = {"alg": "ES256", "x5c": [to_base64(altered), *_X5C[1:]]}
    _, payload, signature = _HONEST.response().split(b".")
    token = b".".join((encoded(json_bytes(header)), payload, signature))
    with pytest.raises(WarifuError):
        judge(token, gaps=Gaps.REPORT)


def test_payload_that_is_no_object_is_refused() -> None:
    made = server()
    made.payload = json.dumps([]).encode()
    with pytest.raises(WarifuError, match="json/expected-type"):
        judge(made)


def test_no_byte_of_a_response_can_be_changed() -> None:
    response = _HONEST.response()
    for position in range(len(response)):
        altered = bytearray(response)
        altered[position] = ord("B") if altered[position] == ord("A") else ord("A")
        with pytest.raises(BadEvidence):
            judge(bytes(altered))
