"""FIDO metadata BLOBs as evidence: what is claimed, and what is refused."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import (
    make_test_anchor,
    moment,
    no_statement,
    production_trust,
    refused,
    test_trust,
)
from warifu.attestation.claims import Claims, Format, Realm
from warifu.attestation.evidence import mds
from warifu.attestation.evidence.facts.mds import MDSExpectations, MDSFacts
from warifu.attestation.evidence.rules.mds import PROOFS, RULES
from warifu.attestation.examination import Gaps
from warifu.attestation.trust import rules
from warifu.attestation.trust.anchors import AnchorUse
from warifu.attestation.trust.metadata import verify_blob
from warifu.attestation.trust.view import TrustView
from warifu.base.codec import jose
from warifu.base.codec.text import from_pem_certificates
from warifu.base.pki import path, signature
from warifu.handset.metadata_service import MetadataService, model

AT = moment("2026-11-01T00:00:00Z")


@pytest.fixture
def service() -> MetadataService:
    return MetadataService()


def trust_of(service: MetadataService) -> TrustView:
    anchor = make_test_anchor(service.root.certificate, AnchorUse.FIDO_METADATA)
    return test_trust(anchor, known_at=AT)


def verify(
    service: MetadataService,
    *,
    trust: TrustView | None = None,
    expected: MDSExpectations | None = None,
    gaps: Gaps = Gaps.REFUSE,
) -> Claims:
    return mds.verify(
        service.blob,
        expected=expected or MDSExpectations(),
        trust=trust or trust_of(service),
        at=AT,
        gaps=gaps,
    )


def facts(claims: Claims) -> MDSFacts:
    assert isinstance(claims.detail, MDSFacts)
    return claims.detail


def real_blob(vectors: Path, name: str) -> bytes:
    return (vectors / "tweag-webauthn/golden-metadata/big" / name).read_bytes()


def test_the_real_blob_is_accepted_under_the_bundled_roots(vectors: Path) -> None:
    at = moment("2023-01-25")
    claims = mds.verify(
        real_blob(vectors, "blob.jwt"),
        expected=MDSExpectations(),
        trust=production_trust(at),
        at=at,
    )
    assert (claims.format, claims.realm, claims.unchecked) == (Format.MDS, Realm.PRODUCTION, ())
    assert claims.anchor == "globalsign-root-r3"
    assert len(claims.chain) == 3
    found = facts(claims)
    assert (found.number, str(found.next_update), found.models) == (23, "2023-02-01", 148)
    assert found.signer == ("mds.fidoalliance.org",)
    assert found.compromised == ()
    assert claims.proved == tuple(rule.code for rule in RULES)


def test_the_real_blob_is_flagged_once_its_next_update_is_overdue(vectors: Path) -> None:
    at = moment("2023-03-25")
    trust = production_trust(at)
    blob = real_blob(vectors, "blob.jwt")
    with no_statement(rules.MDS_FRESH):
        mds.verify(blob, expected=MDSExpectations(), trust=trust, at=at)
    claims = mds.verify(blob, expected=MDSExpectations(), trust=trust, at=at, gaps=Gaps.REPORT)
    assert [gap.rule for gap in claims.unchecked] == [rules.MDS_FRESH.code]
    assert rules.MDS_FRESH.code not in claims.proved


def test_an_older_real_blob_does_not_follow_a_newer_one(vectors: Path) -> None:
    at = moment("2023-01-25")
    anchors = production_trust(at)
    newer = verify_blob(
        real_blob(vectors, "blob-with-errors.jwt"),
        anchors=anchors.points(AnchorUse.FIDO_METADATA),
        at=moment("2023-03-25"),
    )
    with refused(rules.MDS_NO_ROLLBACK):
        mds.verify(
            real_blob(vectors, "blob.jwt"),
            expected=MDSExpectations(),
            trust=production_trust(at, metadata=newer),
            at=at,
        )


def test_the_conformance_blob_is_refused_in_production(vectors: Path) -> None:
    at = moment("2022-06-01")
    blob = (vectors / "fido-mds-conformance/test-blob.jwt").read_bytes()
    with refused(path.ANCHORED):
        mds.verify(blob, expected=MDSExpectations(), trust=production_trust(at), at=at)
    pem = (vectors / "fido-mds-conformance/MDS3ROOT.crt").read_bytes()
    anchor = make_test_anchor(from_pem_certificates(pem)[0], AnchorUse.FIDO_METADATA)
    claims = mds.verify(
        blob, expected=MDSExpectations(), trust=test_trust(anchor, known_at=at), at=at
    )
    assert len(facts(claims).compromised) == 16
    assert facts(claims).statuses["ATTESTATION_KEY_COMPROMISE"] == 5


def test_an_honest_blob_is_accepted(service: MetadataService) -> None:
    service.payload["entries"].append(
        model("5ca1ab1e-0000-4000-8000-000000000002", status="REVOKED", effectiveDate="2026-10-01")
    )
    claims = verify(service)
    found = facts(claims)
    assert found.statuses == {"FIDO_CERTIFIED_L1": 1, "REVOKED": 1}
    assert [(m.status, str(m.since)) for m in found.compromised] == [("REVOKED", "2026-10-01")]
    assert (claims.anchor, claims.realm) == ("test-root", Realm.TEST)
    assert set(PROOFS) == {f"detail.{name}" for name in found.__struct_fields__}


def test_without_a_root_of_any_metadata_service_nothing_is_said(service: MetadataService) -> None:
    with no_statement(path.ANCHORED):
        verify(service, trust=test_trust(known_at=AT))


def test_a_root_for_another_use_vouches_for_no_metadata(service: MetadataService) -> None:
    anchor = make_test_anchor(service.root.certificate, AnchorUse.ANDROID_KEY)
    with no_statement(path.ANCHORED):
        verify(service, trust=test_trust(anchor, known_at=AT))


def test_in_production_the_signer_must_be_fido(service: MetadataService) -> None:
    service.name_signer("mds.attacker.example")
    anchor = make_test_anchor(service.root.certificate, AnchorUse.FIDO_METADATA)
    with refused(rules.MDS_SIGNER):
        verify(service, trust=TrustView(known_at=AT, anchors=(anchor,)))


def test_a_signer_other_than_the_expected_one_is_refused(service: MetadataService) -> None:
    with refused(rules.MDS_SIGNER):
        verify(service, expected=MDSExpectations(app="metadata.bank.example"))
    service.name_signer("metadata.bank.example")
    verify(service, expected=MDSExpectations(app="metadata.bank.example"))


def test_a_number_below_the_expected_one_is_refused(service: MetadataService) -> None:
    with refused(rules.MDS_NO_ROLLBACK):
        verify(service, expected=MDSExpectations(number=8))
    verify(service, expected=MDSExpectations(number=7))


def test_an_overdue_blob_says_nothing(service: MetadataService) -> None:
    service.payload["nextUpdate"] = str((AT - timedelta(days=1)).date())
    with no_statement(rules.MDS_FRESH):
        verify(service)
    assert verify(service, gaps=Gaps.REPORT).unchecked[0].rule == rules.MDS_FRESH.code


def test_an_altered_payload_is_refused(service: MetadataService) -> None:
    header, _, proof = service.blob.split(b".")
    service.payload["no"] = 8
    altered = service.blob.split(b".")[1]
    with refused(jose.SIGNATURE):
        mds.verify(
            b".".join((header, altered, proof)),
            expected=MDSExpectations(),
            trust=trust_of(service),
            at=AT,
        )


def test_an_altered_certificate_is_refused(service: MetadataService) -> None:
    issued = bytearray(service.authority.issue(service.signer))
    issued[-1] ^= 1
    service.chain = [bytes(issued), service.authority.certificate]
    with refused(signature.SIGNATURE):
        verify(service)


@pytest.mark.slow
def test_a_changed_byte_anywhere_in_a_real_blob_is_refused(vectors: Path) -> None:
    """A sample here; the whole sweep is a tool's. Line ends after the BLOB are outside."""
    at = moment("2023-01-25")
    trust = production_trust(at)
    blob = bytearray(real_blob(vectors, "blob.jwt").rstrip())
    honest = mds.verify(bytes(blob), expected=MDSExpectations(), trust=trust, at=at)
    from warifu.base.errors import BadEvidence  # noqa: PLC0415 - beside its one use

    for position in range(0, len(blob), len(blob) // 150):
        kept = blob[position]
        blob[position] = kept ^ 0x01
        try:
            with pytest.raises(BadEvidence):
                mds.verify(bytes(blob), expected=MDSExpectations(), trust=trust, at=at)
        finally:
            blob[position] = kept
    assert mds.verify(bytes(blob), expected=MDSExpectations(), trust=trust, at=at) == honest
