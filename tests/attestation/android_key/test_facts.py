"""What is reported about honest phones of many kinds."""

from datetime import timedelta

import pytest

from tests.attestation.android_key.world import (
    AT,
    CHALLENGE,
    detail_of,
    evidence_of,
    judge,
    trust_in,
    used,
)
from warifu.attestation.claims import BootState, Package, SecurityLevel
from warifu.attestation.evidence.facts.android_key import AndroidKeyExpectations
from warifu.attestation.evidence.readers.public_key import name_public_key
from warifu.attestation.evidence.rules import android_key as rules
from warifu.attestation.examination import Gaps
from warifu.attestation.trust.boot_keys import BootKeyEntry, BootKeys
from warifu.base.rule import Leniency
from warifu.handset import der_writer as w
from warifu.handset.android_key import (
    BOOT_HASH,
    BOOT_KEY,
    PACKAGE,
    SELF_SIGNED,
    SIGNER,
    SOFTWARE,
    UNVERIFIED,
    AndroidEvidence,
    AndroidPhone,
    application,
    root_of_trust,
)
from warifu.handset.authority import new_key, spki


def test_the_facts_of_an_honest_phone(phone: AndroidPhone, evidence: AndroidEvidence) -> None:
    claims = judge(evidence, phone)
    assert claims.device is not None
    assert (claims.device.brand, claims.device.model) == ("warifu", "Tally 1")
    assert claims.boot is not None
    assert (claims.boot.locked, claims.boot.state) == (True, BootState.VERIFIED)
    assert (claims.boot.key, claims.boot.hash) == (BOOT_KEY, BOOT_HASH)
    assert claims.operating_system is not None
    assert claims.operating_system.version == "16.0.0"
    assert claims.operating_system.patch_level == "2026-09"
    assert claims.operating_system.vendor_patch_level == "2026-09-05"
    assert claims.operating_system.boot_patch_level == "2026-09-05"
    assert claims.app is not None
    assert claims.app.identifier == PACKAGE
    assert claims.app.packages == (Package(PACKAGE, 42),)
    assert claims.app.signers == (SIGNER,)
    assert claims.key is not None
    assert claims.key.algorithm == "EC P-256"
    assert claims.key.security_level is SecurityLevel.TRUSTED_ENVIRONMENT
    assert claims.key.attested_by is SecurityLevel.TRUSTED_ENVIRONMENT
    assert claims.key.user_authentication == "none"
    assert claims.key.confirmation_required is False
    assert claims.freshness.challenge == CHALLENGE
    assert claims.freshness.challenge_matches is True
    assert claims.freshness.made_at == AT
    assert detail_of(claims).storage_level is SecurityLevel.TRUSTED_ENVIRONMENT
    assert detail_of(claims).rollback_resistant is False


def test_strongbox_is_reported(strongbox_phone: AndroidPhone) -> None:
    claims = judge(evidence_of(strongbox_phone), strongbox_phone)
    assert claims.key is not None
    assert claims.key.attested_by is SecurityLevel.SECURE_ELEMENT


def test_an_unlocked_phone_is_reported_and_not_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.hardware.set(704, root_of_trust(locked=False, state=UNVERIFIED))
    claims = judge(evidence, phone)
    assert claims.boot is not None
    assert (claims.boot.locked, claims.boot.state) == (False, BootState.UNVERIFIED)


