"""Verdicts for people: colour only on a terminal, a tree for the chain, a table for the facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text as Styled
from rich.tree import Tree

from warifu.attestation.claims import Realm
from warifu.attestation.rule_book import RULES_BY_CODE, proofs_of
from warifu.attestation.verdict import Outcome, Verdict
from warifu.cli import words
from warifu.cli.output import Terminal
from warifu.cli.words import Language, fact_word, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.base.rule import Rule

MAX_VALUE_CHARACTERS = 96
GROUP = object()
"""Stands for the value of a row that only names the rows below it."""
MAX_LEVELS = 12
"""How deep facts are shown, one below the other."""
WIDTH_OF_FILES = 120

_COLOURS = {
    Outcome.ACCEPTED: "bold green",
    Outcome.REFUSED: "bold red",
    Outcome.NO_STATEMENT: "bold yellow",
}
_SIGNS = {Outcome.ACCEPTED: "✓", Outcome.REFUSED: "✗", Outcome.NO_STATEMENT: "?"}
_SECTIONS = ("device", "boot", "operating_system", "app", "key", "freshness", "detail")
_WARNINGS: dict[str, Any] = {
    "boot.locked": False,
    "boot.state": ("self-signed", "unverified", "failed"),
    "key.security_level": ("software",),
    "key.endorsement": ("unanchored", "none", "self"),
    "app.environment": ("development",),
    "freshness.challenge_matches": None,
}
"""Facts that are shown in yellow: proved all the same, and for a policy to judge."""


def summary(verdict: Verdict, language: Language) -> RenderableType:
    """The verdict with its reasons, what was lenient and what was left open; no facts."""
    return Group(*_heading(verdict, language), *_remarks(verdict, language))


def brief(verdict: Verdict, language: Language) -> RenderableType:
    """The verdict on few lines: its reasons and what was left open, without times."""
    gaps = (
        Styled(f"  ? {say(words.UNCHECKED, language)}: {gap.rule}", style="yellow")
        for gap in verdict.unchecked
    )
    return Group(_outcome_line(verdict, language), *_reasons(verdict, language), *gaps)


def explanation(verdict: Verdict, language: Language) -> RenderableType:
    """The whole verdict: chain as a tree, each fact with the clause that proved it."""
    parts = _heading(verdict, language)
    if verdict.claims is not None:
        parts += [Styled(""), chain_tree(verdict.claims, language)]
        parts += [Styled(""), fact_table(verdict, language)]
    return Group(*parts, *_remarks(verdict, language))


def chain_tree(claims: dict[str, Any], language: Language) -> RenderableType:
    """Who vouches for whom: the anchor on top, the device's key at the bottom."""
    chain = claims.get("chain") or []
    if not chain:
        return Styled(say(words.NO_CHAIN, language), style="dim")
    title = say(words.CHAIN, language)
    anchor = claims.get("anchor")
    note, colour = (anchor, "green") if anchor else (say(words.UNANCHORED, language), "yellow")
    tree = Tree(Styled.assemble((title, "bold"), "  ", (printable(note), colour)))
    branch = tree
    for voucher in reversed(chain):
        branch = branch.add(_voucher(voucher, language))
    return tree


