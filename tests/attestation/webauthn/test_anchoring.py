"""To whom a statement leads, and what FIDO metadata says of the model."""

from datetime import date

import pytest

from tests.attestation.webauthn.world import NOW, metadata, model, trusting, verify
from tests.support import make_test_anchor, no_statement, refused, test_trust
from warifu.attestation.claims import Endorsement, SecurityLevel
from warifu.attestation.evidence.facts.webauthn import ModelFacts, RegistrationFacts
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.evidence.rules import webauthn_statements
from warifu.attestation.evidence.statements.anchoring import key_identifier
from warifu.attestation.examination import Gaps
from warifu.attestation.trust import rules as trust_rules
from warifu.attestation.trust.anchors import AnchorUse
from warifu.attestation.trust.metadata_entry import StatusReport
from warifu.base.pki.certificate import read_certificate
from warifu.handset.android_key import ATTESTATION, describe
from warifu.handset.authority import Authority, new_key
from warifu.handset.tpm import TpmStatement
from warifu.handset.webauthn import Registration
from warifu.handset.webauthn_statements import (
    AppleStatement,
    CompoundStatement,
    PackedStatement,
    SelfStatement,
    U2FStatement,
)

COMPROMISES = [
    "REVOKED",
    "ATTESTATION_KEY_COMPROMISE",
    "USER_VERIFICATION_BYPASS",
    "USER_KEY_REMOTE_COMPROMISE",
    "USER_KEY_PHYSICAL_COMPROMISE",
]


def test_a_chain_to_nobody_makes_no_statement() -> None:
    with no_statement(rules.ATTESTATION_TRUSTED):
        verify(Registration(statement=PackedStatement()))


def test_a_chain_to_nobody_is_reported_as_unanchored() -> None:
    claims = verify(Registration(statement=PackedStatement()), gaps=Gaps.REPORT)
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.UNANCHORED
    assert claims.key.security_level is None
    assert claims.device is None
    assert claims.anchor is None
    assert [gap.rule for gap in claims.unchecked] == [rules.ATTESTATION_TRUSTED.code]
    assert rules.ATTESTATION_TRUSTED.code not in claims.proved


def test_an_anchor_of_another_use_vouches_for_nothing() -> None:
    statement = PackedStatement()
    anchor = make_test_anchor(statement.authority.certificate, AnchorUse.WEBAUTHN_APPLE)
    with no_statement(rules.ATTESTATION_TRUSTED):
        verify(
            Registration(statement=statement),
            trust=test_trust(anchor, known_at=NOW, metadata=metadata()),
        )


def test_metadata_roots_its_own_model() -> None:
    statement = PackedStatement()
    entry = model(statement.authority.certificate, key_protection=("hardware", "secure_element"))
    claims = verify(Registration(statement=statement), trust=trusting(known=metadata(entry)))
    assert claims.anchor == "mds root 0"
    assert claims.key is not None
    assert claims.key.security_level is SecurityLevel.SECURE_ELEMENT
    assert claims.device is not None
    assert claims.device.model == "Warifu Key"
    assert isinstance(claims.detail, RegistrationFacts)
    assert claims.detail.model == ModelFacts(
        description="Warifu Key",
        key_protection=("hardware", "secure_element"),
        statuses=("FIDO_CERTIFIED_L1",),
    )


def test_metadata_of_one_model_vouches_for_no_other() -> None:
    statement = PackedStatement()
    entry = model(statement.authority.certificate, aaguid=bytes(15) + b"\x01")
    with no_statement(rules.ATTESTATION_TRUSTED):
        verify(Registration(statement=statement), trust=trusting(known=metadata(entry)))


def test_a_batch_certificate_may_itself_be_the_root_of_its_model() -> None:
    statement = PackedStatement()
    batch = statement.authority.issue(statement.draft)
    entry = model(batch, leaf=True)
    statement.members = {"x5c": [batch]}
    claims = verify(Registration(statement=statement), trust=trusting(known=metadata(entry)))
    assert [certificate.der for certificate in claims.chain] == [batch]


def test_a_u2f_model_is_known_by_its_certificates_key() -> None:
    statement = U2FStatement()
    leaf = read_certificate(statement.authority.issue(statement.draft))
    entry = model(
        statement.authority.certificate, aaguid=None, key_identifiers=(key_identifier(leaf),)
    )
    registration = Registration(statement=statement, aaguid=bytes(16))
    claims = verify(registration, trust=trusting(known=metadata(entry)))
    assert claims.anchor == "mds root 0"


