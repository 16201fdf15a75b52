"""What each claim is called in each encoding (draft-ietf-rats-ear §3, RFC 9711, RFC 8392)."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from warifu.attestation.appraisal.vector import Entry, Tier


class Vocabulary(Struct, frozen=True, kw_only=True):
    """Labels of one encoding: text in JSON, numbers in CBOR."""

    in_json: bool
    """Bytes are base64url text and tiers have names; in CBOR they are bytes and numbers."""
    one_policy: bool = False
    """One policy identifier instead of a list."""
    profile: str | int
    issued_at: str | int
    expires_at: str | int
    nonce: str | int
    submodules: str | int
    status: str | int
    vector: str | int
    raw_evidence: str | int
    policy_ids: str | int
    verifier_id: str | int
    developer: str | int
    build: str | int
    attester_claims: str | int | None = None
    verifier_claims: str | int | None = None
    key_attestation: str | int
    entries: Mapping[Entry, str | int]


KEY_MEMBER = "akpub"
"""The one member of a key attestation, in every encoding."""
TIER_NAMES = {tier.label: tier for tier in Tier}
TIER_NUMBERS = {tier.value: tier for tier in Tier}

_JSON_ENTRIES: dict[Entry, str | int] = {entry: entry.value for entry in Entry}

JSON = Vocabulary(
    in_json=True,
    profile="eat_profile",
    issued_at="iat",
    expires_at="exp",
    nonce="eat_nonce",
    submodules="submods",
    status="ear_status",
    vector="ear_trustworthiness_vector",
    raw_evidence="ear_raw_evidence",
    policy_ids="ear_appraisal_policy_ids",
    verifier_id="ear_verifier_id",
    developer="developer",
    build="build",
    attester_claims="ear_attester_claims",
    verifier_claims="ear_verifier_claims",
    key_attestation="ear_veraison_key_attestation",
    entries=_JSON_ENTRIES,
)
CBOR = Vocabulary(
    in_json=False,
    profile=265,
    issued_at=6,
    expires_at=4,
    nonce=10,
    submodules=266,
    status=1000,
    vector=1001,
    raw_evidence=1002,
    policy_ids=1003,
    verifier_id=1004,
    developer=0,
    build=1,
    attester_claims=1005,
    verifier_claims=1006,
    key_attestation=-70002,
    entries={entry: number for number, entry in enumerate(Entry)},
)
VERAISON_JSON = Vocabulary(
    in_json=True,
    one_policy=True,
    profile="eat_profile",
    issued_at="iat",
    expires_at="exp",
    nonce="eat_nonce",
    submodules="submods",
    status="ear.status",
    vector="ear.trustworthiness-vector",
    raw_evidence="ear.raw-evidence",
    policy_ids="ear.appraisal-policy-id",
    verifier_id="ear.verifier-id",
    developer="developer",
    build="build",
    key_attestation="ear.veraison.key-attestation",
    entries=_JSON_ENTRIES,
)
