"""The parts of a receipt, and the bytes of each.

Every part is hashed by itself, and the server signs the hashes: a holder may leave a part out and
what is left is still signed. A salt in each part keeps its hash from telling what was left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum, IntEnum
from hashlib import sha256
from typing import TypeAlias

from msgspec import Struct, field

from warifu.authentication.transaction.answer import Reason, Verdict
from warifu.authentication.transaction.confirmation import BoundKey, ProofKind
from warifu.base.codec import cbor


class Part(IntEnum):
    """What a receipt is made of."""

    OUTCOME = 1
    LEAF = 2
    TRANSACTION = 3
    PROOF = 4
    KEY = 5
    EVIDENCE = 6
    BINDING = 7
    ENDORSEMENT = 8
    """Where a key answered that the bound key had endorsed."""


WITHHOLDABLE = frozenset(Part) - {Part.OUTCOME, Part.LEAF}
"""All that is about a person or names a device."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a transaction, and by which rules."""

    transaction: bytes
    """SHA-256 of its bytes."""
    template: bytes
    """SHA-256 of the template it was asked by."""
    state: str
    """``approved``, ``refused``, ``expired``...: the state of its table that it ended in."""
    verdict: Verdict | None
    """What the person answered; None where nobody did."""
    reason: Reason | None = None
    """Of a refusal by the person."""
    decision: str
    """What the rule set decided."""
    reasons: tuple[str, ...] = ()
    """Codes of the rules that did not hold."""
    rule_set: bytes
    """SHA-256 of the rule set."""
    at: datetime


class Proof(Struct, frozen=True, kw_only=True):
    """The person's signed answer."""

    kind: ProofKind
    data: bytes
    """The container of its kind (docs/formats/confirmation.md)."""


class EvidenceCopy(Struct, frozen=True, kw_only=True):
    """The evidence behind the key, with all that is needed to judge it again."""

    media_type: str
    data: bytes
    expected: bytes
    """The format's expectations as UTF-8 JSON, without secrets."""
    at: datetime
    known_at: datetime
    snapshots: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 in hex of each trust snapshot that was believed, by kind."""
    result: bytes | None = None
    """The attestation result (EAR) that was made of it."""
    result_type: str | None = None


class BindingCopy(Struct, frozen=True, kw_only=True):
    """Who the key belongs to: the leaf that bound it, opened."""

    user: str
    device: str
    leaf: bytes
    """Of an enrolment or a change of key."""
    salts: Mapping[str, bytes]
    """Of that leaf's commitments, by name: ``user``, ``device``, ``key``, ``evidence``."""


class EndorsementCopy(Struct, frozen=True, kw_only=True):
    """Why the answer of another key than the bound one counted."""

    public_key: bytes
    """The key that signed the answer, DER of SubjectPublicKeyInfo."""
    endorsement: bytes
    """As the bound key signed it (docs/formats/endorsement.md §2)."""
    possession: bytes
    warrant: bytes
    provider: str
    """Who warranted the component, as the app registration called them."""
    provider_key: bytes
    """DER of SubjectPublicKeyInfo."""
    leaf: bytes
    """Of the endorsement."""
    salts: Mapping[str, bytes]
    """Of that leaf's commitments, by name."""


Content: TypeAlias = Outcome | Proof | BoundKey | EvidenceCopy | BindingCopy | EndorsementCopy

MEMBERS: dict[Part, tuple[str, ...]] = {
    Part.OUTCOME: (
        *("transaction", "template", "state", "verdict", "reason"),
        *("decision", "reasons", "rule_set", "at"),
    ),
    Part.PROOF: ("kind", "data"),
    Part.KEY: (
        *("kind", "public_key", "identifier", "app"),
        *("confirmation_required", "user_verification_required"),
    ),
    Part.EVIDENCE: (
        *("media_type", "data", "expected", "at", "known_at"),
        *("snapshots", "result", "result_type"),
    ),
    Part.BINDING: ("user", "device", "leaf", "salts"),
    Part.ENDORSEMENT: (
        *("public_key", "endorsement", "possession", "warrant"),
        *("provider", "provider_key", "leaf", "salts"),
    ),
}
"""The members of each part that is a map: the first is written under 1, and so on."""


def content_of(part: Part, value: Content) -> bytes:
    """The content of a part that is a map, in deterministic CBOR; what is absent is left out."""
    named = ((number, getattr(value, name)) for number, name in enumerate(MEMBERS[part], 1))
    return cbor.encode_deterministic({n: _plain(each) for n, each in named if each is not None})


def outcome_bytes(outcome: Outcome) -> bytes:
    """The content of the outcome's part, which the leaf commits to."""
    return content_of(Part.OUTCOME, outcome)


def part_bytes(salt: bytes, openings: Mapping[str, bytes], content: bytes) -> bytes:
    """A part: its salt, the salts of what it opens in the receipt's leaf, and its content."""
    return cbor.encode_deterministic([salt, dict(openings), content])


def part_digest(part: bytes) -> bytes:
    """What the server signs of a part."""
    return sha256(part).digest()


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value
