"""Terminal-judged: a platform key signs what was checked, when, and for which question.

In CDDL, in deterministic CBOR, signed as `device_signature` says::

    statement = { 1: 1, 2: bstr .size 32, 3: method, 4: uint }
    method = 1 / 2 / 3             ; PIN / biometrics / screen lock

2 is the SHA-256 of the context with its challenge, 4 the time of the check in seconds since 1970.
What the statement says counts only as far as the key's attestation bears it out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from warifu.attestation.claims import Endorsement
from warifu.authentication.ceremony.context import context_bytes
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.user import rules
from warifu.authentication.user.device_signature import (
    ContentType,
    key_name,
    read_device_signed,
    require_attested,
)
from warifu.authentication.user.verified import Assurance, Method, UserVerified, named
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MalformedEvidence

if TYPE_CHECKING:
    from warifu.attestation.claims import Key
    from warifu.authentication.ceremony.context import Context
    from warifu.authentication.transaction.confirmation import BoundKey

VERSION = 1
_VERSION, _CONTEXT, _METHOD, _CHECKED_AT = 1, 2, 3, 4

METHODS = {1: Method.TERMINAL_PIN, 2: Method.BIOMETRIC, 3: Method.DEVICE_CREDENTIAL}
"""By their numbers on the wire."""
REQUIRED_BY_HARDWARE = {
    "biometric": frozenset({Method.BIOMETRIC}),
    "password": frozenset({Method.DEVICE_CREDENTIAL}),
    "password-or-biometric": frozenset({Method.BIOMETRIC, Method.DEVICE_CREDENTIAL}),
}
"""What a key's attestation says of its use, and the methods that may then be stated."""


class _Word(NamedTuple):
    """Whose word a statement by one kind of key is."""

    assurance: Assurance
    methods: frozenset[Method] | None
    """What it may state; None where the key's attestation tells."""


_WORDS = {
    ProofKind.DEVICE_KEY: _Word(Assurance.HARDWARE, None),
    ProofKind.TRUSTED_UI: _Word(Assurance.TRUSTED_ENVIRONMENT, frozenset({Method.TERMINAL_PIN})),
    # Apple proves nothing about the use of the key: it is the genuine app that says so.
    ProofKind.APP_ATTEST: _Word(Assurance.APPLICATION, frozenset(METHODS.values())),
}


class StatementTerms(Struct, frozen=True, kw_only=True):
    """What is accepted of a statement."""

    assurances: frozenset[Assurance] = frozenset(Assurance)
    endorsements: frozenset[Endorsement] = frozenset({Endorsement.ANCHORED})
    longest_age: timedelta = timedelta(minutes=2)
    """From the check to now."""
    clock_skew: timedelta = timedelta(seconds=30)
    """How far the phone's clock may be ahead."""


class Statement(Struct, frozen=True, kw_only=True):
    """What a terminal says that it checked."""

    context: bytes
    """SHA-256 of the context with its challenge."""
    method: Method
    checked_at: int
    """Seconds since 1970-01-01 UTC."""


def verify_statement(
    data: bytes,
    *,
    bound: BoundKey,
    attested: Key,
    context: Context,
    challenge: bytes,
    terms: StatementTerms,
    now: datetime,
) -> UserVerified:
    """Verify a signed statement of what a terminal checked.

    Args:
        data: As `read_device_signed` takes it.
        bound: The key that must have signed.
        attested: The claims proved about the key when it was bound.
        context: What was asked, with user and device.
        challenge: The one issued for it.
        terms: What is accepted.
        now: The present time.

    Raises:
        BadEvidence: ``user/*``, and what `read_device_signed` raises.
        Misuse: ``user/named``, ``ceremony/context-form``.
    """
    user, device = named(context)
    asked = sha256(context_bytes(context, challenge)).digest()
    # 1. Signed by the bound key, for which somebody vouched.
    signed = read_device_signed(data, ContentType.STATEMENT, bound, now)
    require_attested(bound, attested, terms.endorsements)
    # 2. In answer to this question, and just now.
    statement = read_statement(signed.payload)
    if not compare_digest(statement.context, asked):
        raise BadEvidence(rules.STATEMENT_CONTEXT, statement.context.hex())
    age = now.timestamp() - statement.checked_at
    if not -terms.clock_skew.total_seconds() <= age <= terms.longest_age.total_seconds():
        raise BadEvidence(rules.STATEMENT_TIME, f"{age:.0f} seconds ago")
    # 3. A method that the key's attestation bears out, by an environment that will do.
    word = _WORDS[bound.kind]
    if statement.method not in _borne_out(word, bound, attested):
        shown = f"{statement.method}, the key requires {attested.user_authentication}"
        raise BadEvidence(rules.STATEMENT_METHOD, shown)
    if word.assurance not in terms.assurances:
        raise BadEvidence(rules.ASSURANCE, word.assurance.value)
    return UserVerified(
        user=user,
        device=device,
        method=statement.method,
        assurance=word.assurance,
        at=now,
        key=key_name(bound),
        context=asked,
        counter=signed.counter,
        proved=_PROVED,
    )


def read_statement(payload: bytes) -> Statement:
    """Read what was signed.

    Raises:
        MalformedEvidence: ``user/statement-form`` or ``cbor/*``.
    """
    item = cbor.decode_map(payload)
    statement = Statement(
        context=cbor.member(item, _CONTEXT, bytes),
        method=_method(cbor.member(item, _METHOD, int)),
        checked_at=cbor.member(item, _CHECKED_AT, int),
    )
    if len(statement.context) != sha256().digest_size or statement.checked_at not in _TIMES:
        raise MalformedEvidence(rules.STATEMENT_FORM, "context or time")
    if write_statement(statement) != payload:
        raise MalformedEvidence(rules.STATEMENT_FORM, "not as it would be written")
    return statement


def write_statement(statement: Statement) -> bytes:
    """What is signed, in deterministic CBOR."""
    return cbor.encode_deterministic(
        {
            _VERSION: VERSION,
            _CONTEXT: statement.context,
            _METHOD: _NUMBERS[statement.method],
            _CHECKED_AT: statement.checked_at,
        }
    )


def _borne_out(word: _Word, bound: BoundKey, attested: Key) -> frozenset[Method]:
    if word.methods is not None:
        return word.methods
    # A key that an earlier unlocking left usable says nothing about who holds the phone now.
    required = attested.user_authentication if bound.user_verification_required else None
    return REQUIRED_BY_HARDWARE.get(required or "", frozenset())


def _method(number: int) -> Method:
    method = METHODS.get(number)
    if method is None:
        raise MalformedEvidence(rules.STATEMENT_FORM, f"method {number}")
    return method


_TIMES = range(1 << 53)
_NUMBERS = {method: number for number, method in METHODS.items()}
_PROVED = tuple(
    rule.code
    for rule in (
        *(rules.KEY_KIND, rules.SIGNED_FORM, rules.KEY_ATTESTED, rules.STATEMENT_CONTEXT),
        *(rules.STATEMENT_TIME, rules.STATEMENT_METHOD, rules.ASSURANCE),
    )
)
