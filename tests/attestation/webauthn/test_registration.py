"""Attacks on registrations, by step of WebAuthn L3 §7.1; each changes exactly one thing."""

import json
from datetime import datetime
from typing import Any

import pytest

from tests.attestation.webauthn.world import NOW, expecting, trusting, verify
from tests.support import misuse, no_statement, refused
from warifu.attestation import examination
from warifu.attestation.claims import Endorsement
from warifu.attestation.evidence import webauthn
from warifu.attestation.evidence.facts.webauthn import (
    Ceremony,
    CeremonyFacts,
    Framing,
    Mediation,
    RegistrationFacts,
    UserVerification,
    WebAuthnExpectations,
)
from warifu.attestation.evidence.readers import authenticator_data
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.examination import Gaps
from warifu.base.codec import cbor, text
from warifu.base.codec import json as json_codec
from warifu.base.pki import cose
from warifu.handset.webauthn import (
    BACKED_UP,
    BACKUP_ELIGIBLE,
    MODEL,
    ORIGIN,
    USER_PRESENT,
    USER_VERIFIED,
    Authentication,
    CredentialKey,
    Registration,
)


def detail(registration: Registration, **expected: Any) -> RegistrationFacts:
    facts = verify(registration, **expected).detail
    assert isinstance(facts, RegistrationFacts)
    return facts


def test_an_honest_registration_proves_its_facts() -> None:
    registration = Registration(
        flags=USER_PRESENT | USER_VERIFIED | BACKUP_ELIGIBLE | BACKED_UP,
        extensions={"credProtect": 3, "unheard-of": [1, {"deep": b"x"}]},
        credential={"clientExtensionResults": {"credProps": {"rk": True}}},
    )
    claims = verify(registration)
    facts = claims.detail
    assert isinstance(facts, RegistrationFacts)
    assert facts.authenticator_extensions == {"credProtect": 3, "unheard-of": [1, {"deep": b"x"}]}
    assert facts.client_extensions == {"credProps": {"rk": True}}
    assert (facts.user_present, facts.user_verified) == (True, True)
    assert (facts.backup_eligible, facts.backed_up) == (True, True)
    assert (facts.origin, facts.transports, facts.attachment) == (ORIGIN, ("internal",), "platform")
    assert facts.credential_public_key == registration.key.public_key()
    assert (facts.aaguid, facts.statement_format) == (MODEL, "none")
    assert claims.key is not None
    assert claims.key.public_key == registration.key.spki()
    assert claims.key.identifier == registration.credential_id
    assert claims.key.endorsement is Endorsement.NONE
    assert claims.key.user_authentication is None  # nobody signed the flags
    assert claims.device is None
    assert claims.freshness.challenge_matches is True
    assert claims.freshness.counter == 1
    assert claims.unchecked == ()
    assert rules.CHALLENGE.code in claims.proved
    assert rules.ATTESTATION_TRUSTED.code not in claims.proved


# Steps 3-4: the response


def test_a_registration_is_not_taken_where_a_sign_in_was_asked_for() -> None:
    with refused(rules.RESPONSE_FORM):
        verify(Registration(), ceremony=Ceremony.AUTHENTICATION)


def test_an_authentication_is_not_taken_where_a_registration_was_asked_for() -> None:
    with refused(rules.RESPONSE_FORM):
        verify(Authentication(), ceremony=Ceremony.REGISTRATION, credential=None)


@pytest.mark.parametrize(
    "change",
    [
        {"credential": {"type": "password"}},
        {"credential": {"type": ["public-key"]}},
        {"credential": {"rawId": None}},
        {"credential": {"id": 1}},
        {"credential": {"clientExtensionResults": []}},
        {"credential": {"clientExtensionResults": {"big": 1 << 70}}},
        {"credential": {"authenticatorAttachment": 5}},
        {"credential": {"authenticatorAttachment": "x" * 65}},
        {"response": {"attestationObject": None}},
        {"response": {"signature": "AA"}},
        {"response": {"clientDataJSON": None}},
        {"response": {"transports": "usb"}},
        {"response": {"transports": ["usb"] * 17}},
        {"response": {"transports": [1]}},
    ],
    ids=str,
)
def test_a_response_of_another_form_is_refused(change: dict[str, Any]) -> None:
    with refused(rules.RESPONSE_FORM):
        verify(Registration(**change))


def test_a_response_that_is_no_object_is_refused() -> None:
    evidence = json.dumps({"type": "public-key", "response": []}).encode()
    with refused(rules.RESPONSE_FORM):
        webauthn.verify(evidence, expected=WebAuthnExpectations(), trust=trusting(), at=NOW)


