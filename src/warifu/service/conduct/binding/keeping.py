"""Activations and bindings as they are sealed, and as their ceremonies take them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from warifu.attestation.claims import Key
from warifu.authentication.binding.activation import Activation, ActivationState
from warifu.authentication.transaction.confirmation import BoundKey
from warifu.base.codec.text import from_base64url, to_base64url
from warifu.base.secret import Secret
from warifu.service.composition import Owner
from warifu.service.conduct.bound import Change, KeptBinding, open_binding
from warifu.service.conduct.sealing import of_row
from warifu.service.store.bindings import StoredActivation, StoredBinding

if TYPE_CHECKING:
    from warifu.authentication.binding.states import Binding
    from warifu.service.composition import Vault
    from warifu.service.conduct.work import Work
    from warifu.service.store.bindings import StoredActivation, StoredBinding

ACTIVATION = "activation"
"""What a sealed activation is bound to, beside its owner, which is the tenant, and its id."""
MAX_CHANGES = 50


class Attested(Struct, frozen=True, kw_only=True):
    """What was proved of a key when it was bound."""

    key: Key
    evidence: str
    """The evidence that proved it."""
    digest: bytes
    """SHA-256 of that evidence as received."""
    credential: bytes | None = None
    """COSE_Key of a WebAuthn credential."""
    user_handle: bytes | None = None
    """WebAuthn: of the account that it was registered for."""
    device: str


class KeptActivation(Struct, frozen=True, kw_only=True):
    """What is sealed of an activation."""

    user: str
    verifier: str
    verifier_key: bytes
    server_nonce: bytes
    tries_left: int
    created_at: datetime
    commitment: bytes | None = None
    device_nonce: bytes | None = None
    key: BoundKey | None = None
    attested: Attested | None = None


class KeptOf(Struct, frozen=True, kw_only=True):
    """An activation as it was read."""

    owner: Owner
    stored: StoredActivation
    kept: KeptActivation

    @property
    def ceremony(self) -> Activation:
        """As the ceremony takes it."""
        kept = self.kept
        return Activation(
            id=from_base64url(self.stored.id),
            user=kept.user,
            # Until evidence names one of the app's platforms it is the registration as a whole.
            app=self.stored.app if kept.key is None else kept.key.app,
            verifier=kept.verifier,
            verifier_key=kept.verifier_key,
            server_nonce=Secret(kept.server_nonce),
            state=ActivationState(self.stored.state),
            tries_left=kept.tries_left,
            created_at=kept.created_at,
            expires_at=self.stored.expires_at,
            commitment=kept.commitment,
            device_nonce=kept.device_nonce,
            key=kept.key,
        )


class BoundDevice(Struct, frozen=True, kw_only=True):
    """A binding as it was read."""

    owner: Owner
    stored: StoredBinding
    kept: KeptBinding

    @property
    def ceremony(self) -> Binding:
        """As the ceremony takes it, with the counter that the key stands at."""
        return self.kept.binding


def activation_name(activation: bytes) -> str:
    """The id of an activation as rows and paths have it."""
    return to_base64url(activation)


def keep_activation(activation: Activation, attested: Attested | None = None) -> KeptActivation:
    """What is sealed of it."""
    return KeptActivation(
        user=activation.user,
        verifier=activation.verifier,
        verifier_key=activation.verifier_key,
        server_nonce=activation.server_nonce.reveal(),
        tries_left=activation.tries_left,
        created_at=activation.created_at,
        commitment=activation.commitment,
        device_nonce=activation.device_nonce,
        key=activation.key,
        attested=attested,
    )


def seal_activation(vault: Vault, owner: Owner, kept: KeptActivation, *, name: str) -> bytes:
    """As it is stored under its id."""
    return vault.seal(owner, of_row(ACTIVATION, name), msgspec.msgpack.encode(kept))


def open_activation(vault: Vault, owner: Owner, stored: StoredActivation) -> KeptOf:
    """What was sealed.

    Raises:
        VerifierFault: ``vault/opens``.
    """
    kept = _ACTIVATION.decode(vault.unseal(owner, of_row(ACTIVATION, stored.id), stored.sealed))
    return KeptOf(owner=owner, stored=stored, kept=kept)


def read_binding(work: Work, owner: Owner, stored: StoredBinding) -> BoundDevice:
    """With what was sealed.

    Raises:
        VerifierFault: ``vault/opens``.
    """
    return BoundDevice(owner=owner, stored=stored, kept=open_binding(work, owner, stored))


def changed(kept: KeptBinding, binding: Binding, change: Change) -> KeptBinding:
    """The same binding after a change."""
    changes = (*kept.changes, change)[-MAX_CHANGES:]
    return msgspec.structs.replace(kept, binding=binding, changes=changes)


_ACTIVATION = msgspec.msgpack.Decoder(KeptActivation)
