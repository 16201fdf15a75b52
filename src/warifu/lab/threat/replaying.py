"""A checker of traces: plays them event by event, and shares nothing with the search but the words.

Written from the same description as ``sessions.lp`` but as a machine with two sessions, without a
solver. Tests let it search by itself, without a bound, to compare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from warifu.base.errors import VerifierFault
from warifu.base.rule import Rule, Text
from warifu.lab.threat.trace import PRESSES, SHOWS, Act, Content, Event, Trace
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.moves import MOVES, Atom, Move
from warifu.risk.threat.powers import Power

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.risk.threat.question import Question

_CLAUSE = "docs/decisions/0021-threat-model.md"

POSSIBLE = Rule(
    code="threat/trace-step",
    clause=_CLAUSE,
    requires=Text(
        ja="攻撃の各段階は、その時点で、その攻撃者に可能なものでなければなりません。",
        en="Each event of a trace is possible when it happens, for this attacker.",
    ),
    stops="a trace that cannot happen",
)
BROKEN = Rule(
    code="threat/trace-breaks-goal",
    clause=_CLAUSE,
    requires=Text(
        ja="攻撃の段階の列は、問われた目標を破って終わらなければなりません。",
        en="A trace ends as soon as it has broken the goal in question.",
    ),
    stops="a trace of something harmless",
)


class Message(Struct, frozen=True, kw_only=True):
    """An answer on its way."""

    content: Content
    is_ok: bool
    number: int
    """Of the session it is for."""


class Session(Struct, frozen=True, kw_only=True):
    """What server, terminal and user are at."""

    pending: Content | None = None
    """What the server asked for."""
    dialog: Content | None = None
    """What the terminal has."""
    seen: Content | None = None
    heard_ok: bool | None = None
    """What the terminal takes for the user's answer."""
    approved: bool = False
    """The user said OK."""
    said: Message | None = None
    accepted: bool = False


Sessions = tuple[Session, Session]
START: Sessions = (Session(), Session())


class Means(Struct, frozen=True, kw_only=True):
    """What the attacker can do to sessions, and what the messages are bound by."""

    shows: bool
    presses: bool
    owns_app: bool
    alters: bool
    sends_elsewhere: bool
    text_bound: bool
    text_signed: bool
    answer_signed: bool
    number_signed: bool
    number_checked: bool


def check_trace(trace: Trace) -> None:
    """Play a trace.

    Raises:
        VerifierFault: An event cannot happen, or the goal is not broken by the last one.
    """
    means, sessions = means_of(trace.question), START
    for number, event in enumerate(trace.events, 1):
        if is_broken(trace.goal, sessions):
            raise VerifierFault(BROKEN, f"before event {number}")
        following = after(sessions, event, means)
        if following is None:
            raise VerifierFault(POSSIBLE, f"event {number}: {event.says.en}")
        sessions = following
    if trace.goal is not trace.question.goal or not is_broken(trace.goal, sessions):
        raise VerifierFault(BROKEN, f"{trace.question.goal} still holds")


def after(sessions: Sessions, event: Event, means: Means) -> Sessions | None:
    """The sessions after an event; None if it cannot happen."""
    if not {event.session, event.into} <= {1, 2}:
        return None
    if event.act in {Act.ACCEPT, Act.SENT_ELSEWHERE}:
        return _accepted(sessions, event, means)
    session = _HAPPENS[event.act](sessions[event.session - 1], event, means)
    return None if session is None else _with(sessions, event.session, session)


def is_broken(goal: Goal, sessions: Sessions) -> bool:
    """Whether something was accepted that nobody approved, or more often than approved."""
    accepted = [each.pending for each in sessions if each.accepted]
    approvals = sum(each.approved for each in sessions)
    unapproved = Content.EVIL in accepted or (bool(accepted) and not approvals)
    return unapproved or (goal is Goal.ONCE and len(accepted) > approvals)


def means_of(question: Question) -> Means:
    """What the powers of a question come to."""
    has, built = _closed(question), question.defences
    opened = {each.code for each in MOVES if each.given <= has and _is_open(each, question)}
    is_signed = Defence.POLICY_2 in built
    return Means(
        shows=bool(opened & SHOWS),
        presses=bool(opened & PRESSES),
        owns_app=Power.RW_REE_MEM in has,
        alters=Power.RW_CHANNEL in has and Defence.PROTECTED_CHANNEL not in built,
        sends_elsewhere=bool({Power.RW_CHANNEL, Power.RELAY} & has),
        text_bound=Defence.TEXT_BOUND in built,
        text_signed=is_signed,
        answer_signed=is_signed and Defence.ANSWER_BOUND in built,
        number_signed=is_signed and Defence.NONCE_BOUND in built,
        number_checked=Defence.NONCE_BOUND in built,
    )


