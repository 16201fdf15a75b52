"""Signed notes (C2SP signed-note) with Ed25519: text, an empty line, lines of signatures.

A signature line names its key by a name and four bytes. Neither is trusted: they choose among keys
that the caller knows, lines of other keys are passed over, as the specification demands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from warifu.authentication.ledger.rules import KEY_FORM, NOTE_FORM, NOTE_SIGNATURE
from warifu.base.codec import text
from warifu.base.errors import BadEvidence, MalformedEvidence

MAX_NOTE_BYTES = 1 << 16
MAX_SIGNATURES = 64
"""A verifier takes 16 at least (C2SP signed-note, Format)."""
MAX_NAME_CHARACTERS = 255
KEY_ID_OCTETS = 4
PUBLIC_OCTETS = 32

ED25519, COSIGNATURE = 0x01, 0x04
"""Types of signatures: of a log, and of a witness with its time."""

_DASH = "— "
_TYPES = frozenset({ED25519, COSIGNATURE})
_SPACES = re.compile(r"[\s+]")
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteKey(Struct, frozen=True, kw_only=True):
    """An Ed25519 key that signs notes under a name."""

    name: str
    """Without spaces and plus signs; of a log, its origin."""
    type: int
    """`ED25519` or `COSIGNATURE`: one key never serves as both."""
    public_key: bytes
    """32 bytes (RFC 8032 §5.1.5)."""

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key)."""
        return sha256(_identity(self.name, self.type, self.public_key)).digest()[:KEY_ID_OCTETS]


class NoteSignature(Struct, frozen=True, kw_only=True):
    """One line of signature, unverified."""

    name: str
    key_id: bytes
    signature: bytes


class Note(Struct, frozen=True, kw_only=True):
    """A note taken apart. Nothing in it is proved before `check_note_signature`."""

    text: bytes
    """What is signed, with its final newline."""
    signatures: tuple[NoteSignature, ...]

    def of(self, key: NoteKey) -> tuple[NoteSignature, ...]:
        """The signatures that name a key by both its name and its id."""
        wanted = (key.name, key.key_id)
        return tuple(each for each in self.signatures if (each.name, each.key_id) == wanted)


def read_note(data: bytes) -> Note:
    """Take a note apart.

    Raises:
        MalformedEvidence: ``ledger/note``.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise MalformedEvidence(NOTE_FORM, f"more than {MAX_NOTE_BYTES} bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise MalformedEvidence(NOTE_FORM, "not UTF-8") from error
    # The last empty line stands between the text and its signatures.
    body, gap, tail = whole.rpartition("\n\n")
    if not gap or not tail.endswith("\n") or _CONTROLS.search(whole):
        raise MalformedEvidence(NOTE_FORM, "no signatures, no end, or control characters")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise MalformedEvidence(NOTE_FORM, f"more than {MAX_SIGNATURES} signatures")
    return Note(
        text=f"{body}\n".encode(), signatures=tuple(read_signature_line(each) for each in lines)
    )


def read_signature_line(line: str) -> NoteSignature:
    """Read one line of signature, without its newline.

    Raises:
        MalformedEvidence: ``ledger/note``, ``text/well-formed``.
    """
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not _is_name(name):
        raise MalformedEvidence(NOTE_FORM, "a line that is no signature")
    value = text.from_base64(encoded)
    if len(value) <= KEY_ID_OCTETS or text.to_base64(value) != encoded:
        raise MalformedEvidence(NOTE_FORM, "a signature that is not written as it is encoded")
    return NoteSignature(name=name, key_id=value[:KEY_ID_OCTETS], signature=value[KEY_ID_OCTETS:])


def write_note(body: bytes, signatures: Iterable[NoteSignature]) -> bytes:
    """A note from its text and signatures, in their order.

    Raises:
        MalformedEvidence: ``ledger/note`` for what could not be read again.
    """
    lines = "".join(f"{write_signature_line(each)}\n" for each in signatures)
    data = body + b"\n" + lines.encode()
    if read_note(data).text != body:
        raise MalformedEvidence(NOTE_FORM, "text that would be read as another")
    return data


def write_signature_line(signature: NoteSignature) -> str:
    """The line of a signature, without its newline."""
    value = text.to_base64(signature.key_id + signature.signature)
    return f"{_DASH}{signature.name} {value}"


def read_verifier_key(line: str) -> NoteKey:
    """Read ``<name>+<hex key id>+<base64 of type and key>``.

    Raises:
        MalformedEvidence: ``ledger/verifier-key``, ``text/well-formed``.
    """
    name, _, rest = line.partition("+")
    _, plus, encoded = rest.partition("+")
    value = text.from_base64(encoded)
    if not plus or len(value) != 1 + PUBLIC_OCTETS or not _is_name(name):
        raise MalformedEvidence(KEY_FORM, "not name, key ID and Ed25519 key")
    key = NoteKey(name=name, type=value[0], public_key=value[1:])
    if key.type not in _TYPES or write_verifier_key(key) != line:
        raise MalformedEvidence(KEY_FORM, "a key ID or type that is not the key's")
    return key


def write_verifier_key(key: NoteKey) -> str:
    """The key as others are given it."""
    value = text.to_base64(bytes([key.type]) + key.public_key)
    return f"{key.name}+{key.key_id.hex()}+{value}"


def check_note_signature(key: NoteKey, signature: bytes, signed: bytes) -> None:
    """Verify one Ed25519 signature.

    Raises:
        BadEvidence: ``ledger/note-signature``.
    """
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, signed)
    except (InvalidSignature, ValueError) as error:
        raise BadEvidence(NOTE_SIGNATURE, key.name) from error


def _identity(name: str, kind: int, public_key: bytes) -> bytes:
    return name.encode() + b"\n" + bytes([kind]) + public_key


def _is_name(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME_CHARACTERS and not _SPACES.search(name)
