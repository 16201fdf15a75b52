"""A verdict told as a story: the attack move by move, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.rule import Text
from warifu.risk.threat.closure import broken_goals
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import Judge
from warifu.risk.threat.goals import GAINS, GOALS, Gain
from warifu.risk.threat.malware import MALWARE
from warifu.risk.threat.moves import MOVES, Atom, Move
from warifu.risk.threat.moves.move import Actor
from warifu.risk.threat.powers import ALTERS, POWERS, READS, Power
from warifu.risk.threat.question import Attack, Question, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

_BY_CODE = {each.code: each for each in MOVES}
_INCLUDED = {ALTERS[interface]: READS[interface] for interface in READS}

JUDGES: dict[Judge, Text] = {
    Judge.SERVER: Text(ja="サーバ判定型", en="judged by the server"),
    Judge.TERMINAL: Text(ja="端末判定型", en="judged by the terminal"),
}
"""Who compares the authentication data, in words."""

_ATTACKER = Text(ja="攻撃者", en="the attacker")
_NAMED = Text(ja="攻撃者（{}）", en="the attacker ({})")
_OPENS = Text(
    ja="実行形態{form}（{judge}）で、{who}は{powers}。",
    en="In form {form}, {judge}, {who} {powers}.",
)
_USES = Text(ja="{}能力を使います", en="uses this: it {}")
_HAS = Text(ja="{}能力を持っています", en="can do this: it {}")
_USES_NONE = Text(ja="特別な能力を何も使いません", en="needs no power at all")
_HAS_NONE = Text(ja="特別な能力を何も持っていません", en="has no power at all")
_BROKEN = Text(
    ja="結果：{broken}。目標「{goal}」は破られます。",
    en="The end: {broken}. The goal “{goal}” is broken.",
)
_HOLDS = Text(ja="目標「{goal}」は保たれます。{holds}", en="The goal “{goal}” holds. {holds}")
_NO_WAY = Text(
    ja="防御策がなくても、この能力から目標に至る手順は、この実行形態にはありません。",
    en="Even without defences, no moves of this form lead from these powers to the goal.",
)
_MAY = Text(ja="攻撃者は{}ことができます", en="the attacker {}")


class StoryStep(Struct, frozen=True, kw_only=True):
    """One move of an attack, as it is told."""

    number: int
    """From one."""
    move: str
    """Code of the move, for documents and reasons."""
    says: Text
    gained: Text
    """What is true from here on: a clause, without a full stop."""
    clause: str
    sender: Actor
    receiver: Actor


class Barrier(Struct, frozen=True, kw_only=True):
    """A move that would lead on towards the goal, and what stops it."""

    move: str
    says: Text
    """What would happen if nothing stopped it."""
    clause: str
    sender: Actor
    receiver: Actor
    stopped_by: tuple[Defence, ...]
    decides: bool
    """Whether the goal would fall without just these defences; else another way is closed too."""


class Story(Struct, frozen=True, kw_only=True):
    """A verdict for people."""

    opening: Text
    steps: tuple[StoryStep, ...]
    """The attack; nothing where the goal holds."""
    barriers: tuple[Barrier, ...]
    """Where the attacker is stopped, what decides first; nothing where the goal is broken."""
    closing: Text


def tell(verdict: Verdict) -> Story:
    """Tell a verdict.

    Args:
        verdict: An attack, or a goal that holds.

    Returns:
        For an attack its moves in order. For a goal that holds, the moves that the attacker could
        make next on a way to it, each with the defences that stop it.
    """
    certificate = verdict.certificate
    if isinstance(certificate, Attack):
        return _attack(verdict.question, certificate)
    return _safe(verdict.question, certificate.closed)


def powers_used(attack: Attack) -> frozenset[Power]:
    """The powers that an attack draws on, of those that the attacker had before its first move.

    Args:
        attack: A certificate.
    """
    gained = {step.gives for step in attack.steps}
    needed = {atom for step in attack.steps for atom in _BY_CODE[step.move].given}
    return frozenset(atom for atom in needed - gained if isinstance(atom, Power))


def strongest(powers: Iterable[Power]) -> tuple[Power, ...]:
    """Powers in the order of their table, without those that another includes.

    Args:
        powers: Any powers; to alter an interface includes to read it.
    """
    held = frozenset(powers)
    included = {_INCLUDED[each] for each in held if each in _INCLUDED}
    return tuple(each for each in POWERS if each in held - included)


def attacker_of(powers: frozenset[Power]) -> Text | None:
    """The title of the attacker that has exactly these powers.

    Args:
        powers: Of a question.

    Returns:
        The title, or None where no row of the table has just these.
    """
    return next((each.title for each in MALWARE.values() if each.powers == powers), None)


def gained_text(atom: Atom) -> Text:
    """What is true once `atom` is had: a clause without a full stop."""
    if isinstance(atom, Gain):
        return GAINS[atom]
    means = POWERS[atom].means
    return Text(ja=_MAY.ja.format(means.ja), en=_MAY.en.format(means.en))


def _attack(question: Question, attack: Attack) -> Story:
    steps = tuple(
        StoryStep(
            number=number,
            move=move.code,
            says=move.says,
            gained=gained_text(move.gives),
            clause=move.clause,
            sender=move.sender,
            receiver=move.receiver,
        )
        for number, move in enumerate((_BY_CODE[step.move] for step in attack.steps), start=1)
    )
    row = GOALS[question.goal]
    return Story(
        opening=_opening(question, powers_used(attack), some=_USES, none=_USES_NONE),
        steps=steps,
        barriers=(),
        closing=_filled(_BROKEN, goal=row.name, broken=GAINS[row.broken_by]),
    )


def _safe(question: Question, closed: frozenset[Atom]) -> Story:
    barriers = _barriers(question, closed)
    row = GOALS[question.goal]
    closing = _filled(_HOLDS, goal=row.name, holds=row.holds)
    if not barriers:
        closing = Text(ja=closing.ja + _NO_WAY.ja, en=f"{closing.en} {_NO_WAY.en}")
    return Story(
        opening=_opening(question, question.powers, some=_HAS, none=_HAS_NONE),
        steps=(),
        barriers=barriers,
        closing=closing,
    )


def _opening(question: Question, powers: frozenset[Power], *, some: Text, none: Text) -> Text:
    title = attacker_of(question.powers)
    named = strongest(powers)
    listed = Text(
        ja="".join(f"「{POWERS[each].means.ja}」" for each in named),
        en="; ".join(POWERS[each].means.en for each in named),
    )
    return _filled(
        _OPENS,
        form=Text(ja=question.form.name, en=question.form.name),
        judge=JUDGES[question.form.judge],
        who=Text(ja=_NAMED.ja.format(title.ja), en=_NAMED.en.format(title.en))
        if title
        else _ATTACKER,
        powers=Text(ja=some.ja.format(listed.ja), en=some.en.format(listed.en)) if named else none,
    )


def _filled(pattern: Text, **parts: Text) -> Text:
    return Text(
        ja=pattern.ja.format(**{name: part.ja for name, part in parts.items()}),
        en=pattern.en.format(**{name: part.en for name, part in parts.items()}),
    )


def _barriers(question: Question, closed: frozenset[Atom]) -> tuple[Barrier, ...]:
    """Moves at the edge of all that the attacker can have, on a way to the goal, and stopped."""
    found = tuple(
        Barrier(
            move=move.code,
            says=move.says,
            clause=move.clause,
            sender=move.sender,
            receiver=move.receiver,
            stopped_by=tuple(each for each in Defence if each in move.unless & question.defences),
            decides=_falls_without(question, move.unless & question.defences),
        )
        for move in _towards(question)
        if move.given <= closed and move.gives not in closed
    )
    return tuple(sorted(found, key=lambda each: not each.decides))


def _falls_without(question: Question, defences: frozenset[Defence]) -> bool:
    left = question.defences - defences
    return question.goal in broken_goals(question.form.traits(), left, question.powers)


def _towards(question: Question) -> tuple[Move, ...]:
    """The moves of this form that would lead to the goal if no defence stopped any move."""
    ways = [
        move
        for move in MOVES
        if move.where <= question.form.traits() and move.needs <= question.defences
    ]
    reached: set[Atom] = set(question.powers)
    while grown := {move.gives for move in ways if move.given <= reached} - reached:
        reached |= grown
    wanted: set[Atom] = reached & {GOALS[question.goal].broken_by}
    possible = [move for move in ways if move.given <= reached]
    while grown := {a for move in possible if move.gives in wanted for a in move.given} - wanted:
        wanted |= grown
    return tuple(move for move in possible if move.gives in wanted)