def test_a_second_id_beside_the_raw_id_is_refused() -> None:
    with refused(rules.RESPONSE_FORM):
        verify(Registration(credential={"id": "AAAA"}))


def test_an_id_with_padding_is_the_same_id() -> None:
    registration = Registration(
        credential_id=b"x" * 16, credential={"id": "eHh4eHh4eHh4eHh4eHh4eA=="}
    )
    assert verify(registration).key is not None


def test_a_response_that_is_not_base64url_is_refused() -> None:
    with refused(text.WELL_FORMED):
        verify(Registration(response={"attestationObject": "*"}))


def test_a_response_without_extension_results_or_transports_is_read() -> None:
    facts = detail(
        Registration(
            transports=None,
            credential={"clientExtensionResults": None, "authenticatorAttachment": None},
        )
    )
    assert (facts.transports, facts.client_extensions, facts.attachment) == ((), {}, None)


@pytest.mark.parametrize("member", ["id", "type"])
def test_a_response_of_an_old_library_is_a_counted_leniency(member: str) -> None:
    claims = verify(Registration(credential={member: None}))
    assert [use.name for use in claims.leniencies] == [rules.MEMBERS_LEFT_OUT.name]


def test_a_time_without_offset_is_misuse() -> None:
    with misuse(examination.AWARE_TIME):
        verify(Registration(), at=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the mistake


# Steps 5-6: client data


@pytest.mark.parametrize(
    "client",
    [
        {"type": 1},
        {"challenge": None},
        {"origin": None},
        {"origin": ["https://bank.example"]},
        {"crossOrigin": "false"},
        {"topOrigin": 7},
        {"tokenBinding": {"status": "invented"}},
        {"tokenBinding": {}},
        {"tokenBinding": {"status": []}},
    ],
    ids=str,
)
def test_client_data_of_wrong_types_is_refused(client: dict[str, Any]) -> None:
    with refused(rules.CLIENT_DATA):
        verify(Registration(client=client))


def test_client_data_with_a_repeated_member_is_refused() -> None:
    with refused(json_codec.WELL_FORMED):
        verify(Registration(client_data=b'{"type": "webauthn.create", "type": "webauthn.create"}'))


def test_client_data_after_a_byte_order_mark_is_read() -> None:
    registration = Registration()
    registration.client_data = b"\xef\xbb\xbf" + registration.client_data_json()
    assert verify(registration).freshness.challenge == registration.challenge


def test_unknown_members_of_client_data_are_passed_over() -> None:
    verify(Registration(client={"extraData": "may be extended"}))


@pytest.mark.parametrize("status", ["present", "supported", "not-supported"])
def test_a_token_binding_of_old_browsers_is_a_counted_leniency(status: str) -> None:
    claims = verify(Registration(client={"tokenBinding": {"status": status}}))
    assert [use.name for use in claims.leniencies] == [rules.TOKEN_BINDING.name]


@pytest.mark.parametrize("value", ["unused", 0, []])
def test_a_token_binding_that_is_no_object_says_nothing(value: Any) -> None:
    assert verify(Registration(client={"tokenBinding": value})).leniencies == ()


# Steps 7-11: what the ceremony was for


def test_a_sign_in_offered_as_registration_is_refused() -> None:
    with refused(rules.TYPE):
        verify(Registration(type="webauthn.get"))


def test_an_answer_to_another_challenge_is_refused() -> None:
    with refused(rules.CHALLENGE):
        verify(Registration(), challenge=b"another challenge")


def test_without_a_challenge_no_statement_is_made() -> None:
    with no_statement(rules.CHALLENGE):
        verify(Registration(), challenge=None)


def test_without_a_challenge_the_gap_is_reported() -> None:
    claims = verify(Registration(), challenge=None, gaps=Gaps.REPORT)
    assert claims.freshness.challenge_matches is None
    assert [gap.rule for gap in claims.unchecked] == [rules.CHALLENGE.code]
    assert rules.CHALLENGE.code not in claims.proved


@pytest.mark.parametrize(
    "origin",
    [
        "https://bank.example.attacker.test",
        "https://notbank.example",
        "http://bank.example",
        "https://bank.example/",
        "https://bank.example:x",
        "https://bank.example:",
        "https://bank.example:443123",
        "https://attacker.test/.bank.example",
        "https://user@login.bank.example",
        "https://ｌogin.bank.example",
        "android:apk-key-hash:AAAA",
        "null",
        "",
    ],
)
def test_a_phishing_origin_is_refused(origin: str) -> None:
    with refused(rules.ORIGIN):
        verify(Registration(origin=origin))


@pytest.mark.parametrize(
    "origin", ["https://bank.example", "https://a.b.bank.example", "https://bank.example:8443"]
)
def test_an_origin_on_the_rp_ids_own_hosts_is_taken(origin: str) -> None:
    assert detail(Registration(origin=origin)).origin == origin


def test_plain_http_is_taken_on_localhost_only() -> None:
    registration = Registration(origin="http://localhost:8080", rp_id="localhost")
    assert detail(registration, app="localhost").origin == "http://localhost:8080"


def test_an_origin_outside_the_list_is_refused_even_on_our_own_host() -> None:
    with refused(rules.ORIGIN):
        verify(Registration(), origins=("https://bank.example",))


def test_an_app_origin_is_taken_from_the_list() -> None:
    origin = "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck"
    assert detail(Registration(origin=origin), origins=(origin,)).origin == origin


def test_without_origins_and_rp_id_no_statement_is_made() -> None:
    with no_statement(rules.ORIGIN):
        verify(Registration(), app=None)


def test_a_hidden_frame_is_refused() -> None:
    with refused(rules.CROSS_ORIGIN):
        verify(Registration(client={"crossOrigin": True}))


def test_a_frame_that_only_the_top_origin_betrays_is_refused() -> None:
    with refused(rules.CROSS_ORIGIN):
        verify(Registration(client={"topOrigin": "https://shop.example"}))


def test_an_unknown_site_around_an_allowed_frame_is_refused() -> None:
    with refused(rules.TOP_ORIGIN):
        verify(
            Registration(client={"crossOrigin": True, "topOrigin": "https://attacker.test"}),
            framing=Framing.ALLOW,
            top_origins=("https://shop.example",),
        )


def test_an_expected_site_around_an_allowed_frame_is_a_fact() -> None:
    facts = detail(
        Registration(client={"crossOrigin": True, "topOrigin": "https://shop.example"}),
        framing=Framing.ALLOW,
        top_origins=("https://shop.example",),
    )
    assert (facts.cross_origin, facts.top_origin) == (True, "https://shop.example")


@pytest.mark.parametrize("ceremony", [Registration, Authentication])
def test_a_browser_that_does_not_name_the_top_origin_proves_nothing_about_it(
    ceremony: type[Registration | Authentication],
) -> None:
    claims = verify(ceremony(client={"crossOrigin": True}), framing=Framing.ALLOW, top_origins=())
    assert isinstance(claims.detail, CeremonyFacts)
    assert (claims.detail.cross_origin, claims.detail.top_origin) == (True, None)
    assert rules.TOP_ORIGIN.code not in claims.proved
    assert rules.TOP_ORIGIN.code in verify(ceremony()).proved


def test_an_allowed_frame_without_a_list_makes_no_statement() -> None:
    with no_statement(rules.TOP_ORIGIN):
        verify(Registration(client={"crossOrigin": True}), framing=Framing.ALLOW)


# Step 13: the attestation object


@pytest.mark.parametrize(
    "members", [{"fmt": "x" * 33}, {"more": 1}, {"fmt": 7}, {"authData": "text"}], ids=str
)
def test_an_attestation_object_of_another_form_is_refused(members: dict[str, Any]) -> None:
    rule = rules.ATTESTATION_OBJECT if set(members) <= {"fmt", "more"} else cbor.EXPECTED_TYPE
    rule = cbor.EXPECTED_TYPE if members == {"fmt": 7} else rule
    with refused(rule):
        verify(Registration(attestation_members=members))


def test_an_attestation_object_that_is_no_cbor_is_refused() -> None:
    with refused(cbor.WELL_FORMED):
        verify(Registration(response={"attestationObject": "o2NmbXRk"}))


def test_authenticator_data_without_a_credential_is_refused() -> None:
    data = Authentication().authenticator_data()
    with refused(rules.ATTESTATION_OBJECT):
        verify(Registration(attestation_members={"authData": data}))


@pytest.mark.parametrize("length", [0, 36, 40, 55, 60, 70, 100])
def test_authenticator_data_cut_short_is_refused(length: int) -> None:
    data = Registration(credential_id=b"x" * 16).authenticator_data()
    cut = authenticator_data.WELL_FORMED if length < 71 else cbor.WELL_FORMED
    with refused(cut):
        verify(Registration(attestation_members={"authData": data[:length]}))


def test_bytes_hidden_after_authenticator_data_are_refused() -> None:
    with refused(authenticator_data.WELL_FORMED):
        verify(Registration(tail=b"\x00"))


def test_extension_outputs_that_are_no_map_are_refused() -> None:
    with refused(authenticator_data.WELL_FORMED):
        verify(Registration(extensions=[]))  # type: ignore[arg-type]


@pytest.mark.parametrize("key", [b"bytes", None, 1.5])
def test_extension_outputs_with_odd_keys_are_refused(key: Any) -> None:
    with refused(authenticator_data.WELL_FORMED):
        verify(Registration(extensions={"x": {key: 1}}))


@pytest.mark.parametrize("number", [1 << 64 - 1, -(1 << 63)])
def test_extension_outputs_keep_every_number_of_64_bits(number: int) -> None:
    assert detail(Registration(extensions={"n": number})).authenticator_extensions == {"n": number}


def test_extension_outputs_below_64_bits_are_refused() -> None:
    with refused(authenticator_data.WELL_FORMED):
        verify(Registration(extensions={"n": -(1 << 63) - 1}))


def test_too_many_extension_outputs_are_refused() -> None:
    with refused(authenticator_data.WELL_FORMED):
        verify(Registration(extensions={"x": [0] * 5000}))


# Steps 14-17: RP ID and flags


def test_a_credential_made_for_another_service_is_refused() -> None:
    with refused(rules.RP_ID):
        verify(Registration(rp_id="shop.example"))


def test_without_an_rp_id_no_statement_is_made() -> None:
    with no_statement(rules.RP_ID):
        verify(Registration(), app=None, origins=(ORIGIN,))


def test_a_registration_nobody_was_present_at_is_refused() -> None:
    with refused(rules.USER_PRESENT):
        verify(Registration(flags=USER_VERIFIED))


def test_a_conditional_registration_needs_nobody_present() -> None:
    facts = detail(Registration(flags=0), mediation=Mediation.CONDITIONAL)
    assert not facts.user_present


def test_a_required_but_missing_user_verification_is_refused() -> None:
    with refused(rules.USER_VERIFIED):
        verify(Registration(flags=USER_PRESENT), user_verification=UserVerification.REQUIRED)


def test_a_backup_of_what_cannot_be_backed_up_is_refused() -> None:
    with refused(rules.BACKUP_FLAGS):
        verify(Registration(flags=USER_PRESENT | BACKED_UP))


# Step 20: algorithm


def test_an_algorithm_that_was_not_offered_is_refused() -> None:
    with refused(rules.ALGORITHM):
        verify(Registration(), algorithms=(-8,))


def test_an_algorithm_nobody_knows_is_refused() -> None:
    with refused(cose.ALGORITHM):
        verify(Registration(public_map={**CredentialKey().public_map(), 3: -65535}))


# Step 21: format


def test_a_statement_of_unknown_format_is_refused() -> None:
    with refused(rules.STATEMENT_FORMAT):
        verify(Registration(attestation_members={"fmt": "invented"}))


def test_the_format_none_with_something_to_say_is_refused() -> None:
    with refused(rules.STATEMENT_FORM):
        verify(Registration(attestation_members={"attStmt": {"x": 1}}))


# Step 25: credential id


@pytest.mark.parametrize("size", [0, 1024])
def test_a_credential_id_of_impossible_length_is_refused(size: int) -> None:
    with refused(rules.CREDENTIAL_ID):
        verify(Registration(credential_id=bytes(size)))


def test_the_longest_credential_id_is_taken() -> None:
    verify(Registration(credential_id=bytes(1023)))


def test_an_id_the_authenticator_did_not_sign_is_counted_and_never_claimed() -> None:
    registration = Registration(raw_id=b"the victim's id")
    claims = verify(registration)
    assert claims.key is not None
    assert claims.key.identifier == registration.credential_id
    assert [use.name for use in claims.leniencies] == [rules.OTHER_RAW_ID.name]


def test_a_response_names_its_credential_without_proving_it() -> None:
    registration = Registration()
    claimed = webauthn.claimed_credential(registration.evidence())
    assert claimed == (registration.credential_id, None)


def test_the_same_evidence_gives_the_same_claims() -> None:
    registration = Registration()
    evidence = registration.evidence()
    trust = trusting()
    first, second = (
        webauthn.verify(evidence, expected=expecting(registration), trust=trust, at=NOW)
        for _ in range(2)
    )
    assert first == second
