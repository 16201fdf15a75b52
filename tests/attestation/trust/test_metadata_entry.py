"""Entries of FIDO metadata: every member read as it is written, and limits."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from tests.support import moment
from warifu.attestation.trust.metadata_entry import (
    MAX_KEY_IDENTIFIERS,
    MAX_REPORTS,
    MAX_ROOTS,
    MAX_WORDS,
    MetadataEntry,
    StatusReport,
    read_entry,
)
from warifu.attestation.trust.unknown import MAX_NOTE_LENGTH, MAX_NOTES, Unknown
from warifu.base.codec.text import to_base64
from warifu.base.pki.certificate import read_certificate
from warifu.base.pki.path import TrustPoint
from warifu.handset.authority import Authority
from warifu.handset.metadata_service import AAGUID, model

ROOT = Authority.root("Warifu Test Authenticators").certificate
OTHER = Authority.root("Warifu Other Authenticators").certificate
KEY_IDENTIFIER = "ab" * 20


def read(value: dict[str, Any]) -> MetadataEntry:
    entry = read_entry(value, Unknown())
    assert entry is not None
    return entry


def point(certificate: bytes, number: int) -> TrustPoint:
    return TrustPoint(
        name=f"mds {AAGUID} root {number}",
        subject=read_certificate(certificate).subject,
        public_key=read_certificate(certificate).public_key,
        leaf=certificate,
    )


def test_an_entry_is_read_member_by_member() -> None:
    value = model(roots=(ROOT, OTHER))
    value["aaid"] = "12AB#cd34"
    value["attestationCertificateKeyIdentifiers"] = [KEY_IDENTIFIER.upper()]
    value["timeOfLastStatusChange"] = "2026-10-03"
    value["statusReports"] = [
        {
            "status": "FIDO_CERTIFIED_L1",
            "effectiveDate": "2024-01-01",
            "sunsetDate": "2030-02-03",
            "authenticatorVersion": 4,
            "certificate": to_base64(b"certificate"),
            "certificateNumber": "FIDO2-1",
            "certificationDescriptor": "a description",
            "url": "https://example.com/",
        },
        {"status": "REVOKED", "batchCertificate": to_base64(b"batch")},
    ]
    assert read(value) == MetadataEntry(
        aaguid=UUID(AAGUID).bytes,
        aaid="12ab#cd34",
        key_identifiers=(KEY_IDENTIFIER,),
        description="Warifu test authenticator",
        protocol_family="fido2",
        attestation_types=("basic_full",),
        key_protection=("hardware", "secure_element"),
        authenticator_version=1,
        last_status_change=date(2026, 10, 3),
        roots=(point(ROOT, 0), point(OTHER, 1)),
        status_reports=(
            StatusReport(
                status="FIDO_CERTIFIED_L1",
                effective_date=date(2024, 1, 1),
                sunset_date=date(2030, 2, 3),
                authenticator_version=4,
                certificate=b"certificate",
                certificate_number="FIDO2-1",
                certification_descriptor="a description",
                url="https://example.com/",
            ),
            StatusReport(status="REVOKED", certificate=b"batch"),
        ),
    )


def test_members_of_another_type_are_left_out_and_never_taken_for_something() -> None:
    statement = {
        "description": 1,
        "protocolFamily": ["fido2"],
        "attestationTypes": "basic_full",
        "keyProtection": ["tee", 5, None],
        "authenticatorVersion": "1",
    }
    report = {
        "status": "REVOKED",
        "authenticatorVersion": True,
        "certificateNumber": 7,
        "certificationDescriptor": [],
        "url": {},
    }
    value = {"aaguid": AAGUID, "metadataStatement": statement, "statusReports": [report]}
    assert read(value) == MetadataEntry(
        aaguid=UUID(AAGUID).bytes,
        key_protection=("tee",),
        status_reports=(StatusReport(status="REVOKED"),),
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"aaid": "1234-5678"}, "aaid"),
        ({"aaid": "123#45678"}, "aaid"),
        ({"aaid": "12345#678"}, "aaid"),
        ({"aaid": "xxxx#1234"}, "aaid"),
        (
            {"attestationCertificateKeyIdentifiers": ["ab"]},
            "attestationCertificateKeyIdentifiers",
        ),
        (
            {"attestationCertificateKeyIdentifiers": "ab"},
            "attestationCertificateKeyIdentifiers",
        ),
        ({"metadataStatement": 5}, "metadataStatement"),
        ({"timeOfLastStatusChange": 5}, "timeOfLastStatusChange"),
        ({"timeOfLastStatusChange": "soon"}, "timeOfLastStatusChange"),
        ({"statusReports": 5}, "statusReports"),
        ({"statusReports": [5]}, "statusReports"),
        (
            {"statusReports": [{"status": "REVOKED", "certificate": "!"}]},
            "statusReports.certificate",
        ),
        ({"statusReports": [{"status": "REVOKED", "certificate": 5}]}, "statusReports.certificate"),
        ({"statusReports": [{"status": "REVOKED", "effectiveDate": 5}]}, "effectiveDate"),
        ({"statusReports": [{"status": "REVOKED", "sunsetDate": "no"}]}, "sunsetDate"),
        (
            {"metadataStatement": {"attestationRootCertificates": 5}},
            "attestationRootCertificates",
        ),
    ],
)
def test_what_cannot_be_read_is_told_by_its_name(change: dict[str, Any], problem: str) -> None:
    assert read(model() | change).problems == (problem,)


@pytest.mark.parametrize("value", ["!", 5, None, to_base64(b"no certificate")])
def test_a_root_that_cannot_be_read_is_told_by_its_place(value: object) -> None:
    statement = {"attestationRootCertificates": [to_base64(ROOT), value, to_base64(OTHER)]}
    entry = read(model() | {"metadataStatement": statement})
    assert entry.roots == (point(ROOT, 0), point(OTHER, 2))
    (problem,) = entry.problems
    assert problem.startswith("attestationRootCertificates[1]: ")


def test_lists_are_read_up_to_their_limits_and_no_further() -> None:
    value = model()
    statement = value["metadataStatement"]
    statement["keyProtection"] = [f"w{number}" for number in range(MAX_WORDS + 1)]
    statement["attestationRootCertificates"] = [to_base64(ROOT)] * (MAX_ROOTS + 1)
    identifiers = [f"{number:040x}" for number in range(MAX_KEY_IDENTIFIERS + 1)]
    value["attestationCertificateKeyIdentifiers"] = identifiers
    entry = read(value)
    assert entry.key_protection == tuple(f"w{number}" for number in range(MAX_WORDS))
    assert len(entry.roots) == MAX_ROOTS
    assert entry.key_identifiers == tuple(identifiers[:-1])
    assert entry.problems == ()


@pytest.mark.parametrize("number", [MAX_REPORTS, MAX_REPORTS + 1])
def test_a_history_beyond_its_limit_is_a_problem(number: int) -> None:
    entry = read(model() | {"statusReports": [{"status": "FIDO_CERTIFIED"}] * number})
    assert len(entry.status_reports) == MAX_REPORTS
    assert entry.problems == (() if number == MAX_REPORTS else ("statusReports",))


def test_what_identifies_nothing_is_told_with_its_place() -> None:
    unknown = Unknown()
    assert read_entry({"aaguid": "x", "aaid": 5}, unknown, "entries[7]") is None
    assert unknown.notes() == ("entries[7]: aaguid", "entries[7]: aaid")
    assert read_entry([], Unknown()) is None


def test_a_model_is_named_by_its_best_identifier() -> None:
    assert MetadataEntry(aaguid=bytes(15) + b"\x01", aaid="a").name.endswith("-000000000001")
    assert MetadataEntry(aaid="1234#5678", key_identifiers=("k",)).name == "1234#5678"
    assert MetadataEntry(key_identifiers=("k", "l")).name == "k"


def test_of_reports_that_took_effect_on_one_day_the_last_is_current() -> None:
    day = date(2026, 1, 1)
    reports = tuple(
        StatusReport(status=status, effective_date=day) for status in ("RETIRED", "FIDO_CERTIFIED")
    )
    entry = MetadataEntry(status_reports=reports)
    current = entry.status_at(moment("2026-01-01"))
    assert current is reports[1]
    assert entry.status_at(moment("2025-12-31T23:59:59Z")) is None


def test_a_report_without_a_date_is_current_where_it_stands_last() -> None:
    dated = StatusReport(status="FIDO_CERTIFIED", effective_date=date(2026, 1, 1))
    undated = StatusReport(status="RETIRED")
    at = moment("2026-06-01")
    assert MetadataEntry(status_reports=(dated, undated)).status_at(at) is undated
    assert MetadataEntry(status_reports=(undated, dated)).status_at(at) is dated


def test_notes_are_bounded_in_number_and_length() -> None:
    unknown = Unknown()
    for number in range(MAX_NOTES + 5):
        unknown.add(f"{number} " + "x" * MAX_NOTE_LENGTH)
    notes = unknown.notes()
    assert len(notes) <= MAX_NOTES + 1
    assert max(map(len, notes)) <= MAX_NOTE_LENGTH


@pytest.mark.parametrize("value", ["ab" * 15, "ab" * 17, "zz" * 16, "z" * 33, 5, ["a"] * 32])
def test_what_is_no_aaguid_is_told_and_never_taken_for_one(value: object) -> None:
    entry = read(model() | {"aaguid": value, "aaid": "1234#5678"})
    assert (entry.aaguid, entry.name) == (None, "1234#5678")
    assert entry.problems == ("aaguid",)


def test_an_unreadable_report_hides_none_that_follow() -> None:
    entry = read(model() | {"statusReports": [7, {"status": "REVOKED"}]})
    assert [report.status for report in entry.status_reports] == ["REVOKED"]
    assert entry.problems == ("statusReports",)
