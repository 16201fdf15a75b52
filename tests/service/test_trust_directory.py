"""A trust directory: whole after a crash, safe for readers, deaf to damage."""

import json
import multiprocessing
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.attestation.trust.worlds import anchors_document, revocation_document
from tests.support import misuse, moment, no_statement
from warifu.attestation.claims import Realm
from warifu.attestation.trust import rules
from warifu.attestation.trust.snapshot import SnapshotKind, digest
from warifu.handset.authority import Authority
from warifu.service.adapters import trust_directory
from warifu.service.adapters.trust_directory import TrustDirectory
from warifu.service.rules import DIRECTORY, DIRECTORY_EMPTY

T0 = moment("2026-03-01T00:00:00Z")
HOUR = timedelta(hours=1)
LIST = revocation_document(0xA)


@pytest.fixture
def directory(tmp_path: Path) -> TrustDirectory:
    return TrustDirectory.create(tmp_path / "trust", realm=Realm.PRODUCTION, now=T0)


def learn(directory: TrustDirectory, data: bytes = LIST, at: Any = T0) -> None:
    record = directory.history().admit(
        SnapshotKind.REVOCATION, data, learned_at=at, source="a test"
    )
    directory.append([record], {record.sha256: data})


def test_a_new_directory_knows_what_is_bundled(directory: TrustDirectory) -> None:
    view = directory.history().as_of(T0)
    assert len(view.anchors) >= 19
    assert view.boot_keys is not None
    assert directory.history().records[0].source.startswith("bundled with warifu")


def test_what_is_learned_is_there_when_opened_again(directory: TrustDirectory) -> None:
    learn(directory)
    again = TrustDirectory(directory.path, realm=Realm.PRODUCTION)
    listed = again.history().as_of(T0).revocation
    assert listed is not None
    assert listed.find(0xA) is not None
    assert (directory.path / "objects" / digest(LIST)).read_bytes() == LIST


def test_a_directory_of_the_test_realm_does_not_open_in_production(tmp_path: Path) -> None:
    root = anchors_document(Authority.root().certificate)
    TrustDirectory.create(
        tmp_path,
        realm=Realm.TEST,
        now=T0,
        snapshots={SnapshotKind.ANCHORS: root},
        source="a test",
    )
    assert TrustDirectory(tmp_path, realm=Realm.TEST).history().as_of(T0).anchors
    with no_statement(rules.REALM):
        TrustDirectory(tmp_path, realm=Realm.PRODUCTION)


def test_relabelling_a_test_directory_brings_no_test_root_into_production(tmp_path: Path) -> None:
    test_a_directory_of_the_test_realm_does_not_open_in_production(tmp_path)
    (tmp_path / "realm").write_text("production\n")
    with no_statement(rules.REALM):
        TrustDirectory(tmp_path, realm=Realm.PRODUCTION).history().as_of(T0)


def test_a_production_directory_is_not_made_of_test_roots(tmp_path: Path) -> None:
    root = anchors_document(Authority.root().certificate)
    with no_statement(rules.REALM):
        TrustDirectory.create(
            tmp_path, realm=Realm.PRODUCTION, now=T0, snapshots={SnapshotKind.ANCHORS: root}
        )


def test_a_path_without_a_directory_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with misuse(DIRECTORY):
            TrustDirectory(path, realm=Realm.PRODUCTION)


def test_a_directory_is_not_made_over_another(directory: TrustDirectory) -> None:
    with misuse(DIRECTORY_EMPTY):
        TrustDirectory.create(directory.path, realm=Realm.PRODUCTION, now=T0)


def test_a_damaged_object_is_not_believed(directory: TrustDirectory) -> None:
    learn(directory)
    place = directory.path / "objects" / digest(LIST)
    place.write_bytes(revocation_document(0xB))
    with no_statement(rules.INTACT):
        directory.history().as_of(T0)


def test_a_lost_object_is_not_believed(directory: TrustDirectory) -> None:
    learn(directory)
    (directory.path / "objects" / digest(LIST)).unlink()
    with no_statement(rules.INTACT):
        directory.history().as_of(T0)


def test_the_right_bytes_mend_a_damaged_object(directory: TrustDirectory) -> None:
    learn(directory)
    (directory.path / "objects" / digest(LIST)).write_bytes(b"decayed")
    record = directory.history().confirm(SnapshotKind.REVOCATION, at=T0 + HOUR)
    directory.append([record], {record.sha256: LIST})
    assert directory.history().as_of(T0 + HOUR).revocation is not None


