"""Endorsements: the bound key of a binding lets one more key do one thing.

The server says what is to be endorsed, all but the key. The bound key signs it with the key put in,
in the way of its kind, and the new key signs the same bytes. In deterministic CBOR, in CDDL::

    endorsement = { 1: 1, 2: verifier: name, 3: channel: name, 4: binding: bstr .size 16,
                    5: 1 / 2, 6: COSE_Key, 7: challenge: bstr .size (16..64), 8: uint }

5 is the use (session, trusted UI), 8 the end in seconds since 1970. An endorsed key endorses none.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from msgspec import Struct

from warifu.attestation.examination import Examination, Gaps
from warifu.attestation.trust.view import TrustView
from warifu.authentication.binding import rules
from warifu.authentication.binding.new_key import new_key_map, read_new_key
from warifu.authentication.ceremony.context import Context, context_bytes
from warifu.authentication.transaction.confirmation import BoundKey, ProofKind
from warifu.authentication.transaction.proofs.assertion import Asked, check_assertion
from warifu.authentication.transaction.proofs.evidence import Question
from warifu.authentication.transaction.proofs.expectations import ProofExpectations
from warifu.authentication.transaction.proofs.rules import USER_VERIFIED
from warifu.authentication.user.device_signature import (
    SIGNERS,
    ContentType,
    DeviceSigned,
    asserted_bytes,
    read_device_signed,
)
from warifu.authentication.user.passkey import KINDS as PASSKEYS
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, Denied, MalformedEvidence, Misuse

VERSION = 1
BINDING_OCTETS = 16
MAX_BYTES = 8192
LATEST = 253_402_300_799
"""Seconds since 1970 at the end of the year 9999."""
PURPOSE = "endorse"
ENDORSERS = SIGNERS | PASSKEYS
"""Kinds of bound keys that can sign one. Keys behind Android's protected confirmation sign only
what was shown there."""
_VERSION, _VERIFIER, _CHANNEL, _BINDING, _USE, _KEY, _CHALLENGE, _EXPIRES_AT = range(1, 9)


class Use(StrEnum):
    """The one thing that an endorsed key may do."""

    SESSION = "session"
    """Sign proofs of RFC 9449 and ordered calls."""
    TRUSTED_UI = "trusted-ui"
    """Sign answers to transactions, in a component that displays them itself."""


NUMBERS = {Use.SESSION: 1, Use.TRUSTED_UI: 2}
"""On the wire."""
SIGNS_AS = {Use.SESSION: ProofKind.DEVICE_KEY, Use.TRUSTED_UI: ProofKind.TRUSTED_UI}
"""How the signatures of an endorsed key are verified."""


class AskedEndorsement(Struct, frozen=True, kw_only=True):
    """What is to be endorsed: everything but the key."""

    verifier: str
    """The service's name for this tenant, which apps pin."""
    channel: str
    binding: bytes
    """Its id, 16 octets."""
    use: Use
    challenge: bytes
    expires_at: datetime
    """When the key ends, in whole seconds."""


class Statement(Struct, frozen=True, kw_only=True):
    """What the bound key said."""

    asked: AskedEndorsement
    public_key: bytes
    """The endorsed key, DER of SubjectPublicKeyInfo."""


class Endorsed(Struct, frozen=True, kw_only=True):
    """A key that the bound key endorses, and that is its holder's."""

    use: Use
    public_key: bytes
    """DER of SubjectPublicKeyInfo."""
    expires_at: datetime
    counter: int | None
    """Of the bound key, to be stored by compare-and-set."""


def asked_digest(asked: AskedEndorsement) -> bytes:
    """SHA-256 over all that is asked, to be stored with the challenge, 32 octets.

    Raises:
        Misuse: ``ceremony/context-form``, ``endorsement/asked``.
    """
    _require_askable(asked)
    return sha256(cbor.encode_deterministic([PURPOSE, _members(asked, None)])).digest()


