"""Apple App Attest: receipts, from an attestation or refreshed at Apple's server.

The evidence is the CMS SignedData as received, BER or DER. The comments number the steps of *Verify
the receipt* in Apple's article *Assessing fraud risk*.

`at` is the time judged for: the moment the receipt arrived. A receipt is young at that time or is
refused, and its signer's certificate, which lives about a year, must be valid then. A stored
receipt is judged again at the same `at`, not today.
"""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING

from warifu.attestation.claims import App, Claims, Device, Endorsement, Format, Freshness, Key
from warifu.attestation.evidence.facts.app_attest import Environment
from warifu.attestation.evidence.facts.app_attest_receipt import (
    AppAttestReceiptExpectations,
    AppAttestReceiptFacts,
)
from warifu.attestation.evidence.readers import app_attest as key_reader
from warifu.attestation.evidence.readers.app_attest_receipt import Receipt, read_receipt
from warifu.attestation.evidence.rules import app_attest_receipt as rules
from warifu.attestation.evidence.rules.app_attest import ONE_CHALLENGE_FORM
from warifu.attestation.examination import Examination, Gaps
from warifu.attestation.trust.anchors import AnchorUse
from warifu.base.codec import der
from warifu.base.errors import BadEvidence, MissingTrust, Misuse
from warifu.base.pki.cms import SignedData, check_signed_data, read_signed_data
from warifu.base.pki.path import ANCHORED, Path, read_basic_constraints, verify_path

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.attestation.trust.view import TrustView

MAX_SECONDS_AHEAD = 60
"""How far Apple's clock may be ahead of ours."""

RECEIPT_SIGNING = der.from_oid_text("1.2.840.113635.100.12.15")
_ENVIRONMENTS = {"production": Environment.PRODUCTION, "sandbox": Environment.DEVELOPMENT}


def verify(
    evidence: bytes,
    *,
    expected: AppAttestReceiptExpectations,
    trust: TrustView,
    at: datetime,
    gaps: Gaps = Gaps.REFUSE,
) -> Claims:
    """Verify an App Attest receipt.

    Args:
        evidence: The receipt as CMS SignedData.
        expected: App, stored key, age, and what else the caller knows.
        trust: What is believed; its `app-attest-receipt` anchors count.
        at: When the receipt arrived.
        gaps: What to do where app, key or age are not stated.

    Raises:
        BadEvidence: ``app-attest-receipt/*``, ``cms/*``, ``pki/*``, ``der/*``.
        VerifierFault: `Unchecked` for a gap; `MissingTrust` where no anchor is known.
        Misuse: Challenge and client data hash are both stated, or `at` has no offset.
    """
    exam = Examination(trust=trust, at=at, gaps=gaps)
    if expected.challenge is not None and expected.client_data_hash is not None:
        raise Misuse(ONE_CHALLENGE_FORM)

    # Steps 1 and 2: whose certificate it is first, then its signature.
    signed = read_signed_data(evidence)
    path = _verify_signer(signed, exam)
    check_signed_data(signed)

    # Step 3: the fields.
    receipt = read_receipt(signed.content)
    identifier = _key_identifier(receipt)
    exam.allow(*signed.leniencies, *receipt.leniencies, *receipt.certificate.leniencies)

    _check_app(receipt, expected.app, exam)  # step 4
    _check_times(receipt, expected.max_age_seconds, exam)  # step 5
    _check_key(receipt, identifier, expected, exam)  # step 6

    # Beyond Apple's steps: the same attestation, and no development receipt in production.
    matches = _check_client_hash(receipt, expected, exam)
    environment = _check_environment(receipt.environment, expected.environment, exam)

    return Claims(
        format=Format.APP_ATTEST_RECEIPT,
        at=exam.at,
        known_at=trust.known_at,
        realm=trust.realm,
        device=Device(platform="apple"),
        app=App(identifier=receipt.app, environment=environment and environment.value),
        key=Key(
            public_key=receipt.certificate.public_key,
            algorithm="ES256",
            identifier=identifier,
            endorsement=Endorsement.ANCHORED,
        ),
        freshness=Freshness(
            challenge=receipt.client_hash,
            challenge_matches=matches,
            made_at=receipt.created_at,
        ),
        chain=(*path.certificates, trust.anchor_certificate(path.anchor.name)),
        anchor=path.anchor.name,
        detail=_facts(receipt),
        proved=exam.proved(rules.RULES if matches else _RULES_WITHOUT_CLIENT_HASH),
        leniencies=exam.leniencies(),
        unchecked=exam.unchecked(),
    )


