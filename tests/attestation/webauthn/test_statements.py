"""Attacks on attestation statements; each changes exactly one thing and signs again."""

from typing import Any

import pytest

from tests.attestation.webauthn.world import trusting, verify
from tests.support import refused
from warifu.attestation.claims import Claims, Endorsement, SecurityLevel
from warifu.attestation.evidence.facts.webauthn import RegistrationFacts
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.evidence.rules import webauthn_statements as formats
from warifu.attestation.evidence.statements.packed import PackedFacts
from warifu.base.codec import cbor, der
from warifu.base.pki import cose, path
from warifu.base.pki import signature as pki_signature
from warifu.handset import der_writer as w
from warifu.handset.authority import Authority, basic_constraints, key_usage, name
from warifu.handset.webauthn import MODEL, CredentialKey, NoStatement, Registration
from warifu.handset.webauthn_statements import (
    BASIC_CONSTRAINTS,
    ENTERPRISE_EXTENSION,
    MODEL_EXTENSION,
    AppleStatement,
    CompoundStatement,
    PackedStatement,
    SelfStatement,
    U2FStatement,
)


def attest(statement: Any, **members: Any) -> Claims:
    """Register with a statement whose maker is trusted."""
    authority = getattr(statement, "authority", None)
    trust = trusting(*([authority.certificate] if authority else []))
    return verify(Registration(statement=statement, **members), trust=trust)


def facts_of(claims: Claims) -> RegistrationFacts:
    assert isinstance(claims.detail, RegistrationFacts)
    return claims.detail


# packed, by certificate (§8.2, §8.2.1)


def test_an_honest_packed_statement_proves_the_model() -> None:
    statement = PackedStatement()
    statement.certify_model(MODEL)
    statement.draft.extension(ENTERPRISE_EXTENSION, w.octet_string(b"unit 7"))
    claims = attest(statement)
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.ANCHORED
    assert claims.anchor == "test-root-0"
    assert [c.der for c in claims.chain][-1] == statement.authority.certificate
    assert claims.device is not None
    assert claims.device.aaguid == "7a5f8f5e-61f1-4a1c-9f0f-2b7d5a0c4e31"
    assert facts_of(claims).statement == PackedFacts(
        algorithm="ES256", certified_aaguid=MODEL, enterprise_serial=b"unit 7"
    )
    assert {rules.ATTESTATION_TRUSTED.code, formats.PACKED_MODEL.code} <= set(claims.proved)


@pytest.mark.parametrize(("flags", "claimed"), [(1, None), (5, "verified")])
def test_user_verification_is_claimed_where_a_trusted_maker_signed_it(
    flags: int, claimed: str | None
) -> None:
    claims = attest(PackedStatement(), flags=flags)
    assert claims.key is not None
    assert claims.key.user_authentication == claimed


def test_a_chain_with_an_intermediate_is_followed() -> None:
    root = Authority.root("Root")
    middle = root.subordinate("Middle")
    statement = PackedStatement(authority=middle, above=[middle.certificate])
    claims = verify(Registration(statement=statement), trust=trusting(root.certificate))
    assert len(claims.chain) == 3


def test_a_model_of_zeros_is_no_model() -> None:
    claims = attest(PackedStatement(), aaguid=bytes(16))
    assert claims.device is not None
    assert claims.device.aaguid is None


def test_a_statement_moved_to_another_ceremony_is_refused() -> None:
    with refused(rules.STATEMENT_SIGNATURE):
        attest(PackedStatement(signs=b"another ceremony"))


def test_a_statement_signed_by_a_stranger_is_refused() -> None:
    statement = PackedStatement()
    statement.draft.public_key = CredentialKey().spki()
    with refused(rules.STATEMENT_SIGNATURE):
        attest(statement)


@pytest.mark.parametrize(
    "members",
    [{"sig": None}, {"sig": "text"}, {"alg": None}, {"alg": "ES256"}, {"alg": True}],
    ids=str,
)
def test_a_packed_statement_without_its_members_is_refused(members: dict[str, Any]) -> None:
    with refused(cbor.EXPECTED_TYPE):
        attest(PackedStatement(members=members))


