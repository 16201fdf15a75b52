"""Attacks on authentications, by step of WebAuthn L3 §7.2; each changes exactly one thing."""

from hashlib import sha256
from typing import Any

import pytest

from tests.attestation.webauthn.world import NOW, stored, trusting, verify
from tests.support import no_statement, refused
from warifu.attestation.claims import Endorsement
from warifu.attestation.evidence import webauthn
from warifu.attestation.evidence.facts.webauthn import (
    AuthenticationFacts,
    UserVerification,
    WebAuthnExpectations,
)
from warifu.attestation.evidence.readers import authenticator_data
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.examination import Gaps
from warifu.base.pki import cose
from warifu.base.pki import signature as pki_signature
from warifu.handset.webauthn import (
    BACKED_UP,
    BACKUP_ELIGIBLE,
    RP_ID,
    USER_PRESENT,
    USER_VERIFIED,
    Authentication,
    CredentialKey,
    Registration,
)


def test_an_honest_authentication_proves_its_facts() -> None:
    authentication = Authentication(
        user_handle=b"customer 4711",
        extensions={"uvm": [[2, 4, 2]]},
        credential={"clientExtensionResults": {"appid": False}},
    )
    claims = verify(authentication)
    facts = claims.detail
    assert isinstance(facts, AuthenticationFacts)
    assert facts.user_handle == b"customer 4711"
    assert facts.authenticator_extensions == {"uvm": [[2, 4, 2]]}
    assert facts.client_extensions == {"appid": False}
    assert facts.rp_id_hash == sha256(RP_ID.encode()).digest()
    assert claims.key is not None
    assert claims.key.public_key == authentication.key.spki()
    assert claims.key.algorithm == "ES256"
    assert claims.key.identifier == authentication.credential_id
    assert claims.key.user_authentication == "verified"
    assert claims.key.endorsement is Endorsement.NONE
    assert claims.freshness.counter == 1
    assert claims.unchecked == ()
    assert claims.proved == tuple(rule.code for rule in rules.ASSERTION_RULES)


def test_without_user_verification_none_is_claimed() -> None:
    claims = verify(Authentication(flags=USER_PRESENT))
    assert claims.key is not None
    assert claims.key.user_authentication is None


# Steps 3-6: which credential, whose


def test_an_authentication_is_refused_where_the_response_is_a_registration() -> None:
    registration = Registration()
    with refused(rules.RESPONSE_FORM):
        verify(registration, credential=stored(registration))


@pytest.mark.parametrize(
    "change", [{"authenticatorData": None}, {"userHandle": 5}, {"userHandle": "A" * 88}], ids=str
)
def test_a_response_of_another_form_is_refused(change: dict[str, Any]) -> None:
    with refused(rules.RESPONSE_FORM):
        verify(Authentication(response=change))


def test_another_customers_credential_is_refused() -> None:
    authentication = Authentication()
    with refused(rules.CREDENTIAL_EXPECTED):
        verify(authentication, credential=stored(authentication, identifier=b"another"))


def test_another_customers_user_handle_is_refused() -> None:
    with refused(rules.USER_HANDLE):
        verify(Authentication(user_handle=b"customer 4712"))


def test_an_empty_user_handle_is_a_counted_leniency() -> None:
    claims = verify(Authentication(user_handle=b""))
    assert [use.name for use in claims.leniencies] == [rules.EMPTY_USER_HANDLE.name]


def test_a_user_handle_nobody_can_compare_makes_no_statement() -> None:
    authentication = Authentication(user_handle=b"customer 4711")
    with no_statement(rules.USER_HANDLE):
        verify(authentication, credential=stored(authentication, user_handle=None))


def test_without_a_stored_credential_no_statement_is_made() -> None:
    with no_statement(rules.CREDENTIAL_EXPECTED):
        verify(Authentication(), credential=None)


def test_without_a_stored_credential_everything_that_needs_it_is_left_open() -> None:
    authentication = Authentication(user_handle=b"x", signing_key=CredentialKey())
    claims = verify(authentication, credential=None, gaps=Gaps.REPORT)
    assert claims.key is not None
    assert claims.key.public_key is None
    assert claims.key.user_authentication is None
    assert {gap.rule for gap in claims.unchecked} == {
        rule.code
        for rule in (
            rules.CREDENTIAL_EXPECTED,
            rules.USER_HANDLE,
            rules.BACKUP_ELIGIBILITY_KEPT,
            rules.ASSERTION_SIGNATURE,
            rules.COUNTER,
        )
    }
    assert rules.ASSERTION_SIGNATURE.code not in claims.proved


def test_a_response_names_credential_and_user_without_proving_them() -> None:
    authentication = Authentication(user_handle=b"customer 4711")
    claimed = webauthn.claimed_credential(authentication.evidence())
    assert claimed == (authentication.credential_id, b"customer 4711")


# Steps 8-15: client data and RP ID


def test_a_registration_offered_as_sign_in_is_refused() -> None:
    with refused(rules.TYPE):
        verify(Authentication(type="webauthn.create"))


def test_a_replayed_sign_in_is_refused() -> None:
    with refused(rules.CHALLENGE):
        verify(Authentication(), challenge=b"today's challenge")


