"""The clause map and the threat model name tests that are there, and links that lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("docs/clauses.md", "docs/ja/clauses.md", "docs/threat-model-confirmation.md")
CITING = ("docs/clauses.md", "docs/threat-model-confirmation.md")
LEAST = 25


@pytest.mark.parametrize("page", CITING)
def test_every_test_that_is_cited_exists(page: str) -> None:
    cited = re.findall(r"`(tests/[\w/.]+)::(\w+)`", (ROOT / page).read_text("utf-8"))
    assert len(cited) > LEAST
    for file, name in cited:
        assert f"def {name}(" in (ROOT / file).read_text("utf-8"), f"{file}::{name}"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text("utf-8")):
        assert ((ROOT / page).parent / target).exists(), target


def test_every_row_says_how_its_clause_is_known() -> None:
    text = (ROOT / "docs/clauses.md").read_text("utf-8").partition("## Japan: protection")[0]
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    told = ("at source", "draft", "second-hand", "not checked", "known how")
    for row in rows:
        assert row.rstrip(" |").rpartition("| ")[2].startswith(told), row
