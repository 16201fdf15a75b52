"""Simulated phones that answer the service's challenges, as an app on them would."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from secrets import randbits
from typing import TYPE_CHECKING, Any
from uuid import UUID

from warifu.handset import android_key as android
from warifu.handset import app_attest, metadata_service, webauthn
from warifu.handset import der_writer as der
from warifu.handset.authority import new_key, spki

if TYPE_CHECKING:
    from warifu.demo.world import World

Evidence = dict[str, Any]
"""Members of `evidence` in a request; bytes are still bytes."""

NO_AUTH_REQUIRED = 503
USER_AUTH_TYPE = 504
FINGERPRINT = 2
ROOT_OF_TRUST = 704


def android_phone(world: World) -> android.AndroidPhone:
    """One more phone of the world's maker, with an attestation key of its own."""
    links = android.deepcopy_drafts(world.phone.authorities)
    links[0].key = new_key()
    links[0].draft.public_key = spki(links[0].key)
    links[0].draft.serial = 1 << 126 | randbits(126)
    return android.AndroidPhone(links, level=world.phone.level)


def serial_of(phone: android.AndroidPhone) -> int:
    """Of the certificate of its attestation key."""
    return phone.authorities[0].draft.serial


def android_evidence(
    phone: android.AndroidPhone, challenge: bytes, *, unlocked: bool = False
) -> Evidence:
    """A key made now, which asks its holder each time, attested with the challenge."""
    made = phone.attest(challenge=challenge, made_at=datetime.now(UTC))
    made.description.hardware.remove(NO_AUTH_REQUIRED)
    made.description.hardware.set(USER_AUTH_TYPE, der.integer(FINGERPRINT))
    if unlocked:
        rooted = android.root_of_trust(
            locked=False, state=android.UNVERIFIED, boot_key=bytes(len(android.BOOT_KEY))
        )
        made.description.hardware.set(ROOT_OF_TRUST, rooted)
    return {"media_type": "application/pem-certificate-chain", "data": made.pem()}


class IPhone:
    """A phone with one App Attest key."""

    def __init__(self, world: World) -> None:
        """Make its key in the Secure Enclave."""
        self.device = app_attest.AppAttestDevice(apple=world.iphone.apple, made_at=world.now)

    def registration(self, challenge: bytes) -> Evidence:
        """The attestation of its key."""
        return {
            "media_type": "application/vnd.warifu.app-attest+cbor",
            "data": self.device.attestation(challenge).encode(),
            "key": self.device.key_identifier,
        }

    def assertion(self, challenge: bytes, **request: object) -> Evidence:
        """A request signed with its key."""
        members = {"challenge": webauthn.base64url(challenge), **request}
        client_data = json.dumps(members).encode()
        return {
            "media_type": "application/vnd.warifu.app-attest-assertion+cbor",
            "data": self.device.assertion(client_data).encode(),
            "key": self.device.key_identifier,
            "client_data": client_data,
        }


class Passkey:
    """An authenticator whose maker vouches for it."""

    def __init__(self, world: World) -> None:
        """Make its key."""
        self._made = webauthn.Registration(
            statement=world.security_key, aaguid=UUID(metadata_service.AAGUID).bytes
        )

    def registration(self, challenge: bytes) -> Evidence:
        """The registration of its credential."""
        self._made.challenge = challenge
        return self._told(self._made.evidence())

    def assertion(self, challenge: bytes, *, origin: str = webauthn.ORIGIN) -> Evidence:
        """A sign-in on a site."""
        made = webauthn.Authentication(
            challenge=challenge,
            key=self._made.key,
            credential_id=self._made.credential_id,
            origin=origin,
            counter=self._made.counter + 1,
        )
        return self._told(made.evidence())

    @staticmethod
    def _told(evidence: bytes) -> Evidence:
        return {"media_type": "application/vnd.warifu.webauthn+json", "data": evidence}


def the_bytes(challenge: str) -> bytes:
    """What a device answers: the bytes of a challenge in base64url."""
    return urlsafe_b64decode(challenge + "=" * (-len(challenge) % 4))
