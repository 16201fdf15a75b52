"""Both sides say that they show the same digits; after the second one the device is bound."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from msgspec import Meta, Struct
from msgspec.structs import replace

from warifu.attestation.evidence import webauthn
from warifu.attestation.evidence.facts.webauthn import StoredCredential, WebAuthnExpectations
from warifu.attestation.trust.view import TrustView
from warifu.authentication.binding.activation import Activation, ActivationState, Side, confirm
from warifu.authentication.binding.devices import Summary, admit
from warifu.authentication.binding.fingerprint import DIGITS
from warifu.authentication.binding.rules import MOVE, USABLE
from warifu.authentication.binding.states import Binding, BindingState, activate, propose
from warifu.authentication.ledger.leaf import LeafKind, salt_for
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.user.device_signature import SIGNERS, check_device_signature
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, Denied
from warifu.service.conduct.binding.activating import (
    ActivationSeen,
    load_activation,
    move,
    pay,
    seen,
)
from warifu.service.conduct.binding.bindings import BindingSeen, count_devices, one_at_a_time
from warifu.service.conduct.binding.bindings import seen as binding_seen
from warifu.service.conduct.binding.keeping import BoundDevice
from warifu.service.conduct.binding.ledger import leaf_of
from warifu.service.conduct.binding.rules import DEVICE_WORD, KEY_BOUND
from warifu.service.conduct.books.leaves import write_leaf
from warifu.service.conduct.bound import KeptBinding, seal_binding
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.evidence.expectations import key_name
from warifu.service.conduct.registrations.registration import load_app
from warifu.service.identifiers import new_id
from warifu.service.store import bindings as store

if TYPE_CHECKING:
    from warifu.authentication.transaction.confirmation import BoundKey
    from warifu.service.conduct.binding.keeping import Attested, KeptOf
    from warifu.service.conduct.books.leaves import KeptLeaf
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Statement

MAX_PROOF = 8192
DOMAIN = "warifu-activation-confirmation-v1"
"""First member of what the device signs."""
BROWSER_KEYS = frozenset({ProofKind.WEBAUTHN, ProofKind.SECURE_PAYMENT})

Digits = Annotated[str, Meta(pattern=rf"^[0-9]{{{DIGITS}}}\Z")]
Proof = Annotated[bytes, Meta(min_length=1, max_length=MAX_PROOF)]


class ConfirmRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One side says which digits it shows."""

    side: Side
    """``bank``: typed into a channel of the bank, or shown there and compared. ``device``: the
    app's user said that they are the same."""
    fingerprint: Digits
    proof: Proof | None = None
    """Of the device: its signature over the confirmation, docs/formats/activation.md §6. Keys of
    Android's protected confirmation cannot give one."""


class ConfirmAnswer(Struct, frozen=True, kw_only=True):
    """How far it has come."""

    activation: ActivationSeen
    binding: BindingSeen | None = None
    """Once both sides have confirmed."""


def confirm_digits(work: Work, activation: str, asked: ConfirmRequest) -> ConfirmAnswer:
    """Compare digits, once a try is spent for it.

    Raises:
        Misuse: ``request/known``.
        BadEvidence: ``binding/device-word``, and what is wrong with the device's signature.
        Denied: ``activation/fingerprint``, ``activation/move``, ``activation/in-time``,
            ``activation/tries``, ``binding/moved``, ``binding/devices``, ``binding/key-bound``.
    """
    found = load_activation(work, work.house.database, activation)
    paid, found = pay(work, found)
    if asked.side is Side.DEVICE:
        counter = _device_word(work, found, asked)
        paid = replace(paid, after=_counted(paid.after, counter))
    after = confirm(paid, side=asked.side, digits=asked.fingerprint, now=work.now)
    confirmed = AuditEntry(
        action="activation/confirmed", subject=activation, document={"side": asked.side}
    )
    if after.state is not ActivationState.CONFIRMED:
        answer = ConfirmAnswer(activation=seen(found, after))
        commit(
            work,
            [move(work, found, after)],
            answer=answer,
            audit=[confirmed],
            status=200,
            device=found.stored.device,
        )
        return answer
    return _bind(work, found, after, confirmed)


def confirmation_bytes(activation: bytes, digits: str) -> bytes:
    """What the device signs when its user says that the digits are the same."""
    return cbor.encode_deterministic([DOMAIN, activation, digits])


def _device_word(work: Work, found: KeptOf, asked: ConfirmRequest) -> int | None:
    """The counter after the device's signature, where it has one.

    Raises:
        BadEvidence: It is missing, or does not verify.
    """
    ceremony, attested = found.ceremony, found.kept.attested
    key = ceremony.key
    if key is None or attested is None:
        raise Denied(MOVE, f"{ceremony.state.value}: no key yet")
    if key.kind is ProofKind.PROTECTED_CONFIRMATION:
        # It signs nothing but what its display showed; the bank's side is what counts anyway.
        return None
    if asked.proof is None:
        raise BadEvidence(DEVICE_WORD, "unsigned")
    signed = confirmation_bytes(ceremony.id, asked.fingerprint)
    if key.kind in SIGNERS:
        return check_device_signature(asked.proof, signed, key, work.now)
    return _browser_word(work, found, key, attested, proof=asked.proof, signed=signed)


