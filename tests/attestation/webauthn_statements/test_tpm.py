"""tpm statements: honest TPMs, and statements with exactly one thing wrong."""

from struct import pack
from typing import Any

import pytest

from tests.attestation.webauthn_statements.statement_world import (
    KEY,
    RSA_KEY,
    judge,
    statement_facts,
)
from tests.support import readable, refused
from warifu.attestation.claims import Claims, Endorsement, LeniencyUse, SecurityLevel
from warifu.attestation.evidence.readers import tpm_structures
from warifu.attestation.evidence.rules import webauthn as webauthn_rules
from warifu.attestation.evidence.rules import webauthn_tpm as rules
from warifu.attestation.trust.anchors import AnchorUse
from warifu.base.codec import cbor, der
from warifu.base.errors import BadEvidence
from warifu.base.pki import cose, signature
from warifu.base.pki import path as paths
from warifu.handset import der_writer as w
from warifu.handset.authority import Authority, basic_constraints, name
from warifu.handset.tpm import (
    EXTENDED_KEY_USAGE,
    IDENTITY_KEY,
    MANUFACTURER,
    RS1,
    SUBJECT_ALTERNATIVE_NAME,
    PublicArea,
    TpmStatement,
)
from warifu.handset.webauthn import MODEL, CredentialKey
from warifu.handset.webauthn_statements import MODEL_EXTENSION

ROOT = Authority.root("TPM Root")
IDENTITY = CredentialKey(-257).private


def tpm(**changes: Any) -> TpmStatement:
    return TpmStatement(**{"authority": ROOT, "key": IDENTITY} | changes)


def verdict(statement: TpmStatement, **changes: Any) -> Claims:
    return judge(statement, ROOT.certificate, AnchorUse.WEBAUTHN_TPM, **changes)


@pytest.mark.parametrize(
    "key",
    [KEY, RSA_KEY, CredentialKey(-35), CredentialKey(-36)],
    ids=["p256", "rsa", "p384", "p521"],
)
def test_honest_statement_is_proved(key: CredentialKey) -> None:
    claims = verdict(tpm(), key=key)
    assert claims.anchor == "test-root"
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.ANCHORED
    assert claims.key.security_level is SecurityLevel.TRUSTED_ENVIRONMENT
    assert claims.leniencies == ()
    facts = statement_facts(claims)
    assert facts.algorithm == "RS256"
    assert facts.manufacturer_name == "Nuvoton Technology"
    assert facts.model == "NPCT75x"
    assert facts.version == "id:00070002"
    assert facts.firmware_version == 0x0007000200000000
    assert facts.bound_to_tpm is True
    assert rules.NAME.code in claims.proved


def test_honest_elliptic_curve_identity_key_is_proved() -> None:
    claims = verdict(tpm(algorithm=-7, key=CredentialKey().private))
    assert statement_facts(claims).algorithm == "ES256"


def test_sha1_statement_is_read_and_counted() -> None:
    claims = verdict(tpm(algorithm=RS1))
    assert claims.leniencies == (LeniencyUse(rules.SHA1_STATEMENT.name, 1),)
    assert statement_facts(claims).algorithm == "RS1"


def test_statement_without_version_is_read_and_counted() -> None:
    claims = verdict(tpm(members={"ver": None}))
    assert claims.leniencies == (LeniencyUse(rules.VERSION_ABSENT.name, 1),)


def test_exportable_key_is_a_fact_without_level() -> None:
    claims = verdict(tpm(area={"attributes": 0}))
    assert claims.key is not None
    assert claims.key.security_level is None
    assert statement_facts(claims).bound_to_tpm is False


def test_unregistered_manufacturer_is_a_fact() -> None:
    statement = tpm()
    statement.name_tpm(id_="id:FFFFF1D0", model="NPCT6xx", version="id:13")
    assert statement_facts(verdict(statement)).manufacturer_name is None


def test_statement_that_leads_to_nobody_is_reported_unanchored() -> None:
    claims = verdict(tpm(authority=Authority.root("Somebody")))
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.UNANCHORED
    assert webauthn_rules.ATTESTATION_TRUSTED.code in [gap.rule for gap in claims.unchecked]


@pytest.mark.parametrize("version", ["1.2", "2.1", "", 2, ["2.0"]], ids=readable)
def test_statement_of_another_version_is_refused(version: Any) -> None:
    with refused(rules.VERSION):
        verdict(tpm(members={"ver": version}))


@pytest.mark.parametrize("member", ["alg", "sig", "certInfo", "pubArea"])
def test_statement_without_a_member_is_refused(member: str) -> None:
    with refused(cbor.EXPECTED_TYPE):
        verdict(tpm(members={member: None}))


def test_statement_without_certificates_is_refused() -> None:
    with refused(webauthn_rules.STATEMENT_FORM):
        verdict(tpm(members={"x5c": None}))


