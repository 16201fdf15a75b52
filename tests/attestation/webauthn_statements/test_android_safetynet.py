"""android-safetynet statements: honest phones, and statements with exactly one thing wrong."""

from typing import Any

import pytest

from tests.attestation.webauthn_statements.statement_world import judge, statement_facts
from tests.support import refused
from warifu.attestation.claims import Claims, Endorsement
from warifu.attestation.evidence.rules import safetynet as safetynet_rules
from warifu.attestation.evidence.rules import webauthn as webauthn_rules
from warifu.attestation.evidence.rules import webauthn_android as rules
from warifu.attestation.trust.anchors import AnchorUse
from warifu.base.codec import cbor, jose, text
from warifu.base.pki import path as paths
from warifu.handset.android_statements import SafetyNetStatement
from warifu.handset.authority import Authority, new_key
from warifu.handset.safetynet import MADE_AT, SIGNER, SafetyNetServer

ROOT = Authority.root("SafetyNet Root")


def server(**changes: Any) -> SafetyNetServer:
    return SafetyNetServer(root=ROOT, **changes)


def verdict(statement: SafetyNetStatement) -> Claims:
    return judge(statement, ROOT.certificate, AnchorUse.SAFETYNET, at=MADE_AT)


def test_honest_statement_is_proved() -> None:
    claims = verdict(SafetyNetStatement(server=server()))
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.ANCHORED
    assert claims.unchecked == ()
    facts = statement_facts(claims)
    assert facts.made_at == MADE_AT
    assert facts.signers == (SIGNER,)
    assert facts.verdict.basic_integrity is True
    assert rules.SAFETYNET_NONCE.code in claims.proved


def test_statement_that_leads_to_nobody_is_reported_unanchored() -> None:
    claims = verdict(SafetyNetStatement(server=SafetyNetServer(root=Authority.root("Somebody"))))
    assert claims.key is not None
    assert claims.key.endorsement is Endorsement.UNANCHORED


@pytest.mark.parametrize("version", ["1", "1" * 32])
def test_a_version_may_be_on_its_limits(version: str) -> None:
    claims = verdict(SafetyNetStatement(server=server(), members={"ver": version}))
    assert statement_facts(claims).version == version


@pytest.mark.parametrize("version", ["", "1" * 33])
def test_statement_without_a_version_is_refused(version: str) -> None:
    with refused(webauthn_rules.STATEMENT_FORM):
        verdict(SafetyNetStatement(server=server(), members={"ver": version}))


@pytest.mark.parametrize("member", ["ver", "response"])
def test_statement_without_a_member_is_refused(member: str) -> None:
    with refused(cbor.EXPECTED_TYPE):
        verdict(SafetyNetStatement(server=server(), members={member: None}))


def test_response_that_is_no_token_is_refused() -> None:
    with refused(jose.WELL_FORMED):
        verdict(SafetyNetStatement(server=server(), members={"response": b"no token"}))


def test_response_for_another_ceremony_is_refused() -> None:
    with refused(rules.SAFETYNET_NONCE):
        verdict(SafetyNetStatement(server=server(), nonce=bytes(32)))


def test_unlocked_phone_is_refused() -> None:
    made = server()
    assert isinstance(made.payload, dict)
    made.payload["ctsProfileMatch"] = False
    with refused(rules.SAFETYNET_PROFILE):
        verdict(SafetyNetStatement(server=made))


def test_response_of_another_host_is_refused() -> None:
    made = server()
    made.name_host("attacker.example")
    with refused(safetynet_rules.HOSTNAME):
        verdict(SafetyNetStatement(server=made))


def test_response_signed_by_another_key_is_refused() -> None:
    made = server()
    made.signed_with = new_key()
    with refused(safetynet_rules.SIGNATURE):
        verdict(SafetyNetStatement(server=made))


def test_response_under_an_expired_certificate_is_refused() -> None:
    made = server()
    made.leaf.not_after = made.leaf.not_before
    with refused(paths.VALID_AT):
        verdict(SafetyNetStatement(server=made))


def test_nonce_in_the_wrong_alphabet_is_refused() -> None:
    made = server()
    made.payload = b'{"nonce":"-_-_","timestampMs":1,"ctsProfileMatch":true}'
    with refused(text.WELL_FORMED):
        verdict(SafetyNetStatement(server=made))


@pytest.mark.parametrize(
    ("package", "proved"), [("com.google.android.gms", "verified"), ("com.evil.app", None)]
)
def test_flags_and_aaguid_of_a_response_that_any_app_asked_for_are_no_facts(
    package: str, proved: str | None
) -> None:
    made = server()
    assert isinstance(made.payload, dict)
    made.payload["apkPackageName"] = package
    claims = verdict(SafetyNetStatement(server=made))
    assert claims.key is not None
    assert claims.key.user_authentication == proved
    assert claims.device is not None
    assert (claims.device.aaguid is None) is (proved is None)
