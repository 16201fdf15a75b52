"""FIDO metadata BLOBs looked at by themselves (FIDO MDS 3.1.1 §3.2).

Evidence is the BLOB as published: a compact JWS in ASCII, with the signer's certificates in its
``x5c`` header. It speaks of models, not of one device. As trust it is used only by way of a
history, which verifies it in the same way.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from warifu.attestation.claims import Claims, Format, Freshness, Realm
from warifu.attestation.evidence.facts.mds import CompromisedModel, MDSExpectations, MDSFacts
from warifu.attestation.evidence.rules.mds import RULES
from warifu.attestation.examination import Examination, Gaps
from warifu.attestation.trust.anchors import AnchorUse
from warifu.attestation.trust.metadata import SERVICE_NAME, Metadata, verify_blob
from warifu.attestation.trust.rules import MDS_NO_ROLLBACK
from warifu.base.errors import BadEvidence, MissingTrust, StaleTrust
from warifu.base.pki.alternative_names import certified_dns_names
from warifu.base.pki.path import ANCHORED

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.attestation.trust.view import TrustView


def verify(
    evidence: bytes,
    *,
    expected: MDSExpectations,
    trust: TrustView,
    at: datetime,
    gaps: Gaps = Gaps.REFUSE,
) -> Claims:
    """Verify a metadata BLOB.

    Args:
        evidence: The compact JWS; white space around it is ignored.
        expected: The signer's name, and the number of the newest BLOB held.
        trust: Its anchors for `AnchorUse.FIDO_METADATA`; its metadata, if any, is the BLOB held.
        at: When the BLOB was received.
        gaps: What to do where the BLOB's next update is overdue.

    Raises:
        BadEvidence: A rule of `rules.mds`, or of the readers beneath, is not met.
        MissingTrust: No root of a metadata service is known.
        StaleTrust: ``mds/fresh``, where gaps are refused.
    """
    exam = Examination(trust=trust, at=at, gaps=gaps)
    points = trust.points(AnchorUse.FIDO_METADATA)
    if not points:
        raise MissingTrust(ANCHORED, "no root of a metadata service is known")
    # Steps 1 to 6: certificates, chain, signer, signature, form.
    signer = expected.app or (SERVICE_NAME if trust.realm is Realm.PRODUCTION else None)
    blob = verify_blob(evidence, anchors=points, at=exam.at, signer=signer)
    # Step 7: no rollback. Where nothing is held, nothing can be rolled back.
    _check_number(blob, expected, trust)
    # Step 3: the next update is not overdue.
    try:
        blob.require_fresh(exam.at)
    except StaleTrust as stale:
        if not exam.reports_gaps:
            raise
        exam.leave_open(stale.rule, stale.detail)
    anchor = blob.path.anchor.name
    return Claims(
        format=Format.MDS,
        at=exam.at,
        known_at=trust.known_at,
        realm=trust.realm,
        freshness=Freshness(),
        chain=(*blob.path.certificates, trust.anchor_certificate(anchor)),
        anchor=anchor,
        detail=_facts(blob, exam.at),
        proved=exam.proved(RULES),
        leniencies=exam.leniencies(),
        unchecked=exam.unchecked(),
    )


def _check_number(blob: Metadata, expected: MDSExpectations, trust: TrustView) -> None:
    held = [] if trust.metadata is None else [trust.metadata.number]
    held += [] if expected.number is None else [expected.number]
    if held and blob.number < max(held):
        raise BadEvidence(MDS_NO_ROLLBACK, f"number {blob.number} after {max(held)}")


def _facts(blob: Metadata, at: datetime) -> MDSFacts:
    current = Counter(
        report.status if (report := entry.status_at(at)) else "none" for entry in blob.entries
    )
    return MDSFacts(
        number=blob.number,
        next_update=blob.next_update,
        legal_header=blob.legal_header,
        signer=certified_dns_names(blob.path.certificates[0]),
        algorithm=blob.algorithm,
        models=len(blob.entries),
        left_out=blob.left_out,
        roots=sum(len(entry.roots) for entry in blob.entries),
        statuses=dict(sorted(current.items())),
        compromised=tuple(
            CompromisedModel(
                model=entry.name,
                description=entry.description,
                status=report.status,
                since=report.effective_date,
            )
            for entry in blob.entries
            if (report := entry.compromised_at(at)) is not None
        ),
        unknown=blob.unknown,
    )