def _browser_word(
    work: Work, found: KeptOf, key: BoundKey, attested: Attested, *, proof: bytes, signed: bytes
) -> int | None:
    """A WebAuthn assertion whose challenge is the SHA-256 of what else would be signed."""
    app = load_app(work.house, work.house.database, work.tenant, found.stored.app).registration
    if key.kind not in BROWSER_KEYS or app.webauthn is None or attested.credential is None:
        raise BadEvidence(DEVICE_WORD, key.kind.value)
    expected = WebAuthnExpectations(
        challenge=sha256(signed).digest(),
        app=key.app,
        origins=app.webauthn.origins,
        credential=StoredCredential(
            identifier=key.identifier,
            public_key=attested.credential,
            counter=key.counter or 0,
            user_handle=attested.user_handle,
        ),
    )
    trust = TrustView(known_at=work.now)
    return webauthn.verify(proof, expected=expected, trust=trust, at=work.now).freshness.counter


def _counted(activation: Activation, counter: int | None) -> Activation:
    if counter is None or activation.key is None:
        return activation
    return replace(activation, key=replace(activation.key, counter=counter))


def _bind(work: Work, found: KeptOf, after: Activation, confirmed: AuditEntry) -> ConfirmAnswer:
    """The binding, in one commit with the count of the user's devices and its leaf."""
    attested = found.kept.attested
    if attested is None:
        raise Denied(USABLE, "nothing proved")  # pragma: no cover - `confirm` saw to it
    most = work.house.settings.binding.devices_per_user
    with work.house.database.read() as transaction:
        others = store.bindings_of(transaction, work.tenant, user_index=found.stored.user_index)
    admission = admit([_summary(each) for each in others], device=attested.device, most=most)
    name = new_id(work.now)
    proposed = propose(after, binding_id=UUID(name).bytes, device=attested.device, at=work.now)
    binding = activate(proposed, after, primary=admission.devices == 1, at=work.now)
    leaf = leaf_of(
        work,
        LeafKind.ENROLMENT,
        binding,
        app=binding.app.encode(),
        evidence=attested.digest,
    )
    bound = _stored(work, found, binding, attested=attested, leaf=leaf)
    answer = ConfirmAnswer(activation=seen(found, after), binding=binding_seen(bound))
    commit(
        work,
        [
            move(work, found, after),
            *_counting(work, bound, most),
            write_leaf(work, leaf, subject=name),
        ],
        answer=answer,
        audit=[
            confirmed,
            AuditEntry(
                action="binding/activated",
                subject=name,
                document={"kind": binding.key.kind, "app": bound.stored.app},
            ),
        ],
        status=200,
        device=attested.device,
    )
    return answer


def _stored(
    work: Work, found: KeptOf, binding: Binding, *, attested: Attested, leaf: KeptLeaf
) -> BoundDevice:
    kept = KeptBinding(
        binding=binding,
        evidence=attested.evidence,
        attested=attested.key,
        user_handle=attested.user_handle,
        leaf_id=leaf.id,
        leaf=leaf.leaf,
        salts={name: salt_for(leaf.secret, name) for name in _COMMITTED},
    )
    stored = store.StoredBinding(
        id=str(UUID(bytes=binding.id)),
        user_index=found.stored.user_index,
        device=binding.device,
        key_name=key_name(binding.key.identifier),
        app=found.stored.app,
        kind=binding.key.kind,
        state=binding.state,
        primary=binding.primary,
        counter=binding.key.counter or 0,
        sequence=0,
        revision=0,
        bound_at=work.now,
        changed_at=work.now,
        sealed=seal_binding(work, found.owner, kept),
    )
    return BoundDevice(owner=found.owner, stored=stored, kept=kept)


def _counting(work: Work, bound: BoundDevice, most: int) -> list[Statement]:
    """The row, while there is room for its device and its key is registered to nobody else."""
    user, stored = bound.ceremony.user, bound.stored
    return [
        store.require_registered(
            work.tenant, key=stored.key_name, device=stored.device, otherwise=USABLE
        ),
        *one_at_a_time(work, user),
        store.insert_binding(work.tenant, replace(stored, primary=False), otherwise=KEY_BOUND),
        store.make_first_primary(work.tenant, stored),
        count_devices(work, user, most=most),
    ]


def _summary(stored: store.StoredBinding) -> Summary:
    return Summary(device=stored.device, state=BindingState(stored.state), primary=stored.primary)


_COMMITTED = ("user", "device", "key", "app", "evidence")
"""What the leaf of an enrolment commits to."""
