"""What is told of transactions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from warifu.authentication.transaction.confirmation import Display, ProofKind
from warifu.authentication.transaction.payee import LookAlike, check_payee
from warifu.authentication.transaction.states import OPEN, State
from warifu.authentication.transaction.template import required_display
from warifu.authentication.transaction.value import Kind
from warifu.base.codec.text import to_base64url
from warifu.risk.decision.rules import Method
from warifu.service.conduct.confirming.shown import read_shown
from warifu.service.conduct.decisions.deciding import ReasonAnswer

if TYPE_CHECKING:
    from warifu.service.conduct.confirming.kept import Held, KeptAnswer, KeptTransaction
    from warifu.service.conduct.work import Work


class Said(StrEnum):
    """What a person answered."""

    OK = "ok"
    NG = "ng"


class Why(StrEnum):
    """Why they refused."""

    CHANGED_MIND = "changed-mind"
    DETAILS_WRONG = "details-wrong"
    NOT_ME = "not-me"


class Flags(Struct, frozen=True, kw_only=True):
    """How the app asks, and what an approval needs."""

    methods: tuple[ProofKind, ...]
    display: Display
    """The weakest that may show the text, for this amount."""
    user_verified: bool
    hold_seconds: int
    """Between approval and hand-off."""
    buttons_swapped: bool
    blocked_during_call: bool
    warning_first: bool


class ClaimTold(Struct, frozen=True, kw_only=True):
    """What the screen shows, told once."""

    link: str
    """For the QR code or deep link; append ``&code=`` and the present proximity code."""
    secret: str
    """base64url: the bank's page makes the codes from it, every 30 seconds. The phone never has
    it."""


class AnswerTold(Struct, frozen=True, kw_only=True):
    """What came of it."""

    verdict: Said | None
    """Null where nobody answered."""
    reason: Why | None
    """Of an NG."""
    kind: ProofKind | None
    display: Display | None
    warranted_by: str | None
    """Whose word it is that the display is trusted; null where a platform attests the key."""
    user_verified: bool | None
    code: str | None
    """The rule by which it failed; the decision has further reasons."""
    case: str | None
    """Opened by "this was not me"."""
    why: str | None
    """Of a cancellation."""


class LateTold(Struct, frozen=True, kw_only=True):
    """An answer that was recorded and refused."""

    at: datetime
    code: str
    verdict: Said | None
    reason: Why | None
    """Of an NG."""
    case: str | None = None
    """Opened by the first "not me": the transaction keeps its outcome, and no more money moves."""
    end_session: str | None = None
    """The bank's session that created the operation: end it."""


class TransactionTold(Struct, frozen=True, kw_only=True):
    """A transaction."""

    id: str
    app: str
    user: str
    device: str | None
    kind: Kind
    state: State
    transaction: str | None
    """Its bytes in base64url, for the device; null until it is claimed."""
    text: str | None
    """As the device shows it."""
    digest: str | None
    """SHA-256 of the bytes, base64url."""
    asked_at: datetime
    expires_at: datetime
    tries: int
    """Wrong answers and codes so far."""
    flags: Flags
    look_alikes: tuple[LookAlike, ...] = ()
    """Characters of the payee's name that may be mistaken for their twins: warn, do not refuse."""
    claim: ClaimTold | None = None
    """Only in the answer to the request that asked for it."""
    hold_until: datetime | None = None
    answered_at: datetime | None = None
    answer: AnswerTold | None = None
    decision: str | None = None
    hand_offs: int = 0
    """How often it was given to core banking."""
    reference: str | None = None
    settled_at: datetime | None = None
    late: tuple[LateTold, ...] = ()


class OutcomeTold(Struct, frozen=True, kw_only=True):
    """What an answer came to."""

    transaction: str
    state: State
    """Where the transaction stands. ``asked`` means that more is needed first: see `methods`."""
    methods: tuple[Method, ...] = ()
    """Let these succeed, say so in `bank.user`, and send the same answer again in time."""
    decision: str | None = None
    reasons: tuple[ReasonAnswer, ...] = ()
    """Of the decision that was made again, where it did not serve."""
    code: str | None = None
    """The rule by which the transaction failed."""
    hold_until: datetime | None = None
    case: str | None = None
    suspended: tuple[str, ...] = ()
    """Bindings that "this was not me" suspended."""
    end_session: str | None = None
    """The bank's session that created the operation: end it."""


def told(work: Work, held: Held, *, late: tuple[LateTold, ...] = ()) -> TransactionTold:
    """A transaction as it stands now."""
    stored, kept, asked = held.stored, held.kept, held.kept.asked
    shown = None if kept.data is None else read_shown(kept.data)[1].text
    return TransactionTold(
        id=stored.id,
        app=asked.app,
        user=asked.user,
        device=stored.device,
        kind=asked.kind,
        state=state_now(work, held),
        transaction=None if kept.data is None else to_base64url(kept.data),
        text=shown,
        digest=None if stored.digest is None else to_base64url(stored.digest),
        asked_at=stored.asked_at,
        expires_at=stored.expires_at,
        tries=stored.tries,
        flags=_flags(kept),
        look_alikes=() if asked.payee is None else check_payee(asked.payee.name).flags,
        hold_until=stored.hold_until,
        answered_at=stored.answered_at,
        answer=None if held.answer is None else _answer(held.answer),
        decision=stored.decision,
        hand_offs=stored.hand_offs,
        reference=stored.reference,
        settled_at=stored.settled_at,
        late=late,
    )


def late_told(answer: KeptAnswer, *, at: datetime, code: str) -> LateTold:
    """An answer that came too late."""
    verdict, reason = _said(answer)
    return LateTold(
        at=at,
        code=code,
        verdict=verdict,
        reason=reason,
        case=answer.case,
        end_session=answer.end_session,
    )


def state_now(work: Work, held: Held) -> State:
    """Where it stands: what nobody answered in time has expired, written down or not."""
    is_over = held.state in OPEN and work.now >= held.stored.expires_at
    return State.EXPIRED if is_over else held.state


def with_claim(answer: TransactionTold, claim: ClaimTold) -> TransactionTold:
    """The same, with what the screen shows."""
    return replace(answer, claim=claim)


def _flags(kept: KeptTransaction) -> Flags:
    template, amount = kept.template, kept.asked.amount
    return Flags(
        methods=tuple(sorted(template.methods)),
        display=required_display(template, None if amount is None else amount.value()),
        user_verified=template.user_verified,
        hold_seconds=template.hold_seconds,
        buttons_swapped=template.buttons_swapped,
        blocked_during_call=template.blocked_during_call,
        warning_first=template.warning_first,
    )


def _answer(kept: KeptAnswer) -> AnswerTold:
    verdict, reason = _said(kept)
    return AnswerTold(
        verdict=verdict,
        reason=reason,
        kind=kept.kind,
        display=kept.display,
        warranted_by=kept.warranted_by,
        user_verified=kept.user_verified,
        code=kept.code,
        case=kept.case,
        why=kept.why,
    )


def _said(kept: KeptAnswer) -> tuple[Said | None, Why | None]:
    verdict, reason = kept.verdict, kept.reason
    return (
        None if verdict is None else Said[verdict.name],
        None if reason is None else Why[reason.name],
    )
