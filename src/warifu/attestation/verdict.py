"""Verdicts: what was decided about one piece of evidence, why, and how to decide it again.

A verdict is a JSON document. It carries the evidence, both times and the digests of the trust it
rests on, so that the same question can be asked later and must get the same answer. Secrets are
never part of it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field
from msgspec.structs import replace

from warifu.attestation.claims import Format, Gap, LeniencyUse, Realm
from warifu.attestation.document import claims_document
from warifu.attestation.examination import Gaps
from warifu.attestation.verifier import FORMATS, Evidence, verify_evidence
from warifu.base.errors import (
    BadEvidence,
    MalformedEvidence,
    MissingTrust,
    Misuse,
    VerifierFault,
    WarifuError,
)
from warifu.base.rule import Rule, Text
from warifu.base.secret import Secret

if TYPE_CHECKING:
    from warifu.attestation.expectations import Expectations
    from warifu.attestation.trust.view import TrustView

DOCUMENT_VERSION = "warifu-verdict/1"
MAX_DOCUMENT_BYTES = 64 << 20

READABLE_VERDICT = Rule(
    code="verdict/readable",
    clause="docs/verdict.md",
    requires=Text(
        ja="保存された判定は、このバージョンで読み取れる形式でなければなりません。",
        en="A saved verdict is a document of a version that can be read.",
    ),
)
SAME_TRUST = Rule(
    code="verdict/same-trust",
    clause="docs/verdict.md",
    requires=Text(
        ja="再検証には、保存された判定と同じ信頼情報のスナップショットが必要です。",
        en="A replay is given the same trust snapshots that the verdict rests on.",
    ),
    stops="a replay that silently judges by other knowledge",
)


class Outcome(StrEnum):
    """What came out."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NO_STATEMENT = "no-statement"


class Reason(Struct, frozen=True, kw_only=True):
    """Why evidence was not accepted: the rule, in both languages, and what was seen."""

    code: str
    clause: str
    ja: str
    en: str
    detail: str


class Request(Struct, frozen=True, kw_only=True):
    """Everything that was asked; with the trust named here the answer is determined."""

    format: Format
    media_type: str
    evidence: bytes
    expected: dict[str, Any]
    """The format's expectations; secrets are left out and must be given again."""
    at: Annotated[datetime, Meta(tz=True)]
    known_at: Annotated[datetime, Meta(tz=True)]
    gaps: Gaps
    realm: Realm
    snapshots: dict[str, str]
    """SHA-256 in hex of each trust snapshot, by kind."""


class Verdict(Struct, frozen=True, kw_only=True):
    """The document."""

    document: str = DOCUMENT_VERSION
    verdict: Outcome
    format: Format
    reasons: tuple[Reason, ...] = ()
    claims: dict[str, Any] | None = None
    leniencies: tuple[LeniencyUse, ...] = ()
    unchecked: tuple[Gap, ...] = ()
    request: Request = field()


class _ShownVoucher(Struct):
    """What is shown of a certificate of a chain, see `vouchers.Voucher`."""

    subject: str
    serial: str
    not_before: str
    not_after: str
    role: Literal["leaf", "intermediate", "anchor"]


class _ShownClaims(Struct):
    """The parts of saved claims that have one form for every format."""

    chain: tuple[_ShownVoucher, ...] = ()
    anchor: str | None = None


def ask(
    name: Format,
    evidence: bytes,
    *,
    expected: Expectations,
    at: datetime,
    known_at: datetime,
    gaps: Gaps,
    realm: Realm,
) -> Request:
    """Put a question into a form that can be kept; it names no trust yet.

    Args:
        name: The evidence format.
        evidence: In the format's canonical form.
        expected: Expectations of that format; secrets in them are left out.
        at: The time judged for.
        known_at: Which snapshots of trust are to be believed.
        gaps: What to do where a check cannot be made.
        realm: The realm the trust must belong to.
    """
    return Request(
        format=name,
        media_type=FORMATS[name].media_type,
        evidence=evidence,
        expected=msgspec.to_builtins(expected, enc_hook=lambda _: None),
        at=at,
        known_at=known_at,
        gaps=gaps,
        realm=realm,
        snapshots={},
    )


