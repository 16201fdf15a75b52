"""``warifu threat explain``: one verdict as a story, with a diagram and with what would help."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from rich.console import Group
from rich.table import Table
from rich.text import Text as Styled

from warifu.base.rule import Text
from warifu.cli import output, render
from warifu.cli.ending import UsageError
from warifu.cli.show import Show
from warifu.cli.threat import shown
from warifu.cli.threat.asked import Against, Built
from warifu.cli.threat.names import parse_form, parse_goals
from warifu.cli.words import Language, say
from warifu.lab.threat import sequence_svg, sequence_text
from warifu.risk.threat.closure import broken_goals
from warifu.risk.threat.defences import Defence, cost_of
from warifu.risk.threat.goals import GOALS
from warifu.risk.threat.powers import Power
from warifu.risk.threat.question import Question
from warifu.risk.threat.story import JUDGES, tell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from warifu.lab.threat.trace import Trace
    from warifu.risk.threat.question import Verdict
    from warifu.risk.threat.story import Barrier, Story

DOCUMENT = "warifu-threat-explanation/1"
MOST_SHOWN = 5
"""How many sets of powers or defences are shown; documents hold all."""
_MARK = 4
"""Columns of a number or sign before a sentence."""

_HEAD = Text(ja="{form}（{judge}）　{malware}　{goal}", en="{form}, {judge} · {malware} · {goal}")
_BUILT = Text(ja="講じている防御策", en="Built in")
_STORY = Text(ja="攻撃の筋書き", en="The attack")
_GAINED = Text(ja="→{}", en="→ {}")
_STOPPED = Text(ja="防がれている手順", en="Moves that are stopped")
_STOPPED_BY = Text(ja="防いでいるもの：{}", en="stopped by: {}")
_DECIDES = Text(ja="［決め手］", en=" [decides]")
_DECIDES_MEANS = Text(
    ja="［決め手］のある防御策を除くと、目標は破られます。",
    en="[decides]: without what stops it, the goal falls.",
)
_DIAGRAM = Text(ja="シーケンス図", en="Sequence diagram")
_ORDERED = Text(
    ja="取引の流れの中での攻撃（二つまでの取引の順序を探索）",
    en="The attack within sessions (all orders of at most two were searched)",
)
_ADD = Text(
    ja="これに加えれば守られる、最小の防御策の組（費用の小さい順）",
    en="Smallest sets of defences that mend it, added to these; cheapest first",
)
_FROM_NOTHING = Text(
    ja="今の防御策に加えても守れません。守れる最小の防御策の組（費用の小さい順）",
    en="Nothing added to these mends it. Smallest sets from nothing; cheapest first",
)
_HARM = Text(
    ja="次の防御策があるために、目標を破る手順が生じています。外せば守られます：{}",
    en="What breaks the goal comes with a defence. Without it the goal holds: {}",
)
_NEVER = Text(
    ja="この実行形態では、どの防御策を講じても、この攻撃者からこの目標を守れません。",
    en="In this form no defences keep this goal from this attacker.",
)
_ATTACKS = Text(
    ja="この攻撃者の能力のうち、破るのに足りる最小の組",
    en="Smallest sets of this attacker's powers that break it",
)
_BREAKING = Text(
    ja="この防御策の下でも、次の能力の組があれば破られます（最小の攻撃）",
    en="Under these defences it would take one of these sets of powers (minimal attacks)",
)
_UNBREAKABLE = Text(
    ja="この防御策の下では、どの能力を集めても破られません。",
    en="Under these defences no set of powers breaks it.",
)
_NO_POWER = Text(ja="（能力は不要です）", en="(no power is needed)")
_MORE = Text(ja="ほかに{}組（--json ですべて表示）", en="{} more; --json shows all")


class Explained(Struct, frozen=True, kw_only=True):
    """All that is said of one verdict."""

    verdict: Verdict
    story: Story
    trace: Trace | None
    attacks: tuple[frozenset[Power], ...]
    """Minimal: of the attacker's powers where the goal falls, of all powers where it holds."""
    mends: tuple[frozenset[Defence], ...]
    """Minimal sets of what to build in, cheapest first; nothing where the goal holds."""
    mends_add: bool
    """Whether what is built in already is part of each of them."""
    harm: frozenset[Defence]
    """Defences without any one of which the goal would hold."""


