"""Play Integrity verdicts (Play Integrity API, "Integrity verdicts").

Evidence is the integrity token as the app got it: a compact JWE (A256KW, A256GCM) around a compact
JWS (ES256), in ASCII. The JSON that Google's own server returns for a token is read as well, but
nothing in it is proof to anyone but who fetched it: encryption and signature are then left open.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec

from warifu.attestation.claims import App, Claims, Device, Format, Freshness, Package, Realm
from warifu.attestation.evidence.facts.play_integrity import (
    CLOCK_SKEW,
    PlayIntegrityExpectations,
    PlayIntegrityFacts,
    Recall,
    RecallBit,
)
from warifu.attestation.evidence.readers.play_integrity import (
    AppIntegrity,
    DeviceRecall,
    Payload,
    read_payload,
    to_whole_number,
)
from warifu.attestation.evidence.rules import play_integrity as rules
from warifu.attestation.examination import Examination, Gaps
from warifu.base.codec import jose, text
from warifu.base.errors import BadEvidence, MalformedEvidence, MissingTrust, Misuse
from warifu.base.pki.signature import PublicKey, load_public_key

if TYPE_CHECKING:
    from warifu.attestation.trust.view import TrustView
    from warifu.base.rule import Rule

MAX_TOKEN_BYTES = 64 << 10
MAX_REMEMBERED_KEYS = 64
"""Verification keys loaded: one for each app, given by its owner, never by a token."""

_ALGORITHMS = frozenset({"ES256"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGEST_BYTES = 32


def verify(
    evidence: bytes,
    *,
    expected: PlayIntegrityExpectations,
    trust: TrustView,
    at: datetime,
    gaps: Gaps = Gaps.REFUSE,
) -> Claims:
    """Verify a Play Integrity token.

    Args:
        evidence: The compact token in ASCII, or the decoded verdict as JSON (see above).
        expected: The app's response keys and what the verdict is held against.
        trust: Only its realm counts here: a testing response is for the test realm.
        at: When the token was received. Its own timestamp is judged against this.
        gaps: What to do where an expectation is missing.

    Raises:
        BadEvidence: A rule of `rules.play_integrity` or of `base.codec.jose` is not met.
        MissingTrust: There is no decryption key, without which a token tells nothing.
        Unchecked: A check could not be made and gaps are refused.
        Misuse: The response keys are no such keys.
    """
    exam = Examination(trust=trust, at=at, gaps=gaps)
    payload, unlisted = read_payload(_open(evidence, expected, exam))
    # TestingDetails: verdicts that a developer configured for a tester's account say nothing.
    if payload.testing_details.is_testing_response and trust.realm is not Realm.TEST:
        raise BadEvidence(rules.GENUINE_RESPONSE)
    # Verdicts page: request details must be checked before anything else is believed.
    _check_request_package(payload, expected, exam)
    freshness = _check_binding(payload, expected, exam)
    made_at = _check_timestamp(payload, expected, exam)
    detail = _facts(payload, unlisted)
    signers = _signers(detail)
    _check_app(payload.app_integrity, detail, expected)
    _check_verdicts(detail, expected)
    package = payload.app_integrity.package_name
    return Claims(
        format=Format.PLAY_INTEGRITY,
        at=exam.at,
        known_at=trust.known_at,
        realm=trust.realm,
        device=Device(platform="android"),
        app=App(
            identifier=payload.request_details.request_package_name,
            packages=() if package is None else (Package(package, detail.version_code),),
            signers=signers,
        ),
        freshness=Freshness(
            challenge=freshness[0], challenge_matches=freshness[1], made_at=made_at
        ),
        detail=detail,
        proved=exam.proved(_applied(detail, expected)),
        leniencies=exam.leniencies(),
        unchecked=exam.unchecked(),
    )


def _open(evidence: bytes, expected: PlayIntegrityExpectations, exam: Examination) -> bytes:
    """From the outside in: decrypt, verify the signature, give the signed bytes."""
    if evidence[:1] == b"{":
        exam.leave_open(rules.ENCRYPTION, "decoded by Google's server, not by us")
        exam.leave_open(rules.SIGNATURE, "a decoded verdict carries no signature")
        return evidence
    key = expected.decryption_key
    if key is None:
        jose.require_jwe_form(evidence, max_bytes=MAX_TOKEN_BYTES)
        raise MissingTrust(rules.ENCRYPTION, "no decryption key given")
    if len(key) != jose.A256_KEY_BYTES:
        raise Misuse(rules.RESPONSE_KEYS, f"decryption key of {len(key)} bytes")
    try:
        signed = jose.decrypt_jwe(evidence, key.reveal(), max_bytes=MAX_TOKEN_BYTES)
    except BadEvidence as error:
        raise _as(rules.ENCRYPTION, error, jose.DECRYPTS) from error
    jws = jose.read_jws(signed, algorithms=_ALGORITHMS, max_bytes=MAX_TOKEN_BYTES)
    if expected.verification_key is None:
        exam.leave_open(rules.SIGNATURE, "no verification key given")
        return jws.payload
    try:
        jose.check_jws(jws, _verification_key(expected.verification_key))
    except BadEvidence as error:
        raise _as(rules.SIGNATURE, error, jose.SIGNATURE) from error
    return jws.payload


def _as(rule: Rule, error: BadEvidence, general: Rule) -> BadEvidence:
    """The format's own rule in place of the general one it applies."""
    return BadEvidence(rule, error.detail) if error.rule is general else error


