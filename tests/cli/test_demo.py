"""The demo ends by itself, and everything ends as it is meant to."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from select import select
from time import monotonic
from typing import Any

import pytest

from tests.cli.runner import run
from warifu.demo.scenes import SCENES
from warifu.demo.service_scenes import ACTS

DEMO = (sys.executable, "-m", "warifu", "demo")
MOST_SECONDS = 40


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_scene_shows_what_it_is_meant_to_show(
    language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(capsys, "demo", "--part", "devices", "--lang", language)
    assert done.status == 0, done.out
    assert str(len(SCENES)) in done.out.splitlines()[-3]


def test_the_demo_as_json_is_one_verdict_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, "demo", "--part", "devices", "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert len(lines) == len(SCENES)
    assert all(line["as_meant"] for line in lines)
    assert {line["verdict"]["verdict"] for line in lines} == {
        "accepted",
        "refused",
        "no-statement",
    }


@pytest.fixture(scope="module")
def acts(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Every act of the service, played by a process of its own."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [*DEMO, "--part", "service", "--json"],
        capture_output=True,
        timeout=MOST_SECONDS,
        check=False,
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    assert done.returncode == 0, (done.stdout.decode(), done.stderr.decode())
    assert list(folder.iterdir()) == [], "a temporary folder was left behind"
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_the_whole_demo_ends_by_itself_in_time(tmp_path: Path) -> None:
    began = monotonic()
    done = subprocess.run(
        [*DEMO, "--lang", "en"],
        capture_output=True,
        timeout=3 * MOST_SECONDS,
        check=False,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
    )
    total = len(SCENES) + len(ACTS)
    assert done.returncode == 0, done.stdout.decode()
    assert f"{total} of {total} ended as meant." in done.stdout.decode()
    assert "press" not in done.stdout.decode()
    assert monotonic() - began < MOST_SECONDS


@pytest.mark.slow
def test_every_act_of_the_service_ends_as_it_is_meant_to(acts: list[dict[str, Any]]) -> None:
    assert [act["act"] for act in acts] == [act.title.en for act in ACTS]
    assert [act["act"] for act in acts if not act["as_meant"]] == []
    for act in acts:
        assert all(
            reason["customer"]["ja"] and reason["customer"]["en"] for reason in act["reasons"]
        )


@pytest.mark.slow
def test_the_same_phone_and_transfer_are_decided_otherwise_as_policy_and_trust_change(
    acts: list[dict[str, Any]],
) -> None:
    hanako = [act for act in acts if act["answer"].get("device") == "hanako-android"]
    ended = [
        (act["outcome"], act["answer"]["rule_set"], sorted(each["code"] for each in act["reasons"]))
        for act in hanako
    ]
    refused = ["app-trusted", "device-trusted", "key-trusted"]
    assert ended == [
        ("refuse", "standard", ["production-trust"]),
        ("serve", "demo", []),
        ("serve", "demo", []),
        ("step-up", "demo-stricter", ["every-transfer-confirmed"]),
        ("serve", "demo-stricter", []),
        ("limit", "demo-stricter", ["smaller-amount"]),
        ("refuse", "demo-stricter", refused),
    ]
    assert hanako[-1]["answer"]["evidence"]["code"] == "android-key/not-revoked"
    assert hanako[-2]["answer"]["limit"] == {"amount": 50_000, "currency": "JPY"}


@pytest.mark.slow
def test_attackers_are_refused_for_the_reason_that_is_theirs(acts: list[dict[str, Any]]) -> None:
    hostile = [act for act in acts if act["who"] == "hostile"]
    evidence = [act["answer"].get("evidence") or {} for act in hostile]
    assert {act["outcome"] for act in hostile} == {"refuse", "problem"}
    codes = [
        act["answer"].get("code") or told["code"]
        for act, told in zip(hostile, evidence, strict=True)
    ]
    assert codes == [
        "challenge/unused",
        "challenge/context",
        None,  # an unlocked phone proves that it is unlocked, and the appraisal refuses it
        "android-key/not-revoked",
        "app-attest-assertion/signature",
        "webauthn/origin",
    ]


@pytest.mark.slow
def test_one_person_stops_an_operation_and_nobody_activates_rules_alone(
    acts: list[dict[str, Any]],
) -> None:
    assert acts[-1]["answer"]["operation"] == "transfer"
    assert [each["code"] for each in acts[-1]["reasons"]] == ["decision/stopped"]
    alone = next(act for act in acts if act["answer"].get("code") == "decision/four-eyes")
    assert alone["who"] == "staff"


def test_on_a_terminal_it_waits_for_a_key_and_is_left_by_one() -> None:
    shown, status = on_a_terminal(b"\nq", "--part", "devices", "--lang", "en")
    assert status == 0
    assert "q: leave" in shown
    assert f" 2/{len(SCENES)}" in shown
    assert f" 3/{len(SCENES)}" not in shown
    assert "2 of 2 ended as meant." in shown


def test_on_a_terminal_it_goes_on_to_the_end_where_it_is_told_to() -> None:
    shown, status = on_a_terminal(b"c", "--part", "devices", "--lang", "en")
    assert status == 0
    assert f"{len(SCENES)} of {len(SCENES)} ended as meant." in shown


@pytest.mark.slow
def test_no_server_and_no_folder_is_left_where_a_person_leaves(tmp_path: Path) -> None:
    shown, status = on_a_terminal(b"\nq", "--part", "service", "--lang", "en", folder=tmp_path)
    assert status == 0
    assert "2 of 2 ended as meant." in shown
    assert list(tmp_path.iterdir()) == []


def on_a_terminal(keys: bytes, *options: str, folder: Path | None = None) -> tuple[str, int]:
    """The demo on a terminal of its own: each key is pressed once a scene is shown."""
    person, terminal = pty.openpty()
    process = subprocess.Popen(
        [*DEMO, *options],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm", **({"TMPDIR": str(folder)} if folder else {})},
        start_new_session=True,
    )
    os.close(terminal)
    shown, left, until = b"", list(keys), monotonic() + MOST_SECONDS
    try:
        while process.poll() is None or select([person], [], [], 0)[0]:
            assert monotonic() < until, shown.decode(errors="replace")
            if not select([person], [], [], 0.5)[0]:
                if left and b"1/" in shown:
                    os.write(person, bytes([left.pop(0)]))
                continue
            try:
                shown += os.read(person, 65536)
            except OSError:
                break
        return shown.decode(errors="replace"), process.wait(MOST_SECONDS)
    finally:
        process.kill()
        process.wait()
        os.close(person)