def _verify_signer(signed: SignedData, exam: Examination) -> Path:
    anchors = exam.trust.points(AnchorUse.APP_ATTEST_RECEIPT)
    if not anchors:
        raise MissingTrust(ANCHORED, "no anchor for App Attest receipts is known")
    path = verify_path(signed.chain, anchors, exam.at, remember_from=1)
    # Apple's root also stands above developers and merchants: only receipt signers may sign these.
    signer = signed.chain[0]
    authority, _ = read_basic_constraints(signer)
    if authority or RECEIPT_SIGNING not in signer.extensions:
        raise BadEvidence(rules.SIGNER, f"serial {signer.serial_hex}")
    for certificate in path.certificates:
        exam.allow(*certificate.leniencies)
    return path


def _key_identifier(receipt: Receipt) -> bytes:
    point = key_reader.point_of(receipt.certificate.public_key)
    if point is None:
        raise BadEvidence(rules.STRUCTURE, "attested key is no P-256 key")
    return key_reader.identifier_of(point)


def _check_app(receipt: Receipt, wanted: str | None, exam: Examination) -> None:
    """Step 4: our app."""
    if wanted is None:
        exam.leave_open(rules.APP, "no app was stated")
    elif not compare_digest(wanted.encode("utf-8", "replace"), receipt.app.encode()):
        raise BadEvidence(rules.APP, receipt.app)


def _check_times(receipt: Receipt, max_age_seconds: int | None, exam: Examination) -> None:
    """Step 5: recent at the time judged for; and not expired, for callers who allow any age."""
    age = (exam.at - receipt.created_at).total_seconds()
    if max_age_seconds is None:
        exam.leave_open(rules.AGE, "no age limit was stated")
    elif age > max_age_seconds:
        raise BadEvidence(rules.AGE, f"{age:.0f} seconds old")
    if age < -MAX_SECONDS_AHEAD:
        raise BadEvidence(rules.AGE, f"made {-age:.0f} seconds later")
    if exam.at > receipt.expires_at:
        raise BadEvidence(rules.EXPIRY, receipt.expires_at.isoformat())


def _check_key(
    receipt: Receipt, identifier: bytes, expected: AppAttestReceiptExpectations, exam: Examination
) -> None:
    """Step 6: our key."""
    if expected.public_key is None and expected.key_identifier is None:
        exam.leave_open(rules.PUBLIC_KEY, "no stored key was stated")
    if expected.public_key is not None and not compare_digest(
        key_reader.spki_of(expected.public_key), receipt.certificate.public_key
    ):
        raise BadEvidence(rules.PUBLIC_KEY, identifier.hex())
    if expected.key_identifier is not None and not compare_digest(
        expected.key_identifier, identifier
    ):
        raise BadEvidence(rules.PUBLIC_KEY, identifier.hex())


def _check_client_hash(
    receipt: Receipt, expected: AppAttestReceiptExpectations, exam: Examination
) -> bool | None:
    wanted = expected.client_data_hash
    if expected.challenge is not None:
        wanted = sha256(expected.challenge).digest()
    if wanted is None:
        return None
    if not compare_digest(wanted, receipt.client_hash):
        as_text = wanted.decode("utf-8", "replace").encode()
        if not compare_digest(as_text, receipt.client_hash):
            raise BadEvidence(rules.CLIENT_HASH, receipt.client_hash[:128].hex())
        exam.allow(rules.CLIENT_HASH_AS_TEXT)
    return True


def _check_environment(
    text: str | None, wanted: Environment | None, exam: Examination
) -> Environment | None:
    """An undocumented field: its absence refuses only where an environment is demanded."""
    found = None if text is None else _ENVIRONMENTS.get(text)
    if wanted is None and found is Environment.DEVELOPMENT:
        exam.leave_open(rules.ENVIRONMENT, "development receipt, no environment was stated")
    elif wanted is not None and found is not wanted:
        raise BadEvidence(rules.ENVIRONMENT, str(text))
    return found


def _facts(receipt: Receipt) -> AppAttestReceiptFacts:
    return AppAttestReceiptFacts(
        kind=receipt.kind,
        risk_metric=receipt.risk_metric,
        client_hash=receipt.client_hash,
        token=receipt.token,
        not_before=receipt.not_before,
        expires_at=receipt.expires_at,
        other_fields=receipt.other_fields,
    )


_RULES_WITHOUT_CLIENT_HASH = tuple(rule for rule in rules.RULES if rule is not rules.CLIENT_HASH)