@lru_cache(maxsize=MAX_REMEMBERED_KEYS)
def _verification_key(spki: bytes) -> PublicKey:
    try:
        key = load_public_key(spki)
    except BadEvidence as error:
        raise Misuse(rules.RESPONSE_KEYS, error.detail) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Misuse(rules.RESPONSE_KEYS, "the verification key is not on P-256")
    return key


def _check_request_package(
    payload: Payload, expected: PlayIntegrityExpectations, exam: Examination
) -> None:
    """Who asked: another app of the same owner may share the response keys."""
    if expected.app is None:
        exam.leave_open(rules.REQUEST_PACKAGE, "no app expected")
    elif payload.request_details.request_package_name != expected.app:
        raise BadEvidence(
            rules.REQUEST_PACKAGE, repr(payload.request_details.request_package_name)[:100]
        )


def _check_binding(
    payload: Payload, expected: PlayIntegrityExpectations, exam: Examination
) -> tuple[bytes, bool | None]:
    """What was asked: the request hash of a standard request or the nonce of a classic one."""
    request = payload.request_details
    if (request.request_hash is None) == (request.nonce is None):
        raise BadEvidence(rules.ONE_BINDING)
    if request.request_hash is not None:
        found = request.request_hash.encode("utf-8")
        wanted = expected.request_hash
        if wanted is None and expected.challenge is not None:
            wanted = text.to_base64url(expected.challenge)
        return found, exam.match(
            rules.REQUEST_HASH, found, None if wanted is None else wanted.encode("utf-8")
        )
    found = _nonce_bytes(request.nonce or "")
    if expected.challenge is None and expected.request_hash is not None:
        raise BadEvidence(rules.REQUEST_HASH, "a classic request where a standard one was expected")
    return found, exam.match(rules.NONCE, found, expected.challenge)


def _nonce_bytes(nonce: str) -> bytes:
    """Classic requests: the nonce is base64url without line breaks, padded or not."""
    try:
        return text.from_base64url(nonce)
    except MalformedEvidence as error:
        raise MalformedEvidence(rules.NONCE, "not base64url") from error


def _check_timestamp(
    payload: Payload, expected: PlayIntegrityExpectations, exam: Examination
) -> datetime:
    """When it was asked: the token has no expiry, so its age is for its receiver to judge."""
    millis = to_whole_number(payload.request_details.timestamp_millis, "timestampMillis")
    if millis is None:
        raise BadEvidence(rules.TIMESTAMP, "no timestamp")
    made_at = _EPOCH + timedelta(milliseconds=millis)
    if not -CLOCK_SKEW <= exam.at - made_at <= expected.max_age:
        raise BadEvidence(rules.TIMESTAMP, f"made at {made_at:%Y-%m-%dT%H:%M:%SZ}")
    return made_at


