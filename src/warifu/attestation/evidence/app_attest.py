"""Apple App Attest: the attestation of a new key.

The evidence is the CBOR attestation object ``{fmt, attStmt: {x5c, receipt}, authData}`` exactly as
``DCAppAttestService.attestKey`` returned it. The comments number the steps of *Verify the
attestation* in Apple's article *Validating apps that connect to your server*.

The receipt inside is not protected by the attestation and proves nothing here; take it with
`readers.app_attest.read_attestation` and verify it with `app_attest_receipt.verify`.
"""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING

from warifu.attestation.claims import (
    App,
    Claims,
    Device,
    Endorsement,
    Format,
    Freshness,
    Key,
    OperatingSystem,
    SecurityLevel,
)
from warifu.attestation.evidence.facts.app_attest import (
    AppAttestExpectations,
    AppAttestFacts,
    Environment,
)
from warifu.attestation.evidence.readers import app_attest as reader
from warifu.attestation.evidence.readers import apple_extensions
from warifu.attestation.evidence.readers.authenticator_data import (
    AttestedCredential,
    read_authenticator_data,
)
from warifu.attestation.evidence.rules import app_attest as rules
from warifu.attestation.examination import Examination, Gaps
from warifu.attestation.trust.anchors import AnchorUse
from warifu.base.errors import BadEvidence, MalformedEvidence, MissingTrust, Misuse
from warifu.base.pki.certificate import Certificate, read_certificate
from warifu.base.pki.memory import read_authority
from warifu.base.pki.path import ANCHORED, Path, read_basic_constraints, verify_path

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.attestation.trust.view import TrustView
    from warifu.base.rule import Rule

MIN_PATH = 2
NONCE_BYTES = 32

_ENVIRONMENTS = {
    b"appattest".ljust(16, b"\0"): Environment.PRODUCTION,
    b"appattestdevelop": Environment.DEVELOPMENT,
}


def verify(
    evidence: bytes,
    *,
    expected: AppAttestExpectations,
    trust: TrustView,
    at: datetime,
    gaps: Gaps = Gaps.REFUSE,
) -> Claims:
    """Verify an App Attest attestation.

    Args:
        evidence: The CBOR attestation object.
        expected: Challenge, app, and what else the caller knows.
        trust: What is believed; its `app-attest` anchors count.
        at: When the evidence was made. Credential certificates live from days to months.
        gaps: What to do where an expectation is not stated.

    Raises:
        BadEvidence: ``app-attest/*``, ``pki/*``, ``cbor/*``, ``der/*``.
        VerifierFault: `Unchecked` for a gap; `MissingTrust` where no anchor is known.
        Misuse: Challenge and client data hash are both stated, or `at` has no offset.
    """
    exam = Examination(trust=trust, at=at, gaps=gaps)
    client_data_hash = _client_data_hash(expected)
    attestation = reader.read_attestation(evidence)

    # Step 1: the chain, at the time judged for. The credential certificate is new for every key and
    # is not remembered; Apple's intermediate is.
    path = _verify_chain(attestation.certificates, exam)
    leaf = path.certificates[0]

    # Steps 2 to 4: the certificate was made over this authenticator data, for our challenge. From
    # here on the authenticator data is Apple's word and may be read.
    raw = attestation.authenticator_data
    nonce = _check_nonce(leaf, raw, client_data_hash, exam)
    data = read_authenticator_data(raw)
    credential = data.credential
    if credential is None:
        raise MalformedEvidence(rules.STRUCTURE, "no attested credential data")

    # Step 5: the key the app names is the certified one.
    point, identifier = _check_key(leaf, expected.key_identifier)

    # Step 6: made for our app.
    app = _check_app(data.rp_id_hash, leaf, expected.app, exam)

    # Step 7: a key that never signed.
    if data.counter != 0:
        raise BadEvidence(rules.COUNTER_IS_ZERO, str(data.counter))

    # Step 8: production or development.
    environment = _check_environment(credential.aaguid, expected.environment, exam)

    # Step 9, and the whole key beside its identifier: readers of either see the same key.
    _check_credential(credential, point, identifier)

    key = Key(
        public_key=leaf.public_key,
        algorithm="ES256",
        identifier=identifier,
        security_level=SecurityLevel.SECURE_ELEMENT,
        endorsement=Endorsement.ANCHORED,
    )
    freshness = Freshness(
        challenge=nonce, challenge_matches=None if client_data_hash is None else True, counter=0
    )
    return _claims(
        exam,
        path,
        rules.RULES if expected.key_identifier is not None else _RULES_WITHOUT_IDENTIFIER,
        app=App(identifier=app, environment=environment.value),
        app_id_hash=data.rp_id_hash,
        key=key,
        freshness=freshness,
    )


def _client_data_hash(expected: AppAttestExpectations) -> bytes | None:
    """Apple's text hashes the challenge, Apple's sample does not: the caller says which it did."""
    if expected.challenge is None:
        return expected.client_data_hash
    if expected.client_data_hash is not None:
        raise Misuse(rules.ONE_CHALLENGE_FORM)
    return sha256(expected.challenge).digest()


