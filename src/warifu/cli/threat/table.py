"""``warifu threat table``: tables 1 and 2 of the paper, each cell with its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from rich.console import Group
from rich.table import Table
from rich.text import Text as Styled

from warifu.base.rule import Text
from warifu.cli import output, render
from warifu.cli.show import Show
from warifu.cli.threat import shown
from warifu.cli.threat.asked import Against, Built, Names, possible
from warifu.cli.threat.names import parse_goals
from warifu.cli.words import Language, say
from warifu.lab.threat.conditions import (
    GOALS_OF_CONDITIONS,
    PARTS,
    Part,
    has_part,
    judge_part,
)
from warifu.lab.threat.words import (
    AUTHENTICATORS,
    ENVIRONMENTS,
    SERVER_PATHS,
    SHORT,
    USER_PATHS,
)
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import FORMS
from warifu.risk.threat.goals import GOALS
from warifu.risk.threat.question import Basis, Question
from warifu.risk.threat.story import JUDGES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from warifu.risk.threat.forms import Form
    from warifu.risk.threat.goals import Goal
    from warifu.risk.threat.question import Verdict

DOCUMENT = "warifu-threat-table/1"

_FIRST = Text(ja="表1　実行形態と判定", en="Table 1: the forms and their verdicts")
_SECOND = Text(
    ja="表2　サーバと利用者への経路（ほかの条件が満たされているときの判定）",
    en="Table 2: the ways to server and user (each judged with the other conditions met)",
)
_FORM = Text(ja="実行形態", en="form")
_TEE = Text(ja="TEE", en="TEE")
_HAS_TEE = {True: Text(ja="あり", en="yes"), False: Text(ja="なし", en="no")}
_SE_AT = Text(ja="SEの接続先", en="SE hangs at")
_WHO = Text(ja="認証", en="authenticates")
_TO_SERVER = Text(ja="サーバまで（条件2）", en="to the server (condition 2)")
_TO_USER = Text(ja="利用者まで（条件3）", en="to the user (condition 3)")
_LOST_AND = Text(ja="・", en=", ")
_ITEM = Text(ja="・", en="- ")
_CANNOT = Text(ja="－ 構成できない", en="- cannot be built")
_IF_TYPED = Text(ja="入力先を限れば○", en="○ if typed only there")
_ATTACKER = Text(ja="攻撃者：{}（{}）", en="Attacker: {} ({})")
_BUILT = Text(ja="防御策：", en="Defences: ")
_RESTS = Text(ja="表1の判定の根拠：{}", en="Table 1 rests on: {}")
_RESTS_SECOND = Text(
    ja="条件1と表2の判定の根拠：{}。認証データの入力を偽の画面で求める攻撃は含みません。",
    en="Condition 1 and table 2 rest on: {}. False screens that ask for the PIN are left out.",
)
_TYPED = Text(
    ja="「入力先を限れば○」は、利用者がPINをTrusted UIだけに入力するなら守られることを示します。",
    en="“○ if typed only there”: holds only if the user types the PIN into Trusted UI alone.",
)
_CLEAR_LINK = Text(
    ja="SEとTAの間を暗号化しなければ：{}", en="with a clear link between SE and TA: {}"
)


class _Cell(Struct, frozen=True, kw_only=True):
    """One verdict of table 1."""

    verdict: Verdict
    if_typed: bool
    """Whether it holds if the PIN is typed only into Trusted UI, and does not hold as it is."""


def table(
    *,
    goal: Names = None,
    built: Built = Built(),
    against: Against = Against(),
    show: Show = Show(),
) -> int:
    """Print the paper's tables 1 and 2, each cell with its verdict against an attacker.

    Args:
        goal: A goal of table 1: pin, transaction, once, terminal, enrolment, receipt; may be given
            several times. pin and transaction unless given.
        built: What is built in, for the verdicts of table 1.
        against: Whom it has to stand against.
        show: How to show it.
    """
    goals = parse_goals(goal, "--goal") or GOALS_OF_CONDITIONS
    attacker = against.attacker()
    forms = tuple(map(against.judged, FORMS.values()))
    asked = _Asked(goals=goals, built=built.built(), powers=attacker.powers)
    rows = {form: {each: _judge(form, each, asked) for each in goals} for form in forms}
    parts = {form: _parts(form, asked) for form in forms}
    if show.json:
        output.write_json(_document(asked, against, rows, parts))
        return 0
    language = show.language
    head = say(_ATTACKER, language).format(
        say(attacker.title, language), say(JUDGES[against.judge], language)
    )
    names = shown.joined((Text(ja=each, en=each) for each in shown.in_order(asked.built)), language)
    render.to_terminal(
        Group(
            Styled(head, style="bold"),
            Styled(f"{say(_BUILT, language)}{names}", style="dim"),
            Styled(""),
            _first(rows, parts, language),
            Styled(""),
            _second(parts, language),
            Styled(""),
            *_notes(rows, language),
        )
    )
    return 0


class _Asked(Struct, frozen=True, kw_only=True):
    goals: tuple[Goal, ...]
    built: frozenset[Defence]
    powers: frozenset[Any]


def _judge(form: Form, goal: Goal, asked: _Asked) -> _Cell:
    built = possible(form, asked.built)
    question = Question(form=form, defences=built, powers=asked.powers, goal=goal)
    verdict = shown.settle(question)
    typed = possible(form, built | {Defence.TYPED_ONLY_IN_TRUSTED_UI})
    otherwise = Question(form=form, defences=typed, powers=asked.powers, goal=goal)
    if_typed = not verdict.holds and shown.settle(otherwise).holds
    return _Cell(verdict=verdict, if_typed=if_typed)


def _parts(form: Form, asked: _Asked) -> dict[Part, tuple[Verdict, ...]]:
    return {
        part: judge_part(form, part, powers=asked.powers) for part in Part if has_part(form, part)
    }


Rows = dict["Form", dict["Goal", _Cell]]
Parts = dict["Form", dict[Part, "tuple[Verdict, ...]"]]


def _first(rows: Rows, parts: Parts, language: Language) -> RenderableType:
    goals = list(next(iter(rows.values())))
    heads = (_FORM, _TEE, _SE_AT, _WHO, PARTS[Part.AUTHENTICATOR].name)
    drawn = _table(_FIRST, (*heads, *(GOALS[each].name for each in goals)), language)
    for form, cells in rows.items():
        drawn.add_row(
            form.name,
            say(_HAS_TEE[form.can_have_trusted_ui], language),
            say(ENVIRONMENTS[form.se_attached_to], language),
            say(AUTHENTICATORS[form.authenticator], language),
            _part(parts[form], Part.AUTHENTICATOR, language),
            *(_cell(each, language) for each in cells.values()),
        )
    return drawn


def _second(parts: Parts, language: Language) -> RenderableType:
    columns = (
        *(_FORM, _TO_SERVER, PARTS[Part.SERVER_CLEAR].name, PARTS[Part.SERVER_ENCRYPTED].name),
        *(_TO_USER, PARTS[Part.USER_THROUGH_REE].name, PARTS[Part.USER_TRUSTED_UI].name),
    )
    drawn = _table(_SECOND, columns, language)
    for form, judged in parts.items():
        trusted = _part(judged, Part.USER_TRUSTED_UI, language)
        if Part.USER_TRUSTED_UI_CLEAR_LINK in judged:
            clear = _part(judged, Part.USER_TRUSTED_UI_CLEAR_LINK, language)
            told = say(_CLEAR_LINK, language).format(clear.plain.replace("\n", " "))
            trusted = Styled.assemble(trusted, "\n", (told, clear.style))
        drawn.add_row(
            form.name,
            _listed((SERVER_PATHS[each] for each in form.to_server), language),
            _part(judged, Part.SERVER_CLEAR, language),
            _part(judged, Part.SERVER_ENCRYPTED, language),
            _listed((USER_PATHS[each] for each in form.to_user), language),
            _part(judged, Part.USER_THROUGH_REE, language),
            trusted,
        )
    return drawn


def _listed(texts: Iterable[Text], language: Language) -> str:
    return "\n".join(f"{say(_ITEM, language)}{say(each, language)}" for each in texts)


def _table(title: Text, heads: tuple[Text, ...], language: Language) -> Table:
    drawn = Table(title=say(title, language), title_justify="left", show_lines=True)
    for head in heads:
        drawn.add_column(say(head, language), overflow="fold")
    return drawn


def _cell(cell: _Cell, language: Language) -> Styled:
    told = shown.sign(holds=cell.verdict.holds, language=language)
    if not cell.if_typed:
        return told
    return Styled.assemble(told, f"\n{say(_IF_TYPED, language)}")


def _part(judged: dict[Part, tuple[Verdict, ...]], part: Part, language: Language) -> Styled:
    if part not in judged:
        return Styled(say(_CANNOT, language), style="dim")
    lost = [each.question.goal for each in judged[part] if not each.holds]
    told = shown.sign(holds=not lost, language=language)
    if lost:
        names = say(_LOST_AND, language).join(say(SHORT[each], language) for each in lost)
        told.append(f"\n{names}")
    return told


def _notes(rows: Rows, language: Language) -> list[Styled]:
    cells = [cell for each in rows.values() for cell in each.values()]
    bases = {basis for cell in cells for basis in cell.verdict.rests_on}
    notes = [
        Styled(say(_RESTS, language).format(shown.bases_line(bases, language))),
        Styled(say(_RESTS_SECOND, language).format(shown.bases_line((Basis.CLOSURE,), language))),
    ]
    if any(cell.if_typed for cell in cells):
        notes.append(Styled(say(_TYPED, language)))
    return notes


def _document(asked: _Asked, against: Against, rows: Rows, parts: Parts) -> dict[str, Any]:
    return {
        "document": DOCUMENT,
        "malware": against.malware,
        "judge": against.judge,
        "defences": shown.in_order(asked.built),
        "forms": [
            {
                "form": form.name,
                "tee": form.can_have_trusted_ui,
                "se_attached_to": form.se_attached_to,
                "authenticator": form.authenticator,
                "to_server": form.to_server,
                "to_user": form.to_user,
                "verdicts": {
                    goal: {
                        "holds": cell.verdict.holds,
                        "holds_if_typed_only_in_trusted_ui": cell.verdict.holds or cell.if_typed,
                        "rests_on": cell.verdict.rests_on,
                    }
                    for goal, cell in cells.items()
                },
                "conditions": {
                    part: {each.question.goal: each.holds for each in judged}
                    for part, judged in parts[form].items()
                },
            }
            for form, cells in rows.items()
        ],
    }
