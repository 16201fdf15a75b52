"""Each rule of a receipt, broken by one thing and signed again; and what the claims say."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.attestation.app_attest.apple_world import apple, judge_receipt, new_device
from tests.support import make_test_anchor, misuse, no_statement, refused, test_trust
from warifu.attestation.evidence.facts.app_attest import Environment
from warifu.attestation.evidence.facts.app_attest_receipt import AppAttestReceiptFacts, ReceiptKind
from warifu.attestation.evidence.readers.app_attest_receipt import read_receipt
from warifu.attestation.evidence.rules import app_attest_receipt as rules
from warifu.attestation.evidence.rules.app_attest import ONE_CHALLENGE_FORM
from warifu.attestation.examination import Gaps
from warifu.attestation.trust.anchors import AnchorUse
from warifu.base.codec import der
from warifu.base.errors import WarifuError
from warifu.base.pki import cms
from warifu.base.pki import path as path_rules
from warifu.base.pki import signature as signature_rules
from warifu.base.rule import Rule
from warifu.handset import der_writer as w
from warifu.handset.app_attest import (
    APP,
    CHALLENGE,
    DEVELOPMENT,
    RECEIPT_SIGNING,
    TestApple,
    receipt_time,
)
from warifu.handset.authority import basic_constraints, key_usage, new_key, spki


def test_honest_receipt_out_of_an_attestation_is_accepted() -> None:
    device = new_device()
    claims = judge_receipt(device, device.receipt().encode())

    assert claims.proved == tuple(rule.code for rule in rules.RULES)
    assert claims.unchecked == ()
    assert claims.key is not None
    assert claims.key.public_key == device.public_key
    assert claims.freshness.made_at == device.made_at
    assert isinstance(claims.detail, AppAttestReceiptFacts)
    assert claims.detail.kind is ReceiptKind.ATTEST
    assert claims.detail.risk_metric is None
    assert claims.chain[-1].der == apple().receipt_root.certificate


def test_honest_refreshed_receipt_tells_the_risk_metric() -> None:
    device = new_device()
    claims = judge_receipt(device, device.receipt(risk_metric=2).encode())

    assert isinstance(claims.detail, AppAttestReceiptFacts)
    assert claims.detail.kind is ReceiptKind.RECEIPT
    assert claims.detail.risk_metric == 2
    assert claims.detail.not_before == device.made_at + timedelta(days=1)


def test_definite_lengths_need_no_leniency() -> None:
    device = new_device()
    draft = device.receipt().signed_data()
    draft.indefinite, draft.piece = False, 0
    names = {use.name for use in judge_receipt(device, draft.encode()).leniencies}
    assert cms.INDEFINITE_LENGTH.name not in names


def test_altered_receipt_is_refused() -> None:
    device = new_device()
    evidence = device.receipt(risk_metric=9).encode()
    better = evidence.replace(w.octet_string(b"9"), w.octet_string(b"1"), 1)
    assert better != evidence
    with refused(signature_rules.SIGNATURE):
        judge_receipt(device, better)


def test_receipt_of_an_attackers_own_apple_is_refused() -> None:
    device = new_device()
    device.apple = TestApple()
    with refused(signature_rules.SIGNATURE):
        judge_receipt(device, device.receipt().encode())


def test_receipt_without_certificates_above_its_signer_is_refused() -> None:
    device = new_device()
    draft = device.receipt().signed_data()
    del draft.certificates[1:]
    with refused(path_rules.ANCHORED):
        judge_receipt(device, draft.encode())


def test_root_may_be_left_out() -> None:
    device = new_device()
    draft = device.receipt().signed_data()
    draft.certificates.pop()
    assert len(judge_receipt(device, draft.encode()).chain) == 3


def test_receipt_signed_by_a_merchant_under_the_same_root_is_refused() -> None:
    device = new_device()
    draft = device.receipt()
    draft.signer.remove_extension(RECEIPT_SIGNING)
    with refused(rules.SIGNER):
        judge_receipt(device, draft.encode())


def test_receipt_signed_by_an_authority_is_refused() -> None:
    device = new_device()
    draft = device.receipt()
    draft.signer.extension("2.5.29.19", basic_constraints(authority=True), critical=True)
    draft.signer.extension("2.5.29.15", key_usage(0, 5), critical=True)
    with refused(rules.SIGNER):
        judge_receipt(device, draft.encode())


def test_receipt_signed_below_another_signer_is_refused() -> None:
    device = new_device()
    draft = device.receipt()
    real = apple().receipt_signer()
    draft.signer.issuer = real.subject
    signed = draft.signed_data()
    signed.certificates = [
        draft.signer.sign(apple().receipt_key),
        real.sign(apple().receipt_authority.key),
        apple().receipt_authority.certificate,
    ]
    draft.signer.subject = w.sequence()
    signed.certificates[0] = draft.signer.sign(apple().receipt_key)
    with refused(path_rules.ISSUER_IS_AUTHORITY):
        judge_receipt(device, signed.encode())


def test_no_anchor_means_no_statement() -> None:
    device = new_device()
    other = make_test_anchor(apple().receipt_root.certificate, AnchorUse.APP_ATTEST)
    with no_statement(path_rules.ANCHORED):
        judge_receipt(
            device, device.receipt().encode(), trust=test_trust(other, known_at=device.made_at)
        )


def without(kind: int) -> bytes:
    draft = DEVICE.receipt()
    del draft.fields[kind]
    return draft.encode()


def changed(kind: int, value: bytes) -> bytes:
    draft = DEVICE.receipt()
    draft.fields[kind] = value
    return draft.encode()


@pytest.mark.parametrize("kind", [2, 3, 4, 5, 6, 12, 21])
def test_receipt_without_a_field_is_refused(kind: int) -> None:
    with refused(rules.STRUCTURE):
        judge_receipt(DEVICE, without(kind))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (5, b"A" * 5000),
        (6, b"OTHER"),
        (12, b""),
        (12, b"2025-11-05T09:00:00"),
        (12, b"2025-11-05T09:00:00+00:00"),
        (12, b"2025-11-05 09:00:00Z"),
        (12, b"2025-11-05T09:00:00.Z"),
        (12, b"2025-11-05T09:00:00.1x1Z"),
        (12, b"2025-13-05T09:00:00Z"),
        (12, b"2025-11-05T09:00:00." + b"0" * 50 + b"Z"),
        (12, "２025-11-05T09:00:00Z".encode()),
        (17, b"-1"),
        (17, b"1234567890"),
        (17, b"many"),
        (19, b"tomorrow"),
    ],
)
def test_field_of_another_form_is_refused(kind: int, value: bytes) -> None:
    with refused(rules.STRUCTURE):
        judge_receipt(DEVICE, changed(kind, value))


def test_text_that_is_no_utf8_is_refused() -> None:
    with refused(der.WELL_FORMED):
        judge_receipt(DEVICE, changed(2, b"\xff"))


def test_field_given_twice_is_refused() -> None:
    draft = DEVICE.receipt(risk_metric=9)
    draft.more_fields = [w.sequence(w.integer(17), w.integer(1), w.octet_string(b"1"))]
    with refused(rules.STRUCTURE):
        judge_receipt(DEVICE, draft.encode())


def test_too_many_fields_are_refused() -> None:
    draft = DEVICE.receipt()
    draft.fields |= dict.fromkeys(range(100, 200), b"")
    with refused(rules.STRUCTURE):
        judge_receipt(DEVICE, draft.encode())


def test_field_with_a_fourth_part_is_refused() -> None:
    draft = DEVICE.receipt()
    draft.more_fields = [
        w.sequence(w.integer(99), w.integer(1), w.octet_string(b""), w.octet_string(b""))
    ]
    with refused(rules.STRUCTURE):
        judge_receipt(DEVICE, draft.encode())


def test_attested_key_of_another_kind_is_refused() -> None:
    leaf = DEVICE.leaf()
    leaf.public_key = spki(new_key("p384"))
    with refused(rules.STRUCTURE):
        judge_receipt(DEVICE, changed(3, leaf.sign(apple().authority.key)))


def test_unknown_fields_are_kept_raw() -> None:
    claims = judge_receipt(DEVICE, changed(99, b"\x00\xff"))
    assert isinstance(claims.detail, AppAttestReceiptFacts)
    assert claims.detail.other_fields == {"99": b"\x00\xff"}


def test_fields_in_the_order_of_der_need_no_leniency() -> None:
    draft = DEVICE.receipt()
    content = draft.content()
    elements = [content[at:end] for at, end in _elements(content)]
    signed = draft.signed_data()
    signed.content = w.set_of(*elements)
    names = {use.name for use in judge_receipt(DEVICE, signed.encode()).leniencies}
    assert rules.FIELDS_UNSORTED.name not in names


def test_empty_risk_metric_and_not_before_are_none() -> None:
    draft = DEVICE.receipt()
    draft.fields |= {17: b"", 19: b""}
    claims = judge_receipt(DEVICE, draft.encode())
    assert isinstance(claims.detail, AppAttestReceiptFacts)
    assert (claims.detail.risk_metric, claims.detail.not_before) == (None, None)


def test_signed_attributes_posing_as_the_content_are_refused() -> None:
    draft = DEVICE.receipt().signed_data()
    attributes = [w.sequence(w.oid(o), w.tlv(0x31, v)) for o, v in draft.honest_attributes()]
    draft.content = w.set_of(*attributes)
    with refused(der.EXPECTED_TYPE):
        judge_receipt(DEVICE, draft.encode())


def test_receipt_of_an_attackers_app_is_refused() -> None:
    with refused(rules.APP):
        judge_receipt(DEVICE, changed(2, b"EVIL123456.jp.example.bank"))


def test_app_that_is_no_text_is_refused_as_another() -> None:
    with refused(rules.APP):
        judge_receipt(DEVICE, DEVICE.receipt().encode(), app="\udcff")


def test_receipt_older_than_five_minutes_is_refused() -> None:
    evidence = DEVICE.receipt().encode()
    at = DEVICE.made_at + timedelta(seconds=300)
    assert judge_receipt(DEVICE, evidence, at=at).unchecked == ()
    with refused(rules.AGE):
        judge_receipt(DEVICE, evidence, at=at + timedelta(milliseconds=1))


def test_receipt_from_the_future_is_refused() -> None:
    evidence = DEVICE.receipt().encode()
    at = DEVICE.made_at - timedelta(seconds=60)
    assert judge_receipt(DEVICE, evidence, at=at).unchecked == ()
    with refused(rules.AGE):
        judge_receipt(DEVICE, evidence, at=at - timedelta(milliseconds=1))


def test_expired_receipt_is_refused_at_any_allowed_age() -> None:
    evidence = changed(21, receipt_time(DEVICE.made_at + timedelta(minutes=1)))
    with refused(rules.EXPIRY):
        judge_receipt(DEVICE, evidence, at=DEVICE.made_at + timedelta(minutes=2))


def test_receipt_of_another_device_is_refused() -> None:
    with refused(rules.PUBLIC_KEY):
        judge_receipt(DEVICE, new_device().receipt().encode())
    with refused(rules.PUBLIC_KEY):
        judge_receipt(
            DEVICE,
            new_device().receipt().encode(),
            public_key=None,
            key_identifier=DEVICE.key_identifier,
        )


def test_stored_key_may_be_the_bare_point() -> None:
    evidence = DEVICE.receipt().encode()
    assert judge_receipt(DEVICE, evidence, public_key=DEVICE.point).unchecked == ()


def test_receipt_of_another_attestation_is_refused() -> None:
    with refused(rules.CLIENT_HASH):
        judge_receipt(DEVICE, changed(4, sha256(b"another challenge").digest()))


def test_client_hash_that_refreshing_turned_into_text_is_recognised_and_counted() -> None:
    spoilt = sha256(CHALLENGE).digest().decode("utf-8", "replace").encode()
    claims = judge_receipt(DEVICE, changed(4, spoilt))
    assert rules.CLIENT_HASH_AS_TEXT.name in {use.name for use in claims.leniencies}


def test_client_hash_may_be_stated_itself_but_not_beside_the_challenge() -> None:
    evidence = DEVICE.receipt().encode()
    stated = sha256(CHALLENGE).digest()
    claims = judge_receipt(DEVICE, evidence, challenge=None, client_data_hash=stated)
    assert claims.freshness.challenge_matches is True
    with misuse(ONE_CHALLENGE_FORM):
        judge_receipt(DEVICE, evidence, client_data_hash=stated)


def test_client_hash_that_was_not_stated_is_neither_a_gap_nor_proved() -> None:
    claims = judge_receipt(DEVICE, DEVICE.receipt().encode(), challenge=None)
    assert claims.unchecked == ()
    assert claims.freshness.challenge_matches is None
    assert rules.CLIENT_HASH.code not in claims.proved


def test_development_receipt_in_production_is_refused() -> None:
    device = new_device(aaguid=DEVELOPMENT)
    evidence = device.receipt().encode()
    with refused(rules.ENVIRONMENT):
        judge_receipt(device, evidence, environment=Environment.PRODUCTION)
    with no_statement(rules.ENVIRONMENT):
        judge_receipt(device, evidence)


def test_receipt_without_environment_is_refused_only_where_one_is_stated() -> None:
    claims = judge_receipt(DEVICE, without(7))
    assert claims.app is not None
    assert claims.app.environment is None
    with refused(rules.ENVIRONMENT):
        judge_receipt(DEVICE, without(7), environment=Environment.PRODUCTION)


@pytest.mark.parametrize(
    ("member", "rule"),
    [("app", rules.APP), ("public_key", rules.PUBLIC_KEY), ("max_age_seconds", rules.AGE)],
)
def test_what_is_not_stated_is_refused_or_reported(member: str, rule: Rule) -> None:
    evidence = DEVICE.receipt().encode()
    unstated: dict[str, Any] = {member: None}
    with no_statement(rule):
        judge_receipt(DEVICE, evidence, **unstated)

    claims = judge_receipt(DEVICE, evidence, gaps=Gaps.REPORT, **unstated)
    assert [gap.rule for gap in claims.unchecked] == [rule.code]
    assert claims.app is not None
    assert claims.app.identifier == APP


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_raise_an_error_of_the_tree(data: bytes) -> None:
    for content in (data, w.tlv(0x31, data)):
        try:
            read_receipt(content)
        except WarifuError:
            continue


@given(kind=st.sampled_from([2, 3, 4, 5, 6, 7, 12, 17, 19, 21]), value=st.binary(max_size=40))
def test_any_field_is_judged_or_refused_by_the_tree(kind: int, value: bytes) -> None:
    draft = DEVICE.receipt()
    draft.fields[kind] = value
    try:
        read_receipt(draft.content())
    except WarifuError:
        return


def _elements(content: bytes) -> list[tuple[int, int]]:
    at, stop = der.read_whole(content, der.SET)
    found = []
    while at < stop:
        _, _, end = der.read_header(content, at, stop)
        found.append((at, end))
        at = end
    return found


DEVICE = new_device()
