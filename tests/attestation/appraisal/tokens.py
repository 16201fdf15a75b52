"""Signed results for tests: signers, pinned keys, and tokens as anybody could write them."""

from __future__ import annotations

from typing import Any

import cbor2

from tests.support import moment
from warifu.attestation.appraisal.ear.document import (
    Ear,
    EarAppraisal,
    EarProfile,
    VerifierId,
)
from warifu.attestation.appraisal.vector import Tier, TrustVector
from warifu.base.keys.signer import SoftwareSigner
from warifu.handset.jose_writer import encoded, json_bytes

AT = moment("2026-09-20T09:00:10Z")
ISSUED = int(moment("2026-09-20T09:00:00Z").timestamp())
US = VerifierId(developer="https://warifu.example", build="warifu 0.1")


def signer(algorithm: str = "ES256", seed: int = 1) -> SoftwareSigner:
    return SoftwareSigner.generate(algorithm, lambda count: bytes([seed]) * count)


SIGNER = signer()
PINNED = {SIGNER.key_id: SIGNER.public_key}


def ear(**changes: Any) -> Ear:
    stated: dict[str, Any] = {
        "profile": EarProfile.DRAFT_04,
        "issued_at": ISSUED,
        "expires_at": ISSUED + 300,
        "verifier": US,
        "nonces": (b"12345678",),
        "raw_evidence": b"evidence",
        "status": Tier.WARNING,
        "submodules": {
            "device": EarAppraisal(
                status=Tier.WARNING,
                vector=TrustVector(configuration=32, executables=3),
                policy_ids=("policy", "sha-256:00"),
                attester_claims={"a": 1},
                verifier_claims={"b": [1, 2]},
            ),
            "key": EarAppraisal(
                status=Tier.AFFIRMING,
                vector=TrustVector(storage_opaque=2),
                attested_key=b"\x30\x00",
            ),
        },
    }
    return Ear(**(stated | changes))


def jwt_of(document: Any, *, by: SoftwareSigner = SIGNER, **header: Any) -> bytes:
    """A signed JWT of anything, with any header."""
    full = {"alg": by.algorithm} | header
    signed = encoded(json_bytes(full)) + b"." + encoded(json_bytes(document))
    return signed + b"." + encoded(by.sign(signed))


def cwt_of(
    document: Any,
    *,
    by: SoftwareSigner = SIGNER,
    protected: Any = None,
    unprotected: Any = None,
    algorithm: object = -7,
) -> list[Any]:
    """The four parts of a COSE_Sign1 of anything."""
    header = cbor2.dumps({1: algorithm} if protected is None else protected)
    payload = document if isinstance(document, bytes) else cbor2.dumps(document)
    proof = by.sign(cbor2.dumps(["Signature1", header, b"", payload]))
    return [header, unprotected or {}, payload, proof]
