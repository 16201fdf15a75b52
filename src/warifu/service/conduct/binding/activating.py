"""Activations: from a code of the bank to a device that is bound, by commit and reveal.

Proofs and digits are paid for first: a try is spent in a commit of its own, on the condition that
nothing moved meanwhile, and only then what it pays for is looked at.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from warifu.authentication.binding.activation import (
    Activation,
    ActivationState,
    ActivationTerms,
    PaidTry,
    activation_challenge,
    begin,
    cancel,
    reject,
    reveal,
    settle,
    spend_try,
)
from warifu.authentication.binding.activation import (
    commit as take_commitment,
)
from warifu.authentication.binding.code import ID_OCTETS, write_code
from warifu.authentication.binding.fingerprint import COMMITMENT_OCTETS, NONCE_OCTETS
from warifu.base.errors import Misuse
from warifu.base.keys.purpose import KeyPurpose
from warifu.base.secret import Secret
from warifu.service.conduct.binding.keeping import (
    Attested,
    KeptOf,
    activation_name,
    keep_activation,
    open_activation,
    seal_activation,
)
from warifu.service.conduct.binding.rules import MOVED
from warifu.service.conduct.challenges.asking import AppId, DeviceId, UserId
from warifu.service.conduct.committing import AuditEntry, audit_row, commit
from warifu.service.conduct.registrations.registration import load_app
from warifu.service.conduct.rules import KNOWN
from warifu.service.conduct.sealing import tenant_owner, user_index_of, verifier_of
from warifu.service.store import bindings as store

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Lookup, Statement

Digest = Annotated[bytes, Meta(min_length=COMMITMENT_OCTETS, max_length=COMMITMENT_OCTETS)]


class ActivationRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who gets a device."""

    app: AppId
    """The id of the app registration."""
    user: UserId
    """The bank's own stable name of the user. It is stored sealed, and as a keyed hash."""
    device: DeviceId | None = None
    """The bank's own name of the device; where it gives none, the key names the device."""


class ActivationAnswer(Struct, frozen=True, kw_only=True):
    """A code to be shown to the user, in a channel of the bank."""

    id: str
    code: str
    """For a QR code, a link or a letter: docs/formats/activation.md §3."""
    expires_at: datetime


class CommitmentRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the device commits to."""

    commitment: Digest
    """SHA-256 over activation, key and the device's nonce."""


class CommitmentAnswer(Struct, frozen=True, kw_only=True):
    """What the device needs for its proof. All bytes are standard base64 with padding."""

    nonce: bytes
    """The server's, revealed only now."""
    challenge: bytes
    """What the evidence is made for. The device can compute it from the code."""


class ActivationSeen(Struct, frozen=True, kw_only=True):
    """How far an activation has come."""

    id: str
    app: str
    user: str
    device: str | None
    state: ActivationState
    tries_left: int
    created_at: datetime
    expires_at: datetime


def activate(work: Work, asked: ActivationRequest) -> ActivationAnswer:
    """A code for one device of a user.

    Raises:
        Misuse: ``request/known`` where there is no such app.
        VerifierFault: There is no key that signs codes.
    """
    house = work.house
    with house.database.read() as transaction:
        load_app(house, transaction, work.tenant, asked.app)
        owner = tenant_owner(work, transaction)
    signer = house.keys.ring(work.now).signer(KeyPurpose.ACTIVATION, work.now)
    settings = house.settings.binding
    begun = begin(
        activation_id=secrets.token_bytes(ID_OCTETS),
        user=asked.user,
        app=asked.app,
        verifier=verifier_of(work),
        verifier_key=sha256(signer.public_key).digest(),
        server_nonce=Secret(secrets.token_bytes(NONCE_OCTETS)),
        now=work.now,
        terms=ActivationTerms(
            life=timedelta(seconds=settings.activation_seconds), tries=settings.tries
        ),
    )
    answer = ActivationAnswer(
        id=activation_name(begun.id),
        code=write_code(
            activation=begun.id,
            verifier=begun.verifier,
            expires_at=begun.expires_at,
            signer=signer,
        ),
        expires_at=begun.expires_at,
    )
    inserted = store.insert_activation(
        work.tenant,
        store.StoredActivation(
            id=answer.id,
            app=asked.app,
            user_index=user_index_of(work, asked.user),
            device=asked.device,
            state=begun.state,
            revision=0,
            expires_at=begun.expires_at,
            sealed=seal_activation(
                house.vault, owner, keep_activation(begun), name=activation_name(begun.id)
            ),
        ),
    )
    entry = AuditEntry(action="activation/begun", subject=answer.id, document={"app": asked.app})
    commit(work, [inserted], answer=answer, audit=[entry], device=asked.device)
    return answer


