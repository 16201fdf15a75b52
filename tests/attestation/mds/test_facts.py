"""What a metadata BLOB claims: every field, compared with what the service was told."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.attestation.mds.test_mds import AT, verify
from tests.support import make_test_anchor, refused, test_trust
from warifu.attestation.claims import Claims, Format, Freshness, Realm
from warifu.attestation.evidence.facts.mds import CompromisedModel, MDSFacts
from warifu.attestation.evidence.rules.mds import RULES
from warifu.attestation.trust import rules
from warifu.attestation.trust.anchors import AnchorUse
from warifu.attestation.trust.metadata import MAX_NUMBER
from warifu.base.pki.certificate import read_certificate
from warifu.handset.authority import Authority
from warifu.handset.metadata_service import SERVICE_NAME, MetadataService, model

SECOND = "5ca1ab1e-0000-4000-8000-000000000002"
THIRD = "5ca1ab1e-0000-4000-8000-000000000003"


def test_claims_are_what_the_service_was_told_and_nothing_else() -> None:
    service = MetadataService()
    roots = (Authority.root("A").certificate, Authority.root("B").certificate)
    service.payload["entries"] = [
        model(roots=roots),
        model(SECOND, status="REVOKED", effectiveDate="2026-10-01"),
        model(THIRD, effectiveDate="2099-01-01"),
        {"metadataStatement": {}},
    ]
    service.payload["news"] = 1
    known_at = AT + timedelta(days=1)
    trust = test_trust(
        make_test_anchor(service.root.certificate, AnchorUse.FIDO_METADATA, name="fido"),
        known_at=known_at,
    )
    service.chain = [service.authority.issue(service.signer), service.authority.certificate]
    assert verify(service, trust=trust) == Claims(
        format=Format.MDS,
        at=AT,
        known_at=known_at,
        realm=Realm.TEST,
        freshness=Freshness(),
        chain=tuple(map(read_certificate, (*service.chain, service.root.certificate))),
        anchor="fido",
        detail=MDSFacts(
            number=7,
            next_update=date(2026, 12, 1),
            legal_header="Test metadata.",
            signer=(SERVICE_NAME,),
            algorithm="ES256",
            models=3,
            left_out=1,
            roots=2,
            statuses={"FIDO_CERTIFIED_L1": 1, "REVOKED": 1, "none": 1},
            compromised=(
                CompromisedModel(
                    model=SECOND,
                    description="Warifu test authenticator",
                    status="REVOKED",
                    since=date(2026, 10, 1),
                ),
            ),
            unknown=("news", "entries[3]: identifies no model"),
        ),
        proved=tuple(rule.code for rule in RULES),
    )


def test_a_compromise_without_a_date_is_told_without_one() -> None:
    service = MetadataService()
    service.payload["entries"] = [model(status="REVOKED", effectiveDate=None)]
    detail = verify(service).detail
    assert isinstance(detail, MDSFacts)
    assert [each.since for each in detail.compromised] == [None]


@pytest.mark.parametrize("number", [0, 1, MAX_NUMBER])
def test_any_number_that_counts_up_is_read(number: int) -> None:
    service = MetadataService()
    service.payload["no"] = number
    detail = verify(service).detail
    assert isinstance(detail, MDSFacts)
    assert detail.number == number


@pytest.mark.parametrize("number", [-1, MAX_NUMBER + 1, 7.0, "7", True, None])
def test_what_is_no_number_of_a_blob_is_refused(number: object) -> None:
    service = MetadataService()
    service.payload["no"] = number
    with refused(rules.MDS_WELL_FORMED):
        verify(service)


def test_a_blob_says_what_it_says_until_the_end_of_its_last_day() -> None:
    service = MetadataService()
    service.payload["nextUpdate"] = str(AT.date())
    assert verify(service).unchecked == ()
    assert verify(service).leniencies == ()
