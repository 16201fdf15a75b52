"""``warifu tenants`` and ``warifu callers``: an operator's way from nothing to a working key."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.cli.runner import Run, run
from tests.service.callers.calling import REQUEST, secret_of, sending
from tests.service.callers.signing import Signer
from tests.service.callers.test_certificate import new_certificate
from tests.service.house import make_house
from warifu.base.errors import Denied
from warifu.cli.callers import ScopeName
from warifu.service.adapters.data_key_file import DataKeyFile
from warifu.service.caller import Caller, Scope
from warifu.service.callers import rules
from warifu.service.callers.authenticate import authenticate
from warifu.service.store.opening import open_database

TENANT = "kaede-bank"


@dataclass
class Desk:
    """Calls the commands with one database and one file of data keys."""

    url: str
    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def data_key(self) -> Path:
        return self.folder / "data.key"

    def run(self, *arguments: object) -> Run:
        return run(self.capsys, *arguments, "--db", self.url)

    def add_tenant(self, tenant: str = TENANT, *more: object) -> Run:
        return self.run("tenants", "add", tenant, "--data-key", self.data_key, *more)

    def add(self, *more: object, name: str = "backend") -> Run:
        common = ("--tenant", TENANT, "--name", name, "--scope", "decide", "--scope", "read")
        return self.run("callers", "add", *common, *more)

    def listed(self) -> list[dict[str, Any]]:
        document = self.run("callers", "list", "--tenant", TENANT, "--json").document
        callers: list[dict[str, Any]] = document["callers"]
        return callers

    def let_in(self, key: str) -> Caller:
        database = open_database(self.url)
        try:
            house = make_house(database, clock=lambda: datetime.now(UTC))
            return authenticate(house, sending(REQUEST, ("Authorization", f"Bearer {key}")))
        finally:
            database.close()


@pytest.fixture
def desk(database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    tmp_path.chmod(0o700)
    made = Desk(database_url, tmp_path, capsys)
    assert made.add_tenant().status == 0
    return made


def test_a_printed_key_works_and_is_printed_only_once(desk: Desk) -> None:
    made = desk.add("--json")
    key = made.document["key"]
    caller = desk.let_in(key)
    assert (caller.tenant, caller.id) == (TENANT, made.document["id"])
    assert secret_of(key) not in json.dumps(desk.listed())


def test_for_people_the_key_stands_whole_on_a_line_of_its_own(desk: Desk) -> None:
    made = desk.add()
    lines = [line for line in made.out.splitlines() if line.startswith("warifu_")]
    assert len(lines) == 1
    assert desk.let_in(lines[0]).name == "backend"
    assert lines[0] not in made.err


@pytest.mark.parametrize(("language", "words"), [("ja", "有効"), ("en", "works")])
def test_callers_are_shown_in_both_languages(desk: Desk, language: str, words: str) -> None:
    desk.add()
    shown = desk.run("callers", "list", "--tenant", TENANT, "--lang", language)
    assert words in shown.out


def test_an_expiry_is_stated_from_now(desk: Desk) -> None:
    made = desk.add("--json", "--expires", "90d").document
    expires = datetime.fromisoformat(made["expires_at"])
    assert abs(expires - datetime.now(UTC) - timedelta(days=90)) < timedelta(minutes=1)


@pytest.mark.parametrize("value", ["", "90", "d", "-1d", "1y", "٣d", "99999999d", "1.5d"])
def test_a_time_that_cannot_be_read_is_a_usage_error(desk: Desk, value: str) -> None:
    assert desk.add(f"--expires={value}").status == 2
    assert desk.listed() == []


def test_rotation_leaves_both_keys_working_for_a_while(desk: Desk) -> None:
    old = desk.add("--json").document
    new = desk.run(
        "callers", "rotate", old["id"], "--tenant", TENANT, "--overlap", "7d", "--json"
    ).document
    assert desk.let_in(old["key"]).name == desk.let_in(new["key"]).name == "backend"
    assert new["scopes"] == old["scopes"]
    assert [each["id"] for each in desk.listed()] == [new["id"], old["id"]]


def test_a_revoked_key_is_shown_as_revoked_and_refused(desk: Desk) -> None:
    made = desk.add("--json").document
    revoked = desk.run("callers", "revoke", made["id"], "--tenant", TENANT, "--json")
    assert revoked.document["state"] == "revoked"
    with pytest.raises(Denied) as caught:
        desk.let_in(made["key"])
    assert caught.value.code == rules.UNAUTHENTICATED.code
    again = desk.run("callers", "revoke", made["id"], "--tenant", TENANT)
    assert (again.status, rules.CALLER_KNOWN.code in again.err) == (2, True)


def test_a_certificate_and_a_public_key_are_registered_from_files(desk: Desk) -> None:
    certificate, key = desk.folder / "client.der", desk.folder / "public.der"
    certificate.write_bytes(new_certificate())
    key.write_bytes(Signer().spki)
    for option, path, kind in (
        ("--certificate", certificate, "certificate"),
        ("--public-key", key, "signature"),
    ):
        made = desk.add(option, path, "--json", name=kind).document
        assert (made["kind"], made["key"]) == (kind, None)


def test_files_that_hold_nothing_of_use_are_refused(desk: Desk) -> None:
    junk = desk.folder / "junk"
    junk.write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    for options in (
        ("--certificate", junk),
        ("--public-key", junk),
        ("--certificate", junk, "--public-key", junk),
        ("--public-key", desk.folder / "absent"),
    ):
        assert desk.add(*options).status == 2
    assert desk.listed() == []


def test_a_name_is_used_once(desk: Desk) -> None:
    assert desk.add().status == 0
    again = desk.add()
    assert (again.status, rules.CALLER_NEW.code in again.err) == (2, True)


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\nb", "a\x1b[31mb"])
def test_a_name_that_could_deceive_a_terminal_is_refused(desk: Desk, name: str) -> None:
    assert desk.add(name=name).status == 2


def test_a_caller_without_scope_is_refused(desk: Desk) -> None:
    assert desk.run("callers", "add", "--tenant", TENANT, "--name", "x").status == 2


def test_a_scope_that_there_is_not_is_refused(desk: Desk) -> None:
    assert desk.add("--scope", "everything").status == 2


def test_tenants_are_listed(desk: Desk) -> None:
    assert desk.add_tenant("sakura-bank", "--name", "さくら銀行").status == 0
    tenants = desk.run("tenants", "list", "--json").document["tenants"]
    assert [(each["tenant"], each["name"]) for each in tenants] == [
        (TENANT, TENANT),
        ("sakura-bank", "さくら銀行"),
    ]
    assert "さくら銀行" in desk.run("tenants", "list").out


def test_data_keys_are_made_for_the_first_tenant_only(desk: Desk) -> None:
    assert DataKeyFile(desk.data_key).read().generations
    desk.data_key.unlink()
    lost = desk.add_tenant("sakura-bank")
    assert lost.status == 2
    assert not desk.data_key.exists()


def test_the_command_line_knows_every_scope() -> None:
    assert set(get_args(ScopeName)) == {scope.value for scope in Scope}


def test_nobody_is_shown_where_there_is_nobody(desk: Desk) -> None:
    assert desk.listed() == []
    assert "No callers" in desk.run("callers", "list", "--tenant", TENANT, "--lang", "en").out


def test_the_audit_log_names_the_person_at_the_terminal(
    tmp_path: Path, sqlite_template: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o700)
    path = tmp_path / "warifu.db"
    path.write_bytes(sqlite_template.read_bytes())
    desk = Desk(f"sqlite:///{path}", tmp_path, capsys)
    desk.add_tenant()
    with sqlite3.connect(path) as connection:
        (by,) = connection.execute("SELECT caller FROM audit").fetchone()
    assert by.startswith("cli:")
    assert len(by) > len("cli:")
