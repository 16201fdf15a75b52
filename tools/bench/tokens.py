"""Tokens that Google's servers sign."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import cbor2
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

from tools.bench import floor, peers
from tools.bench.case import Case, MakeCase, Request
from tools.bench.trust import production
from warifu.attestation.claims import Format
from warifu.attestation.evidence.facts.play_integrity import PlayIntegrityExpectations
from warifu.attestation.evidence.facts.safetynet import SafetyNetExpectations
from warifu.attestation.evidence.safetynet import open_response, read_made_at
from warifu.attestation.trust.view import TrustView
from warifu.base.codec.jose import Jws, read_jws
from warifu.base.codec.text import from_base64url
from warifu.base.pki.signature import ECDSA_SHA256, RSA_SHA256
from warifu.base.secret import Secret
from warifu.handset.play_integrity import (
    CHALLENGE,
    MADE_AT,
    PACKAGE,
    SIGNER,
    PlayIntegrityDevice,
    honest_verdict,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tools.bench.case import Work

SAFETYNET = (
    "py_webauthn/registration_response_android_safetynet"
    "--test_verify_attestation_android_safetynet.json"
)


def cases(vectors: Path) -> dict[str, MakeCase]:
    """A recorded SafetyNet response."""
    return {"safetynet: Pixel, 2021": partial(_safetynet, vectors)}


def simulated_cases() -> dict[str, MakeCase]:
    """Evidence made on the spot: no token was ever published together with its keys."""
    return {
        "play-integrity: standard (simulated)": partial(_play_integrity, classic=False),
        "play-integrity: classic (simulated)": partial(_play_integrity, classic=True),
    }


def _play_integrity(*, classic: bool) -> Case:
    device = PlayIntegrityDevice(verdict=honest_verdict(classic=classic))
    token = device.token()
    at = MADE_AT + timedelta(seconds=5)
    request = Request(
        format=Format.PLAY_INTEGRITY,
        evidence=token,
        expected=PlayIntegrityExpectations(
            app=PACKAGE,
            challenge=CHALLENGE,
            decryption_key=Secret(device.decryption_key),
            verification_key=device.verification_key,
            certificate_digests=frozenset({SIGNER}),
            app_recognition=frozenset({"PLAY_RECOGNIZED"}),
            device_labels=frozenset({"MEETS_DEVICE_INTEGRITY"}),
        ),
        trust=TrustView(known_at=at),
        at=at,
    )
    peer = peers.pyattest_play_integrity(
        token,
        CHALLENGE,
        decryption_key=device.decryption_key,
        verification_key=device.verification_key,
        app=PACKAGE,
    )
    return Case(
        request=request,
        floor=_open_token(token, device),
        floor_counts="AES unwrap and decryption, 1 signature, P-256",
        peers={peers.PYATTEST: peer},
    )


def _open_token(token: bytes, device: PlayIntegrityDevice) -> Work:
    """Unwrap, decrypt, verify; the verification key is the app's own and loaded beforehand."""
    header, *parts = token.split(b".")
    wrapped, nonce, sealed, tag = map(from_base64url, parts)
    sealed += tag
    key = device.decryption_key
    inner = AESGCM(aes_key_unwrap(key, wrapped)).decrypt(nonce, sealed, header)
    jws = read_jws(inner, algorithms=frozenset({"ES256"}))
    check = floor.signature(
        ECDSA_SHA256, device.verification_key, _der_signature(jws), jws.signed, remembered=True
    )

    def run() -> object:
        AESGCM(aes_key_unwrap(key, wrapped)).decrypt(nonce, sealed, header)
        return check()

    return run


def _der_signature(jws: Jws) -> bytes:
    half = len(jws.signature) // 2
    return encode_dss_signature(
        int.from_bytes(jws.signature[:half], "big"), int.from_bytes(jws.signature[half:], "big")
    )


def _safetynet(vectors: Path) -> Case:
    recorded = json.loads((vectors / SAFETYNET).read_bytes())
    statement = cbor2.loads(from_base64url(recorded["attestationObject_b64url"]))
    evidence: bytes = statement["attStmt"]["response"]
    at = read_made_at(evidence) + timedelta(seconds=1)
    payload = open_response(evidence).payload
    request = Request(
        format=Format.SAFETYNET,
        evidence=evidence,
        expected=SafetyNetExpectations(
            app=payload.apk_package_name, challenge=payload.nonce_bytes, basic_integrity=True
        ),
        trust=production(at, vectors),
        at=at,
    )
    chain = request.verify().chain
    jws = read_jws(evidence, algorithms=frozenset({"RS256"}), key_headers=frozenset({"x5c"}))
    own = floor.signature(RSA_SHA256, chain[0].public_key, jws.signature, jws.signed)
    return Case(
        request=request,
        floor=floor.together([own, *floor.chain(chain, 1)]),
        floor_counts=f"1 signature and its certificate, {floor.kind_of(chain[0].public_key)}",
    )