@pytest.mark.parametrize(
    "members", [{"x5c": []}, {"x5c": b""}, {"x5c": ["text"]}, {"ecdaaKeyId": b""}], ids=str
)
def test_a_packed_statement_of_another_form_is_refused(members: dict[str, Any]) -> None:
    with refused(rules.STATEMENT_FORM):
        attest(PackedStatement(members=members))


def test_a_chain_of_too_many_certificates_is_refused() -> None:
    with refused(path.LENGTH):
        attest(PackedStatement(above=[Authority.root("x").certificate] * 10))


def test_a_packed_statement_that_is_a_list_is_refused() -> None:
    with refused(rules.STATEMENT_FORM):
        attest(NoStatement(format="packed", members=[]))


@pytest.mark.parametrize("algorithm", [-65535, -47, 0, 7])
def test_a_statement_by_an_algorithm_we_do_not_take_is_refused(algorithm: int) -> None:
    with refused(cose.ALGORITHM):
        attest(PackedStatement(members={"alg": algorithm}))


def test_an_algorithm_that_does_not_fit_the_certificate_is_refused() -> None:
    with refused(pki_signature.ALGORITHM):
        attest(PackedStatement(members={"alg": -257}))


def test_an_algorithm_of_another_curve_is_refused() -> None:
    with refused(pki_signature.ALGORITHM):
        attest(PackedStatement(members={"alg": -35}))


@pytest.mark.parametrize("version", [0, 1])
def test_a_certificate_of_an_old_version_is_refused(version: int) -> None:
    statement = PackedStatement()
    statement.draft.version = version
    with refused(formats.PACKED_CERTIFICATE):
        attest(statement)


def test_an_authority_that_poses_as_an_authenticator_is_refused() -> None:
    statement = PackedStatement()
    statement.draft.extension(BASIC_CONSTRAINTS, basic_constraints(authority=True), critical=True)
    with refused(formats.PACKED_CERTIFICATE):
        attest(statement)


HONEST_NAME = {
    "country": "JP",
    "organization": "Warifu Works",
    "organizational_unit": "Authenticator Attestation",
}


@pytest.mark.parametrize(
    "attributes",
    [
        {**HONEST_NAME, "organizational_unit": "Web Server"},
        {**HONEST_NAME, "country": "JPN"},
        {key: value for key, value in HONEST_NAME.items() if key != "country"},
        {key: value for key, value in HONEST_NAME.items() if key != "organization"},
        {key: value for key, value in HONEST_NAME.items() if key != "organizational_unit"},
        {**HONEST_NAME, "organization": ""},
    ],
    ids=str,
)
def test_a_web_servers_certificate_is_refused(attributes: dict[str, str]) -> None:
    statement = PackedStatement()
    statement.draft.subject = name("Some Server", **attributes)
    with refused(formats.PACKED_CERTIFICATE):
        attest(statement)


def test_a_certificate_without_common_name_is_refused() -> None:
    statement = PackedStatement()
    statement.draft.subject = name(**HONEST_NAME)
    with refused(formats.PACKED_CERTIFICATE):
        attest(statement)


def test_a_second_unit_does_not_make_a_web_server_an_authenticator() -> None:
    statement = PackedStatement()
    honest = name("Server", **{**HONEST_NAME, "organizational_unit": "Web Server"})
    second = name(organizational_unit="Authenticator Attestation")
    statement.draft.subject = w.sequence(honest[2:] + second[2:])
    with refused(formats.PACKED_CERTIFICATE):
        attest(statement)


def test_a_model_posing_as_another_is_refused() -> None:
    statement = PackedStatement()
    statement.certify_model(bytes(16))
    with refused(formats.PACKED_MODEL):
        attest(statement)


def test_a_model_of_impossible_length_is_refused() -> None:
    statement = PackedStatement()
    statement.certify_model(MODEL[:15])
    with refused(formats.PACKED_MODEL):
        attest(statement)


def test_a_model_that_is_no_octet_string_is_refused() -> None:
    statement = PackedStatement()
    statement.draft.extension(MODEL_EXTENSION, w.utf8("model"))
    with refused(der.EXPECTED_TYPE):
        attest(statement)


def test_a_critical_model_extension_is_refused() -> None:
    statement = PackedStatement()
    statement.certify_model(MODEL, critical=True)
    with refused(formats.PACKED_CERTIFICATE):
        attest(statement)


