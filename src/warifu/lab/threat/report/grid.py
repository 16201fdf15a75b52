"""The verdicts that the report shows, each with its certificate checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.rule import Text
from warifu.risk.threat.checking import check_certificate
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import FORMS, Form, Judge
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.malware import Malware
from warifu.risk.threat.question import Verdict
from warifu.risk.threat.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Cell(Struct, frozen=True, kw_only=True):
    """One form against one attacker: a verdict for each goal."""

    form: Form
    malware: Malware
    verdicts: tuple[Verdict, ...]
    """Nothing where the attacker does not concern the form."""

    @property
    def fallen(self) -> frozenset[Goal]:
        """The goals that this attacker breaks."""
        return frozenset(each.question.goal for each in self.verdicts if not each.holds)


class Grid(Struct, frozen=True, kw_only=True):
    """All forms, with the same defences and judge, against all attackers."""

    defences: frozenset[Defence]
    judge: Judge
    rows: tuple[tuple[Cell, ...], ...]
    """A row for each attacker, in it a cell for each form."""

    def cells(self) -> Iterator[Cell]:
        """Every cell, row by row."""
        for row in self.rows:
            yield from row

    def verdicts(self) -> Iterator[Verdict]:
        """Every verdict of every cell."""
        for cell in self.cells():
            yield from cell.verdicts


class Change(Struct, frozen=True, kw_only=True):
    """What becomes of an attacker's work in some forms, when one circumstance changes."""

    malware: Text
    forms: tuple[str, ...]
    fall: tuple[Goal, ...]
    """Goals that held before."""
    hold: tuple[Goal, ...]
    """Goals that fell before."""


def judge_all(
    defences: frozenset[Defence], attackers: Iterable[Malware], judge: Judge = Judge.SERVER
) -> Grid:
    """Judge every form against every attacker, and check what proves it.

    Args:
        defences: What is built in.
        attackers: A row each.
        judge: Of the authentication data.

    Raises:
        VerifierFault: A certificate proves nothing: the model contradicts itself.
    """
    rows = tuple(
        tuple(_cell(form.judged_by(judge), defences, each) for form in FORMS.values())
        for each in attackers
    )
    return Grid(defences=defences, judge=judge, rows=rows)


def changes(before: Grid, after: Grid) -> tuple[Change, ...]:
    """Where two grids of the same attackers differ; forms that change alike come together."""
    found: dict[tuple[Text, frozenset[Goal], frozenset[Goal]], list[str]] = {}
    for old, new in zip(before.cells(), after.cells(), strict=True):
        fall, hold = new.fallen - old.fallen, old.fallen - new.fallen
        if fall or hold:
            found.setdefault((old.malware.title, fall, hold), []).append(old.form.name)
    return tuple(
        Change(malware=malware, forms=tuple(forms), fall=in_order(fall), hold=in_order(hold))
        for (malware, fall, hold), forms in found.items()
    )


def in_order(goals: frozenset[Goal]) -> tuple[Goal, ...]:
    """Goals in the order of their table."""
    return tuple(goal for goal in Goal if goal in goals)


def _cell(form: Form, defences: frozenset[Defence], malware: Malware) -> Cell:
    found = tuple(
        verdict(form, defences=defences, powers=malware.powers, goal=goal)
        for goal in (Goal if malware.concerns(form) else ())
    )
    for each in found:
        check_certificate(each.question, each.certificate)
    return Cell(form=form, malware=malware, verdicts=found)
