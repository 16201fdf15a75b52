"""Carrying trust to places without a network: continued there, or restored for an audit."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.attestation.trust.worlds import revocation_document
from tests.support import misuse, moment, no_statement
from warifu.attestation.claims import Realm
from warifu.attestation.trust import rules
from warifu.attestation.trust.bundle import continue_history, export_bundle, read_bundle
from warifu.attestation.trust.history import TrustHistory
from warifu.attestation.trust.snapshot import SnapshotKind
from warifu.service.adapters.bundled_trust import bundled_history
from warifu.service.adapters.trust_directory import TrustDirectory
from warifu.service.rules import DIRECTORY_EMPTY

T0 = moment("2026-03-01T00:00:00Z")
HOUR = timedelta(hours=1)
KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.fixture
def online(tmp_path: Path) -> TrustDirectory:
    directory = TrustDirectory.create(tmp_path / "online", realm=Realm.PRODUCTION, now=T0)
    learn(directory, revocation_document(0xA), T0)
    return directory


def learn(directory: TrustDirectory, data: bytes, at: datetime) -> None:
    record = directory.history().admit(
        SnapshotKind.REVOCATION, data, learned_at=at, source="a test"
    )
    directory.append([record], {record.sha256: data})


def carry(history: TrustHistory) -> TrustHistory:
    bundle = export_bundle(history, key=KEY)
    return read_bundle(bundle, key=KEY.public_key(), realm=Realm.PRODUCTION)


def take_over(directory: TrustDirectory, offered: TrustHistory, at: datetime) -> int:
    added = continue_history(directory.history(), offered, imported_at=at)
    directory.append(added, {r.sha256: offered.snapshot(r.sha256) for r in added})
    return len(added)


def test_an_offline_place_follows_an_online_one(online: TrustDirectory, tmp_path: Path) -> None:
    offline = TrustDirectory.create(
        tmp_path / "offline", realm=Realm.PRODUCTION, now=T0, snapshots={}
    )
    first = carry(online.history())
    assert take_over(offline, first, T0 + HOUR) == 3
    learn(online, revocation_document(0xA, 0xB), T0 + 2 * HOUR)
    assert take_over(offline, carry(online.history()), T0 + 9 * HOUR) == 1
    history = offline.history()
    with no_statement(rules.KNOWN_THEN):
        history.as_of(T0)
    early, late = (history.as_of(T0 + hours * HOUR).revocation for hours in (8, 9))
    assert early is not None
    assert late is not None
    assert (len(early.entries), len(late.entries)) == (1, 2)
    assert late.confirmed_at == T0 + 2 * HOUR
    with no_statement(rules.BUNDLE_ROLLBACK):
        take_over(offline, first, T0 + 10 * HOUR)


def test_a_restored_history_answers_as_the_original(online: TrustDirectory, tmp_path: Path) -> None:
    restored = TrustDirectory.restore(tmp_path / "audit", carry(online.history())).history()
    assert restored.records == online.history().records
    assert restored.as_of(T0) == online.history().as_of(T0)


def test_nothing_is_restored_over_another_history(online: TrustDirectory) -> None:
    with misuse(DIRECTORY_EMPTY):
        TrustDirectory.restore(online.path, online.history())


def test_a_damaged_history_is_not_restored(online: TrustDirectory, tmp_path: Path) -> None:
    name = online.history().records[0].sha256
    (online.path / "objects" / name).write_bytes(b"damaged")
    with no_statement(rules.INTACT):
        TrustDirectory.restore(tmp_path / "audit", online.history())
    assert not (tmp_path / "audit").exists()


def test_what_is_bundled_counts_at_any_time_and_can_be_carried(tmp_path: Path) -> None:
    for year in (1990, 2023, 2026):
        view = bundled_history().as_of(datetime(year, 1, 1, tzinfo=T0.tzinfo))
        assert len(view.anchors) >= 19
        assert view.revocation is None
        assert view.metadata is None
    restored = TrustDirectory.restore(tmp_path / "copy", carry(bundled_history()))
    assert restored.history().as_of(T0).boot_keys is not None
