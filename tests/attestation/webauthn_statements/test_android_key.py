"""android-key statements: honest phones, and statements with exactly one thing wrong."""

from typing import Any

import pytest

from tests.attestation.webauthn_statements.statement_world import KEY, judge, statement_facts
from tests.support import refused
from warifu.attestation.claims import BootState, Claims, Endorsement, SecurityLevel
from warifu.attestation.evidence.rules import android_key as android_rules
from warifu.attestation.evidence.rules import webauthn as webauthn_rules
from warifu.attestation.evidence.rules import webauthn_android as rules
from warifu.attestation.trust.anchors import AnchorUse
from warifu.base.codec import cbor
from warifu.base.pki import path as paths
from warifu.base.pki import signature
from warifu.handset import der_writer as w
from warifu.handset.android_key import (
    SOFTWARE,
    STRONGBOX,
    UNVERIFIED,
    VERIFY,
    AndroidEvidence,
    AndroidPhone,
    describe,
    described_key,
    integers,
    root_of_trust,
)
from warifu.handset.android_statements import MADE_AT, AndroidKeyStatement
from warifu.handset.webauthn import CredentialKey

PHONE = AndroidPhone.factory()
PURPOSE, ALL_APPLICATIONS, ORIGIN, ROOT_OF_TRUST = 1, 600, 702, 704
IMPORTED = w.integer(2)


def verdict(change: Any = None, **fields: Any) -> Claims:
    """The verdict on a statement whose chain was changed before signing."""
    if change is not None:
        fields["change"] = change
    statement = AndroidKeyStatement(**{"phone": PHONE} | fields)
    key = statement.phone
    return judge(statement, key.root, AnchorUse.ANDROID_KEY)


def test_honest_statement_is_proved() -> None:
    claims = verdict()
    assert claims.anchor == "test-root"
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.ANCHORED
    assert claims.key.security_level is SecurityLevel.TRUSTED_ENVIRONMENT
    assert claims.device is not None
    assert claims.device.platform == "android"
    facts = statement_facts(claims)
    assert facts.hardware_enforced.root_of_trust.device_locked is True
    assert facts.provisioning is not None
    assert [gap.rule for gap in claims.unchecked] == [android_rules.NOT_REVOKED.code]
    assert android_rules.NOT_REVOKED.code not in claims.proved
    assert rules.ORIGIN.code in claims.proved
    assert android_rules.LEVELS_AGREE.code in claims.proved


def test_secure_element_and_remote_provisioning_are_told() -> None:
    claims = verdict(phone=AndroidPhone.remote(made_at=MADE_AT, level=STRONGBOX))
    assert claims.key is not None
    assert claims.key.security_level is SecurityLevel.SECURE_ELEMENT
    assert statement_facts(claims).provisioning.certificates_issued == 8


def test_unlocked_phone_is_a_fact() -> None:
    def unlock(evidence: AndroidEvidence) -> None:
        value = root_of_trust(locked=False, state=UNVERIFIED)
        evidence.description.hardware.set(ROOT_OF_TRUST, value)

    trust = statement_facts(verdict(unlock)).hardware_enforced.root_of_trust
    assert trust.device_locked is False
    assert trust.verified_boot_state is BootState.UNVERIFIED


def test_statement_that_leads_to_nobody_is_reported_unanchored() -> None:
    claims = judge(AndroidKeyStatement(phone=PHONE), None, AnchorUse.ANDROID_KEY)
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.UNANCHORED
    assert claims.key.security_level is None
    assert statement_facts(claims).provisioning is None
    other = AndroidPhone.remote(made_at=MADE_AT).root
    claims = judge(AndroidKeyStatement(phone=PHONE), other, AnchorUse.ANDROID_KEY)
    assert claims.anchor is None


def test_root_for_another_use_vouches_for_no_android_key() -> None:
    claims = judge(AndroidKeyStatement(phone=PHONE), PHONE.root, AnchorUse.WEBAUTHN)
    assert claims.anchor is None


@pytest.mark.parametrize("member", ["alg", "sig"])
def test_statement_without_a_member_is_refused(member: str) -> None:
    with refused(cbor.EXPECTED_TYPE):
        verdict(members={member: None})


def test_statement_without_certificates_is_refused() -> None:
    with refused(webauthn_rules.STATEMENT_FORM):
        verdict(members={"x5c": []})


def test_statement_signed_by_another_key_is_refused() -> None:
    with refused(webauthn_rules.STATEMENT_SIGNATURE):
        verdict(signing=CredentialKey())


def test_algorithm_that_does_not_fit_the_key_is_refused() -> None:
    with refused(signature.ALGORITHM):
        verdict(members={"alg": -257})


def test_registering_a_key_that_was_not_attested_is_refused() -> None:
    with refused(rules.KEY):
        verdict(attested=CredentialKey())


def test_certificate_without_description_is_refused() -> None:
    def strip(evidence: AndroidEvidence) -> None:
        evidence.leaf.description = None

    with refused(rules.ONE_DESCRIPTION):
        verdict(strip)


