"""What registrations and authentications claim: every field, compared with what was made."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.attestation.webauthn.statements import CHIP, STATEMENTS, TEE, Told, chain_in, packed
from tests.attestation.webauthn.world import EVERY_USE, expecting, metadata, model, stored
from tests.support import make_test_anchor, refused, test_trust
from warifu.attestation.claims import (
    App,
    Claims,
    Device,
    Endorsement,
    Format,
    Freshness,
    Gap,
    Key,
    Realm,
    SecurityLevel,
)
from warifu.attestation.evidence import webauthn
from warifu.attestation.evidence.facts.webauthn import (
    AuthenticationFacts,
    Framing,
    ModelFacts,
    RegistrationFacts,
)
from warifu.attestation.evidence.readers.authenticator_data import MAX_CREDENTIAL_ID_BYTES
from warifu.attestation.evidence.readers.plain import MAX_ITEMS
from warifu.attestation.evidence.readers.webauthn_response import (
    MAX_TRANSPORTS,
    MAX_USER_HANDLE_BYTES,
    MAX_WORD_LENGTH,
)
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.examination import Gaps
from warifu.base.pki.certificate import read_certificate
from warifu.handset.android_statements import MADE_AT
from warifu.handset.safetynet import MADE_AT as SAFETYNET_MADE_AT
from warifu.handset.webauthn import (
    BACKED_UP,
    BACKUP_ELIGIBLE,
    MODEL,
    ORIGIN,
    RP_ID,
    USER_PRESENT,
    USER_VERIFIED,
    Authentication,
    CredentialKey,
    Registration,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.base.rule import Rule

TOP = "https://partner.example"
MODEL_TEXT = "7a5f8f5e-61f1-4a1c-9f0f-2b7d5a0c4e31"
BEFORE = (
    rules.RESPONSE_FORM,
    rules.CLIENT_DATA,
    rules.TYPE,
    rules.CHALLENGE,
    rules.ORIGIN,
    rules.CROSS_ORIGIN,
    rules.TOP_ORIGIN,
    rules.ATTESTATION_OBJECT,
    rules.RP_ID,
    rules.USER_PRESENT,
    rules.USER_VERIFIED,
    rules.BACKUP_FLAGS,
    rules.ALGORITHM,
    rules.STATEMENT_FORMAT,
)


def claimed(told: Told, registration: Registration, evidence: bytes) -> Claims:
    chain = chain_in(evidence)
    anchored = told.endorsement is Endorsement.ANCHORED
    root = [read_certificate(told.root)] if told.root else []
    # A root that was sent along is replaced by our own copy of it.
    sent = [each for each in map(read_certificate, chain) if each.subject != each.issuer]
    return Claims(
        format=Format.WEBAUTHN,
        at=told.at,
        known_at=told.at,
        realm=Realm.TEST,
        device=Device(platform=told.platform, aaguid=MODEL_TEXT if told.data_signed else None)
        if anchored
        else None,
        app=App(identifier=RP_ID),
        key=Key(
            public_key=registration.key.spki(),
            algorithm="ES256",
            identifier=registration.credential_id,
            security_level=told.level,
            attested_by=told.attested_by,
            endorsement=told.endorsement,
            user_authentication="verified" if anchored and told.data_signed else None,
        ),
        freshness=Freshness(challenge=registration.challenge, challenge_matches=True, counter=9),
        chain=(*sent, *root),
        anchor="the root" if anchored else None,
        detail=RegistrationFacts(
            rp_id_hash=sha256(RP_ID.encode()).digest(),
            origin=ORIGIN,
            cross_origin=True,
            top_origin=TOP,
            user_present=True,
            user_verified=True,
            backup_eligible=True,
            backed_up=False,
            attachment="platform",
            authenticator_extensions={"credProtect": 2},
            client_extensions={"credProps": {"rk": True}},
            statement_format=told.statement.format,
            attestation_type=told.type,
            aaguid=MODEL,
            credential_public_key=registration.key.public_key(),
            algorithm=-7,
            transports=("internal", "hybrid"),
            model=None,
            statement=told.detail(chain),
            parts=told.parts,
        ),
        proved=tuple(
            rule.code
            for rule in (
                *BEFORE,
                *told.rules,
                *([rules.ATTESTATION_TRUSTED] if anchored else []),
                rules.CREDENTIAL_ID,
            )
        ),
        unchecked=told.unchecked,
    )


@pytest.mark.parametrize("make", STATEMENTS, ids=lambda make: make.__name__)
def test_a_registration_claims_what_was_made_and_nothing_else(make: Callable[[], Told]) -> None:
    told = make()
    registration = Registration(
        statement=told.statement,
        flags=USER_PRESENT | USER_VERIFIED | BACKUP_ELIGIBLE,
        counter=9,
        client={"crossOrigin": True, "topOrigin": TOP},
        extensions={"credProtect": 2},
        credential={"clientExtensionResults": {"credProps": {"rk": True}}},
        transports=["internal", "hybrid"],
    )
    evidence = registration.evidence()
    anchors = (
        [make_test_anchor(told.root, told.use, name="the root")] if told.root and told.use else []
    )
    claims = webauthn.verify(
        evidence,
        expected=expecting(registration, framing=Framing.ALLOW, top_origins=(TOP,)),
        trust=test_trust(*anchors, known_at=told.at),
        at=told.at,
        gaps=Gaps.REPORT,
    )
    expected = claimed(told, registration, evidence)
    assert replace(claims, chain=()) == replace(expected, chain=())
    assert claims.chain == expected.chain


@pytest.mark.parametrize("expected_app", [RP_ID, None])
def test_an_authentication_claims_what_was_made_and_nothing_else(
    expected_app: str | None,
) -> None:
    made = Authentication(
        flags=USER_PRESENT | USER_VERIFIED | BACKUP_ELIGIBLE | BACKED_UP,
        counter=9,
        client={"crossOrigin": True, "topOrigin": TOP},
        extensions={"uvm": [[2, 4, 2]]},
        credential={
            "clientExtensionResults": {"appid": False},
            "authenticatorAttachment": "cross-platform",
        },
        user_handle=b"customer 4711",
    )
    credential = stored(made, counter=8, backup_eligible=True)
    unstated = {rules.RP_ID.code} if expected_app is None else set()
    claims = webauthn.verify(
        made.evidence(),
        expected=expecting(
            made,
            app=expected_app,
            origins=(ORIGIN,),
            credential=credential,
            framing=Framing.ALLOW,
            top_origins=(TOP,),
        ),
        trust=test_trust(known_at=SAFETYNET_MADE_AT),
        at=MADE_AT,
        gaps=Gaps.REPORT,
    )
    assert claims == Claims(
        format=Format.WEBAUTHN,
        at=MADE_AT,
        known_at=SAFETYNET_MADE_AT,
        realm=Realm.TEST,
        app=None if expected_app is None else App(identifier=RP_ID),
        key=Key(
            public_key=made.key.spki(),
            algorithm="ES256",
            identifier=made.credential_id,
            user_authentication="verified",
        ),
        freshness=Freshness(challenge=made.challenge, challenge_matches=True, counter=9),
        detail=AuthenticationFacts(
            rp_id_hash=sha256(RP_ID.encode()).digest(),
            origin=ORIGIN,
            cross_origin=True,
            top_origin=TOP,
            user_present=True,
            user_verified=True,
            backup_eligible=True,
            backed_up=True,
            attachment="cross-platform",
            authenticator_extensions={"uvm": [[2, 4, 2]]},
            client_extensions={"appid": False},
            user_handle=b"customer 4711",
        ),
        proved=tuple(rule.code for rule in rules.ASSERTION_RULES if rule.code not in unstated),
        unchecked=tuple(Gap(code, "no RP ID was given") for code in sorted(unstated)),
    )


def test_a_registration_without_an_expected_app_names_none() -> None:
    registration = Registration()
    claims = webauthn.verify(
        registration.evidence(),
        expected=expecting(registration, app=None, origins=(ORIGIN,)),
        trust=test_trust(known_at=MADE_AT),
        at=MADE_AT,
        gaps=Gaps.REPORT,
    )
    assert claims.app is None
    assert claims.unchecked == (Gap(rules.RP_ID.code, "no RP ID was given"),)


@pytest.mark.parametrize(
    ("words", "level"),
    [
        (("software",), SecurityLevel.SOFTWARE),
        (("hardware", "tee"), TEE),
        (("tee", "software", "secure_element"), CHIP),
        (("hardware",), None),
    ],
)
def test_the_model_is_what_metadata_says_of_it(
    words: tuple[str, ...], level: SecurityLevel | None
) -> None:
    told = packed()
    registration = Registration(statement=told.statement)
    entry = model(told.root or b"", key_protection=words)
    claims = webauthn.verify(
        registration.evidence(),
        expected=expecting(registration),
        trust=test_trust(known_at=MADE_AT, metadata=metadata(entry)),
        at=MADE_AT,
    )
    assert claims.device == Device(aaguid=MODEL_TEXT, model="Warifu Key")
    assert claims.key is not None
    assert (claims.key.security_level, claims.key.attested_by) == (level, None)
    assert isinstance(claims.detail, RegistrationFacts)
    assert claims.detail.model == ModelFacts(
        description="Warifu Key", key_protection=words, statuses=("FIDO_CERTIFIED_L1",)
    )
    assert rules.NOT_COMPROMISED.code in claims.proved


@pytest.mark.parametrize(
    ("met", "missed", "rule"),
    [
        (
            {"transports": ["usb"] * MAX_TRANSPORTS},
            {"transports": ["usb"] * (MAX_TRANSPORTS + 1)},
            rules.RESPONSE_FORM,
        ),
        (
            {"transports": ["u" * MAX_WORD_LENGTH]},
            {"transports": ["u" * (MAX_WORD_LENGTH + 1)]},
            rules.RESPONSE_FORM,
        ),
        (
            {"credential_id": bytes(MAX_CREDENTIAL_ID_BYTES)},
            {"credential_id": bytes(MAX_CREDENTIAL_ID_BYTES + 1)},
            rules.CREDENTIAL_ID,
        ),
        ({"credential_id": b"1"}, {"credential_id": b""}, rules.CREDENTIAL_ID),
        ({"credential_id": bytes(0x0102)}, {"credential_id": b""}, rules.CREDENTIAL_ID),
    ],
)
def test_a_registration_may_be_on_a_limit_and_not_beyond(
    met: dict[str, Any], missed: dict[str, Any], rule: Rule
) -> None:
    def judge(members: dict[str, Any]) -> Claims:
        registration = Registration(**members)
        return webauthn.verify(
            registration.evidence(),
            expected=expecting(registration),
            trust=test_trust(known_at=MADE_AT),
            at=MADE_AT,
        )

    assert judge(met).key is not None
    with refused(rule):
        judge(missed)


def test_a_user_handle_may_be_on_its_limit_and_not_beyond() -> None:
    for length in (MAX_USER_HANDLE_BYTES, MAX_USER_HANDLE_BYTES + 1):
        made = Authentication(user_handle=bytes(length))
        expected = expecting(made, credential=stored(made, user_handle=bytes(length)))
        trust = test_trust(known_at=MADE_AT)
        if length == MAX_USER_HANDLE_BYTES:
            webauthn.verify(made.evidence(), expected=expected, trust=trust, at=MADE_AT)
        else:
            with refused(rules.RESPONSE_FORM):
                webauthn.verify(made.evidence(), expected=expected, trust=trust, at=MADE_AT)


def test_every_use_of_an_anchor_for_webauthn_is_tried() -> None:
    tried = {told.use for told in (make() for make in STATEMENTS)}
    assert tried >= set(EVERY_USE)


KEYS = {-7: "ES256", -8: "EdDSA", -257: "RS256", -35: "ES384"}


@pytest.mark.parametrize("algorithm", sorted(KEYS))
def test_the_key_is_named_by_its_algorithm(algorithm: int) -> None:
    registration = Registration(key=CredentialKey(algorithm))
    claims = webauthn.verify(
        registration.evidence(),
        expected=expecting(registration),
        trust=test_trust(known_at=MADE_AT),
        at=MADE_AT,
    )
    assert claims.key is not None
    assert claims.key.algorithm == KEYS[algorithm]
    assert isinstance(claims.detail, RegistrationFacts)
    assert claims.detail.algorithm == algorithm


@pytest.mark.parametrize("items", [MAX_ITEMS, MAX_ITEMS + 1])
def test_extensions_may_hold_as_many_items_as_the_limit_and_no_more(items: int) -> None:
    # The map, its key and the list count too.
    registration = Registration(credential={"clientExtensionResults": {"x": [0] * (items - 3)}})

    def judge() -> Claims:
        return webauthn.verify(
            registration.evidence(),
            expected=expecting(registration),
            trust=test_trust(known_at=MADE_AT),
            at=MADE_AT,
        )

    if items == MAX_ITEMS:
        assert judge().key is not None
    else:
        with refused(rules.RESPONSE_FORM):
            judge()
