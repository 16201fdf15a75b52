"""SafetyNet attestations (SafetyNet Attestation API), retired but still in stored evidence.

Evidence is the response as the app got it: a compact JWS with its certificates (``x5c``), in ASCII.
It is judged as of its own time: `read_made_at` tells it, and the signer's chain must have been
valid then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.attestation.claims import App, Claims, Device, Format, Freshness, Package
from warifu.attestation.evidence.facts.safetynet import (
    CLOCK_SKEW,
    SafetyNetExpectations,
    SafetyNetFacts,
)
from warifu.attestation.evidence.readers.safetynet import SafetyNetPayload, read_payload, words
from warifu.attestation.evidence.rules import safetynet as rules
from warifu.attestation.examination import Examination, Gaps
from warifu.attestation.trust.anchors import AnchorUse
from warifu.base.codec import jose
from warifu.base.errors import BadEvidence, MissingTrust
from warifu.base.pki.alternative_names import dns_names
from warifu.base.pki.certificate import SUBJECT_ALTERNATIVE_NAME, Certificate, read_certificate
from warifu.base.pki.memory import read_authority
from warifu.base.pki.path import ANCHORED, Path, verify_path
from warifu.base.pki.signature import load_public_key

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.attestation.trust.view import TrustView
    from warifu.base.rule import Rule

MAX_RESPONSE_BYTES = 64 << 10
SIGNER_HOST = "attest.android.com"

_ALGORITHMS = frozenset({"RS256", "ES256"})
_KEY_HEADERS = frozenset({"x5c"})


class SignedResponse(Struct, frozen=True, kw_only=True):
    """A response whose signature holds under its own certificate, to whomever that leads."""

    chain: tuple[Certificate, ...]
    """Signer first, as received."""
    payload: SafetyNetPayload
    unlisted: dict[str, Any]


def verify(
    evidence: bytes,
    *,
    expected: SafetyNetExpectations,
    trust: TrustView,
    at: datetime,
    gaps: Gaps = Gaps.REFUSE,
) -> Claims:
    """Verify a SafetyNet response as of its time.

    Args:
        evidence: The compact JWS in ASCII.
        expected: Nonce, package and what else the response is held against.
        trust: The roots for SafetyNet.
        at: When the response was received. Its own timestamp is judged against this.
        gaps: What to do where an expectation is missing.

    Raises:
        BadEvidence: A rule of `rules.safetynet`, of certification paths or of tokens is not met.
        Unchecked: A check could not be made and gaps are refused.
        MissingTrust: No SafetyNet root is known, where gaps are refused.
    """
    exam = Examination(trust=trust, at=at, gaps=gaps)
    response = open_response(evidence)
    path = _check_chain(response.chain, exam)
    payload = response.payload
    # JWS payload, nonce: the response belongs to the request that was made.
    nonce = payload.nonce_bytes
    matches = exam.match(rules.NONCE, nonce, expected.challenge)
    # JWS payload, timestampMs.
    made_at = payload.made_at
    if not -CLOCK_SKEW <= exam.at - made_at <= expected.max_age:
        raise BadEvidence(rules.TIMESTAMP, f"made at {made_at:%Y-%m-%dT%H:%M:%SZ}")
    _check_app(payload, expected, exam)
    _check_device(payload, expected)
    package = payload.apk_package_name
    return Claims(
        format=Format.SAFETYNET,
        at=exam.at,
        known_at=trust.known_at,
        realm=trust.realm,
        device=Device(platform="android"),
        app=App(
            identifier=package,
            packages=() if package is None else (Package(package),),
            signers=payload.signers,
        ),
        freshness=Freshness(challenge=nonce, challenge_matches=matches, made_at=made_at),
        chain=response.chain if path is None else _whole_chain(path, trust),
        anchor=None if path is None else path.anchor.name,
        detail=facts_of(response),
        proved=exam.proved(_applied(expected)),
        leniencies=exam.leniencies(),
        unchecked=exam.unchecked(),
    )


def read_made_at(evidence: bytes) -> datetime:
    """When a response says that it was made; nothing is proved.

    For a caller who kept a response but not the time of its arrival: `verify` as of this time
    judges the chain as of then, and its timestamp against itself.

    Raises:
        MalformedEvidence: Not a SafetyNet response.
        BadEvidence: ``jose/algorithm`` and the other rules of tokens.
    """
    jws = jose.read_jws(
        evidence, algorithms=_ALGORITHMS, key_headers=_KEY_HEADERS, max_bytes=MAX_RESPONSE_BYTES
    )
    return read_payload(jws.payload)[0].made_at


def open_response(evidence: bytes) -> SignedResponse:
    """Check signature and host name of a response; whom its chain leads to stays open.

    Raises:
        BadEvidence: ``safetynet/hostname``, ``safetynet/signature``, ``safetynet/payload``, or a
            rule of tokens, certificates and keys.
    """
    jws = jose.read_jws(
        evidence, algorithms=_ALGORITHMS, key_headers=_KEY_HEADERS, max_bytes=MAX_RESPONSE_BYTES
    )
    # Step 1: the certificates come with the response.
    leaf, *above = jose.certificates(jws)
    chain = (read_certificate(leaf), *map(read_authority, above))
    # Step 2: any web server has a certificate under these roots; only one host may sign this.
    names = chain[0].extensions.get(SUBJECT_ALTERNATIVE_NAME)
    if names is None or SIGNER_HOST not in dns_names(names.value):
        raise BadEvidence(rules.HOSTNAME, "issued to another name")
    # Step 3: the certificate's key made the signature.
    try:
        jose.check_jws(jws, load_public_key(chain[0].public_key))
    except BadEvidence as error:
        if error.rule is not jose.SIGNATURE:
            raise
        raise BadEvidence(rules.SIGNATURE, error.detail) from error
    payload, unlisted = read_payload(jws.payload)
    return SignedResponse(chain=chain, payload=payload, unlisted=unlisted)


def facts_of(response: SignedResponse) -> SafetyNetFacts:
    """What a response says of the device.

    Raises:
        MalformedEvidence: A digest is none.
    """
    payload = response.payload
    return SafetyNetFacts(
        cts_profile_match=payload.cts_profile_match,
        basic_integrity=payload.basic_integrity,
        apk_digest=payload.apk_digest,
        evaluation_types=words(payload.evaluation_type),
        advice=words(payload.advice),
        error=payload.error,
        unlisted=response.unlisted,
    )


def _check_chain(chain: tuple[Certificate, ...], exam: Examination) -> Path | None:
    """Step 2: the chain leads to a root that counted, at the time judged for."""
    points = exam.trust.points(AnchorUse.SAFETYNET)
    if points:
        return verify_path(chain, points, exam.at)
    if not exam.reports_gaps:
        raise MissingTrust(ANCHORED, "no root for SafetyNet is known")
    exam.leave_open(ANCHORED, "no root for SafetyNet is known")
    return None


def _whole_chain(path: Path, trust: TrustView) -> tuple[Certificate, ...]:
    roots = (a.certificate for a in trust.anchors if a.name == path.anchor.name)
    return (*path.certificates, *roots)


def _check_app(
    payload: SafetyNetPayload, expected: SafetyNetExpectations, exam: Examination
) -> None:
    """Which app asked (JWS payload, apk fields)."""
    if expected.app is None:
        exam.leave_open(rules.PACKAGE, "no app expected")
    elif payload.apk_package_name != expected.app:
        raise BadEvidence(rules.PACKAGE, repr(payload.apk_package_name)[:100])
    allowed = expected.certificate_digests
    if allowed is not None and not (payload.signers and allowed.issuperset(payload.signers)):
        raise BadEvidence(rules.SIGNER, f"{len(payload.signers)} signers")
    if expected.apk_digests is not None and payload.apk_digest not in expected.apk_digests:
        raise BadEvidence(rules.APK, "another file, or none told")


def _check_device(payload: SafetyNetPayload, expected: SafetyNetExpectations) -> None:
    """Google's verdict, only where the caller asked for one: otherwise it is a fact."""
    if expected.cts_profile_match and not payload.cts_profile_match:
        raise BadEvidence(rules.PROFILE_MATCH, f"advice: {payload.advice}"[:100])
    if expected.basic_integrity and not payload.basic_integrity:
        raise BadEvidence(rules.BASIC_INTEGRITY, f"advice: {payload.advice}"[:100])


def _applied(expected: SafetyNetExpectations) -> tuple[Rule, ...]:
    """The rules that this response was held against, its path's among them."""
    asked = {
        rules.SIGNER: expected.certificate_digests is not None,
        rules.APK: expected.apk_digests is not None,
        rules.PROFILE_MATCH: bool(expected.cts_profile_match),
        rules.BASIC_INTEGRITY: bool(expected.basic_integrity),
    }
    return (ANCHORED, *(rule for rule in rules.RULES if asked.get(rule, True)))
