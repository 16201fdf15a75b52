"""What the verdicts of the report rest on, counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.rule import Text
from warifu.risk.threat.closure import broken_goals
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.question import Attack, Basis
from warifu.risk.threat.referee import cells, question_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warifu.lab.threat.report.grid import Grid


class Proofs(Struct, frozen=True, kw_only=True):
    """The verdicts of some grids, each proved and its proof checked."""

    title: Text
    attacks: int
    safe: int
    refereed: int
    """Those that the referee judged as well."""

    @property
    def verdicts(self) -> int:
        """All of them."""
        return self.attacks + self.safe


class RefereedTotals(Struct, frozen=True, kw_only=True):
    """Our verdicts on the referee's 640 cells."""

    both_hold: int
    only_pin_falls: int
    only_transaction_falls: int
    both_fall: int

    @property
    def cells(self) -> int:
        """All of them."""
        falling = self.only_pin_falls + self.only_transaction_falls + self.both_fall
        return self.both_hold + falling


def proofs_of(title: Text, grids: Iterable[Grid]) -> Proofs:
    """Count the proofs of grids; they were checked when the grids were made."""
    verdicts = [verdict for grid in grids for verdict in grid.verdicts()]
    attacks = sum(isinstance(each.certificate, Attack) for each in verdicts)
    return Proofs(
        title=title,
        attacks=attacks,
        safe=len(verdicts) - attacks,
        refereed=sum(Basis.REFEREE in each.rests_on for each in verdicts),
    )


def refereed_totals() -> RefereedTotals:
    """Judge the referee's cells."""
    found = Counter(
        broken_goals(asked.form.traits(), asked.defences, asked.powers) & _REFEREED
        for asked in (question_of(cell, Goal.PIN) for cell in cells())
    )
    return RefereedTotals(
        both_hold=found[frozenset()],
        only_pin_falls=found[frozenset({Goal.PIN})],
        only_transaction_falls=found[frozenset({Goal.TRANSACTION})],
        both_fall=found[_REFEREED],
    )


_REFEREED = frozenset({Goal.PIN, Goal.TRANSACTION})