def _verify_chain(certificates: tuple[bytes, ...], exam: Examination) -> Path:
    anchors = exam.trust.points(AnchorUse.APP_ATTEST)
    if not anchors:
        raise MissingTrust(ANCHORED, "no anchor for App Attest is known")
    leaf, *above = certificates
    chain = (read_certificate(leaf), *map(read_authority, above))
    path = verify_path(chain, anchors, exam.at, remember_from=1)
    # A path that starts at an authority would let Apple's own certificates pose as a device's.
    if len(path.certificates) < MIN_PATH:
        raise BadEvidence(rules.CREDENTIAL_CERTIFICATE, f"path of {len(path.certificates)}")
    authority, _ = read_basic_constraints(path.certificates[0])
    if authority:
        raise BadEvidence(rules.CREDENTIAL_CERTIFICATE, "basicConstraints of an authority")
    for certificate in path.certificates:
        exam.allow(*certificate.leniencies)
    return path


def _check_nonce(
    leaf: Certificate, authenticator_data: bytes, client_data_hash: bytes | None, exam: Examination
) -> bytes:
    """Steps 2 to 4; returns the nonce of the certificate."""
    extension = leaf.extensions.get(apple_extensions.NONCE)
    if extension is None:
        raise BadEvidence(rules.NONCE_EXTENSION, "absent")
    nonce = apple_extensions.read_nonce(extension.value)
    if len(nonce) != NONCE_BYTES:
        raise BadEvidence(rules.NONCE_EXTENSION, f"{len(nonce)} bytes")
    if client_data_hash is None:
        # Nothing else ties the authenticator data to the certificate: what is read from it is shown
        # and counts as proved nowhere.
        for rule in _REST_ON_NONCE:
            exam.leave_open(rule, "no challenge was stated")
    elif not compare_digest(sha256(authenticator_data + client_data_hash).digest(), nonce):
        raise BadEvidence(rules.NONCE, nonce.hex())
    return nonce


def _check_key(leaf: Certificate, wanted: bytes | None) -> tuple[bytes, bytes]:
    """Step 5; returns the X9.62 point of the certified key and its identifier."""
    point = reader.point_of(leaf.public_key)
    if point is None:
        raise BadEvidence(rules.PUBLIC_KEY, leaf.public_key[:32].hex())
    identifier = reader.identifier_of(point)
    if wanted is not None and not compare_digest(wanted, identifier):
        raise BadEvidence(rules.KEY_IDENTIFIER, identifier.hex())
    return point, identifier


def _check_app(
    app_id_hash: bytes, leaf: Certificate, wanted: str | None, exam: Examination
) -> str | None:
    """Step 6; returns the identifier, which the certificate names where none was expected."""
    if wanted is not None:
        if not compare_digest(sha256(wanted.encode("utf-8", "replace")).digest(), app_id_hash):
            raise BadEvidence(rules.APP, app_id_hash.hex())
        return wanted
    exam.leave_open(rules.APP, "no app was stated")
    named = apple_extensions.read_app_identifier(leaf.extensions)
    if named is None or not compare_digest(sha256(named.encode()).digest(), app_id_hash):
        return None
    return named


def _check_credential(credential: AttestedCredential, point: bytes, identifier: bytes) -> None:
    """Step 9, and the whole key: the COSE key has one encoding, so its octets are compared."""
    if not compare_digest(credential.credential_id, identifier):
        raise BadEvidence(rules.CREDENTIAL_ID, credential.credential_id[:64].hex())
    if credential.public_key != reader.cose_key_of(point):
        raise BadEvidence(rules.CREDENTIAL_KEY, credential.public_key[:128].hex())


def _check_environment(aaguid: bytes, wanted: Environment | None, exam: Examination) -> Environment:
    """Step 8. Where nothing is stated production passes, and development is not let by silently."""
    found = _ENVIRONMENTS.get(aaguid)
    if found is None:
        raise BadEvidence(rules.AAGUID, aaguid.hex())
    if wanted is None and found is not Environment.PRODUCTION:
        exam.leave_open(rules.ENVIRONMENT, f"{found.value} evidence, no environment was stated")
    elif wanted is not None and found is not wanted:
        raise BadEvidence(rules.ENVIRONMENT, found.value)
    return found


def _claims(
    exam: Examination,
    path: Path,
    checked: tuple[Rule, ...],
    *,
    app: App,
    app_id_hash: bytes,
    key: Key,
    freshness: Freshness,
) -> Claims:
    leaf = path.certificates[0]
    version, build = apple_extensions.read_system(leaf.extensions)
    return Claims(
        format=Format.APP_ATTEST,
        at=exam.at,
        known_at=exam.trust.known_at,
        realm=exam.trust.realm,
        device=Device(platform="apple"),
        operating_system=OperatingSystem(version=version, build=build),
        app=app,
        key=key,
        freshness=freshness,
        chain=(*path.certificates, exam.trust.anchor_certificate(path.anchor.name)),
        anchor=path.anchor.name,
        detail=AppAttestFacts(
            app_id_hash=app_id_hash,
            extensions=apple_extensions.raw_extensions(leaf.extensions),
        ),
        proved=exam.proved(checked),
        leniencies=exam.leniencies(),
        unchecked=exam.unchecked(),
    )


_REST_ON_NONCE = (
    rules.NONCE,
    rules.APP,
    rules.COUNTER_IS_ZERO,
    rules.AAGUID,
    rules.ENVIRONMENT,
)
_RULES_WITHOUT_IDENTIFIER = tuple(rule for rule in rules.RULES if rule is not rules.KEY_IDENTIFIER)