def write_endorsement(statement: Statement) -> bytes:
    """What both keys sign."""
    return cbor.encode_deterministic(_members(statement.asked, statement.public_key))


def read_endorsement(payload: bytes) -> Statement:
    """Read what was signed.

    Raises:
        BadEvidence: ``endorsement/form``, ``endorsement/new-key``, ``cbor/*``, ``cose/*``.
    """
    item = cbor.decode_map(payload)
    use = _USES.get(cbor.member(item, _USE, int))
    expires_at = cbor.member(item, _EXPIRES_AT, int)
    if use is None or not 0 <= expires_at <= LATEST:
        raise MalformedEvidence(rules.ENDORSEMENT_FORM, "use or end")
    statement = Statement(
        asked=AskedEndorsement(
            verifier=cbor.member(item, _VERIFIER, str),
            channel=cbor.member(item, _CHANNEL, str),
            binding=cbor.member(item, _BINDING, bytes),
            use=use,
            challenge=cbor.member(item, _CHALLENGE, bytes),
            expires_at=datetime.fromtimestamp(expires_at, UTC),
        ),
        public_key=read_new_key(item.get(_KEY)),
    )
    if write_endorsement(statement) != payload:
        raise MalformedEvidence(rules.ENDORSEMENT_FORM, "not as it would be written")
    return statement


def verify_endorsement(
    endorsement: bytes,
    possession: bytes,
    *,
    bound: BoundKey,
    asked: AskedEndorsement,
    origins: tuple[str, ...] | None,
    now: datetime,
) -> Endorsed:
    """Verify that the bound key endorses a key, and that its holder agrees.

    Args:
        endorsement: COSE_Sign1 of content type ``application/vnd.warifu.endorsement+cbor``;
            ``[ payload, assertion ]`` for App Attest; the container of an assertion for passkeys.
        possession: COSE_Sign1 by the new key, of ``application/vnd.warifu.key-possession+cbor``.
        bound: The bound key of the binding.
        asked: What was to be endorsed.
        origins: Exact origins of passkeys; None takes any https origin of the RP ID.
        now: The present time.

    Raises:
        BadEvidence: ``endorsement/*``, ``user/signed-form``, ``proof/*``, ``webauthn/*``,
            ``app-attest-assertion/*``, ``cbor/*``, ``cose/*``, ``pki/*``.
        Denied: ``endorsement/time``.
        Misuse: What is asked, or the bound key, is not as it must be.
    """
    _require_askable(asked)
    # 1. By the bound key itself, of a kind that can: neither a session nor an endorsed key adds.
    signed = _signed_by(bound, endorsement, origins, now)
    statement = read_endorsement(signed.payload)
    # 2. Exactly what was asked: bank, channel, binding, use, challenge and end.
    wanted = write_endorsement(Statement(asked=asked, public_key=statement.public_key))
    if not compare_digest(signed.payload, wanted):
        raise BadEvidence(rules.ENDORSEMENT_ASKED, f"{statement.asked.verifier!r:.80}")
    if now >= asked.expires_at:
        raise Denied(rules.ENDORSEMENT_TIME, f"{now - asked.expires_at} late")
    if statement.public_key == bound.public_key:
        raise BadEvidence(rules.NEW_KEY, "the bound key itself")
    # 3. The new key signed the same bytes: nobody has a key endorsed that he does not hold.
    check_possession(possession, signed.payload, public_key=statement.public_key, now=now)
    return Endorsed(
        use=asked.use,
        public_key=statement.public_key,
        expires_at=asked.expires_at,
        counter=signed.counter,
    )


def check_possession(
    possession: bytes, payload: bytes, *, public_key: bytes, now: datetime
) -> None:
    """Verify that a key signed an endorsement of itself.

    Raises:
        BadEvidence: ``endorsement/possession``, ``user/signed-form``, ``cbor/*``, ``cose/*``.
    """
    holder = _signing(public_key, Use.SESSION, app="")
    try:
        shown = read_device_signed(possession, ContentType.POSSESSION, holder, now)
    except MalformedEvidence:
        raise
    except BadEvidence as error:
        raise BadEvidence(rules.POSSESSION, error.code) from error
    if not compare_digest(shown.payload, payload):
        raise BadEvidence(rules.POSSESSION, "of another endorsement")