@pytest.mark.parametrize(
    "area",
    [
        {"name_algorithm": 0x0004},
        {"name_algorithm": 0xFFFF},
        {"kind": 0x0008},
        {"scheme": pack(">H", 0x00FF)},
        {"curve": 0x0010},
        {"derivation": pack(">H", 0x00FF)},
        {"excess": b"\x00"},
        {"symmetric": pack(">HHH", 0x0006, 128, 0x0043)[:3]},
    ],
    ids=readable,
)
def test_malformed_public_area_is_refused(area: dict[str, Any]) -> None:
    with refused(rules.PUBLIC_AREA):
        verdict(tpm(area=area))


def test_public_area_cut_short_is_refused() -> None:
    with refused(rules.PUBLIC_AREA):
        verdict(tpm(members={"pubArea": PublicArea(key=KEY.private).encode()[:-1]}))


def test_oversized_public_area_is_refused() -> None:
    with refused(rules.PUBLIC_AREA):
        verdict(tpm(members={"pubArea": bytes(tpm_structures.MAX_STRUCTURE_BYTES + 1)}))


def test_modulus_of_another_size_than_stated_is_refused() -> None:
    with refused(rules.PUBLIC_AREA):
        verdict(tpm(area={"bits": 1024}), key=RSA_KEY)


@pytest.mark.parametrize(
    "key", [CredentialKey(), RSA_KEY, CredentialKey(-35)], ids=["p256", "rsa", "p384"]
)
def test_key_that_is_not_the_tpms_is_refused(key: CredentialKey) -> None:
    with refused(rules.KEY):
        verdict(tpm(area={"key": key.private}))


def test_key_of_another_kind_than_a_tpm_has_is_refused() -> None:
    with refused(rules.KEY):
        verdict(tpm(area={"key": KEY.private}), key=CredentialKey(-8))


def test_key_with_another_exponent_is_refused() -> None:
    with refused(rules.KEY):
        verdict(tpm(area={"exponent": 3}), key=RSA_KEY)


def test_honest_structures_of_every_scheme_are_read() -> None:
    schemes = {"symmetric": pack(">HHH", 0x0006, 128, 0x0043), "scheme": pack(">HH", 0x0018, 11)}
    claims = verdict(tpm(area=schemes | {"derivation": pack(">HH", 0x0020, 11), "policy": b"p"}))
    assert claims.anchor == "test-root"
    claims = verdict(tpm(area={"scheme": pack(">HH", 0x0014, 11)}), key=RSA_KEY)
    assert claims.anchor == "test-root"


@pytest.mark.parametrize(
    "info",
    [
        {"magic": 0x00000000},
        {"kind": 0x8018},
        {"kind": 0x8014},
        {"excess": b"\x00"},
        {"clock": b""},
    ],
    ids=readable,
)
def test_data_that_no_tpm_certified_is_refused(info: dict[str, Any]) -> None:
    with refused(rules.ATTEST):
        verdict(tpm(info=info))


def test_statement_about_another_ceremony_is_refused() -> None:
    with refused(rules.EXTRA_DATA):
        verdict(tpm(info={"extra_data": bytes(32)}))


def test_digest_of_another_algorithm_than_the_signature_is_refused() -> None:
    with refused(rules.EXTRA_DATA):
        verdict(tpm(info={"extra_data": bytes(20)}))


def test_certified_key_that_is_not_the_one_shown_is_refused() -> None:
    other = PublicArea(key=CredentialKey().private).name()
    with refused(rules.NAME):
        verdict(tpm(info={"attested_name": other}))


def test_statement_signed_by_another_key_is_refused() -> None:
    statement = tpm()
    statement.key = CredentialKey(-257).private
    with refused(webauthn_rules.STATEMENT_SIGNATURE):
        verdict(statement)


def test_algorithm_that_does_not_fit_the_identity_key_is_refused() -> None:
    with refused(signature.ALGORITHM):
        verdict(tpm(members={"alg": -7}))


@pytest.mark.parametrize("algorithm", [-8, -48])
def test_algorithm_without_a_hash_is_refused(algorithm: int) -> None:
    with refused(cose.ALGORITHM):
        verdict(tpm(members={"alg": algorithm}))


@pytest.mark.parametrize("algorithm", [-65534, 0, 5, -65536, 2**40])
def test_unknown_algorithm_is_refused(algorithm: int) -> None:
    with refused(cose.ALGORITHM):
        verdict(tpm(members={"alg": algorithm}))


def test_sha1_statement_under_an_elliptic_curve_key_is_refused() -> None:
    statement = tpm(algorithm=RS1)
    statement.draft.public_key = CredentialKey().spki()
    with refused(signature.ALGORITHM):
        verdict(statement)


def test_certificate_of_version_1_is_refused() -> None:
    statement = tpm()
    statement.draft.version = 1
    with refused(rules.CERTIFICATE):
        verdict(statement)


def test_certificate_with_a_subject_is_refused() -> None:
    statement = tpm()
    statement.draft.subject = name("A web server")
    with refused(rules.CERTIFICATE):
        verdict(statement)


