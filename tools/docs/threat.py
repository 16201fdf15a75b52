"""The tables of the pages about the threat model, in both languages."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING

from tools.docs.marks import between
from warifu.base.rule import Text
from warifu.lab.threat.attacks import minimal_attacks
from warifu.lab.threat.defence_sets import minimal_defences
from warifu.lab.threat.profiles import PROFILES
from warifu.lab.threat.report.outside import OUTSIDE
from warifu.risk.threat.closure import broken_goals
from warifu.risk.threat.defences import DEFENCES, Defence, cost_of
from warifu.risk.threat.forms import FORMS, Form, Judge
from warifu.risk.threat.goals import GAINS, GOALS, Goal
from warifu.risk.threat.malware import MALWARE, Malware
from warifu.risk.threat.moves import MOVES
from warifu.risk.threat.powers import POWERS
from warifu.risk.threat.referee import cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

PAGES = {"docs/threat-model.md": "en", "docs/ja/threat-model.md": "ja"}

LETTERS = {
    Goal.PIN: "P",
    Goal.TRANSACTION: "T",
    Goal.ONCE: "O",
    Goal.TERMINAL: "D",
    Goal.ENROLMENT: "E",
    Goal.RECEIPT: "R",
}
"""One letter for each goal."""
_MARKS = {(False, False): "", (True, True): "{}", (True, False): "{}ˢ", (False, True): "{}ᵗ"}
"""By whether the goal falls with the server and with the terminal as judge."""
NOTHING = "–"
NO_TEE = Text(ja="TEEなし", en="no TEE")

_TYPING = frozenset({Defence.TYPED_ONLY_IN_TRUSTED_UI})
_ALL = PROFILES["all"].defences
_PAPER = PROFILES["paper"].defences
_COMPARED = (
    (
        Text(ja="論文の対策（対策方針2なし）", en="the paper's, without policy 2"),
        _PAPER - {Defence.POLICY_2},
    ),
    (PROFILES["paper"].title, _PAPER),
    (PROFILES["all"].title, _ALL),
)
_MOST_ASKED: tuple[tuple[Goal, ...], ...] = ((Goal.TRANSACTION,), (Goal.PIN,), tuple(Goal))


def threat_pages(root: Path) -> dict[str, str]:
    """Both pages, with their tables as the model has them."""
    return {name: _filled(root / name, language) for name, language in PAGES.items()}


def _filled(path: Path, language: str) -> str:
    text = path.read_text("utf-8")
    for name, block in _BLOCKS.items():
        text = between(text, name, block(language))
    return text


def _sizes(language: str) -> str:
    tables: tuple[tuple[Text, int], ...] = (
        (Text(ja="能力", en="powers"), len(POWERS)),
        (Text(ja="目標", en="goals"), len(GOALS)),
        (Text(ja="途中で得るもの", en="gains on the way"), len(GAINS)),
        (Text(ja="実行形態（判定の主体を除く）", en="forms, each with two judges"), len(FORMS)),
        (Text(ja="防御策", en="defences"), len(DEFENCES)),
        (Text(ja="攻撃者", en="attackers"), len(MALWARE)),
        (Text(ja="手順", en="moves"), len(MOVES)),
        (Text(ja="検証器が判定した欄", en="cells of the referee"), len(cells())),
    )
    head = Text(ja="表", en="table"), Text(ja="行数", en="rows")
    return _table(language, head, [(_in(name, language), str(size)) for name, size in tables])


def _letters(language: str) -> str:
    head = (
        *(Text(ja="記号", en="letter"), Text(ja="目標", en="goal")),
        Text(ja="守られている間に言えること", en="what is true while it holds"),
    )
    rows = [
        (f"**{LETTERS[goal]}**", _in(row.name, language), _in(row.holds, language))
        for goal, row in GOALS.items()
    ]
    return _table(language, head, rows)


def _fallen(defences: frozenset[Defence]) -> Callable[[str], str]:
    def block(language: str) -> str:
        head = (Text(ja="攻撃者", en="attacker"), *(Text(ja=name, en=name) for name in FORMS))
        rows = [
            (
                _in(row.title, language),
                *(_cell(form, row, defences, language) for form in FORMS.values()),
            )
            for row in MALWARE.values()
        ]
        return _table(language, head, rows)

    return block


def _cell(form: Form, row: Malware, defences: frozenset[Defence], language: str) -> str:
    if not row.concerns(form):
        return _in(NO_TEE, language)
    by_server = _lost(form, row, defences, Judge.SERVER)
    by_terminal = _lost(form, row, defences, Judge.TERMINAL)
    lost = [_letter(goal, by_server, by_terminal) for goal in Goal]
    return " ".join(filter(None, lost)) or NOTHING


def _letter(goal: Goal, by_server: frozenset[Goal], by_terminal: frozenset[Goal]) -> str:
    """Nothing where the goal holds, a mark where it falls with one of the two judges only."""
    falls = (goal in by_server, goal in by_terminal)
    return _MARKS[falls].format(LETTERS[goal])


def _lost(form: Form, row: Malware, defences: frozenset[Defence], judge: Judge) -> frozenset[Goal]:
    return broken_goals(form.judged_by(judge).traits(), defences, row.powers)


def _minimal(language: str) -> str:
    """What still breaks each goal with everything built in; forms that fall alike together."""
    head = (
        *(Text(ja="実行形態", en="forms"), Text(ja="目標", en="goal")),
        Text(ja="最小の攻撃（すべての防御策があるとき）", en="minimal attacks, with all defences"),
    )
    rows = []
    for goal in Goal:
        alike: dict[str, list[str]] = defaultdict(list)
        for form, judge in product(FORMS.values(), Judge):
            found = minimal_attacks(form.judged_by(judge), defences=_ALL, goal=goal)
            alike[" · ".join(_names(each) for each in found)].append(f"{form.name} {judge.value}")
        rows += [
            (_merged(forms, language), _in(GOALS[goal].name, language), attacks)
            for attacks, forms in alike.items()
        ]
    return _table(language, head, rows)


def _cheapest(language: str) -> str:
    """The cheapest defences against vicious malware; what all sets share is said once."""
    head = (
        *(Text(ja="実行形態", en="forms"), Text(ja="目標", en="goals")),
        *(Text(ja="組の数", en="minimal sets"), Text(ja="費用", en="cost")),
        Text(ja="最も安い組", en="the cheapest"),
    )
    rows = []
    for goals in _MOST_ASKED:
        alike: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for form, judge in product(FORMS.values(), Judge):
            sets = minimal_defences(
                form.judged_by(judge), powers=MALWARE["vicious"].powers, goals=goals
            )
            best = (str(cost_of(sets[0])), _names(sets[0])) if sets else (NOTHING, NOTHING)
            alike[(str(len(sets)), *best)].append(f"{form.name} {judge.value}")
        asked = " ".join(LETTERS[goal] for goal in goals)
        rows += [
            (_merged(forms, language), asked, count, cost, chosen)
            for (count, cost, chosen), forms in alike.items()
        ]
    return _table(language, head, rows)


def _typing(language: str) -> str:
    """Which verdicts change by the habit of typing the PIN only into Trusted UI."""
    head = (
        *(Text(ja="防御策の組", en="built in"), Text(ja="攻撃者", en="attackers")),
        *(Text(ja="実行形態", en="forms"), Text(ja="目標", en="goals")),
    )
    rows = []
    for title, built in _COMPARED:
        alike: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in MALWARE.values():
            hanging = {
                f"{form.name} {judge.value}": _lost(form, row, built - _TYPING, judge)
                - _lost(form, row, built | _TYPING, judge)
                for form, judge in product(FORMS.values(), Judge)
            }
            forms = [name for name, goals in hanging.items() if goals]
            letters = frozenset().union(*hanging.values())
            if letters:
                key = (
                    _merged(forms, language),
                    " ".join(LETTERS[each] for each in Goal if each in letters),
                )
                alike[key].append(_in(row.title, language))
        rows += [
            (_in(title, language), _listed(attackers, language), forms, letters)
            for (forms, letters), attackers in alike.items()
        ] or [(_in(title, language), NOTHING, NOTHING, NOTHING)]
    return _table(language, head, rows)


def _outside(language: str) -> str:
    head = (
        Text(ja="扱わないもの", en="outside"),
        Text(ja="理由と、備える場所", en="why, and where it is met"),
    )
    return _table(
        language, head, [(_in(each.name, language), _in(each.why, language)) for each in OUTSIDE]
    )


def _merged(judged: Iterable[str], language: str) -> str:
    """Forms, with the judge named only where the other one differs."""
    by_form: dict[str, list[str]] = defaultdict(list)
    for each in judged:
        form, _, judge = each.rpartition(" ")
        by_form[form].append(judge)
    words = {
        "server": Text(ja="（サーバ判定）", en=" (server)"),
        "terminal": Text(ja="（端末判定）", en=" (terminal)"),
    }
    return _listed(
        [
            form if len(judges) == len(Judge) else f"{form}{_in(words[judges[0]], language)}"
            for form, judges in by_form.items()
        ],
        language,
    )


def _names(of: Iterable[Defence] | Iterable[object]) -> str:
    return " + ".join(f"`{each}`" for each in sorted(map(str, of))) or NOTHING


def _listed(words: Iterable[str], language: str) -> str:
    return ("、" if language == "ja" else ", ").join(words)


def _table(language: str, head: Iterable[Text], rows: Iterable[Iterable[str]]) -> str:
    columns = [_in(each, language) for each in head]
    lines = [columns, ["---"] * len(columns), *map(list, rows)]
    return "".join(f"| {' | '.join(each)} |\n" for each in lines)


def _in(text: Text, language: str) -> str:
    return text.ja if language == "ja" else text.en


_BLOCKS: dict[str, Callable[[str], str]] = {
    "sizes": _sizes,
    "goals": _letters,
    "fallen-paper": _fallen(_PAPER),
    "fallen-all": _fallen(_ALL),
    "minimal-attacks": _minimal,
    "cheapest": _cheapest,
    "typing": _typing,
    "outside": _outside,
}
