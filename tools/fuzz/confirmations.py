"""Fuzzing of proofs: one transaction and one bound key of each kind, and seeds that fit them.

Signatures count as good there, so no private key is needed: keys are fixed, and seeds stay good.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import structs

from tests.authentication.proofs.world import (
    AT,
    EXPECTED,
    TEXT,
    TRANSACTION,
    shown_payment,
)
from warifu.authentication.transaction.confirmation import BoundKey, ProofKind
from warifu.authentication.transaction.proofs.verify import verify_proof
from warifu.handset import confirmation as device
from warifu.handset.app_attest import APP, AppAttestDevice
from warifu.handset.authority import spki
from warifu.handset.webauthn import RP_ID, Authentication, CredentialKey, base64url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from warifu.authentication.transaction.confirmation import Confirmation
    from warifu.authentication.transaction.proofs.expectations import ProofExpectations


def targets() -> dict[str, Callable[[bytes], object]]:
    """The verification of each kind of proof, by name."""
    return {f"proof-{kind}": partial(_judge, kind) for kind in ProofKind}


def seeds() -> Iterator[tuple[str, bytes]]:
    """Target and seed: an answer or two of each kind."""
    world = _world()
    approved = device.answer_to(world.transaction)
    refused = device.answer_to(world.transaction, device.NG, device.NOT_ME)
    for answer in (approved, refused):
        envelope = device.EnvelopeDraft(answer=answer, key=world.key)
        yield "proof-trusted-ui", envelope.encode()
        ceremony = Authentication(key=world.credential)
        yield (
            "proof-webauthn",
            device.BrowserDraft(answer=answer, authentication=ceremony).encode(),
        )
        phone = AppAttestDevice(key=world.key)
        yield "proof-app-attest", device.app_attest_proof(answer, phone)
    yield "proof-device-key", device.refuse(world.transaction, device.NOT_ME, world.key)
    confirmed = device.ProtectedConfirmationDraft(prompt=TEXT, extra=approved, key=world.key)
    yield "proof-protected-confirmation", confirmed.encode()
    for browser_key in (None, world.key):
        shown = _shown(None if browser_key is None else world.credential.public_key())
        ceremony = device.payment_authentication(shown, key=world.credential)
        draft = device.BrowserDraft(
            answer=approved, authentication=ceremony, browser_key=browser_key
        )
        yield "proof-secure-payment", draft.encode()


def _judge(kind: ProofKind, proof: bytes) -> Confirmation:
    world = _world()
    return verify_proof(
        proof,
        kind=kind,
        transaction=world.transaction,
        bound=world.bound(kind),
        expected=world.expected,
        at=AT,
    )


@dataclass(frozen=True, kw_only=True)
class _World:
    transaction: bytes
    key: ec.EllipticCurvePrivateKey
    credential: CredentialKey
    expected: ProofExpectations

    def bound(self, kind: ProofKind) -> BoundKey:
        browsers = {ProofKind.WEBAUTHN, ProofKind.SECURE_PAYMENT}
        return BoundKey(
            kind=kind,
            public_key=spki(self.key),
            identifier=sha256(spki(self.key)).digest(),
            app=RP_ID if kind in browsers else APP,
            counter=0,
            confirmation_required=True,
        )


@cache
def _world() -> _World:
    key = ec.derive_private_key(0x57A21F, ec.SECP256R1())
    return _World(
        transaction=TRANSACTION,
        key=key,
        credential=CredentialKey(-7, key),
        expected=structs.replace(EXPECTED, user_verification=False),
    )


def _shown(browser_key: bytes | None) -> dict[str, Any]:
    if browser_key is None:
        return shown_payment()
    return shown_payment(browserBoundPublicKey=base64url(browser_key))
