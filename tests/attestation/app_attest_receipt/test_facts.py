"""What a receipt's claims say: every field, compared with what Apple was told to write."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest

from tests.attestation.app_attest.apple_world import KNOWN_AT, apple, judge_receipt, new_device
from tests.support import refused
from warifu.attestation.claims import (
    App,
    Claims,
    Device,
    Endorsement,
    Format,
    Freshness,
    Key,
    LeniencyUse,
    Realm,
)
from warifu.attestation.evidence.app_attest_receipt import MAX_SECONDS_AHEAD
from warifu.attestation.evidence.facts.app_attest_receipt import (
    APPLE_MAX_AGE_SECONDS,
    AppAttestReceiptFacts,
    ReceiptKind,
)
from warifu.attestation.evidence.readers.app_attest_receipt import (
    MAX_FIELDS,
    MAX_METRIC_DIGITS,
    MAX_TEXT_BYTES,
    MAX_TIME_CHARACTERS,
    read_receipt,
)
from warifu.attestation.evidence.rules import app_attest_receipt as rules
from warifu.base.pki import certificate as certificates
from warifu.base.pki import cms
from warifu.base.pki.certificate import read_certificate
from warifu.handset import der_writer as w
from warifu.handset.app_attest import (
    APP,
    CHALLENGE,
    RECEIPT_LIFE,
    RECEIPT_PAUSE,
    ReceiptDraft,
    receipt_time,
)

UNHEARD_OF = w.sequence(w.integer(99), w.integer(1), w.octet_string(b"new"))


def test_claims_are_what_apple_was_told_and_nothing_else() -> None:
    device = new_device()
    draft = device.receipt(risk_metric=3)
    draft.more_fields.append(UNHEARD_OF)
    sent = draft.signed_data()
    assert judge_receipt(device, sent.encode()) == Claims(
        format=Format.APP_ATTEST_RECEIPT,
        at=device.made_at,
        known_at=KNOWN_AT,
        realm=Realm.TEST,
        device=Device(platform="apple"),
        app=App(identifier=APP, environment="production"),
        key=Key(
            public_key=device.public_key,
            algorithm="ES256",
            identifier=device.key_identifier,
            endorsement=Endorsement.ANCHORED,
        ),
        freshness=Freshness(
            challenge=sha256(CHALLENGE).digest(), challenge_matches=True, made_at=device.made_at
        ),
        chain=tuple(map(read_certificate, sent.certificates)),
        anchor="receipts",
        detail=AppAttestReceiptFacts(
            kind=ReceiptKind.RECEIPT,
            risk_metric=3,
            client_hash=sha256(CHALLENGE).digest(),
            token="dGVzdCB0b2tlbg==",
            not_before=device.made_at + RECEIPT_PAUSE,
            expires_at=device.made_at + RECEIPT_LIFE,
            other_fields={"99": b"new"},
        ),
        proved=tuple(rule.code for rule in rules.RULES),
        leniencies=(
            LeniencyUse(rules.FIELDS_UNSORTED.name, 1),
            LeniencyUse(cms.INDEFINITE_LENGTH.name, 1),
        ),
    )


def test_leniencies_of_the_attested_keys_certificate_are_counted() -> None:
    device = new_device()
    leaf = device.leaf()
    leaf.serial = -5
    draft = device.receipt()
    draft.fields[3] = leaf.sign(apple().authority.key)
    names = {use.name for use in judge_receipt(device, draft.encode()).leniencies}
    assert certificates.SERIAL_UNSIGNED.name in names


def test_leniencies_of_the_signers_certificate_are_counted() -> None:
    device = new_device()
    draft = device.receipt()
    draft.signer.serial = -5
    names = {use.name for use in judge_receipt(device, draft.encode()).leniencies}
    assert certificates.SERIAL_UNSIGNED.name in names


@pytest.mark.parametrize("seconds", [-MAX_SECONDS_AHEAD, APPLE_MAX_AGE_SECONDS])
def test_a_receipt_is_taken_at_the_last_moment_of_its_age_and_no_later(seconds: int) -> None:
    device = new_device()
    evidence = device.receipt().encode()
    at = device.made_at + timedelta(seconds=seconds)
    beyond = timedelta(milliseconds=1 if seconds > 0 else -1)
    assert judge_receipt(device, evidence, at=at).freshness.made_at == device.made_at
    with refused(rules.AGE):
        judge_receipt(device, evidence, at=at + beyond)


def test_a_receipt_of_any_age_is_taken_until_it_expires() -> None:
    device = new_device()
    draft = device.receipt()
    draft.fields[21] = receipt_time(device.made_at + timedelta(hours=1))
    at = device.made_at + timedelta(hours=1)
    assert judge_receipt(device, draft.encode(), at=at, max_age_seconds=10**6).at == at
    with refused(rules.EXPIRY):
        later = at + timedelta(milliseconds=1)
        judge_receipt(device, draft.encode(), at=later, max_age_seconds=10**6)


def drafted(kind: int, value: bytes) -> ReceiptDraft:
    draft = DEVICE.receipt(risk_metric=1)
    draft.fields[kind] = value
    return draft


@pytest.mark.parametrize(
    ("kind", "met", "missed"),
    [
        (5, b"t" * MAX_TEXT_BYTES, b"t" * (MAX_TEXT_BYTES + 1)),
        (17, b"9" * MAX_METRIC_DIGITS, b"9" * (MAX_METRIC_DIGITS + 1)),
        (
            12,
            b"2025-11-05T09:00:00.".ljust(MAX_TIME_CHARACTERS - 1, b"0") + b"Z",
            b"2025-11-05T09:00:00.".ljust(MAX_TIME_CHARACTERS, b"0") + b"Z",
        ),
    ],
    ids=["text", "risk metric", "time"],
)
def test_a_field_may_be_as_long_as_its_limit_and_no_longer(
    kind: int, met: bytes, missed: bytes
) -> None:
    read_receipt(drafted(kind, met).content())
    with refused(rules.STRUCTURE):
        read_receipt(drafted(kind, missed).content())


def test_a_receipt_may_have_as_many_fields_as_the_limit_and_no_more() -> None:
    draft = DEVICE.receipt()
    for kind in range(100, 100 + MAX_FIELDS - len(draft.fields)):
        draft.fields[kind] = b""
    assert len(draft.fields) == MAX_FIELDS
    read_receipt(draft.content())
    draft.fields[99] = b""
    with refused(rules.STRUCTURE):
        read_receipt(draft.content())


DEVICE = new_device()