def test_a_critical_extension_nobody_understands_is_refused() -> None:
    statement = PackedStatement()
    statement.draft.extension("1.2.3.4", b"\x05\x00", critical=True)
    with refused(path.CRITICAL_UNDERSTOOD):
        attest(statement)


def test_a_leaf_signed_by_another_leaf_is_refused() -> None:
    root = Authority.root("Root")
    batch_key = CredentialKey()
    batch = root.draft(name("Batch", **HONEST_NAME), batch_key.spki())
    batch.extension("2.5.29.15", key_usage(0), critical=True)
    forged = Authority(batch.subject, batch_key.private, batch.sign(root.key))
    statement = PackedStatement(authority=forged, above=[forged.certificate])
    with refused(path.ISSUER_IS_AUTHORITY):
        verify(Registration(statement=statement), trust=trusting(root.certificate))


def test_an_expired_certificate_is_refused() -> None:
    statement = PackedStatement()
    statement.draft.not_after = statement.draft.not_before
    with refused(path.VALID_AT):
        attest(statement)


def test_a_certificate_somebody_else_signed_in_the_makers_name_is_refused() -> None:
    honest = Authority.root("Authenticator Root")
    statement = PackedStatement(authority=Authority.root("Authenticator Root"))
    with refused(pki_signature.SIGNATURE):
        verify(Registration(statement=statement), trust=trusting(honest.certificate))


# packed, by the key itself


def test_a_self_attestation_is_vouched_for_by_nobody_else() -> None:
    claims = attest(SelfStatement())
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.SELF
    assert claims.device is None
    assert facts_of(claims).attestation_type == "self"
    assert claims.unchecked == ()
    assert rules.ATTESTATION_TRUSTED.code not in claims.proved


def test_a_self_attestation_by_another_key_is_refused() -> None:
    with refused(rules.STATEMENT_SIGNATURE):
        attest(SelfStatement(key=CredentialKey()))


def test_a_self_attestation_by_another_algorithm_is_refused() -> None:
    with refused(formats.SELF_ALGORITHM):
        attest(SelfStatement(members={"alg": -9}))


# fido-u2f (§8.6)


def test_an_honest_u2f_statement_is_anchored() -> None:
    claims = attest(U2FStatement(), aaguid=bytes(16))
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.ANCHORED
    assert formats.U2F_KEY.code in claims.proved


def test_what_u2f_does_not_sign_is_not_claimed() -> None:
    claims = attest(U2FStatement())
    assert claims.key is not None
    assert claims.key.user_authentication is None
    assert claims.device is not None
    assert claims.device.aaguid is None
    assert facts_of(claims).aaguid == MODEL


def test_a_u2f_chain_of_two_is_refused() -> None:
    statement = U2FStatement()
    statement.above = [statement.authority.certificate]
    with refused(formats.U2F_CERTIFICATE):
        attest(statement)


@pytest.mark.parametrize("algorithm", [-35, -8])
def test_a_u2f_certificate_of_another_curve_is_refused(algorithm: int) -> None:
    with refused(formats.U2F_CERTIFICATE):
        attest(U2FStatement(key=CredentialKey(algorithm)))


def test_a_u2f_credential_of_another_curve_is_refused() -> None:
    with refused(formats.U2F_KEY):
        attest(U2FStatement(), key=CredentialKey(-35))


def test_a_u2f_statement_about_another_key_is_refused() -> None:
    with refused(rules.STATEMENT_SIGNATURE):
        attest(U2FStatement(signed_point=CredentialKey().spki()[-65:]))


def test_a_u2f_statement_without_a_signature_is_refused() -> None:
    with refused(cbor.EXPECTED_TYPE):
        attest(U2FStatement(members={"sig": None}))


# apple (§8.8)


def test_an_honest_apple_statement_is_anchored() -> None:
    root = Authority.root("Apple-like Root")
    middle = root.subordinate("Apple-like CA")
    statement = AppleStatement(authority=middle, above=[middle.certificate])
    claims = verify(Registration(statement=statement), trust=trusting(root.certificate))
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.ANCHORED
    assert claims.key.security_level is SecurityLevel.SECURE_ELEMENT
    assert claims.device is not None
    assert claims.device.platform == "apple"
    assert facts_of(claims).attestation_type == "anonca"