def test_authoritys_certificate_is_refused() -> None:
    statement = tpm()
    statement.draft.extension("2.5.29.19", basic_constraints(authority=True), critical=True)
    with refused(rules.CERTIFICATE):
        verdict(statement)


@pytest.mark.parametrize(
    "value",
    [None, w.sequence(w.oid("1.3.6.1.5.5.7.3.1")), w.sequence(w.utf8(IDENTITY_KEY))],
    ids=["absent", "server", "text"],
)
def test_certificate_for_another_purpose_is_refused(value: bytes | None) -> None:
    statement = tpm()
    if value is None:
        statement.draft.remove_extension(EXTENDED_KEY_USAGE)
    else:
        statement.draft.extension(EXTENDED_KEY_USAGE, value)
    with refused(rules.CERTIFICATE):
        verdict(statement)


def test_certificate_for_further_purposes_is_taken() -> None:
    statement = tpm()
    purposes = w.sequence(w.oid("1.3.6.1.5.5.7.3.2"), w.oid(IDENTITY_KEY))
    statement.draft.extension(EXTENDED_KEY_USAGE, purposes)
    assert verdict(statement).anchor == "test-root"


@pytest.mark.parametrize(
    ("id_", "model", "version"),
    [
        (None, "m", "id:1"),
        ("id:4E544300", None, "id:1"),
        ("id:4E544300", "m", None),
        ("4E544300", "m", "id:1"),
        ("id:4E5443", "m", "id:1"),
        ("id:NUVOTON!", "m", "id:1"),
        ("id:4E544300", "m" * 200, "id:1"),
        ("id:4E544300", "", "id:1"),
    ],
)
def test_certificate_that_names_no_tpm_is_refused(
    id_: str | None, model: str | None, version: str | None
) -> None:
    statement = tpm()
    statement.name_tpm(id_=id_, model=model, version=version)
    with refused(rules.TPM_NAMED):
        verdict(statement)


def test_certificate_without_alternative_name_is_refused() -> None:
    statement = tpm()
    statement.draft.remove_extension(SUBJECT_ALTERNATIVE_NAME)
    with refused(rules.TPM_NAMED):
        verdict(statement)


def test_certificate_that_names_two_makers_is_refused() -> None:
    statement = tpm()
    pair = w.set_of(w.sequence(w.oid(MANUFACTURER), w.utf8("id:4E544300")))
    names = w.sequence(w.context(4, w.sequence(pair, pair)))
    statement.draft.extension(SUBJECT_ALTERNATIVE_NAME, names, critical=True)
    with refused(der.WELL_FORMED):
        verdict(statement)


@pytest.mark.parametrize(
    "names",
    [
        w.sequence(w.context(4, w.sequence(w.sequence()))),
        w.sequence(w.context(4, w.sequence(w.set_of(w.utf8("x"))))),
    ],
    ids=["no set", "no pair"],
)
def test_malformed_name_is_refused(names: bytes) -> None:
    statement = tpm()
    statement.draft.extension(SUBJECT_ALTERNATIVE_NAME, names, critical=True)
    with refused(der.EXPECTED_TYPE):
        verdict(statement)


def test_all_attributes_in_one_set_are_read() -> None:
    """Nuvoton's certificates put them so."""
    statement = tpm()
    pairs = (("1", "id:4E544300"), ("2", "NPCT6xx"), ("3", "id:13"))
    one_set = w.set_of(*(w.sequence(w.oid(f"2.23.133.2.{n}"), w.utf8(t)) for n, t in pairs))
    names = w.sequence(w.tlv(0x82, b"x"), w.context(4, w.sequence(one_set)))
    statement.draft.extension(SUBJECT_ALTERNATIVE_NAME, names, critical=True)
    assert statement_facts(verdict(statement)).model == "NPCT6xx"


def test_model_that_the_certificate_confirms_is_taken() -> None:
    statement = tpm()
    statement.draft.extension(MODEL_EXTENSION, w.octet_string(MODEL))
    assert verdict(statement).anchor == "test-root"


@pytest.mark.parametrize("critical", [False, True])
def test_model_that_the_certificate_does_not_confirm_is_refused(critical: Any) -> None:
    statement = tpm()
    named = MODEL if critical else bytes(16)
    statement.draft.extension(MODEL_EXTENSION, w.octet_string(named), critical=critical)
    with refused(rules.MODEL):
        verdict(statement)


def test_expired_identity_certificate_is_refused() -> None:
    statement = tpm()
    statement.draft.not_after = statement.draft.not_before
    with refused(paths.VALID_AT):
        verdict(statement)


def test_unknown_critical_extension_is_refused() -> None:
    statement = tpm()
    statement.draft.extension("1.2.3.4", b"\x05\x00", critical=True)
    with refused(paths.CRITICAL_UNDERSTOOD):
        verdict(statement)


def test_identity_certificate_forged_with_the_root_name_is_refused() -> None:
    with pytest.raises(BadEvidence) as caught:
        verdict(tpm(authority=Authority.root("TPM Root")))
    assert caught.value.rule is signature.SIGNATURE
