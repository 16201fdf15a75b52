"""The page about decisions: shipped rules, outages, built-in reasons, facts, and the life cycle."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from tools.docs.rules import GENERATED
from warifu.risk.decision.facts import REGISTER
from warifu.risk.decision.life_cycle import diagram
from warifu.risk.decision.reasons import BUILT_IN
from warifu.risk.decision.rules import Limited, Recent, load_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.risk.decision.rules import Consequence, Fallback, RuleSet

SHIPPED = "standard.toml"


def decision_rules_page() -> str:
    """The whole page."""
    rules = load_rules((files("warifu.risk.decision.rule_sets") / SHIPPED).read_bytes())
    lines = [
        "# Rules of decisions",
        GENERATED,
        (
            "A rule holds only if all facts it reads are known and its condition is true itself; "
            "every rule that does not hold is a reason. Of all reasons the most severe consequence "
            "is the outcome: refuse, limit, step up, serve. "
            "[Decision 12](decisions/0012-decisions.md) says why."
        ),
        "",
        f"## The shipped rule set `{rules.id}`",
        "",
        (
            f"`src/warifu/risk/decision/rule_sets/{SHIPPED}`, amounts in minor units of "
            f"{rules.currency}, digest `{rules.digest}`."
        ),
        "",
        *_rules(rules),
        "",
        "## In an outage",
        "",
        *_outages(rules),
        "",
        "## Reasons that hold for every rule set",
        "",
        *_built_in(),
        "",
        "## Facts that rules may read",
        "",
        *_facts(),
        "",
        "## The life of a rule set",
        "",
        "```mermaid",
        diagram().rstrip(),
        "```",
    ]
    return "\n".join(lines) + "\n"


def _rules(rules: RuleSet) -> Iterator[str]:
    yield "| rule | operations | holds | otherwise | customer | analyst |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for entry in rules.entry.rules:
        operations = ", ".join(entry.operations)
        yield (
            f"| `{entry.id}` | {operations} | {_code(entry.holds)} | {_then(entry.otherwise)} "
            f"| {entry.customer.en}<br>{entry.customer.ja} "
            f"| {entry.analyst.en}<br>{entry.analyst.ja} |"
        )


def _outages(rules: RuleSet) -> Iterator[str]:
    yield "Evidence that was sent but could not be judged is passed over only as stated here."
    yield ""
    yield "| operation | trust data is stale | vendor's service is down |"
    yield "| --- | --- | --- |"
    for operation, chosen in rules.operations.items():
        yield f"| {operation} | {_fall(chosen.trust_stale)} | {_fall(chosen.vendor_down)} |"


def _built_in() -> Iterator[str]:
    yield "| code | customer | analyst |"
    yield "| --- | --- | --- |"
    for each in BUILT_IN:
        yield (
            f"| `{each.code}` | {each.customer.en}<br>{each.customer.ja} "
            f"| {each.analyst.en}<br>{each.analyst.ja} |"
        )


def _facts() -> Iterator[str]:
    yield "| fact | type | what | 内容 | values | established by | can be changed by |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for fact in REGISTER.values():
        kind = "list of str" if fact.kind is tuple else fact.kind.__name__
        values = ", ".join(f"`{value}`" for value in fact.values)
        yield (
            f"| `{fact.path}` | {kind} | {fact.words.en} | {fact.words.ja} | {values} "
            f"| {fact.source} | {fact.changer} |"
        )


def _then(then: Consequence) -> str:
    if then.limit is not None:
        return f"limit {then.limit:,}"
    return f"step up: {', '.join(then.step_up)}" if then.step_up else "refuse"


def _fall(fallback: Fallback) -> str:
    if isinstance(fallback, Limited):
        return f"limit {fallback.amount:,}"
    if isinstance(fallback, Recent):
        return f"what was served within {fallback.seconds:,} s"
    return "refuse"


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"
