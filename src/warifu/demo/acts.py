"""What each device of the demo does: the evidence it makes and what is expected of it."""

from __future__ import annotations

import json
from datetime import timedelta

from warifu.attestation.evidence.facts.app_attest import AppAttestExpectations, Environment
from warifu.attestation.evidence.facts.app_attest_assertion import AppAttestAssertionExpectations
from warifu.attestation.evidence.facts.app_attest_receipt import AppAttestReceiptExpectations
from warifu.attestation.evidence.facts.play_integrity import PlayIntegrityExpectations
from warifu.attestation.evidence.facts.webauthn import StoredCredential, WebAuthnExpectations
from warifu.base.secret import Secret
from warifu.demo.world import CHALLENGE, OTHER_CHALLENGE, Act, World
from warifu.handset import android_key as android
from warifu.handset import app_attest, play_integrity, webauthn
from warifu.handset.authority import new_key


def honest_phone(world: World) -> Act:
    """A phone as it left the factory."""
    return world.android(world.attest().pem())


def unlocked_phone(world: World) -> Act:
    """The same phone with its bootloader unlocked: its root of trust says so."""
    evidence = world.attest()
    rooted = android.root_of_trust(
        locked=False, state=android.UNVERIFIED, boot_key=bytes(len(android.BOOT_KEY))
    )
    evidence.description.hardware.set(704, rooted)
    return world.android(evidence.pem())


def replayed_evidence(world: World) -> Act:
    """Honest evidence for a challenge that somebody else was given."""
    evidence = world.phone.attest(challenge=OTHER_CHALLENGE, made_at=world.now)
    return world.android(evidence.pem())


def repackaged_app(world: World) -> Act:
    """The genuine package name over another signer."""
    evidence = world.attest()
    forged = android.application(signers=(bytes(reversed(android.SIGNER)),))
    evidence.description.software.set(709, forged)
    return world.android(evidence.pem())


def extended_chain(world: World) -> Act:
    """One more certificate below the leaf, signed with the app's own key."""
    evidence = world.attest()
    evidence.extend(android.described_key(android.describe(CHALLENGE, world.now)))
    return world.android(evidence.pem())


def own_authority(world: World) -> Act:
    """Another maker with the same names and other keys."""
    impostor = android.AndroidPhone.factory()
    return world.android(impostor.attest(challenge=CHALLENGE, made_at=world.now).pem())


def leaked_key(world: World) -> Act:
    """Honest in form; its attestation key is on the revocation list."""
    serial = world.phone.authorities[0].draft.serial
    return world.android(world.attest().pem(), world.trust(revoked=(serial,)))


def stale_list(world: World) -> Act:
    """An honest phone, judged with a list that is too old."""
    return world.android(world.attest().pem(), world.trust(age=timedelta(days=3)))


def honest_iphone(world: World) -> Act:
    """A Secure Enclave key, attested by the test Apple."""
    return apple(world, world.iphone.attestation(CHALLENGE).encode())


def development_build(world: World) -> Act:
    """The same from a build for development."""
    device = app_attest.AppAttestDevice(
        apple=world.iphone.apple, made_at=world.now, aaguid=app_attest.DEVELOPMENT
    )
    return apple(world, device.attestation(CHALLENGE).encode(), device)


def apple(world: World, evidence: bytes, device: app_attest.AppAttestDevice | None = None) -> Act:
    """An App Attest attestation held against what the bank expects."""
    return Act(
        evidence=evidence,
        expected=AppAttestExpectations(
            challenge=CHALLENGE,
            app=app_attest.APP,
            key_identifier=(device or world.iphone).key_identifier,
            environment=Environment.PRODUCTION,
        ),
        trust=world.trust(),
        at=world.now,
    )


def signed_request(world: World, *, stored: int, tamper: bool = False) -> Act:
    """A transfer signed with the registered key; `tamper` changes it on its way."""
    request = json.dumps({"challenge": CHALLENGE.decode(), "transfer": "10000 JPY"}).encode()
    device = app_attest.AppAttestDevice(
        apple=world.iphone.apple, key=world.iphone.key, made_at=world.now
    )
    evidence = device.assertion(request).encode()
    seen = request.replace(b"10000", b"90000") if tamper else request
    return Act(
        evidence=evidence,
        expected=AppAttestAssertionExpectations(
            challenge=CHALLENGE,
            app=app_attest.APP,
            public_key=device.public_key,
            client_data=seen,
            counter=stored,
        ),
        trust=world.trust(),
        at=world.now,
    )


def risk_receipt(world: World) -> Act:
    """A receipt refreshed at the test Apple."""
    return Act(
        evidence=world.iphone.receipt(risk_metric=2).encode(),
        expected=AppAttestReceiptExpectations(
            app=app_attest.APP, public_key=world.iphone.public_key
        ),
        trust=world.trust(),
        at=world.now,
    )


def play(world: World, *, challenge: bytes = play_integrity.CHALLENGE) -> Act:
    """A Play Integrity token held against a challenge."""
    device = world.play
    return Act(
        evidence=device.token(),
        expected=PlayIntegrityExpectations(
            challenge=challenge,
            app=play_integrity.PACKAGE,
            decryption_key=Secret(device.decryption_key),
            verification_key=device.verification_key,
        ),
        trust=world.trust(),
        at=world.now,
    )


def self_signed_token(world: World) -> Act:
    """A token encrypted for the bank and signed by anybody."""
    act = play(world)
    forged = play_integrity.PlayIntegrityDevice(
        verdict=world.play.verdict,
        decryption_key=world.play.decryption_key,
        signed_with=new_key(),
    )
    return Act(evidence=forged.token(), expected=act.expected, trust=act.trust, at=act.at)


def registered_passkey(world: World) -> Act:
    """A passkey whose maker vouches for it."""
    expected = WebAuthnExpectations(challenge=CHALLENGE, app=webauthn.RP_ID)
    return Act(
        evidence=world.passkey.evidence(), expected=expected, trust=world.trust(), at=world.now
    )


def signed_in(world: World, *, origin: str = webauthn.ORIGIN, stored: int = 1) -> Act:
    """A sign-in with that passkey, from an origin, after a stored counter."""
    passkey = world.passkey
    response = webauthn.Authentication(
        challenge=CHALLENGE,
        key=passkey.key,
        credential_id=passkey.credential_id,
        origin=origin,
        counter=2,
    )
    credential = StoredCredential(
        identifier=passkey.credential_id, public_key=passkey.key.public_key(), counter=stored
    )
    return Act(
        evidence=response.evidence(),
        expected=WebAuthnExpectations(
            challenge=CHALLENGE, app=webauthn.RP_ID, credential=credential
        ),
        trust=world.trust(),
        at=world.now,
    )
