"""Sequence diagrams of stories, before they are drawn: who sends what to whom, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.rule import Text
from warifu.lab.threat.trace import Trace
from warifu.risk.threat.defences import DEFENCES
from warifu.risk.threat.goals import GAINS, GOALS
from warifu.risk.threat.moves.move import Actor
from warifu.risk.threat.question import Verdict
from warifu.risk.threat.story import Story, tell

if TYPE_CHECKING:
    from warifu.risk.threat.story import Barrier

ORDER = (
    *(Actor.USER, Actor.ATTACKER, Actor.MALWARE),
    *(Actor.APP, Actor.TA, Actor.SE, Actor.SERVER),
)
"""From left to right: people and attackers, then inwards from the screen, the server last."""

NAMES = {
    Actor.USER: Text(ja="利用者", en="user"),
    Actor.ATTACKER: Text(ja="攻撃者", en="attacker"),
    Actor.MALWARE: Text(ja="マルウェア", en="malware"),
    Actor.APP: Text(ja="アプリ", en="app"),
    Actor.TA: Text(ja="TA", en="TA"),
    Actor.SE: Text(ja="SE", en="SE"),
    Actor.SERVER: Text(ja="サーバ", en="server"),
}

_ATTACK = Text(ja="攻撃の筋書き", en="Course of the attack")
_STOPPED = Text(ja="攻撃が止まる箇所", en="Where the attack is stopped")
_ORDERED = Text(ja="取引の流れの中での攻撃", en="The attack within sessions")
_BY = Text(ja="防御策：{}", en="stopped by: {}")


class Message(Struct, frozen=True, kw_only=True):
    """One arrow of a diagram."""

    number: int
    sender: Actor
    receiver: Actor
    """The sender itself where something happens inside it."""
    says: Text
    stopped_by: Text | None = None
    """What keeps the arrow from arriving."""


class Diagram(Struct, frozen=True, kw_only=True):
    """A sequence diagram."""

    title: Text
    description: Text
    """For those who do not see it: what it shows, as sentences."""
    messages: tuple[Message, ...]

    @property
    def participants(self) -> tuple[Actor, ...]:
        """Those who send or receive, from left to right."""
        present = {actor for each in self.messages for actor in (each.sender, each.receiver)}
        return tuple(each for each in ORDER if each in present)


Subject = Diagram | Story | Trace | Verdict
"""What can be drawn."""


def diagram_of(subject: Subject) -> Diagram:
    """The diagram of a story: its moves, or the moves that are stopped.

    Args:
        subject: A story, a verdict to be told, a trace through one or two sessions, or a diagram,
            which is returned as it is.
    """
    if isinstance(subject, Diagram):
        return subject
    if isinstance(subject, Trace):
        return _of_trace(subject)
    story = tell(subject) if isinstance(subject, Verdict) else subject
    return _diagram(
        _ATTACK if story.steps else _STOPPED,
        _attack(story) or _barriers(story),
        opening=story.opening,
        closing=story.closing,
    )


def in_language(text: Text, language: str) -> str:
    """One of the two sentences: ``ja``, or English for any other language."""
    return text.ja if language == "ja" else text.en


def _of_trace(trace: Trace) -> Diagram:
    row = GOALS[trace.goal]
    broken = GAINS[row.broken_by]
    return _diagram(
        _ORDERED,
        tuple(
            Message(number=number, sender=each.sender, receiver=each.receiver, says=each.says)
            for number, each in enumerate(trace.events, start=1)
        ),
        opening=row.name,
        closing=Text(ja=f"{broken.ja}。", en=f"{broken.en}."),
    )


def _diagram(
    title: Text, messages: tuple[Message, ...], *, opening: Text, closing: Text
) -> Diagram:
    return Diagram(
        title=title,
        description=Text(
            ja="".join([opening.ja, *map(_sentence_ja, messages), closing.ja]),
            en=" ".join([opening.en, *map(_sentence_en, messages), closing.en]),
        ),
        messages=messages,
    )


def _attack(story: Story) -> tuple[Message, ...]:
    return tuple(
        Message(number=each.number, sender=each.sender, receiver=each.receiver, says=each.says)
        for each in story.steps
    )


def _barriers(story: Story) -> tuple[Message, ...]:
    # The same sentence may stand for two moves, by memory and by storage.
    unlike = {(each.says, each.stopped_by): each for each in reversed(story.barriers)}
    return tuple(
        Message(
            number=number,
            sender=each.sender,
            receiver=each.receiver,
            says=each.says,
            stopped_by=_stopped_by(each),
        )
        for number, each in enumerate(reversed(unlike.values()), start=1)
    )


def _stopped_by(barrier: Barrier) -> Text:
    rows = [DEFENCES[each].does for each in barrier.stopped_by]
    return Text(
        ja=_BY.ja.format("、".join(each.ja for each in rows)),
        en=_BY.en.format("; ".join(each.en for each in rows)),
    )


def _sentence_ja(message: Message) -> str:
    stopped = f"（{message.stopped_by.ja}）" if message.stopped_by else ""
    return f"（{message.number}）{message.says.ja}{stopped}"


def _sentence_en(message: Message) -> str:
    stopped = f" ({message.stopped_by.en})" if message.stopped_by else ""
    return f"({message.number}) {message.says.en}{stopped}"
