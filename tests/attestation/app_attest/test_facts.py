"""What an attestation's claims say, and what they do not say."""

from __future__ import annotations

from hashlib import sha256

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.attestation.app_attest.apple_world import KNOWN_AT, apple, judge, new_device
from warifu.attestation.claims import (
    App,
    Claims,
    Device,
    Endorsement,
    Format,
    Freshness,
    Key,
    OperatingSystem,
    Realm,
    SecurityLevel,
)
from warifu.attestation.evidence.facts.app_attest import AppAttestFacts
from warifu.attestation.evidence.readers import apple_extensions
from warifu.attestation.evidence.readers.app_attest import read_attestation
from warifu.attestation.evidence.rules import app_attest as rules
from warifu.attestation.examination import Gaps
from warifu.base.errors import WarifuError
from warifu.base.pki.certificate import Extension, read_certificate
from warifu.handset import der_writer as w
from warifu.handset.app_attest import (
    APP,
    DEVELOPMENT,
    KEY_DESCRIPTION,
    NONCE,
    OPERATING_SYSTEM,
)


def test_claims_are_what_the_phone_was_told_and_nothing_else() -> None:
    device = new_device(system_version="17.6.1", system_build="21G93")
    draft = device.attestation()
    evidence = draft.encode()
    sent = cbor2.loads(evidence)
    nonce = sha256(sent["authData"] + draft.client_data_hash).digest()

    assert judge(device, evidence) == Claims(
        format=Format.APP_ATTEST,
        at=device.made_at,
        known_at=KNOWN_AT,
        realm=Realm.TEST,
        device=Device(platform="apple"),
        operating_system=OperatingSystem(version="17.6.1", build="21G93"),
        app=App(identifier=APP, environment="production"),
        key=Key(
            public_key=device.public_key,
            algorithm="ES256",
            identifier=device.key_identifier,
            security_level=SecurityLevel.SECURE_ELEMENT,
            endorsement=Endorsement.ANCHORED,
        ),
        freshness=Freshness(challenge=nonce, challenge_matches=True, counter=0),
        chain=tuple(
            map(read_certificate, (*sent["attStmt"]["x5c"], apple().root.certificate)),
        ),
        anchor="attestation",
        detail=AppAttestFacts(
            app_id_hash=device.app_id_hash,
            extensions={
                NONCE: w.sequence(w.context(1, w.octet_string(nonce))),
                KEY_DESCRIPTION: w.sequence(
                    w.context(4, w.integer(10)), w.context(1204, w.octet_string(APP.encode()))
                ),
                OPERATING_SYSTEM: w.sequence(
                    w.context(1400, w.octet_string(b"17.6.1")),
                    w.context(1403, w.octet_string(b"21G93")),
                ),
            },
        ),
        proved=tuple(rule.code for rule in rules.RULES),
    )


def test_claims_name_device_app_key_and_chain() -> None:
    device = new_device()
    claims = judge(device, device.attestation().encode())

    assert claims.format is Format.APP_ATTEST
    assert claims.realm is Realm.TEST
    assert claims.device is not None
    assert claims.device.platform == "apple"
    assert claims.key is not None
    assert claims.key.public_key == device.public_key
    assert claims.key.identifier == device.key_identifier
    assert claims.operating_system is not None
    assert (claims.operating_system.version, claims.operating_system.build) == ("18.1", "22B83")
    assert claims.chain[-1].der == apple().root.certificate
    assert isinstance(claims.detail, AppAttestFacts)
    assert claims.detail.app_id_hash == device.app_id_hash
    assert set(claims.detail.extensions) == {
        "1.2.840.113635.100.8.2",
        KEY_DESCRIPTION,
        OPERATING_SYSTEM,
    }


def test_without_a_key_identifier_the_proved_one_is_reported() -> None:
    device = new_device()
    claims = judge(device, device.attestation().encode(), key_identifier=None)

    assert claims.unchecked == ()
    assert rules.KEY_IDENTIFIER.code not in claims.proved
    assert claims.key is not None
    assert claims.key.identifier == device.key_identifier


