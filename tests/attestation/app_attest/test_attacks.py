"""Each rule of an attestation, broken by one thing and signed again."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import cbor2
import pytest

from tests.attestation.app_attest.apple_world import apple, judge, new_device, trust_in
from tests.support import make_test_anchor, misuse, no_statement, refused, test_trust
from warifu.attestation.evidence.facts.app_attest import Environment
from warifu.attestation.evidence.readers import authenticator_data
from warifu.attestation.evidence.rules import app_attest as rules
from warifu.attestation.examination import AWARE_TIME
from warifu.attestation.trust.anchors import AnchorUse
from warifu.base.codec import cbor, der
from warifu.base.pki import certificate as certificate_rules
from warifu.base.pki import path as path_rules
from warifu.base.pki import signature as signature_rules
from warifu.handset import der_writer as w
from warifu.handset.app_attest import (
    APP,
    CHALLENGE,
    DEVELOPMENT,
    NONCE,
    PRODUCTION,
    TestApple,
    cose_key,
)
from warifu.handset.authority import (
    Authority,
    CertificateDraft,
    basic_constraints,
    name,
    new_key,
    spki,
)


def test_honest_attestation_is_accepted() -> None:
    device = new_device()
    claims = judge(device, device.attestation().encode())
    assert claims.proved == tuple(rule.code for rule in rules.RULES)


def test_attestation_of_another_format_is_refused() -> None:
    device = new_device()
    draft = device.attestation()
    draft.format = "apple"
    with refused(rules.STRUCTURE):
        judge(device, draft.encode())


def test_oversized_attestation_is_not_decoded() -> None:
    device = new_device()
    with refused(rules.STRUCTURE):
        judge(device, bytes(100_000))


@pytest.mark.parametrize("certificates", [[], [b""] * 5, ["text"], [None]])
def test_attestation_without_a_list_of_certificates_is_refused(certificates: list[object]) -> None:
    device = new_device()
    item = cbor2.loads(device.attestation().encode())
    item["attStmt"]["x5c"] = certificates
    with refused(rules.STRUCTURE):
        judge(device, cbor2.dumps(item))


@pytest.mark.parametrize("member", ["x5c", "receipt"])
def test_attestation_without_a_member_of_its_statement_is_refused(member: str) -> None:
    device = new_device()
    item = cbor2.loads(device.attestation().encode())
    del item["attStmt"][member]
    with refused(cbor.EXPECTED_TYPE):
        judge(device, cbor2.dumps(item))


def test_bytes_after_the_attestation_are_refused() -> None:
    device = new_device()
    with refused(cbor.WELL_FORMED):
        judge(device, device.attestation().encode() + b"\0")


def test_attestation_of_an_attackers_own_apple_is_refused() -> None:
    attacker = new_device()
    attacker.apple = TestApple()
    with refused(signature_rules.SIGNATURE):
        judge(attacker, attacker.attestation().encode())


def test_attestation_under_an_unknown_root_is_refused() -> None:
    attacker = new_device()
    draft = attacker.attestation()
    root = Authority.root("Unknown Root", new_key("p384"))
    authority = root.subordinate("Unknown CA", new_key("p384"))
    draft.leaf.issuer, draft.issuer = authority.subject, authority.key
    draft.above = [authority.certificate]
    with refused(path_rules.ANCHORED):
        judge(attacker, draft.encode())


def test_leaf_signed_by_an_app_key_is_refused() -> None:
    device, attacker = new_device(), new_device()
    real = device.leaf()
    draft = attacker.attestation()
    draft.leaf.issuer, draft.issuer = real.subject, device.key
    draft.above = [real.sign(apple().authority.key), apple().authority.certificate]
    with refused(path_rules.ISSUER_IS_AUTHORITY):
        judge(attacker, draft.encode())


def test_altered_certificate_is_refused() -> None:
    device = new_device()
    evidence = device.attestation().encode()
    altered = evidence.replace(device.system_version.encode(), b"99.9", 1)
    assert altered != evidence
    with refused(signature_rules.SIGNATURE):
        judge(device, altered)


def test_algorithm_swapped_outside_the_signature_is_refused() -> None:
    device = new_device()
    draft = device.attestation()
    draft.leaf.outer_algorithm = w.sequence(w.oid("1.2.840.10045.4.3.4"))
    with refused(certificate_rules.ONE_ALGORITHM):
        judge(device, draft.encode())


def test_authority_posing_as_a_device_is_refused() -> None:
    device = new_device()
    draft = device.attestation()
    draft.leaf.extension("2.5.29.19", basic_constraints(authority=True), critical=True)
    with refused(rules.CREDENTIAL_CERTIFICATE):
        judge(device, draft.encode())


def test_leaf_directly_under_the_root_is_refused() -> None:
    device = new_device()
    draft = device.attestation()
    draft.leaf.issuer, draft.issuer = apple().root.subject, apple().root.key
    draft.above = [apple().root.certificate]
    with refused(rules.CREDENTIAL_CERTIFICATE):
        judge(device, draft.encode())


def test_expired_leaf_is_refused() -> None:
    device = new_device()
    evidence = device.attestation().encode()
    with refused(path_rules.VALID_AT):
        judge(device, evidence, at=device.made_at + timedelta(days=3))


def test_leaf_of_tomorrow_is_refused() -> None:
    device = new_device()
    evidence = device.attestation().encode()
    with refused(path_rules.VALID_AT):
        judge(device, evidence, at=device.made_at - timedelta(days=2))


def test_unknown_critical_extension_is_refused() -> None:
    device = new_device()
    draft = device.attestation()
    draft.leaf.extension("1.3.6.1.4.1.99999.1", b"\x05\x00", critical=True)
    with refused(path_rules.CRITICAL_UNDERSTOOD):
        judge(device, draft.encode())


def test_no_anchor_means_no_statement() -> None:
    device = new_device()
    nothing = test_trust(known_at=device.made_at)
    with no_statement(path_rules.ANCHORED):
        judge(device, device.attestation().encode(), trust=nothing)


def test_anchor_of_receipts_vouches_for_no_attestation() -> None:
    device = new_device()
    other = make_test_anchor(apple().root.certificate, AnchorUse.APP_ATTEST_RECEIPT)
    with no_statement(path_rules.ANCHORED):
        judge(
            device,
            device.attestation().encode(),
            trust=test_trust(other, known_at=device.made_at),
        )


def test_leaf_without_nonce_is_refused() -> None:
    device = new_device()
    draft = device.attestation()
    draft.nonce = b""
    with refused(rules.NONCE_EXTENSION):
        judge(device, draft.encode())


def test_short_nonce_is_refused() -> None:
    device = new_device()
    draft = device.attestation()
    draft.nonce = bytes(31)
    with refused(rules.NONCE_EXTENSION):
        judge(device, draft.encode())


@pytest.mark.parametrize(
    "value",
    [
        w.sequence(w.context(1, w.octet_string(bytes(32)) * 2)),
        w.sequence(w.context(1, w.octet_string(bytes(32))), w.null()),
    ],
)
def test_second_string_in_the_nonce_extension_is_refused(value: bytes) -> None:
    device = new_device()
    draft = device.attestation()
    draft.nonce = b""
    draft.leaf.extension(NONCE, value)
    with refused(der.WELL_FORMED):
        judge(device, draft.encode())


def test_nonce_in_another_place_is_refused() -> None:
    device = new_device()
    draft = device.attestation()
    draft.nonce = b""
    draft.leaf.extension(NONCE, w.sequence(w.context(2, w.octet_string(bytes(32)))))
    with refused(der.EXPECTED_TYPE):
        judge(device, draft.encode())


def test_replay_for_a_new_challenge_is_refused() -> None:
    device = new_device()
    with refused(rules.NONCE):
        judge(device, device.attestation(b"yesterday's challenge").encode())


def test_authenticator_data_exchanged_under_the_certificate_is_refused() -> None:
    device = new_device()
    item = cbor2.loads(device.attestation().encode())
    data = bytearray(item["authData"])
    data[37:53] = DEVELOPMENT
    item["authData"] = bytes(data)
    with refused(rules.NONCE):
        judge(device, cbor2.dumps(item))


def test_challenge_passed_unhashed_is_accepted_only_where_stated() -> None:
    device = new_device()
    draft = device.attestation()
    draft.client_data_hash = CHALLENGE
    with refused(rules.NONCE):
        judge(device, draft.encode())
    claims = judge(device, draft.encode(), challenge=None, client_data_hash=CHALLENGE)
    assert claims.freshness.challenge_matches is True


def test_challenge_and_hash_together_are_misuse() -> None:
    device = new_device()
    with misuse(rules.ONE_CHALLENGE_FORM):
        judge(device, device.attestation().encode(), client_data_hash=bytes(32))


def test_time_without_offset_is_misuse() -> None:
    device = new_device()
    with misuse(AWARE_TIME):
        judge(device, b"", at=device.made_at.replace(tzinfo=None))


def test_authenticator_data_without_a_credential_is_refused() -> None:
    device = new_device()
    draft = device.attestation()
    draft.authenticator.flags = 0
    draft.authenticator.credential_id = None
    with refused(rules.STRUCTURE):
        judge(device, draft.encode())


def test_bytes_hidden_after_the_authenticator_data_are_refused() -> None:
    device = new_device()
    draft = device.attestation()
    draft.authenticator.trailing = b"hidden"
    with refused(authenticator_data.WELL_FORMED):
        judge(device, draft.encode())


@pytest.mark.parametrize("kind", ["p384", "rsa2048"])
def test_key_that_app_attest_never_makes_is_refused(kind: str) -> None:
    device = new_device()
    draft = device.attestation()
    draft.leaf.public_key = spki(new_key(kind))
    with refused(rules.PUBLIC_KEY):
        judge(device, draft.encode())


def test_registering_another_key_than_the_attested_is_refused() -> None:
    device = new_device()
    with refused(rules.KEY_IDENTIFIER):
        judge(device, device.attestation().encode(), key_identifier=new_device().key_identifier)


def test_attestation_of_an_attackers_app_is_refused() -> None:
    attacker = new_device(app="EVIL123456.jp.example.bank")
    with refused(rules.APP):
        judge(attacker, attacker.attestation().encode())


def test_key_that_has_signed_before_is_refused() -> None:
    device = new_device()
    draft = device.attestation()
    draft.authenticator.counter = 1
    with refused(rules.COUNTER_IS_ZERO):
        judge(device, draft.encode())


@pytest.mark.parametrize("aaguid", [bytes(16), b"appattest".ljust(16, b"\x01")])
def test_unknown_authenticator_is_refused(aaguid: bytes) -> None:
    device = new_device(aaguid=aaguid)
    with refused(rules.AAGUID):
        judge(device, device.attestation().encode())


def test_development_evidence_in_production_is_refused() -> None:
    device = new_device(aaguid=DEVELOPMENT)
    with refused(rules.ENVIRONMENT):
        judge(device, device.attestation().encode(), environment=Environment.PRODUCTION)


def test_development_evidence_where_nothing_is_stated_gives_no_statement() -> None:
    device = new_device(aaguid=DEVELOPMENT)
    with no_statement(rules.ENVIRONMENT):
        judge(device, device.attestation().encode())


def test_production_evidence_in_development_is_refused() -> None:
    device = new_device(aaguid=PRODUCTION)
    with refused(rules.ENVIRONMENT):
        judge(device, device.attestation().encode(), environment=Environment.DEVELOPMENT)


def test_credential_identifier_of_another_key_is_refused() -> None:
    device = new_device()
    draft = device.attestation()
    draft.authenticator.credential_id = sha256(b"another key").digest()
    with refused(rules.CREDENTIAL_ID):
        judge(device, draft.encode())


def test_another_key_in_the_authenticator_data_is_refused() -> None:
    device = new_device()
    draft = device.attestation()
    draft.authenticator.credential_key = cose_key(new_device().point)
    with refused(rules.CREDENTIAL_KEY):
        judge(device, draft.encode())


def test_same_key_with_another_algorithm_in_the_authenticator_data_is_refused() -> None:
    device = new_device()
    draft = device.attestation()
    key = cbor2.loads(cose_key(device.point)) | {3: -35}
    draft.authenticator.credential_key = cbor2.dumps(key)
    with refused(rules.CREDENTIAL_KEY):
        judge(device, draft.encode())


def test_app_that_is_no_text_is_refused_as_another() -> None:
    device = new_device()
    with refused(rules.APP):
        judge(device, device.attestation().encode(), app="TEAM123456.\udcff")


def test_without_a_challenge_there_is_no_statement() -> None:
    device = new_device()
    with no_statement(rules.NONCE):
        judge(device, device.attestation().encode(), challenge=None)


def test_without_an_app_there_is_no_statement() -> None:
    device = new_device()
    with no_statement(rules.APP):
        judge(device, device.attestation().encode(), app=None)


def test_test_root_is_not_among_the_bundled_anchors() -> None:
    device = new_device()
    claims = judge(device, device.attestation().encode(), trust=trust_in(apple()), app=APP)
    assert claims.realm.value == "test"


def test_leaf_named_like_the_root_with_its_key_is_no_anchor() -> None:
    device = new_device()
    draft = device.attestation()
    draft.leaf = CertificateDraft(
        subject=apple().root.subject,
        issuer=name("Nobody"),
        public_key=spki(apple().root.key),
    )
    draft.above = []
    with refused(path_rules.ANCHORED):
        judge(device, draft.encode())
