"""Attacks on the chain: who may say anything about a key. One thing is wrong in each."""

from datetime import timedelta

import pytest

from tests.attestation.android_key.world import (
    AT,
    CHALLENGE,
    detail_of,
    evidence_of,
    judge,
    trust_in,
    used,
)
from tests.support import make_test_anchor, no_statement, refused, test_trust
from warifu.attestation.claims import Endorsement
from warifu.attestation.evidence import android_key
from warifu.attestation.evidence.facts.android_key import (
    ProvisioningMethod,
)
from warifu.attestation.evidence.rules import android_key as rules
from warifu.attestation.trust.anchors import AnchorUse, ValidityRule
from warifu.attestation.trust.revocation import RevocationList
from warifu.base.codec import cbor, der, text
from warifu.base.pki import certificate, path, signature
from warifu.handset import der_writer as w
from warifu.handset.android_key import (
    ATTEST_KEY,
    BASIC_CONSTRAINTS,
    KEY_USAGE,
    PROVISIONING,
    SIGN,
    AndroidEvidence,
    AndroidPhone,
    application,
    describe,
    described_key,
    integers,
    root_of_trust,
)
from warifu.handset.authority import basic_constraints, key_usage, name, new_key, spki

NAME_CONSTRAINTS = "2.5.29.30"
ORIGIN, IMPORTED = 702, 2


def through_attest_key(phone: AndroidPhone) -> AndroidEvidence:
    return phone.attest_through_attest_key(challenge=CHALLENGE, made_at=AT)


def test_an_honest_factory_phone_is_accepted(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    claims = judge(evidence, phone)
    assert claims.unchecked == ()
    assert claims.leniencies == ()
    assert claims.anchor == "test-root"
    assert claims.key is not None
    assert claims.key.public_key == spki(evidence.leaf.key)
    assert claims.key.endorsement is Endorsement.ANCHORED
    assert len(claims.chain) == 4
    assert detail_of(claims).provisioning.method is ProvisioningMethod.FACTORY


def test_an_honest_remotely_provisioned_phone_is_accepted(remote_phone: AndroidPhone) -> None:
    claims = judge(evidence_of(remote_phone), remote_phone)
    assert detail_of(claims).provisioning.method is ProvisioningMethod.REMOTE
    assert detail_of(claims).provisioning.certificates_issued == 8


def test_pem_and_der_give_the_same_claims(phone: AndroidPhone, evidence: AndroidEvidence) -> None:
    chain = evidence.certificates()
    pem = b"".join(android_key_pem(certificate) for certificate in chain)
    trust = trust_in(phone)
    assert judge(b"".join(chain), phone, trust=trust) == judge(pem, phone, trust=trust)


def test_the_root_may_be_left_out(phone: AndroidPhone, evidence: AndroidEvidence) -> None:
    evidence.with_root = False
    assert len(judge(evidence, phone).chain) == 4


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (0, 2, 1, 3), (2, 0, 3, 1)])
def test_a_shuffled_chain_is_put_in_order(
    phone: AndroidPhone, evidence: AndroidEvidence, order: tuple[int, ...]
) -> None:
    chain = evidence.certificates()
    claims = judge(b"".join(chain[position] for position in order), phone)
    assert used(claims) == {path.ORDER_REPAIRED.name: 1}


def test_a_reversed_attest_key_chain_is_put_in_order(phone: AndroidPhone) -> None:
    chain = through_attest_key(phone).certificates()
    claims = judge(b"".join(reversed(chain)), phone)
    assert used(claims)[path.ORDER_REPAIRED.name] == 1
    assert detail_of(claims).attest_keys == 1


@pytest.mark.parametrize("size", [0, android_key.MAX_EVIDENCE_BYTES + 1])
def test_empty_and_oversized_evidence_is_refused(phone: AndroidPhone, size: int) -> None:
    with refused(rules.CONTAINER):
        judge(bytes(size), phone)


def test_garbage_is_refused(phone: AndroidPhone) -> None:
    with refused(der.EXPECTED_TYPE):
        judge(b"\x04\x01\x00", phone)


def test_a_damaged_pem_block_is_refused(phone: AndroidPhone) -> None:
    with refused(text.WELL_FORMED):
        judge(b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", phone)


@pytest.mark.parametrize("pem", [False, True])
def test_a_chain_of_too_many_certificates_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, *, pem: bool
) -> None:
    leaf = evidence.certificates()[0]
    block = android_key_pem(leaf) if pem else leaf
    with refused(path.LENGTH):
        judge(block * (path.MAX_PATH + 1), phone)


def test_a_strangers_root_is_refused(phone: AndroidPhone, remote_phone: AndroidPhone) -> None:
    with refused(path.ANCHORED):
        judge(evidence_of(remote_phone), phone, trust=trust_in(phone))


