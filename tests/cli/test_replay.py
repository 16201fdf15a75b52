"""Saved verdicts are explained, and asked again with the same answer."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import anchors_document
from tests.cli.runner import run
from tests.cli.test_verify import AT
from warifu.attestation.verdict import SAME_TRUST
from warifu.demo.world import World


@pytest.fixture
def saved(
    chain: list[bytes],
    test_realm: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Path:
    evidence = tmp_path / "chain.der"
    evidence.write_bytes(b"".join(chain))
    done = run(capsys, "verify", "android-key", evidence, *test_realm, "--at", AT, "--json")
    path = tmp_path / "verdict.json"
    path.write_text(done.out)
    return path


def test_explain_draws_the_chain_and_names_clauses(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(capsys, "explain", saved, "--lang", "en")
    assert done.status == 0
    assert "└──" in done.out
    assert "test-google" in done.out
    assert "Android Keystore Key" in done.out
    assert "attestation" in done.out


def test_explain_speaks_japanese(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, "explain", saved, "--lang", "ja")
    assert "信頼の起点" in done.out
    assert "ブートローダーのロック" in done.out


def test_replay_gives_the_same_verdict(
    saved: Path,
    test_realm: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = run(capsys, "replay", saved, *test_realm[:2], "--json")
    assert done.status == 0
    assert done.document["same"] is True
    assert done.document["verdict"]["claims"] == json.loads(saved.read_text())["claims"]


def test_replay_finds_a_verdict_that_was_edited(
    saved: Path,
    test_realm: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = json.loads(saved.read_text())
    document["claims"]["boot"]["locked"] = False
    saved.write_text(json.dumps(document))
    done = run(capsys, "replay", saved, *test_realm[:2], "--json")
    assert done.status == 1
    assert done.document["differences"] == ["claims"]


def test_replay_with_other_trust_makes_no_statement(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    anchors = tmp_path / "other.json"
    anchors.write_bytes(anchors_document(World().phone.root))
    options = ["--trust", other, "--realm", "test"]
    run(capsys, "trust", "init", *options, "--anchors", anchors, "--learned-at", "2026-01-01")
    done = run(capsys, "replay", saved, "--trust", other, "--json")
    assert done.document["verdict"]["reasons"][0]["code"] == SAME_TRUST.code
    assert done.status == 1, "it differs from what was saved"
