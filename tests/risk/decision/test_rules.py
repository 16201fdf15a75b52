"""What is refused when a rule set is loaded."""

import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.risk.decision.cases import standard, standard_bytes
from tests.support import misuse
from warifu.base.errors import Misuse
from warifu.base.rule import Rule
from warifu.risk.decision.evaluate import EXPRESSION
from warifu.risk.decision.rules import (
    AMOUNT,
    COVERAGE,
    FORM,
    MAX_BYTES,
    MAX_RULES,
    OUTAGE,
    UNIQUE,
    RuleSet,
    load_rules,
)

SMALL = """
id = "small"
currency = "JPY"
[operations.transfer]
trust_stale = { then = "refuse" }
vendor_down = { then = "limit", amount = 5 }
[[rules]]
id = "bound"
operations = ["transfer"]
holds = "binding.bound"
otherwise = { refuse = true }
customer = { ja = "登録してください。", en = "Please register." }
analyst = { ja = "未登録です。", en = "Not bound." }
"""
ANOTHER = SMALL[SMALL.index("[[rules]]") :].replace('"bound"', '"another"')


def load(text: str) -> RuleSet:
    return load_rules(text.encode())


def test_small_rule_set_loads() -> None:
    assert [rule.id for rule in load(SMALL).rules] == ["bound"]


@pytest.mark.parametrize(
    ("was", "becomes", "rule"),
    [
        ('currency = "JPY"', 'currency = "yen"', FORM),
        ('currency = "JPY"', "", FORM),
        ('currency = "JPY"', 'currency = "JPY"\nnotes = "x"', FORM),
        ('id = "small"', 'id = "Small Rules"', FORM),
        ('id = "bound"', 'id = "bound\\n"', FORM),
        ("otherwise = { refuse = true }", "othrewise = { refuse = true }", FORM),
        ("{ refuse = true }", "{ }", FORM),
        ("{ refuse = true }", "{ refuse = true, limit = 5 }", FORM),
        ("{ refuse = true }", '{ step_up = ["prayer"] }', FORM),
        ("{ refuse = true }", "{ limit = 0 }", FORM),
        ("{ refuse = true }", "{ limit = 5.0 }", FORM),
        ("{ refuse = true }", "{ limit = true }", FORM),
        ('["transfer"]', '["dance"]', FORM),
        ('["transfer"]', "[]", COVERAGE),
        ('["transfer"]', '["transfer", "transfer"]', COVERAGE),
        ('["transfer"]', '["login"]', COVERAGE),
        ("[[rules]]", '[operations.login]\ntrust_stale = { then = "refuse" }\n[[rules]]', COVERAGE),
        ("[operations.transfer]", "[operations.dance]", FORM),
        ('trust_stale = { then = "refuse" }', "", OUTAGE),
        ('vendor_down = { then = "limit", amount = 5 }', "", OUTAGE),
        ('{ then = "refuse" }', '{ then = "serve" }', FORM),
        ('{ then = "refuse" }', '{ then = "recent" }', FORM),
        ('{ then = "refuse" }', '{ then = "recent", seconds = 99999999 }', FORM),
        ('{ then = "refuse" }', '{ then = "refuse", amount = 5 }', FORM),
        ("binding.bound", "binding.bond", EXPRESSION),
        ("binding.bound", "true", EXPRESSION),
        ('en = "Not bound."', 'en = ""', FORM),
        (', en = "Please register."', "", FORM),
    ],
)
def test_mistake_in_a_rule_set_is_refused(was: str, becomes: str, rule: Rule) -> None:
    assert was in SMALL
    with misuse(rule):
        load(SMALL.replace(was, becomes))


def test_two_rules_of_one_name_are_refused() -> None:
    with misuse(UNIQUE):
        load(SMALL + ANOTHER.replace("another", "bound"))


def test_limit_on_an_operation_without_amount_is_refused() -> None:
    login = SMALL.replace("transfer", "login").replace('"limit", amount = 5', '"refuse"')
    assert load(login).rules
    with misuse(AMOUNT):
        load(login.replace("{ refuse = true }", "{ limit = 5 }"))
    with misuse(AMOUNT):
        load(SMALL.replace("transfer", "login"))


def test_too_many_rules_are_refused() -> None:
    many = "".join(ANOTHER.replace("another", f"r{n}") for n in range(MAX_RULES + 1))
    with misuse(FORM):
        load(SMALL + many)
    with misuse(COVERAGE):
        load(SMALL + "".join(ANOTHER.replace("another", f"r{n}") for n in range(64)))


def test_too_large_a_file_is_refused() -> None:
    with misuse(FORM):
        load(SMALL + "#" * MAX_BYTES)


def test_digest_is_of_the_meaning_and_not_of_the_layout() -> None:
    first = load(SMALL + ANOTHER)
    assert load("# comment\n" + SMALL.replace(" = ", "=") + ANOTHER).digest == first.digest
    head, rule = SMALL.split("[[rules]]")
    assert load(f"{head}{ANOTHER}[[rules]]{rule}").digest == first.digest
    assert re.fullmatch("[0-9a-f]{64}", first.digest)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("binding.bound", "!binding.bound"),
        ("amount = 5", "amount = 6"),
        ("Please register.", "Please register!"),
        ("{ refuse = true }", "{ limit = 5 }"),
        ("JPY", "USD"),
    ],
)
def test_digest_changes_with_everything_that_is_said(was: str, becomes: str) -> None:
    assert load(SMALL).digest != load(SMALL.replace(was, becomes)).digest


def test_standard_rule_set_has_the_same_digest_each_time() -> None:
    assert load_rules(standard_bytes()).digest == standard().digest


@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
@example(b"a = " + b"[" * 5000)
@example(b"a = 1" + b"0" * 5000)
@example(b"a = 1979-13-45T99:99:99Z")
@example(b"\xff")
def test_any_bytes_are_a_rule_set_or_misuse(data: Any) -> None:
    with pytest.raises(Misuse) as caught:
        load_rules(data)
    assert caught.value.code == FORM.code


@given(st.data())
def test_any_damage_to_the_standard_rule_set_is_read_or_misuse(data: st.DataObject) -> None:
    whole = SMALL.encode()
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + data.draw(st.binary(max_size=3)) + whole[at + 1 :]
    with suppress(Misuse):
        assert isinstance(load_rules(damaged), RuleSet)