def explain(
    *,
    form: str,
    goal: str = "transaction",
    svg: Path | None = None,
    built: Built = Built(),
    against: Against = Against(),
    show: Show = Show(),
) -> int:
    """Say why a goal holds or falls: the attack as a story, a diagram, and what would help.

    Exit status: 0 whether it holds or falls; 2 usage.

    Args:
        form: RS, RS-T(TA), RS-T(SE), R-TS(TA), R-TS(SE) or SIM; brackets and dashes may be left
            out.
        goal: pin, transaction, once, terminal, enrolment or receipt.
        svg: Also write the sequence diagram to this file, as SVG.
        built: What is built in.
        against: Whom it has to stand against.
        show: How to show it.
    """
    chosen = parse_goals([goal], "--goal")
    if len(chosen) != 1:
        raise UsageError("--goal: exactly one")
    row = against.judged(parse_form(form))
    question = Question(
        form=row,
        defences=built.built_into(row),
        powers=against.attacker().powers,
        goal=chosen[0],
    )
    explained = _explain(question)
    if svg is not None:
        svg.write_text(sequence_svg.draw(explained.story, show.language) + "\n", encoding="utf-8")
    if show.json:
        output.write_json(_document(explained, against.malware))
        return 0
    title = say(_HEAD, show.language).format(
        form=question.form.name,
        judge=say(JUDGES[question.form.judge], show.language),
        malware=say(against.attacker().title, show.language),
        goal=say(GOALS[question.goal].name, show.language),
    )
    render.to_terminal(Group(*_told(explained, title, show.language)))
    return 0


def _explain(question: Question) -> Explained:
    with shown.searching():
        from warifu.lab.threat.attacks import minimal_attacks
        from warifu.lab.threat.sessions import find_trace
    verdict = shown.settle(question)
    among: Iterable[Power] = Power if verdict.holds else question.powers
    mends, add = ((), True) if verdict.holds else _mends(question)
    return Explained(
        verdict=verdict,
        story=tell(verdict),
        trace=find_trace(question),
        attacks=minimal_attacks(
            question.form, defences=question.defences, goal=question.goal, among=among
        ),
        mends=mends,
        mends_add=add,
        harm=frozenset() if verdict.holds else _harm(question),
    )


def _harm(question: Question) -> frozenset[Defence]:
    traits, built = question.form.traits(), question.defences
    return frozenset(
        each
        for each in built
        if question.goal not in broken_goals(traits, built - {each}, question.powers)
    )


def _mends(question: Question) -> tuple[tuple[frozenset[Defence], ...], bool]:
    """What to add, or what to build instead where a defence that is built in does the harm."""
    from warifu.lab.threat.defence_sets import minimal_defences

    search = partial(minimal_defences, question.form, powers=question.powers, goals=[question.goal])
    if added := search(fixed=question.defences):
        return tuple(each - question.defences for each in added), True
    return search(), False


def _told(explained: Explained, title: str, language: Language) -> list[RenderableType]:
    verdict = explained.verdict
    story = explained.story
    parts: list[RenderableType] = [
        Styled.assemble(shown.sign(holds=verdict.holds, language=language), "  ", (title, "bold")),
        Styled(""),
        Styled(say(story.opening, language)),
    ]
    parts += _barriers(story.barriers, language) if verdict.holds else _steps(story, language)
    parts += [Styled(say(story.closing, language), style="bold"), Styled("")]
    parts += [_heading(shown.RESTS_ON, language)]
    parts += [Styled(f"  {shown.bases_line(verdict.rests_on, language)}"), Styled("")]
    parts += [_heading(_BUILT, language)]
    parts += shown.defences_lines(verdict.question.defences, language, indent="  ") or [
        Styled(f"  {say(shown.NOTHING, language)}")
    ]
    parts.append(Styled(""))
    if not verdict.holds:
        parts += [*_ordered(explained.trace, language), *_help(explained, language), Styled("")]
    return [*parts, *_attacks(explained, language)]


def _heading(text: Text, language: Language) -> Styled:
    return Styled(say(text, language), style="bold cyan")


def _steps(story: Story, language: Language) -> list[RenderableType]:
    parts: list[RenderableType] = [Styled(""), _heading(_STORY, language)]
    for step in story.steps:
        told = Styled.assemble(say(step.says, language), (f"  [{step.clause}]", "dim"))
        gained = say(_GAINED, language).format(say(step.gained, language))
        parts.append(_item(f"{step.number}.", told, Styled(gained, style="yellow")))
    parts += [Styled(""), _heading(_DIAGRAM, language)]
    return [*parts, *_drawn(story, language), Styled("")]


