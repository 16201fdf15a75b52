"""Enrolment by commit and reveal: from a code of the bank to a key that both sides have seen.

::

    device                                server
      │ ◄──── code, signed ──────────────── │  begin: nonce made and kept secret
      │ verifies it, makes key and evidence │
      │ ───── commitment ─────────────────► │  commit, stored
      │ ◄──── server nonce ──────────────── │  reveal, only now
      │ ───── key, nonce, evidence ───────► │  prove: opens the commitment
      │ shows 8 digits                      │  has the same 8 digits, or there is somebody between
      │ ───── "the same" ─────────────────► │  confirm, device
      │        bank's own channel ────────► │  confirm, bank: the digits typed there, or shown there

A man in the middle must commit to his key before he knows the server's nonce, and must choose the
nonce he shows the device before he knows the device's: one try in 10^8, whatever he computes.

A try is paid for before what it pays for is looked at: `spend_try`, store, then `prove` or
`confirm` with what `spend_try` gave. So parallel attempts cannot race past the counter.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from warifu.authentication.binding import rules
from warifu.authentication.binding.code import ID_OCTETS
from warifu.authentication.binding.fingerprint import (
    COMMITMENT_OCTETS,
    NONCE_OCTETS,
    challenge_of,
    commitment_of,
    fingerprint_of,
)
from warifu.authentication.binding.key import bound_key
from warifu.authentication.ceremony.tables import advance
from warifu.authentication.transaction.confirmation import BoundKey
from warifu.base.errors import BadEvidence, Denied, MalformedEvidence, Misuse
from warifu.base.secret import Secret

if TYPE_CHECKING:
    from warifu.attestation.claims import Claims
    from warifu.authentication.transaction.confirmation import ProofKind

MOST_LIFE = timedelta(days=31)
"""A code in a letter; the key for codes is published that long."""
MOST_TRIES = 10
VERIFIER_KEY_OCTETS = 32


class ActivationState(StrEnum):
    """Where an activation stands."""

    CREATED = "created"
    COMMITTED = "committed"
    PROVED = "proved"
    DEVICE_CONFIRMED = "device-confirmed"
    BANK_CONFIRMED = "bank-confirmed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"


class ActivationEvent(StrEnum):
    """What moves it on."""

    COMMIT = "commit"
    SPEND_TRY = "spend-try"
    PROVE = "prove"
    CONFIRM_ON_DEVICE = "confirm-on-device"
    CONFIRM_AT_BANK = "confirm-at-bank"
    DIGITS_DIFFER = "digits-differ"
    EXPIRE = "expire"
    EXHAUST = "exhaust"
    CANCEL = "cancel"


_ENDS_EARLY = {
    ActivationEvent.EXPIRE: ActivationState.EXPIRED,
    ActivationEvent.CANCEL: ActivationState.CANCELLED,
}
_BURNS = {ActivationEvent.EXHAUST: ActivationState.EXHAUSTED, **_ENDS_EARLY}
_COMPARES = {ActivationEvent.DIGITS_DIFFER: ActivationState.REJECTED, **_BURNS}

TRANSITIONS: dict[ActivationState, dict[ActivationEvent, ActivationState]] = {
    ActivationState.CREATED: {
        ActivationEvent.COMMIT: ActivationState.COMMITTED,
        **_ENDS_EARLY,
    },
    ActivationState.COMMITTED: {
        ActivationEvent.SPEND_TRY: ActivationState.COMMITTED,
        ActivationEvent.PROVE: ActivationState.PROVED,
        **_BURNS,
    },
    ActivationState.PROVED: {
        ActivationEvent.SPEND_TRY: ActivationState.PROVED,
        ActivationEvent.CONFIRM_ON_DEVICE: ActivationState.DEVICE_CONFIRMED,
        ActivationEvent.CONFIRM_AT_BANK: ActivationState.BANK_CONFIRMED,
        **_COMPARES,
    },
    ActivationState.DEVICE_CONFIRMED: {
        ActivationEvent.SPEND_TRY: ActivationState.DEVICE_CONFIRMED,
        ActivationEvent.CONFIRM_AT_BANK: ActivationState.CONFIRMED,
        **_COMPARES,
    },
    ActivationState.BANK_CONFIRMED: {
        ActivationEvent.SPEND_TRY: ActivationState.BANK_CONFIRMED,
        ActivationEvent.CONFIRM_ON_DEVICE: ActivationState.CONFIRMED,
        **_COMPARES,
    },
    ActivationState.CONFIRMED: {},
    ActivationState.REJECTED: {},
    ActivationState.EXPIRED: {},
    ActivationState.EXHAUSTED: {},
    ActivationState.CANCELLED: {},
}


class Side(StrEnum):
    """Who says that the digits are the same."""

    DEVICE = "device"
    """The app, in a call that the key proves."""
    BANK = "bank"
    """A channel that does not lead through the device: online banking, a machine, a clerk."""


CONFIRMATIONS = {
    Side.DEVICE: ActivationEvent.CONFIRM_ON_DEVICE,
    Side.BANK: ActivationEvent.CONFIRM_AT_BANK,
}


class Activation(Struct, frozen=True, kw_only=True):
    """One enrolment and how far it has come."""

    id: bytes
    """16 random octets: the evidence is fresh because nobody knew them before."""
    user: str
    """The bank's opaque id of the person."""
    app: str
    """App ID, package or RP ID that may enrol."""
    verifier: str
    verifier_key: bytes
    """SHA-256 of the SubjectPublicKeyInfo of the key that signs the code."""
    server_nonce: Secret
    """32 random octets; see `reveal`."""
    state: ActivationState = ActivationState.CREATED
    tries_left: int
    created_at: datetime
    expires_at: datetime
    commitment: bytes | None = None
    device_nonce: bytes | None = None
    key: BoundKey | None = None
    """From `ActivationState.PROVED` on."""