def endorsed_signer(endorsed: Endorsed, use: Use, *, bound: BoundKey, now: datetime) -> BoundKey:
    """The endorsed key in the form that verifiers take, for its one use.

    Args:
        endorsed: As it was verified.
        use: What it is about to be used for.
        bound: The bound key that endorsed it.
        now: The present time.

    Raises:
        Denied: ``endorsement/use``, ``endorsement/time``.
    """
    if endorsed.use is not use:
        raise Denied(rules.USE, f"{endorsed.use} for {use}")
    if now >= endorsed.expires_at:
        raise Denied(rules.ENDORSEMENT_TIME, f"{now - endorsed.expires_at} late")
    return _signing(endorsed.public_key, use, app=bound.app)


def _signing(public_key: bytes, use: Use, *, app: str) -> BoundKey:
    return BoundKey(
        kind=SIGNS_AS[use],
        public_key=public_key,
        identifier=sha256(public_key).digest(),
        app=app,
    )


def _signed_by(
    bound: BoundKey, data: bytes, origins: tuple[str, ...] | None, now: datetime
) -> DeviceSigned:
    if bound.kind not in ENDORSERS:
        raise BadEvidence(rules.ENDORSER, bound.kind.value)
    if len(data) > MAX_BYTES:
        raise MalformedEvidence(rules.ENDORSEMENT_FORM, f"{len(data)} octets")
    if bound.kind in PASSKEYS:
        return _asserted_by(bound, data, origins, now)
    return read_device_signed(data, ContentType.ENDORSEMENT, bound, now)


def _asserted_by(
    bound: BoundKey, data: bytes, origins: tuple[str, ...] | None, now: datetime
) -> DeviceSigned:
    """An assertion whose challenge is SHA-256 of type and payload, with the user verified."""
    nothing = ProofExpectations(displays=frozenset(), user_verification=True, origins=origins)
    exam = Examination(trust=TrustView(known_at=now), at=now, gaps=Gaps.REFUSE)
    question = Question(transaction=b"", bound=bound, expected=nothing, exam=exam)
    _, proved = check_assertion(data, Asked(ceremony="webauthn.get"), question)
    if not proved.user_verified:
        raise BadEvidence(USER_VERIFIED, bound.kind.value)
    match cbor.decode(proved.answer):
        case [_, _, bytes(payload)]:
            pass
        case _:
            raise MalformedEvidence(rules.ENDORSEMENT_FORM, "no typed document")
    if asserted_bytes(ContentType.ENDORSEMENT, payload) != proved.answer:
        raise MalformedEvidence(rules.ENDORSEMENT_FORM, "a document of another type")
    return DeviceSigned(payload=payload, counter=proved.counter)


def _require_askable(asked: AskedEndorsement) -> None:
    names = Context(verifier=asked.verifier, channel=asked.channel, purpose=PURPOSE)
    context_bytes(names, asked.challenge)
    if len(asked.binding) != BINDING_OCTETS or asked.expires_at.microsecond:
        raise Misuse(rules.ENDORSEMENT_ASKED, "binding or end")


def _members(asked: AskedEndorsement, public_key: bytes | None) -> dict[int, Any]:
    members: dict[int, Any] = {
        _VERSION: VERSION,
        _VERIFIER: asked.verifier,
        _CHANNEL: asked.channel,
        _BINDING: asked.binding,
        _USE: NUMBERS[asked.use],
        _CHALLENGE: asked.challenge,
        _EXPIRES_AT: int(asked.expires_at.timestamp()),
    }
    return members if public_key is None else {**members, _KEY: new_key_map(public_key)}


_USES = {number: use for use, number in NUMBERS.items()}
