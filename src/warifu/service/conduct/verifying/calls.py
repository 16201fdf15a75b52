"""Calls of devices to their bank: ordered and signed, or parallel and read-only with a token."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from warifu.authentication.binding.endorsement import ENDORSERS
from warifu.authentication.binding.rules import USABLE
from warifu.authentication.binding.states import usable
from warifu.authentication.transaction.confirmation import BoundKey
from warifu.authentication.user import rules as pure
from warifu.authentication.user.calls import (
    AccessToken,
    Request,
    Session,
    verify_ordered_call,
    verify_parallel_call,
)
from warifu.authentication.user.device_signature import RAW_SIGNERS, SIGNERS
from warifu.base.codec.text import to_base64url
from warifu.base.errors import BadEvidence, Denied, Misuse
from warifu.base.keys.jwks import thumbprint
from warifu.risk.decision.facts import Operation
from warifu.service.conduct.bound import open_binding
from warifu.service.conduct.challenges.asking import DeviceId, RecordId, UserId
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.endorsed import (
    HeldKey,
    load_session_key,
    open_endorsed,
    rest_on_key,
    session_signer,
)
from warifu.service.conduct.sealing import tenant_owner, user_index_of
from warifu.service.conduct.verifying.questions import (
    Purpose,
    UserAsked,
    find_bound,
    read_question,
    rest_on,
)
from warifu.service.conduct.verifying.remembering import standing_of
from warifu.service.conduct.verifying.rules import CALL_FORM, REPLAYED, TOKEN_AFTER
from warifu.service.store.bindings import StoredBinding, find_binding, move_sequence
from warifu.service.store.calls import StoredToken, find_token, insert_token, use_proof
from warifu.service.store.endorsed_keys import find_active

if TYPE_CHECKING:
    from warifu.service.composition import Owner
    from warifu.service.conduct.bound import KeptBinding
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Statement, Transaction

TOKEN_OCTETS = 32
MAX_PROOF_BYTES = 8192
MAX_URL = 2048
DIGEST_OCTETS = 32
NO_BODY = sha256().digest()

Proof = Annotated[bytes, Meta(min_length=1, max_length=MAX_PROOF_BYTES)]
MethodName = Annotated[str, Meta(pattern=r"^[A-Z]{1,16}\Z")]
Address = Annotated[
    str, Meta(pattern=r"^https?://[!-\"$-.0->@-~]+(/[!-\"$-~]*)?\Z", max_length=MAX_URL)
]
"""Without a fragment, which no server sees."""
Digest = Annotated[bytes, Meta(min_length=DIGEST_OCTETS, max_length=DIGEST_OCTETS)]
Token = Annotated[str, Meta(min_length=1, max_length=200)]


class CallKind(StrEnum):
    """The two classes of calls."""

    ORDERED = "ordered"
    """Signed by the device, one after the other; whatever changes something."""
    PARALLEL = "parallel"
    """Only reads; a token, and a proof by its key."""


class CallRequest(UserAsked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request that a device made to its bank, to be checked before it is served.

    `app`, `operation`, `user`, `device`, `context` and `channel` of an ordered call are those of
    the session's challenge.
    """

    kind: CallKind
    method: MethodName
    url: Address
    """As the device addressed it: scheme, authority, path and query."""
    body_digest: Digest = NO_BODY
    """SHA-256 of the body; of no octets where there is none."""
    proof: Proof
    """What the device signed, or the DPoP header."""
    challenge: RecordId | None = None
    """Of the session, for an ordered call."""
    token: Token | None = None
    """For a parallel call."""
    key: RecordId | None = None
    """The endorsed session key that signed an ordered call; the bound key where not given."""


class CallAnswer(Struct, frozen=True, kw_only=True):
    """The call is the device's own, and was not taken before."""

    kind: CallKind
    binding: str
    device: str
    sequence: int | None
    """Of an ordered call."""


class TokenRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom."""

    user: UserId
    device: DeviceId
    key: RecordId | None = None
    """The endorsed session key that will sign its proofs; the bound key where not given."""


class TokenAnswer(Struct, frozen=True, kw_only=True):
    """An access token. It is worth nothing without the key that it is bound to."""

    token: str
    thumbprint: str
    """Of that key (RFC 7638): the bound key of the device, or the session key that was named."""
    expires_at: datetime


class _Holder(Struct, frozen=True, kw_only=True):
    """Who signs: a bound key, or a session key that it endorsed."""

    stored: StoredBinding
    key: HeldKey | None
    signer: BoundKey


def issue_token(work: Work, asked: TokenRequest) -> TokenAnswer:
    """A token to read with, for a key of a user who was verified on this device.

    Raises:
        Denied: ``binding/usable`` where no key is bound that can sign proofs of RFC 9449,
            ``endorsement/*`` for a session key that does not count, ``token/verified``.
    """
    index = user_index_of(work, asked.user)
    with work.house.database.read() as transaction:
        holder = _holder(work, transaction, asked)
        known = standing_of(
            work,
            transaction,
            user_index=index,
            device=asked.device,
            operation=Operation.LOGIN.value,
        )
    if not known.verified:
        raise Denied(TOKEN_AFTER)
    token = to_base64url(secrets.token_bytes(TOKEN_OCTETS))
    ends = work.now + timedelta(seconds=work.house.settings.verification.token_seconds)
    answer = TokenAnswer(
        token=token,
        thumbprint=thumbprint(holder.signer.public_key),
        # A token is of no use without its key, so it does not outlive it.
        expires_at=ends if holder.key is None else min(ends, holder.key.stored.expires_at),
    )
    issued = StoredToken(
        digest=sha256(token.encode()).digest(),
        binding=holder.stored.id,
        thumbprint=answer.thumbprint,
        expires_at=answer.expires_at,
    )
    commit(
        work,
        [*_rests_on(work, holder, None), insert_token(work.tenant, issued)],
        answer=answer,
        audit=[
            AuditEntry(action="token/issued", subject=holder.stored.id, document={"key": asked.key})
        ],
        device=asked.device,
    )
    return answer


def check_call(work: Work, asked: CallRequest) -> CallAnswer:
    """Find out whether a request is a bound device's own, and take it once.

    Raises:
        Misuse: ``request/known``, ``call/check-form``.
        BadEvidence: ``call/*``, ``dpop/*``, ``user/*``, and what their readers raise.
        Denied: ``binding/usable``, ``endorsement/*``, ``challenge/*``, ``call/sequence``,
            ``dpop/replay``.
    """
    if asked.kind is CallKind.ORDERED:
        if asked.challenge is None or asked.token is not None:
            raise Misuse(CALL_FORM, "an ordered call has a challenge and no token")
        return _ordered(work, asked, asked.challenge)
    if asked.token is None or asked.challenge is not None or asked.key is not None:
        raise Misuse(CALL_FORM, "a parallel call has a token, and neither challenge nor key")
    return _parallel(work, asked, asked.token)


def _ordered(work: Work, asked: CallRequest, challenge: str) -> CallAnswer:
    with work.house.database.read() as transaction:
        named = None if asked.key is None else _session_key(work, transaction, asked.key)
        question = read_question(
            work,
            transaction,
            asked,
            purpose=Purpose.SESSION,
            challenge=challenge,
            kinds=SIGNERS if named is None else ENDORSERS,
            binding=None if named is None else named.stored.binding,
        )
    holder = _by(work, question.stored, question.kept, named)
    stored = question.stored
    call = verify_ordered_call(
        asked.proof,
        bound=holder.signer,
        request=_request(asked),
        session=Session(
            context=question.context, challenge=question.value, sequence=stored.sequence
        ),
        now=work.now,
    )
    answer = CallAnswer(
        kind=asked.kind, binding=stored.id, device=asked.device, sequence=call.sequence
    )
    commit(
        work,
        [
            *_rests_on(work, holder, call.counter),
            move_sequence(
                work.tenant, stored, sequence=call.sequence, otherwise=pure.CALL_SEQUENCE
            ),
        ],
        answer=answer,
        audit=(),
        status=200,
        device=asked.device,
    )
    return answer


def _parallel(work: Work, asked: CallRequest, token: str) -> CallAnswer:
    octets = token.encode()
    with work.house.database.read() as transaction:
        known = find_token(transaction, work.tenant, sha256(octets).digest())
        stored = find_binding(transaction, work.tenant, known.binding) if known else None
        if known is None or stored is None:
            raise BadEvidence(pure.TOKEN, "nobody's")
        owner = tenant_owner(work, transaction)
        kept = open_binding(work, owner, stored)
        usable(kept.binding, user=asked.user, device=asked.device)
        holder = _by(work, stored, kept, _token_key(work, transaction, kept, known, owner=owner))
    if stored.app != asked.app:
        raise Denied(USABLE, "of another app")
    proof = verify_parallel_call(
        asked.proof,
        token=octets,
        stored=AccessToken(
            digest=known.digest, thumbprint=known.thumbprint, expires_at=known.expires_at
        ),
        request=_request(asked),
        now=work.now,
    )
    answer = CallAnswer(kind=asked.kind, binding=stored.id, device=asked.device, sequence=None)
    commit(
        work,
        [
            *_rests_on(work, holder, None),
            use_proof(work.tenant, proof.replay_id, until=proof.remember_until, otherwise=REPLAYED),
        ],
        answer=answer,
        audit=(),
        status=200,
        device=asked.device,
    )
    return answer


def _holder(work: Work, transaction: Transaction, asked: TokenRequest) -> _Holder:
    """Whose proofs a token will take."""
    owner = tenant_owner(work, transaction)
    if asked.key is None:
        index = user_index_of(work, asked.user)
        found = find_bound(
            work, transaction, user_index=index, device=asked.device, kinds=RAW_SIGNERS
        )
        named = None
    else:
        named = load_session_key(work, transaction, owner, key=asked.key)
        bound = find_binding(transaction, work.tenant, named.stored.binding)
        if bound is None:
            raise Denied(USABLE, "no such binding")
        found = bound
    kept = open_binding(work, owner, found)
    usable(kept.binding, user=asked.user, device=asked.device)
    return _by(work, found, kept, named)


def _session_key(work: Work, transaction: Transaction, key: str) -> HeldKey:
    return load_session_key(work, transaction, tenant_owner(work, transaction), key=key)


def _token_key(
    work: Work, transaction: Transaction, kept: KeptBinding, known: StoredToken, *, owner: Owner
) -> HeldKey | None:
    """The session key that a token was issued to; None for the bound key."""
    bound = kept.binding.key
    if bound.kind in RAW_SIGNERS and thumbprint(bound.public_key) == known.thumbprint:
        return None
    found = find_active(
        transaction, work.tenant, binding=known.binding, thumbprint=known.thumbprint
    )
    if found is None:
        raise BadEvidence(pure.TOKEN, "of a key that ended")
    return open_endorsed(work, owner, found)


def _by(work: Work, stored: StoredBinding, kept: KeptBinding, named: HeldKey | None) -> _Holder:
    bound = kept.binding.key
    signer = bound if named is None else session_signer(work, named, bound)
    return _Holder(stored=stored, key=named, signer=signer)


def _rests_on(work: Work, holder: _Holder, counter: int | None) -> list[Statement]:
    """First the binding, then the key: all commits take them in this order."""
    binding = rest_on(work, holder.stored, counter)
    return [binding] if holder.key is None else [binding, rest_on_key(work, holder.key)]


def _request(asked: CallRequest) -> Request:
    slash, path = asked.url.partition("://")[2].partition("/")[1:]
    return Request(
        method=asked.method, url=asked.url, path=slash + path or "/", digest=asked.body_digest
    )