def take(work: Work, activation: str, asked: CommitmentRequest) -> CommitmentAnswer:
    """Hold the device to its key and nonce, and reveal the server's nonce.

    The same commitment again is answered with the same nonce.

    Raises:
        Misuse: ``request/known``.
        Denied: ``activation/move`` for another commitment, ``activation/in-time``,
            ``binding/moved``.
    """
    found = load_activation(work, work.house.database, activation)
    begun = found.ceremony
    held = begun.commitment or b""
    is_held = begun.state is ActivationState.COMMITTED and compare_digest(held, asked.commitment)
    after = begun if is_held else take_commitment(begun, commitment=asked.commitment, now=work.now)
    answer = CommitmentAnswer(
        nonce=reveal(after, now=work.now), challenge=activation_challenge(after)
    )
    moved = [] if is_held else [move(work, found, after)]
    # The answer goes out after the commit: nobody learns the nonce before the commitment is held.
    entry = AuditEntry(action="activation/committed", subject=activation)
    commit(work, moved, answer=answer, audit=[] if is_held else [entry], status=200)
    return answer


def see_activation(work: Work, activation: str) -> ActivationSeen:
    """How far an activation has come.

    Raises:
        Misuse: ``request/known``.
    """
    found = load_activation(work, work.house.database, activation)
    return seen(found, settle(found.ceremony, now=work.now))


def cancel_activation(work: Work, activation: str) -> ActivationSeen:
    """Take a code back.

    Raises:
        Misuse: ``request/known``.
        Denied: ``activation/move`` where it has ended, ``binding/moved``.
    """
    found = load_activation(work, work.house.database, activation)
    return _end(work, found, cancel(settle(found.ceremony, now=work.now)), "cancelled")


def reject_activation(work: Work, activation: str) -> ActivationSeen:
    """The person says that the digits differ: somebody is in between. Treat it as an alarm.

    Raises:
        Misuse: ``request/known``.
        Denied: ``activation/move`` where no digits are to be compared, ``binding/moved``.
    """
    found = load_activation(work, work.house.database, activation)
    return _end(work, found, reject(settle(found.ceremony, now=work.now)), "digits-differ")


def load_activation(work: Work, lookup: Lookup, activation: str) -> KeptOf:
    """One activation.

    Raises:
        Misuse: ``request/known``.
    """
    row = store.find_activation(lookup, work.tenant, activation)
    if row is None:
        raise Misuse(KNOWN, "activation")
    owner = tenant_owner(work, lookup)
    return open_activation(work.house.vault, owner, store.activation_of(row))


def pay(work: Work, found: KeptOf, *extra: Statement) -> tuple[PaidTry, KeptOf]:
    """Spend one try durably, before anything is looked at that it pays for.

    Args:
        work: The request.
        found: The activation, as read.
        extra: What is written with it.

    Returns:
        What the ceremony takes, and the activation as it is now stored.

    Raises:
        Denied: ``activation/move``, ``activation/in-time``, ``activation/tries``,
            ``binding/moved``.
    """
    paid = spend_try(found.ceremony, now=work.now)
    sealed = _sealed(work, found, paid.after)
    entry = AuditEntry(
        action="activation/try-spent",
        subject=found.stored.id,
        document={"tries_left": paid.after.tries_left},
    )
    work.house.database.apply(
        [
            _moved(work, found, paid.after, sealed=sealed),
            *extra,
            audit_row(entry, tenant=work.tenant, caller=work.caller.id, now=work.now),
        ]
    )
    stored = replace(
        found.stored,
        state=paid.after.state,
        revision=found.stored.revision + 1,
        sealed=sealed,
    )
    return paid, open_activation(work.house.vault, found.owner, stored)


def move(
    work: Work, found: KeptOf, after: Activation, attested: Attested | None = None
) -> Statement:
    """To what the ceremony came to, unless it moved meanwhile."""
    known = attested or found.kept.attested
    return _moved(work, found, after, sealed=_sealed(work, found, after, known), known=known)


def seen(found: KeptOf, after: Activation) -> ActivationSeen:
    """An activation as it is told."""
    return ActivationSeen(
        id=found.stored.id,
        app=found.stored.app,
        user=after.user,
        device=found.stored.device,
        state=after.state,
        tries_left=after.tries_left,
        created_at=after.created_at,
        expires_at=after.expires_at,
    )


def _end(work: Work, found: KeptOf, after: Activation, how: str) -> ActivationSeen:
    answer = seen(found, after)
    commit(
        work,
        [move(work, found, after)],
        answer=answer,
        audit=[AuditEntry(action=f"activation/{how}", subject=found.stored.id)],
        status=200,
        device=found.stored.device,
    )
    return answer


def _sealed(
    work: Work, found: KeptOf, after: Activation, attested: Attested | None = None
) -> bytes:
    kept = keep_activation(after, attested or found.kept.attested)
    return seal_activation(work.house.vault, found.owner, kept, name=found.stored.id)


def _moved(
    work: Work,
    found: KeptOf,
    after: Activation,
    *,
    sealed: bytes,
    known: Attested | None = None,
) -> Statement:
    return store.move_activation(
        work.tenant,
        found.stored,
        state=after.state,
        sealed=sealed,
        device=None if known is None else known.device,
        otherwise=MOVED,
    )
