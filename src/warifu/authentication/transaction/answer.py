"""The answer of a person to a transaction: OK or NG inside the bytes that are signed.

Every kind of proof signs these bytes or their SHA-256, so that no OK is an NG under another
envelope. In CDDL::

    answer = { 1: 1, 2: bstr .size 32, 3: verdict, ? 4: reason }
    verdict = 1 / 2              ; OK / NG
    reason = 1 / 2 / 3           ; changed my mind / details wrong / this was not me; only with NG
"""

from __future__ import annotations

from enum import Enum
from hashlib import sha256
from typing import Any

from msgspec import Struct

from warifu.base.codec import cbor
from warifu.base.errors import MalformedEvidence
from warifu.base.rule import Rule, Text

VERSION = 1
DIGEST_OCTETS = 32
_VERSION, _DIGEST, _VERDICT, _REASON = 1, 2, 3, 4

FORM = Rule(
    code="answer/form",
    clause="docs/formats/confirmation.md §2",
    requires=Text(
        ja="回答は、定められた形式の決定的CBORでなければなりません。",
        en="An answer is deterministic CBOR of the documented form.",
    ),
    stops="an NG that another reader takes for an OK",
)
RULES = (FORM,)


class Verdict(Enum):
    """What was answered."""

    OK = 1
    NG = 2


class Reason(Enum):
    """Why it was refused."""

    CHANGED_MIND = 1
    DETAILS_WRONG = 2
    NOT_ME = 3


class Answer(Struct, frozen=True, kw_only=True):
    """One answer to one transaction."""

    digest: bytes
    """SHA-256 of the transaction's bytes."""
    verdict: Verdict
    reason: Reason | None = None
    """Of an NG; None for an OK."""


def encode_answer(answer: Answer) -> bytes:
    """The bytes that are signed, in deterministic CBOR."""
    item: dict[int, Any] = {
        _VERSION: VERSION,
        _DIGEST: answer.digest,
        _VERDICT: answer.verdict.value,
    }
    if answer.reason is not None:
        item[_REASON] = answer.reason.value
    return cbor.encode_deterministic(item)


def decode_answer(data: bytes) -> Answer:
    """Read an answer.

    Raises:
        MalformedEvidence: ``answer/form`` or ``cbor/...``: anything that `encode_answer` would not
            have written.
    """
    item = cbor.decode_map(data)
    try:
        answer = Answer(
            digest=cbor.member(item, _DIGEST, bytes),
            verdict=Verdict(cbor.member(item, _VERDICT, int)),
            reason=Reason(cbor.member(item, _REASON, int)) if _REASON in item else None,
        )
    except ValueError as error:
        raise MalformedEvidence(FORM, "no such verdict or reason") from error
    is_whole = len(answer.digest) == DIGEST_OCTETS
    explains = (answer.verdict is Verdict.NG) == (answer.reason is not None)
    if not is_whole or not explains or encode_answer(answer) != data:
        raise MalformedEvidence(FORM, "not as it would be written")
    return answer


def answer_challenge(answer: Answer) -> bytes:
    """SHA-256 of the answer's bytes: the challenge of WebAuthn and SPC, and App Attest's data."""
    return sha256(encode_answer(answer)).digest()
