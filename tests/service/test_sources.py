"""Trust and keys as they stand on disk while the service runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import misuse
from warifu.attestation.claims import Realm
from warifu.attestation.trust.snapshot import SnapshotKind
from warifu.base.errors import Misuse
from warifu.base.keys.purpose import KeyPurpose
from warifu.base.keys.ring import Custody, KeyRing
from warifu.base.keys.sealed import Derivation
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.secret import Secret
from warifu.service.adapters.key_directory import KeyDirectory
from warifu.service.adapters.key_source import DirectoryKeys, NoKeys
from warifu.service.adapters.reloading import LOOK_SECONDS, RETRY_SECONDS, Reloading
from warifu.service.adapters.trust_directory import TrustDirectory
from warifu.service.adapters.trust_source import BundledTrust, DirectoryTrust
from warifu.service.key_rules import CONFIGURED, KEY_FILE

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
QUICK = Derivation(memory_kib=19456, iterations=2, lanes=1)


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float = LOOK_SECONDS) -> None:
        self.now += seconds


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def directory(tmp_path: Path) -> TrustDirectory:
    return TrustDirectory.create(tmp_path / "trust", realm=Realm.PRODUCTION, now=NOW)


@pytest.fixture
def keys(tmp_path: Path) -> KeyDirectory:
    tmp_path.chmod(0o700)
    made = KeyDirectory(tmp_path / "keys.cbor", Secret(b"correct horse battery"), derivation=QUICK)
    made.create(lambda ring: rotated(ring, NOW))
    return made


def rotated(ring: KeyRing, now: datetime) -> KeyRing:
    signer = SoftwareSigner.generate("ES256", os.urandom)
    return ring.rotate(KeyPurpose.EAR, signer, custody=Custody.FILE, now=now)


def learn(directory: TrustDirectory) -> None:
    record = directory.history().confirm(SnapshotKind.ANCHORS, at=LATER)
    directory.append([record], {})


class TestTrust:
    def test_what_was_learned_meanwhile_is_believed_within_a_second(
        self, directory: TrustDirectory, seconds: Seconds
    ) -> None:
        source = DirectoryTrust(directory, lambda: LATER, seconds=seconds)
        before = source.now(LATER)
        (directory.path / "index.jsonl").write_bytes(
            (directory.path / "index.jsonl").read_bytes().split(b"\n")[0] + b"\n"
        )
        assert source.now(LATER).snapshots == before.snapshots
        seconds.pass_by()
        assert len(source.now(LATER).snapshots) < len(before.snapshots)

    def test_a_broken_directory_leaves_the_last_good_state_and_is_told(
        self, directory: TrustDirectory, seconds: Seconds
    ) -> None:
        source = DirectoryTrust(directory, lambda: LATER, seconds=seconds)
        before = source.now(LATER)
        index = directory.path / "index.jsonl"
        held = index.read_bytes()
        troubles = []
        for data in (b"no record\n", held):
            index.write_bytes(data)
            seconds.pass_by()
            assert source.now(LATER).snapshots == before.snapshots
            troubles.append(source.trouble())
        assert [trouble is None for trouble in troubles] == [False, True]

    def test_a_directory_that_is_gone_leaves_the_last_good_state(
        self, directory: TrustDirectory, seconds: Seconds
    ) -> None:
        source = DirectoryTrust(directory, lambda: LATER, seconds=seconds)
        directory.path.rename(directory.path.with_name("elsewhere"))
        seconds.pass_by()
        assert source.now(LATER).anchors
        assert source.trouble() is not None

    def test_the_past_is_as_it_was(self, directory: TrustDirectory, seconds: Seconds) -> None:
        learn(directory)
        source = DirectoryTrust(directory, lambda: LATER, seconds=seconds)
        assert source.as_of(NOW).known_at == NOW

    def test_bundled_trust_counts_for_every_moment(self) -> None:
        source = BundledTrust()
        assert source.now(LATER).snapshots == source.as_of(NOW).snapshots
        assert source.trouble() is None


class TestKeys:
    def test_a_rotation_is_seen_within_a_second(self, keys: KeyDirectory, seconds: Seconds) -> None:
        source = DirectoryKeys(keys, lambda: LATER, seconds=seconds)
        keys.change(lambda ring: rotated(ring, LATER), now=LATER)
        assert len(source.ring(LATER).records) == 1
        seconds.pass_by()
        assert len(source.ring(LATER).records) == 2

    def test_a_file_that_does_not_open_leaves_the_ring_as_it_was(
        self, keys: KeyDirectory, seconds: Seconds
    ) -> None:
        source = DirectoryKeys(keys, lambda: NOW, seconds=seconds)
        keys.path.write_bytes(b"nonsense")
        seconds.pass_by()
        assert source.ring(NOW).active(KeyPurpose.EAR, NOW)
        assert source.trouble() is not None

    def test_a_service_without_keys_says_so(self) -> None:
        with misuse(CONFIGURED):
            NoKeys().ring(NOW)
        assert NoKeys().trouble() is None


class TestReloading:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        made = tmp_path / "thing"
        made.write_text("1", "utf-8")
        return made

    def test_an_unchanged_file_is_read_once(self, file: Path, seconds: Seconds) -> None:
        reads: list[int] = []
        thing = Reloading(file, lambda: reads.append(1), clock=seconds)
        for _ in range(5):
            seconds.pass_by()
            thing.now()
        assert len(reads) == 1

    def test_what_cannot_be_read_is_not_tried_at_every_look(
        self, file: Path, seconds: Seconds
    ) -> None:
        tries: list[int] = []
        thing = Reloading(file, failing(tries, after=1), clock=seconds)
        file.write_text("22", "utf-8")
        for _ in range(5):
            seconds.pass_by()
            thing.now()
        assert len(tries) == 2
        seconds.pass_by(RETRY_SECONDS)
        thing.now()
        assert len(tries) == 3

    def test_while_one_thread_reads_the_others_have_the_old_state(
        self, file: Path, seconds: Seconds
    ) -> None:
        reading, go_on = threading.Event(), threading.Event()
        first = [True]

        def read() -> str:
            if not first.pop() if first else True:
                reading.set()
                assert go_on.wait(10)
            return file.read_text("utf-8")

        thing = Reloading(file, read, clock=seconds)
        file.write_text("22", "utf-8")
        seconds.pass_by()
        reader = threading.Thread(target=thing.now)
        reader.start()
        assert reading.wait(10)
        assert thing.now() == "1"
        go_on.set()
        reader.join(10)
        assert thing.now() == "22"

    def test_without_a_first_state_there_is_nothing_to_go_on_with(self, file: Path) -> None:
        with misuse(KEY_FILE):
            Reloading(file, failing([], after=0))


def failing(tries: list[int], *, after: int) -> Callable[[], None]:
    def read() -> None:
        tries.append(1)
        if len(tries) > after:
            raise Misuse(KEY_FILE)

    return read
