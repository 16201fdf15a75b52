"""The page for implementers says what the code does."""

from pathlib import Path

from tests.authentication.transaction.cases import TRANSFER
from warifu.authentication.ceremony.tables import diagram
from warifu.authentication.transaction.rendering import render
from warifu.authentication.transaction.states import TRANSITIONS

PAGE = (Path(__file__).resolve().parents[3] / "docs/formats/transaction.md").read_text("utf-8")


def test_the_page_draws_the_table_of_states() -> None:
    assert f"```mermaid\n{diagram(TRANSITIONS)}\n```" in PAGE


def test_the_page_shows_the_text_of_version_1() -> None:
    assert f"```text\n{render(TRANSFER).text}\n```" in PAGE
