"""What would have to change for a condition to hold, found once when the rule is loaded.

Most conditions compare facts with constants. Between two neighbouring constants their answer does
not change, so asking them on a small grid (each constant, and what lies just beside it) tells all
they can say. From the grid follow the smallest sets of facts and values that make a condition hold
whatever its other facts are. Where a condition computes, or may compare facts with each other, the
grid is made of the present values when it is asked, and says nothing beyond them.
"""

from __future__ import annotations

import re
from itertools import combinations, product
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from warifu.base.rule import Text
from warifu.risk.decision.evaluate import Condition, State
from warifu.risk.decision.facts import REGISTER, Changer, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warifu.risk.decision.facts import Fact

MAX_GRID = 1024
"""Evaluations spent on one rule when it is loaded; one beyond it names no changes."""
MAX_GRID_NOW = 128
"""The same for a rule whose grid is made anew with each decision."""
MAX_REMEMBERED = 1024
"""Answers kept for one rule."""
MAX_CHANGED = 3
"""Facts changed together."""
MAX_INTEGER = 2**63 - 1


class Change(Struct, frozen=True, gc=False, kw_only=True):
    """One fact, and what it would have to be."""

    fact: str
    was: Value
    to: Value
    changer: Changer
    """Who can bring that about on this device."""
    words: Text
    """The fact in words."""


Way = tuple[Change, ...]
"""Changes that together make a rule hold, and none of which can be left out."""


class ChangeTable:
    """The ways in which one condition can come to hold."""

    __slots__ = ("_condition", "_pair", "_remembered", "_rows")

    def __init__(self, condition: Condition) -> None:
        """Ask the condition on the grid of its own constants."""
        self._condition = condition
        self._pair = _pair(condition)
        self._rows: tuple[_Row, ...] | None = None
        if self._pair is None and _compares_constants_only(condition):
            grid = _candidates(condition, {})
            self._rows = _rows(_enough(condition, grid, MAX_GRID), grid)
        counts = any(fact.kind is int for fact in condition.facts)
        self._remembered: dict[tuple[Value, ...], tuple[Way, ...]] | None = None if counts else {}

    def ways(self, values: tuple[Value, ...]) -> tuple[Way, ...]:
        """The smallest changes from these values, from `Condition.fetch`; all of them are known.

        Of several values of one number, the nearest is named. What was found for values other
        than numbers is remembered: few of them occur, and the same ones give the same ways.
        """
        if self._remembered is None:
            return self._find(dict(zip(self._condition.reads, values, strict=True)))
        found = self._remembered.get(values)
        if found is None:
            found = self._find(dict(zip(self._condition.reads, values, strict=True)))
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[values] = found
        return found

    def _find(self, values: Mapping[str, Value]) -> tuple[Way, ...]:
        if self._pair is not None:
            return self._pair.ways(values)
        if self._rows is not None:
            return _ways([missing for row in self._rows for missing in row.changes(values)], values)
        read = {path: values[path] for path in self._condition.reads}
        grid = _candidates(self._condition, read)
        return _nearest(_enough(self._condition, grid, MAX_GRID_NOW), values)


class _Row(Struct, frozen=True):
    """One way to hold whatever else is: some facts fixed, and at most one number within spans."""

    fixed: tuple[tuple[str, Value], ...]
    number: str | None = None
    spans: tuple[tuple[int, int], ...] = ()
    """From and to, both included; ascending."""

    def changes(self, values: Mapping[str, Value]) -> list[dict[str, Value]]:
        """What is missing from `values`; two ways where the number may go down or up."""
        missing = {path: to for path, to in self.fixed if values[path] != to}
        if self.number is None:
            return [missing]
        now = cast("int", values[self.number])
        nearest: list[int] = []
        for low, high in self.spans:
            if now < low:
                nearest.append(low)
                break
            if now <= high:
                return [missing]
            nearest = [high]
        return [{**missing, self.number: to} for to in nearest]


