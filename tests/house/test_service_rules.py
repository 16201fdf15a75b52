"""The service's rules: each has one meaning, and what broke one privately is told to nobody."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from litestar.connection import Request
from litestar.testing import RequestFactory

import warifu.authentication
import warifu.service
from warifu.base.errors import BadEvidence, Denied, Misuse, VerifierFault, WarifuError
from warifu.base.rule import Rule
from warifu.service.api import problems
from warifu.service.limits.limits import TooMany
from warifu.service.limits.rules import TOO_MANY

if TYPE_CHECKING:
    from types import ModuleType

MARK = "hanakos-phone-c0ffee00"
BRANCHES = (Misuse, BadEvidence, Denied, VerifierFault)


@cache
def modules() -> tuple[ModuleType, ...]:
    return tuple(
        importlib.import_module(entry.name)
        for entry in pkgutil.walk_packages(warifu.service.__path__, "warifu.service.")
    )


@cache
def stated() -> dict[int, tuple[str, Rule]]:
    """All rules of the service by identity, with a module that has each."""
    return {
        id(value): (f"{module.__name__}.{name}", value)
        for module in modules()
        for name, value in vars(module).items()
        if isinstance(value, Rule)
    }


def test_a_code_means_one_rule() -> None:
    seen: dict[str, Rule] = {}
    for place, rule in stated().values():
        assert seen.setdefault(rule.code, rule) is rule, place


@pytest.mark.parametrize("rule", [rule for _, rule in stated().values()], ids=lambda r: r.code)
def test_a_rule_speaks_both_languages_and_names_its_source(rule: Rule) -> None:
    assert rule.clause
    assert rule.requires.en.endswith(".")
    assert rule.requires.ja.endswith("。")


def test_tables_of_rules_are_whole() -> None:
    for module in modules():
        if table := vars(module).get("RULES"):
            of_it = {
                name: value
                for name, value in vars(module).items()
                if isinstance(value, Rule) and value in table
            }
            assert len(of_it) == len(table) == len(set(table)), module.__name__


def test_a_status_is_given_to_rules_that_there_are() -> None:
    ceremonies = (
        importlib.import_module(entry.name)
        for entry in pkgutil.walk_packages(warifu.authentication.__path__, "warifu.authentication.")
    )
    rules = [rule for _, rule in stated().values()]
    rules += [
        each for module in ceremonies for each in vars(module).values() if isinstance(each, Rule)
    ]
    codes = {rule.code for rule in rules}
    assert set(problems.STATUS) <= codes
    tables = [module for module in modules() if module.__name__.endswith("rules")]
    for module in tables:
        for code, status in vars(module).get("STATUS", {}).items():
            assert problems.STATUS[code] == status, module.__name__
            assert 400 <= status <= 599


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("rule", [rule for _, rule in stated().values()], ids=lambda r: r.code)
def test_what_was_seen_reaches_no_client(rule: Rule, language: str) -> None:
    request: Request[Any, Any, Any] = RequestFactory().get(
        headers={"Accept-Language": language, "X-Api-Key": MARK}
    )
    for branch in BRANCHES:
        error = branch(rule, MARK)
        error.__cause__ = ValueError(MARK)
        _is_silent(problems.refusal(request, error))


def test_what_happened_unexpectedly_reaches_no_client() -> None:
    request: Request[Any, Any, Any] = RequestFactory().get()
    _is_silent(problems.unexpected(request, ValueError(MARK)))
    _is_silent(problems.refusal(request, TooMany(TOO_MANY, MARK, 7)))
    faulty: WarifuError = problems.FaultyRequest(
        [problems.Fault(at="$.device", wanted=problems.without_values(f"Invalid value '{MARK}'"))]
    )
    _is_silent(problems.refusal(request, faulty))


def _is_silent(answer: Any) -> None:
    assert MARK.encode() not in answer.content
    assert not [value for value in answer.headers.values() if MARK in str(value)]


def test_no_room_that_answers_callers_looks_at_what_was_seen() -> None:
    """But for the log's line, and for authors of TOML, who wrote what was seen."""
    looking = {
        path.name
        for path in Path(problems.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"detail", "args", "__cause__"}
    }
    assert looking == {"middleware.py", "toml.py"}
