"""What an EAR says, member by member, and its limits, each just met and just missed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.attestation.appraisal.tokens import ISSUED, US, ear
from tests.attestation.appraisal.worlds import AT, HONEST, NOW, judged, trust
from tests.support import refused
from warifu.attestation.appraisal import rules
from warifu.attestation.appraisal.ear.document import Ear, EarAppraisal, EarProfile, ear_of
from warifu.attestation.appraisal.ear.reading import (
    MAX_NONCES,
    MAX_POLICIES,
    MAX_SECONDS,
    MAX_SUBMODULES,
    MAX_TEXT,
    read_claims,
)
from warifu.attestation.appraisal.ear.writing import write_claims
from warifu.attestation.appraisal.vector import HIGHEST, LOWEST, Tier
from warifu.base.codec.text import to_base64url

JSON_CLAIMS = write_claims(ear(), in_json=True)
RELAXED = "[severity]\n'device.boot-locked' = 'warn'\n"


def test_an_ear_says_of_an_appraisal_exactly_this() -> None:
    known_at = NOW + timedelta(seconds=7)
    result = judged(
        HONEST["android-key"](boot={"locked": False}),
        RELAXED,
        believed=trust(known_at=known_at),
        now=NOW + timedelta(seconds=9),
    )
    policy_ids = ("jp.example.bank/test", f"sha-256:{result.policy_digest}")

    def verifier_claims(submodule: str) -> dict[str, Any]:
        return {
            "basis": "claims",
            "realm": "production",
            "known-at": int(known_at.timestamp()),
            "evidence-made-at": int(AT.timestamp()),
            "format": "android-key",
            "findings": [
                {
                    "requirement": each.requirement,
                    "severity": each.severity.value,
                    "holds": each.requirement != "device.boot-locked",
                }
                for each in result.submodules[submodule].findings
            ],
            "relaxed": ["device.boot-locked"],
        }

    said = ear_of(
        result,
        verifier=US,
        expires_at=NOW + timedelta(minutes=5),
        nonce=b"12345678",
        attested_key=b"\x30\x00",
    )
    assert said == Ear(
        profile=EarProfile.DRAFT_04,
        issued_at=int(NOW.timestamp()) + 9,
        expires_at=int(NOW.timestamp()) + 300,
        verifier=US,
        nonces=(b"12345678",),
        submodules={
            name: EarAppraisal(
                status=result.submodules[name].status,
                vector=result.submodules[name].vector,
                policy_ids=policy_ids,
                verifier_claims=verifier_claims(name),
                attested_key=b"\x30\x00" if name == "key" else None,
            )
            for name in ("device", "app", "key")
        },
    )
    assert [len(part.findings) > 3 for part in result.submodules.values()] == [True] * 3


def test_what_is_not_known_is_left_out_of_an_ear() -> None:
    result = judged(HONEST["android-key"](boot=None))
    result = replace(result, evidence_made_at=None, format=None)
    claims = ear_of(result, verifier=US).submodules["device"].verifier_claims
    assert claims is not None
    assert claims.keys() == {"basis", "realm", "known-at", "findings", "relaxed"}
    unknown = [each["requirement"] for each in claims["findings"] if "holds" not in each]
    assert unknown == ["device.boot-locked", "device.boot-state"]


def many(number: int) -> dict[str, Any]:
    return {"submods": {str(each): {"ear_status": "none"} for each in range(number)}}


def part(**changes: Any) -> dict[str, Any]:
    return {"submods": {"x": {"ear_status": "none"} | changes}}


def vector(claim: int) -> dict[str, Any]:
    return part(ear_status="contraindicated", ear_trustworthiness_vector={"hardware": claim})


def nonce(length: int) -> dict[str, Any]:
    return {"eat_nonce": to_base64url(b"n" * length)}


@pytest.mark.parametrize(
    ("met", "missed"),
    [
        ({"iat": 0}, {"iat": -1}),
        ({"iat": MAX_SECONDS}, {"iat": MAX_SECONDS + 1}),
        ({"exp": 0}, {"exp": -1}),
        (nonce(8), nonce(7)),
        (nonce(64), nonce(65)),
        (
            {"eat_nonce": ["MTIzNDU2Nzg"] * MAX_NONCES},
            {"eat_nonce": ["MTIzNDU2Nzg"] * (MAX_NONCES + 1)},
        ),
        (many(MAX_SUBMODULES), many(MAX_SUBMODULES + 1)),
        (
            part(ear_appraisal_policy_ids=["p"] * MAX_POLICIES),
            part(ear_appraisal_policy_ids=["p"] * (MAX_POLICIES + 1)),
        ),
        (part(ear_appraisal_policy_ids=["p"]), part(ear_appraisal_policy_ids=[])),
        (
            {"ear_verifier_id": {"developer": "d" * MAX_TEXT, "build": "b"}},
            {"ear_verifier_id": {"developer": "d" * (MAX_TEXT + 1), "build": "b"}},
        ),
        (vector(LOWEST), vector(LOWEST - 1)),
        (vector(HIGHEST), vector(HIGHEST + 1)),
    ],
)
def test_a_claim_may_be_on_its_limit_and_not_beyond(
    met: dict[str, Any], missed: dict[str, Any]
) -> None:
    document = JSON_CLAIMS | {"ear_status": "contraindicated"}
    read_claims(document | met, in_json=True)
    with refused(rules.EAR_WELL_FORMED):
        read_claims(document | missed, in_json=True)


def test_without_a_nonce_there_is_none() -> None:
    document = {name: value for name, value in JSON_CLAIMS.items() if name != "eat_nonce"}
    assert read_claims(document, in_json=True) == ear(nonces=())
    assert read_claims(JSON_CLAIMS, in_json=True).issued_at == ISSUED
    assert read_claims(JSON_CLAIMS, in_json=True).status is Tier.WARNING
