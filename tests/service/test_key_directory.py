"""Keys on disk: nobody else's, never half written, never older than what was used."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import misuse
from warifu.base.errors import Misuse
from warifu.base.keys import ring as ring_rules
from warifu.base.keys import sealed
from warifu.base.keys.purpose import KeyPurpose
from warifu.base.keys.ring import Custody, KeyRing
from warifu.base.keys.sealed import LEAST
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.secret import Secret
from warifu.service import key_rules as rules
from warifu.service.adapters import key_directory, private_files
from warifu.service.adapters.key_directory import KeyDirectory
from warifu.service.adapters.private_files import read_private, write_private

NOW = datetime(2026, 11, 21, tzinfo=UTC)
PASSPHRASE = Secret(b"correct horse battery staple")


def add(ring: KeyRing, purpose: KeyPurpose = KeyPurpose.EAR) -> KeyRing:
    signer = SoftwareSigner.generate("EdDSA", os.urandom)
    return ring.rotate(purpose, signer, custody=Custody.FILE, now=NOW)


def opened(path: Path, passphrase: Secret = PASSPHRASE) -> KeyDirectory:
    return KeyDirectory(path, passphrase, derivation=LEAST)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.fixture
def made(folder: Path) -> KeyDirectory:
    directory = opened(folder / "keys")
    directory.create(add)
    return directory


def test_what_was_made_is_read_again(made: KeyDirectory) -> None:
    signer = opened(made.path).ring(now=NOW).signer(KeyPurpose.EAR, NOW)
    assert len(signer.sign(b"message")) == 64


def test_every_file_is_its_owners_alone(made: KeyDirectory) -> None:
    made.change(lambda ring: add(ring, KeyPurpose.RECEIPT), now=NOW)
    names = {path.name: path.stat().st_mode & 0o777 for path in made.path.parent.iterdir()}
    assert names == dict.fromkeys(("keys", "keys.previous", "keys.counter", "keys.lock"), 0o600)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666])
def test_a_key_file_that_others_may_touch_is_refused(made: KeyDirectory, mode: int) -> None:
    made.path.chmod(mode)
    with misuse(rules.PRIVATE):
        made.ring(now=NOW)


def test_a_folder_in_which_others_could_replace_the_file_is_refused(made: KeyDirectory) -> None:
    made.path.parent.chmod(0o777)
    with misuse(rules.PRIVATE):
        made.ring(now=NOW)
    with misuse(rules.PRIVATE):
        opened(made.path.parent / "more").create(add)


def test_a_shared_folder_that_protects_its_files_is_taken(made: KeyDirectory) -> None:
    made.path.parent.chmod(0o1777)
    assert made.ring(now=NOW).counter == 1


def test_a_file_of_another_user_is_refused(
    made: KeyDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_files, "ROOT", -1)
    monkeypatch.setattr(os, "geteuid", lambda: made.path.stat().st_uid + 1)
    with misuse(rules.PRIVATE):
        read_private(made.path, max_bytes=sealed.MAX_BYTES)


def test_a_pipe_in_the_place_of_the_file_is_not_awaited(made: KeyDirectory) -> None:
    made.path.unlink()
    os.mkfifo(made.path, 0o600)
    with misuse(rules.KEY_FILE):
        made.ring(now=NOW)


def test_a_missing_or_endless_file_is_refused(folder: Path) -> None:
    with misuse(rules.KEY_FILE):
        opened(folder / "keys").ring(now=NOW)
    with misuse(rules.KEY_FILE):
        opened(folder / "missing" / "keys").ring(now=NOW)
    write_private(folder / "keys", bytes(sealed.MAX_BYTES + 1))
    with misuse(rules.KEY_FILE):
        opened(folder / "keys").ring(now=NOW)


def test_keys_are_not_made_over_others(made: KeyDirectory) -> None:
    before = made.path.read_bytes()
    with misuse(rules.KEY_FILE_NEW):
        made.create(add)
    assert made.path.read_bytes() == before


def test_the_file_before_the_last_change_is_kept(made: KeyDirectory) -> None:
    before = made.path.read_bytes()
    made.change(lambda ring: add(ring, KeyPurpose.RECEIPT), now=NOW)
    assert made.path.with_name("keys.previous").read_bytes() == before


def test_a_change_that_is_refused_leaves_everything_as_it_was(made: KeyDirectory) -> None:
    before = {path: path.read_bytes() for path in made.path.parent.iterdir()}
    with misuse(ring_rules.KNOWN):
        made.change(lambda ring: ring.revoke("nobody", now=NOW), now=NOW)
    assert {path: path.read_bytes() for path in made.path.parent.iterdir()} == before


def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    made: KeyDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = made.path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with misuse(rules.KEY_FILE):
        made.change(lambda ring: add(ring, KeyPurpose.RECEIPT), now=NOW)
    assert made.path.read_bytes() == before
    assert not list(made.path.parent.glob(".*"))


def test_an_old_key_file_put_back_does_not_revive_a_revoked_key(made: KeyDirectory) -> None:
    old = made.path.read_bytes()
    made.change(lambda ring: ring.revoke(ring.records[0].key_id, now=NOW), now=NOW)
    write_private(made.path, old)
    with misuse(sealed.NO_ROLLBACK):
        opened(made.path).ring(now=NOW)


def test_an_operator_restores_an_old_file_on_purpose(made: KeyDirectory) -> None:
    old = made.path.read_bytes()
    made.change(lambda ring: add(ring, KeyPurpose.RECEIPT), now=NOW)
    write_private(made.path, old)
    made.path.with_name("keys.counter").unlink()
    assert made.ring(now=NOW).counter == 1


def test_a_newer_file_brought_from_elsewhere_raises_the_count(made: KeyDirectory) -> None:
    write_private(made.path.with_name("keys.counter"), b"0\n")
    made.ring(now=NOW)
    assert made.path.with_name("keys.counter").read_bytes() == b"1\n"


def test_a_reader_that_was_slow_does_not_lower_the_count(
    made: KeyDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.path.with_name("keys.counter").unlink()
    lock = private_files.locked

    @contextmanager
    def late(path: Path) -> Iterator[None]:
        write_private(made.path.with_name("keys.counter"), b"7\n")
        with lock(path):
            yield

    monkeypatch.setattr(key_directory, "locked", late)
    made.ring(now=NOW)
    assert made.path.with_name("keys.counter").read_bytes() == b"7\n"


def test_keys_in_a_folder_that_cannot_be_written_are_read(
    made: KeyDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.path.with_name("keys.counter").unlink()

    def read_only(*_: object) -> None:
        raise Misuse(rules.KEY_FILE, "Read-only file system")

    monkeypatch.setattr(key_directory, "write_private", read_only)
    assert made.ring(now=NOW).counter == 1


def test_keys_are_made_anew_where_others_were_given_up(made: KeyDirectory) -> None:
    made.change(lambda ring: add(ring, KeyPurpose.RECEIPT), now=NOW)
    made.path.unlink()
    made.create(add)
    assert made.ring(now=NOW).counter == 1


@pytest.mark.parametrize("count", [b"", b"minus one", b"-1", b"9" * 21])
def test_a_count_that_is_none_is_refused(made: KeyDirectory, count: bytes) -> None:
    write_private(made.path.with_name("keys.counter"), count)
    with misuse(rules.KEY_FILE):
        made.ring(now=NOW)


def test_after_resealing_nothing_here_opens_with_the_old_passphrase(made: KeyDirectory) -> None:
    made.change(lambda ring: add(ring, KeyPurpose.RECEIPT), now=NOW)
    new = Secret(b"another long passphrase")
    made.reseal(new, now=NOW)
    assert not made.path.with_name("keys.previous").exists()
    with misuse(sealed.OPENS):
        opened(made.path).ring(now=NOW)
    assert opened(made.path, new).ring(now=NOW).counter == 3
    assert made.ring(now=NOW).counter == 3


def test_a_poor_new_passphrase_changes_nothing(made: KeyDirectory) -> None:
    with misuse(sealed.PASSPHRASE):
        made.reseal(Secret(b"short"), now=NOW)
    assert made.ring(now=NOW).counter == 1


def test_changes_made_at_once_are_all_kept(made: KeyDirectory) -> None:
    others = [purpose for purpose in KeyPurpose if purpose is not KeyPurpose.EAR]
    failures: list[Misuse] = []

    def work(purpose: KeyPurpose) -> None:
        try:
            opened(made.path).change(lambda ring: add(ring, purpose), now=NOW)
        except Misuse as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(purpose,)) for purpose in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    ring = made.ring(now=NOW)
    assert {record.purpose for record in ring.records} == set(KeyPurpose)
    assert ring.counter == len(KeyPurpose)


def test_processes_with_one_file_change_keys_at_the_same_moment(made: KeyDirectory) -> None:
    made.change(add, now=NOW)
    first, second = (opened(made.path).ring(now=NOW) for _ in range(2))
    signing = []
    for hours in (0, 23, 24):
        moment = NOW + timedelta(hours=hours)
        one, other = (ring.signer(KeyPurpose.EAR, moment).key_id for ring in (first, second))
        assert one == other
        signing.append(one)
    assert signing[0] == signing[1] != signing[2]
