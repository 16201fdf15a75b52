"""The device's side of endorsed keys, and the provider's: endorsements, possession, warrants.

Written from ``docs/formats/endorsement.md`` alone. Change any field of a draft before `encode`:
what depends on it is computed and signed then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2

from warifu.base.codec.cbor import encode_deterministic
from warifu.handset.app_attest import AppAttestDevice
from warifu.handset.authority import PrivateKey, new_key, spki
from warifu.handset.confirmation import BrowserDraft, TrustedDisplay
from warifu.handset.user_authentication import DEVICE_DOMAIN, SignedDraft
from warifu.handset.webauthn import Authentication

SESSION, TRUSTED_UI = 1, 2
TRUSTED_APPLICATION, APPLET = 1, 2
ENDORSEMENT_TYPE = "application/vnd.warifu.endorsement+cbor"
POSSESSION_TYPE = "application/vnd.warifu.key-possession+cbor"
WARRANT_TYPE = "application/vnd.warifu.component-warrant+cbor"
_KEY_ID = 4
_P256_POINT, _ED25519_OCTETS = 64, 32
_ED25519_SPKI_OCTETS = 44

Endorser = PrivateKey | AppAttestDevice | Authentication
"""A key store's key, an App Attest key, or the ceremony of a passkey."""


@dataclass(frozen=True, kw_only=True)
class EndorsementQuestion:
    """What a server asks to be endorsed: all but the key."""

    verifier: str
    channel: str
    binding: bytes
    use: int
    challenge: bytes
    expires_at: int
    """Seconds since 1970."""


@dataclass(kw_only=True)
class EndorsementDraft:
    """A statement that a bound key and a new key sign, before signing."""

    verifier: str
    channel: str
    binding: bytes
    use: int
    challenge: bytes
    expires_at: int
    """Seconds since 1970."""
    bound: Endorser
    key: PrivateKey = field(default_factory=new_key)
    """The new one."""
    members: dict[Any, Any] = field(default_factory=dict)
    """Other members of the statement."""
    type: str = ENDORSEMENT_TYPE

    @property
    def payload(self) -> bytes:
        """What both sign."""
        return encode_deterministic(
            {
                1: 1,
                2: self.verifier,
                3: self.channel,
                4: self.binding,
                5: self.use,
                6: cose_key(spki(self.key)),
                7: self.challenge,
                8: self.expires_at,
                **self.members,
            }
        )

    def encode(self) -> bytes:
        """The endorsement."""
        if not isinstance(self.bound, Authentication):
            return SignedDraft(type=self.type, payload=self.payload, key=self.bound).encode()
        typed = encode_deterministic([DEVICE_DOMAIN, self.type, self.payload])
        return BrowserDraft(answer=typed, authentication=self.bound).encode()

    def possession(self, key: PrivateKey | None = None, payload: bytes | None = None) -> bytes:
        """The new key's own signature."""
        return SignedDraft(
            type=POSSESSION_TYPE, payload=payload or self.payload, key=key or self.key
        ).encode()


@dataclass(kw_only=True)
class WarrantDraft:
    """A provider's word about a component, before signing."""

    key: bytes
    """Of the component, DER of SubjectPublicKeyInfo."""
    device_key: bytes
    """The bound key, DER of SubjectPublicKeyInfo."""
    provider: PrivateKey
    valid_from: int
    valid_until: int
    kind: int = TRUSTED_APPLICATION
    component: str = "jp.example.display"
    release: str = "3.1"
    members: dict[Any, Any] = field(default_factory=dict)
    """Other members of the warrant."""
    type: str = WARRANT_TYPE
    headers: dict[Any, Any] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The warrant."""
        payload = encode_deterministic(
            {
                1: 1,
                2: self.kind,
                3: self.component,
                4: self.release,
                5: 1,
                6: cose_key(self.key),
                7: sha256(self.device_key).digest(),
                8: self.valid_from,
                9: self.valid_until,
                **self.members,
            }
        )
        headers = {_KEY_ID: sha256(spki(self.provider)).digest(), **self.headers}
        draft = SignedDraft(type=self.type, payload=payload, key=self.provider, headers=headers)
        return draft.encode()


def component_possession(display: TrustedDisplay, payload: bytes) -> bytes:
    """A component's own word on an endorsement of its key; it signs none of another key or use.

    Raises:
        ValueError: Not an endorsement of this component's key for answers to transactions.
    """
    said = cbor2.loads(payload)
    if type(said) is not dict or encode_deterministic(said) != payload:
        raise ValueError("no statement")
    if said.get(5) != TRUSTED_UI or said.get(6) != cose_key(display.public_key):
        raise ValueError("of another key, or for another use")
    return SignedDraft(type=POSSESSION_TYPE, payload=payload, key=display.key).encode()


def cose_key(public_key: bytes) -> dict[int, Any]:
    """The members of a COSE_Key, from DER of SubjectPublicKeyInfo."""
    if len(public_key) == _ED25519_SPKI_OCTETS:
        return {1: 1, 3: -8, -1: 6, -2: public_key[-_ED25519_OCTETS:]}
    point = public_key[-_P256_POINT:]
    return {1: 2, 3: -7, -1: 1, -2: point[:32], -3: point[32:]}