def test_a_record_without_its_snapshot_is_not_written(directory: TrustDirectory) -> None:
    record = directory.history().admit(
        SnapshotKind.REVOCATION, LIST, learned_at=T0, source="a test"
    )
    for objects in ({}, {record.sha256: b"other bytes"}):
        with no_statement(rules.INTACT):
            directory.append([record], objects)
    assert directory.history().latest(SnapshotKind.REVOCATION) is None


@pytest.mark.parametrize("kept", [0, 1, 40, -1])
def test_a_line_that_a_crash_cut_short_does_not_count(directory: TrustDirectory, kept: int) -> None:
    learn(directory)
    index = directory.path / "index.jsonl"
    whole = index.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    index.write_bytes(whole[: -len(last)] + last[:kept])
    assert directory.history().latest(SnapshotKind.REVOCATION) is None
    learn(directory, revocation_document(0xC), T0 + HOUR)
    listed = directory.history().as_of(T0 + HOUR).revocation
    assert listed is not None
    assert listed.find(0xC) is not None
    assert index.read_bytes().endswith(b"\n")


def test_a_leftover_of_a_crash_while_writing_an_object_is_harmless(
    directory: TrustDirectory,
) -> None:
    (directory.path / "objects" / ".half.tmp").write_bytes(LIST[:7])
    learn(directory)
    assert directory.history().as_of(T0).revocation is not None


def test_a_crash_before_the_rename_leaves_nothing_behind(
    directory: TrustDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    before = sorted((directory.path / "objects").iterdir())
    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        learn(directory)
    assert sorted((directory.path / "objects").iterdir()) == before
    assert directory.history().latest(SnapshotKind.REVOCATION) is None


def test_a_rewritten_line_is_refused(directory: TrustDirectory) -> None:
    index = directory.path / "index.jsonl"
    lines = index.read_bytes().splitlines()
    index.write_bytes(b"\n".join([b"{}", *lines]) + b"\n")
    with no_statement(rules.HISTORY_WELL_FORMED):
        directory.history()


def test_lines_in_another_order_are_refused(directory: TrustDirectory) -> None:
    learn(directory, at=T0 + HOUR)
    index = directory.path / "index.jsonl"
    index.write_bytes(b"".join(reversed(index.read_bytes().splitlines(keepends=True))))
    with no_statement(rules.HISTORY_WELL_FORMED):
        directory.history()


def test_an_index_beyond_its_limit_is_refused(
    directory: TrustDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust_directory, "MAX_INDEX_BYTES", 100)
    with no_statement(rules.HISTORY_WELL_FORMED):
        directory.history()


def test_a_slower_writer_does_not_turn_time_back(directory: TrustDirectory) -> None:
    slow = directory.history().admit(
        SnapshotKind.REVOCATION, LIST, learned_at=T0, source="a slow test"
    )
    learn(directory, at=T0 + HOUR)
    with no_statement(rules.HISTORY_WELL_FORMED):
        directory.append([slow], {slow.sha256: LIST})


def test_the_index_only_grows(directory: TrustDirectory) -> None:
    index = directory.path / "index.jsonl"
    before = index.read_bytes()
    learn(directory)
    assert index.read_bytes().startswith(before)
    assert [json.loads(line)["kind"] for line in index.read_bytes().splitlines()] == [
        "anchors",
        "boot-keys",
        "android-revocation",
    ]


def test_readers_see_a_whole_history_while_it_grows(directory: TrustDirectory) -> None:
    learn(directory)
    stop = threading.Event()
    seen: list[int] = []
    failures: list[BaseException] = []

    def read() -> None:
        while not stop.is_set():
            try:
                view = directory.history().as_of(T0 + 100 * HOUR)
                assert view.revocation is not None
                seen.append(len(view.revocation.entries))
            except BaseException as error:  # noqa: BLE001 - any failure is a finding
                failures.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(1, 30):
        learn(directory, revocation_document(*range(0xA, 0xB + number)), T0 + number * HOUR)
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert seen == sorted(seen) or len(readers) > 1


def _confirm_often(path: Path) -> None:
    directory = TrustDirectory(path, realm=Realm.PRODUCTION)
    for _ in range(20):
        record = directory.history().confirm(SnapshotKind.REVOCATION, at=T0)
        directory.append([record], {})


def test_two_writing_processes_lose_no_line(directory: TrustDirectory) -> None:
    learn(directory)
    before = len(directory.history().records)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_confirm_often, args=(directory.path,)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert len(directory.history().records) == before + 40
