"""FIDO metadata: real BLOBs, a simulated service, and everything that may be wrong with either."""

import base64
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from tests.support import moment, no_statement, refused
from warifu.attestation.trust import rules
from warifu.attestation.trust.anchors import AnchorUse, make_anchor
from warifu.attestation.trust.metadata import SERVICE_NAME, Metadata, verify_blob
from warifu.attestation.trust.metadata_entry import COMPROMISED, MetadataEntry, read_entry
from warifu.attestation.trust.unknown import MAX_NOTES, Unknown
from warifu.base.codec import jose, text
from warifu.base.errors import BadEvidence
from warifu.base.pki import path, signature
from warifu.base.pki.certificate import read_certificate
from warifu.base.pki.path import TrustPoint
from warifu.handset.authority import Authority, new_key
from warifu.handset.metadata_service import AAGUID, MetadataService, model

AT = moment("2026-11-01T00:00:00Z")
AAGUID_BYTES = UUID(AAGUID).bytes


@pytest.fixture
def service() -> MetadataService:
    return MetadataService()


def point(certificate: bytes) -> TrustPoint:
    return make_anchor(
        read_certificate(certificate), name="root", uses=[AnchorUse.FIDO_METADATA]
    ).point


def verify(service: MetadataService) -> Metadata:
    return verify_blob(
        service.blob, anchors=[point(service.root.certificate)], at=AT, signer=SERVICE_NAME
    )


def real_root(vectors: Path, name: str) -> TrustPoint:
    data = (vectors / name).read_bytes()
    return point(text.from_pem_certificates(data)[0] if b"-----BEGIN" in data else data)


BIG = "tweag-webauthn/golden-metadata/big"
SMALL = "tweag-webauthn/golden-metadata/small"


def real_blob(vectors: Path, name: str, root: str, at: str, signer: str | None) -> Metadata:
    return verify_blob(
        (vectors / name).read_bytes(),
        anchors=[real_root(vectors, root)],
        at=moment(at),
        signer=signer,
    )


def test_the_real_blob_of_january_2023_verifies(vectors: Path) -> None:
    blob = real_blob(vectors, f"{BIG}/blob.jwt", f"{BIG}/root.crt", "2023-01-25", SERVICE_NAME)
    assert (blob.number, blob.next_update, len(blob.entries)) == (23, date(2023, 2, 1), 148)
    assert (blob.algorithm, blob.left_out, blob.unknown) == ("RS256", 0, ())
    assert sum(len(entry.roots) for entry in blob.entries) == 217
    blob.require_fresh(moment("2023-01-25"))
    with no_statement(rules.MDS_FRESH):
        blob.require_fresh(moment("2023-02-02"))


def test_the_real_blob_is_refused_today_because_its_signer_has_expired(vectors: Path) -> None:
    with refused(path.VALID_AT):
        real_blob(vectors, f"{BIG}/blob.jwt", f"{BIG}/root.crt", "2026-11-21", SERVICE_NAME)


def test_a_blob_with_bad_entries_loads_the_good_ones_and_reports_the_bad(vectors: Path) -> None:
    name = f"{BIG}/blob-with-errors.jwt"
    blob = real_blob(vectors, name, f"{BIG}/root.crt", "2023-03-25", SERVICE_NAME)
    assert (blob.number, blob.next_update) == (25, date(2023, 4, 1))
    assert (len(blob.entries), blob.left_out) == (159, 1)
    assert "entries[117]: attestationCertificateKeyIdentifiers" in blob.unknown
    repeated = "d53edd23adb6b5b4add102fb4ad1b4037ff4a7ae"
    assert f"{repeated}: listed more than once" in blob.unknown
    assert blob.find_key_identifier(repeated) is not None


def test_real_models_are_found_by_each_identifier(vectors: Path) -> None:
    blob = real_blob(vectors, f"{BIG}/blob.jwt", f"{BIG}/root.crt", "2023-01-25", SERVICE_NAME)
    for entry in blob.entries:
        if entry.aaguid is not None:
            assert blob.find_aaguid(entry.aaguid) == entry
        if entry.aaid is not None:
            assert blob.find_aaid(entry.aaid.upper()) == entry
        for identifier in entry.key_identifiers:
            assert blob.find_key_identifier(identifier.upper()) == entry
    counts = (len(blob.by_aaguid), len(blob.by_aaid), len(blob.by_key_identifier))
    assert counts == (93, 17, sum(len(e.key_identifiers) for e in blob.entries))


