"""``warifu keys``: an operator's whole life with keys, and not one secret on the way."""

import io
import json
import logging
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import cbor2
import pytest

from tests.cli.runner import Run, run
from tests.service.softhsm import PIN, SoftHsm, softhsm
from warifu.base.keys import sealed
from warifu.base.keys.purpose import KeyPurpose
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.secret import Secret
from warifu.cli import keys as commands
from warifu.command import main
from warifu.service.adapters.key_directory import KeyDirectory

__all__ = ["softhsm"]

PASSPHRASE = "correct horse battery staple"


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least work that is accepted: what Argon2id costs is measured elsewhere."""

    def directory(*arguments: Any, **options: Any) -> object:
        return KeyDirectory(*arguments, **options, derivation=sealed.LEAST)

    monkeypatch.setattr(commands, "KeyDirectory", directory)


class Operator:
    """Calls the commands with one key file and one passphrase file."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        folder.chmod(0o700)
        self.folder, self.capsys = folder, capsys
        self.passphrase = self.private("passphrase", PASSPHRASE + "\n")
        self.more: list[object] = []

    def private(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.write_text(content)
        path.chmod(0o600)
        return path

    def __call__(self, command: str, *arguments: object) -> Run:
        options = ["--keys", self.folder / "keys", "--passphrase-file", self.passphrase]
        return run(self.capsys, "keys", command, *arguments, *options, *self.more)

    def keys(self, command: str, *arguments: object) -> list[dict[str, Any]]:
        done = self(command, *arguments, "--json")
        assert done.status == 0, done.err
        listed: list[dict[str, Any]] = done.document["keys"]
        return listed


@pytest.fixture
def operator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Operator:
    return Operator(tmp_path, capsys)


@pytest.fixture
def made(operator: Operator) -> Operator:
    operator.keys("init")
    return operator


def states(listed: list[dict[str, Any]], purpose: str = "ear") -> list[str]:
    return [key["state"] for key in listed if key["purpose"] == purpose]


def test_each_purpose_gets_a_key_that_signs(operator: Operator) -> None:
    listed = operator.keys("init")
    assert [key["purpose"] for key in listed] == [purpose.value for purpose in KeyPurpose]
    assert {key["state"] for key in listed} == {"active"}
    assert operator.keys("list") == listed


def test_the_purposes_on_offer_are_those_there_are() -> None:
    assert list(get_args(commands.Purpose)) == [purpose.value for purpose in KeyPurpose]


def test_only_the_purposes_asked_for(operator: Operator) -> None:
    options = ["--purpose", "ear", "--purpose", "receipt", "--algorithm", "EdDSA"]
    listed = operator.keys("init", *options)
    assert [(key["purpose"], key["algorithm"]) for key in listed] == [
        ("ear", "EdDSA"),
        ("receipt", "EdDSA"),
    ]


def test_a_rotated_key_is_published_before_it_signs(made: Operator) -> None:
    listed = made.keys("rotate", "--purpose", "ear", "--lead-hours", 48)
    assert states(listed) == ["active", "pending"]
    published = made("publish", "--purpose", "ear").document["keys"]
    assert [key["kid"] for key in published] == [
        key["key_id"] for key in listed if key["purpose"] == "ear"
    ]


def test_a_compromised_key_is_replaced_at_once(made: Operator) -> None:
    key = made.keys("list")[0]["key_id"]
    listed = made.keys("revoke", key)
    assert states(listed) == ["revoked", "active"]
    published = made("publish").document["keys"]
    assert key not in [each["kid"] for each in published]
    assert len(published) == len(KeyPurpose)


def test_a_compromised_key_that_waits_needs_no_other(made: Operator) -> None:
    waiting = made.keys("rotate", "--purpose", "ear")[-1]["key_id"]
    assert states(made.keys("revoke", waiting)) == ["active", "revoked"]


@pytest.mark.parametrize("key", ["-starts-with-a-hyphen", "nobody"])
def test_an_unknown_key_is_a_usage_error(made: Operator, key: str) -> None:
    done = made("revoke", key)
    assert done.status == 2
    assert "keys/known" in done.err


@pytest.mark.parametrize("hours", [0, 1, -5, 10**9, 10**30])
def test_a_lead_out_of_bounds_is_a_usage_error(made: Operator, hours: int) -> None:
    assert made("rotate", "--purpose", "ear", "--lead-hours", hours).status == 2


def test_keys_are_not_made_over_others(made: Operator) -> None:
    before = made.keys("list")
    done = made("init")
    assert done.status == 2
    assert "keys/file-new" in done.err
    assert made.keys("list") == before


def test_keys_are_sealed_anew(made: Operator) -> None:
    old, new = made.passphrase, made.private("new", "another long passphrase\r\n")
    before = made.keys("list")
    assert made.keys("reseal", "--new-passphrase-file", new) == before
    assert made("list").status == 2
    made.passphrase = new
    assert made.keys("list") == before
    made.passphrase = old
    assert "keys/opens" in made("list").err


def test_the_published_set_in_cose(made: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written))
    options = ["--keys", made.folder / "keys", "--passphrase-file", made.passphrase]
    assert main(["keys", "publish", "--format", "cose", *map(str, options)]) == 0
    assert len(cbor2.loads(written.getvalue())) == len(KeyPurpose)


