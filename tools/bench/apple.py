"""App Attest: recorded attestations, assertions and receipts."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

import yaml
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from tools.bench import floor, peers
from tools.bench.case import Case, Limits, MakeCase, Request
from tools.bench.trust import production
from warifu.attestation.claims import Format
from warifu.attestation.evidence.facts.app_attest import AppAttestExpectations, Environment
from warifu.attestation.evidence.facts.app_attest_assertion import (
    AppAttestAssertionExpectations,
    ChallengePlace,
)
from warifu.attestation.evidence.facts.app_attest_receipt import AppAttestReceiptExpectations
from warifu.attestation.evidence.readers.app_attest import read_assertion
from warifu.base.pki.cms import read_signed_data
from warifu.base.pki.signature import ECDSA_SHA256

if TYPE_CHECKING:
    from pathlib import Path

ASSERTION_LIMIT = 1.6

ATTESTATION = "uebelack-node-app-attest/attestation-production.json"
ATTESTATION_MADE_AT = datetime(2024, 2, 7, 21, 9, tzinfo=UTC)
ASSERTION = "uebelack-node-app-attest/assertion.json"
APP = "V8H6LQ9448.io.uebelacker.AppAttestExample"
OLDER = "veehaitch-appattest/ios-14.4.yaml"


def cases(vectors: Path) -> dict[str, MakeCase]:
    """An attestation, an assertion over a text and one over JSON, and a receipt."""
    older = list(yaml.safe_load_all((vectors / OLDER).read_text("utf-8")))
    kinds = {entry["type"]: entry for entry in reversed(older)}
    return {
        "app-attest: iOS 17.2": partial(_attestation, vectors),
        "app-attest-assertion: iOS 14.4": partial(
            _assertion_over_text, kinds["assertion"], vectors
        ),
        "app-attest-assertion: iOS 17.2": partial(_assertion_over_json, vectors),
        "app-attest-receipt: iOS 14.4": partial(_receipt, kinds["receipt"], vectors),
    }


def _attestation(vectors: Path) -> Case:
    recorded = json.loads((vectors / ATTESTATION).read_bytes())
    evidence = b64decode(recorded["attestation"])
    challenge = b64decode(recorded["challenge"])
    key_identifier = b64decode(recorded["keyId"])
    request = Request(
        format=Format.APP_ATTEST,
        evidence=evidence,
        expected=AppAttestExpectations(
            challenge=challenge,
            app=APP,
            key_identifier=key_identifier,
            environment=Environment.PRODUCTION,
        ),
        trust=production(ATTESTATION_MADE_AT, vectors),
        at=ATTESTATION_MADE_AT,
    )
    return Case(
        request=request,
        floor=floor.together(floor.chain(request.verify().chain, 1)),
        floor_counts="1 certificate, by P-384",
        peers={
            peers.PYATTEST: peers.pyattest_attestation(
                evidence, challenge, key_identifier, app=APP, at=ATTESTATION_MADE_AT
            )
        },
    )


def _assertion_over_json(vectors: Path) -> Case:
    """Recorded without a challenge: a part of the client data stands in for it."""
    recorded = json.loads((vectors / ASSERTION).read_bytes())
    expected = AppAttestAssertionExpectations(
        app=APP,
        public_key=_spki(recorded["publicKey"]),
        client_data=recorded["payload"].encode(),
        challenge=b'"message":"Lorem ipsum dolor',
        challenge_place=ChallengePlace.CONTAINED,
        counter=0,
    )
    evidence = b64decode(recorded["assertion"])
    return _assertion(evidence, expected, ATTESTATION_MADE_AT, vectors)


def _assertion_over_text(recorded: dict[str, str], vectors: Path) -> Case:
    client_data = b64decode(recorded["clientDataBase64"])
    expected = AppAttestAssertionExpectations(
        app=f"{recorded['teamIdentifier']}.{recorded['bundleIdentifier']}",
        public_key=_spki(recorded["publicKey"]),
        client_data=client_data,
        challenge=client_data,
        counter=0,
    )
    evidence = b64decode(recorded["assertionBase64"])
    at = datetime.fromisoformat(recorded["timestamp"])
    return _assertion(evidence, expected, at, vectors)


def _assertion(
    evidence: bytes, expected: AppAttestAssertionExpectations, at: datetime, vectors: Path
) -> Case:
    request = Request(
        format=Format.APP_ATTEST_ASSERTION,
        evidence=evidence,
        expected=expected,
        trust=production(at, vectors),
        at=at,
    )
    spki, client_data = expected.public_key or b"", expected.client_data or b""
    read = read_assertion(evidence)
    nonce = sha256(read.authenticator_data + sha256(client_data).digest()).digest()
    return Case(
        request=request,
        floor=floor.signature(ECDSA_SHA256, spki, read.signature, nonce),
        floor_counts="1 signature, P-256",
        limits=Limits(floor=ASSERTION_LIMIT),
        peers={peers.PYATTEST: peers.pyattest_assertion(evidence, client_data, spki)},
    )


def _receipt(recorded: dict[str, str], vectors: Path) -> Case:
    evidence = b64decode(recorded["receiptBase64"])
    at = datetime.fromisoformat(recorded["timestamp"])
    request = Request(
        format=Format.APP_ATTEST_RECEIPT,
        evidence=evidence,
        expected=AppAttestReceiptExpectations(
            app=f"{recorded['teamIdentifier']}.{recorded['bundleIdentifier']}",
            public_key=_spki(recorded["publicKey"]),
            environment=Environment.DEVELOPMENT,
        ),
        trust=production(at, vectors),
        at=at,
    )
    signed = read_signed_data(evidence)
    own = floor.signature(
        signed.scheme,
        signed.chain[0].public_key,
        signed.signature,
        signed.attributes or signed.content,
    )
    return Case(
        request=request,
        floor=floor.together([own, *floor.chain(request.verify().chain, 1)]),
        floor_counts="1 signature and its certificate, P-256",
    )


def _spki(pem: str) -> bytes:
    return load_pem_public_key(pem.encode()).public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