def test_without_a_challenge_nothing_in_the_authenticator_data_counts_as_proved() -> None:
    device = new_device()
    claims = judge(device, device.attestation().encode(), gaps=Gaps.REPORT, challenge=None)

    assert claims.freshness.challenge_matches is None
    unproved = {
        rules.NONCE.code,
        rules.APP.code,
        rules.COUNTER_IS_ZERO.code,
        rules.AAGUID.code,
        rules.ENVIRONMENT.code,
    }
    assert {gap.rule for gap in claims.unchecked} == unproved
    assert not unproved & set(claims.proved)


def test_without_an_app_the_certified_identifier_is_reported() -> None:
    device = new_device()
    claims = judge(device, device.attestation().encode(), gaps=Gaps.REPORT, app=None)

    assert claims.app is not None
    assert claims.app.identifier == APP
    assert [gap.rule for gap in claims.unchecked] == [rules.APP.code]


@pytest.mark.parametrize("named", [b"TEAM123456.some.other.app", None])
def test_without_an_app_an_identifier_that_is_not_the_hashed_one_is_not_reported(
    named: bytes | None,
) -> None:
    device = new_device()
    draft = device.attestation()
    draft.leaf.remove_extension(KEY_DESCRIPTION)
    if named is not None:
        value = w.sequence(w.context(1204, w.octet_string(named)))
        draft.leaf.extension(KEY_DESCRIPTION, value)
    claims = judge(device, draft.encode(), gaps=Gaps.REPORT, app=None)

    assert claims.app is not None
    assert claims.app.identifier is None


def test_development_is_a_fact_and_a_gap_where_no_environment_is_stated() -> None:
    device = new_device(aaguid=DEVELOPMENT)
    claims = judge(device, device.attestation().encode(), gaps=Gaps.REPORT)

    assert claims.app is not None
    assert claims.app.environment == "development"
    assert [gap.rule for gap in claims.unchecked] == [rules.ENVIRONMENT.code]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x05\x00",
        w.sequence(w.context(1400, w.integer(18))),
        w.sequence(w.context(1400, w.octet_string(b"\xff\xfe"))),
        w.sequence(w.context(1400, w.octet_string(b"18\n1"))),
        w.sequence(w.context(1400, w.octet_string(b"9" * 300))),
    ],
)
def test_undocumented_extension_of_another_shape_refuses_no_phone(value: bytes) -> None:
    device = new_device()
    draft = device.attestation()
    draft.leaf.extension(OPERATING_SYSTEM, value)
    claims = judge(device, draft.encode())

    assert claims.operating_system is not None
    assert claims.operating_system.version is None
    assert isinstance(claims.detail, AppAttestFacts)
    assert claims.detail.extensions[OPERATING_SYSTEM] == value


def test_receipt_is_outside_what_the_attestation_proves() -> None:
    device = new_device()
    draft = device.attestation()
    honest = judge(device, draft.encode())
    draft.receipt = b"anything"

    assert judge(device, draft.encode()).detail == honest.detail


@given(st.binary(max_size=300))
def test_any_bytes_decode_or_raise_an_error_of_the_tree(data: bytes) -> None:
    for read in (read_attestation, apple_extensions.read_nonce):
        try:
            read(data)
        except WarifuError:
            continue
    extensions = dict.fromkeys(
        (apple_extensions.OPERATING_SYSTEM, apple_extensions.KEY_DESCRIPTION),
        Extension(critical=False, value=data),
    )
    apple_extensions.read_system(extensions)
    apple_extensions.read_app_identifier(extensions)


@given(at=st.integers(0, 5_000), octet=st.integers(0, 255))
def test_any_altered_attestation_is_judged_or_refused_by_the_tree(at: int, octet: int) -> None:
    device = DEVICE
    evidence = bytearray(EVIDENCE)
    evidence[at % len(evidence)] = octet
    try:
        claims = judge(device, bytes(evidence))
    except WarifuError:
        return
    assert claims == HONEST


DEVICE = new_device()
EVIDENCE = DEVICE.attestation().encode()
HONEST = judge(DEVICE, EVIDENCE)
