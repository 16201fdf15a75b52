"""Recorded SafetyNet responses, taken out of the WebAuthn statements that carried them."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.support import production_trust, refused
from warifu.attestation.evidence.facts.safetynet import SafetyNetExpectations, SafetyNetFacts
from warifu.attestation.evidence.rules import safetynet as rules
from warifu.attestation.evidence.safetynet import read_made_at, verify
from warifu.attestation.examination import Gaps
from warifu.base.codec import cbor
from warifu.base.codec.text import from_base64url
from warifu.base.pki import path as paths

pytestmark = pytest.mark.vectors
GOOGLE_PLAY_SERVICES = "com.google.android.gms"


def from_tweag(vectors: Path) -> tuple[bytes, bytes]:
    path = vectors / "tweag-webauthn" / "responses" / "attestation" / "android-safetynet-01.json"
    response = json.loads(path.read_text("utf-8"))["response"]
    return _taken_out(
        cbor.decode_map(from_base64url(response["attestationObject"])),
        from_base64url(response["clientDataJSON"]),
    )


def from_py_webauthn(vectors: Path) -> tuple[bytes, bytes]:
    name = "registration_response_android_safetynet--test_verify_attestation_android_safetynet"
    entry = json.loads((vectors / "py_webauthn" / f"{name}.json").read_text("utf-8"))
    return _taken_out(
        cbor.decode_map(from_base64url(entry["attestationObject_b64url"])),
        from_base64url(entry["clientDataJSON_b64url"]),
    )


def from_fido2(vectors: Path) -> tuple[bytes, bytes]:
    path = vectors / "python-fido2" / "test_android_safetynet_attestation-1.json"
    entry = json.loads(path.read_text("utf-8"))
    statement = cbor.decode_map(bytes.fromhex(entry["attStmt_cbor_hex"]))
    signed = bytes.fromhex(entry["authData_hex"]) + bytes.fromhex(entry["clientDataHash_hex"])
    return statement["response"], sha256(signed).digest()


def _taken_out(attestation: dict[Any, Any], client_data: bytes) -> tuple[bytes, bytes]:
    signed = attestation["authData"] + sha256(client_data).digest()
    return attestation["attStmt"]["response"], sha256(signed).digest()


SOURCES = [
    pytest.param(from_tweag, "gts-root-r1", id="tweag"),
    pytest.param(from_py_webauthn, "gts-root-r1", id="py_webauthn"),
    pytest.param(from_fido2, "globalsign-root-r2", id="fido2"),
]


@pytest.mark.parametrize(("source", "anchor"), SOURCES)
def test_real_response_is_proved_as_of_its_time(vectors: Path, source: Any, anchor: str) -> None:
    response, nonce = source(vectors)
    at = read_made_at(response)
    claims = verify(
        response,
        expected=SafetyNetExpectations(
            app=GOOGLE_PLAY_SERVICES, challenge=nonce, cts_profile_match=True, basic_integrity=True
        ),
        trust=production_trust(at),
        at=at,
        gaps=Gaps.REFUSE,
    )
    assert claims.anchor == anchor
    assert claims.freshness.made_at == at
    assert isinstance(claims.detail, SafetyNetFacts)
    assert claims.detail.apk_digest is not None
    assert claims.detail.unlisted == {}


@pytest.mark.parametrize(("source", "anchor"), SOURCES)
def test_real_response_is_refused_today(vectors: Path, source: Any, anchor: str) -> None:
    response, nonce = source(vectors)
    late = read_made_at(response).replace(year=2025)
    with refused(paths.VALID_AT):
        verify(
            response,
            expected=SafetyNetExpectations(app=GOOGLE_PLAY_SERVICES, challenge=nonce),
            trust=production_trust(late),
            at=late,
        )


def test_real_response_is_no_answer_to_another_challenge(vectors: Path) -> None:
    response, _ = from_tweag(vectors)
    at = read_made_at(response)
    with refused(rules.NONCE):
        verify(
            response,
            expected=SafetyNetExpectations(app=GOOGLE_PLAY_SERVICES, challenge=bytes(32)),
            trust=production_trust(at),
            at=at,
        )
