"""Checkpoints (C2SP tlog-checkpoint): the signed head of a log at one size.

::

    bank.example/confirmations
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — bank.example/confirmations Az3grlgtzPICa5OS8npVmf1Myq/5IZni...
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.authentication.ledger import note
from warifu.authentication.ledger.merkle import HASH_OCTETS, MAX_SIZE, check_consistency
from warifu.authentication.ledger.rules import (
    CHECKPOINT_FORM,
    ORIGIN,
    SIGNER_KIND,
    UNKNOWN_SIGNER,
)
from warifu.base.codec import text
from warifu.base.errors import BadEvidence, MalformedEvidence, MissingTrust, Misuse

if TYPE_CHECKING:
    from warifu.base.keys.signer import Signer

MAX_EXTENSIONS = 16
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_SPKI_OCTETS = 44
"""SubjectPublicKeyInfo of Ed25519 (RFC 8410 §4): twelve octets before the key."""


class Checkpoint(Struct, frozen=True, kw_only=True):
    """The head of a log: what is signed."""

    origin: str
    """The log's name, which is not that of any other log of the same owner."""
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    """Lines that nobody audits; ours has none."""


class SignedCheckpoint(Struct, frozen=True, kw_only=True):
    """A checkpoint whose signature by a known key of the log was verified."""

    checkpoint: Checkpoint
    signed_by: note.NoteKey
    note: note.Note


def log_key(origin: str, public_key: bytes) -> note.NoteKey:
    """The key of a log of ours from SubjectPublicKeyInfo.

    Raises:
        Misuse: ``ledger/signer`` where it is not Ed25519.
    """
    if len(public_key) != _SPKI_OCTETS:
        raise Misuse(SIGNER_KIND, f"{len(public_key)} octets")
    return note.NoteKey(
        name=origin, type=note.ED25519, public_key=public_key[-note.PUBLIC_OCTETS :]
    )


def checkpoint_text(checkpoint: Checkpoint) -> bytes:
    """The lines that are signed.

    Raises:
        Misuse: ``ledger/checkpoint`` for what could not be read again.
    """
    head = (checkpoint.origin, str(checkpoint.size), text.to_base64(checkpoint.root))
    body = "".join(f"{line}\n" for line in (*head, *checkpoint.extensions)).encode()
    try:
        again = read_text(body)
    except MalformedEvidence as error:
        raise Misuse(CHECKPOINT_FORM, error.detail) from error
    if again != checkpoint:
        raise Misuse(CHECKPOINT_FORM, "lines that would be read as another head")
    return body


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """A signed note of a head. Sign what `lease.check_signable` allowed, nothing else.

    Args:
        checkpoint: The head, already committed.
        signer: The log's key; its name is the origin.

    Raises:
        Misuse: ``ledger/signer`` where the key is not Ed25519, ``ledger/checkpoint``.
    """
    if signer.algorithm != "EdDSA":
        raise Misuse(SIGNER_KIND, signer.algorithm)
    key = log_key(checkpoint.origin, signer.public_key)
    body = checkpoint_text(checkpoint)
    line = note.NoteSignature(name=key.name, key_id=key.key_id, signature=signer.sign(body))
    return note.write_note(body, [line])


def read_text(body: bytes) -> Checkpoint:
    """Read the text of a checkpoint.

    Raises:
        MalformedEvidence: ``ledger/checkpoint``, ``text/well-formed``.
    """
    try:
        lines = body.decode().split("\n")
    except UnicodeDecodeError as error:
        raise MalformedEvidence(CHECKPOINT_FORM, "not UTF-8") from error
    if not 4 <= len(lines) <= 4 + MAX_EXTENSIONS or lines.pop() or not all(lines):
        raise MalformedEvidence(CHECKPOINT_FORM, "not three lines or a few more")
    origin, size, encoded, *extensions = lines
    if not _SIZE.fullmatch(size) or int(size) > MAX_SIZE:
        raise MalformedEvidence(CHECKPOINT_FORM, "a size that is not written as a number")
    root = text.from_base64(encoded)
    if len(root) != HASH_OCTETS or text.to_base64(root) != encoded:
        raise MalformedEvidence(CHECKPOINT_FORM, "no root hash")
    return Checkpoint(origin=origin, size=int(size), root=root, extensions=tuple(extensions))


def read_checkpoint(data: bytes, *, origin: str, keys: Iterable[note.NoteKey]) -> SignedCheckpoint:
    """Read a checkpoint and verify that the log signed it.

    Args:
        data: The signed note.
        origin: The log that is asked about.
        keys: Keys of that log, old ones too; a note that any of them signed is the log's.

    Raises:
        MalformedEvidence: ``ledger/note``, ``ledger/checkpoint``, ``text/well-formed``.
        BadEvidence: ``ledger/origin`` for another log, ``ledger/note-signature``.
        MissingTrust: ``ledger/known-signer``.
    """
    found = note.read_note(data)
    head = read_text(found.text)
    if head.origin != origin:
        raise BadEvidence(ORIGIN, head.origin[: note.MAX_NAME_CHARACTERS])
    signed_by = None
    for key in keys:
        if key.name != origin or key.type != note.ED25519:
            continue
        # A known key's signature that fails refuses the whole note, whoever else signed it.
        for each in found.of(key):
            note.check_note_signature(key, each.signature, found.text)
            signed_by = key
    if signed_by is None:
        raise MissingTrust(UNKNOWN_SIGNER, origin[: note.MAX_NAME_CHARACTERS])
    return SignedCheckpoint(checkpoint=head, signed_by=signed_by, note=found)


def follow(previous: Checkpoint, following: Checkpoint, proof: tuple[bytes, ...]) -> Checkpoint:
    """The next head of a log, if it extends the one before.

    Args:
        previous: The head that was last believed.
        following: A later one whose signature was verified.
        proof: The consistency proof between them.

    Raises:
        MalformedEvidence: ``ledger/proof``.
        BadEvidence: ``ledger/origin``, ``ledger/consistency``: history was shortened, forked or
            rewritten, and the two signed heads prove it to anyone.
    """
    if previous.origin != following.origin:
        raise BadEvidence(ORIGIN, following.origin[: note.MAX_NAME_CHARACTERS])
    check_consistency(
        first=previous.size,
        first_root=previous.root,
        second=following.size,
        second_root=following.root,
        proof=proof,
    )
    return following