def test_a_sign_in_on_a_phishing_site_is_refused() -> None:
    with refused(rules.ORIGIN):
        verify(Authentication(origin="https://bank-example.attacker.test"))


def test_a_sign_in_in_a_hidden_frame_is_refused() -> None:
    with refused(rules.CROSS_ORIGIN):
        verify(Authentication(client={"crossOrigin": True}))


def test_a_sign_in_for_another_service_is_refused() -> None:
    with refused(rules.RP_ID):
        verify(Authentication(rp_id="shop.example"))


APP_ID = "https://bank.example/app-id.json"


def test_a_u2f_credential_is_taken_for_its_app_id_where_the_client_says_so() -> None:
    authentication = Authentication(
        rp_id=APP_ID, credential={"clientExtensionResults": {"appid": True}}
    )
    verify(authentication, app_id=APP_ID)


def test_an_app_id_the_client_does_not_speak_of_is_refused() -> None:
    with refused(rules.RP_ID):
        verify(Authentication(rp_id=APP_ID), app_id=APP_ID)


def test_an_app_id_nobody_expected_is_refused() -> None:
    authentication = Authentication(
        rp_id=APP_ID, credential={"clientExtensionResults": {"appid": True}}
    )
    with refused(rules.RP_ID):
        verify(authentication)


# Steps 16-19: flags


def test_a_sign_in_without_the_person_is_refused() -> None:
    with refused(rules.USER_PRESENT):
        verify(Authentication(flags=USER_VERIFIED))


def test_a_stolen_device_without_user_verification_is_refused() -> None:
    with refused(rules.USER_VERIFIED):
        verify(Authentication(flags=USER_PRESENT), user_verification=UserVerification.REQUIRED)


def test_a_backup_of_what_cannot_be_backed_up_is_refused() -> None:
    with refused(rules.BACKUP_FLAGS):
        verify(Authentication(flags=USER_PRESENT | BACKED_UP))


@pytest.mark.parametrize(("flags", "before"), [(USER_PRESENT | BACKUP_ELIGIBLE, False), (1, True)])
def test_a_device_bound_key_does_not_become_a_synced_one_nor_the_reverse(
    *, flags: int, before: bool
) -> None:
    authentication = Authentication(flags=flags)
    with refused(rules.BACKUP_ELIGIBILITY_KEPT):
        verify(authentication, credential=stored(authentication, backup_eligible=before))


def test_where_eligibility_was_not_stored_either_is_taken() -> None:
    authentication = Authentication(flags=USER_PRESENT | BACKUP_ELIGIBLE)
    verify(authentication, credential=stored(authentication, backup_eligible=None))


# Steps 20-22: signature and counter


def test_a_signature_of_another_key_is_refused() -> None:
    with refused(rules.ASSERTION_SIGNATURE):
        verify(Authentication(signing_key=CredentialKey()))


def test_a_signature_of_another_kind_of_key_is_refused() -> None:
    with refused(rules.ASSERTION_SIGNATURE):
        verify(Authentication(signing_key=CredentialKey(-8)))


def test_a_stored_key_that_is_no_key_is_refused() -> None:
    authentication = Authentication()
    with refused(cose.KEY):
        verify(authentication, credential=stored(authentication, public_key=b"\xa1\x03\x26"))


def test_an_oversized_signature_is_refused_without_computing() -> None:
    with refused(rules.ASSERTION_SIGNATURE):
        verify(Authentication(response={"signature": "A" * 12000}))


def test_an_rsa_signature_over_other_bytes_is_refused() -> None:
    authentication = Authentication(key=CredentialKey(-257))
    evidence = authentication.evidence()
    authentication.challenge += b"x"
    with refused(rules.CHALLENGE):
        webauthn.verify(
            evidence,
            expected=WebAuthnExpectations(
                challenge=authentication.challenge, app=RP_ID, credential=stored(authentication)
            ),
            trust=trusting(),
            at=NOW,
        )


@pytest.mark.parametrize(("now", "before"), [(4, 5), (5, 5), (0, 5)])
def test_a_cloned_authenticator_is_refused(now: int, before: int) -> None:
    authentication = Authentication(counter=now)
    with refused(rules.COUNTER):
        verify(authentication, credential=stored(authentication, counter=before))


@pytest.mark.parametrize(("now", "before"), [(0, 0), (1, 0), (6, 5), (2**32 - 1, 5)])
def test_a_counter_that_grows_or_is_not_kept_is_taken(now: int, before: int) -> None:
    authentication = Authentication(counter=now)
    claims = verify(authentication, credential=stored(authentication, counter=before))
    assert claims.freshness.counter == now


def test_only_a_valid_signature_can_say_that_a_key_was_cloned() -> None:
    authentication = Authentication(counter=1, signing_key=CredentialKey())
    with refused(rules.ASSERTION_SIGNATURE):
        verify(authentication, credential=stored(authentication, counter=5))


def test_bytes_hidden_after_authenticator_data_are_refused() -> None:
    with refused(authenticator_data.WELL_FORMED):
        verify(Authentication(tail=b"\x00"))


def test_a_key_that_does_not_fit_its_scheme_is_refused() -> None:
    key = CredentialKey(-7)
    scheme = cose.find_algorithm(-257).scheme
    with refused(pki_signature.ALGORITHM):
        pki_signature.check_signature(scheme, key.private.public_key(), b"", b"")