def _rows(enough: Sequence[Mapping[str, Value]], grid: Sequence[_Candidates]) -> tuple[_Row, ...]:
    """Assignments that differ in their number only, as one row with spans."""
    tried = {each.path: each.tried for each in grid}
    numbers: dict[tuple[tuple[str, Value], ...], dict[str, list[int]]] = {}
    for assignment in enough:
        fixed = tuple((path, to) for path, to in assignment.items() if type(to) is not int)
        row = numbers.setdefault(fixed, {})
        for path, to in assignment.items():
            if type(to) is int:
                row.setdefault(path, []).append(to)
    return tuple(
        _Row(fixed, path, _spans(found, cast("tuple[int, ...]", tried[path])))
        for fixed, row in numbers.items()
        for path, found in row.items()
    ) + tuple(_Row(fixed) for fixed, row in numbers.items() if not row)


def _spans(found: Sequence[int], tried: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Runs of neighbours on the grid; what is so at its ends is so beyond them."""
    spans: list[list[int]] = []
    last = None
    for place, number in enumerate(tried):
        if number in found:
            low = -MAX_INTEGER if place == 0 else number
            high = MAX_INTEGER if place == len(tried) - 1 else number
            if spans and last == place - 1:
                spans[-1][1] = high
            else:
                spans.append([low, high])
            last = place
    return tuple((low, high) for low, high in spans)


class _Pair(Struct, frozen=True):
    """Two numbers compared with each other, and nothing else: ``left <= right``."""

    left: str
    right: str
    step: int
    """What `left` is from `right` where the comparison just holds."""

    def ways(self, values: Mapping[str, Value]) -> tuple[Way, ...]:
        left, right = cast("int", values[self.left]), cast("int", values[self.right])
        candidates = (
            (self.left, left, right + self.step),
            (self.right, right, left - self.step),
        )
        return tuple(
            (_change(path, was, to),) for path, was, to in candidates if abs(to) <= MAX_INTEGER
        )


def _pair(condition: Condition) -> _Pair | None:
    found = _COMPARISON.fullmatch(condition.text)
    if found is None or {fact.kind for fact in condition.facts} != {int}:
        return None
    left, operator, right = found.groups()
    return None if left == right else _Pair(left, right, _STEPS[operator])


def _nearest(enough: Sequence[Mapping[str, Value]], values: Mapping[str, Value]) -> tuple[Way, ...]:
    nearest: dict[frozenset[tuple[str, object]], tuple[int, dict[str, Value]]] = {}
    for assignment in enough:
        missing = {path: to for path, to in assignment.items() if values[path] != to}
        # Two values of a number are one way, two names of a thing are two.
        key = frozenset((path, _kind_of_way(to, values[path])) for path, to in missing.items())
        distance = sum(_distance(values[path], to) for path, to in missing.items())
        if key not in nearest or distance < nearest[key][0]:
            nearest[key] = (distance, missing)
    return _ways([missing for _, missing in nearest.values()], values)


def _ways(found: list[dict[str, Value]], values: Mapping[str, Value]) -> tuple[Way, ...]:
    if len(found) > 1:
        found = [each for each in found if not any(set(o) < set(each) for o in found)]
        found.sort(key=len)
    return tuple(
        [tuple([_change(path, values[path], to) for path, to in each.items()]) for each in found]
    )


def _change(path: str, was: Value, to: Value) -> Change:
    fact = REGISTER[path]
    return Change(fact=path, was=was, to=to, changer=fact.changer, words=fact.words)


def _kind_of_way(to: Value, was: Value) -> object:
    if type(to) is int and type(was) is int:
        return to > was
    return to


def _distance(was: Value, to: Value) -> int:
    return abs(was - to) if type(was) is int and type(to) is int else 0


class _Candidates(Struct, frozen=True):
    """Values to try for one fact, and how many of them may be named as a change."""

    path: str
    tried: tuple[Value, ...]
    named: frozenset[int]
    """Positions in `tried`."""


def _compares_constants_only(condition: Condition) -> bool:
    bare = _TEXTS.sub(" ", condition.text)
    free = [fact.kind for fact in condition.facts if not fact.values]
    return not _COMPUTES.search(bare) and free.count(int) <= 1 and not {str, tuple} & set(free)


def _enough(
    condition: Condition, grid: Sequence[_Candidates], most: int
) -> tuple[dict[str, Value], ...]:
    """The smallest assignments that make the condition hold whatever the other facts are."""
    size = 1
    for each in grid:
        size *= len(each.tried)
    if size > most:
        return ()
    holds = {
        at: condition.find(
            {each.path: each.tried[index] for each, index in zip(grid, at, strict=True)},
        ).state
        is State.HOLDS
        for at in product(*(range(len(each.tried)) for each in grid))
    }
    found: list[dict[int, int]] = []
    for count in range(1, min(len(grid), MAX_CHANGED) + 1):
        for axes in combinations(range(len(grid)), count):
            for choice in product(*(sorted(grid[axis].named) for axis in axes)):
                fixed = dict(zip(axes, choice, strict=True))
                if any(known.items() <= fixed.items() for known in found):
                    continue
                if all(
                    answer
                    for at, answer in holds.items()
                    if all(at[axis] == index for axis, index in fixed.items())
                ):
                    found.append(fixed)
    return tuple(
        {grid[axis].path: grid[axis].tried[index] for axis, index in fixed.items()}
        for fixed in found
    )


def _candidates(condition: Condition, values: Mapping[str, Value]) -> list[_Candidates]:
    found = [a or b for a, b in _TEXTS.findall(condition.text)]
    numbers = {int(each) for each in _NUMBERS.findall(_TEXTS.sub(" ", condition.text))}
    for fact in condition.facts:
        found += fact.values
    for value in values.values():
        if type(value) is str:
            found.append(value)
        elif type(value) is int:
            numbers.add(value)
    texts = tuple(dict.fromkeys(found))
    return [
        _candidates_of(fact, texts, sorted(numbers), values.get(fact.path))
        for fact in condition.facts
    ]


def _candidates_of(
    fact: Fact, texts: Sequence[str], numbers: Sequence[int], present: Value | None
) -> _Candidates:
    tried: tuple[Value, ...] = (True, False)
    if fact.kind is int:
        near = {n + step for n in numbers for step in (-1, 0, 1) if abs(n + step) <= MAX_INTEGER}
        tried = tuple(sorted(near)) or (0,)
    elif fact.kind is tuple:
        tried = _candidates_of_list(texts, present)
    elif fact.kind is str and fact.values:
        tried = fact.values
    elif fact.kind is str:
        # Below every text, and just above each: tried, but no value anyone could bring about.
        tried = (*texts, "", *(f"{text}{_ABOVE}" for text in texts))
        return _Candidates(fact.path, tried, frozenset(range(len(texts))))
    return _Candidates(fact.path, tried, frozenset(range(len(tried))))


def _candidates_of_list(texts: Sequence[str], present: Value | None) -> tuple[Value, ...]:
    """With one more, with one less, with all of them, and empty."""
    now = present if isinstance(present, tuple) else ()
    more = (tuple(dict.fromkeys((*now, text))) for text in texts)
    less = (tuple(each for each in now if each != text) for text in texts)
    return tuple(dict.fromkeys((now, *more, *less, tuple(dict.fromkeys((*now, *texts))), ())))


_COMPARISON = re.compile(r"\s*([a-z_.]+)\s*(<=|<|>=|>|==)\s*([a-z_.]+)\s*")
_STEPS = {"<=": 0, "<": -1, ">=": 0, ">": 1, "==": 0}
_ABOVE = "\N{REPLACEMENT CHARACTER}"
_TEXTS = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_NUMBERS = re.compile(r"\b\d{1,19}\b")
_COMPUTES = re.compile(r"[-+*/%]|(?!\bin\b)\b[A-Za-z_]\w*\s*\(")