def test_a_u2f_statement_cannot_hide_a_compromise_behind_another_model() -> None:
    statement = U2FStatement()
    leaf = read_certificate(statement.authority.issue(statement.draft))
    revoked = model(
        statement.authority.certificate,
        aaguid=None,
        key_identifiers=(key_identifier(leaf),),
        statuses=(StatusReport(status="REVOKED"),),
    )
    innocent = model(statement.authority.certificate)
    with refused(rules.NOT_COMPROMISED):
        verify(Registration(statement=statement), trust=trusting(known=metadata(innocent, revoked)))


def test_a_u2f_statement_cannot_borrow_the_roots_of_another_model() -> None:
    statement = U2FStatement()
    entry = model(statement.authority.certificate)
    with no_statement(rules.ATTESTATION_TRUSTED):
        verify(Registration(statement=statement), trust=trusting(known=metadata(entry)))


def test_what_metadata_says_of_a_model_nobody_vouches_for_is_no_fact() -> None:
    claims = verify(Registration(), trust=trusting(known=metadata(model())))
    assert isinstance(claims.detail, RegistrationFacts)
    assert claims.detail.model is None


@pytest.mark.parametrize("status", COMPROMISES)
def test_a_compromised_model_is_refused(status: str) -> None:
    statement = PackedStatement()
    reports = (StatusReport(status="FIDO_CERTIFIED"), StatusReport(status=status))
    entry = model(statement.authority.certificate, statuses=reports)
    with refused(rules.NOT_COMPROMISED):
        verify(Registration(statement=statement), trust=trusting(known=metadata(entry)))


def test_a_compromise_reported_later_does_not_refuse_what_was_made_before() -> None:
    statement = PackedStatement()
    report = StatusReport(status="REVOKED", effective_date=date(2026, 11, 2))
    entry = model(statement.authority.certificate, statuses=(report,))
    verify(Registration(statement=statement), trust=trusting(known=metadata(entry)))


def test_a_self_attested_model_that_is_compromised_is_refused() -> None:
    entry = model(statuses=(StatusReport(status="REVOKED"),))
    with refused(rules.NOT_COMPROMISED):
        verify(Registration(statement=SelfStatement()), trust=trusting(known=metadata(entry)))


def test_without_metadata_no_statement_is_made_about_a_model() -> None:
    statement = PackedStatement()
    anchor = make_test_anchor(statement.authority.certificate, AnchorUse.WEBAUTHN)
    with no_statement(rules.NOT_COMPROMISED):
        verify(Registration(statement=statement), trust=test_trust(anchor, known_at=NOW))


def test_without_metadata_apple_still_vouches_for_its_own() -> None:
    statement = AppleStatement()
    anchor = make_test_anchor(statement.authority.certificate, AnchorUse.WEBAUTHN_APPLE)
    claims = verify(Registration(statement=statement), trust=test_trust(anchor, known_at=NOW))
    assert claims.unchecked == ()
    assert rules.NOT_COMPROMISED.code not in claims.proved


def test_stale_metadata_makes_no_statement() -> None:
    statement = PackedStatement()
    entry = model(statement.authority.certificate)
    stale = metadata(entry, next_update=date(2026, 10, 1))
    with no_statement(trust_rules.MDS_FRESH):
        verify(Registration(statement=statement), trust=trusting(known=stale))


def test_stale_metadata_is_reported() -> None:
    statement = PackedStatement()
    stale = metadata(model(statement.authority.certificate), next_update=date(2026, 10, 1))
    claims = verify(
        Registration(statement=statement), trust=trusting(known=stale), gaps=Gaps.REPORT
    )
    assert [gap.rule for gap in claims.unchecked] == [rules.NOT_COMPROMISED.code]
    assert rules.NOT_COMPROMISED.code not in claims.proved


def test_no_part_of_a_compound_statement_leads_anywhere() -> None:
    statement = CompoundStatement(parts=[PackedStatement(), PackedStatement()])
    claims = verify(Registration(statement=statement), gaps=Gaps.REPORT)
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.UNANCHORED


def test_a_certificates_leniency_is_counted() -> None:
    authority = Authority.root("Root", new_key("p256"))
    statement = PackedStatement(authority=authority)
    ecdsa_with_null = bytes.fromhex("300c06082a8648ce3d0403020500")
    statement.draft.signature_algorithm = ecdsa_with_null
    claims = verify(Registration(statement=statement), trust=trusting(authority.certificate))
    assert [use.name for use in claims.leniencies] == ["pki/ecdsa-parameters-null"]


