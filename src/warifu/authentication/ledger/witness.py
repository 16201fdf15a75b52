"""Cosignatures of witnesses (C2SP tlog-cosignature, Ed25519): that nobody sees another history.

A witness states with its time that the head extends every head of this log that it saw before.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.authentication.ledger import note
from warifu.authentication.ledger.rules import (
    NOTE_FORM,
    SIGNER_KIND,
    UNKNOWN_SIGNER,
    WITNESS_POLICY,
    WITNESS_TIME,
    WITNESSES,
)
from warifu.base.errors import BadEvidence, MalformedEvidence, MissingTrust, Misuse

if TYPE_CHECKING:
    from warifu.base.keys.signer import Signer

TIME_OCTETS = 8
SIGNATURE_OCTETS = 64
MAX_TIME = 253_402_300_799
"""The last second of the year 9999, far below 2^63 - 1: what a date can be written for."""


class WitnessPolicy(Struct, frozen=True, kw_only=True):
    """Who may witness, and how many of them must."""

    witnesses: tuple[note.NoteKey, ...] = ()
    threshold: int = 0


class Cosignature(Struct, frozen=True, kw_only=True):
    """One verified cosignature."""

    witness: str
    at: datetime
    """When the witness saw it, as it says, UTC."""


def witness_key(name: str, public_key: bytes) -> note.NoteKey:
    """The key of a witness from its 32 bytes."""
    return note.NoteKey(name=name, type=note.COSIGNATURE, public_key=public_key)


def cosign(body: bytes, *, name: str, signer: Signer, at: datetime) -> note.NoteSignature:
    """What a witness answers: for our own witnesses, and for tests of what takes them.

    Args:
        body: The text of the checkpoint.
        name: The witness.
        signer: Its Ed25519 key.
        at: When.

    Raises:
        Misuse: ``ledger/signer``.
    """
    if signer.algorithm != "EdDSA":
        raise Misuse(SIGNER_KIND, signer.algorithm)
    key = witness_key(name, signer.public_key[-note.PUBLIC_OCTETS :])
    moment = int(at.timestamp())
    proof = signer.sign(_message(moment, body))
    signature = moment.to_bytes(TIME_OCTETS, "big") + proof
    return note.NoteSignature(name=name, key_id=key.key_id, signature=signature)


def accept_cosignature(
    found: note.Note, line: str, *, policy: WitnessPolicy, at: datetime
) -> tuple[note.NoteSignature, Cosignature]:
    """Judge a line that a witness sent for a checkpoint of ours, before it is stored.

    Args:
        found: The checkpoint.
        line: The witness's line, without its newline.
        policy: Whose lines are taken.
        at: The current time.

    Returns:
        The line to be added to the note, and what it says.

    Raises:
        MalformedEvidence: ``ledger/note``, ``text/well-formed``.
        BadEvidence: ``ledger/note-signature``, ``ledger/witness-time``.
        MissingTrust: ``ledger/known-signer`` for a witness that is not in the policy.
    """
    sent = note.read_signature_line(line)
    for key in sound(policy).witnesses:
        if (key.name, key.key_id) == (sent.name, sent.key_id):
            return sent, _check(key, sent, found.text, at)
    raise MissingTrust(UNKNOWN_SIGNER, sent.name)


def check_witnesses(
    found: note.Note, *, policy: WitnessPolicy, at: datetime
) -> tuple[Cosignature, ...]:
    """Verify the cosignatures of known witnesses on a checkpoint; others are passed over.

    Args:
        found: The checkpoint.
        policy: Who may witness, and how many must.
        at: The time that is judged for.

    Returns:
        One for each witness that signed, in the order of the policy.

    Raises:
        BadEvidence: ``ledger/note-signature``, ``ledger/witness-time``, ``ledger/witnesses``.
        Misuse: ``ledger/witness-policy``.
    """
    seen = []
    for key in sound(policy).witnesses:
        lines = [_check(key, each, found.text, at) for each in found.of(key)]
        seen += lines[:1]
    if len(seen) < policy.threshold:
        raise BadEvidence(WITNESSES, f"{len(seen)} of {policy.threshold}")
    return tuple(seen)


def sound(policy: WitnessPolicy) -> WitnessPolicy:
    """The policy, if each witness has a key of its own and there are as many as are asked for.

    A cosignature does not state its signer's name: one key under two names would count twice.

    Raises:
        Misuse: ``ledger/witness-policy``.
    """
    keys = {each.public_key for each in policy.witnesses}
    others = any(each.type != note.COSIGNATURE for each in policy.witnesses)
    if others or len(keys) < len(policy.witnesses) or not 0 <= policy.threshold <= len(keys):
        raise Misuse(WITNESS_POLICY, f"{policy.threshold} of {len(keys)} keys")
    return policy


def _check(key: note.NoteKey, line: note.NoteSignature, body: bytes, at: datetime) -> Cosignature:
    if len(line.signature) != TIME_OCTETS + SIGNATURE_OCTETS:
        raise MalformedEvidence(NOTE_FORM, f"{len(line.signature)} octets of a cosignature")
    moment = int.from_bytes(line.signature[:TIME_OCTETS], "big")
    note.check_note_signature(key, line.signature[TIME_OCTETS:], _message(moment, body))
    if moment > MAX_TIME or (seen_at := datetime.fromtimestamp(moment, UTC)) > at:
        raise BadEvidence(WITNESS_TIME, f"{key.name} at {moment}")
    return Cosignature(witness=key.name, at=seen_at)


def _message(moment: int, body: bytes) -> bytes:
    return f"cosignature/v1\ntime {moment}\n".encode() + body
