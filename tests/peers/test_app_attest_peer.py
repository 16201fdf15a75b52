"""pyattest 1.0.5 as an independent judge of App Attest evidence.

Where it is right both must agree. Each disagreement is a test that says who is right and why; when
a new release of the peer changes its mind, the test fails and the record is put right.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import cbor2
import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pyattest.assertion import Assertion
from pyattest.attestation import Attestation
from pyattest.configs.apple import AppleConfig
from pyattest.exceptions import PyAttestException

from tests.attestation.app_attest.apple_vectors import UEBELACK_APP, uebelack
from tests.attestation.app_attest.apple_world import (
    CLIENT_DATA,
    apple,
    judge,
    judge_assertion,
    new_device,
)
from tests.support import moment, production_trust, refused
from warifu.attestation.evidence import app_attest
from warifu.attestation.evidence.facts.app_attest import AppAttestExpectations, Environment
from warifu.attestation.evidence.readers import authenticator_data
from warifu.attestation.evidence.rules import app_attest as rules
from warifu.attestation.evidence.rules import app_attest_assertion as assertion_rules
from warifu.base.codec import der
from warifu.base.pki.signature import SIGNATURE
from warifu.handset import der_writer as w
from warifu.handset.app_attest import (
    APP,
    CHALLENGE,
    DEVELOPMENT,
    NONCE,
    AppAttestDevice,
    AttestationDraft,
    TestApple,
    cose_key,
)

if TYPE_CHECKING:
    from pathlib import Path

    from warifu.base.rule import Rule


pytestmark = [
    pytest.mark.filterwarnings("ignore:Relying on the operating system:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:'extra_trust_roots' is deprecated:DeprecationWarning"),
]


SYSTEM_ROOTS = "pyhanko_certvalidator.registry._system_trust_roots"


@pytest.fixture(autouse=True)
def empty_system_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """The peer also trusts the roots of the machine it runs on; here there are none."""
    monkeypatch.setattr(SYSTEM_ROOTS, list)


def device_of_today(**changes: Any) -> AppAttestDevice:
    """The peer reads the clock, so its evidence must be made now."""
    return new_device(made_at=datetime.now(UTC), **changes)


def peer_accepts(
    evidence: bytes, device: AppAttestDevice, *, production: bool = True, **changes: Any
) -> bool:
    stated = {"key_id": device.key_identifier, "app_id": APP, "root_ca": apple().root.certificate}
    config = AppleConfig(**(stated | changes), production=production)
    try:
        asyncio.run(Attestation(evidence, CHALLENGE, config).verify())
    except PyAttestException:
        return False
    return True


def peer_accepts_assertion(evidence: bytes, device: AppAttestDevice) -> bool:
    config = AppleConfig(key_id=device.key_identifier, app_id=APP, production=True)
    key: Any = load_der_public_key(device.public_key)
    try:
        Assertion(evidence, sha256(CLIENT_DATA).digest(), key, config).verify()
    except PyAttestException:
        return False
    return True


def test_both_accept_an_honest_attestation() -> None:
    device = device_of_today()
    evidence = device.attestation().encode()
    assert peer_accepts(evidence, device)
    judge(device, evidence)


def _other_challenge(draft: AttestationDraft) -> None:
    draft.client_data_hash = sha256(b"another").digest()


def _other_app(draft: AttestationDraft) -> None:
    draft.authenticator.app_id_hash = sha256(b"EVIL123456.app").digest()


def _used_key(draft: AttestationDraft) -> None:
    draft.authenticator.counter = 1


def _development(draft: AttestationDraft) -> None:
    draft.authenticator.aaguid = DEVELOPMENT


def _other_credential(draft: AttestationDraft) -> None:
    draft.authenticator.credential_id = bytes(32)


@pytest.mark.parametrize(
    ("attack", "rule"),
    [
        (_other_challenge, rules.NONCE),
        (_other_app, rules.APP),
        (_used_key, rules.COUNTER_IS_ZERO),
        (_development, rules.ENVIRONMENT),
        (_other_credential, rules.CREDENTIAL_ID),
    ],
)
def test_both_refuse(attack: Any, rule: Rule) -> None:
    device = device_of_today()
    draft = device.attestation()
    attack(draft)
    evidence = draft.encode()

    assert not peer_accepts(evidence, device)
    with refused(rule):
        judge(device, evidence, environment=Environment.PRODUCTION)


def test_both_refuse_another_key_identifier() -> None:
    device = device_of_today()
    evidence = device.attestation().encode()
    assert not peer_accepts(evidence, device, key_id=bytes(32))
    with refused(rules.KEY_IDENTIFIER):
        judge(device, evidence, key_identifier=bytes(32))


def test_both_refuse_an_attackers_own_apple() -> None:
    device = device_of_today()
    device.apple = TestApple()
    assert not peer_accepts(device.attestation().encode(), device)


def test_both_accept_an_honest_assertion() -> None:
    device = new_device()
    evidence = device.assertion(CLIENT_DATA).encode()
    assert peer_accepts_assertion(evidence, device)
    judge_assertion(device, evidence)


def test_peer_accepts_an_assertion_of_another_app_and_is_wrong() -> None:
    """Apple, step 4 demands the comparison; the peer parses the hash and leaves it."""
    device = new_device(app="EVIL123456.app")
    evidence = device.assertion(CLIENT_DATA).encode()
    assert peer_accepts_assertion(evidence, device)
    with refused(assertion_rules.APP):
        judge_assertion(device, evidence)


def test_peer_accepts_a_replayed_assertion_and_is_wrong() -> None:
    """Apple, step 5 demands a greater counter; the peer has no place to state the stored one."""
    device = new_device()
    evidence = device.assertion(CLIENT_DATA).encode()
    assert peer_accepts_assertion(evidence, device)
    assert peer_accepts_assertion(evidence, device)
    with refused(assertion_rules.COUNTER):
        judge_assertion(device, evidence, counter=1)


def test_peer_accepts_production_evidence_in_development_and_is_wrong() -> None:
    """Apple, step 8: one value for each environment. A mixed-up build goes unnoticed."""
    device = device_of_today()
    evidence = device.attestation().encode()
    assert peer_accepts(evidence, device, production=False)
    with refused(rules.ENVIRONMENT):
        judge(device, evidence, environment=Environment.DEVELOPMENT)


def test_peer_accepts_another_key_in_the_authenticator_data_and_is_wrong() -> None:
    """The peer never reads the COSE key: two readers of one attestation see two keys."""
    device = device_of_today()
    draft = device.attestation()
    draft.authenticator.credential_key = cose_key(new_device().point)
    evidence = draft.encode()
    assert peer_accepts(evidence, device)
    with refused(rules.CREDENTIAL_KEY):
        judge(device, evidence)


def test_peer_accepts_bytes_after_the_authenticator_data_and_is_wrong() -> None:
    """WebAuthn L3 §6.1 fixes the parts; the peer cuts out what it knows."""
    device = device_of_today()
    draft = device.attestation()
    draft.authenticator.trailing = b"hidden"
    evidence = draft.encode()
    assert peer_accepts(evidence, device)
    with refused(authenticator_data.WELL_FORMED):
        judge(device, evidence)


def test_peer_accepts_a_nonce_in_another_place_and_is_wrong() -> None:
    """The peer drops six octets instead of decoding the extension."""
    device = device_of_today()
    draft = device.attestation()
    nonce = sha256(draft.authenticator.encode() + draft.client_data_hash).digest()
    draft.nonce = b""
    draft.leaf.extension(NONCE, w.sequence(w.context(9, w.octet_string(nonce))))
    evidence = draft.encode()
    assert peer_accepts(evidence, device)
    with refused(der.EXPECTED_TYPE):
        judge(device, evidence)


def test_peer_escapes_with_errors_that_are_not_its_own() -> None:
    """The peer's decoders are not guarded: its caller must catch everything."""
    device = device_of_today()
    with pytest.raises((KeyError, TypeError)):
        peer_accepts(cbor2.dumps({"fmt": "apple-appattest"}), device)