def _item(mark: str, *lines: Styled) -> RenderableType:
    """Lines behind a mark, with what is too long broken behind it as well."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(min_width=_MARK, justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for place, line in enumerate(lines):
        grid.add_row("" if place else Styled(mark, style="bold"), line)
    return grid


def _drawn(subject: Story | Trace, language: Language) -> list[Styled]:
    console = output.Terminal()
    room = console.width - 2 if console.is_terminal else sequence_text.WIDTH
    width = min(room, sequence_text.WIDTH)
    return [
        Styled(f"  {line}", no_wrap=True, overflow="ignore")
        for line in sequence_text.draw(subject, language, width=width)
    ]


def _barriers(barriers: tuple[Barrier, ...], language: Language) -> list[RenderableType]:
    if not barriers:
        return [Styled("")]
    # The same sentence may stand for two moves, by memory and by storage.
    unlike = {(each.says, each.stopped_by): each for each in reversed(barriers)}
    parts: list[RenderableType] = [Styled(""), _heading(_STOPPED, language)]
    for each in reversed(unlike.values()):
        names = ", ".join(each.stopped_by)
        decides = say(_DECIDES, language) if each.decides else ""
        stopped = say(_STOPPED_BY, language).format(names)
        by = Styled.assemble(stopped, (decides, "bold"))
        parts.append(_item("×", Styled(say(each.says, language)), by))
    return [*parts, Styled(f"  {say(_DECIDES_MEANS, language)}", style="dim"), Styled("")]


def _ordered(trace: Trace | None, language: Language) -> list[RenderableType]:
    if trace is None:
        return []
    return [_heading(_ORDERED, language), *_drawn(trace, language), Styled("")]


def _help(explained: Explained, language: Language) -> list[RenderableType]:
    if not explained.mends:
        return [Styled(say(_NEVER, language), style="bold yellow")]
    parts: list[RenderableType] = []
    if explained.harm:
        names = ", ".join(shown.in_order(explained.harm))
        parts.append(Styled(say(_HARM, language).format(names), style="bold yellow"))
    parts.append(_heading(_ADD if explained.mends_add else _FROM_NOTHING, language))
    for number, each in enumerate(explained.mends[:MOST_SHOWN], start=1):
        parts.append(Styled(f"  {number}. {shown.cost_line(each, language)}", style="bold"))
        parts += shown.defences_lines(each, language, indent="     ") or [
            Styled(f"     {say(shown.NOTHING, language)}")
        ]
    return [*parts, *_more(len(explained.mends), language)]


def _attacks(explained: Explained, language: Language) -> list[RenderableType]:
    holds = explained.verdict.holds
    if not explained.attacks:
        return [Styled(say(_UNBREAKABLE, language), style="bold green")]
    parts: list[RenderableType] = [_heading(_BREAKING if holds else _ATTACKS, language)]
    for each in explained.attacks[:MOST_SHOWN]:
        told = shown.powers_line(each, language) if each else say(_NO_POWER, language)
        names = ", ".join(shown.in_order(each))
        parts.append(_item("-", Styled.assemble(told, (f"  {names}", "dim"))))
    return [*parts, *_more(len(explained.attacks), language)]


def _more(count: int, language: Language) -> list[RenderableType]:
    left = count - MOST_SHOWN
    return [Styled(f"  {say(_MORE, language).format(left)}", style="dim")] if left > 0 else []


def _document(explained: Explained, malware: str) -> dict[str, Any]:
    verdict, story, trace = explained.verdict, explained.story, explained.trace
    question = verdict.question
    return {
        "document": DOCUMENT,
        "form": question.form.name,
        "judge": question.form.judge,
        "malware": malware,
        "powers": shown.in_order(question.powers),
        "defences": shown.in_order(question.defences),
        "goal": question.goal,
        "holds": verdict.holds,
        "rests_on": verdict.rests_on,
        "certificate": verdict.certificate,
        "story": story,
        "trace": None
        if trace is None
        else [
            {"act": each.act, "session": each.session, "into": each.into, "says": each.says}
            for each in trace.events
        ],
        "minimal_attacks": [shown.in_order(each) for each in explained.attacks],
        "minimal_defences": [
            {"defences": shown.in_order(each), "cost": cost_of(each)} for each in explained.mends
        ],
        "defences_are_added": explained.mends_add,
        "holds_without_any_of": shown.in_order(explained.harm),
    }