def test_a_self_signed_part_cannot_hide_the_compromise_of_the_part_that_is_anchored() -> None:
    statement = U2FStatement()
    root = statement.authority.certificate
    leaf = read_certificate(statement.authority.issue(statement.draft))
    revoked = model(
        root,
        aaguid=None,
        key_identifiers=(key_identifier(leaf),),
        statuses=(StatusReport(status="REVOKED"),),
    )
    compound = CompoundStatement(parts=[SelfStatement(), statement])
    with refused(rules.NOT_COMPROMISED):
        verify(
            Registration(statement=compound),
            trust=trusting(root, known=metadata(model(root), revoked)),
        )


def test_a_self_signed_part_lends_its_model_to_no_other() -> None:
    statement = U2FStatement()
    entry = model(Authority.root("Elsewhere").certificate, key_protection=("secure_element",))
    compound = CompoundStatement(parts=[SelfStatement(), statement])
    claims = verify(
        Registration(statement=compound),
        trust=trusting(statement.authority.certificate, known=metadata(entry)),
    )
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.ANCHORED
    assert claims.key.security_level is None
    assert claims.device is not None
    assert (claims.device.model, claims.device.aaguid) == (None, None)


@pytest.mark.parametrize("statement", [PackedStatement(), TpmStatement()], ids=["packed", "tpm"])
def test_an_authenticator_that_states_a_model_of_another_maker_is_not_that_model(
    statement: PackedStatement | TpmStatement,
) -> None:
    """The owner of any TPM may have it certify data that names whatever AAGUID he likes."""
    entry = model(Authority.root("Elsewhere").certificate, key_protection=("secure_element",))
    claims = verify(
        Registration(statement=statement),
        trust=trusting(statement.authority.certificate, known=metadata(entry)),
    )
    assert claims.key is not None
    assert claims.key.security_level is not SecurityLevel.SECURE_ELEMENT
    assert claims.device is not None
    assert (claims.device.model, claims.device.aaguid) == (None, None)
    assert isinstance(claims.detail, RegistrationFacts)
    assert claims.detail.model is None


def test_a_key_that_can_leave_its_tpm_gets_no_level_from_metadata() -> None:
    statement = TpmStatement(area={"attributes": 0})
    root = statement.authority.certificate
    entry = model(root, key_protection=("hardware", "secure_element"))
    claims = verify(Registration(statement=statement), trust=trusting(root, known=metadata(entry)))
    assert claims.device is not None
    assert claims.device.model == "Warifu Key"
    assert claims.key is not None
    assert claims.key.security_level is None


def test_the_metadata_root_of_androids_authenticator_vouches_for_no_packed_statement() -> None:
    """Any app has certificates made below it, whose subject it chooses."""
    statement = PackedStatement()
    root = statement.authority.certificate
    anchor = make_test_anchor(root, AnchorUse.ANDROID_KEY)
    with no_statement(rules.ATTESTATION_TRUSTED):
        verify(
            Registration(statement=statement),
            trust=test_trust(anchor, known_at=NOW, metadata=metadata(model(root))),
        )


def test_a_certificate_that_android_made_for_an_app_signs_no_packed_statement() -> None:
    statement = PackedStatement()
    statement.draft.extension(ATTESTATION, describe(b"", NOW).encode())
    with refused(webauthn_statements.PACKED_CERTIFICATE):
        verify(Registration(statement=statement), trust=trusting(statement.authority.certificate))


def test_a_statement_that_covers_no_aaguid_still_must_not_state_a_compromised_model() -> None:
    statement = U2FStatement()
    entry = model(statuses=(StatusReport(status="REVOKED"),))
    with refused(rules.NOT_COMPROMISED):
        verify(
            Registration(statement=statement),
            trust=trusting(statement.authority.certificate, known=metadata(entry)),
        )


def test_stale_metadata_proves_no_model_uncompromised_to_anyone() -> None:
    statement = AppleStatement()
    root = statement.authority.certificate
    stale = metadata(model(root), next_update=date(2026, 10, 1))
    claims = verify(Registration(statement=statement), trust=trusting(root, known=stale))
    assert rules.NOT_COMPROMISED.code not in claims.proved
    fresh = metadata(model(root))
    claims = verify(Registration(statement=statement), trust=trusting(root, known=fresh))
    assert rules.NOT_COMPROMISED.code in claims.proved


def test_metadata_that_lists_no_such_model_proves_nothing_of_it() -> None:
    claims = verify(Registration(), trust=trusting(known=metadata()))
    assert rules.NOT_COMPROMISED.code not in claims.proved
