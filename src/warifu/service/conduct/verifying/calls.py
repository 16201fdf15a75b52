"""Calls of devices to their bank: ordered and signed, or parallel and read-only with a token."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from warifu.authentication.binding.rules import USABLE
from warifu.authentication.binding.states import usable
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
from warifu.service.conduct.work import AuditEntry, commit
from warifu.service.store.bindings import find_binding, move_sequence
from warifu.service.store.calls import StoredToken, find_token, insert_token, use_proof

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work

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


class TokenAnswer(Struct, frozen=True, kw_only=True):
    """An access token. It is worth nothing without the key that it is bound to."""

    token: str
    thumbprint: str
    """Of that key (RFC 7638), the bound key of the device."""
    expires_at: datetime


def issue_token(work: Work, asked: TokenRequest) -> TokenAnswer:
    """A token to read with, for the bound key of a user who was verified on this device.

    Raises:
        Denied: ``binding/usable`` where no key is bound that can sign proofs of RFC 9449,
            ``token/verified``.
    """
    index = user_index_of(work, asked.user)
    with work.house.database.read() as transaction:
        stored = find_bound(
            work, transaction, user_index=index, device=asked.device, kinds=RAW_SIGNERS
        )
        kept = open_binding(work, tenant_owner(work, transaction), stored)
        usable(kept.binding, user=asked.user, device=asked.device)
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
    life = timedelta(seconds=work.house.settings.verification.token_seconds)
    answer = TokenAnswer(
        token=token,
        thumbprint=thumbprint(kept.binding.key.public_key),
        expires_at=work.now + life,
    )
    issued = StoredToken(
        digest=sha256(token.encode()).digest(),
        binding=stored.id,
        thumbprint=answer.thumbprint,
        expires_at=answer.expires_at,
    )
    commit(
        work,
        [rest_on(work, stored, None), insert_token(work.tenant, issued)],
        answer=answer,
        audit=[AuditEntry(action="token/issued", subject=stored.id)],
        device=asked.device,
    )
    return answer


def check_call(work: Work, asked: CallRequest) -> CallAnswer:
    """Find out whether a request is a bound device's own, and take it once.

    Raises:
        Misuse: ``request/known``, ``call/check-form``.
        BadEvidence: ``call/*``, ``dpop/*``, ``user/*``, and what their readers raise.
        Denied: ``binding/usable``, ``challenge/*``, ``call/sequence``, ``dpop/replay``.
    """
    if asked.kind is CallKind.ORDERED:
        if asked.challenge is None or asked.token is not None:
            raise Misuse(CALL_FORM, "an ordered call has a challenge and no token")
        return _ordered(work, asked, asked.challenge)
    if asked.token is None or asked.challenge is not None:
        raise Misuse(CALL_FORM, "a parallel call has a token and no challenge")
    return _parallel(work, asked, asked.token)


def _ordered(work: Work, asked: CallRequest, challenge: str) -> CallAnswer:
    with work.house.database.read() as transaction:
        question = read_question(
            work,
            transaction,
            asked,
            purpose=Purpose.SESSION,
            challenge=challenge,
            kinds=SIGNERS,
        )
    stored = question.stored
    call = verify_ordered_call(
        asked.proof,
        bound=question.bound,
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
            rest_on(work, stored, call.counter),
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
        kept = open_binding(work, tenant_owner(work, transaction), stored)
    usable(kept.binding, user=asked.user, device=asked.device)
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
            rest_on(work, stored, None),
            use_proof(work.tenant, proof.replay_id, until=proof.remember_until, otherwise=REPLAYED),
        ],
        answer=answer,
        audit=(),
        status=200,
        device=asked.device,
    )
    return answer


def _request(asked: CallRequest) -> Request:
    slash, path = asked.url.partition("://")[2].partition("/")[1:]
    return Request(
        method=asked.method, url=asked.url, path=slash + path or "/", digest=asked.body_digest
    )