def fact_table(verdict: Verdict, language: Language) -> Table:
    """Each proved fact, its value, and the clause that proved it; a clause is not said twice."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(say(words.FACT, language), no_wrap=True)
    table.add_column(say(words.VALUE, language), overflow="fold")
    table.add_column(say(words.PROVED_BY, language), style="dim", overflow="fold")
    claims = verdict.claims or {}
    proofs = proofs_of(verdict.format)
    open_rules = frozenset(gap.rule for gap in verdict.unchecked)
    listed = claims.get("proved")
    proved = frozenset(map(str, listed)) if isinstance(listed, list) else frozenset()
    for section in _SECTIONS:
        content = claims.get(section)
        rows = list(_flatten(content, section, language)) if isinstance(content, dict) else []
        if rows:
            table.add_row(Styled(fact_word(section, language), style="bold cyan"), "", "")
        said = ""
        for path, label, value in rows:
            clause = (
                ""
                if value is GROUP
                else _clause(path, proofs, open_rules, proved, language=language)
            )
            table.add_row(
                Styled(f"  {printable(label)}"),
                "" if value is GROUP else Styled(_shown(value, language), _style(path, value)),
                Styled("〃" if clause and clause == said else clause),
            )
            said = clause
    return table


def fact_lines(verdict: Verdict, paths: tuple[str, ...], language: Language) -> list[Styled]:
    """Chosen facts, one a line; what was not proved is not shown."""
    lines = []
    for path in paths:
        value: Any = verdict.claims or {}
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            shown = _shown(value, language).replace("\n", ", ")
            word = fact_word(path, language)
            lines.append(Styled.assemble(f"    {word}: ", (shown, _style(path, value) or "bold")))
    return lines


def to_terminal(renderable: RenderableType) -> None:
    """Print to standard output, in colour only if that is a terminal."""
    console = Terminal(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH_OF_FILES
    console.print(renderable)


def _heading(verdict: Verdict, language: Language) -> list[RenderableType]:
    asked = verdict.request
    judged = say(words.JUDGED, language).format(
        at=_minute(asked.at.isoformat()), known_at=_minute(asked.known_at.isoformat())
    )
    parts: list[RenderableType] = [
        _outcome_line(verdict, language),
        Styled(f"  {judged}", style="dim"),
    ]
    if asked.realm is Realm.TEST:
        parts.append(Styled(f"  {say(words.TEST_REALM, language)}", style="magenta"))
    return parts + _reasons(verdict, language)


def _outcome_line(verdict: Verdict, language: Language) -> Styled:
    outcome = verdict.verdict
    line = Styled()
    line.append(f"{_SIGNS[outcome]} {say(words.OUTCOMES[outcome], language)}", _COLOURS[outcome])
    line.append(f"  {verdict.format}  ", "bold")
    line.append(say(words.OUTCOME_SENTENCES[outcome], language))
    return line


def _reasons(verdict: Verdict, language: Language) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for reason in verdict.reasons:
        sentence = printable(reason.ja if language is Language.JA else reason.en)
        clause = printable(reason.clause)
        parts.append(Styled.assemble(("  ✗ ", "red"), (printable(reason.code), "bold red")))
        parts.append(Styled(f"    {sentence}"))
        parts.append(Styled(f"    {say(words.CLAUSE, language)}: {clause}", style="dim"))
        if reason.detail:
            seen = printable(reason.detail)
            parts.append(Styled(f"    {say(words.SEEN, language)}: {seen}", style="dim"))
    return parts


def _remarks(verdict: Verdict, language: Language) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if verdict.unchecked:
        parts.append(Styled(f"\n{say(words.UNCHECKED, language)}", style="bold yellow"))
    for gap in verdict.unchecked:
        rule = RULES_BY_CODE.get(gap.rule)
        why = f"  {printable(gap.why)}"
        parts.append(Styled.assemble(("  ? ", "yellow"), printable(gap.rule), (why, "dim")))
        if rule:
            parts.append(Styled(f"    {say(rule.requires, language)}", style="dim"))
    if verdict.leniencies:
        parts.append(Styled(f"\n{say(words.LENIENCIES, language)}", style="bold"))
    for use in verdict.leniencies:
        times = f"  {say(words.TIMES, language).format(use.times)}"
        parts.append(Styled.assemble(("  ~ ", "yellow"), printable(use.name), (times, "dim")))
    return parts


def _voucher(voucher: dict[str, Any], language: Language) -> Styled:
    role = say(words.ROLES[voucher["role"]], language)
    span = say(words.SINCE_UNTIL, language).format(
        voucher["not_before"][:10], voucher["not_after"][:10]
    )
    subject, serial = printable(voucher["subject"]), voucher["serial"][:40]
    return Styled.assemble(
        f"{subject}  ", (role, "cyan"), (printable(f"  {span}  #{serial}"), "dim")
    )


def _flatten(
    content: dict[str, Any], path: str, language: Language, levels: int = MAX_LEVELS
) -> Iterator[tuple[str, str, Any]]:
    """Path, word and value of each fact of a section; what was not proved is not shown."""
    for key, value in content.items():
        below = f"{path}.{key}"
        if isinstance(value, dict) and value and levels:
            yield below, fact_word(below, language), GROUP
            for path_below, label, inner in _flatten(value, below, language, levels - 1):
                yield path_below, f"  {label}", inner
        elif value not in (None, [], {}, "") and key != "type":
            # An object identifier is its own word.
            yield below, key if "." in key else fact_word(below, language), value


def _clause(
    path: str,
    proofs: dict[str, tuple[Rule, ...]],
    open_rules: frozenset[str],
    proved: frozenset[str],
    *,
    language: Language,
) -> str:
    """The clause of the last rule that proved a fact here, or the fact that it is part of."""
    while path not in proofs and "." in path:
        path = path.rpartition(".")[0]
    rules = proofs.get(path, ())
    if any(rule.code in open_rules for rule in rules):
        return say(words.UNPROVED, language)
    held = [rule for rule in rules if rule.code in proved]
    return held[-1].clause if held else ""


def printable(text: str) -> str:
    """Text from elsewhere, without what would move the cursor, colour, or turn the writing."""
    return "".join(c if c.isprintable() else "·" for c in text)


def _shown(value: object, language: Language, levels: int = MAX_LEVELS) -> str:
    if isinstance(value, bool):
        return say(words.YES if value else words.NO, language)
    if isinstance(value, list | dict) and not levels:
        return "…"
    if isinstance(value, list):
        return "\n".join(_shown(item, language, levels - 1) for item in value)
    if isinstance(value, dict):
        members = ((key, _shown(item, language, levels - 1)) for key, item in value.items())
        return " ".join(f"{printable(key)}={shown}" for key, shown in members)
    text = printable(str(value))
    if len(text) <= MAX_VALUE_CHARACTERS:
        return text
    return f"{text[: MAX_VALUE_CHARACTERS - 12]}… ({len(text)})"


def _style(path: str, value: object) -> str:
    if path not in _WARNINGS:
        return ""
    bad = _WARNINGS[path]
    return "yellow" if value == bad or (isinstance(bad, tuple) and value in bad) else "green"


def _minute(text: str) -> str:
    return text[:16].replace("T", " ") + "Z"