def judge(request: Request, *, expected: Expectations, trust: TrustView) -> Verdict:
    """Verify evidence and put whatever comes out into a verdict.

    Args:
        request: From `ask`.
        expected: The same expectations, secrets included.
        trust: What was believed at `request.known_at`.

    Raises:
        Misuse: The caller's own mistake is no verdict about a device.
    """
    request = replace(request, snapshots=dict(trust.snapshots))
    try:
        claims = verify_evidence(
            Evidence(media_type=request.media_type, data=request.evidence),
            expected=expected,
            trust=trust,
            at=request.at,
            gaps=request.gaps,
        )
    except BadEvidence as error:
        return without_claims(Outcome.REFUSED, request, error)
    except VerifierFault as error:
        return without_claims(Outcome.NO_STATEMENT, request, error)
    return Verdict(
        verdict=Outcome.ACCEPTED,
        format=request.format,
        claims=claims_document(claims),
        leniencies=claims.leniencies,
        unchecked=claims.unchecked,
        request=request,
    )


def without_claims(outcome: Outcome, request: Request, error: WarifuError) -> Verdict:
    """The verdict that an error makes."""
    reason = Reason(
        code=error.code,
        clause=error.rule.clause,
        ja=error.public.ja,
        en=error.public.en,
        detail=error.detail,
    )
    return Verdict(verdict=outcome, format=request.format, reasons=(reason,), request=request)


def replay(saved: Verdict, *, trust: TrustView, secrets: dict[str, Secret]) -> Verdict:
    """Ask the same question again.

    Args:
        saved: An earlier verdict.
        trust: What was believed at the saved `known_at`.
        secrets: Expectations that a document never holds, by field name.

    Raises:
        MissingTrust: The trust given is not made of the snapshots that the verdict rests on.
        Misuse: The saved expectations do not fit the format.
    """
    asked = saved.request
    if dict(trust.snapshots) != asked.snapshots:
        raise MissingTrust(SAME_TRUST, ", ".join(sorted(asked.snapshots)))
    return judge(asked, expected=_expectations(asked, secrets), trust=trust)


def differences(saved: Verdict, again: Verdict) -> tuple[str, ...]:
    """Names of the parts of two verdicts that differ; empty when the replay agrees."""
    first, second = (msgspec.json.decode(encode(each)) for each in (saved, again))
    parts = ("verdict", "reasons", "claims", "leniencies", "unchecked")
    return tuple(part for part in parts if first[part] != second[part])


def encode(verdict: Verdict) -> bytes:
    """The document as UTF-8 JSON on one line."""
    return msgspec.json.encode(verdict)


def decode(data: bytes) -> Verdict:
    """Read a saved document.

    Raises:
        MalformedEvidence: Not a verdict document of this version.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        raise MalformedEvidence(READABLE_VERDICT, f"more than {MAX_DOCUMENT_BYTES} bytes")
    try:
        verdict = msgspec.json.decode(data, type=Verdict)
        if verdict.claims is not None:
            msgspec.convert(verdict.claims, _ShownClaims)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedEvidence(READABLE_VERDICT, str(error)) from error
    if verdict.document != DOCUMENT_VERSION:
        raise MalformedEvidence(READABLE_VERDICT, verdict.document[:100])
    return verdict


def _expectations(asked: Request, secrets: dict[str, Secret]) -> Expectations:
    kind = FORMATS[asked.format].expectations
    try:
        expected = msgspec.convert(asked.expected, type=kind)
        return replace(expected, **secrets) if secrets else expected
    except (msgspec.MsgspecError, TypeError) as error:
        raise Misuse(READABLE_VERDICT, str(error)) from error