def test_peer_judges_recorded_evidence_by_todays_clock_and_cannot_replay(vectors: Path) -> None:
    """Nobody is wrong about today; only a verifier that is told the time can judge the record."""
    sample = uebelack(vectors, "attestation-production")
    config = AppleConfig(key_id=sample["keyId"], app_id=UEBELACK_APP, production=True)
    with pytest.raises(PyAttestException):
        asyncio.run(Attestation(sample["attestation"], sample["challenge"], config).verify())

    at = moment("2024-03-01")
    claims = app_attest.verify(
        sample["attestation"],
        expected=AppAttestExpectations(challenge=sample["challenge"], app=UEBELACK_APP),
        trust=production_trust(at),
        at=at,
    )
    assert claims.unchecked == ()


def test_peer_that_is_not_awaited_verifies_nothing() -> None:
    """`verify` of the peer is a coroutine: called as its README shows, it never runs."""
    config = AppleConfig(key_id=bytes(32), app_id=APP, production=True)
    forgotten = Attestation(b"not an attestation", CHALLENGE, config).verify()
    forgotten.close()  # nothing was raised
    with pytest.raises(TypeError):
        asyncio.run(Attestation(b"not an attestation", CHALLENGE, config).verify())


def test_peer_trusts_any_root_of_the_operating_system_and_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Any public web authority could issue a credential certificate; here an anchor has one use."""
    device = device_of_today()
    device.apple = TestApple()
    other = x509.Certificate.load(device.apple.root.certificate)
    evidence = device.attestation().encode()
    assert not peer_accepts(evidence, device)

    monkeypatch.setattr(SYSTEM_ROOTS, lambda: [other])
    assert peer_accepts(evidence, device)
    with refused(SIGNATURE):
        judge(device, evidence)
