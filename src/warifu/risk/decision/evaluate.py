"""Conditions in CEL, and the one way to ask whether they hold.

The library answers a missing variable, a wrong type or a failing function with a value that is
truthy. Therefore three walls: a condition is only evaluated where every fact it reads is known and
of its registered type; its result must be ``True`` itself; and whatever else comes back, exceptions
included, is an error that refuses.

A condition must be a boolean by CEL's own type check, may name registered facts and the few
functions of `FUNCTIONS` only, and may not loop: what it costs is bounded by its length.
"""

from __future__ import annotations

import re
from enum import Enum
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from cel_expr_python import cel
from msgspec import Struct

from warifu.base.errors import Misuse
from warifu.base.rule import Rule, Text
from warifu.risk.decision.facts import REGISTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from warifu.risk.decision.facts import Fact, Facts, Value

MAX_EXPRESSION = 500
"""Characters of one condition."""
MAX_DEPTH = 16
"""Brackets within brackets."""
MAX_TEXT = 1024
"""Characters of a text fact, and members of a list fact; longer ones count as errors."""
MAX_TOGETHER = 64
"""Sets of unknown facts for which what remains is compiled as one program."""
MAX_REMEMBERED = 4096
"""Answers kept for the conditions of one operation."""
FUNCTIONS = frozenset({"contains", "endsWith", "size", "startsWith"})

EXPRESSION = Rule(
    code="decision/expression",
    clause="CEL language definition; docs/decisions/0012-decisions.md",
    requires=Text(
        ja="規則の条件式は、登録された事実だけを参照する真偽値の式でなければなりません。",
        en="The condition of a rule is a boolean expression over registered facts only.",
    ),
    stops="a rule that silently never or always holds, and expressions that run away",
)