def test_a_cose_key_set_is_not_json(made: Operator) -> None:
    assert made("publish", "--format", "cose", "--json").status == 2
    assert made("publish", "--format", "jwks", "--json").status == 0


@pytest.mark.parametrize(("language", "word"), [("ja", "公開済み・署名開始前"), ("en", "pending")])
def test_a_person_sees_where_each_key_stands(made: Operator, language: str, word: str) -> None:
    listed = made.keys("rotate", "--purpose", "ear")
    made.keys("revoke", listed[1]["key_id"])
    done = made("list", "--lang", language)
    assert done.status == 0
    assert word in done.out
    assert all(key["key_id"] in done.out for key in listed)


def test_a_passphrase_comes_from_standard_input(
    made: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PASSPHRASE.encode() + b"\n")))
    made.passphrase = Path("-")
    assert made("list").status == 0


def test_without_a_terminal_no_passphrase_is_asked_for(
    made: Operator, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    done = run(capsys, "keys", "list", "--keys", made.folder / "keys")
    assert done.status == 2
    assert "--passphrase-file" in done.err


class Person(io.StringIO):
    """A terminal with somebody at it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([PASSPHRASE, PASSPHRASE], 0),
        ([PASSPHRASE, "mistyped"], 2),
        (["short", "short"], 2),
        ([], 2),
    ],
)
def test_a_person_is_asked_twice_for_a_new_passphrase(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, answers: list[str], status: int
) -> None:
    given = iter(answers)

    def ask(_: str) -> str:
        try:
            return next(given)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr(sys, "stdin", Person())
    monkeypatch.setattr(commands, "getpass", ask)
    done = run(operator.capsys, "keys", "init", "--keys", operator.folder / "keys")
    assert done.status == status, done.err


@pytest.mark.parametrize("name", ["passphrase", "keys"])
def test_files_that_others_can_read_are_refused(made: Operator, name: str) -> None:
    (made.folder / name).chmod(0o644)
    done = made("list")
    assert done.status == 2
    assert "keys/file-private" in done.err


def test_there_is_no_option_for_a_passphrase_or_pin(made: Operator) -> None:
    for option in ("--passphrase", "--pin", "--password"):
        assert made("list", option, "value").status == 2


def test_no_secret_is_printed_logged_or_left_in_an_error(
    made: Operator, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = sha256(b"a private value").digest()
    known = SoftwareSigner("ES256", Secret(private))
    monkeypatch.setattr(SoftwareSigner, "generate", lambda *_: known)
    wrong = made.private("wrong", "a wrong passphrase\n")
    with caplog.at_level(logging.DEBUG):
        runs = [
            made("rotate", "--purpose", "ear"),
            made("rotate", "--purpose", "receipt"),
            made("list"),
            made("list", "--json"),
            made("publish"),
            made("revoke", known.key_id),
            made("revoke", "nobody"),
        ]
        made.passphrase = wrong
        runs.append(made("list"))
    shown = caplog.text + "".join(each.out + each.err for each in runs)
    kept = b"".join(path.read_bytes() for path in made.folder.glob("keys*"))
    assert known.key_id in shown
    for secret in (PASSPHRASE, "a wrong passphrase", private.hex(), str(private)):
        assert secret not in shown
    for octets in (private, PASSPHRASE.encode()):
        assert octets not in kept


def test_keys_in_a_token_are_used_by_the_same_commands(
    softhsm: SoftHsm, operator: Operator
) -> None:
    operator.more = ["--token", softhsm.configuration(operator.folder)]
    operator.keys("init", "--purpose", "ear")
    listed = operator.keys("rotate", "--purpose", "ear")
    assert {key["custody"] for key in listed} == {"token"}
    published = operator("publish")
    assert len(json.loads(published.out)["keys"]) == 2
    assert states(operator.keys("revoke", listed[0]["key_id"])) == ["revoked", "active"]
    assert operator("rotate", "--purpose", "ear", "--algorithm", "EdDSA").status == 2
    assert PIN not in operator("list").out


def test_a_token_that_is_away_is_no_usage_error(softhsm: SoftHsm, operator: Operator) -> None:
    operator.more = ["--token", softhsm.configuration(operator.folder, label="away")]
    done = operator("init", "--purpose", "ear")
    assert done.status == 3
    assert "keys/token" in done.err
    assert not (operator.folder / "keys").exists()