class ActivationTerms(Struct, frozen=True, kw_only=True):
    """What an activation begins with."""

    life: timedelta = timedelta(minutes=10)
    tries: int = 5


USUAL_TERMS = ActivationTerms()


class PaidTry(Struct, frozen=True, kw_only=True):
    """A try that was spent. Use it only after `after` is stored, and only once."""

    after: Activation
    """With one try less, to be stored on the condition that nothing has changed since."""


def begin(
    *,
    activation_id: bytes,
    user: str,
    app: str,
    verifier: str,
    verifier_key: bytes,
    server_nonce: Secret,
    now: datetime,
    terms: ActivationTerms = USUAL_TERMS,
) -> Activation:
    """Begin the enrolment of a device of `user`.

    The other arguments are as in `Activation`, whose `id` is `activation_id`.

    Raises:
        Misuse: ``activation/terms``, ``ceremony/context-form`` for the verifier's name.
    """
    sizes = (len(activation_id), len(server_nonce), len(verifier_key))
    if sizes != (ID_OCTETS, NONCE_OCTETS, VERIFIER_KEY_OCTETS):
        raise Misuse(rules.TERMS, f"{sizes} octets")
    if not timedelta() < terms.life <= MOST_LIFE or not 1 <= terms.tries <= MOST_TRIES:
        raise Misuse(rules.TERMS, f"{terms.life}, {terms.tries} tries")
    challenge_of(activation=activation_id, verifier=verifier)
    return Activation(
        id=activation_id,
        user=user,
        app=app,
        verifier=verifier,
        verifier_key=verifier_key,
        server_nonce=server_nonce,
        tries_left=terms.tries,
        created_at=now,
        expires_at=(now + terms.life).replace(microsecond=0),
    )


def activation_challenge(activation: Activation) -> bytes:
    """The challenge that the evidence must be verified with, 32 octets."""
    return challenge_of(activation=activation.id, verifier=activation.verifier)


def commit(activation: Activation, *, commitment: bytes, now: datetime) -> Activation:
    """Take the device's commitment. Store what comes back before `reveal`.

    Raises:
        Denied: ``activation/move`` for a second one, ``activation/in-time``.
        MalformedEvidence: ``activation/commitment``.
    """
    state = _move(activation, ActivationEvent.COMMIT, now)
    if len(commitment) != COMMITMENT_OCTETS:
        raise MalformedEvidence(rules.COMMITMENT, f"{len(commitment)} octets")
    return replace(activation, state=state, commitment=commitment)


def reveal(activation: Activation, *, now: datetime) -> bytes:
    """The server's nonce, for a device whose commitment is held.

    Raises:
        Denied: ``activation/reveal`` in any other state, ``activation/in-time``.
    """
    if activation.state is not ActivationState.COMMITTED:
        raise Denied(rules.REVEAL, activation.state.value)
    _require_in_time(activation, now)
    return activation.server_nonce.reveal()


def spend_try(activation: Activation, *, now: datetime) -> PaidTry:
    """Pay for one `prove` or `confirm`.

    Raises:
        Denied: ``activation/move``, ``activation/in-time``, ``activation/tries``.
    """
    state = _move(activation, ActivationEvent.SPEND_TRY, now)
    if activation.tries_left < 1:
        raise Denied(rules.TRIES)
    after = replace(activation, state=state, tries_left=activation.tries_left - 1)
    return PaidTry(after=after)


