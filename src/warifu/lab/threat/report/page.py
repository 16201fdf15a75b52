"""The report as one page of HTML that needs nothing beside itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

from warifu.base.rule import Text
from warifu.lab.threat import words as shared_words
from warifu.lab.threat.profiles import PROFILES, Profile
from warifu.lab.threat.report import words
from warifu.lab.threat.report.foundations import proofs_of, refereed_totals
from warifu.lab.threat.report.grid import Cell, Change, Grid, changes, in_order, judge_all
from warifu.lab.threat.report.orders import search_orders
from warifu.lab.threat.report.outside import OUTSIDE
from warifu.lab.threat.report.stories import tell_row, tell_shared
from warifu.risk.threat.closure import broken_goals
from warifu.risk.threat.defences import DEFENCES, Defence
from warifu.risk.threat.forms import FORMS, Judge
from warifu.risk.threat.goals import GOALS, Goal
from warifu.risk.threat.malware import MALWARE, Kind, Malware
from warifu.risk.threat.moves import MOVES
from warifu.risk.threat.powers import POWERS

if TYPE_CHECKING:
    from warifu.authentication.transaction.value import Language

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
"""The page's own policy: no script, and nothing from anywhere."""
TOLD = "vicious"
"""The attacker that every form and goal is told for."""
TOLD_UNDER = "paper"
"""The profile of the stories."""

_STYLE = (files(__package__) / "templates" / "report.css").read_text("utf-8")
_TYPING = frozenset({Defence.TYPED_ONLY_IN_TRUSTED_UI})


class Map(Struct, frozen=True, kw_only=True):
    """The heat map of one profile, and what would change in it."""

    profile: Profile
    grid: Grid
    rows: tuple[tuple[Kind, tuple[tuple[Malware, tuple[Cell, ...]], ...]], ...]
    held: int
    total: int
    if_terminal_judges: tuple[Change, ...]
    with_typing: tuple[Change, ...]
    """From PINs typed anywhere to PINs typed only into Trusted UI."""


def build_report(
    *,
    language: Language | str,
    at: datetime,
    malware: Iterable[Malware] = tuple(MALWARE.values()),
    profiles: Iterable[Profile] = tuple(PROFILES.values()),
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """Judge everything, and write the page.

    Args:
        language: ``ja`` or ``en``.
        at: When it is made, with its offset; the same time gives the same bytes.
        malware: The attackers in the heat maps.
        profiles: The sets of defences in the heat maps.
        progress: Told how many parts are done, and of how many.

    Returns:
        HTML in UTF-8's characters, with no script and no reference to anything outside.

    Raises:
        VerifierFault: A certificate proves nothing: the model contradicts itself.
    """
    order = list(Kind)
    attackers = tuple(sorted(malware, key=lambda each: order.index(each.kind)))
    chosen = tuple(profiles)
    told = judge_all(PROFILES[TOLD_UNDER].defences, MALWARE.values())
    vicious = next(row for row in told.rows if row[0].malware.name == TOLD)
    step = _Steps(len(chosen) + len(vicious) * len(Goal) + 1, progress).step
    maps = tuple(_map(each, attackers, step) for each in chosen)
    stories = tell_row(vicious, str(language), step)
    shared = tell_shared(told, str(language), but=frozenset({TOLD}))
    step()
    page = _environment(str(language)).get_template("page.html.j2")
    return page.render(
        at=at,
        digest=_digest(),
        maps=maps,
        stories_by_form=list(zip(vicious, stories, strict=True)),
        shared=[
            (broken, list(some)) for broken, some in groupby(shared, key=lambda each: each.broken)
        ],
        harmless=[row[0].malware for row in told.rows if not any(cell.fallen for cell in row)],
        proofs=[proofs_of(each.profile.title, [each.grid]) for each in maps],
        totals=refereed_totals(),
        orders=search_orders(str(language)),
        findings=_findings(),
        outside=OUTSIDE,
    )


def _findings() -> tuple[tuple[str, bool, tuple[str, ...]], ...]:
    """What the table at a glance comes to: a word, whether any form is left, and which."""
    paper = PROFILES[TOLD_UNDER].defences
    asked = (
        ("finding_transaction", paper, Goal.TRANSACTION),
        ("finding_without", paper - {Defence.TRUSTED_UI}, Goal.TRANSACTION),
        ("finding_pin", paper, Goal.PIN),
        ("finding_typing", paper | _TYPING, Goal.PIN),
    )
    powers = MALWARE[TOLD].powers
    found = (
        (
            word,
            [f.name for f in FORMS.values() if goal not in broken_goals(f.traits(), built, powers)],
        )
        for word, built, goal in asked
    )
    return tuple((word, bool(forms), tuple(forms)) for word, forms in found)


class _Steps:
    """Counts what is done."""

    def __init__(self, total: int, progress: Callable[[int, int], None] | None) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def step(self) -> None:
        """One more."""
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total)


def _map(profile: Profile, attackers: tuple[Malware, ...], step: Callable[[], None]) -> Map:
    grid = judge_all(profile.defences, attackers)
    terminal = judge_all(profile.defences, attackers, Judge.TERMINAL)
    anywhere, only = (
        judge_all(each, attackers)
        for each in (profile.defences - _TYPING, profile.defences | _TYPING)
    )
    pairs = zip(attackers, grid.rows, strict=True)
    found = Map(
        profile=profile,
        grid=grid,
        rows=tuple(
            (kind, tuple(some)) for kind, some in groupby(pairs, key=lambda pair: pair[0].kind)
        ),
        held=sum(each.holds for each in grid.verdicts()),
        total=sum(1 for _ in grid.verdicts()),
        if_terminal_judges=changes(grid, terminal),
        with_typing=changes(anywhere, only),
    )
    step()
    return found


def _digest() -> str:
    """Of all rows that verdicts are made of: two reports with the same one say the same."""
    rows = (POWERS, GOALS, DEFENCES, FORMS, MALWARE, MOVES)
    return sha256(msgspec.json.encode(rows, order="deterministic")).hexdigest()[:16]


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("warifu.lab.threat.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["say"] = partial(_say, language)
    environment.filters["head"] = partial(_head, language)
    environment.filters["in_order"] = in_order
    environment.filters["moment"] = partial(_moment, language)
    environment.globals |= {
        "t": {name: _say(language, text) for name, text in words.WORDS.items()},
        "language": language,
        "policy": POLICY,
        "style": Markup(_STYLE),  # noqa: S704 - a file of this package
        "words": shared_words,
        "bases_mean": words.BASES_MEAN,
        "powers": POWERS,
        "goals": GOALS,
        "defences": DEFENCES,
        "forms": FORMS,
        "malware": MALWARE,
        "told": TOLD,
    }
    return environment


def _say(language: str, text: Text) -> str:
    return text.ja if language == "ja" else text.en


def _head(language: str, text: Text) -> str:
    """At the beginning of a line: the tables have phrases, in small letters."""
    said = _say(language, text)
    return said[:1].upper() + said[1:]


def _moment(language: str, at: datetime) -> str:
    offset = "UTC" + (f"{at:%z}"[:3] + ":" + f"{at:%z}"[3:5] if at.utcoffset() else "")
    if language == "ja":
        return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}（{offset}）"
    return f"{at:%Y-%m-%d %H:%M} {offset}"