CONFORMANCE = ("fido-mds-conformance/test-blob.jwt", "fido-mds-conformance/MDS3ROOT.crt")


def test_the_conformance_blob_verifies_under_its_own_root(vectors: Path) -> None:
    blob = real_blob(vectors, *CONFORMANCE, "2022-06-01", None)
    assert (blob.number, blob.next_update, len(blob.entries)) == (42, date(2022, 11, 9), 200)
    compromised = [e for e in blob.entries if e.compromised_at(moment("2022-06-01"))]
    assert len(compromised) == 16
    blob.require_fresh(moment("2022-11-09T23:59:59Z"))
    with no_statement(rules.MDS_FRESH):
        blob.require_fresh(moment("2022-11-10"))
    # A hundred of its certificates are valid from 29 February 2017, a day that never was.
    assert sum("no such time" in note for note in blob.unknown) == 100


@pytest.mark.parametrize(
    ("aaguid", "status"),
    [
        ("3124626c-73ba-4001-9924-4910d31b4b80", "ATTESTATION_KEY_COMPROMISE"),
        ("d0fec87b-3312-433b-8d95-07d1873b1d05", "USER_VERIFICATION_BYPASS"),
        ("5f1f62f8-ec30-4eea-9d52-9464d2f7d7d6", "USER_KEY_PHYSICAL_COMPROMISE"),
    ],
)
def test_a_compromised_model_of_the_conformance_blob_is_told(
    vectors: Path, aaguid: str, status: str
) -> None:
    blob = real_blob(vectors, *CONFORMANCE, "2022-06-01", None)
    entry = blob.find_aaguid(UUID(aaguid).bytes)
    assert entry is not None
    report = entry.compromised_at(moment("2022-06-01"))
    assert report is not None
    assert report.status == status


def test_the_conformance_blob_does_not_verify_under_the_real_root(vectors: Path) -> None:
    with refused(path.ANCHORED):
        real_blob(vectors, CONFORMANCE[0], f"{BIG}/root.crt", "2022-06-01", None)


def test_the_specification_example_verifies_and_is_long_stale(vectors: Path) -> None:
    blob = real_blob(vectors, f"{SMALL}/blob.jwt", f"{SMALL}/root.crt", "2021-06-01", None)
    assert (blob.number, blob.next_update, len(blob.entries)) == (15, date(2020, 3, 30), 2)
    assert blob.find_aaguid(bytes.fromhex("0132d110bf4e4208a403ab4f5f12efe5")) is not None
    assert blob.find_aaid("1234#5678") is not None
    with no_statement(rules.MDS_FRESH):
        blob.require_fresh(moment("2021-06-01"))


def test_the_example_as_fido2_ships_it_has_a_signature_in_the_wrong_encoding(
    vectors: Path,
) -> None:
    """RFC 7518 §3.4 wants R and S side by side; that copy has them as DER."""
    name = "python-fido2/mds3-spec-example"
    with refused(jose.SIGNATURE):
        real_blob(vectors, f"{name}-blob.jwt", f"{name}-root.der", "2021-06-01", None)
    signed, _, proof = (vectors / f"{name}-blob.jwt").read_bytes().strip().rpartition(b".")
    halves = decode_dss_signature(text.from_base64url(proof))
    raw = b"".join(half.to_bytes(32, "big") for half in halves)
    mended = signed + b"." + text.to_base64url(raw).encode()
    root = real_root(vectors, f"{name}-root.der")
    blob = verify_blob(mended, anchors=[root], at=moment("2021-06-01"), signer=None)
    assert (blob.number, len(blob.entries)) == (15, 2)
    with no_statement(rules.MDS_FRESH):
        blob.require_fresh(moment("2021-06-01"))


def test_an_honest_blob_is_read(service: MetadataService) -> None:
    blob = verify(service)
    assert (blob.number, blob.next_update, blob.left_out) == (7, date(2026, 12, 1), 0)
    entry = blob.find_aaguid(AAGUID_BYTES)
    assert entry is not None
    assert (entry.name, entry.description) == (AAGUID, "Warifu test authenticator")
    assert entry.key_protection == ("hardware", "secure_element")
    assert entry.compromised_at(AT) is None
    assert blob.find_aaguid(bytes(16)) is None


def test_a_blob_of_an_rsa_signer_is_read() -> None:
    service = MetadataService(key=new_key("rsa2048"))
    service.header["alg"] = "RS256"
    assert verify(service).algorithm == "RS256"


