"""Recorded tpm, android-key and android-safetynet registrations give their README's verdict."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from tests.support import make_test_anchor, moment, production_trust, refused
from warifu.attestation.claims import Claims, Endorsement, SecurityLevel
from warifu.attestation.evidence.facts.webauthn import RegistrationFacts, WebAuthnExpectations
from warifu.attestation.evidence.readers.authenticator_data import read_authenticator_data
from warifu.attestation.evidence.rules import webauthn_android, webauthn_tpm
from warifu.attestation.evidence.statements.context import StatementContext, StatementFacts
from warifu.attestation.evidence.statements.formats import STATEMENT_FORMATS
from warifu.attestation.evidence.webauthn import verify
from warifu.attestation.examination import Examination, Gaps
from warifu.attestation.trust.anchors import Anchor, AnchorUse
from warifu.base.codec import cbor
from warifu.base.codec.text import from_base64url, to_base64url
from warifu.base.pki.cose import read_key

pytestmark = pytest.mark.vectors
AT = moment("2023-01-25")
WEBAUTHNTEST = "webauthntest.azurewebsites.net"


class Recorded(Struct, frozen=True, kw_only=True):
    """One recorded registration in the form that WebAuthn gives it today."""

    client_data: bytes
    attestation_object: bytes

    def judge(self, rp_id: str, at: datetime, *more: Anchor) -> Claims:
        client = json.loads(self.client_data)
        data = read_authenticator_data(cbor.decode_map(self.attestation_object)["authData"])
        assert data.credential is not None
        identifier = to_base64url(data.credential.credential_id)
        evidence = {
            "id": identifier,
            "rawId": identifier,
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "attestationObject": to_base64url(self.attestation_object),
                "clientDataJSON": to_base64url(self.client_data),
            },
        }
        return verify(
            json.dumps(evidence).encode(),
            expected=WebAuthnExpectations(
                app=rp_id,
                challenge=from_base64url(client["challenge"]),
                origins=(client["origin"],),
            ),
            trust=production_trust(at, more=more),
            at=at,
            gaps=Gaps.REPORT,
        )


def either_base64(recorded: str) -> bytes:
    """Some recorders wrote standard base64 where base64url is due."""
    return from_base64url(recorded.replace("+", "-").replace("/", "_"))


def tweag(vectors: Path, name: str) -> Recorded:
    folder = vectors / "tweag-webauthn" / "responses" / "attestation"
    response = json.loads((folder / f"{name}.json").read_text("utf-8"))["response"]
    return Recorded(
        client_data=from_base64url(response["clientDataJSON"]),
        attestation_object=from_base64url(response["attestationObject"]),
    )


def py_webauthn(vectors: Path, name: str) -> Recorded:
    entry = json.loads((vectors / "py_webauthn" / f"{name}.json").read_text("utf-8"))
    if "credential" not in entry:
        return Recorded(
            client_data=from_base64url(entry["clientDataJSON_b64url"]),
            attestation_object=from_base64url(entry["attestationObject_b64url"]),
        )
    credential = entry["credential"]
    if isinstance(credential, str):
        credential = json.loads(credential)
    return Recorded(
        client_data=either_base64(credential["response"]["clientDataJSON"]),
        attestation_object=either_base64(credential["response"]["attestationObject"]),
    )


def w3c(vectors: Path, name: str) -> Recorded:
    entry = json.loads((vectors / "w3c-webauthn-l3" / f"{name}.json").read_text("utf-8"))
    return Recorded(
        client_data=bytes.fromhex(entry["registration"]["clientDataJSON"]),
        attestation_object=bytes.fromhex(entry["registration"]["attestationObject"]),
    )


def w3c_root(vectors: Path, *uses: AnchorUse) -> Anchor:
    root = json.loads((vectors / "w3c-webauthn-l3" / "root.json").read_text("utf-8"))
    return make_test_anchor(bytes.fromhex(root["attestation_ca_cert"]), *uses, name="w3c")


def fido2(vectors: Path, name: str) -> StatementFacts:
    """These were recorded as statements, without a ceremony around them."""
    entry = json.loads((vectors / "python-fido2" / f"{name}.json").read_text("utf-8"))
    data = read_authenticator_data(bytes.fromhex(entry["authData_hex"]))
    assert data.credential is not None
    exam = Examination(trust=production_trust(AT), at=AT, gaps=Gaps.REPORT)
    context = StatementContext(
        authenticator_data=data,
        credential=data.credential,
        client_data_hash=bytes.fromhex(entry["clientDataHash_hex"]),
        credential_key=read_key(data.credential.public_key),
        exam=exam,
        formats=STATEMENT_FORMATS,
    )
    statement = cbor.decode(bytes.fromhex(entry["attStmt_cbor_hex"]))
    return STATEMENT_FORMATS[entry["fmt"]](statement, context)


def endorsement(claims: Claims) -> Endorsement:
    assert claims.key is not None
    return claims.key.endorsement


def statement(claims: Claims) -> Any:
    assert isinstance(claims.detail, RegistrationFacts)
    return claims.detail.statement


def test_windows_hello_with_sha1_leads_to_microsoft(vectors: Path) -> None:
    claims = tweag(vectors, "tpm-rs1-01").judge(WEBAUTHNTEST, AT)
    assert claims.anchor == "microsoft-tpm-root-2014"
    assert [use.name for use in claims.leniencies] == [webauthn_tpm.SHA1_STATEMENT.name]
    assert statement(claims).manufacturer_name == "Nuvoton Technology"


def test_conformance_tools_fake_tpm_leads_to_nobody(vectors: Path) -> None:
    claims = tweag(vectors, "tpm-es256-01").judge("localhost", AT)
    assert endorsement(claims) is Endorsement.UNANCHORED
    assert statement(claims).manufacturer_name is None


@pytest.mark.parametrize(
    ("name", "rp_id"),
    [("android-key-01", "localhost"), ("android-key-02", "dev.dontneeda.pw")],
)
def test_conformance_tools_fake_android_keys_lead_to_nobody(
    vectors: Path, name: str, rp_id: str
) -> None:
    claims = tweag(vectors, name).judge(rp_id, AT)
    assert endorsement(claims) is Endorsement.UNANCHORED
    assert claims.key is not None
    assert claims.key.security_level is None


def test_safetynet_registration_of_its_time(vectors: Path) -> None:
    at = moment("2021-09-03T21:07:21Z")
    claims = tweag(vectors, "android-safetynet-01").judge("pwl.ngrok.io", at)
    assert claims.anchor == "gts-root-r1"
    assert statement(claims).made_at == moment("2021-09-03T21:07:20.057Z")


@pytest.mark.parametrize(
    ("name", "maker"),
    [
        ("dell_xps_13", "Nuvoton Technology"),
        ("lenovo_carbon_x1", "STMicroelectronics"),
        ("surface_pro_4", "Intel"),
    ],
)
def test_real_tpms_of_three_makers(vectors: Path, name: str, maker: str) -> None:
    recorded = py_webauthn(vectors, f"registration_response_tpm--test_verify_attestation_{name}")
    claims = recorded.judge(WEBAUTHNTEST, AT)
    assert claims.anchor == "microsoft-tpm-root-2014"
    assert statement(claims).manufacturer_name == maker
    assert statement(claims).bound_to_tpm is True


def test_real_tpm_with_an_elliptic_curve_key(vectors: Path) -> None:
    name = "registration_response_tpm--test_verify_tpm_with_ecc_public_area_type"
    claims = py_webauthn(vectors, name).judge("webauthn.io", AT)
    assert claims.anchor == "microsoft-tpm-root-2014"


def test_real_pixel_8a(vectors: Path) -> None:
    name = (
        "registration_response_android_key--test_verify_attestation_android_key_hardware_authority"
    )
    recorded = py_webauthn(vectors, name)
    rp_id = json.loads((vectors / "py_webauthn" / f"{name}.json").read_text("utf-8"))[
        "verify_args"
    ]["expected_rp_id"]
    claims = recorded.judge(rp_id, moment("2025-01-17"))
    assert endorsement(claims) is Endorsement.ANCHORED
    assert claims.key is not None
    assert claims.key.security_level is SecurityLevel.TRUSTED_ENVIRONMENT
    assert statement(claims).hardware_enforced.purpose == (2,)
    assert statement(claims).hardware_enforced.root_of_trust.device_locked is True


def test_safetynet_registration_of_duo(vectors: Path) -> None:
    name = "registration_response_android_safetynet--test_verify_attestation_android_safetynet"
    claims = py_webauthn(vectors, name).judge("pwl.ngrok.io", moment("2021-09-01"))
    assert claims.anchor == "gts-root-r1"


def test_w3c_tpm_vector(vectors: Path) -> None:
    anchor = w3c_root(vectors, AnchorUse.WEBAUTHN_TPM)
    claims = w3c(vectors, "tpm-es256").judge("example.org", moment("2025-01-01"), anchor)
    assert claims.anchor == "w3c"
    assert statement(claims).bound_to_tpm is False


def test_w3c_android_key_vector_with_empty_lists_is_refused(vectors: Path) -> None:
    """w3c/webauthn#2379: the vector proves neither origin nor purpose."""
    anchor = w3c_root(vectors, AnchorUse.ANDROID_KEY)
    with refused(webauthn_android.ORIGIN):
        w3c(vectors, "android-key-es256").judge("example.org", moment("2025-01-01"), anchor)


def test_fido2_windows_hello_statement(vectors: Path) -> None:
    facts = fido2(vectors, "test_tpm_windows_hello_attestation-1")
    assert facts.attestation_type == "attca"
    assert len(facts.certificates) == 2


def test_fido2_safetynet_statement(vectors: Path) -> None:
    facts = fido2(vectors, "test_android_safetynet_attestation-1")
    assert facts.anchor_uses == (AnchorUse.SAFETYNET,)
