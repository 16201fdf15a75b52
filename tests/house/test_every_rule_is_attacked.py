"""A rule that no test ever breaks is a claim without evidence."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import warifu
from warifu.attestation.rule_book import TABLES
from warifu.base.rule import Rule

TESTS = Path(__file__).resolve().parents[1]


def stated_codes() -> set[str]:
    """Code of every rule stated anywhere in the package."""
    return {
        value.code
        for entry in pkgutil.walk_packages(warifu.__path__, "warifu.")
        if entry.name != "warifu.__main__"
        for value in vars(importlib.import_module(entry.name)).values()
        if isinstance(value, Rule)
    }


@cache
def attacked_codes() -> frozenset[str]:
    """Codes of all rules that test files name, resolved through their imports."""
    return frozenset(code for path in TESTS.rglob("test_*.py") for code in _codes_named_in(path))


def _codes_named_in(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    known: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("warifu"):
            known.update(_imported(node))
    for node in ast.walk(tree):
        value: object = None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            value = getattr(known.get(node.value.id), node.attr, None)
        elif isinstance(node, ast.Name):
            value = known.get(node.id)
        if isinstance(value, Rule):
            yield value.code


def _imported(node: ast.ImportFrom) -> Iterator[tuple[str, object]]:
    for alias in node.names:
        module = importlib.import_module(str(node.module))
        value = getattr(module, alias.name, None)
        if value is None:
            value = importlib.import_module(f"{node.module}.{alias.name}")
        yield alias.asname or alias.name, value


@pytest.mark.parametrize("code", sorted(stated_codes()))
def test_every_rule_is_broken_by_some_test(code: str) -> None:
    assert code in attacked_codes(), f"no test refuses by {code}"


def test_codes_are_unique() -> None:
    seen: dict[str, Rule] = {}
    for table in TABLES.values():
        for rule in table.RULES:
            assert seen.setdefault(rule.code, rule) is rule, rule.code


def test_every_rule_speaks_both_languages_and_names_its_source() -> None:
    for table in TABLES.values():
        for rule in table.RULES:
            assert rule.clause, rule.code
            assert rule.requires.en.endswith("."), rule.code
            assert rule.requires.ja.endswith("。"), rule.code


def test_every_proof_names_a_rule_of_the_book() -> None:
    for table in TABLES.values():
        for path, rules in table.PROOFS.items():
            assert rules, path
            assert all(isinstance(rule, Rule) for rule in rules), path