def test_white_space_around_a_blob_is_ignored(service: MetadataService) -> None:
    roots = [point(service.root.certificate)]
    assert verify_blob(service.blob + b"\n", anchors=roots, at=AT, signer=None).number == 7


def test_a_blob_larger_than_any_evidence_is_read(service: MetadataService) -> None:
    service.payload["legalHeader"] = "x" * (5 << 20)
    assert verify(service).legal_header == "x" * (5 << 20)


def test_an_empty_list_of_anchors_trusts_nothing(service: MetadataService) -> None:
    with refused(path.ANCHORED):
        verify_blob(service.blob, anchors=[], at=AT)


def test_a_blob_of_a_strangers_authority_is_refused(service: MetadataService) -> None:
    stranger = Authority.root("Warifu Test Metadata Root")
    with refused(signature.SIGNATURE):
        verify_blob(service.blob, anchors=[point(stranger.certificate)], at=AT)


def test_another_customer_of_the_same_public_authority_is_refused(
    service: MetadataService,
) -> None:
    service.name_signer("mds.attacker.example")
    with refused(rules.MDS_SIGNER):
        verify(service)


def test_a_signer_without_a_name_is_refused(service: MetadataService) -> None:
    service.signer.remove_extension("2.5.29.17")
    with refused(rules.MDS_SIGNER):
        verify(service)


def test_a_service_name_that_is_only_a_prefix_is_refused(service: MetadataService) -> None:
    service.name_signer(f"{SERVICE_NAME}.attacker.example")
    with refused(rules.MDS_SIGNER):
        verify(service)


def test_a_blob_signed_by_another_key_is_refused(service: MetadataService) -> None:
    service.signed_by = new_key()
    with refused(jose.SIGNATURE):
        verify(service)


def test_a_blob_whose_signer_was_certified_by_a_leaf_is_refused(service: MetadataService) -> None:
    middle_key = new_key()
    service.signer.issuer = service.signer.subject
    middle = service.authority.draft(service.signer.subject, spki_of(middle_key))
    service.chain = [
        service.signer.sign(middle_key),
        service.authority.issue(middle),
        service.authority.certificate,
    ]
    with refused(path.ISSUER_IS_AUTHORITY):
        verify(service)


def spki_of(key: Any) -> bytes:
    from warifu.handset.authority import spki  # noqa: PLC0415 - beside its one use

    return spki(key)


def test_a_chain_of_unrelated_certificates_is_refused(service: MetadataService) -> None:
    other = Authority.root("Someone Else")
    issued = service.authority.issue(service.signer)
    service.chain = [issued, other.certificate, service.root.certificate]
    with refused(path.NAMES_CHAIN):
        verify(service)


def test_a_signer_that_has_expired_is_refused(service: MetadataService) -> None:
    service.signer.not_after = AT - timedelta(days=1)
    with refused(path.VALID_AT):
        verify(service)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256K", "", "es256"])
def test_an_algorithm_that_is_not_listed_is_refused(
    service: MetadataService, algorithm: str
) -> None:
    service.header["alg"] = algorithm
    with refused(jose.ALGORITHM):
        verify(service)


@pytest.mark.parametrize("header", ["x5u", "jku", "jwk", "kid"])
def test_a_blob_that_names_its_own_key_is_refused(service: MetadataService, header: str) -> None:
    service.header[header] = "https://attacker.example/key"
    with refused(jose.NO_KEY_REFERENCE):
        verify(service)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("no", None),
        ("no", "7"),
        ("no", True),
        ("no", -1),
        ("no", 1 << 60),
        ("no", 7.0),
        ("entries", None),
        ("entries", {}),
        ("entries", [0] * 20_001),
        ("nextUpdate", None),
        ("nextUpdate", 20261201),
        ("nextUpdate", "soon"),
        ("nextUpdate", "2026-02-30"),
    ],
)
def test_a_blob_that_could_never_be_called_old_is_refused(
    service: MetadataService, member: str, value: object
) -> None:
    service.payload[member] = value
    with refused(rules.MDS_WELL_FORMED):
        verify(service)


def test_an_older_number_does_not_follow_a_newer_one(service: MetadataService) -> None:
    held = verify(service)
    service.payload["no"] = 6
    older = verify(service)
    with no_statement(rules.MDS_NO_ROLLBACK):
        older.require_not_before(held)
    held.require_not_before(older)
    held.require_not_before(held)