def prove(
    paid: PaidTry, *, device_nonce: bytes, claims: Claims, kind: ProofKind, now: datetime
) -> Activation:
    """Open the commitment with the key that the evidence attests.

    The key is taken from the claims and from nowhere else.

    Args:
        paid: From `spend_try`, stored.
        device_nonce: 32 octets.
        claims: Of evidence verified with `activation_challenge`, and appraised, for the same app.
        kind: What the key is bound for.
        now: The current time.

    Raises:
        Denied: ``activation/move``, ``activation/in-time``.
        BadEvidence: ``activation/opening`` where key or nonce are not those committed to,
            ``activation/kind``, ``activation/evidence-app``, ``activation/evidence-challenge``.
        Misuse: ``activation/evidence-challenge``.
    """
    activation = paid.after
    state = _move(activation, ActivationEvent.PROVE, now)
    key = bound_key(
        claims, kind=kind, app=activation.app, challenge=activation_challenge(activation)
    )
    if len(device_nonce) != NONCE_OCTETS:
        raise MalformedEvidence(rules.OPENING, f"nonce of {len(device_nonce)} octets")
    opened = commitment_of(
        activation=activation.id, public_key=key.public_key, device_nonce=device_nonce
    )
    if not hmac.compare_digest(opened, activation.commitment or b""):
        raise BadEvidence(rules.OPENING)
    return replace(activation, state=state, key=key, device_nonce=device_nonce)


def activation_fingerprint(activation: Activation) -> str:
    """The eight digits, for a channel of the bank that shows them.

    Raises:
        Denied: ``activation/move`` where the key is not proved yet.
    """
    if activation.key is None or activation.device_nonce is None:
        raise Denied(rules.MOVE, f"{activation.state.value}: no key yet")
    return fingerprint_of(
        activation=activation.id,
        verifier_key=activation.verifier_key,
        public_key=activation.key.public_key,
        server_nonce=activation.server_nonce.reveal(),
        device_nonce=activation.device_nonce,
    )


def confirm(paid: PaidTry, *, side: Side, digits: str, now: datetime) -> Activation:
    """One side says that the digits are the same; after both, the activation is confirmed.

    Args:
        paid: From `spend_try`, stored.
        side: Who says so.
        digits: What was typed or shown there: eight ASCII digits.
        now: The current time.

    Raises:
        Denied: ``activation/move``, ``activation/in-time``, ``activation/fingerprint``.
    """
    activation = paid.after
    state = _move(activation, CONFIRMATIONS[side], now)
    # `replace` keeps text without UTF-8 from being an error of its own; it is no digit either way.
    typed = digits.encode("utf-8", "replace")
    if not hmac.compare_digest(activation_fingerprint(activation).encode(), typed):
        raise Denied(rules.FINGERPRINT, side.value)
    return replace(activation, state=state)


def reject(activation: Activation) -> Activation:
    """The person says that the digits differ: somebody is in between.

    Raises:
        Denied: ``activation/move``.
    """
    return _ended(activation, ActivationEvent.DIGITS_DIFFER)


def cancel(activation: Activation) -> Activation:
    """The bank takes the activation back.

    Raises:
        Denied: ``activation/move``.
    """
    return _ended(activation, ActivationEvent.CANCEL)


def settle(activation: Activation, *, now: datetime) -> Activation:
    """What an activation has come to by itself: expired, exhausted, or as it was."""
    events = TRANSITIONS[activation.state]
    if now >= activation.expires_at and ActivationEvent.EXPIRE in events:
        return _ended(activation, ActivationEvent.EXPIRE)
    if activation.tries_left < 1 and ActivationEvent.EXHAUST in events:
        return _ended(activation, ActivationEvent.EXHAUST)
    return activation


def _ended(activation: Activation, event: ActivationEvent) -> Activation:
    return replace(activation, state=advance(TRANSITIONS, activation.state, event, rules.MOVE))


def _move(activation: Activation, event: ActivationEvent, now: datetime) -> ActivationState:
    state = advance(TRANSITIONS, activation.state, event, rules.MOVE)
    _require_in_time(activation, now)
    return state


def _require_in_time(activation: Activation, now: datetime) -> None:
    if now >= activation.expires_at:
        raise Denied(rules.IN_TIME, f"{now - activation.expires_at} late")
