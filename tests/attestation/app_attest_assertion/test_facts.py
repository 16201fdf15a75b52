"""What an assertion's claims say: every field, compared with what the phone was told."""

from hashlib import sha256

from tests.attestation.app_attest.apple_world import (
    CLIENT_DATA,
    KNOWN_AT,
    judge_assertion,
    new_device,
)
from warifu.attestation.claims import (
    App,
    Claims,
    Device,
    Endorsement,
    Format,
    Freshness,
    Key,
    LeniencyUse,
    Realm,
)
from warifu.attestation.evidence.facts.app_attest_assertion import AppAttestAssertionFacts
from warifu.attestation.evidence.rules import app_attest_assertion as rules
from warifu.handset.app_attest import APP, CHALLENGE


def test_claims_are_what_the_phone_was_told_and_nothing_else() -> None:
    device = new_device(counter=6)
    assert judge_assertion(device, device.assertion(CLIENT_DATA).encode()) == Claims(
        format=Format.APP_ATTEST_ASSERTION,
        at=device.made_at,
        known_at=KNOWN_AT,
        realm=Realm.TEST,
        device=Device(platform="apple"),
        app=App(identifier=APP),
        key=Key(
            public_key=device.public_key,
            algorithm="ES256",
            identifier=device.key_identifier,
            endorsement=Endorsement.NONE,
        ),
        freshness=Freshness(challenge=CHALLENGE, challenge_matches=True, counter=7),
        detail=AppAttestAssertionFacts(
            app_id_hash=device.app_id_hash,
            client_data_hash=sha256(CLIENT_DATA).digest(),
            flags=0x40,
        ),
        proved=tuple(rule.code for rule in rules.RULES),
        leniencies=(LeniencyUse(rules.ATTESTED_FLAG_WITHOUT_DATA.name, 1),),
    )