def entry_of(service: MetadataService, *entries: Any) -> MetadataEntry:
    service.payload["entries"] = list(entries)
    entry = verify(service).find_aaguid(AAGUID_BYTES)
    assert entry is not None
    return entry


@pytest.mark.parametrize("status", sorted(COMPROMISED))
def test_a_compromise_counts_from_its_effective_date(service: MetadataService, status: str) -> None:
    entry = entry_of(service, model(status=status, effectiveDate="2026-10-02"))
    assert entry.compromised_at(moment("2026-10-01T23:59:59Z")) is None
    assert entry.compromised_at(moment("2026-10-02")) is not None


def test_a_compromise_counts_until_its_sunset_date(service: MetadataService) -> None:
    entry = entry_of(
        service,
        model(status="REVOKED", effectiveDate="2026-10-02", sunsetDate="2026-10-20"),
    )
    assert entry.compromised_at(moment("2026-10-19T23:59:59Z")) is not None
    assert entry.compromised_at(moment("2026-10-20")) is None
    assert entry.status_at(moment("2026-10-20")) is None


def test_a_later_report_takes_no_compromise_back(service: MetadataService) -> None:
    value = model(status="USER_VERIFICATION_BYPASS", effectiveDate="2025-01-01")
    value["statusReports"].append({"status": "UPDATE_AVAILABLE", "effectiveDate": "2025-06-01"})
    entry = entry_of(service, value)
    current = entry.status_at(AT)
    assert current is not None
    assert current.status == "UPDATE_AVAILABLE"
    assert entry.compromised_at(AT) is not None
    assert [r.status for r in entry.statuses_in_effect(AT)] == [
        "USER_VERIFICATION_BYPASS",
        "UPDATE_AVAILABLE",
    ]


def test_the_current_report_is_the_one_that_took_effect_last(service: MetadataService) -> None:
    value = model(status="FIDO_CERTIFIED_L2", effectiveDate="2025-06-01")
    value["statusReports"].append({"status": "FIDO_CERTIFIED_L1", "effectiveDate": "2025-01-01"})
    current = entry_of(service, value).status_at(AT)
    assert current is not None
    assert current.status == "FIDO_CERTIFIED_L2"


def test_a_date_that_does_not_decode_never_hides_a_compromise(service: MetadataService) -> None:
    entry = entry_of(
        service, model(status="REVOKED", effectiveDate="some day", sunsetDate="2020-13-01")
    )
    assert entry.compromised_at(moment("2000-01-01")) is not None
    assert entry.compromised_at(moment("2999-01-01")) is not None
    assert entry.problems == ("timeOfLastStatusChange", "effectiveDate", "sunsetDate")


@pytest.mark.parametrize("reports", [None, [], {}, [7], [{"status": 7}], "REVOKED"])
def test_a_model_without_a_readable_history_roots_nothing(
    service: MetadataService, reports: object
) -> None:
    value = model(roots=(service.root.certificate,))
    assert entry_of(service, value).roots
    value["statusReports"] = reports
    assert entry_of(service, value).roots == ()


def test_a_compromise_behind_too_many_reports_is_not_overlooked(service: MetadataService) -> None:
    value = model(roots=(service.root.certificate,))
    value["statusReports"] = [{"status": "FIDO_CERTIFIED"}] * 256
    assert entry_of(service, value).roots
    value["statusReports"] = [*value["statusReports"], {"status": "REVOKED"}]
    assert entry_of(service, value).roots == ()


def test_two_entries_of_one_model_are_compromised_if_either_is(service: MetadataService) -> None:
    root = (service.root.certificate,)
    entry = entry_of(service, model(roots=root), model(roots=root, status="REVOKED"))
    assert entry.compromised_at(AT) is not None
    assert len(entry.roots) == 2
    assert f"{AAGUID}: listed more than once" in verify(service).unknown


def test_one_entry_that_repeats_its_identifier_is_one_model(service: MetadataService) -> None:
    value = model(roots=(service.root.certificate,))
    value["attestationCertificateKeyIdentifiers"] = ["ab" * 20, "AB" * 20]
    entry_of(service, value)
    blob = verify(service)
    found = blob.find_key_identifier("ab" * 20)
    assert found is not None
    assert len(found.roots) == 1
    assert blob.unknown == (f"{AAGUID}: listed more than once",)