class State(Enum):
    """What came of one condition."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"
    """A fact it reads is not known."""
    ERROR = "error"
    """A fact is of no type or value it can have, or the evaluation did not end in a boolean."""


class Finding(Struct, frozen=True, gc=False):
    """What came of one condition, and the facts that were in the way."""

    state: State
    facts: tuple[str, ...] = ()


_Misses = tuple[tuple[int, Finding], ...]


class Condition:
    """One compiled expression and the facts that it reads."""

    __slots__ = ("facts", "fetch", "program", "reads", "text")

    def __init__(self, text: str) -> None:
        """Compile and check.

        Args:
            text: A CEL expression over the paths of `REGISTER`.

        Raises:
            Misuse: Not a boolean over registered facts, or beyond a limit.
        """
        _check_shape(text)
        self.text = text
        self.program = _compile(_ENVIRONMENT, text)
        if self.program.return_type() != cel.Type.BOOL:
            raise Misuse(EXPRESSION, f"no boolean: {text}")
        self.reads = _facts_read(text)
        if not self.reads:
            raise Misuse(EXPRESSION, f"reads no fact: {text}")
        self.facts = tuple(REGISTER[path] for path in self.reads)
        self.fetch = _fetcher(self.reads)
        """From facts to what it reads, in the order of `reads`; None where that is not known."""

    def find(self, values: Mapping[str, Value | None]) -> Finding:
        """Evaluate by itself, over values by path; whatever is not there is not known."""
        return self.find_in(*_prepare(self.facts, map(values.get, self.reads)))

    def find_in(
        self,
        known: Mapping[str, object],
        unknown: Sequence[str],
        wrong: Sequence[str],
    ) -> Finding:
        """Evaluate over facts that were prepared; `known` may hold more than is read."""
        if lost := tuple(path for path in self.reads if path in unknown):
            return _UNKNOWN_BY.get(lost) or Finding(State.UNKNOWN, lost)
        if bad := tuple(path for path in self.reads if path in wrong):
            return Finding(State.ERROR, bad)
        return _finding(_evaluate(self.program, {path: known[path] for path in self.reads}))


class ConditionSet:
    """Several conditions, answered by one or two evaluations of all that can be answered.

    Conditions that read no number meet the same few values again and again: what they said is
    remembered by all values they read and the types of these. The others are evaluated each time.
    """

    __slots__ = ("_counting", "_remembered", "_steady", "conditions")

    def __init__(self, conditions: Sequence[Condition]) -> None:
        """Compile them once more in groups, so that each has its own answer in one evaluation."""
        self.conditions = tuple(conditions)
        counting = [
            place
            for place, each in enumerate(conditions)
            if any(fact.kind is int for fact in each.facts)
        ]
        steady = [place for place in range(len(conditions)) if place not in counting]
        self._counting = _Group(conditions, counting) if counting else None
        self._steady = _Group(conditions, steady) if steady else None
        self._remembered: dict[object, _Misses] = {}

    def find(self, facts: Facts) -> _Misses:
        """The conditions that do not hold, in their order: place and finding of each."""
        misses = self._find_steady(self._steady, facts) if self._steady else _NO_MISS
        if self._counting is None:
            return misses
        more = self._counting.find(self._counting.fetch(facts))
        if misses and more:
            return tuple(sorted((*misses, *more), key=itemgetter(0)))
        return misses or more

    def _find_steady(self, group: _Group, facts: Facts) -> _Misses:
        values = group.fetch(facts)
        # With the types: True and 1 are equal, and only one of them is a boolean.
        key = (values, tuple(map(type, values)))
        try:
            found = self._remembered.get(key)
        except TypeError:
            return group.find(values)
        if found is None:
            found = group.find(values)
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = found
        return found


class _Group:
    """Conditions that are evaluated together."""

    __slots__ = ("_conditions", "_facts", "_together", "fetch")

    def __init__(self, conditions: Sequence[Condition], places: Sequence[int]) -> None:
        self._conditions = [(place, conditions[place]) for place in places]
        reads = tuple(sorted({path for _, each in self._conditions for path in each.reads}))
        self._facts = tuple(REGISTER[path] for path in reads)
        self.fetch = _fetcher(reads)
        self._together: dict[frozenset[str], _Together | None] = {}

    def find(self, values: Sequence[object]) -> _Misses:
        known, unknown, wrong = _prepare(self._facts, values)
        together = self._without(frozenset((*unknown, *wrong)) if unknown or wrong else _NOTHING)
        answers = None if together is None else _evaluate(together.program, known)
        # One failing member makes an error of the whole list: then each is asked by itself.
        if together is None or type(answers) is not list or len(answers) != len(together.places):
            found = (
                (place, each.find_in(known, unknown, wrong)) for place, each in self._conditions
            )
            return tuple(miss for miss in found if miss[1].state is not State.HOLDS)
        misses = [
            (place, _finding(answer))
            for place, answer in zip(together.places, answers, strict=True)
            if answer is not True
        ]
        misses += [(place, each.find_in(known, unknown, wrong)) for place, each in together.hidden]
        return tuple(misses)

    def _without(self, hidden: frozenset[str]) -> _Together | None:
        """What can be answered without these facts; None where nothing can, or never seen."""
        if hidden not in self._together and len(self._together) < MAX_TOGETHER:
            self._together[hidden] = _together(self._conditions, hidden)
        return self._together.get(hidden)


class _Together(Struct, frozen=True):
    """Some conditions as one program, and those that are left out."""

    program: Any
    places: tuple[int, ...]
    hidden: tuple[tuple[int, Condition], ...]


def _together(
    conditions: Sequence[tuple[int, Condition]], hidden: frozenset[str]
) -> _Together | None:
    chosen = [(place, each) for place, each in conditions if hidden.isdisjoint(each.reads)]
    if not chosen:
        return None
    texts = ", ".join(f"({each.text})" for _, each in chosen)
    return _Together(
        _compile(_ENVIRONMENT, f"[{texts}]"),
        tuple(place for place, _ in chosen),
        tuple(entry for entry in conditions if entry not in chosen),
    )


def _prepare(
    facts: Iterable[Fact],
    values: Iterable[Any],
) -> tuple[dict[str, object], list[str], list[str]]:
    """Sort values into known ones as CEL takes them, unknown paths, and paths of wrong type."""
    known: dict[str, object] = {}
    unknown: list[str] = []
    wrong: list[str] = []
    for fact, value in zip(facts, values, strict=True):
        kind = type(value)
        if value is None:
            unknown.append(fact.path)
        elif kind is not fact.kind and not (fact.kind is str and isinstance(value, str)):
            # Exactly: CEL would take True for the number 1.
            wrong.append(fact.path)
        elif kind is bool or kind is int:
            known[fact.path] = value
        elif len(value) > MAX_TEXT or (fact.values and value not in fact.values):
            wrong.append(fact.path)
        else:
            known[fact.path] = list(value) if kind is tuple else str(value)
    return known, unknown, wrong


def _finding(answer: object) -> Finding:
    if answer is True:
        return _HOLDS
    return _FAILS if answer is False else _ERROR


def _evaluate(program: cel.Expression, values: Mapping[str, object]) -> object:
    try:
        return program.eval(data=values).plain_value()
    except Exception:  # noqa: BLE001 - the library has no common error, and none may serve
        return None


def _fetcher(paths: tuple[str, ...]) -> Callable[[Facts], tuple[Any, ...]]:
    fetch = attrgetter(*paths)
    if len(paths) == 1:
        return lambda facts: (fetch(facts),)
    return fetch


def _check_shape(text: str) -> None:
    """Limits, and no functions but `FUNCTIONS`: CEL's loops are written as functions."""
    if not text.isprintable() or len(text) > MAX_EXPRESSION:
        raise Misuse(EXPRESSION, f"more than {MAX_EXPRESSION} characters, or unprintable ones")
    if any(mark in text for mark in _BEYOND_US):
        raise Misuse(EXPRESSION, f"escapes, comments or long texts in: {text}")
    bare = _TEXTS.sub("''", text)
    depth = deepest = 0
    for character in bare:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise Misuse(EXPRESSION, f"more than {MAX_DEPTH} levels of brackets")
    for name in _CALLS.findall(bare):
        if name not in FUNCTIONS and name not in _WORDS:
            raise Misuse(EXPRESSION, f"function {name} in: {text}")


