"""Every field of an Android key's claims, compared with what the phone was told; and limits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import cbor2
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
from tests.support import refused
from warifu.attestation.claims import (
    App,
    Boot,
    BootState,
    Claims,
    Device,
    Endorsement,
    Format,
    Freshness,
    Key,
    LeniencyUse,
    OperatingSystem,
    Package,
    Realm,
    SecurityLevel,
)
from warifu.attestation.evidence.android_key import MAX_MILLISECONDS
from warifu.attestation.evidence.facts.android_key import (
    AndroidKeyDetail,
    Application,
    AuthorizationList,
    Provisioning,
    ProvisioningMethod,
    RootOfTrust,
)
from warifu.attestation.evidence.readers.key_description import (
    MAX_SET_VALUES,
    MAX_VERSION,
    WELL_FORMED,
)
from warifu.attestation.evidence.readers.provisioning_info import MAX_COUNT
from warifu.attestation.evidence.rules import android_key as rules
from warifu.attestation.trust.boot_keys import BootKeyEntry, BootKeys
from warifu.base.pki import path
from warifu.base.pki.certificate import read_certificate
from warifu.handset import der_writer as w
from warifu.handset.android_key import (
    BOOT_HASH,
    BOOT_KEY,
    PACKAGE,
    PROVISIONING,
    SELF_SIGNED,
    SIGNER,
    AndroidPhone,
    application,
    integers,
    root_of_trust,
)

if TYPE_CHECKING:
    from warifu.handset.android_key import AndroidEvidence

TEE = SecurityLevel.TRUSTED_ENVIRONMENT
MADE_AT = AT - timedelta(seconds=7)


def told(evidence: AndroidEvidence) -> None:
    """Tell the phone something of its own for every fact."""
    description = evidence.description
    description.unique_id = b"unique"
    for number, value in (
        (704, root_of_trust(state=SELF_SIGNED)),
        (705, w.integer(150201)),
        (706, w.integer(202607)),
        (718, w.integer(20260811)),
        (719, w.integer(20260912)),
        (303, w.null()),
        (504, w.integer(2)),
        (508, w.null()),
        (712, w.octet_string(b"tally_jp")),
        (713, w.octet_string(b"S1")),
        (714, w.octet_string(b"350000000000001")),
        (715, w.octet_string(b"M1")),
        (723, w.octet_string(b"350000000000002")),
    ):
        description.hardware.set(number, value)
    description.hardware.remove(503)
    for number, value in (
        (701, w.integer(int(MADE_AT.timestamp() * 1000))),
        (709, application({PACKAGE: 1234567})),
        (724, w.octet_string(b"modules")),
    ):
        description.software.set(number, value)


def test_claims_are_what_the_phone_was_told_and_nothing_else() -> None:
    phone = AndroidPhone.remote(made_at=AT, issued=5)
    evidence = evidence_of(phone)
    told(evidence)
    sent = evidence.certificates()
    known_at = AT + timedelta(minutes=3)
    trust = trust_in(
        phone,
        at=known_at,
        boot_keys=BootKeys(
            entries={BOOT_KEY: BootKeyEntry(key=BOOT_KEY, os="TallyOS", device=None, provenance={})}
        ),
    )
    root = read_certificate(trust.anchors[0].certificate.der)
    claims = judge(b"".join(sent), phone, trust=trust)
    assert claims == Claims(
        format=Format.ANDROID_KEY,
        at=AT,
        known_at=known_at,
        realm=Realm.TEST,
        device=Device(
            platform="android",
            brand="warifu",
            name="tally",
            product="tally_jp",
            manufacturer="Warifu",
            model="Tally 1",
            serial="S1",
            imei=("350000000000001", "350000000000002"),
            meid="M1",
        ),
        boot=Boot(locked=True, state=BootState.SELF_SIGNED, key=BOOT_KEY, hash=BOOT_HASH),
        operating_system=OperatingSystem(
            version="15.2.1",
            patch_level="2026-07",
            vendor_patch_level="2026-08-11",
            boot_patch_level="2026-09-12",
        ),
        app=App(identifier=PACKAGE, packages=(Package(PACKAGE, 1234567),), signers=(SIGNER,)),
        key=Key(
            public_key=read_certificate(sent[0]).public_key,
            algorithm="EC P-256",
            security_level=TEE,
            attested_by=TEE,
            endorsement=Endorsement.ANCHORED,
            user_authentication="biometric",
            confirmation_required=True,
        ),
        freshness=Freshness(challenge=CHALLENGE, challenge_matches=True, made_at=MADE_AT),
        chain=(*map(read_certificate, sent[:-1]), root),
        anchor="test-root",
        detail=AndroidKeyDetail(
            attestation_version=300,
            keymint_version=300,
            attestation_level=TEE,
            key_level=TEE,
            storage_level=TEE,
            rollback_resistant=True,
            unique_id=b"unique",
            module_hash=b"modules",
            boot_key_name="TallyOS",
            provisioning=Provisioning(
                method=ProvisioningMethod.REMOTE, certificates_issued=5, info=cbor2.dumps({1: 5})
            ),
            attest_keys=0,
            hardware_enforced=HARDWARE,
            software_enforced=SOFTWARE,
        ),
        proved=tuple(rule.code for rule in rules.RULES if rule not in ABOUT_ATTEST_KEYS),
    )


HARDWARE = AuthorizationList(
    purpose=(2,),
    algorithm=3,
    key_size=256,
    digest=(4,),
    ec_curve=1,
    rollback_resistance=True,
    user_auth_type=2,
    trusted_confirmation_required=True,
    origin=0,
    root_of_trust=RootOfTrust(
        verified_boot_key=BOOT_KEY,
        device_locked=True,
        verified_boot_state=BootState.SELF_SIGNED,
        verified_boot_hash=BOOT_HASH,
    ),
    os_version=150201,
    os_patch_level=202607,
    attestation_id_brand="warifu",
    attestation_id_device="tally",
    attestation_id_product="tally_jp",
    attestation_id_serial="S1",
    attestation_id_imei="350000000000001",
    attestation_id_meid="M1",
    attestation_id_manufacturer="Warifu",
    attestation_id_model="Tally 1",
    vendor_patch_level=20260811,
    boot_patch_level=20260912,
    attestation_id_second_imei="350000000000002",
)
SOFTWARE = AuthorizationList(
    creation_date_time=int(MADE_AT.timestamp() * 1000),
    attestation_application_id=Application(
        packages=(Package(PACKAGE, 1234567),), signature_digests=(SIGNER,)
    ),
    module_hash=b"modules",
)
ABOUT_ATTEST_KEYS = (
    rules.ATTEST_KEY_PURPOSE,
    rules.ATTEST_KEY_ORIGIN,
    rules.ATTEST_KEY_CONSISTENT,
)


def test_what_an_attest_key_adds_to_the_claims(phone: AndroidPhone) -> None:
    evidence = phone.attest_through_attest_key(challenge=CHALLENGE, made_at=AT)
    claims = judge(evidence, phone)
    assert detail_of(claims).attest_keys == 1
    assert claims.proved == tuple(rule.code for rule in rules.RULES)
    assert claims.leniencies == (LeniencyUse(rules.ATTEST_KEY_NOT_AUTHORITY.name, 1),)


@pytest.mark.parametrize(
    ("number", "value", "meant"),
    [
        (706, 200001, "2000-01"),
        (706, 199912, None),
        (706, 299912, "2999-12"),
        (706, 300001, None),
        (706, 202600, None),
        (706, 202612, "2026-12"),
        (706, 202613, None),
        (718, 20260901, "2026-09-01"),
        (718, 20260931, "2026-09-31"),
        (718, 20260932, None),
        (719, 20000101, "2000-01-01"),
        (719, 19991231, None),
        (719, 29991231, "2999-12-31"),
        (719, 30000101, None),
        (718, 999_999, None),
        (718, 1_000_000, None),
    ],
)
def test_patch_levels_at_the_edges_of_the_calendar(
    phone: AndroidPhone, evidence: AndroidEvidence, number: int, value: int, meant: str | None
) -> None:
    evidence.description.hardware.set(number, w.integer(value))
    system = judge(evidence, phone).operating_system
    assert system is not None
    levels = {
        706: system.patch_level,
        718: system.vendor_patch_level,
        719: system.boot_patch_level,
    }
    assert levels[number] == meant


@pytest.mark.parametrize(
    ("value", "meant"),
    [(1, "0.0.1"), (99_99_99, "99.99.99"), (99_99_99 + 1, None), (10203, "1.2.3")],
)
def test_versions_at_the_edges(
    phone: AndroidPhone, evidence: AndroidEvidence, value: int, meant: str | None
) -> None:
    evidence.description.hardware.set(705, w.integer(value))
    system = judge(evidence, phone).operating_system
    assert system is not None
    assert system.version == meant


@pytest.mark.parametrize(
    ("millis", "told_at"),
    [
        (0, "1970-01-01T00:00:00+00:00"),
        (MAX_MILLISECONDS, "9999-12-31T23:59:59.999000+00:00"),
        (MAX_MILLISECONDS + 1, None),
        (-1, None),
    ],
)
def test_times_of_making_at_the_edges(
    phone: AndroidPhone, evidence: AndroidEvidence, millis: int, told_at: str | None
) -> None:
    evidence.description.software.set(701, w.integer(millis))
    made_at = judge(evidence, phone).freshness.made_at
    assert (made_at and made_at.isoformat()) == told_at


@pytest.mark.parametrize(
    ("issued", "meant"),
    [
        (0, 0),
        (1, 1),
        (MAX_COUNT - 1, MAX_COUNT - 1),
        (MAX_COUNT, None),
        (-1, None),
        (True, None),
        ("8", None),
    ],
)
def test_the_count_of_certificates_at_the_edges(issued: object, meant: int | None) -> None:
    phone = AndroidPhone.remote(made_at=AT)
    info = cbor2.dumps({1: issued})
    phone.authorities[0].draft.extension(PROVISIONING, info)
    provisioning = detail_of(judge(evidence_of(phone), phone)).provisioning
    assert provisioning == Provisioning(
        method=ProvisioningMethod.REMOTE, certificates_issued=meant, info=info
    )


def test_an_expired_factory_chain_is_counted_once_and_only_then(phone: AndroidPhone) -> None:
    evidence = evidence_of(phone)
    assert used(judge(evidence, phone)) == {}
    for link in evidence.links[1:3]:
        link.draft.not_after = AT
    assert used(judge(evidence, phone)) == {}
    for link in evidence.links[1:3]:
        link.draft.not_after = AT - timedelta(seconds=1)
    assert used(judge(evidence, phone)) == {rules.EXPIRED_FACTORY_CHAIN.name: 1}


def test_a_factory_chain_counts_from_its_first_second(phone: AndroidPhone) -> None:
    evidence = evidence_of(phone)
    evidence.links[1].draft.not_before = AT
    judge(evidence, phone)
    evidence.links[1].draft.not_before = AT + timedelta(seconds=1)
    with refused(path.VALID_AT):
        judge(evidence, phone)


def test_dates_of_the_key_itself_are_counted_where_they_do_not_hold(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    draft = evidence.leaf.draft
    draft.not_before = draft.not_after = AT
    assert used(judge(evidence, phone)) == {}
    draft.not_before = AT + timedelta(seconds=1)
    draft.not_after = AT + timedelta(seconds=1)
    assert used(judge(evidence, phone)) == {rules.DATES_OF_DESCRIBED.name: 1}
    draft.not_before = draft.not_after = AT - timedelta(seconds=1)
    assert used(judge(evidence, phone)) == {rules.DATES_OF_DESCRIBED.name: 1}


@pytest.mark.parametrize("count", [MAX_SET_VALUES, MAX_SET_VALUES + 1])
def test_a_set_may_have_as_many_values_as_the_limit_and_no_more(
    phone: AndroidPhone, evidence: AndroidEvidence, count: int
) -> None:
    evidence.description.hardware.set(5, integers(*range(count)))
    if count == MAX_SET_VALUES:
        assert detail_of(judge(evidence, phone)).hardware_enforced.digest == tuple(range(count))
    else:
        with refused(WELL_FORMED):
            judge(evidence, phone)


@pytest.mark.parametrize("version", [MAX_VERSION, MAX_VERSION + 1, -1])
def test_a_version_may_be_on_its_limit_and_not_beyond(
    phone: AndroidPhone, evidence: AndroidEvidence, version: int
) -> None:
    evidence.description.attestation_version = version
    if version == MAX_VERSION:
        assert detail_of(judge(evidence, phone)).attestation_version == version
    else:
        with refused(WELL_FORMED):
            judge(evidence, phone)


@pytest.mark.parametrize("length", [1, 125, 126, 127, 128, 129, 255, 256, 300])
def test_texts_of_any_length_are_read_whole(
    phone: AndroidPhone, evidence: AndroidEvidence, length: int
) -> None:
    evidence.description.hardware.set(717, w.octet_string(b"m" * length))
    device = judge(evidence, phone).device
    assert device is not None
    assert device.model == "m" * length
