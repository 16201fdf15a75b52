"""Android key attestation: recorded chains of real phones."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from tools.bench import floor
from tools.bench.case import Case, Limits, MakeCase, Request
from tools.bench.trust import production
from warifu.attestation.claims import Format
from warifu.attestation.evidence.facts.android_key import AndroidKeyExpectations
from warifu.attestation.evidence.readers.key_description import (
    KEY_DESCRIPTION_OID,
    read_key_description,
)
from warifu.base.pki.certificate import read_certificate

if TYPE_CHECKING:
    from pathlib import Path

P256_LIMIT = 2.0

CORPUS = "android-keyattestation"
CHAINS = {
    "akita/sdk34/TEE_EC_NONE": "Pixel 8a, TEE, remote",
    "caiman/sdk36/SB_EC_RKP": "Pixel 9 Pro, StrongBox, remote",
    "tegu/sdk36/TEE_EC_2026_ROOT": "Pixel 9a, TEE, remote, EC root",
    "tegu/sdk37/TEE_TRUSTED_CONF": "Pixel 9a, KeyMint 5, remote",
    "sony-xperia10-iii/sdk33/TEE_EC": "Xperia 10 III, TEE, factory",
    "blueline/sdk28/TEE_EC_NONE": "Pixel 3, TEE, factory",
    "blueline/sdk28/SB_RSA_NONE": "Pixel 3, StrongBox, factory, RSA",
    "tokay/sdk37/TEE_MLDSA_FACTORY": "Pixel 9, ML-DSA key, factory",
}
"""PEM as it is recorded, by what it is."""
ATTEST_KEY_CHAIN = "grapheneos-auditor/samples/5"
ATTEST_KEY_APP = "app.attestation.auditor"
ATTEST_KEY_MADE_AT = datetime.fromisoformat("2025-11-09T02:06:21+00:00")


def cases(vectors: Path) -> dict[str, MakeCase]:
    """One case for each of `CHAINS`, and one with an attest key, as DER."""
    listed = json.loads((vectors / CORPUS / "facts.json").read_bytes())
    facts = {entry["file"]: entry for entry in listed}
    made: dict[str, MakeCase] = {}
    for stem, title in CHAINS.items():
        file = f"testdata/{stem}.pem"
        found = facts[file]
        at = datetime.fromisoformat(found["created"])
        expected = AndroidKeyExpectations(
            challenge=bytes.fromhex(found["challenge_hex"]),
            app=found["app"]["packages"][0][0],
            signers=frozenset(map(bytes.fromhex, found["app"]["signatureDigests"])),
        )
        evidence = (vectors / CORPUS / file).read_bytes()
        made[f"android-key: {title}"] = partial(_case, evidence, expected, at, vectors)
    made["android-key: Pixel, StrongBox, attest key, remote (DER)"] = partial(
        _attest_key_case, vectors
    )
    return made


def _attest_key_case(vectors: Path) -> Case:
    folder = vectors / ATTEST_KEY_CHAIN
    blocks = [(folder / f"0_cert_{number}.der").read_bytes() for number in range(5)]
    leaf = read_certificate(blocks[0])
    description = read_key_description(leaf.extensions[KEY_DESCRIPTION_OID].value)
    expected = AndroidKeyExpectations(challenge=description.challenge, app=ATTEST_KEY_APP)
    return _case(b"".join(blocks), expected, ATTEST_KEY_MADE_AT, vectors)


def _case(evidence: bytes, expected: AndroidKeyExpectations, at: datetime, vectors: Path) -> Case:
    request = Request(
        format=Format.ANDROID_KEY,
        evidence=evidence,
        expected=expected,
        trust=production(at, vectors),
        at=at,
    )
    chain = request.verify().chain
    # The described keys and the attestation certificate above them are new for every device.
    count = 1 + sum(KEY_DESCRIPTION_OID in certificate.extensions for certificate in chain)
    signers = [floor.kind_of(certificate.public_key) for certificate in chain[1 : count + 1]]
    return Case(
        request=request,
        floor=floor.together(floor.chain(chain, count)),
        floor_counts=f"{count} certificates, by {', '.join(signers)}",
        limits=Limits(floor=P256_LIMIT if set(signers) == {"P-256"} else None),
    )
