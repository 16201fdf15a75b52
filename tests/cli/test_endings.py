"""However a command ends, it says so by its exit status: a crash must never look like a refusal."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.runner import run
from tests.cli.test_verify import AT
from warifu import command
from warifu.attestation.claims import Format
from warifu.cli import render
from warifu.service.rules import DIRECTORY

ESCAPE = "\x1b]0;owned\x07\x1b[2J"


def warifu(
    *arguments: object, output: int | None = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own, for what only a real terminal or pipe does."""
    code = "from warifu.command import entry; entry()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=output,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.fixture
def evidence(chain: list[bytes], tmp_path: Path) -> Path:
    path = tmp_path / "chain.der"
    path.write_bytes(b"".join(chain))
    return path


@pytest.mark.parametrize("format_", list(Format))
def test_a_dash_is_standard_input(
    format_: Format, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\x30\x00garbage")))
    done = run(capsys, "verify", format_, "-", "--json")
    assert done.status in {1, 3}
    assert done.document["request"]["evidence"] == "MABnYXJiYWdl"


def test_a_verdict_is_explained_from_standard_input(
    evidence: Path,
    test_realm: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    saved = run(capsys, "verify", "android-key", evidence, *test_realm, "--at", AT, "--json")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(saved.out.encode())))
    assert run(capsys, "explain", "-").status == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp932"])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_terminal_that_lacks_the_characters_loses_no_verdict(
    encoding: str, language: str, evidence: Path, test_realm: list[str]
) -> None:
    done = warifu(
        *("verify", "android-key", evidence, *test_realm, "--at", AT, "--lang", language),
        PYTHONIOENCODING=encoding,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"test-google" in done.stdout


def test_json_is_utf_8_whatever_the_terminal_speaks(evidence: Path, test_realm: list[str]) -> None:
    done = warifu(
        *("verify", "android-key", evidence, *test_realm, "--at", AT, "--strict", "--json"),
        PYTHONIOENCODING="ascii",
    )
    assert done.returncode == 3
    assert "。" in json.loads(done.stdout.decode("utf-8"))["reasons"][0]["ja"]


@pytest.mark.parametrize("how", [[], ["--json"]])
def test_a_reader_who_leaves_early_is_not_told_refused(
    how: list[str], evidence: Path, test_realm: list[str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = warifu(
            "verify", "android-key", evidence, *test_realm, "--at", AT, *how, output=writer
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (2, b"")


def test_a_full_disk_is_not_told_as_refused(evidence: Path, test_realm: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = warifu(
            "verify", "android-key", evidence, *test_realm, "--at", AT, output=full.fileno()
        )
    assert done.returncode == 2


def test_a_fault_of_ours_is_no_statement(
    evidence: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(command, "make_app", broken)
    done = run(capsys, "verify", "android-key", evidence)
    assert done.status == 3
    assert "ZeroDivisionError" in done.err


@pytest.mark.parametrize("option", ["--at", "--known-at"])
@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00"])
def test_a_time_that_utc_does_not_have_is_a_usage_error(
    option: str, time: str, evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "verify", "android-key", evidence, option, time).status == 2


@pytest.mark.parametrize("challenge", ["", "hex:", "b64:"])
def test_an_empty_challenge_is_no_challenge(
    challenge: str, evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "verify", "android-key", evidence, "--challenge", challenge).status == 2


def test_a_stored_counter_is_never_negative(
    evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(capsys, "verify", "app-attest-assertion", evidence, "--counter", "-5")
    assert done.status == 2


@pytest.mark.parametrize("option", ["--challenge", "--app", "--origin"])
def test_an_option_that_is_no_text_is_a_usage_error(
    option: str, evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "verify", "webauthn", evidence, option, "\udcff").status == 2


@pytest.mark.parametrize("format_", ["app-attest-assertion", "webauthn", "play-integrity"])
def test_a_key_file_that_does_not_decode_is_a_usage_error(
    format_: str, evidence: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "key.pem"
    key.write_text("-----BEGIN PUBLIC KEY-----\n!!!\n-----END PUBLIC KEY-----\n")
    done = run(capsys, "verify", format_, evidence, "--key", key)
    assert done.status == 2
    assert "key.pem" in done.err


def test_a_response_that_names_no_credential_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "response.json"
    file.write_text('{"response": {}}')
    assert run(capsys, "verify", "webauthn", file, "--key", file, "--json").status == 1


@pytest.mark.parametrize("broken", ["index.jsonl", "lock"])
def test_a_trust_directory_that_cannot_be_used_is_a_usage_error(
    broken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trust = tmp_path / "trust"
    assert run(capsys, "trust", "init", "--trust", trust).status == 0
    (trust / broken).unlink()
    (trust / broken).mkdir()
    revocation = tmp_path / "list.json"
    revocation.write_text('{"entries": {}}')
    done = run(capsys, "trust", "add", "android-revocation", revocation, "--trust", trust)
    assert done.status == 2
    assert DIRECTORY.code in done.err


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_trust_directory_is_not_made_in_a_file(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    done = run(capsys, "trust", "init", "--trust", tmp_path / place)
    assert done.status == 2
    assert DIRECTORY.code in done.err


@pytest.fixture
def saved(
    evidence: Path, test_realm: list[str], capsys: pytest.CaptureFixture[str]
) -> dict[str, object]:
    done = run(capsys, "verify", "android-key", evidence, *test_realm, "--at", AT, "--json")
    return done.document


def hostile(saved: dict[str, object], path: str, value: object) -> bytes:
    at: object = saved
    *above, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
    for part in above:
        at = at[part]  # type: ignore[index]
    at[last] = value  # type: ignore[index]
    return json.dumps(saved).encode()


@pytest.mark.parametrize(
    "path",
    [
        *("claims.anchor", "claims.chain.0.subject", "claims.chain.0.serial"),
        *("claims.chain.0.not_before", "claims.device.brand", "unchecked.0.why"),
        *("unchecked.0.rule", "claims.device.\x1b[2J"),
    ],
)
@pytest.mark.parametrize("value", [ESCAPE, "[/red]", "[red]x", "a\\", "\u202eetalf"])
def test_a_verdict_cannot_write_to_the_terminal(
    path: str,
    value: str,
    saved: dict[str, object],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "verdict.json"
    file.write_bytes(hostile(saved, path, value))
    done = run(capsys, "explain", file, "--lang", "en")
    assert done.status == 0
    assert not {"\x1b", "\x07", "\u202e"} & set(done.out)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("claims.chain", "x"),
        ("claims.chain.0", {}),
        ("claims.chain.0.role", "king"),
        ("claims.chain.0.serial", 5),
        ("claims.anchor", [1]),
        ("request.at", "2026-03-03T12:00:00"),
        ("request.known_at", "2026-03-03T12:00:00"),
    ],
)
@pytest.mark.parametrize("command", ["explain", "replay"])
def test_a_verdict_of_another_form_is_a_usage_error(
    command: str,
    path: str,
    value: object,
    saved: dict[str, object],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "verdict.json"
    file.write_bytes(hostile(saved, path, value))
    assert run(capsys, command, file).status == 2


@pytest.mark.parametrize("section", ["device", "detail"])
def test_facts_nested_without_end_are_shown_to_a_depth(
    section: str, saved: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deep: object = "bottom"
    for _ in range(900):
        deep = {"x": [deep]} if section == "detail" else {"x": deep}
    nested = json.dumps(deep) if section == "device" else None
    file = tmp_path / "verdict.json"
    if nested is None:
        saved["claims"][section] = {"y": "HERE"}  # type: ignore[index]
        text = json.dumps(saved).replace('"HERE"', '{"x":[' * 400 + "1" + "]}" * 400)
        file.write_text(text)
    else:
        file.write_bytes(hostile(saved, f"claims.{section}", json.loads(nested)))
    done = run(capsys, "explain", file)
    assert done.status in {0, 2}
    assert "Traceback" not in done.err


def test_a_replay_of_a_time_that_utc_does_not_have_is_a_usage_error(
    saved: dict[str, object],
    tmp_path: Path,
    test_realm: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "verdict.json"
    file.write_bytes(hostile(saved, "request.at", "0001-01-01T00:00:00+09:00"))
    assert run(capsys, "replay", file, *test_realm[:2]).status == 2


def test_a_file_name_is_no_markup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trust = tmp_path / "trust"
    run(capsys, "trust", "init", "--trust", trust)
    (tmp_path / "[").mkdir()
    file = tmp_path / "[bold]list[.json"
    file.write_text('{"entries": {}}')
    run(capsys, "trust", "add", "android-revocation", file, "--trust", trust)
    assert "[bold]list[.json" in run(capsys, "trust", "show", "--trust", trust).out


def test_untrusted_text_is_made_printable() -> None:
    assert render.printable("a\x1b[2J\r\nb\u202ec割符") == "a·[2J··b·c割符"
