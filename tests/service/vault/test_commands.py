"""``warifu data`` at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.service.house import START
from warifu.cli.ending import USAGE
from warifu.command import main
from warifu.service.adapters.data_key_file import DEFAULT_NAME, DataKeyFile
from warifu.service.identifiers import new_id
from warifu.service.store.database import Statement, micros
from warifu.service.store.opening import open_database
from warifu.service.vault.vault import SealingVault


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a database, its keys and one tenant that has one device."""
    monkeypatch.chdir(tmp_path)
    assert main(["data", "init-key"]) == 0
    assert main(["db", "upgrade"]) == 0
    assert main(["tenants", "add", "bank"]) == 0
    vault = SealingVault(DataKeyFile(Path(DEFAULT_NAME)).read().masters())
    with (database := open_database("sqlite:///warifu.db")).write() as transaction:
        transaction.apply(
            [
                Statement(
                    sql="INSERT INTO devices (tenant, id, app, data_key, first_seen, last_seen)"
                    " VALUES ('bank', 'phone', 'wallet', :data_key, 0, 0)",
                    values={"data_key": vault.new_owner("bank", "phone").wrapped},
                ),
                Statement(
                    sql="INSERT INTO audit (tenant, id, at, caller, action, subject, document)"
                    " VALUES ('bank', :id, :at, 'c', 'a', 's', :document)",
                    values={
                        "id": new_id(START.replace(year=2010)),
                        "at": micros(START.replace(year=2010)),
                        "document": b"{}",
                    },
                ),
            ]
        )
    database.close()
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_keys_are_made_once_and_shown_without_their_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "data.key"
    assert run(capsys, "data", "init-key", "--file", str(file))["newest"] == 1
    assert main(["data", "init-key", "--file", str(file)]) == USAGE
    assert main(["data", "rotate-key", "--file", str(file), "--lang", "ja"]) == 0
    shown = capsys.readouterr().out
    assert "第2世代" in shown
    for key in DataKeyFile(file).read().generations:
        assert key.key.reveal().hex() not in shown


def test_a_device_is_erased_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = run(capsys, "data", "erase", "--device", "phone", "--tenant", "bank")
    assert not first["already"]
    again = run(capsys, "data", "erase", "--device", "phone", "--tenant", "bank")
    assert again["already"]
    assert again["id"] == first["id"]
    assert main(["data", "erase", "--device", "phone", "--tenant", "bank", "--lang", "ja"]) == 0
    assert "消去済み" in capsys.readouterr().out
    assert main(["data", "erase", "--device", "phone", "--tenant", "other"]) == USAGE


def test_a_person_at_a_terminal_is_asked_before_anything_is_erased(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin.readline", lambda: "\n", raising=False)
    command = ["data", "erase", "--device", "phone", "--tenant", "bank"]
    assert main(command) == USAGE
    assert main([*command, "--yes"]) == 0
    assert "Erased device phone" in capsys.readouterr().out


def test_a_sweep_is_tried_and_then_done(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tried = run(capsys, "data", "sweep", "--dry-run")
    assert (tried["dry_run"], tried["deleted"]["audit"]) == (True, 1)
    assert run(capsys, "data", "sweep")["deleted"]["audit"] == 1
    assert run(capsys, "data", "sweep")["deleted"]["audit"] == 0
    assert main(["data", "sweep", "--lang", "ja"]) == 0
    assert "監査記録" in capsys.readouterr().out


def test_a_master_key_is_removed_only_when_nothing_needs_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "rotate-key"]) == 0
    assert main(["data", "remove-key", "1"]) == USAGE
    assert "vault/key-in-use" in capsys.readouterr().err
    assert run(capsys, "data", "rewrap") == {"seen": 2, "rewrapped": 2}
    assert main(["data", "rewrap", "--lang", "ja"]) == 0
    assert run(capsys, "data", "remove-key", "1")["generations"][0]["number"] == 2
    assert main(["data", "erase", "--device", "phone", "--tenant", "bank"]) == 0


def test_erasures_are_listed_and_done_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "erase", "--device", "phone", "--tenant", "bank"]) == 0
    capsys.readouterr()
    assert main(["data", "erasures"]) == 0
    listed = capsys.readouterr().out
    assert len(json.loads(listed)["erasures"]) == 1
    assert "phone" not in listed
    (folder / "list.json").write_text(listed)
    assert run(capsys, "data", "erase-again", "list.json") == {"erased": 0}
    assert main(["data", "erase-again", "list.json", "--lang", "ja"]) == 0
    assert "0台" in capsys.readouterr().out
