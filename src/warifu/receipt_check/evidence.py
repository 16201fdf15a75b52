"""The evidence behind the key, judged again by the verifier of evidence.

This is the one judgement that is shared with the service: it reads no clock and no network, and the
trust it is given is the caller's.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from warifu.attestation.examination import Gaps
from warifu.attestation.verifier import Evidence, format_of, verify_evidence
from warifu.base.errors import BadEvidence, Misuse, VerifierFault
from warifu.receipt_check import reading, rules
from warifu.receipt_check.findings import Check, Finding, Why

if TYPE_CHECKING:
    from warifu.attestation.claims import Claims
    from warifu.attestation.expectations import Expectations
    from warifu.attestation.trust.view import TrustView
    from warifu.receipt_check.proofs import Key


def check_evidence(
    content: bytes, *, key: Key | None, trust: TrustView | None, before: datetime
) -> tuple[Finding, ...]:
    """Judge the evidence for its own time, and compare its key.

    Args:
        content: The evidence's part.
        key: The bound key; None where it is withheld.
        trust: What is believed.
        before: When the receipt was issued.

    Raises:
        BadEvidence: ``receipt-check/evidence``, ``receipt-check/evidence-key``,
            ``receipt-check/form``, ``evidence/known-media-type``.
    """
    copy = reading.read_evidence(content)
    if copy.at > before:
        raise BadEvidence(rules.EVIDENCE, f"made at {copy.at}, after the receipt")
    if trust is None:
        return _left(Why.NO_TRUST)
    try:
        claims = verify_evidence(
            Evidence(media_type=copy.media_type, data=copy.data),
            expected=_expectations(copy),
            trust=trust,
            at=copy.at,
            gaps=Gaps.REPORT,
        )
    except (BadEvidence, Misuse) as error:
        raise BadEvidence(rules.EVIDENCE, f"{error.code} {error.detail}") from error
    except VerifierFault as error:
        return _left(Why.NO_STATEMENT, error.code)
    same = dict(trust.snapshots) == dict(copy.snapshots)
    by = "the trust of that time" if same else "other trust than that of that time"
    detail = f"{claims.format}, {claims.realm}, by {by}, {len(claims.unchecked)} left open"
    found = Finding(check=Check.EVIDENCE, checked=True, detail=detail)
    return found, _compare(claims, key)


def _compare(claims: Claims, key: Key | None) -> Finding:
    shown = claims.key
    if shown is None or shown.public_key is None or key is None:
        why = Why.WITHHELD if key is None else Why.NO_KEY_IN_EVIDENCE
        return Finding(check=Check.EVIDENCE_KEY, checked=False, why=why)
    # What the server says of the key, from which the grade of a proof follows, is no more than
    # what its evidence says.
    overstated = (
        key.confirmation_required and shown.confirmation_required is not True,
        key.user_verification_required and shown.user_authentication in {None, "none"},
        claims.app is not None and claims.app.identifier not in {None, key.app},
    )
    if shown.public_key != key.public_key or any(overstated):
        raise BadEvidence(rules.EVIDENCE_KEY, claims.format)
    return Finding(check=Check.EVIDENCE_KEY, checked=True)


def _expectations(copy: reading.EvidenceCopy) -> Expectations:
    kind = format_of(copy.media_type).expectations
    try:
        return msgspec.json.decode(copy.expected, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadEvidence(rules.EVIDENCE, "expectations that are none of the format") from error


def _left(why: Why, detail: str = "") -> tuple[Finding, ...]:
    return (
        Finding(check=Check.EVIDENCE, checked=False, why=why, detail=detail),
        Finding(check=Check.EVIDENCE_KEY, checked=False, why=Why.NEEDS_ANOTHER),
    )