def _ask(session: Session, event: Event, _: Means) -> Session | None:
    if session.pending is not None:
        return None
    return replace(session, pending=event.content, dialog=event.content)


def _show(session: Session, event: Event, _: Means) -> Session | None:
    if session.dialog is not event.content or session.seen is not None:
        return None
    return replace(session, seen=event.content)


def _show_falsely(session: Session, event: Event, means: Means) -> Session | None:
    is_other = session.dialog is not None and session.dialog is not event.content
    if not (means.shows and is_other) or session.seen is not None:
        return None
    return replace(session, seen=event.content)


def _answer(session: Session, event: Event, _: Means) -> Session | None:
    """The user says OK to what is wanted, and NG to anything else."""
    is_ok = event.act is Act.OK
    is_honest = is_ok is (event.content is Content.WANTED)
    if session.seen is not event.content or not is_honest or session.heard_ok is not None:
        return None
    return replace(session, heard_ok=is_ok, approved=is_ok)


def _press(session: Session, event: Event, means: Means) -> Session | None:
    if not means.presses or session.dialog is not event.content or session.said is not None:
        return None
    return replace(session, heard_ok=True)


def _alter_asked(session: Session, event: Event, means: Means) -> Session | None:
    is_other = session.dialog is not None and session.dialog is not event.content
    if not (is_other and (means.alters or means.owns_app)) or session.seen is not None:
        return None
    return replace(session, dialog=event.content)


def _swap(session: Session, event: Event, means: Means) -> Session | None:
    """Between answer and signature; text that is bound is what was shown."""
    is_between = session.seen is not None and session.heard_ok is not None and session.said is None
    can = means.owns_app and not means.text_bound
    if not (is_between and can) or session.dialog is event.content:
        return None
    return replace(session, dialog=event.content)


def _send(session: Session, event: Event, _: Means) -> Session | None:
    if session.heard_ok is None or session.said is not None or session.dialog is not event.content:
        return None
    said = Message(content=event.content, is_ok=session.heard_ok, number=event.session)
    return replace(session, said=said)


def _turn(session: Session, event: Event, means: Means) -> Session | None:
    said = session.said
    if said is None or said.is_ok or said.content is not event.content:
        return None
    can = means.alters and not means.answer_signed
    return replace(session, said=replace(said, is_ok=True)) if can else None


def _reword(session: Session, event: Event, means: Means) -> Session | None:
    said = session.said
    if said is None or said.content is event.content:
        return None
    can = means.alters and not means.text_signed
    return replace(session, said=replace(said, content=event.content)) if can else None


def _renumber(session: Session, event: Event, means: Means) -> Session | None:
    said = session.said
    if said is None or said.content is not event.content or event.into == event.session:
        return None
    can = means.alters and not means.number_signed
    return replace(session, said=replace(said, number=event.into)) if can else None


def _accepted(sessions: Sessions, event: Event, means: Means) -> Sessions | None:
    said, into = sessions[event.session - 1].said, sessions[event.into - 1]
    is_elsewhere = event.into != event.session
    if is_elsewhere is not (event.act is Act.SENT_ELSEWHERE):
        return None
    if is_elsewhere and not means.sends_elsewhere:
        return None
    is_fit = (
        said is not None
        and said.is_ok
        and said.content is event.content is into.pending
        and (said.number == event.into or not means.number_checked)
    )
    if not is_fit or into.accepted:
        return None
    return _with(sessions, event.into, replace(into, accepted=True))


_HAPPENS: dict[Act, Callable[[Session, Event, Means], Session | None]] = {
    Act.ASK: _ask,
    Act.SHOW: _show,
    Act.SHOWN_FALSELY: _show_falsely,
    Act.OK: _answer,
    Act.NG: _answer,
    Act.PRESSED: _press,
    Act.ASKED_ALTERED: _alter_asked,
    Act.SWAPPED: _swap,
    Act.SEND: _send,
    Act.TURNED: _turn,
    Act.REWORDED: _reword,
    Act.RENUMBERED: _renumber,
}


def _with(sessions: Sessions, number: int, session: Session) -> Sessions:
    return (session, sessions[1]) if number == 1 else (sessions[0], session)


def _closed(question: Question) -> set[Atom]:
    """All that the attacker comes to have by the table of moves."""
    has: set[Atom] = set(question.powers)
    while True:
        new = {each.gives for each in MOVES if each.given <= has and _is_open(each, question)}
        if new <= has:
            return has
        has |= new


def _is_open(move: Move, question: Question) -> bool:
    return (
        move.where <= question.form.traits()
        and move.needs <= question.defences
        and not move.unless & question.defences
    )
