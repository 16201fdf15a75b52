"""All commands work on the database that the environment names."""

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from cyclopts import App

from tests.cli.runner import run
from warifu import cli
from warifu.base.errors import Misuse
from warifu.cli.ending import USAGE
from warifu.command import make_app
from warifu.service import assembly
from warifu.service.conduct.governing.governance import standard_rules
from warifu.service.store.rules import SCHEMA


def commands(app: App, *before: str) -> Iterator[tuple[str, App]]:
    for name in app:
        if not name.startswith("-"):
            found = app[name]
            yield " ".join((*before, name)), found
            yield from commands(found, *before, name)


def db_options() -> dict[str, set[str]]:
    """By command: from which variables of the environment ``--db`` is read."""
    return {
        name: set(argument.parameter.env_var or ())
        for name, command in commands(make_app())
        if command.default_command is not None
        for argument in command.assemble_argument_collection()
        if "--db" in argument.names
    }


def test_every_command_with_a_database_reads_where_it_is_from_the_environment() -> None:
    """Else a password must stand among the arguments, or a command works on another database."""
    found = db_options()
    assert {"serve", "data erase", "callers add", "rules dry-run", "db backup"} <= set(found)
    assert {name for name, read in found.items() if read != {"WARIFU_DB"}} == set()


def test_an_erasure_is_not_made_in_a_database_that_lies_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "db", "upgrade").status == 0
    assert run(capsys, "tenants", "add", "here").status == 0
    monkeypatch.setenv("WARIFU_DB", f"sqlite:///{tmp_path}/there.db")
    assert run(capsys, "db", "upgrade").status == 0
    assert run(capsys, "tenants", "list", "--json").document == {"tenants": []}


JOBS = (
    ("data", "sweep"),
    ("data", "rewrap"),
    ("data", "remove-key", "1"),
    ("data", "erasures"),
    ("data", "erase", "--device", "d", "--tenant", "t", "--yes"),
    ("rules", "dry-run", "rules.toml", "--tenant", "t"),
    ("rules", "shadow", "0" * 64, "--tenant", "t"),
    ("reappraise", "--tenant", "t"),
    ("db", "backup", "backup"),
)


@pytest.mark.parametrize("command", JOBS, ids=" ".join)
def test_jobs_over_many_rows_are_not_given_up_after_seconds(
    command: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A sweep that counts for longer than a request may take would never delete anything."""
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "data", "init-key").status == 0
    Path("rules.toml").write_bytes(standard_rules())
    seen: list[bool] = []

    def opened(_: str, *, hasty: bool = True, **__: object) -> NoReturn:
        seen.append(hasty)
        raise Misuse(SCHEMA)

    for room in (cli.data, cli.rules, cli.db, assembly):
        monkeypatch.setattr(room, "open_database", opened)
    assert run(capsys, *command).status == USAGE
    assert seen == [False]
