"""``warifu receipt``: exit statuses, both languages, and what a script reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.authentication.ledger.logs import LOG, LOG_KEY, ORIGIN, signer
from tests.authentication.ledger.trees import mth, proof
from tests.authentication.receipt.world import (
    ENROLLED,
    PHONE,
    PROVIDER,
    SIGNER,
    WITNESS,
    Log,
    contents,
    endorsed_contents,
    pending,
    publishing,
    receipt,
)
from tests.cli.conftest import anchors_document
from tests.cli.runner import run
from warifu.authentication.ledger.checkpoint import Checkpoint, sign_checkpoint
from warifu.authentication.ledger.note import write_verifier_key
from warifu.authentication.ledger.witness import witness_key
from warifu.authentication.receipt.parts import Part
from warifu.authentication.receipt.receipt import withhold
from warifu.base.codec import text
from warifu.base.keys.jwks import jwk_set
from warifu.base.keys.purpose import KeyPurpose
from warifu.base.keys.ring import Custody, KeyRing
from warifu.handset.authority import new_key, spki

KEY = write_verifier_key(LOG_KEY)
LATER = ("--at", "2033-01-01")
WHOLE = receipt(contents(), publishing())


@pytest.fixture
def trust(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    anchors = tmp_path / "anchors.json"
    anchors.write_bytes(anchors_document(PHONE.root))
    options = ["--trust", str(tmp_path / "trust"), "--realm", "test"]
    more = ["--anchors", anchors, "--learned-at", "2026-01-01"]
    assert run(capsys, "trust", "init", *options, *more).status == 0
    return options


def written(folder: Path, data: bytes, name: str = "receipt.cbor") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_an_honest_receipt_is_checked_whole(
    trust: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, WHOLE)
    options = [path, "--log-key", KEY, *trust, *LATER, "--strict"]
    shown = run(capsys, "receipt", "verify", *options, "--lang", "ja")
    assert shown.status == 0, shown.out
    assert "利用者の回答の署名を確認しました。" in shown.out
    assert "TANAKA TARO" in shown.out
    document = run(capsys, "receipt", "verify", *options, "--json").document
    assert (document["outcome"], document["whole"]) == ("accepted", True)
    assert document["user"] == "customer-1"


def test_keys_and_witnesses_come_from_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ring = KeyRing().rotate(KeyPurpose.RECEIPT, SIGNER, custody=Custody.FILE, now=ENROLLED)
    keys = written(tmp_path, jwk_set(ring.published(ENROLLED)), "keys.json")
    lines = [KEY, write_verifier_key(witness_key(WITNESS, signer(WITNESS).public_key[-32:]))]
    log = written(tmp_path, "\n".join(lines).encode(), "log.keys")
    path = written(tmp_path, withhold(receipt(), [Part.EVIDENCE]))
    options = [path, "--log-key", log, "--server-keys", keys, *LATER]
    assert run(capsys, "receipt", "verify", *options, "--witnesses", "1").status == 0
    assert run(capsys, "receipt", "verify", *options, "--witnesses", "2").status == 1


def test_without_personal_data_it_says_so_and_strict_makes_no_statement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, withhold(WHOLE))
    options = [path, "--log-key", KEY, *LATER, "--lang", "en"]
    shown = run(capsys, "receipt", "verify", *options)
    assert shown.status == 0
    assert "User signature not checked. A part that it needs is withheld." in shown.out
    assert run(capsys, "receipt", "verify", *options, "--strict").status == 3


def test_trust_that_knows_nothing_of_that_time_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anchors = written(tmp_path, anchors_document(PHONE.root), "anchors.json")
    options = ["--trust", str(tmp_path / "trust"), "--realm", "test"]
    more = ["--anchors", anchors, "--learned-at", "2030-01-01"]
    assert run(capsys, "trust", "init", *options, *more).status == 0
    path = written(tmp_path, WHOLE)
    shown = run(capsys, "receipt", "verify", path, "--log-key", KEY, *options, *LATER, "--json")
    whys = {each["check"]: each["why"] for each in shown.document["findings"]}
    assert whys["evidence"] == "no-trust"


def test_a_receipt_of_nobody_known_is_no_statement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = run(capsys, "receipt", "verify", written(tmp_path, WHOLE), *LATER, "--lang", "ja")
    assert shown.status == 3
    assert "receipt-check/server-key" in shown.out


def test_a_wrong_receipt_is_refused_with_its_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, WHOLE[:-1] + bytes([WHOLE[-1] ^ 1]))
    shown = run(capsys, "receipt", "verify", path, "--log-key", KEY, *LATER, "--json")
    assert shown.status == 1
    assert shown.document["reason"]["code"] == "receipt-check/inclusion"


def test_a_pending_receipt_is_told_from_one_that_is_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ring = KeyRing().rotate(KeyPurpose.RECEIPT, SIGNER, custody=Custody.FILE, now=ENROLLED)
    keys = written(tmp_path, jwk_set(ring.published(ENROLLED)), "keys.json")
    path = written(tmp_path, withhold(pending(), [Part.EVIDENCE]))
    options = [path, "--server-keys", keys, *LATER]
    shown = run(capsys, "receipt", "verify", *options, "--lang", "en")
    assert "It is pending: not in the log yet." in shown.out
    assert run(capsys, "receipt", "verify", *options, "--strict").status == 3


def test_whose_word_a_trusted_display_is_is_checked_by_the_providers_key(
    trust: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, receipt(endorsed_contents(), publishing()))
    options = [path, "--log-key", KEY, *trust, *LATER, "--strict"]
    believed = written(tmp_path, spki(PROVIDER), "provider.der")
    shown = run(capsys, "receipt", "verify", *options, "--provider-key", believed, "--lang", "en")
    assert shown.status == 0
    assert "A provider who is believed warranted" in shown.out
    nobody = run(capsys, "receipt", "verify", *options, "--lang", "ja")
    assert nobody.status == 0
    assert "専用の画面の保証書の提供者は確認していません。" in nobody.out
    other = written(tmp_path, spki(new_key()), "other.der")
    assert run(capsys, "receipt", "verify", *options, "--provider-key", other).status == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--log-key", "no-such-file"],
        ["--provider-key", "no-such-file"],
        ["--log-key", "name+00000000+AAAA"],
        ["--server-keys", "no-such-file"],
        ["--witnesses", "-1"],
        ["--at", "yesterday"],
    ],
)
def test_wrong_options_are_usage(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "receipt", "verify", written(tmp_path, WHOLE), *options).status == 2


def test_a_file_of_other_keys_is_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = written(tmp_path, b'{"keys": [7]}', "keys.json")
    options = [written(tmp_path, WHOLE), "--server-keys", keys]
    assert run(capsys, "receipt", "verify", *options).status == 2


def test_a_log_is_followed_and_a_rewritten_one_is_found_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Log(contents().leaf)
    short = written(tmp_path, first.checkpoint(), "first")
    grown = [*first.leaves, b"new"]
    longer = _checkpoint(grown)
    other = _checkpoint([b"rewritten", *grown[1:]])
    made = "".join(f"{text.to_base64(each)}\n" for each in proof(first.size, grown))
    hashes = written(tmp_path, made.encode(), "proof")
    options = ["--origin", ORIGIN, "--log-key", KEY]

    def follow(data: bytes, *more: str) -> int:
        path = written(tmp_path, data, "second")
        return run(capsys, "receipt", "follow", short, path, hashes, *options, *more).status

    assert follow(longer) == follow(longer, "--json") == 0
    assert follow(other) == follow(other, "--json") == 1
    bare = run(capsys, "receipt", "follow", short, short, hashes, "--origin", ORIGIN)
    assert bare.status == 2


def _checkpoint(leaves: list[bytes]) -> bytes:
    return sign_checkpoint(Checkpoint(origin=ORIGIN, size=len(leaves), root=mth(leaves)), LOG)
