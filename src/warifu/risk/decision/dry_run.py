"""Who would lose or gain service under another rule set: stored facts against both, in a stream.

Memory does not grow with the number of facts: counts are kept by operation and model, and models
beyond `MAX_MODELS` are counted together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.risk.decision.decide import Circumstances, Limit, Outcome, Refuse, Serve, StepUp, decide
from warifu.risk.decision.facts import Facts, Operation

if TYPE_CHECKING:
    from warifu.risk.decision.rules import RuleSet

MAX_MODELS = 10_000
OTHER_MODELS = "(other models)"
UNKNOWN_MODEL = "(unknown model)"


class Shift(StrEnum):
    """What the other rule set does to one request."""

    SAME = "same"
    LOSES = "loses"
    """From any service to none."""
    WORSE = "worse"
    """Still served, with more asked or less given."""
    BETTER = "better"
    GAINS = "gains"
    """From no service to some."""
    DIFFERS = "differs"
    """Neither better nor worse: other methods are asked for."""


class Row(Struct, frozen=True, kw_only=True):
    """One operation on one model."""

    operation: Operation
    model: str
    counts: dict[Shift, int]
    because: dict[str, int]
    """For those that lose service: how often each reason stood in the way."""


class Report(Struct, frozen=True, kw_only=True):
    """What came of a dry run."""

    before: str
    """Digest of the rule set that decides now."""
    after: str
    seen: int
    rows: tuple[Row, ...]
    """Those who lose most first."""

    def total(self, shift: Shift) -> int:
        """Over all operations and models."""
        return sum(row.counts.get(shift, 0) for row in self.rows)


def dry_run(
    stored: Iterable[Facts], *, before: RuleSet, after: RuleSet, circumstances: Circumstances
) -> Report:
    """Decide everything twice and count the differences.

    Args:
        stored: Facts as they were when they were decided upon.
        before: The rule set that decides now.
        after: The one that might.
        circumstances: Kill switches and exemptions, the same for both.
    """
    counts = _Counts()
    for facts in stored:
        old = decide(facts, before, circumstances)
        new = decide(facts, after, circumstances)
        shift = compare(old.outcome, new.outcome)
        counts.add(
            facts,
            shift,
            (each.code for each in new.reasons if each.passed_over is None)
            if shift is Shift.LOSES
            else (),
        )
    return Report(
        before=before.digest, after=after.digest, seen=counts.seen, rows=tuple(counts.rows())
    )


def compare(old: Outcome, new: Outcome) -> Shift:
    """What a change from one outcome to another means to the customer."""
    if old == new:
        return Shift.SAME
    if isinstance(new, Refuse):
        return Shift.LOSES
    if isinstance(old, Refuse):
        return Shift.GAINS
    worse, better = _burden(old, new), _burden(new, old)
    if worse == better:
        return Shift.DIFFERS
    return Shift.WORSE if worse else Shift.BETTER


def _burden(old: Serve | StepUp | Limit, new: Serve | StepUp | Limit) -> bool:
    """Whether the new outcome asks for something the old one did not, or gives less."""
    asked_before = set() if isinstance(old, Serve) else set(old.methods)
    asked_now = set() if isinstance(new, Serve) else set(new.methods)
    if asked_now - asked_before:
        return True
    if not isinstance(new, Limit):
        return False
    return not isinstance(old, Limit) or new.amount < old.amount


class _Counts:
    """Bounded counters."""

    def __init__(self) -> None:
        self.seen = 0
        self._models: set[str] = set()
        self._counts: dict[tuple[Operation, str], dict[Shift, int]] = {}
        self._because: dict[tuple[Operation, str], dict[str, int]] = {}

    def add(self, facts: Facts, shift: Shift, because: Iterable[str]) -> None:
        self.seen += 1
        key = (facts.operation.kind, self._model(facts.device.model or UNKNOWN_MODEL))
        counts = self._counts.setdefault(key, {})
        counts[shift] = counts.get(shift, 0) + 1
        for code in because:
            codes = self._because.setdefault(key, {})
            codes[code] = codes.get(code, 0) + 1

    def _model(self, model: str) -> str:
        if model not in self._models:
            if len(self._models) >= MAX_MODELS:
                return OTHER_MODELS
            self._models.add(model)
        return model

    def rows(self) -> Iterator[Row]:
        def loss(item: tuple[tuple[Operation, str], dict[Shift, int]]) -> tuple[int, str, str]:
            (operation, model), counts = item
            return -counts.get(Shift.LOSES, 0), operation, model

        for key, counts in sorted(self._counts.items(), key=loss):
            yield Row(
                operation=key[0],
                model=key[1],
                counts=counts,
                because=self._because.get(key, {}),
            )