def test_no_anchors_means_nobody_is_trusted(phone: AndroidPhone, evidence: AndroidEvidence) -> None:
    with no_statement(path.ANCHORED):
        judge(evidence, phone, trust=test_trust(known_at=AT))


def test_an_anchor_for_another_use_vouches_for_nothing(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    anchor = make_test_anchor(phone.root, AnchorUse.SAFETYNET)
    with no_statement(path.ANCHORED):
        judge(evidence, phone, trust=test_trust(anchor, known_at=AT))


def test_another_certificate_of_the_same_root_key_is_the_same_anchor(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.links[-1].draft.serial = 77
    evidence.links[-1].draft.not_after = AT - timedelta(days=100)
    assert judge(evidence, phone).anchor == "test-root"


def test_the_root_as_sent_does_not_choose_the_anchor(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    root = evidence.links[-1].draft
    root.not_after = AT + timedelta(days=1)
    sent = evidence.certificates()
    anchors = (
        make_test_anchor(sent[-1], AnchorUse.ANDROID_KEY, name="the one sent"),
        make_test_anchor(phone.root, AnchorUse.ANDROID_KEY, name="lives longest"),
    )
    trust = test_trust(
        *anchors, known_at=AT, revocation=RevocationList(entries={}, confirmed_at=AT)
    )
    assert judge(b"".join(sent), phone, trust=trust).anchor == "lives longest"
    assert judge(b"".join(sent[:-1]), phone, trust=trust).anchor == "lives longest"


def test_a_root_of_the_anchors_name_with_another_key_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    forged = new_key()
    evidence.links[-1].key = forged
    evidence.links[-1].draft.public_key = spki(forged)
    with refused(signature.SIGNATURE):
        judge(evidence, phone)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_certificate_signed_by_a_stranger_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, position: int
) -> None:
    chain = evidence.certificates()
    chain[position] = evidence.links[position].sign(new_key())
    with refused(signature.SIGNATURE):
        judge(b"".join(chain), phone)


def test_a_certificate_of_another_issuer_name_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.leaf.draft.issuer = name("Somebody Else")
    with refused(path.NAMES_CHAIN):
        judge(evidence, phone)


def test_a_certificate_signed_with_sha1_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.leaf.draft.signature_algorithm = w.sequence(w.oid("1.2.840.10045.4.1"))
    with refused(signature.ALGORITHM):
        judge(evidence, phone)


def test_null_parameters_of_an_ecdsa_signature_are_tolerated_and_counted(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.leaf.draft.signature_algorithm = w.sequence(w.oid("1.2.840.10045.4.3.2"), w.null())
    assert used(judge(evidence, phone)) == {certificate.ALGORITHM_PARAMETERS_NULL.name: 1}


def test_a_leaf_without_any_description_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.leaf.description = None
    with refused(rules.DESCRIPTION_PRESENT):
        judge(evidence, phone)


def test_a_bare_certificate_below_an_attested_key_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    bare = described_key(describe(CHALLENGE, AT))
    bare.description = None
    evidence.extend(bare)
    with refused(rules.LEAF_DESCRIBED):
        judge(evidence, phone)


def test_a_bare_certificate_between_two_described_ones_is_refused(phone: AndroidPhone) -> None:
    evidence = through_attest_key(phone)
    bare = described_key(describe(CHALLENGE, AT))
    bare.description = None
    evidence.extend(bare)
    evidence.extend(described_key(describe(CHALLENGE, AT)))
    with refused(rules.LEAF_DESCRIBED):
        judge(evidence, phone)


def test_a_leaf_forged_with_an_apps_signing_key_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.extend(described_key(describe(CHALLENGE, AT)))
    with refused(rules.ATTEST_KEY_PURPOSE):
        judge(evidence, phone)


def test_a_root_that_signs_a_statement_itself_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    del evidence.links[1:3]
    evidence.leaf.draft.issuer = evidence.links[1].draft.subject
    with refused(rules.BELOW_ATTESTATION_KEY):
        judge(evidence, phone)


def test_an_attest_key_of_the_app_may_attest(phone: AndroidPhone) -> None:
    evidence = through_attest_key(phone)
    claims = judge(evidence, phone)
    assert claims.key is not None
    assert claims.key.public_key == spki(evidence.leaf.key)
    assert used(claims) == {rules.ATTEST_KEY_NOT_AUTHORITY.name: 1}
    assert rules.ATTEST_KEY_PURPOSE.code in claims.proved


def test_attest_keys_may_stand_below_each_other(phone: AndroidPhone) -> None:
    evidence = through_attest_key(phone)
    evidence.description.hardware.set(1, integers(ATTEST_KEY))
    evidence.extend(described_key(describe(CHALLENGE, AT)))
    assert detail_of(judge(evidence, phone)).attest_keys == 2


@pytest.mark.parametrize("purposes", [(SIGN, ATTEST_KEY), (ATTEST_KEY, ATTEST_KEY), ()])
def test_an_attest_key_with_any_other_purpose_is_refused(
    phone: AndroidPhone, purposes: tuple[int, ...]
) -> None:
    evidence = through_attest_key(phone)
    attest_key = evidence.links[1].description
    assert attest_key is not None
    attest_key.hardware.set(1, integers(*purposes))
    with refused(rules.ATTEST_KEY_PURPOSE):
        judge(evidence, phone)


def test_an_attest_purpose_that_only_software_enforces_is_refused(phone: AndroidPhone) -> None:
    evidence = through_attest_key(phone)
    attest_key = evidence.links[1].description
    assert attest_key is not None
    attest_key.hardware.remove(1)
    attest_key.software.set(1, integers(ATTEST_KEY))
    with refused(rules.ATTEST_KEY_PURPOSE):
        judge(evidence, phone)


def test_an_imported_attest_key_whose_owner_signs_any_description_is_refused(
    phone: AndroidPhone,
) -> None:
    evidence = through_attest_key(phone)
    assert evidence.links[1].description is not None
    evidence.links[1].description.hardware.set(ORIGIN, w.integer(IMPORTED))
    with refused(rules.ATTEST_KEY_ORIGIN):
        judge(evidence, phone)


def test_an_attest_key_made_for_another_challenge_is_refused(phone: AndroidPhone) -> None:
    evidence = through_attest_key(phone)
    assert evidence.links[1].description is not None
    evidence.links[1].description.challenge = b"of another day"
    with refused(rules.ATTEST_KEY_CONSISTENT):
        judge(evidence, phone)


def test_an_attest_key_of_another_app_is_refused(phone: AndroidPhone) -> None:
    evidence = through_attest_key(phone)
    assert evidence.links[1].description is not None
    evidence.links[1].description.software.set(709, application({"evil.example": 1}))
    with refused(rules.ATTEST_KEY_CONSISTENT):
        judge(evidence, phone)


def test_an_attest_key_of_another_boot_state_is_refused(phone: AndroidPhone) -> None:
    evidence = through_attest_key(phone)
    assert evidence.links[1].description is not None
    evidence.links[1].description.hardware.set(704, root_of_trust(locked=False))
    with refused(rules.ATTEST_KEY_CONSISTENT):
        judge(evidence, phone)


@pytest.mark.parametrize("what", ["attestation_level", "keymint_level"])
def test_an_attest_key_of_another_level_is_refused(phone: AndroidPhone, what: str) -> None:
    evidence = through_attest_key(phone)
    setattr(evidence.links[1].description, what, 2)
    with refused(rules.ATTEST_KEY_CONSISTENT):
        judge(evidence, phone)


@pytest.mark.parametrize("position", [1, 2])
def test_an_issuer_that_is_no_authority_is_refused(
    remote_phone: AndroidPhone, position: int
) -> None:
    evidence = evidence_of(remote_phone)
    evidence.links[position].draft.extension(BASIC_CONSTRAINTS, basic_constraints(authority=False))
    with refused(path.ISSUER_IS_AUTHORITY):
        judge(evidence, remote_phone)


def test_a_factory_attestation_key_without_authority_flag_is_tolerated(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    batch = evidence.links[1].draft
    batch.extension(BASIC_CONSTRAINTS, basic_constraints(authority=False), critical=True)
    batch.extension(KEY_USAGE, key_usage(0), critical=True)
    assert used(judge(evidence, phone)) == {rules.BATCH_NOT_AUTHORITY.name: 1}


def test_an_app_key_posing_as_a_factory_attestation_key_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.leaf.description = None
    evidence.extend(described_key(describe(CHALLENGE, AT)))
    with refused(path.ISSUER_IS_AUTHORITY):
        judge(evidence, phone)


def test_a_chain_beyond_its_path_length_is_refused(remote_phone: AndroidPhone) -> None:
    evidence = evidence_of(remote_phone)
    constraint = basic_constraints(authority=True, path_length=1)
    evidence.links[3].draft.extension(BASIC_CONSTRAINTS, constraint, critical=True)
    with refused(path.ISSUER_IS_AUTHORITY):
        judge(evidence, remote_phone)


def test_attest_keys_do_not_count_for_path_lengths(remote_phone: AndroidPhone) -> None:
    evidence = through_attest_key(remote_phone)
    constraint = basic_constraints(authority=True, path_length=2)
    evidence.links[4].draft.extension(BASIC_CONSTRAINTS, constraint, critical=True)
    assert detail_of(judge(evidence, remote_phone)).attest_keys == 1


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_critical_extension_nobody_understands_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, position: int
) -> None:
    evidence.links[position].draft.extension(NAME_CONSTRAINTS, w.sequence(), critical=True)
    with refused(path.CRITICAL_UNDERSTOOD):
        judge(evidence, phone)


def test_the_dates_of_the_leaf_mean_nothing(phone: AndroidPhone, evidence: AndroidEvidence) -> None:
    evidence.leaf.draft.not_after = AT - timedelta(days=1)
    assert used(judge(evidence, phone)) == {rules.DATES_OF_DESCRIBED.name: 1}


@pytest.mark.parametrize("position", [1, 2])
def test_a_factory_chain_outlives_its_certificates(
    phone: AndroidPhone, evidence: AndroidEvidence, position: int
) -> None:
    evidence.links[position].draft.not_after = AT - timedelta(days=1)
    assert used(judge(evidence, phone)) == {rules.EXPIRED_FACTORY_CHAIN.name: 1}


@pytest.mark.parametrize("position", [1, 2])
def test_a_factory_chain_from_the_future_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, position: int
) -> None:
    evidence.links[position].draft.not_before = AT + timedelta(days=1)
    with refused(path.VALID_AT):
        judge(evidence, phone)


def test_a_factory_chain_under_an_enforced_anchor_expires(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.links[1].draft.not_after = AT - timedelta(days=1)
    with refused(path.VALID_AT):
        judge(evidence, phone, trust=trust_in(phone, validity=ValidityRule.ENFORCED))


@pytest.mark.parametrize("position", [1, 2])
@pytest.mark.parametrize("days", [-36, 36])
def test_a_remote_chain_is_held_to_its_dates(
    remote_phone: AndroidPhone, position: int, days: int
) -> None:
    evidence = evidence_of(remote_phone)
    draft = evidence.links[position].draft
    if days < 0:
        draft.not_after = AT - timedelta(seconds=1)
    else:
        draft.not_before = AT + timedelta(seconds=1)
    with refused(path.VALID_AT):
        judge(evidence, remote_phone)


def test_a_remote_chain_without_its_mark_is_known_by_its_authority(
    remote_phone: AndroidPhone,
) -> None:
    evidence = evidence_of(remote_phone)
    evidence.links[1].draft.remove_extension(PROVISIONING)
    claims = judge(evidence, remote_phone)
    assert detail_of(claims).provisioning.method is ProvisioningMethod.REMOTE
    assert detail_of(claims).provisioning.certificates_issued is None


def test_a_provisioning_mark_makes_a_factory_name_expire(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.links[1].draft.extension(PROVISIONING, b"\xa1\x01\x08")
    evidence.links[1].draft.not_after = AT - timedelta(days=1)
    with refused(path.VALID_AT):
        judge(evidence, phone)


@pytest.mark.parametrize("subject", [name("Somebody"), b"\x30\x02\x31\x00", b"\x30\x02\x31\x05"])
def test_a_chain_of_neither_form_is_held_to_its_dates(
    phone: AndroidPhone, evidence: AndroidEvidence, subject: bytes
) -> None:
    evidence.links[2].draft.subject = evidence.links[1].draft.issuer = subject
    assert detail_of(judge(evidence, phone)).provisioning.method is ProvisioningMethod.UNKNOWN
    evidence.links[1].draft.not_after = AT - timedelta(days=1)
    with refused(path.VALID_AT):
        judge(evidence, phone)


def test_a_remote_chain_under_a_root_whose_every_certificate_expired_is_refused(
    remote_phone: AndroidPhone,
) -> None:
    evidence = evidence_of(remote_phone)
    evidence.links[-1].draft.not_after = AT - timedelta(days=1)
    root = evidence.certificates()[-1]
    anchor = make_test_anchor(
        root, AnchorUse.ANDROID_KEY, validity=ValidityRule.OUTLIVES_CERTIFICATE
    )
    trust = test_trust(anchor, known_at=AT, revocation=RevocationList(entries={}, confirmed_at=AT))
    with refused(path.VALID_AT):
        judge(evidence, remote_phone, trust=trust)


def test_provisioning_info_that_is_no_map_is_refused(remote_phone: AndroidPhone) -> None:
    evidence = evidence_of(remote_phone)
    evidence.links[1].draft.extension(PROVISIONING, b"\x01")
    with refused(cbor.EXPECTED_TYPE):
        judge(evidence, remote_phone)


def test_a_count_that_is_no_count_is_not_reported(remote_phone: AndroidPhone) -> None:
    evidence = evidence_of(remote_phone)
    evidence.links[1].draft.extension(PROVISIONING, b"\xa1\x01\xf5")
    claims = judge(evidence, remote_phone)
    assert detail_of(claims).provisioning.certificates_issued is None


def android_key_pem(certificate: bytes) -> bytes:
    return (
        b"-----BEGIN CERTIFICATE-----\n"
        + text.to_base64(certificate).encode()
        + b"\n-----END CERTIFICATE-----\n"
    )
