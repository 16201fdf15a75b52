"""What a user is asked, with its challenge; and who may answer: the bound key of user and device.

The challenge of a ceremony is a row like any other, bound to the digest of the whole context. So no
challenge for evidence is one for a user, none to set a PIN one to verify it, and none of one
channel one of another.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.attestation.claims import Key
from warifu.attestation.evidence.rules.webauthn import CREDENTIAL_EXPECTED
from warifu.authentication.binding.rules import USABLE
from warifu.authentication.binding.states import BindingState, usable
from warifu.authentication.ceremony.context import Context, context_bytes
from warifu.authentication.transaction.confirmation import BoundKey, ProofKind
from warifu.authentication.user.rules import KEY_ATTESTED
from warifu.base.codec.text import to_base64url
from warifu.base.errors import BadEvidence, Denied
from warifu.service.composition import Owner
from warifu.service.conduct.bound import KeptBinding, open_binding
from warifu.service.conduct.challenges.asking import Asked, DeviceId, UserId, context_digest
from warifu.service.conduct.challenges.challenge import OCTETS
from warifu.service.conduct.challenges.rules import CHALLENGE_KNOWN, CONTEXT, IN_TIME, UNUSED
from warifu.service.conduct.committing import commit
from warifu.service.conduct.evidence.rules import COUNTER_MOVED
from warifu.service.conduct.registrations.registration import RegisteredApp, load_app
from warifu.service.conduct.sealing import tenant_owner, user_index_of, verifier_of
from warifu.service.identifiers import new_id
from warifu.service.observe import events
from warifu.service.store import challenges as challenge_store
from warifu.service.store.bindings import (
    StoredBinding,
    bindings_of,
    move_counter,
    require_active,
)
from warifu.service.store.database import micros

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Lookup, Statement, Transaction


class Channel(StrEnum):
    """Over which the answer comes."""

    APP = "app"
    WEB = "web"


class Purpose(StrEnum):
    """What the answer is for."""

    VERIFY = "verify"
    SET_PIN = "set-pin"
    SESSION = "session"
    """For all ordered calls until the challenge expires."""


class UserAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named user, on a named device that is bound to them."""

    user: UserId
    device: DeviceId
    channel: Channel = Channel.APP