def _check_app(
    app: AppIntegrity, detail: PlayIntegrityFacts, expected: PlayIntegrityExpectations
) -> None:
    """Which app Google saw. Where it evaluated none, only an expectation can miss it."""
    if app.package_name is not None and app.package_name != detail.request_package:
        raise BadEvidence(rules.APP_PACKAGE, repr(app.package_name)[:100])
    allowed = expected.certificate_digests
    if allowed is not None:
        texts = {text.to_base64url(digest) for digest in allowed}
        found = {digest.rstrip("=") for digest in detail.certificate_digests}
        if not found or not found <= texts:
            raise BadEvidence(rules.APP_SIGNER, f"{len(found - texts)} unexpected of {len(found)}")
    lowest = expected.minimum_version
    if lowest is not None and (detail.version_code is None or detail.version_code < lowest):
        raise BadEvidence(rules.APP_VERSION, f"version {detail.version_code}")


def _check_verdicts(detail: PlayIntegrityFacts, expected: PlayIntegrityExpectations) -> None:
    """Google's verdicts, only where the caller asked for some: otherwise they are facts."""
    if not _one_of(expected.app_recognition, detail.app_recognition):
        raise BadEvidence(rules.APP_RECOGNITION, f"{detail.app_recognition}"[:100])
    missing = (expected.device_labels or frozenset()).difference(detail.device_labels)
    if missing:
        raise BadEvidence(rules.DEVICE_RECOGNITION, f"not met: {', '.join(sorted(missing))}")
    if not _one_of(expected.licensing, detail.licensing):
        raise BadEvidence(rules.LICENSING, f"{detail.licensing}"[:100])


def _one_of(asked: frozenset[str] | None, found: str | None) -> bool:
    return asked is None or found in asked


def _facts(payload: Payload, unlisted: dict[str, object]) -> PlayIntegrityFacts:
    app, device = payload.app_integrity, payload.device_integrity
    account, environment = payload.account_details, payload.environment_details
    return PlayIntegrityFacts(
        request_kind="classic" if payload.request_details.request_hash is None else "standard",
        request_package=payload.request_details.request_package_name,
        app_recognition=app.app_recognition_verdict,
        certificate_digests=app.certificate_sha256_digest or (),
        version_code=to_whole_number(app.version_code, "versionCode"),
        device_labels=device.device_recognition_verdict or (),
        legacy_device_labels=device.legacy_device_recognition_verdict,
        sdk_version=to_whole_number(device.device_attributes.sdk_version, "sdkVersion"),
        device_activity=device.recent_device_activity.device_activity_level,
        recall=_recall(device.device_recall),
        licensing=account.app_licensing_verdict,
        account_activity=account.account_activity.activity_level,
        play_protect=environment.play_protect_verdict,
        apps_detected=environment.app_access_risk_verdict.apps_detected,
        testing_response=payload.testing_details.is_testing_response or False,
        unlisted=unlisted,
    )


def _recall(found: DeviceRecall | None) -> Recall | None:
    if found is None:
        return None
    values, dates = found.values, found.write_dates
    return Recall(
        first=RecallBit(value=values.bit_first, written=_month(dates.yyyymm_first)),
        second=RecallBit(value=values.bit_second, written=_month(dates.yyyymm_second)),
        third=RecallBit(value=values.bit_third, written=_month(dates.yyyymm_third)),
    )


def _month(number: int | None) -> str | None:
    """202401 as 2024-01."""
    if number is None:
        return None
    year, month = divmod(number, 100)
    if not (2000 <= year < 10000 and 1 <= month <= 12):
        raise MalformedEvidence(rules.PAYLOAD, "a recall date is no month")
    return f"{year}-{month:02}"


def _signers(detail: PlayIntegrityFacts) -> tuple[bytes, ...]:
    """The digests that are digests; the others stay in the detail as received."""
    found = []
    for digest in detail.certificate_digests:
        try:
            value = text.from_base64url(digest)
        except MalformedEvidence:
            continue
        if len(value) == _DIGEST_BYTES:
            found.append(value)
    return tuple(found)


def _applied(detail: PlayIntegrityFacts, expected: PlayIntegrityExpectations) -> tuple[Rule, ...]:
    """The rules that this verdict was held against; the others did not concern it."""
    return _rules_applied(
        rules.NONCE if detail.request_kind == "standard" else rules.REQUEST_HASH,
        expected.certificate_digests is None and rules.APP_SIGNER,
        expected.minimum_version is None and rules.APP_VERSION,
        expected.app_recognition is None and rules.APP_RECOGNITION,
        expected.device_labels is None and rules.DEVICE_RECOGNITION,
        expected.licensing is None and rules.LICENSING,
    )


@lru_cache(maxsize=64)
def _rules_applied(*absent: Rule | bool) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules.RULES if rule not in absent)
