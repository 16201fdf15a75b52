"""``warifu threat impact``: what a published weakness breaks, for which forms."""

from __future__ import annotations

from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from cyclopts import Parameter
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
from warifu.risk.threat.defences import cost_of
from warifu.risk.threat.forms import FORMS, Judge
from warifu.risk.threat.goals import GOALS, Goal
from warifu.risk.threat.question import Basis
from warifu.risk.threat.story import JUDGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import RenderableType

    from warifu.lab.threat.impact import Struck
    from warifu.risk.threat.advisories import Advisory, AdvisorySet
    from warifu.risk.threat.powers import Power

DOCUMENT = "warifu-threat-impact/1"

AdvisoryFile = Annotated[Path, Parameter(name="--advisory", allow_leading_hyphen=True)]

_ADVISORY = Text(
    ja="{id}　{title}（{published}、{source}）", en="{id}: {title} ({published}, {source})"
)
_TOGETHER = Text(
    ja="勧告{ids}のすべてに該当する端末がある場合（{platforms}）",
    en="{ids} together, for a device that all of them are about ({platforms})",
)
_NO_MORE_TOGETHER = Text(
    ja="それぞれの勧告だけで破られる目標のほかに、重なって破られる目標はありません。",
    en="Together they break nothing that none of them breaks by itself.",
)
_RESTS = Text(ja="判定の根拠：{}", en="Rests on: {}")
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


def impact(
    *,
    advisory: AdvisoryFile,
    malware: str = "vicious",
    judge: Judge | None = None,
    built: Built = Built(),
    show: Show = Show(),
) -> int:
    """Show which goals held and fall by what an advisory says, form by form, and what mends it.

    Each advisory of the file by itself, and then together those that may be about one device.

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
    with shown.searching():
        from warifu.lab.threat.impact import strike
    struck = _struck(
        loaded,
        [
            partial(strike, form.judged_by(by), defences=defences, before=attacker.powers)
            for form, by in product(FORMS.values(), [judge] if judge else list(Judge))
        ],
    )
    if show.json:
        asked = {"malware": attacker.name, "defences": shown.in_order(defences)}
        output.write_json(_document(asked, loaded, struck))
    else:
        beside = say(_BESIDE, show.language).format(malware=say(attacker.title, show.language))
        parts: list[RenderableType] = [Styled(beside), *_blocks(struck, loaded, show.language)]
        if not loaded.advisories:
            parts.append(Styled(say(_NONE_THERE, show.language)))
        bases = shown.bases_line((Basis.CLOSURE,), show.language)
        parts += [Styled(""), Styled(say(_RESTS, show.language).format(bases), style="dim")]
        render.to_terminal(Group(*parts))
    rows = (*struck.alone.values(), *(each.rows for each in struck.together))
    return int(any(each.falls for forms in rows for each in forms))


class _Together(NamedTuple):
    """What advisories do at once."""

    advisories: tuple[Advisory, ...]
    platforms: tuple[str, ...]
    gives: frozenset[Power]
    rows: tuple[Struck, ...]
    beyond: tuple[Struck, ...]
    """The same forms, with what falls by none of the advisories alone."""


class _Impact(NamedTuple):
    alone: dict[str, tuple[Struck, ...]]
    """By the id of an advisory, each form."""
    together: tuple[_Together, ...]


def _struck(loaded: AdvisorySet, forms: list[Callable[..., Struck]]) -> _Impact:
    from warifu.lab.threat.impact import meeting, only_together

    alone = {
        each.id: tuple(strike(gives=each.gives) for strike in forms) for each in loaded.advisories
    }
    together = []
    for about, platforms in meeting(loaded).items():
        gives = frozenset(power for each in about for power in each.gives)
        rows = tuple(strike(gives=gives) for strike in forms)
        by_form = zip(*(alone[each.id] for each in about), strict=True)
        beyond = tuple(map(only_together, rows, by_form))
        together.append(_Together(about, platforms, gives, rows, beyond))
    return _Impact(alone, tuple(together))


def _blocks(struck: _Impact, advisories: AdvisorySet, language: Language) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for each in advisories.advisories:
        head = say(_ADVISORY, language).format(
            id=each.id,
            title=render.printable(say(Text(ja=each.title.ja, en=each.title.en), language)),
            published=each.published,
            source=render.printable(each.source),
        )
        parts += _block(head, each.gives, language)
        parts += _fallen(struck.alone[each.id], _UNCHANGED, language)
    for group in struck.together:
        head = say(_TOGETHER, language).format(
            ids=" + ".join(each.id for each in group.advisories),
            platforms=", ".join(group.platforms),
        )
        parts += _block(head, group.gives, language)
        parts += _fallen(group.beyond, _NO_MORE_TOGETHER, language)
    return parts


def _block(head: str, gives: Iterable[Power], language: Language) -> list[RenderableType]:
    given = say(_GIVES, language).format(shown.powers_line(gives, language))
    return [Styled(""), Styled(head, style="bold"), Styled(given)]


def _fallen(struck: tuple[Struck, ...], none: Text, language: Language) -> list[RenderableType]:
    hit = [each for each in struck if each.falls]
    if not hit:
        return [Styled(say(none, language), style="bold green")]
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
    return [table, *_why(hit, language)]


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


def _document(asked: dict[str, Any], loaded: AdvisorySet, struck: _Impact) -> dict[str, Any]:
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
                "forms": [_row(row) for row in struck.alone[each.id]],
            }
            for each in loaded.advisories
        ],
        "together": [
            {
                "advisories": [each.id for each in group.advisories],
                "platforms": group.platforms,
                "gives": shown.in_order(group.gives),
                "forms": [
                    {**_row(row), "falls_only_together": beyond.falls}
                    for row, beyond in zip(group.rows, group.beyond, strict=True)
                ],
            }
            for group in struck.together
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
