"""What the README shows is what happens."""

import re
import shlex
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from warifu.command import make_app

ROOT = Path(__file__).resolve().parents[2]


def code_block(name: str, language: str) -> str:
    text = (ROOT / name).read_text("utf-8")
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_example_runs_and_prints_what_it_says(name: str) -> None:
    source = code_block(name, "python")
    assert len(source.splitlines()) == 10
    printed = StringIO()
    with redirect_stdout(printed):
        exec(compile(source, name, "exec"), {})  # noqa: S102 - our own document
    assert printed.getvalue().splitlines() == [
        "True verified",
        "trusted-environment jp.example.bank",
        "()",
    ]


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_readme_starts_with_the_two_commands(name: str) -> None:
    commands = [line.split("#")[0].strip() for line in code_block(name, "sh").splitlines()]
    assert commands == ["make demo", "make test"]


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_every_link_of_the_readme_leads_somewhere(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_every_command_of_the_readme_exists_with_its_options(name: str) -> None:
    shown = re.findall(r"^(warifu [^#>\n]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    assert {line.split()[1] for line in shown} >= {"verify", "trust", "serve", "tenants", "callers"}
    app = make_app()
    for line in shown:
        app.parse_args(shlex.split(line)[1:], exit_on_error=False, print_error=False)


def test_both_readmes_show_the_same_commands() -> None:
    english, japanese = (
        re.findall(r"^warifu \S+|^curl .*", (ROOT / name).read_text("utf-8"), re.MULTILINE)
        for name in ("README.md", "README.ja.md")
    )
    assert english == japanese