def _compile(environment: cel.Env, text: str) -> cel.Expression:
    try:
        return environment.compile(text)
    except Exception as error:
        raise Misuse(EXPRESSION, f"{error}".replace("\n", " ")) from error


def _facts_read(text: str) -> tuple[str, ...]:
    """What the expression does not compile without: the compiler's own word, not ours."""
    return tuple(
        path
        for path in REGISTER
        if path.rpartition(".")[2] in text and not _compiles_without(path, text)
    )


def _compiles_without(path: str, text: str) -> bool:
    if path not in _WITHOUT:
        _WITHOUT[path] = cel.NewEnv(
            variables={name: kind for name, kind in _VARIABLES.items() if name != path},
        )
    try:
        _WITHOUT[path].compile(text)
    except RuntimeError:
        return False
    return True


_BEYOND_US = ("\\", "`", "//", "'''", '"""')
"""What could hide a function from `_CALLS`."""
_TEXTS = re.compile(r"'[^']*'|\"[^\"]*\"")
_CALLS = re.compile(r"([A-Za-z_]\w*)\s*\(")
_WORDS = frozenset({"in"})
_KINDS = {
    bool: cel.Type.BOOL,
    int: cel.Type.INT,
    str: cel.Type.STRING,
    tuple: cel.Type.List(cel.Type.STRING),
}
_VARIABLES = {path: _KINDS[fact.kind] for path, fact in REGISTER.items()}
_ENVIRONMENT = cel.NewEnv(variables=_VARIABLES)
_WITHOUT: dict[str, cel.Env] = {}
_NOTHING: frozenset[str] = frozenset()
_NO_MISS: _Misses = ()
_HOLDS = Finding(State.HOLDS)
_FAILS = Finding(State.FAILS)
_ERROR = Finding(State.ERROR)
_UNKNOWN_BY: dict[tuple[str, ...], Finding] = {
    (path,): Finding(State.UNKNOWN, (path,)) for path in REGISTER
}
