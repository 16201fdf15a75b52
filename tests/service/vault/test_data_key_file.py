"""The file of master keys: private, whole, in one form."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support import misuse
from warifu.base.codec import cbor
from warifu.service.adapters.data_key_file import DataKeyFile
from warifu.service.key_rules import KEY_FILE, KEY_FILE_NEW, PRIVATE
from warifu.service.vault.rules import DATA_KEYS, IN_USE
from warifu.service.vault.vault import MAX_GENERATIONS

NOW = datetime(2026, 11, 21, 12, 0, 0, 250, UTC)


@pytest.fixture
def file(tmp_path: Path) -> DataKeyFile:
    return DataKeyFile(tmp_path / "warifu-data.key")


def test_a_new_file_is_private_and_reads_back(file: DataKeyFile) -> None:
    made = file.create(now=NOW)
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.read() == made
    assert made.masters().newest == 1


def test_keys_are_never_overwritten(file: DataKeyFile) -> None:
    file.create(now=NOW)
    with misuse(KEY_FILE_NEW):
        file.create(now=NOW)


def test_rotation_adds_a_generation_and_keeps_the_index_key(file: DataKeyFile) -> None:
    before = file.create(now=NOW)
    after = file.rotate(now=NOW)
    assert file.read() == after
    assert after.generations[0] == before.generations[0]
    assert after.masters().newest == 2
    assert after.index == before.index


def test_an_older_generation_can_be_removed_but_not_the_newest(file: DataKeyFile) -> None:
    file.create(now=NOW)
    file.rotate(now=NOW)
    with misuse(IN_USE):
        file.remove(2)
    with misuse(DATA_KEYS):
        file.remove(7)
    assert [each.number for each in file.remove(1).generations] == [2]
    assert [each.number for each in file.rotate(now=NOW).generations] == [2, 3]


def test_there_is_a_limit_to_generations(file: DataKeyFile) -> None:
    file.create(now=NOW)
    for _ in range(MAX_GENERATIONS - 1):
        file.rotate(now=NOW)
    with misuse(DATA_KEYS):
        file.rotate(now=NOW)
    assert len(file.read().generations) == MAX_GENERATIONS


def test_a_file_that_others_may_read_is_refused(file: DataKeyFile) -> None:
    file.create(now=NOW)
    file.path.chmod(0o640)
    with misuse(PRIVATE):
        file.read()


def test_a_folder_that_others_may_write_is_refused(file: DataKeyFile) -> None:
    file.path.parent.chmod(0o777)
    with misuse(PRIVATE):
        file.create(now=NOW)


def test_a_missing_file_is_not_silently_made(file: DataKeyFile) -> None:
    with misuse(KEY_FILE):
        file.read()
    assert not file.path.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"format": "warifu-keys"},
        {"version": 2},
        {"index": b"short"},
        {"index": None},
        {"generations": []},
        {"generations": [1]},
        {"generations": [{"number": 0, "made_at": 1, "key": bytes(32)}]},
        {"generations": [{"number": 1, "made_at": -1, "key": bytes(32)}]},
        {"generations": [{"number": 1, "made_at": 1, "key": bytes(16)}]},
        {"generations": [{"number": 1, "made_at": 1, "key": bytes(32), "more": 1}]},
        {"generations": [{"number": number, "made_at": 1, "key": bytes(32)} for number in (2, 1)]},
        {"generations": [{"number": 1, "made_at": 1, "key": bytes(32)}] * 2},
        {"more": 1},
    ],
    ids=repr,
)
def test_a_file_not_in_its_one_form_is_refused(file: DataKeyFile, change: dict[str, Any]) -> None:
    file.create(now=NOW)
    fields = cbor.decode_map(file.path.read_bytes())
    file.path.write_bytes(cbor.encode_deterministic({**fields, **change}))
    with misuse(DATA_KEYS):
        file.read()


@pytest.mark.parametrize("data", [b"", b"\xff", b"passphrase", b"\x80"])
def test_what_is_no_key_file_is_refused(file: DataKeyFile, data: bytes) -> None:
    file.create(now=NOW)
    file.path.write_bytes(data)
    with misuse(DATA_KEYS):
        file.read()


def test_keys_are_never_printed(file: DataKeyFile) -> None:
    keys = file.create(now=NOW)
    assert "***" in repr(keys)
    assert repr(keys.index.reveal()) not in repr(keys)
