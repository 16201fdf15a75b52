"""Calls of two classes: ordered and signed by the device, or parallel, read-only, with a token.

What changes something is signed by the bound device key, over, in deterministic CBOR::

    call = { 1: 1, 2: tstr, 3: tstr, 4: bstr .size 32, 5: bstr .size 32, 6: uint }

2 is the method, 3 path and query as sent, 4 the SHA-256 of the body, 5 the SHA-256 of the session's
context with its challenge, 6 a number that goes up with every call. Such calls wait for each other.
What only reads need not: it has a token, and a proof (RFC 9449) by the key the token was issued to.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.authentication.ceremony.context import context_bytes
from warifu.authentication.user import rules
from warifu.authentication.user.device_signature import ContentType, read_device_signed
from warifu.authentication.user.dpop import DpopProof, DpopTerms, verify_dpop
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence

if TYPE_CHECKING:
    from warifu.authentication.ceremony.context import Context
    from warifu.authentication.transaction.confirmation import BoundKey

VERSION = 1
MAX_SEQUENCE = (1 << 53) - 1
MAX_TOKEN_BYTES = 1024
READ_METHODS = frozenset({"GET", "HEAD"})
_VERSION, _METHOD, _PATH, _BODY, _CONTEXT, _SEQUENCE = range(1, 7)


class Request(Struct, frozen=True, kw_only=True):
    """The request that arrived."""

    method: str
    url: str
    """Scheme, authority and path as the client addressed it."""
    path: str
    """Path and query as sent."""
    body: bytes = b""
    digest: bytes | None = None
    """SHA-256 of the body, from somebody who has it where we have not."""


class Session(Struct, frozen=True, kw_only=True):
    """What ordered calls belong to."""

    context: Context
    challenge: bytes
    """Issued when the session began."""
    sequence: int = 0
    """Of the last call that was taken."""


class SignedCall(Struct, frozen=True, kw_only=True):
    """What a device signs of a call."""

    method: str
    path: str
    body: bytes
    """SHA-256 of the body."""
    context: bytes
    """SHA-256 of the session's context with its challenge."""
    sequence: int


class OrderedCall(Struct, frozen=True, kw_only=True):
    """A call that the bound device signed, the next of its session."""

    sequence: int
    """To be stored by compare-and-set, on the condition that the stored one is lower."""
    counter: int | None
    """Of App Attest, to be stored in the same way."""


class AccessToken(Struct, frozen=True, kw_only=True):
    """A token as it is stored."""

    digest: bytes
    """SHA-256 of the token."""
    thumbprint: str
    """Of the key to which it was issued (RFC 7638)."""
    expires_at: datetime


def verify_ordered_call(
    data: bytes, *, bound: BoundKey, request: Request, session: Session, now: datetime
) -> OrderedCall:
    """Verify that the bound device signed this request, as the next one of the session.

    Args:
        data: As `read_device_signed` takes it.
        bound: The key bound to user and device of the session.
        request: What arrived.
        session: What it belongs to.
        now: The present time.

    Raises:
        BadEvidence: ``call/*``, and what `read_device_signed` raises.
        Misuse: ``ceremony/context-form``.
    """
    asked = sha256(context_bytes(session.context, session.challenge)).digest()
    signed = read_device_signed(data, ContentType.CALL, bound, now)
    call = read_call(signed.payload)
    if not compare_digest(call.context, asked):
        raise BadEvidence(rules.CALL_CONTEXT, call.context.hex())
    same = call.method == request.method and call.path == request.path
    body = sha256(request.body).digest() if request.digest is None else request.digest
    if not same or not compare_digest(call.body, body):
        raise BadEvidence(rules.CALL_TARGET, f"{call.method:.16} {call.path:.200}")
    if call.sequence <= session.sequence:
        raise BadEvidence(rules.CALL_SEQUENCE, f"{call.sequence} after {session.sequence}")
    return OrderedCall(sequence=call.sequence, counter=signed.counter)


def verify_parallel_call(
    proof: bytes,
    *,
    token: bytes,
    stored: AccessToken,
    request: Request,
    now: datetime,
    nonce: str | None = None,
    terms: DpopTerms | None = None,
) -> DpopProof:
    """Verify a call that only reads. The token alone is worth nothing.

    Args:
        proof: The one DPoP header.
        token: As sent.
        stored: What is known of it, found by its digest.
        request: What arrived.
        now: The present time.
        nonce: The one the server gave, where it gives some.
        terms: When a proof is fresh.

    Raises:
        BadEvidence: ``call/read-only``, ``call/token``, and what `verify_dpop` raises.
    """
    if request.method not in READ_METHODS:
        raise BadEvidence(rules.READ_ONLY, f"{request.method:.16}")
    known = len(token) <= MAX_TOKEN_BYTES and compare_digest(sha256(token).digest(), stored.digest)
    if not known or now >= stored.expires_at:
        raise BadEvidence(rules.TOKEN, "expired" if known else "another token")
    return verify_dpop(
        proof,
        method=request.method,
        url=request.url,
        token=token,
        bound_to=stored.thumbprint,
        now=now,
        nonce=nonce,
        terms=terms,
    )


def read_call(payload: bytes) -> SignedCall:
    """Read what was signed.

    Raises:
        MalformedEvidence: ``call/form`` or ``cbor/*``.
    """
    item = cbor.decode_map(payload)
    call = SignedCall(
        method=cbor.member(item, _METHOD, str),
        path=cbor.member(item, _PATH, str),
        body=cbor.member(item, _BODY, bytes),
        context=cbor.member(item, _CONTEXT, bytes),
        sequence=cbor.member(item, _SEQUENCE, int),
    )
    if not 0 < call.sequence <= MAX_SEQUENCE or write_call(call) != payload:
        raise MalformedEvidence(rules.CALL_FORM, "not as it would be written")
    return call


def write_call(call: SignedCall) -> bytes:
    """What is signed, in deterministic CBOR."""
    return cbor.encode_deterministic(
        {
            _VERSION: VERSION,
            _METHOD: call.method,
            _PATH: call.path,
            _BODY: call.body,
            _CONTEXT: call.context,
            _SEQUENCE: call.sequence,
        }
    )