class CeremonyRequest(UserAsked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the user will be asked for."""

    purpose: Purpose = Purpose.VERIFY


class CeremonyAnswer(Struct, frozen=True, kw_only=True):
    """A challenge, told once, and the rest of its context but user and device.

    Those the device knows: it puts the context together itself, and sees who asks for what. So the
    answer names nobody, and may be kept under an idempotency key.
    """

    id: str
    verifier: str
    channel: Channel
    purpose: str
    operation: bytes
    challenge: bytes
    context_digest: str
    """base64url of SHA-256 of the context: `challenge` in the options of a browser."""
    expires_at: datetime


class Question(Struct, frozen=True, kw_only=True):
    """What was asked, and who answers."""

    asked: UserAsked
    app: RegisteredApp
    challenge: str
    """Its id."""
    value: bytes
    context: Context
    owner: Owner
    """The tenant."""
    user_index: bytes
    stored: StoredBinding
    kept: KeptBinding

    @property
    def bound(self) -> BoundKey:
        """The bound key."""
        return self.kept.binding.key

    @property
    def attested(self) -> Key:
        """What was proved about it when it was bound.

        Raises:
            BadEvidence: ``user/key-attested``: nothing.
        """
        if self.kept.attested is None:
            raise BadEvidence(KEY_ATTESTED, "nothing is known about the key")
        return self.kept.attested


def ask_user(work: Work, asked: CeremonyRequest) -> CeremonyAnswer:
    """A new challenge for a user on a device.

    Raises:
        Misuse: ``request/known`` where there is no such app; ``ceremony/context-form``.
    """
    load_app(work.house, work.house.database, work.tenant, asked.app)
    value = secrets.token_bytes(OCTETS)
    context = _context(work, asked, asked.purpose)
    digest = sha256(context_bytes(context, value)).digest()
    settings = work.house.settings
    is_session = asked.purpose is Purpose.SESSION
    life = settings.verification.session_seconds if is_session else settings.challenges.seconds
    expires_at = work.now + timedelta(seconds=life)
    answer = CeremonyAnswer(
        id=new_id(work.now),
        verifier=context.verifier,
        channel=asked.channel,
        purpose=context.purpose,
        operation=context.operation or b"",
        challenge=value,
        context_digest=to_base64url(digest),
        expires_at=expires_at,
    )
    issued = challenge_store.insert_challenge(
        work.tenant,
        answer.id,
        app=asked.app,
        value=value,
        context=digest,
        issued_at=work.now,
        expires_at=expires_at,
    )
    commit(work, [issued], answer=answer, audit=())
    events.challenged("issued")
    return answer


def read_question(
    work: Work,
    transaction: Transaction,
    asked: UserAsked,
    *,
    purpose: Purpose,
    challenge: str,
    kinds: Collection[ProofKind],
    credential: bytes | None = None,
    binding: str | None = None,
) -> Question:
    """What was asked, where this request may answer it now.

    Whoever comes at the same moment may still be faster: the commit asks once more whether the
    challenge was used and the binding is active.

    Args:
        work: The request.
        transaction: Where to read.
        asked: What the request says that it was.
        purpose: What for.
        challenge: Its id.
        kinds: Of bound keys that may answer.
        credential: The id of the passkey that answers, as its response names it; without it the
            newest of the keys answers.
        binding: The only one that may answer; any of the device where None.

    Raises:
        Misuse: ``request/known``, ``ceremony/context-form``.
        BadEvidence: ``webauthn/credential-expected``.
        Denied: ``binding/usable``, ``challenge/*``.
        VerifierFault: ``vault/opens``.
    """
    app = load_app(work.house, transaction, work.tenant, asked.app)
    owner = tenant_owner(work, transaction)
    user_index = user_index_of(work, asked.user)
    found = _bound_keys(work, transaction, user_index=user_index, device=asked.device, kinds=kinds)
    fitting = [each for each in found if each.app == asked.app and binding in {None, each.id}]
    if not fitting:
        raise Denied(USABLE, "of another app")
    stored, kept = _answering(work, owner, fitting, credential)
    usable(kept.binding, user=asked.user, device=asked.device)
    context = _context(work, asked, purpose)
    value = answerable(
        work,
        transaction,
        challenge,
        bound_to=lambda value: sha256(context_bytes(context, value)).digest(),
    )
    return Question(
        asked=asked,
        app=app,
        challenge=challenge,
        value=value,
        context=context,
        owner=owner,
        user_index=user_index,
        stored=stored,
        kept=kept,
    )


def find_bound(
    work: Work,
    transaction: Transaction,
    *,
    user_index: bytes,
    device: str,
    kinds: Collection[ProofKind],
) -> StoredBinding:
    """The newest active binding of a user on a device with a key of these kinds.

    Raises:
        Denied: ``binding/usable``.
    """
    found = _bound_keys(work, transaction, user_index=user_index, device=device, kinds=kinds)
    return found[-1]


def use(work: Work, question: Question, *, by: str) -> Statement:
    """The challenge is answered, unless somebody was faster."""
    return challenge_store.use_challenge(
        work.tenant, question.challenge, by=by, now=work.now, otherwise=UNUSED
    )


def rest_on(work: Work, stored: StoredBinding, counter: int | None) -> Statement:
    """The binding is still active, and its key's counter is where the proof has moved it."""
    if counter is None or counter == stored.counter:
        return require_active(work.tenant, stored.id, otherwise=USABLE)
    return move_counter(work.tenant, stored, counter=counter, otherwise=COUNTER_MOVED)


def answerable(
    work: Work, lookup: Lookup, challenge: str, *, bound_to: Callable[[bytes], bytes]
) -> bytes:
    """The value of a challenge that may be answered now.

    Args:
        work: The request.
        lookup: Where to read.
        challenge: Its id.
        bound_to: From its value to the digest of all that it was issued for.

    Raises:
        Denied: ``challenge/*``.
    """
    row = challenge_store.find_challenge(lookup, work.tenant, challenge)
    if row is None:
        raise Denied(CHALLENGE_KNOWN)
    _, value, digest, issued_at, expires_at, used_at = row
    if used_at is not None:
        raise Denied(UNUSED, challenge)
    if not issued_at <= micros(work.now) < expires_at:
        raise Denied(IN_TIME, challenge)
    if not compare_digest(bound_to(bytes(value)), bytes(digest)):
        raise Denied(CONTEXT, challenge)
    return bytes(value)


def _bound_keys(
    work: Work,
    transaction: Transaction,
    *,
    user_index: bytes,
    device: str,
    kinds: Collection[ProofKind],
) -> list[StoredBinding]:
    """Newest last, and at least one."""
    found = [
        each
        for each in bindings_of(transaction, work.tenant, user_index=user_index)
        if each.device == device and each.kind in kinds and each.state == BindingState.ACTIVE
    ]
    if not found:
        raise Denied(USABLE, "no active binding of these kinds on this device")
    return found


def _answering(
    work: Work, owner: Owner, found: list[StoredBinding], credential: bytes | None
) -> tuple[StoredBinding, KeptBinding]:
    """Which of a device's keys answers. A browser offers whichever passkey its user picks."""
    if credential is None:
        return found[-1], open_binding(work, owner, found[-1])
    # WebAuthn L3 §7.2 steps 5-6: among the credentials of this very user and no others.
    for each in reversed(found):
        kept = open_binding(work, owner, each)
        if kept.binding.key.identifier == credential:
            return each, kept
    raise BadEvidence(CREDENTIAL_EXPECTED, "no passkey of this user on this device")


def _context(work: Work, asked: UserAsked, purpose: Purpose) -> Context:
    return Context(
        verifier=verifier_of(work),
        channel=asked.channel.value,
        purpose=f"{purpose.value}/{asked.operation.kind.value}",
        user=asked.user,
        device=asked.device,
        operation=context_digest(asked),
    )
