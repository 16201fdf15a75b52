"""Recorded responses and the specification's own test vectors give their READMEs' verdicts."""

import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
import pytest

from tests.attestation.webauthn.world import EVERY_USE
from tests.support import make_test_anchor, moment, production_trust, refused, test_trust
from warifu.attestation.claims import Claims, Endorsement
from warifu.attestation.evidence import webauthn
from warifu.attestation.evidence.facts.webauthn import (
    Framing,
    Mediation,
    RegistrationFacts,
    StoredCredential,
    UserVerification,
    WebAuthnExpectations,
)
from warifu.attestation.evidence.readers.authenticator_data import read_authenticator_data
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.evidence.rules import webauthn_android
from warifu.attestation.evidence.statements.context import StatementContext, StatementFacts
from warifu.attestation.evidence.statements.formats import STATEMENT_FORMATS
from warifu.attestation.examination import Examination, Gaps
from warifu.attestation.trust.anchors import AnchorUse
from warifu.attestation.trust.metadata import Metadata, verify_blob
from warifu.attestation.trust.view import TrustView
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence
from warifu.base.pki.cose import read_key
from warifu.base.rule import Rule
from warifu.handset.webauthn import base64url


def octets(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return loaded


def response(credential_id: bytes, **members: bytes) -> bytes:
    identifier = base64url(credential_id)
    return json.dumps(
        {
            "id": identifier,
            "rawId": identifier,
            "type": "public-key",
            "response": {name: base64url(value) for name, value in members.items()},
            "clientExtensionResults": {},
        }
    ).encode()


# W3C WebAuthn Level 3, section 16

W3C_AT = datetime(2025, 6, 1, tzinfo=UTC)
W3C = {
    "none-es256": Endorsement.NONE,
    "none-es256-crossOrigin": Endorsement.NONE,
    "none-es256-topOrigin": Endorsement.NONE,
    "none-es256-long-credential-id": Endorsement.NONE,
    "packed-self-es256": Endorsement.SELF,
    "packed-es256": Endorsement.ANCHORED,
    "packed-es384": Endorsement.ANCHORED,
    "packed-es512": Endorsement.ANCHORED,
    "packed-rs256": Endorsement.ANCHORED,
    "packed-eddsa": Endorsement.ANCHORED,
    "packed-ed448": Endorsement.ANCHORED,
    "tpm-es256": Endorsement.ANCHORED,
    "apple-es256": Endorsement.ANCHORED,
    "fido-u2f-es256": Endorsement.ANCHORED,
    "android-key-es256": None,
}


class W3cVector:
    """One registration and one authentication of the specification."""

    def __init__(self, folder: Path, name: str) -> None:
        members = load(folder / f"{name}.json")
        self.rp_id, self.origin = members["rp_id"], members["origin"]
        self.created = {k: v for k, v in members["registration"].items() if type(v) is str}
        self.used = members["authentication"]
        data = cbor.decode_map(self.of(self.created, "attestationObject"))["authData"]
        credential = read_authenticator_data(data).credential
        assert credential is not None
        self.credential = credential
        root = load(folder / "root.json")["attestation_ca_cert"]
        anchor = make_test_anchor(bytes.fromhex(root), *EVERY_USE, AnchorUse.ANDROID_KEY)
        self.trust = test_trust(anchor, known_at=W3C_AT)

    @staticmethod
    def of(members: dict[str, str], name: str) -> bytes:
        return bytes.fromhex(members[name])

    def register(self, **expected: Any) -> Claims:
        evidence = response(
            self.credential.credential_id,
            clientDataJSON=self.of(self.created, "clientDataJSON"),
            attestationObject=self.of(self.created, "attestationObject"),
        )
        return self._verify(evidence, self.of(self.created, "challenge"), **expected)

    def authenticate(self, **expected: Any) -> Claims:
        parts = ("clientDataJSON", "authenticatorData", "signature")
        evidence = response(
            self.credential.credential_id, **{part: self.of(self.used, part) for part in parts}
        )
        stored = StoredCredential(
            identifier=self.credential.credential_id, public_key=self.credential.public_key
        )
        challenge = self.of(self.used, "challenge")
        return self._verify(evidence, challenge, credential=stored, **expected)

    def _verify(self, evidence: bytes, challenge: bytes, **expected: Any) -> Claims:
        return webauthn.verify(
            evidence,
            expected=WebAuthnExpectations(
                challenge=challenge, app=self.rp_id, origins=(self.origin,), **expected
            ),
            trust=self.trust,
            at=W3C_AT,
            gaps=Gaps.REPORT,
        )


FRAMED = {"framing": Framing.ALLOW, "top_origins": ("https://example.com",)}


@pytest.fixture(params=sorted(W3C))
def w3c(request: pytest.FixtureRequest, vectors: Path) -> tuple[str, W3cVector]:
    return request.param, W3cVector(vectors / "w3c-webauthn-l3", request.param)


def test_the_specifications_registrations_are_accepted(w3c: tuple[str, W3cVector]) -> None:
    name, vector = w3c
    endorsement = W3C[name]
    if endorsement is None:
        # Its authorization lists are empty, which §8.4 forbids; corrected in w3c/webauthn#2379.
        with refused(webauthn_android.ORIGIN):
            vector.register()
        return
    claims = vector.register(**FRAMED)
    assert claims.key is not None
    assert claims.key.endorsement is endorsement
    judged_by_metadata = endorsement is Endorsement.ANCHORED and name != "apple-es256"
    expected_gaps = [rules.NOT_COMPROMISED.code] if judged_by_metadata else []
    assert [gap.rule for gap in claims.unchecked] == expected_gaps


def test_the_specifications_authentications_are_accepted(w3c: tuple[str, W3cVector]) -> None:
    _, vector = w3c
    assert vector.authenticate(**FRAMED).unchecked == ()


@pytest.mark.parametrize("name", ["none-es256-crossOrigin", "none-es256-topOrigin"])
def test_the_specifications_framed_ceremonies_are_refused_by_default(
    vectors: Path, name: str
) -> None:
    with refused(rules.CROSS_ORIGIN):
        W3cVector(vectors / "w3c-webauthn-l3", name).register()


# tweag/webauthn: real responses, judged with the real FIDO metadata of the time

ANCHORED, UNANCHORED = Endorsement.ANCHORED, Endorsement.UNANCHORED
TWEAG_AT = "2023-01-25"
TWEAG: dict[str, tuple[str, str, str, Endorsement | Rule]] = {
    "01-none": ("http://localhost:8080", "localhost", TWEAG_AT, Endorsement.NONE),
    "with-credprops": ("http://localhost:8080", "localhost", TWEAG_AT, Endorsement.NONE),
    "conditional-create": ("http://localhost:8080", "localhost", TWEAG_AT, Endorsement.NONE),
    "packed-01": ("https://localhost:44329", "localhost", TWEAG_AT, UNANCHORED),
    "packed-02": ("http://localhost:5000", "localhost", TWEAG_AT, ANCHORED),
    "packed-03": ("http://localhost:5000", "localhost", TWEAG_AT, ANCHORED),
    "regression-150": (
        *("https://webauthn.dev.tweag.io", "webauthn.dev.tweag.io", TWEAG_AT),
        Endorsement.SELF,
    ),
    "with-transports": (
        *("https://infinisil.webauthn.dev.tweag.io", "infinisil.webauthn.dev.tweag.io", TWEAG_AT),
        ANCHORED,
    ),
    "without-aaguid": (
        *("https://mercury.com/", "mercury.com", "2023-07-18T21:07:06Z"),
        UNANCHORED,
    ),
    "android-key-01": ("https://localhost:44329", "localhost", TWEAG_AT, UNANCHORED),
    "android-key-02": ("https://dev.dontneeda.pw", "dev.dontneeda.pw", TWEAG_AT, UNANCHORED),
    "android-safetynet-01": (
        *("https://devicemanagement-duo1.pwl.ngrok.io", "pwl.ngrok.io", "2021-09-03T21:07:21Z"),
        ANCHORED,
    ),
    "u2f-01": ("https://localhost:44329", "localhost", TWEAG_AT, ANCHORED),
    "u2f-02": ("http://localhost:5000", "localhost", TWEAG_AT, ANCHORED),
    "u2f-03": ("http://localhost:5000", "localhost", TWEAG_AT, UNANCHORED),
    "u2f-04": ("https://api-duo1.duo.test", "duo.test", TWEAG_AT, ANCHORED),
    "u2f-05": ("https://api-duo1.duo.test", "duo.test", TWEAG_AT, ANCHORED),
    "apple-01": ("https://6cc3c9e7967a.ngrok.io", "6cc3c9e7967a.ngrok.io", "2020-10-08", ANCHORED),
    "apple-02": ("https://dev2.dontneeda.pw:5000", "dev2.dontneeda.pw", "2021-09-01", ANCHORED),
    "tpm-rs1-01": (
        *("https://webauthntest.azurewebsites.net", "webauthntest.azurewebsites.net", TWEAG_AT),
        ANCHORED,
    ),
    "tpm-es256-01": ("https://localhost:44329", "localhost", TWEAG_AT, UNANCHORED),
}


@pytest.fixture(scope="module")
def fido_metadata(vectors: Path) -> Metadata:
    blob = (vectors / "tweag-webauthn/golden-metadata/big/blob.jwt").read_bytes()
    at = moment(TWEAG_AT)
    anchors = production_trust(at).points(AnchorUse.FIDO_METADATA)
    return verify_blob(blob, anchors=anchors, at=at)


@pytest.fixture
def tweag_trust(fido_metadata: Metadata) -> TrustView:
    return production_trust(moment(TWEAG_AT), metadata=fido_metadata)


@pytest.mark.parametrize("name", TWEAG)
def test_real_registrations_get_their_verdict(
    vectors: Path, tweag_trust: TrustView, name: str
) -> None:
    origin, rp_id, at, verdict = TWEAG[name]
    evidence = (vectors / f"tweag-webauthn/responses/attestation/{name}.json").read_bytes()
    client_data = json.loads(octets(json.loads(evidence)["response"]["clientDataJSON"]))
    mediation = Mediation.CONDITIONAL if name == "conditional-create" else Mediation.REQUESTED

    def verify() -> Claims:
        return webauthn.verify(
            evidence,
            expected=WebAuthnExpectations(
                challenge=octets(client_data["challenge"]),
                app=rp_id,
                origins=(origin,),
                mediation=mediation,
            ),
            trust=tweag_trust,
            at=moment(at),
            gaps=Gaps.REPORT,
        )

    if isinstance(verdict, Rule):
        with refused(verdict):
            verify()
        return
    claims = verify()
    assert claims.key is not None
    assert claims.key.endorsement is verdict
    left_open = rules.ATTESTATION_TRUSTED.code in {gap.rule for gap in claims.unchecked}
    assert left_open == (verdict is UNANCHORED)
    assert (claims.anchor is not None) == (verdict is ANCHORED)


def test_a_conditional_registration_is_refused_where_none_was_asked_for(
    vectors: Path, tweag_trust: TrustView
) -> None:
    path = vectors / "tweag-webauthn/responses/attestation/conditional-create.json"
    with refused(rules.USER_PRESENT):
        webauthn.verify(
            path.read_bytes(),
            expected=WebAuthnExpectations(app="localhost"),
            trust=tweag_trust,
            at=moment(TWEAG_AT),
            gaps=Gaps.REPORT,
        )


@pytest.mark.parametrize("name", ["01-none", "01-none-empty-user-handle"])
def test_real_authentications_of_a_registered_key_are_accepted(
    vectors: Path, tweag_trust: TrustView, name: str
) -> None:
    folder = vectors / "tweag-webauthn/responses"
    registered = load(folder / "attestation/01-none.json")
    data = cbor.decode_map(octets(registered["response"]["attestationObject"]))["authData"]
    credential = read_authenticator_data(data).credential
    assert credential is not None
    evidence = (folder / f"assertion/{name}.json").read_bytes()
    client_data = json.loads(octets(json.loads(evidence)["response"]["clientDataJSON"]))
    claims = webauthn.verify(
        evidence,
        expected=WebAuthnExpectations(
            challenge=octets(client_data["challenge"]),
            app="localhost",
            credential=StoredCredential(
                identifier=credential.credential_id, public_key=credential.public_key
            ),
        ),
        trust=tweag_trust,
        at=moment(TWEAG_AT),
    )
    assert claims.freshness.counter == 5
    assert len(claims.leniencies) == (name != "01-none")


# py_webauthn: recorded calls

PY_REGISTRATIONS: dict[str, Endorsement | Rule] = {
    "_response--test_raises_useful_error_on_bad_attestation_object": cbor.WELL_FORMED,
    "_response--test_raises_when_root_cert_invalid_for_response": UNANCHORED,
    "_response--test_supports_multiple_expected_origins": Endorsement.NONE,
    "_response--test_verifies_none_attestation_response": Endorsement.NONE,
    "_response--test_verifies_response_optional_user_presence": Endorsement.NONE,
    "_response--test_verify_pqc_ml_dsa_44_packed_response": Endorsement.NONE,
    "_response--test_verify_pqc_ml_dsa_65_packed_response": Endorsement.NONE,
    "_response--test_verify_pqc_ml_dsa_87_packed_response": Endorsement.NONE,
    "_response_apple--test_verify_attestation_apple_passkey": ANCHORED,
    "_response_fido_u2f--test_verify_attestation_from_fido_conformance": UNANCHORED,
    "_response_fido_u2f--test_verify_attestation_from_yubikey_firefox": UNANCHORED,
    "_response_fido_u2f--test_verify_attestation_with_unsupported_token_binding": UNANCHORED,
    # The same bytes as tweag's u2f-04. py_webauthn refuses the status "not-supported", as Level 2
    # would have it; Level 3 §5.8.1 reserves the member and gives it no meaning, so tweag is right.
    "_response_fido_u2f--test_verify_attestation_with_unsupported_token_binding_status": UNANCHORED,
    "_response_packed--test_verify_attestation_from_yubikey_firefox": UNANCHORED,
    "_response_packed--test_verify_attestation_with_okp_public_key": UNANCHORED,
    "_response_tpm--test_verify_attestation_dell_xps_13": ANCHORED,
    "_response_tpm--test_verify_attestation_lenovo_carbon_x1": ANCHORED,
    "_response_tpm--test_verify_attestation_surface_pro_4": ANCHORED,
    "_response_tpm--test_verify_tpm_with_ecc_public_area_type": ANCHORED,
    "_response_android_key--test_verify_attestation_android_key_hardware_authority": ANCHORED,
    "_response_android_safetynet--test_verify_attestation_android_safetynet": ANCHORED,
}
PY_REFUSES_MORE = {
    "_response--test_raises_when_root_cert_invalid_for_response",
    "_response_fido_u2f--test_verify_attestation_with_unsupported_token_binding_status",
}
"""A wrong root is no root that we know: the statement verifies, and nobody vouches for it."""
PY_AUTHENTICATIONS: dict[str, Rule | None] = {
    "test_raises_exception_on_incorrect_public_key": rules.ASSERTION_SIGNATURE,
    "test_raises_exception_on_uv_required_but_false": rules.USER_VERIFIED,
    "test_supports_multiple_expected_origins": None,
    "test_verify_authentication_response_with_EC2_public_key": None,
    "test_verify_authentication_response_with_OKP_public_key": None,
    "test_verify_ml_dsa_44_response": None,
    "test_verify_ml_dsa_65_response": None,
    "test_verify_ml_dsa_87_response": None,
}


def py_credential(recorded: dict[str, Any]) -> bytes:
    """The response as browsers write it: some were recorded as objects, some in standard base64."""
    credential = recorded.get("credential")
    if credential is None:
        parts = {
            name: octets(recorded[f"{name}_b64url"])
            for name in ("attestationObject", "clientDataJSON")
        }
        data = cbor.decode_map(parts["attestationObject"])["authData"]
        attested = read_authenticator_data(data).credential
        assert attested is not None
        return response(attested.credential_id, **parts)
    if "raw_id" in credential:
        members = credential["response"]
        return response(
            as_bytes(credential["raw_id"]),
            clientDataJSON=as_bytes(members["client_data_json"]),
            attestationObject=as_bytes(members["attestation_object"]),
        )
    members = credential["response"]
    for name in ("attestationObject", "clientDataJSON"):
        members[name] = members[name].translate({43: "-", 47: "_"})
    return json.dumps(credential).encode()


def as_bytes(value: Any) -> bytes:
    if isinstance(value, dict):
        return octets(value["b64url"])
    return str(value).encode()


def test_every_recorded_call_of_py_webauthn_is_judged(vectors: Path) -> None:
    recorded = {path.stem for path in (vectors / "py_webauthn").glob("*.json")}
    registrations = {f"registration{name}" for name in PY_REGISTRATIONS}
    assert recorded == registrations | {
        f"authentication_response--{name}" for name in PY_AUTHENTICATIONS
    }


def py_expectations(
    arguments: dict[str, Any] | None, evidence: bytes, **others: Any
) -> WebAuthnExpectations:
    if arguments is None:
        client = json.loads(octets(json.loads(evidence)["response"]["clientDataJSON"]))
        return WebAuthnExpectations(
            challenge=octets(client["challenge"]),
            app=client["origin"].removeprefix("https://").partition(".")[2],
        )
    origins = arguments["expected_origin"]
    required = arguments.get("require_user_verification", False)
    present = arguments.get("require_user_presence", True)
    return WebAuthnExpectations(
        challenge=as_bytes(arguments["expected_challenge"]),
        app=arguments["expected_rp_id"],
        origins=(origins,) if type(origins) is str else tuple(origins),
        user_verification=UserVerification.REQUIRED if required else UserVerification.PREFERRED,
        mediation=Mediation.REQUESTED if present else Mediation.CONDITIONAL,
        **others,
    )


@pytest.mark.parametrize("name", PY_REGISTRATIONS)
def test_recorded_registrations_get_their_verdict(vectors: Path, name: str) -> None:
    recorded = load(vectors / f"py_webauthn/registration{name}.json")
    verdict = PY_REGISTRATIONS[name]
    at = moment(recorded["x509_verification_time"] or "2022-06-01")
    evidence = py_credential(recorded)
    assert (recorded["verdict"] == "invalid") == (
        isinstance(verdict, Rule) or name in PY_REFUSES_MORE
    )

    def verify() -> Claims:
        return webauthn.verify(
            evidence,
            expected=py_expectations(recorded.get("verify_args"), evidence),
            trust=production_trust(at),
            at=at,
            gaps=Gaps.REPORT,
        )

    if isinstance(verdict, Rule):
        with refused(verdict):
            verify()
        return
    claims = verify()
    assert claims.key is not None
    assert claims.key.endorsement is verdict
    if "returned" in recorded:
        returned = recorded["returned"]
        assert isinstance(claims.detail, RegistrationFacts)
        assert claims.detail.credential_public_key == as_bytes(returned["credential_public_key"])
        assert claims.key.identifier == as_bytes(returned["credential_id"])
        assert claims.freshness.counter == returned["sign_count"]
        if "optional_user_presence" not in name:  # its source patches the flags it reports
            assert claims.detail.user_verified == returned["user_verified"]
        assert claims.detail.backed_up == returned["credential_backed_up"]


@pytest.mark.parametrize("name", PY_AUTHENTICATIONS)
def test_recorded_authentications_get_their_verdict(vectors: Path, name: str) -> None:
    recorded = load(vectors / f"py_webauthn/authentication_response--{name}.json")
    rule = PY_AUTHENTICATIONS[name]
    arguments = recorded["verify_args"]
    credential = recorded["credential"]
    handle = credential["response"].get("userHandle")
    stored = StoredCredential(
        identifier=octets(credential["rawId"]),
        public_key=as_bytes(arguments["credential_public_key"]),
        counter=arguments["credential_current_sign_count"],
        user_handle=None if handle is None else octets(handle),
    )
    at = moment("2026-01-01")

    def verify() -> Claims:
        return webauthn.verify(
            json.dumps(credential).encode(),
            expected=py_expectations(arguments, b"", credential=stored),
            trust=production_trust(at),
            at=at,
        )

    assert (recorded["verdict"] == "invalid") == (rule is not None)
    if rule is not None:
        with refused(rule):
            verify()
        return
    assert verify().freshness.counter == recorded["returned"]["new_sign_count"]


# python-fido2: bare statements

FIDO2: dict[str, str | Rule] = {
    "test_android_safetynet_attestation-1": "basic",
    "test_apple_attestation-1": "anonca",
    "test_fido_u2f_attestation-1": "basic",
    "test_fido_u2f_attestation-2": rules.STATEMENT_SIGNATURE,
    "test_mldsa87_attestation-1": "basic",
    "test_none_attestation-1": "none",
    "test_none_attestation-2": rules.STATEMENT_FORM,
    "test_none_windows_hello_attestation-1": "none",
    "test_none_windows_hello_attestation-2": rules.STATEMENT_FORM,
    "test_packed_attestation-1": "basic",
    "test_packed_attestation-2": rules.STATEMENT_SIGNATURE,
    "test_tpm_windows_hello_attestation-1": "attca",
}


def test_every_recorded_statement_of_python_fido2_is_judged(vectors: Path) -> None:
    assert {path.stem for path in (vectors / "python-fido2").glob("test_*.json")} == set(FIDO2)


@pytest.mark.parametrize("name", FIDO2)
def test_recorded_statements_get_their_verdict(vectors: Path, name: str) -> None:
    recorded = load(vectors / f"python-fido2/{name}.json")
    data = read_authenticator_data(bytes.fromhex(recorded["authData_hex"]))
    at = moment("2021-09-01")
    assert data.credential is not None
    context = StatementContext(
        authenticator_data=data,
        credential=data.credential,
        client_data_hash=bytes.fromhex(recorded["clientDataHash_hex"]),
        credential_key=read_key(data.credential.public_key),
        exam=Examination(trust=production_trust(at), at=at, gaps=Gaps.REPORT),
        formats=STATEMENT_FORMATS,
    )
    verdict = FIDO2[name]

    def verify() -> StatementFacts:
        statement = cbor2.loads(bytes.fromhex(recorded["attStmt_cbor_hex"]))
        return STATEMENT_FORMATS[recorded["fmt"]](statement, context)

    assert (recorded["result"] == "statement-valid") == (type(verdict) is str)
    if isinstance(verdict, Rule):
        with refused(verdict):
            verify()
        return
    facts = verify()
    assert facts.attestation_type == verdict
    assert len(facts.certificates) == recorded["trust_path_len"]


def test_a_hash_of_another_ceremony_spoils_every_statement(vectors: Path) -> None:
    for name, verdict in FIDO2.items():
        if verdict == "none" or isinstance(verdict, Rule):
            continue
        recorded = load(vectors / f"python-fido2/{name}.json")
        data = read_authenticator_data(bytes.fromhex(recorded["authData_hex"]))
        assert data.credential is not None
        at = moment("2021-09-01")
        context = StatementContext(
            authenticator_data=data,
            credential=data.credential,
            client_data_hash=sha256(b"another").digest(),
            credential_key=read_key(data.credential.public_key),
            exam=Examination(trust=production_trust(at), at=at, gaps=Gaps.REPORT),
            formats=STATEMENT_FORMATS,
        )
        statement = cbor2.loads(bytes.fromhex(recorded["attStmt_cbor_hex"]))
        with pytest.raises(BadEvidence):
            STATEMENT_FORMATS[recorded["fmt"]](statement, context)