def test_a_thousand_entries_of_one_model_cost_no_more_than_a_thousand_models(
    service: MetadataService,
) -> None:
    entry = entry_of(service, *(model(status="REVOKED") for _ in range(1000)))
    assert len(entry.status_reports) == 1000


@pytest.mark.parametrize("statement", [None, 7, [], "text"])
def test_a_model_without_a_readable_statement_roots_nothing(
    service: MetadataService, statement: object
) -> None:
    value = model(roots=(service.root.certificate,), status="REVOKED")
    value["metadataStatement"] = statement
    entry = entry_of(service, value)
    assert entry.roots == ()
    assert entry.problems[0] == "metadataStatement"
    assert entry.compromised_at(AT) is not None


def test_a_root_may_be_the_leaf_itself_by_its_bytes(service: MetadataService) -> None:
    entry = entry_of(service, model(roots=(service.root.certificate,)))
    assert entry.roots[0].leaf == service.root.certificate
    assert entry.roots[0].not_after is None


def test_a_bad_root_is_left_out_and_reported(service: MetadataService) -> None:
    value = model(roots=(service.root.certificate,))
    value["metadataStatement"]["attestationRootCertificates"] += ["AAAA", 7, "!"]
    entry = entry_of(service, value)
    assert len(entry.roots) == 1
    assert len(entry.problems) == 3


def test_a_root_with_a_line_break_is_read(service: MetadataService) -> None:
    value = model(roots=(service.root.certificate,))
    listed = value["metadataStatement"]["attestationRootCertificates"]
    listed[0] = "\n" + listed[0]
    assert len(entry_of(service, value).roots) == 1


def test_unknown_fields_and_statuses_are_tolerated_and_reported(service: MetadataService) -> None:
    value = model(status="QUANTUM_CERTIFIED", colour="red")
    value["smell"] = value["metadataStatement"]["taste"] = 1
    service.payload["sound"] = 1
    assert entry_of(service, value).compromised_at(AT) is None
    assert verify(service).unknown == (
        "sound",
        "entries.smell",
        "metadataStatement.taste",
        "statusReports.colour",
        "status QUANTUM_CERTIFIED",
    )


@pytest.mark.parametrize(
    "value",
    [
        7,
        None,
        {},
        {"aaguid": "short"},
        {"aaid": "1234-5678"},
        {"aaid": 5},
        {"attestationCertificateKeyIdentifiers": ["00"]},
        {"attestationCertificateKeyIdentifiers": "00" * 20},
    ],
)
def test_an_entry_that_identifies_no_model_is_left_out(
    service: MetadataService, value: object
) -> None:
    service.payload["entries"].append(value)
    blob = verify(service)
    assert (len(blob.entries), blob.left_out) == (1, 1)


def test_a_compromise_of_one_batch_keeps_its_certificate(service: MetadataService) -> None:
    encoded = base64.b64encode(service.root.certificate).decode()
    entry = entry_of(service, model(status="ATTESTATION_KEY_COMPROMISE", batchCertificate=encoded))
    report = entry.compromised_at(AT)
    assert report is not None
    assert report.certificate == service.root.certificate
    bad = entry_of(service, model(status="ATTESTATION_KEY_COMPROMISE", certificate="?"))
    assert bad.compromised_at(AT) is not None
    assert bad.problems == ("statusReports.certificate",)


def test_reports_of_the_unknown_are_bounded() -> None:
    unknown = Unknown()
    for number in range(MAX_NOTES + 2):
        unknown.add(f"note {number}")
        unknown.add(f"note {number}")
    assert len(unknown.notes()) == MAX_NOTES + 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("aaguid", "aaid", "attestationCertificateKeyIdentifiers", "statusReports"),
                    *("metadataStatement", "status", "effectiveDate", "sunsetDate", "certificate"),
                    *("attestationRootCertificates", "timeOfLastStatusChange", "attestationTypes"),
                ]
            )
            | st.text(max_size=8),
            inner | st.just(AAGUID) | st.just("2024-01-01"),
            max_size=6,
        )
    ),
    max_leaves=30,
)


@given(JSON)
def test_any_entry_is_read_or_left_out(value: object) -> None:
    entry = read_entry(json.loads(json.dumps(value)), Unknown())
    if entry is not None:
        entry.status_at(AT)
        entry.compromised_at(AT)
        assert entry.name


@given(st.binary(max_size=300))
def test_any_bytes_give_a_blob_or_one_error(data: bytes) -> None:
    with pytest.raises(BadEvidence):
        verify_blob(data, anchors=[], at=AT)