def test_the_owner_of_a_known_boot_key_is_named(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.hardware.set(704, root_of_trust(state=SELF_SIGNED))
    entry = BootKeyEntry(key=BOOT_KEY, os="TallyOS", device=None, provenance={})
    trust = trust_in(phone, boot_keys=BootKeys(entries={BOOT_KEY: entry}))
    assert detail_of(judge(evidence, phone, trust=trust)).boot_key_name == "TallyOS"
    trust = trust_in(phone, boot_keys=BootKeys(entries={}))
    assert detail_of(judge(evidence, phone, trust=trust)).boot_key_name is None


def test_a_root_of_trust_of_keymaster_2_has_no_hash(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.attestation_version = 1
    evidence.description.keymint_version = 2
    evidence.description.hardware.set(704, root_of_trust(boot_hash=None))
    claims = judge(evidence, phone)
    assert claims.boot is not None
    assert claims.boot.hash is None
    assert claims.leniencies == ()


def test_what_software_attests_proves_nothing_about_the_device(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.attestation_level = SOFTWARE
    claims = judge(evidence, phone)
    assert claims.boot is None
    assert claims.device is not None
    assert claims.device.brand is None
    assert claims.operating_system is not None
    assert claims.operating_system.patch_level is None
    assert claims.key is not None
    assert claims.key.attested_by is SecurityLevel.SOFTWARE
    assert claims.key.security_level is SecurityLevel.SOFTWARE
    assert detail_of(claims).key_level is SecurityLevel.TRUSTED_ENVIRONMENT
    assert claims.key.user_authentication is None
    assert claims.key.confirmation_required is None
    assert detail_of(claims).storage_level is SecurityLevel.SOFTWARE
    assert detail_of(claims).boot_key_name is None


def test_software_may_attest_through_an_attest_key(phone: AndroidPhone) -> None:
    evidence = phone.attest_through_attest_key(challenge=CHALLENGE, made_at=AT)
    for link in evidence.links[:2]:
        assert link.description is not None
        link.description.attestation_level = SOFTWARE
        for number in (1, 702):
            link.description.software.set(number, dict(link.description.hardware.items)[number])
    assert detail_of(judge(evidence, phone)).attest_keys == 1


def test_a_key_whose_origin_only_software_tells_is_stored_by_software(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.hardware.remove(702)
    evidence.description.software.set(702, w.integer(0))
    assert detail_of(judge(evidence, phone)).storage_level is SecurityLevel.SOFTWARE


@pytest.mark.parametrize("number", [303, 703])
def test_rollback_resistance_is_reported(
    phone: AndroidPhone, evidence: AndroidEvidence, number: int
) -> None:
    evidence.description.hardware.set(number, w.null())
    assert detail_of(judge(evidence, phone)).rollback_resistant is True


@pytest.mark.parametrize(
    ("mask", "meant"),
    [(0, None), (1, "password"), (2, "biometric"), (3, "password-or-biometric")],
)
def test_user_authentication_is_reported(
    phone: AndroidPhone, evidence: AndroidEvidence, mask: int, meant: str | None
) -> None:
    evidence.description.hardware.remove(503)
    evidence.description.hardware.set(504, w.integer(mask))
    claims = judge(evidence, phone)
    assert claims.key is not None
    assert claims.key.user_authentication == meant


def test_user_authentication_that_only_software_demands_is_not_proved(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.hardware.remove(503)
    evidence.description.software.set(504, w.integer(2))
    claims = judge(evidence, phone)
    assert claims.key is not None
    assert claims.key.user_authentication is None


def test_a_key_that_signs_only_what_was_confirmed_is_reported(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.hardware.set(508, w.null())
    claims = judge(evidence, phone)
    assert claims.key is not None
    assert claims.key.confirmation_required is True


@pytest.mark.parametrize(
    ("number", "value", "meant", "leniency"),
    [
        (718, 201809, "2018-09", rules.PATCH_LEVEL_FORM),
        (718, 20180900, "2018-09", rules.PATCH_LEVEL_FORM),
        (706, 20260905, "2026-09-05", rules.PATCH_LEVEL_FORM),
        (718, 0, None, None),
        (706, 202613, None, rules.PATCH_LEVEL_UNREADABLE),
        (718, 20260932, None, rules.PATCH_LEVEL_UNREADABLE),
        (718, 1, None, rules.PATCH_LEVEL_UNREADABLE),
        (718, -202609, None, rules.PATCH_LEVEL_UNREADABLE),
        (718, 10**30, None, rules.PATCH_LEVEL_UNREADABLE),
    ],
)
def test_patch_levels_in_all_their_forms(
    phone: AndroidPhone,
    evidence: AndroidEvidence,
    number: int,
    value: int,
    meant: str | None,
    leniency: Leniency | None,
) -> None:
    evidence.description.hardware.set(number, w.integer(value))
    claims = judge(evidence, phone)
    system = claims.operating_system
    assert system is not None
    assert (system.patch_level if number == 706 else system.vendor_patch_level) == meant
    assert used(claims) == ({} if leniency is None else {leniency.name: 1})


@pytest.mark.parametrize(
    ("value", "meant"),
    [(0, None), (80100, "8.1.0"), (160000, "16.0.0"), (-1, None), (1_000_000, None)],
)
def test_versions_of_the_system(
    phone: AndroidPhone, evidence: AndroidEvidence, value: int, meant: str | None
) -> None:
    evidence.description.hardware.set(705, w.integer(value))
    claims = judge(evidence, phone)
    assert claims.operating_system is not None
    assert claims.operating_system.version == meant


def test_device_identifiers_are_reported(phone: AndroidPhone, evidence: AndroidEvidence) -> None:
    for number, value in ((713, b"S1"), (714, b"350000000000001"), (715, b"M1"), (723, b"35")):
        evidence.description.hardware.set(number, w.octet_string(value))
    device = judge(evidence, phone).device
    assert device is not None
    assert (device.serial, device.meid) == ("S1", "M1")
    assert device.imei == ("350000000000001", "35")


def test_module_hash_and_unique_id_are_reported(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.software.set(724, w.octet_string(b"m" * 32))
    evidence.description.unique_id = b"u" * 16
    detail = detail_of(judge(evidence, phone))
    assert detail.module_hash == b"m" * 32
    assert detail.unique_id == b"u" * 16


@pytest.mark.parametrize("created", [-1, 1 << 62])
def test_a_creation_time_beyond_the_calendar_is_not_reported(
    phone: AndroidPhone, evidence: AndroidEvidence, created: int
) -> None:
    evidence.description.software.set(701, w.integer(created))
    assert judge(evidence, phone).freshness.made_at is None


def test_a_phone_with_a_wrong_clock_is_reported_as_it_is(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    early = AT - timedelta(days=9000)
    evidence = phone.attest(challenge=CHALLENGE, made_at=early)
    assert judge(evidence, phone).freshness.made_at == early


@pytest.mark.parametrize(
    ("packages", "meant"),
    [
        (None, PACKAGE),
        ({"UnknownPackage": 1}, None),
        ({"jp.example.one": 1, "jp.example.two": 1}, None),
        ({}, None),
    ],
)
def test_the_app_is_named_where_there_is_exactly_one(
    phone: AndroidPhone,
    evidence: AndroidEvidence,
    packages: dict[str, int] | None,
    meant: str | None,
) -> None:
    evidence.description.software.set(709, application(packages))
    expected = AndroidKeyExpectations(challenge=CHALLENGE)
    claims = judge(evidence, phone, expected=expected, gaps=Gaps.REPORT)
    assert claims.app is not None
    assert claims.app.identifier == meant


def test_a_statement_without_application_id_names_no_app(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.software.remove(709)
    expected = AndroidKeyExpectations(challenge=CHALLENGE)
    claims = judge(evidence, phone, expected=expected, gaps=Gaps.REPORT)
    assert claims.app is not None
    assert claims.app.packages == ()
    assert claims.app.identifier is None


@pytest.mark.parametrize(
    ("kind", "meant"),
    [
        ("p256", "EC P-256"),
        ("p384", "EC P-384"),
        ("p521", "EC P-521"),
        ("rsa2048", "RSA 2048"),
        ("ed25519", "EC Ed25519"),
    ],
)
def test_kinds_of_keys_are_named(kind: str, meant: str) -> None:
    assert name_public_key(spki(new_key(kind))) == meant


@pytest.mark.parametrize(
    ("algorithm", "meant"),
    [
        (w.sequence(w.oid("1.2.840.10045.2.1"), w.oid("1.3.132.0.10")), "EC"),
        (w.sequence(w.oid("2.16.840.1.101.3.4.3.18")), "ML-DSA-65"),
        (w.sequence(w.oid("1.2.3.4")), "1.2.3.4"),
    ],
)
def test_kinds_of_keys_that_cannot_be_loaded_are_named(algorithm: bytes, meant: str) -> None:
    assert name_public_key(w.sequence(algorithm, w.bit_string(b"\0"))) == meant