def test_leaf_signed_by_an_app_key_is_refused() -> None:
    """An app's attested key certifies a key of the attacker, with a description of his making."""

    def extend(evidence: AndroidEvidence) -> None:
        forged = described_key(describe(evidence.description.challenge, MADE_AT), KEY.private)
        evidence.leaf.key = CredentialKey().private
        evidence.leaf.draft.public_key = CredentialKey(-7, evidence.leaf.key).spki()
        evidence.extend(forged)

    with refused(rules.ONE_DESCRIPTION):
        verdict(extend)


def test_replayed_chain_is_refused() -> None:
    with refused(rules.CHALLENGE):
        verdict(challenge=bytes(32))


@pytest.mark.parametrize("side", ["hardware", "software"])
def test_key_open_to_all_applications_is_refused(side: str) -> None:
    def share(evidence: AndroidEvidence) -> None:
        getattr(evidence.description, side).set(ALL_APPLICATIONS, w.null())

    with refused(rules.NOT_SHARED):
        verdict(share)


def test_imported_key_is_refused() -> None:
    with refused(rules.ORIGIN):
        verdict(lambda evidence: evidence.description.hardware.set(ORIGIN, IMPORTED))


def test_hardwares_origin_goes_before_softwares() -> None:
    def claim(evidence: AndroidEvidence) -> None:
        evidence.description.hardware.set(ORIGIN, IMPORTED)
        evidence.description.software.set(ORIGIN, w.integer(0))

    with refused(rules.ORIGIN):
        verdict(claim)


def test_key_of_unknown_origin_is_refused() -> None:
    with refused(rules.ORIGIN):
        verdict(lambda evidence: evidence.description.hardware.remove(ORIGIN))


@pytest.mark.parametrize("purposes", [(), (VERIFY,), (7,)], ids=str)
def test_key_that_may_not_sign_is_refused(purposes: tuple[int, ...]) -> None:
    with refused(rules.PURPOSE):
        verdict(lambda evidence: evidence.description.hardware.set(PURPOSE, integers(*purposes)))


def test_key_without_purpose_is_refused() -> None:
    with refused(rules.PURPOSE):
        verdict(lambda evidence: evidence.description.hardware.remove(PURPOSE))


@pytest.mark.parametrize("number", [PURPOSE, ORIGIN])
def test_property_that_only_software_enforces_is_told(number: int) -> None:
    def move(evidence: AndroidEvidence) -> None:
        value = dict(evidence.description.hardware.items)[number]
        evidence.description.hardware.remove(number)
        evidence.description.software.set(number, value)

    claims = verdict(move)
    assert claims.key is not None
    assert claims.key.security_level is SecurityLevel.SOFTWARE
    assert statement_facts(claims).key_level is SecurityLevel.TRUSTED_ENVIRONMENT


def test_hardware_statement_without_root_of_trust_is_refused() -> None:
    with refused(android_rules.ROOT_OF_TRUST):
        verdict(lambda evidence: evidence.description.hardware.remove(ROOT_OF_TRUST))


def test_chain_whose_authority_was_replaced_is_refused() -> None:
    def forge(evidence: AndroidEvidence) -> None:
        evidence.links[1].key = CredentialKey().private

    with refused(signature.SIGNATURE):
        verdict(forge)


def test_shuffled_authorities_are_put_in_order() -> None:
    claims = verdict(arrange=lambda chain: [chain[0], *reversed(chain[1:])])
    assert [use.name for use in claims.leniencies] == [paths.ORDER_REPAIRED.name]


def test_certificate_below_the_credentials_own_is_refused() -> None:
    """A bare certificate hidden behind the first would become the leaf once names are sorted."""
    below = described_key(describe(b"", MADE_AT))
    below.description = None
    below.draft.subject = w.sequence()
    below.draft.issuer = PHONE.attest(challenge=b"", made_at=MADE_AT).leaf.draft.subject
    hidden = below.sign(KEY.private)
    with refused(android_rules.LEAF_DESCRIBED):
        verdict(arrange=lambda chain: [chain[0], hidden, *chain[1:]])


def test_flags_and_aaguid_that_an_app_wrote_for_its_own_key_are_no_facts() -> None:
    """Any app on an honest phone can have a key attested and sign data of its making with it."""
    claims = verdict()
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.ANCHORED
    assert claims.key.user_authentication is None
    assert claims.device is not None
    assert claims.device.aaguid is None
    assert claims.detail.user_verified is True  # type: ignore[attr-defined]


def test_software_that_speaks_for_hardware_proves_a_software_key() -> None:
    def soften(evidence: AndroidEvidence) -> None:
        evidence.description.attestation_level = SOFTWARE

    claims = verdict(soften)
    assert claims.key is not None
    assert claims.key.attested_by is SecurityLevel.SOFTWARE
    assert claims.key.security_level is SecurityLevel.SOFTWARE
