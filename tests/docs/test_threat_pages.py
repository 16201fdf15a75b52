"""The pages about the threat model: commands say what stands beside them, tests and links exist."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.runner import run
from tools.docs.threat import threat_pages

ROOT = Path(__file__).resolve().parents[2]
ENGLISH, JAPANESE = "docs/threat-model.md", "docs/ja/threat-model.md"
TUTORIAL = "docs/tutorials/adding-to-the-threat-model.md"
PAGES = (ENGLISH, JAPANESE, TUTORIAL)
ENDS = {"falls": False, "holds": True, "破られます": False, "守られます": True}
MAX_COLUMNS = 170
"""Of lines that are no tables."""


def commands(page: str) -> list[tuple[str, bool]]:
    """Every `warifu threat explain` of a page, with whether the goal is said to hold."""
    text = (ROOT / page).read_text("utf-8").replace("\\\n", " ")
    granted = re.search(r'^GRANTED="(.*)"$', text, re.MULTILINE)
    found = re.findall(r"^(warifu threat explain [^#\n]*?) +# (\S+)$", text, re.MULTILINE)
    rest = granted[1] if granted else ""
    return [(command.replace("$GRANTED", rest), ENDS[end]) for command, end in found]


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE])
def test_commands_of_a_page_say_what_stands_beside_them(
    page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands(page)
    for command, holds in commands(page):
        done = run(capsys, *shlex.split(command)[1:], "--json")
        assert done.status == 0, command
        assert done.document["holds"] is holds, command


def test_every_finding_has_a_test_and_most_have_a_command() -> None:
    _, *findings = (ROOT / ENGLISH).read_text("utf-8").split("\n### ")
    assert len(findings) >= 14
    assert all("`tests/" in each for each in findings)
    assert sum("warifu threat explain" in each for each in findings) >= len(findings) - 2


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_is_cited_exists(page: str) -> None:
    for file, name in re.findall(r"`(tests/[\w/.]+)::(\w+)`", (ROOT / page).read_text("utf-8")):
        assert f"def {name}(" in (ROOT / file).read_text("utf-8"), f"{file}::{name}"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text("utf-8")):
        assert ((ROOT / page).parent / target).exists(), target


def test_both_languages_tell_the_same_findings() -> None:
    heads = [
        re.findall(r"^### (\d+)\.", (ROOT / page).read_text("utf-8"), re.MULTILINE)
        for page in (ENGLISH, JAPANESE)
    ]
    assert heads[0] == heads[1] == [str(number) for number in range(1, len(heads[0]) + 1)]


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE])
def test_tables_are_those_of_the_model(page: str) -> None:
    assert threat_pages(ROOT)[page] == (ROOT / page).read_text("utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_lines_that_are_no_tables_can_be_read(page: str) -> None:
    lines = (ROOT / page).read_text("utf-8").splitlines()
    assert [line for line in lines if len(line) > MAX_COLUMNS and not line.startswith("|")] == []
