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


class Tallied(Struct, frozen=True, kw_only=True):
    """What one rule set does to what another one decided."""

    seen: int
    rows: tuple[Row, ...]
    """Those who lose most first."""

    def total(self, shift: Shift) -> int:
        """Over all operations and models."""
        return sum(row.counts.get(shift, 0) for row in self.rows)


class Report(Tallied, frozen=True, kw_only=True):
    """What came of a dry run."""

    before: str
    """Digest of the rule set that decides now."""
    after: str


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
    tally = Tally()
    for facts in stored:
        old = decide(facts, before, circumstances)
        new = decide(facts, after, circumstances)
        tally.add(
            facts.operation.kind,
            facts.device.model,
            compare(old.outcome, new.outcome),
            because=(each.code for each in new.reasons if each.passed_over is None),
        )
    counted = tally.counted()
    return Report(before=before.digest, after=after.digest, seen=counted.seen, rows=counted.rows)


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


class Tally:
    """Counts differences between outcomes, in bounded memory."""

    def __init__(self) -> None:
        """Nothing is counted yet."""
        self._seen = 0
        self._models: set[str] = set()
        self._counts: dict[tuple[Operation, str], dict[Shift, int]] = {}
        self._because: dict[tuple[Operation, str], dict[str, int]] = {}

    def add(
        self, operation: Operation, model: str | None, shift: Shift, *, because: Iterable[str]
    ) -> None:
        """Count one request.

        Args:
            operation: What was asked for.
            model: Of the device; None where it is not known.
            shift: From `compare`.
            because: Codes of the reasons of the other rule set; they count for those who lose.
        """
        self._seen += 1
        key = (operation, self._model(model or UNKNOWN_MODEL))
        counts = self._counts.setdefault(key, {})
        counts[shift] = counts.get(shift, 0) + 1
        if shift is not Shift.LOSES:
            return
        codes = self._because.setdefault(key, {})
        for code in because:
            codes[code] = codes.get(code, 0) + 1

    def counted(self) -> Tallied:
        """What was counted so far."""
        return Tallied(seen=self._seen, rows=tuple(self._rows()))

    def _model(self, model: str) -> str:
        if model not in self._models:
            if len(self._models) >= MAX_MODELS:
                return OTHER_MODELS
            self._models.add(model)
        return model

    def _rows(self) -> Iterator[Row]:
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