def test_an_apple_certificate_of_another_ceremony_is_refused() -> None:
    with refused(formats.APPLE_NONCE):
        attest(AppleStatement(nonce=bytes(32)))


def test_an_apple_certificate_without_nonce_is_refused() -> None:
    with refused(formats.APPLE_NONCE):
        attest(AppleStatement(nonce_extension=b""))


def test_an_apple_certificate_for_another_key_is_refused() -> None:
    with refused(formats.APPLE_KEY):
        attest(AppleStatement(certified=CredentialKey().spki()))


def test_an_apple_nonce_of_another_shape_is_refused() -> None:
    with refused(der.EXPECTED_TYPE):
        attest(AppleStatement(nonce_extension=w.sequence(w.octet_string(bytes(32)))))


def test_an_apple_statement_without_certificates_is_refused() -> None:
    with refused(rules.STATEMENT_FORM):
        attest(AppleStatement(members={"x5c": None}))


# compound (§8.9)


def test_the_strongest_part_of_a_compound_statement_counts() -> None:
    packed = PackedStatement()
    statement = CompoundStatement(parts=[SelfStatement(), packed])
    claims = verify(Registration(statement=statement), trust=trusting(packed.authority.certificate))
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.ANCHORED
    assert facts_of(claims).parts == ("packed", "packed")
    assert {formats.COMPOUND_PARTS.code, formats.SELF_ALGORITHM.code} <= set(claims.proved)


def test_a_part_nobody_vouches_for_lends_its_level_to_no_other() -> None:
    packed = PackedStatement()
    statement = CompoundStatement(parts=[AppleStatement(), packed])
    claims = verify(Registration(statement=statement), trust=trusting(packed.authority.certificate))
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.ANCHORED
    assert claims.key.security_level is None
    assert facts_of(claims).attestation_type == "basic"
    assert claims.device is not None
    assert claims.device.platform is None


def test_the_level_of_the_anchored_part_is_claimed() -> None:
    apple = AppleStatement()
    statement = CompoundStatement(parts=[PackedStatement(), apple])
    claims = verify(Registration(statement=statement), trust=trusting(apple.authority.certificate))
    assert claims.key is not None
    assert claims.key.security_level is SecurityLevel.SECURE_ELEMENT
    assert [c.der for c in claims.chain][-1] == apple.authority.certificate


def test_a_compound_statement_of_equals_is_of_their_kind() -> None:
    claims = attest(CompoundStatement(parts=[NoStatement(), SelfStatement()]))
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.SELF


def test_a_forged_part_spoils_a_compound_statement() -> None:
    packed = PackedStatement()
    statement = CompoundStatement(parts=[packed, SelfStatement(key=CredentialKey())])
    with refused(rules.STATEMENT_SIGNATURE):
        verify(Registration(statement=statement), trust=trusting(packed.authority.certificate))


@pytest.mark.parametrize("count", [0, 1, 9])
def test_a_compound_statement_of_too_few_or_many_parts_is_refused(count: int) -> None:
    with refused(formats.COMPOUND_PARTS):
        attest(CompoundStatement(parts=[SelfStatement()] * count))


def test_a_compound_statement_within_another_is_refused() -> None:
    inner = CompoundStatement(parts=[SelfStatement(), SelfStatement()])
    with refused(formats.COMPOUND_PARTS):
        attest(CompoundStatement(parts=[inner, SelfStatement()]))


@pytest.mark.parametrize("part", [{"fmt": "none"}, [], {"fmt": "none", "attStmt": {}, "more": 1}])
def test_a_part_of_another_form_is_refused(part: Any) -> None:
    none = {"fmt": "none", "attStmt": {}}
    with refused(rules.STATEMENT_FORM):
        attest(NoStatement(format="compound", members=[none, part]))


@pytest.mark.parametrize("name_", ["invented", 7, [], {}], ids=str)
def test_a_part_of_unknown_format_is_refused(name_: Any) -> None:
    none = {"fmt": "none", "attStmt": {}}
    with refused(rules.STATEMENT_FORMAT):
        attest(NoStatement(format="compound", members=[none, {"fmt": name_, "attStmt": {}}]))


def test_a_compound_statement_that_is_a_map_is_refused() -> None:
    with refused(rules.STATEMENT_FORM):
        attest(NoStatement(format="compound", members={}))
