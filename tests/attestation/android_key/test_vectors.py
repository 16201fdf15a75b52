"""Chains of real phones give the verdict and the facts that their README states."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.attestation.android_key.world import detail_of, open_rules, used
from tests.support import no_statement, production_trust, refused
from tests.vectors import vectors_dir
from warifu.attestation.claims import Claims, SecurityLevel
from warifu.attestation.evidence.android_key import verify
from warifu.attestation.evidence.facts.android_key import (
    AndroidKeyExpectations,
    AuthorizationList,
    ProvisioningMethod,
)
from warifu.attestation.evidence.readers.key_description import (
    KEY_DESCRIPTION_OID,
    TAGS_UNORDERED,
    KeyDescription,
    read_key_description,
)
from warifu.attestation.evidence.rules import android_key as rules
from warifu.attestation.examination import Gaps
from warifu.attestation.trust import revocation
from warifu.attestation.trust.boot_keys import BootKeyEntry, BootKeys
from warifu.attestation.trust.revocation import RevocationList
from warifu.base.codec import der, text
from warifu.base.pki import path, signature
from warifu.base.pki.certificate import ALGORITHM_PARAMETERS_NULL, read_certificate
from warifu.base.rule import Rule

pytestmark = pytest.mark.vectors

GOOGLE = "android-keyattestation"
REFUSED: dict[str, Rule] = {
    "testdata/allow_while_on_body.pem": path.ANCHORED,
    "testdata/invalid/tags_not_in_ascending_order.pem": signature.SIGNATURE,
    "testdata/marlin/sdk29/TEE_EC_NONE.pem": path.ANCHORED,
    "testdata/marlin/sdk29/TEE_RSA_NONE.pem": path.ANCHORED,
    "testdata/p256_sha384_intermediate.pem": path.ANCHORED,
}
LENIENT: dict[str, set[str]] = {
    "testdata/invalid/malformed_rot_device_locked.pem": {der.TRUE_NOT_FF.name},
    "testdata/sony-xperia10-iii/sdk33/TEE_EC.pem": {
        rules.BATCH_NOT_AUTHORITY.name,
        rules.EXPIRED_FACTORY_CHAIN.name,
    },
    **{
        f"testdata/blueline/sdk28/{name}.pem": {rules.PATCH_LEVEL_FORM.name}
        for name in (
            "SB_RSA_NONE",
            "SB_RSA_NONE_USERAUTH",
            "TEE_EC_NONE",
            "TEE_RSA_BASE+IMEI",
            "TEE_RSA_NONE",
        )
    },
}
REMOTE = ("akita", "caiman", "tegu", "tokay/sdk37/TEE_MLDSA_RKP")
LEVELS = {
    "Software": SecurityLevel.SOFTWARE,
    "TrustedEnvironment": SecurityLevel.TRUSTED_ENVIRONMENT,
    "StrongBox": SecurityLevel.SECURE_ELEMENT,
}


def recorded() -> dict[str, dict[str, Any]]:
    folder = vectors_dir()
    if folder is None:
        return {}
    listed = json.loads((folder / GOOGLE / "facts.json").read_text("utf-8"))
    return {entry["file"]: entry for entry in listed}


FACTS = recorded()
ACCEPTED = [file for file in FACTS if file not in REFUSED]
DESCRIBED = [file for file, entry in FACTS.items() if "created" in entry]


def created(entry: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["created"])


def expected_of(entry: dict[str, Any]) -> AndroidKeyExpectations:
    return AndroidKeyExpectations(
        challenge=bytes.fromhex(entry["challenge_hex"]),
        app=entry["app"]["packages"][0][0],
        signers=frozenset(map(bytes.fromhex, entry["app"]["signatureDigests"])) or None,
    )


def judge(
    evidence: bytes,
    at: datetime,
    expected: AndroidKeyExpectations,
    *,
    gaps: Gaps = Gaps.REFUSE,
    **parts: Any,
) -> Claims:
    parts.setdefault("revocation", RevocationList(entries={}, confirmed_at=at))
    trust = production_trust(at, **parts)
    return verify(evidence, expected=expected, trust=trust, at=at, gaps=gaps)


def description_of(evidence: bytes) -> KeyDescription:
    leaf = read_certificate(text.from_pem_certificates(evidence)[0])
    return read_key_description(leaf.extensions[KEY_DESCRIPTION_OID].value)


@pytest.mark.parametrize("file", ACCEPTED)
def test_a_real_chain_is_accepted_at_its_time(vectors: Path, file: str) -> None:
    entry = FACTS[file]
    claims = judge((vectors / GOOGLE / file).read_bytes(), created(entry), expected_of(entry))
    assert claims.unchecked == ()
    assert set(used(claims)) == LENIENT.get(file, set())
    ecdsa = entry["root"].startswith("google-ecdsa")
    assert claims.anchor is not None
    assert claims.anchor.startswith("google-key-attestation-ecdsa") is ecdsa
    remote = any(mark in file for mark in REMOTE) and "FACTORY" not in file
    wanted = ProvisioningMethod.REMOTE if remote else ProvisioningMethod.FACTORY
    assert detail_of(claims).provisioning.method is wanted
    assert len(claims.chain) == entry["certs"]


@pytest.mark.parametrize("file", ACCEPTED)
def test_the_claims_of_a_real_chain_are_the_recorded_facts(vectors: Path, file: str) -> None:
    entry = FACTS[file]
    claims = judge((vectors / GOOGLE / file).read_bytes(), created(entry), expected_of(entry))
    assert claims.boot is not None
    assert claims.boot.locked is entry["deviceLocked"]
    assert claims.boot.state is not None
    assert claims.boot.state.value == entry["verifiedBootState"].lower()
    assert claims.boot.key == bytes.fromhex(entry["verifiedBootKey"])
    assert claims.key is not None
    assert claims.key.attested_by is LEVELS[entry["attestationSecurityLevel"]]
    assert claims.key.security_level is LEVELS[entry["keymintSecurityLevel"]]
    assert claims.freshness.made_at == created(entry)
    device, ids = claims.device, entry["device_ids"]
    assert device is not None
    assert (device.brand, device.name, device.product) == (
        ids.get("brand"),
        ids.get("device"),
        ids.get("product"),
    )
    assert (device.manufacturer, device.model) == (ids.get("manufacturer"), ids.get("model"))
    assert device.imei[:1] == ((ids["imei"],) if "imei" in ids else ())
    system = claims.operating_system
    assert system is not None
    for found, recorded_level in (
        (system.patch_level, entry["osPatchLevel"]),
        (system.vendor_patch_level, entry["vendorPatchLevel"]),
        (system.boot_patch_level, entry["bootPatchLevel"]),
    ):
        assert (found or "").replace("-", "") == str(recorded_level or "")
    assert claims.app is not None
    assert [[package.name, package.version] for package in claims.app.packages] == (
        entry["app"]["packages"]
    )
    assert [digest.hex() for digest in claims.app.signers] == entry["app"]["signatureDigests"]


@pytest.mark.parametrize("file", DESCRIBED)
def test_every_recorded_fact_is_read(vectors: Path, file: str) -> None:
    entry = FACTS[file]
    found = description_of((vectors / GOOGLE / file).read_bytes())
    hardware, software = found.hardware_enforced, found.software_enforced
    assert found.attestation_version == entry["attestationVersion"]
    assert found.attestation_level is LEVELS[entry["attestationSecurityLevel"]]
    assert found.keymint_version == entry["keymintVersion"]
    assert found.keymint_level is LEVELS[entry["keymintSecurityLevel"]]
    assert found.challenge.hex() == entry["challenge_hex"]
    assert (TAGS_UNORDERED not in found.leniencies) is entry["tags_ordered"]
    assert (hardware.root_of_trust is not None) is (entry["rootOfTrust_in"] == "hw")
    assert software.root_of_trust is None
    assert (hardware.os_version, hardware.os_patch_level) == (
        entry["osVersion"],
        entry["osPatchLevel"],
    )
    assert hardware.vendor_patch_level == entry["vendorPatchLevel"]
    assert hardware.boot_patch_level == entry["bootPatchLevel"]
    assert hardware.origin == entry["origin"]
    assert list(hardware.purpose or ()) == entry["purpose"]
    assert hardware.user_auth_type == entry["userAuthType"]
    assert hardware.no_auth_required == entry["noAuthRequired"]
    assert software.allow_while_on_body == entry["unusual"].get("allowWhileOnBody")
    assert software.usage_count_limit == entry["unusual"].get("usageCountLimit")
    assert hardware.trusted_confirmation_required == entry["unusual"].get("trustedConfirmation")
    assert hardware.ml_dsa_variant == entry["unusual"].get("mlDsaVariant")
    assert hardware.unknown == software.unknown == {}


@pytest.mark.parametrize("file", list(REFUSED))
def test_a_real_chain_to_be_refused_is_refused(vectors: Path, file: str) -> None:
    entry = FACTS[file]
    at = created(entry) if "created" in entry else datetime.fromisoformat("2025-01-01T00:00:00Z")
    with refused(REFUSED[file]):
        judge(
            (vectors / GOOGLE / file).read_bytes(), at, AndroidKeyExpectations(), gaps=Gaps.REPORT
        )


@pytest.mark.parametrize("file", ACCEPTED)
def test_a_real_chain_for_another_challenge_is_refused(vectors: Path, file: str) -> None:
    entry = FACTS[file]
    with refused(rules.CHALLENGE):
        judge(
            (vectors / GOOGLE / file).read_bytes(),
            created(entry),
            AndroidKeyExpectations(challenge=b"another"),
        )


@pytest.mark.parametrize("days", [-120, 120])
@pytest.mark.parametrize("file", ACCEPTED)
def test_only_remotely_provisioned_chains_expire(vectors: Path, file: str, days: int) -> None:
    entry = FACTS[file]
    evidence = (vectors / GOOGLE / file).read_bytes()
    at = created(entry) + timedelta(days=days)
    method = detail_of(judge(evidence, created(entry), expected_of(entry))).provisioning.method
    authorities = [read_certificate(block) for block in text.from_pem_certificates(evidence)[1:-1]]
    too_early = any(at < authority.not_before for authority in authorities)
    too_late = any(at > authority.not_after for authority in authorities)
    if too_early or (too_late and method is ProvisioningMethod.REMOTE):
        with refused(path.VALID_AT):
            judge(evidence, at, expected_of(entry))
    else:
        assert method is ProvisioningMethod.FACTORY
        assert judge(evidence, at, expected_of(entry)).anchor is not None


@pytest.mark.parametrize("file", ACCEPTED)
def test_without_a_revocation_list_a_real_chain_gets_no_statement(vectors: Path, file: str) -> None:
    entry = FACTS[file]
    evidence = (vectors / GOOGLE / file).read_bytes()
    with no_statement(rules.NOT_REVOKED):
        judge(evidence, created(entry), expected_of(entry), revocation=None)
    claims = judge(evidence, created(entry), expected_of(entry), revocation=None, gaps=Gaps.REPORT)
    assert open_rules(claims) == {rules.NOT_REVOKED.code}


@pytest.mark.parametrize("year", [2021, 2023, 2025])
@pytest.mark.parametrize("file", ACCEPTED)
def test_no_recorded_chain_is_on_googles_lists(vectors: Path, file: str, year: int) -> None:
    entry = FACTS[file]
    at = created(entry)
    (snapshot,) = (vectors / "google-revocation-status").glob(f"status-{year}-*.json")
    listed = revocation.parse(snapshot.read_bytes(), confirmed_at=at)
    evidence = (vectors / GOOGLE / file).read_bytes()
    assert judge(evidence, at, expected_of(entry), revocation=listed).unchecked == ()


@pytest.mark.parametrize("spelling", ["x", "032x", "d"])
@pytest.mark.parametrize("position", [0, 1, 2, 3, 4])
@pytest.mark.parametrize(
    "file",
    ["testdata/sony-xperia10-iii/sdk33/TEE_EC.pem", "testdata/caiman/sdk36/TEE_EC_RKP.pem"],
)
def test_a_real_chain_with_a_listed_certificate_is_refused(
    vectors: Path, file: str, position: int, spelling: str
) -> None:
    entry = FACTS[file]
    evidence = (vectors / GOOGLE / file).read_bytes()
    chain = [read_certificate(block) for block in text.from_pem_certificates(evidence)]
    serial = chain[min(position, len(chain) - 1)].serial
    # Google spells serials beyond 64 bits in hex only, and so must a list that we are to read.
    key = format(serial, spelling if serial < 1 << 64 else "x")
    document = json.dumps({"entries": {key: {"status": "REVOKED"}}}).encode()
    listed = revocation.parse(document, confirmed_at=created(entry))
    with refused(rules.NOT_REVOKED):
        judge(evidence, created(entry), expected_of(entry), revocation=listed)


def pixel_3(vectors: Path, name: str) -> bytes:
    folder = vectors / "google-android-key-attestation" / f"algorithm_{name}"
    return b"".join((folder / f"cert{number}.pem").read_bytes() for number in range(4))


@pytest.mark.parametrize("algorithm", ["EC", "RSA"])
def test_a_pixel_3_tee_chain_of_googles_sample_is_accepted(vectors: Path, algorithm: str) -> None:
    at = datetime.fromisoformat("2018-07-29T12:00:00Z")
    expected = AndroidKeyExpectations(challenge=b"abc", app="android")
    claims = judge(pixel_3(vectors, f"{algorithm}_SecurityLevel_TEE"), at, expected)
    assert claims.boot is not None
    assert claims.boot.locked is False
    assert claims.app is not None
    assert len(claims.app.packages) == 13
    assert claims.freshness.made_at is not None
    assert claims.freshness.made_at.date().isoformat() == "2018-07-29"
    assert claims.operating_system is not None
    assert claims.operating_system.version is None
    assert claims.operating_system.patch_level == "2019-07"
    assert detail_of(claims).attestation_version == 3
    assert (
        judge(
            pixel_3(vectors, f"{algorithm}_SecurityLevel_TEE"),
            datetime.fromisoformat("2026-11-21T00:00:00Z"),
            expected,
        ).anchor
        == "google-hardware-attestation-rsa-2022"
    )


@pytest.mark.parametrize(("algorithm", "rule"), [("EC", path.NAMES_CHAIN), ("RSA", path.ANCHORED)])
def test_a_strongbox_chain_below_a_root_that_is_not_googles_is_refused(
    vectors: Path, algorithm: str, rule: Rule
) -> None:
    at = datetime.fromisoformat("2019-07-15T12:00:00Z")
    with refused(rule):
        judge(
            pixel_3(vectors, f"{algorithm}_SecurityLevel_StrongBox"),
            at,
            AndroidKeyExpectations(challenge=b"abc", app="android"),
        )


def test_null_parameters_of_a_titan_m_leaf_are_read_and_counted(vectors: Path) -> None:
    evidence = pixel_3(vectors, "EC_SecurityLevel_StrongBox")
    leaf = read_certificate(text.from_pem_certificates(evidence)[0])
    assert leaf.leniencies == (ALGORITHM_PARAMETERS_NULL,)
    assert description_of(evidence).attestation_level is SecurityLevel.SECURE_ELEMENT


GRAPHENE = {
    "4/0_cert-{}.der.x509": (4, "2023-06-28T14:30:53.085Z", 73, ProvisioningMethod.FACTORY),
    "4/1_cert-{}.der.x509": (5, "2023-06-28T14:32:10Z", 73, ProvisioningMethod.REMOTE),
    "5/0_cert_{}.der": (5, "2025-11-09T02:06:21Z", 90, ProvisioningMethod.REMOTE),
}
GRAPHENE_KEY = bytes.fromhex("9e6a8f3e0d761a780179f93acd5721ba1ab7c8c537c7761073c0a754b0e932de")


def graphene(vectors: Path, pattern: str) -> list[bytes]:
    folder = vectors / "grapheneos-auditor" / "samples"
    return [
        (folder / pattern.format(number)).read_bytes() for number in range(GRAPHENE[pattern][0])
    ]


@pytest.mark.parametrize("pattern", list(GRAPHENE))
def test_a_real_attest_key_chain_is_accepted(vectors: Path, pattern: str) -> None:
    chain = graphene(vectors, pattern)
    _, made_at, version, method = GRAPHENE[pattern]
    at = datetime.fromisoformat(made_at)
    leaf = read_certificate(chain[0])
    challenge = read_key_description(leaf.extensions[KEY_DESCRIPTION_OID].value).challenge
    known = BootKeyEntry(key=GRAPHENE_KEY, os="GrapheneOS", device=None, provenance={})
    claims = judge(
        b"".join(chain),
        at,
        AndroidKeyExpectations(challenge=challenge, app="app.attestation.auditor"),
        boot_keys=BootKeys(entries={GRAPHENE_KEY: known}),
    )
    detail = detail_of(claims)
    assert detail.attest_keys == 1
    assert detail.provisioning.method is method
    assert claims.app is not None
    assert claims.app.packages[0].version == version
    assert claims.boot is not None
    assert claims.boot.locked is True
    assert claims.key is not None
    assert claims.key.attested_by is SecurityLevel.SECURE_ELEMENT
    assert claims.freshness.made_at is not None
    assert abs(claims.freshness.made_at - at) < timedelta(seconds=1)
    graphene_os = pattern.startswith("5")
    assert claims.boot.state == ("self-signed" if graphene_os else "verified")
    assert detail.boot_key_name == ("GrapheneOS" if graphene_os else None)
    assert used(claims) == {rules.ATTEST_KEY_NOT_AUTHORITY.name: 1}


def test_a_real_attest_key_without_the_key_it_attests_is_a_chain_of_its_own(
    vectors: Path,
) -> None:
    """An attest key is an attested key too: what it may do is in its purposes."""
    chain = graphene(vectors, "4/0_cert-{}.der.x509")[1:]
    at = datetime.fromisoformat("2023-06-28T14:30:53Z")
    claims = judge(b"".join(chain), at, AndroidKeyExpectations(), gaps=Gaps.REPORT)
    assert detail_of(claims).hardware_enforced.purpose == (7,)


GOOGLE_NAMES = {
    "purposes": "purpose",
    "algorithms": "algorithm",
    "keySize": "key_size",
    "blockModes": "block_mode",
    "digests": "digest",
    "paddings": "padding",
    "ecCurve": "ec_curve",
    "mlDsaVariant": "ml_dsa_variant",
    "rsaPublicExponent": "rsa_public_exponent",
    "rsaOaepMgfDigests": "rsa_oaep_mgf_digest",
    "activeDateTime": "active_date_time",
    "originationExpireDateTime": "origination_expire_date_time",
    "usageExpireDateTime": "usage_expire_date_time",
    "usageCountLimit": "usage_count_limit",
    "noAuthRequired": "no_auth_required",
    "userAuthType": "user_auth_type",
    "authTimeout": "auth_timeout",
    "allowWhileOnBody": "allow_while_on_body",
    "trustedUserPresenceRequired": "trusted_user_presence_required",
    "trustedConfirmationRequired": "trusted_confirmation_required",
    "unlockedDeviceRequired": "unlocked_device_required",
    "creationDateTime": "creation_date_time",
    "rollbackResistant": "rollback_resistant",
    "osVersion": "os_version",
    "osPatchLevel": "os_patch_level",
    "attestationIdBrand": "attestation_id_brand",
    "attestationIdDevice": "attestation_id_device",
    "attestationIdProduct": "attestation_id_product",
    "attestationIdSerial": "attestation_id_serial",
    "attestationIdImei": "attestation_id_imei",
    "attestationIdMeid": "attestation_id_meid",
    "attestationIdManufacturer": "attestation_id_manufacturer",
    "attestationIdModel": "attestation_id_model",
    "vendorPatchLevel": "vendor_patch_level",
    "bootPatchLevel": "boot_patch_level",
    "attestationIdSecondImei": "attestation_id_second_imei",
}


def parsed_by_google(vectors: Path) -> list[Path]:
    return sorted((vectors / GOOGLE / "testdata").glob("*/*/*.json"))


def as_google_writes(found: AuthorizationList) -> dict[str, Any]:
    """Our list in the words of Google's parser; what its JSON never holds must be absent."""
    written: dict[str, Any] = {}
    for name, field in GOOGLE_NAMES.items():
        value = getattr(found, field)
        if isinstance(value, tuple):
            written[name] = sorted(map(str, value))
        elif value is not None:
            written[name] = value if isinstance(value, bool | str) else str(value)
    if found.origin is not None:
        written["origin"] = ("GENERATED", "DERIVED", "IMPORTED")[found.origin]
    if found.module_hash is not None:
        written["moduleHash"] = text.to_base64(found.module_hash)
    root, app = found.root_of_trust, found.attestation_application_id
    if root is not None:
        written["rootOfTrust"] = {
            "verifiedBootKey": text.to_base64(root.verified_boot_key),
            "deviceLocked": root.device_locked,
            "verifiedBootState": root.verified_boot_state.name,
            "verifiedBootHash": text.to_base64(root.verified_boot_hash or b""),
        }
    if app is not None:
        written["attestationApplicationId"] = {
            "packages": [{"name": p.name, "version": str(p.version)} for p in app.packages],
            "signatures": [text.to_base64(digest) for digest in app.signature_digests],
        }
    return written


