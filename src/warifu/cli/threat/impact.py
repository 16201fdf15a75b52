"""``warifu threat impact``: what a published weakness breaks, for which forms."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from msgspec import Struct
from rich.console import Group
from rich.table import Table
from rich.text import Text as Styled

from warifu.base.rule import Text
from warifu.cli import output, render
from warifu.cli.show import Show
from warifu.cli.threat import shown
from warifu.cli.threat.asked import Built
from warifu.cli.threat.names import parse_malware
from warifu.cli.values import read_file
from warifu.cli.words import Language, say
from warifu.risk.threat.advisories import MAX_BYTES, load_advisories
from warifu.risk.threat.closure import broken_goals
from warifu.risk.threat.defences import Defence, cost_of
from warifu.risk.threat.forms import FORMS, Form, Judge
from warifu.risk.threat.goals import GOALS, Goal
from warifu.risk.threat.question import Basis
from warifu.risk.threat.story import JUDGES, tell
from warifu.risk.threat.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from warifu.risk.threat.advisories import Advisory, AdvisorySet
    from warifu.risk.threat.powers import Power
    from warifu.risk.threat.story import Story

DOCUMENT = "warifu-threat-impact/1"

AdvisoryFile = Annotated[Path, Parameter(name="--advisory", allow_leading_hyphen=True)]

_ADVISORY = Text(
    ja="{id}　{title}（{published}、{source}）", en="{id}: {title} ({published}, {source})"
)
_GIVES = Text(ja="攻撃者に与える能力：{}", en="Gives an attacker: {}")
_BESIDE = Text(
    ja="前提とする攻撃者：{malware}。対象は、この勧告に該当する端末です。",
    en="Beside an attacker that is there anyway: {malware}. For devices the advisory is about.",
)
_UNCHANGED = Text(
    ja="この防御策の下では、どの実行形態でも、破られる目標は増えません。",
    en="With these defences no goal falls that held before, in any form.",
)
_NONE_THERE = Text(ja="勧告がありません。", en="There are no advisories in the file.")
_FORM = Text(ja="実行形態", en="form")
_JUDGE = Text(ja="判定", en="judge")
_FALLS = Text(ja="× 新たに破られる目標", en="× falls now")
_STILL = Text(ja="○ なお守られる目標", en="○ still holds")
_WHY = Text(ja="新たに破られる理由（各構成の最初の目標）", en="Why (the first goal that falls)")
_MEND = Text(ja="加えれば元に戻る防御策（最も安い組）", en="mended by adding (cheapest)")
_NO_MEND = Text(
    ja="防御策では戻りません（該当する端末の利用の制限をご検討ください）",
    en="no defence: consider limiting what these devices may do",
)


class Struck(Struct, frozen=True, kw_only=True):
    """What an advisory does to one form with one judge."""

    form: Form
    held: tuple[Goal, ...]
    """Before."""
    falls: tuple[Goal, ...]
    """Of those that held."""
    stories: tuple[Story, ...]
    """How each of them falls."""
    mends: tuple[frozenset[Defence], ...]
    """Minimal sets to add so that all that held holds again, cheapest first."""


Impact = dict[str, tuple[Struck, ...]]


def impact(
    *,
    advisory: AdvisoryFile,
    malware: str = "vicious",
    judge: Judge | None = None,
    built: Built = Built(),
    show: Show = Show(),
) -> int:
    """Show which goals held and fall by what an advisory says, form by form, and what mends it.

    Exit status: 0 nothing falls that held, 1 something does, 2 usage or a wrong file.

    Args:
        advisory: The advisories, TOML; ``-`` is standard input.
        malware: The attacker that has to be reckoned with anyway.
        judge: Who compares the authentication data. Either unless given.
        built: What is built in.
        show: How to show it.
    """
    loaded = load_advisories(read_file(advisory, max_bytes=MAX_BYTES))
    attacker, defences = parse_malware(malware), built.built()
    forms = [
        form.judged_by(by)
        for form, by in product(FORMS.values(), [judge] if judge else list(Judge))
    ]
    struck = {
        each.id: tuple(_strike(form, defences, attacker.powers, each.gives) for form in forms)
        for each in loaded.advisories
    }
    if show.json:
        asked = {"malware": attacker.name, "defences": shown.in_order(defences)}
        output.write_json(_document(asked, loaded, struck))
    else:
        beside = say(_BESIDE, show.language).format(malware=say(attacker.title, show.language))
        parts: list[RenderableType] = [Styled(beside)]
        for each in loaded.advisories:
            parts += _told(each, struck[each.id], show.language)
        if not loaded.advisories:
            parts.append(Styled(say(_NONE_THERE, show.language)))
        bases = shown.bases_line((Basis.CLOSURE,), show.language)
        parts += [Styled(""), Styled(f"{say(shown.RESTS_ON, show.language)}: {bases}", style="dim")]
        render.to_terminal(Group(*parts))
    return int(any(each.falls for rows in struck.values() for each in rows))


def _strike(
    form: Form, defences: frozenset[Defence], before: frozenset[Power], gives: frozenset[Power]
) -> Struck:
    with shown.searching():
        from warifu.lab.threat.defence_sets import minimal_defences
    powers = before | gives
    lost_before = broken_goals(form.traits(), defences, before)
    lost_now = broken_goals(form.traits(), defences, powers)
    held = tuple(each for each in Goal if each not in lost_before)
    falls = tuple(each for each in held if each in lost_now)
    mends = minimal_defences(form, powers=powers, goals=held, fixed=defences) if falls else ()
    return Struck(
        form=form,
        held=held,
        falls=falls,
        stories=tuple(
            tell(verdict(form, defences=defences, powers=powers, goal=each)) for each in falls
        ),
        mends=tuple(each - defences for each in mends),
    )


def _told(
    advisory: Advisory, struck: tuple[Struck, ...], language: Language
) -> list[RenderableType]:
    title = Text(ja=advisory.title.ja, en=advisory.title.en)
    head = say(_ADVISORY, language).format(
        id=advisory.id,
        title=render.printable(say(title, language)),
        published=advisory.published,
        source=render.printable(advisory.source),
    )
    gives = say(_GIVES, language).format(shown.powers_line(advisory.gives, language))
    parts: list[RenderableType] = [Styled(""), Styled(head, style="bold"), Styled(gives)]
    hit = [each for each in struck if each.falls]
    if not hit:
        return [*parts, Styled(say(_UNCHANGED, language), style="bold green")]
    table = Table(show_lines=True)
    for column in (_FORM, _JUDGE, _FALLS, _STILL, _MEND):
        table.add_column(say(column, language), overflow="fold")
    for alike in _together(hit):
        table.add_row(
            alike[0].form.name,
            "\n".join(say(JUDGES[each.form.judge], language) for each in alike),
            _names(alike[0].falls, language),
            _names((each for each in alike[0].held if each not in alike[0].falls), language),
            _mend(alike[0], language),
        )
    return [*parts, table, *_why(hit, language)]


def _together(hit: list[Struck]) -> list[list[Struck]]:
    """Both judges in one row where nothing else differs."""
    rows: dict[object, list[Struck]] = {}
    for each in hit:
        rows.setdefault((each.form.name, each.held, each.falls, each.mends[:1]), []).append(each)
    return list(rows.values())


def _why(hit: list[Struck], language: Language) -> list[RenderableType]:
    """Each story once, with the forms that it is about."""
    forms: dict[tuple[str, ...], dict[str, None]] = {}
    for each in hit:
        told = tuple(say(step.says, language) for step in each.stories[0].steps)
        forms.setdefault(told, {})[each.form.name] = None
    parts: list[RenderableType] = [Styled(""), Styled(say(_WHY, language), style="bold cyan")]
    for told, names in forms.items():
        parts.append(Styled(f"  {', '.join(names)}", style="bold"))
        parts += [Styled(f"    {number}. {line}") for number, line in enumerate(told, start=1)]
    return parts


def _names(goals: Iterable[Goal], language: Language) -> str:
    return "\n".join(say(GOALS[each].name, language) for each in goals) or "-"


def _mend(struck: Struck, language: Language) -> Styled:
    if not struck.mends:
        return Styled(say(_NO_MEND, language), style="yellow")
    names = "\n".join(shown.in_order(struck.mends[0]))
    return Styled(f"{names}\n({shown.cost_line(struck.mends[0], language)})")


def _document(asked: dict[str, Any], loaded: AdvisorySet, struck: Impact) -> dict[str, Any]:
    return {
        "document": DOCUMENT,
        "digest": loaded.digest,
        **asked,
        "rests_on": [Basis.CLOSURE],
        "advisories": [
            {
                "id": each.id,
                "title": {"ja": each.title.ja, "en": each.title.en},
                "published": each.published,
                "source": each.source,
                "gives": shown.in_order(each.gives),
                "forms": [_row(row) for row in struck[each.id]],
            }
            for each in loaded.advisories
        ],
    }


def _row(struck: Struck) -> dict[str, Any]:
    return {
        "form": struck.form.name,
        "judge": struck.form.judge,
        "held": struck.held,
        "falls": struck.falls,
        "stories": dict(zip(struck.falls, struck.stories, strict=True)),
        "mends": [
            {"defences": shown.in_order(each), "cost": cost_of(each)} for each in struck.mends
        ],
    }
