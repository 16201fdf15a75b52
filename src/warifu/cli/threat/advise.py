"""``warifu threat advise``: which forms and defences reach what is wanted, cheapest first."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from msgspec import Struct
from rich.console import Group
from rich.text import Text as Styled

from warifu.base.rule import Text
from warifu.cli import output, render
from warifu.cli.ending import UsageError
from warifu.cli.show import Show
from warifu.cli.threat import shown
from warifu.cli.threat.asked import Names
from warifu.cli.threat.names import (
    parse_defences,
    parse_form,
    parse_goals,
    parse_have,
    parse_malware,
)
from warifu.cli.words import Language, say
from warifu.risk.threat.defences import Defence, cost_of
from warifu.risk.threat.forms import FORMS, Form, Judge
from warifu.risk.threat.goals import GOALS, Goal
from warifu.risk.threat.story import JUDGES, tell
from warifu.risk.threat.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from warifu.risk.threat.malware import Malware
    from warifu.risk.threat.powers import Power
    from warifu.risk.threat.story import Story

DOCUMENT = "warifu-threat-advice/1"
MOST_SHOWN = 8
"""How many sets of defences are shown unless asked."""

Limit = Annotated[int, Parameter(name="--limit")]

_ASKED = Text(ja="{malware}に対して守るもの：{goals}", en="Against {malware}, to hold: {goals}")
_WAYS = Text(
    ja="実行形態と防御策の組は{count}通りあります。必要な防御策が同じものをまとめ、追加の費用の小さい順に示します。",
    en="There are {count} ways. Forms that need the same stand together; what adds least is first.",
)
_WAY = Text(ja="{number}. 追加分の{cost}", en="{number}. adds {cost}")
_FORMS = Text(ja="{judge}：{forms}", en="{judge}: {forms}")
_NOTHING_MORE = Text(ja="追加の防御策は必要ありません。", en="Nothing more is needed.")
_MORE = Text(
    ja="ほかに{}組あります（--limit または --json で表示）", en="{} more; --limit or --json"
)
_NONE = Text(
    ja="この条件では、すべてを守れる実行形態と防御策の組はありません。",
    en="Under these conditions no form with any defences holds all of it.",
)
_EACH_ALONE = Text(
    ja="目標を一つずつであれば、それぞれ守れる実行形態があります。",
    en="Each goal by itself can be held, in one form or another.",
)
_CANNOT = Text(
    ja="守れない目標：{goal}。最も破られにくい構成（{form}、{judge}）でも、次の攻撃が残ります。",
    en="Cannot be held: {goal}. Even in the best of forms ({form}, {judge}) this attack is left:",
)
_LEFT = Text(ja="必要な能力：{}", en="What it takes: {}")


class Way(Struct, frozen=True, kw_only=True):
    """A form with defences under which all that is wanted holds."""

    form: Form
    defences: frozenset[Defence]
    adds: frozenset[Defence]
    """What is not built in already."""


class Lost(Struct, frozen=True, kw_only=True):
    """A goal that cannot be had, and an attack that is left in the form that resists best."""

    goal: Goal
    form: Form
    attack: frozenset[Power]
    story: Story


class _Asked(Struct, frozen=True, kw_only=True):
    forms: tuple[Form, ...]
    goals: tuple[Goal, ...]
    malware: Malware
    fixed: frozenset[Defence]
    excluded: frozenset[Defence]


def advise(
    *,
    want: Names = None,
    have: Names = None,
    excluded: Names = None,
    form: Names = None,
    malware: str = "vicious",
    judge: Judge | None = None,
    limit: Limit = MOST_SHOWN,
    show: Show = Show(),
) -> int:
    """Say which forms and defences reach what is wanted, cheapest first.

    Exit status: 0 there is a way, 1 there is none, 2 usage.

    Args:
        want: Goals that must hold, with commas or several times: pin, transaction, once, terminal,
            enrolment, receipt. transaction unless given.
        have: NAME=yes for a defence that is built in already, NAME=no for one that cannot be had;
            names may be short (tui=no). May be given several times.
        excluded: More defences that cannot be had.
        form: Only these forms. All unless given.
        malware: The attacker.
        judge: Who compares the authentication data. Either unless given.
        limit: How many sets of defences to show.
        show: How to show it.
    """
    if limit < 1:
        raise UsageError("--limit: one or more")
    said = parse_have(have)
    without = parse_defences(excluded, "--excluded")
    fixed = frozenset(each for each, has in said.items() if has)
    if both := fixed & without:
        raise UsageError(f"--excluded: {', '.join(sorted(both))} is said to be there")
    rows = tuple(map(parse_form, form)) if form else tuple(FORMS.values())
    asked = _Asked(
        forms=tuple(each.judged_by(by) for each in rows for by in ([judge] if judge else Judge)),
        goals=parse_goals(want, "--want") or (Goal.TRANSACTION,),
        malware=parse_malware(malware),
        fixed=fixed,
        excluded=without | {each for each, has in said.items() if not has},
    )
    ways = _ways(asked, asked.goals)
    lost = () if ways else _lost(asked)
    if show.json:
        output.write_json(_document(asked, ways, lost))
    else:
        render.to_terminal(Group(*_told(asked, ways, lost, limit=limit, language=show.language)))
    return 0 if ways else 1


def _ways(asked: _Asked, goals: Iterable[Goal]) -> tuple[Way, ...]:
    with shown.searching():
        from warifu.lab.threat.defence_sets import minimal_defences
    wanted = tuple(goals)
    found = [
        Way(form=form, defences=each, adds=each - asked.fixed)
        for form in asked.forms
        for each in minimal_defences(
            form,
            powers=asked.malware.powers,
            goals=wanted,
            fixed=asked.fixed,
            excluded=asked.excluded,
        )
    ]
    return tuple(sorted(found, key=lambda each: (cost_of(each.adds), len(each.adds))))


def _lost(asked: _Asked) -> tuple[Lost, ...]:
    """The goals that cannot be had by themselves."""
    return tuple(_left(asked, goal) for goal in asked.goals if not _ways(asked, [goal]))


def _left(asked: _Asked, goal: Goal) -> Lost:
    """The attack that is hardest to have, with everything built in that can be."""
    from warifu.lab.threat.attacks import minimal_attacks

    built = frozenset(Defence) - asked.excluded
    powers = asked.malware.powers
    found = (
        (form, minimal_attacks(form, defences=built, goal=goal, among=powers))
        for form in asked.forms
    )
    # Fewest ways to break it, and of those the one that takes most.
    form, attacks = min(
        ((form, attacks) for form, attacks in found if attacks),
        key=lambda each: (len(each[1]), -len(each[1][0])),
    )
    left = verdict(form, defences=built, powers=attacks[0], goal=goal)
    return Lost(goal=goal, form=form, attack=attacks[0], story=tell(left))


def _told(
    asked: _Asked, ways: tuple[Way, ...], lost: tuple[Lost, ...], *, limit: int, language: Language
) -> list[RenderableType]:
    head = say(_ASKED, language).format(
        malware=say(asked.malware.title, language),
        goals=shown.joined((GOALS[each].name for each in asked.goals), language),
    )
    parts: list[RenderableType] = [Styled(head, style="bold")]
    if not ways:
        return [*parts, *_told_lost(lost, language)]
    parts.append(Styled(say(_WAYS, language).format(count=len(ways))))
    together: dict[frozenset[Defence], list[Form]] = {}
    for way in ways:
        together.setdefault(way.adds, []).append(way.form)
    for number, (adds, forms) in enumerate(islice(together.items(), limit), start=1):
        cost = shown.cost_line(adds, language)
        line = say(_WAY, language).format(number=number, cost=cost)
        parts += [Styled(""), Styled(line, style="bold"), *_forms(forms, language)]
        parts += shown.defences_lines(adds, language, indent="   + ") or [
            Styled(f"   {say(_NOTHING_MORE, language)}")
        ]
    if len(together) > limit:
        more = say(_MORE, language).format(len(together) - limit)
        parts += [Styled(""), Styled(more, style="dim")]
    return parts


def _forms(forms: list[Form], language: Language) -> list[Styled]:
    return [
        Styled(
            "   "
            + say(_FORMS, language).format(
                judge=say(JUDGES[judge], language),
                forms=", ".join(each.name for each in forms if each.judge is judge),
            )
        )
        for judge in Judge
        if any(each.judge is judge for each in forms)
    ]


def _told_lost(lost: tuple[Lost, ...], language: Language) -> list[RenderableType]:
    parts: list[RenderableType] = [Styled(say(_NONE, language), style="bold yellow")]
    if not lost:
        parts.append(Styled(say(_EACH_ALONE, language)))
    for each in lost:
        told = say(_CANNOT, language).format(
            goal=say(GOALS[each.goal].name, language),
            form=each.form.name,
            judge=say(JUDGES[each.form.judge], language),
        )
        parts += [Styled(""), Styled(told)]
        parts += [
            Styled(f"  {step.number}. {say(step.says, language)}") for step in each.story.steps
        ]
        powers = say(_LEFT, language).format(shown.powers_line(each.attack, language))
        parts.append(Styled(f"  {powers}", style="dim"))
    return parts


def _document(asked: _Asked, ways: tuple[Way, ...], lost: tuple[Lost, ...]) -> dict[str, Any]:
    return {
        "document": DOCUMENT,
        "malware": asked.malware.name,
        "want": asked.goals,
        "have": shown.in_order(asked.fixed),
        "excluded": shown.in_order(asked.excluded),
        "ways": [
            {
                "form": way.form.name,
                "judge": way.form.judge,
                "defences": shown.in_order(way.defences),
                "adds": shown.in_order(way.adds),
                "cost": cost_of(way.adds),
            }
            for way in ways
        ],
        "cannot_be_held": [
            {
                "goal": each.goal,
                "form": each.form.name,
                "judge": each.form.judge,
                "attack": shown.in_order(each.attack),
                "story": each.story,
            }
            for each in lost
        ],
    }