def test_google_parses_the_same_facts(vectors: Path) -> None:
    levels = {
        "SOFTWARE": SecurityLevel.SOFTWARE,
        "TRUSTED_ENVIRONMENT": SecurityLevel.TRUSTED_ENVIRONMENT,
        "STRONG_BOX": SecurityLevel.SECURE_ELEMENT,
    }
    compared = 0
    for file in parsed_by_google(vectors):
        lines = file.read_text("utf-8").splitlines()
        wanted = json.loads("".join(line for line in lines if not line.lstrip().startswith("//")))
        found = description_of(file.with_suffix(".pem").read_bytes())
        assert str(found.attestation_version) == wanted["attestationVersion"]
        assert str(found.keymint_version) == wanted["keyMintVersion"]
        assert found.attestation_level is levels[wanted["attestationSecurityLevel"]]
        assert found.keymint_level is levels[wanted["keyMintSecurityLevel"]]
        assert text.to_base64(found.challenge) == wanted["attestationChallenge"]
        assert text.to_base64(found.unique_id) == wanted["uniqueId"]
        for side, ours in (
            ("softwareEnforced", found.software_enforced),
            ("hardwareEnforced", found.hardware_enforced),
        ):
            theirs = {key: value for key, value in wanted[side].items() if key != "areTagsOrdered"}
            theirs = {
                key: sorted(value) if isinstance(value, list) else value
                for key, value in theirs.items()
            }
            assert as_google_writes(ours) == theirs, (file.name, side)
        compared += 1
    assert compared == 21
