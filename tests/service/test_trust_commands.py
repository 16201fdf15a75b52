"""What people do with a trust directory: load, refresh, carry, restore, show."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.attestation.trust.worlds import anchors_document, revocation_document
from tests.support import misuse, moment, no_statement
from warifu.attestation.claims import Realm
from warifu.attestation.trust import rules
from warifu.attestation.trust.snapshot import SnapshotKind, Told
from warifu.handset.authority import new_key
from warifu.handset.metadata_service import MetadataService
from warifu.service import trust
from warifu.service.adapters.bundled_trust import Source
from warifu.service.adapters.http_fetch import Answer
from warifu.service.adapters.trust_directory import TrustDirectory
from warifu.service.rules import DIRECTORY, DIRECTORY_EMPTY, SIGNING_KEY
from warifu.service.workers.trust_refresh import Outcome, World

T0 = moment("2026-03-01T00:00:00Z")
HOUR = timedelta(hours=1)
KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
SOURCE = Source(kind=SnapshotKind.REVOCATION, url="https://publisher.example/list")


def world_at(at: datetime, body: bytes = b"") -> World:
    answer = Answer(body=body or revocation_document(0xA), told=Told())
    return World(
        now=lambda: at, sleep=lambda _: None, random=lambda: 0.0, fetch=lambda *_, **__: answer
    )


@pytest.fixture
def online(tmp_path: Path) -> Path:
    path = tmp_path / "online"
    trust.refresh(path, sources=[SOURCE], world=world_at(T0))
    return path


def test_without_a_directory_the_bundled_anchors_count_at_any_time() -> None:
    history = trust.load_history(None)
    for year in (1990, 2023, 2026):
        view = history.as_of(datetime(year, 1, 1, tzinfo=T0.tzinfo))
        assert len(view.anchors) >= 19
        assert view.revocation is None


def test_a_first_refresh_makes_the_directory(tmp_path: Path) -> None:
    report = trust.refresh(tmp_path / "new", sources=[SOURCE], world=world_at(T0))
    assert [o.outcome for o in report.outcomes] == [Outcome.UPDATED]
    view = trust.load_history(tmp_path / "new").as_of(T0)
    assert view.revocation is not None
    assert len(view.anchors) >= 19


def test_a_later_refresh_goes_on_with_it(online: Path) -> None:
    trust.refresh(online, sources=[SOURCE], world=world_at(T0 + HOUR))
    assert [r.kind.value for r in trust.load_history(online).records] == [
        "anchors",
        "boot-keys",
        "android-revocation",
        "android-revocation",
    ]


def test_a_directory_of_the_test_realm_starts_with_nothing(tmp_path: Path) -> None:
    trust.refresh(tmp_path / "t", realm=Realm.TEST, sources=[SOURCE], world=world_at(T0))
    history = trust.load_history(tmp_path / "t", realm=Realm.TEST)
    assert history.latest(SnapshotKind.ANCHORS) is None
    with no_statement(rules.REALM):
        trust.load_history(tmp_path / "t")


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for act in (
        lambda: trust.load_history(tmp_path),
        lambda: trust.refresh(tmp_path, sources=[], world=world_at(T0)),
    ):
        with misuse(DIRECTORY):
            act()


def test_an_offline_place_follows_an_online_one(online: Path, tmp_path: Path) -> None:
    offline = tmp_path / "offline"
    first = trust.export_bundle(online, key_pem=PRIVATE)
    added = trust.import_bundle(offline, first, key_pem=PUBLIC, now=T0 + HOUR)
    assert len(added) == 3
    trust.refresh(
        online, sources=[SOURCE], world=world_at(T0 + 2 * HOUR, revocation_document(0xA, 0xB))
    )
    second = trust.export_bundle(online, key_pem=PRIVATE)
    assert len(trust.import_bundle(offline, second, key_pem=PUBLIC, now=T0 + 9 * HOUR)) == 1
    history = trust.load_history(offline)
    with no_statement(rules.KNOWN_THEN):
        history.as_of(T0)
    early, late = (history.as_of(T0 + hours * HOUR).revocation for hours in (8, 9))
    assert early is not None
    assert late is not None
    assert (len(early.entries), len(late.entries)) == (1, 2)
    assert late.confirmed_at == T0 + 2 * HOUR
    with no_statement(rules.BUNDLE_ROLLBACK):
        trust.import_bundle(offline, first, key_pem=PUBLIC, now=T0 + 10 * HOUR)


def test_a_restored_history_answers_as_the_original(online: Path, tmp_path: Path) -> None:
    data = trust.export_bundle(online, key_pem=PRIVATE)
    trust.restore_bundle(tmp_path / "audit", data, key_pem=PUBLIC)
    original, restored = (trust.load_history(path) for path in (online, tmp_path / "audit"))
    assert restored.records == original.records
    assert restored.as_of(T0) == original.as_of(T0)
    with misuse(DIRECTORY_EMPTY):
        trust.restore_bundle(online, data, key_pem=PUBLIC)


def test_a_bundle_that_is_refused_leaves_nothing_behind(online: Path, tmp_path: Path) -> None:
    data = bytearray(trust.export_bundle(online, key_pem=PRIVATE))
    data[len(data) // 2] ^= 1
    for act in (trust.import_bundle, trust.restore_bundle):
        with no_statement(rules.BUNDLE_SIGNATURE):
            act(tmp_path / "offline", bytes(data), key_pem=PUBLIC)
    assert not (tmp_path / "offline").exists()


def test_what_is_bundled_can_be_exported(tmp_path: Path) -> None:
    data = trust.export_bundle(None, key_pem=PRIVATE)
    trust.restore_bundle(tmp_path / "copy", data, key_pem=PUBLIC)
    assert trust.load_history(tmp_path / "copy").as_of(T0).boot_keys is not None


def pem_of(key: ec.EllipticCurvePrivateKey | x25519.X25519PrivateKey) -> tuple[bytes, bytes]:
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


def test_a_p256_key_signs_bundles_too(online: Path, tmp_path: Path) -> None:
    private, public = pem_of(ec.generate_private_key(ec.SECP256R1()))
    data = trust.export_bundle(online, key_pem=private)
    assert len(trust.restore_bundle(tmp_path / "copy", data, key_pem=public)) == 3


def test_a_key_that_is_none_is_told(online: Path, tmp_path: Path) -> None:
    data = trust.export_bundle(online, key_pem=PRIVATE)
    private, public = pem_of(x25519.X25519PrivateKey.generate())
    for pem in (b"", b"no key", private, PUBLIC):
        with misuse(SIGNING_KEY):
            trust.export_bundle(online, key_pem=pem)
    for pem in (b"", b"no key", public, PRIVATE):
        with misuse(SIGNING_KEY):
            trust.import_bundle(tmp_path / "offline", data, key_pem=pem)


def test_a_key_of_another_kind_is_told(online: Path) -> None:
    private, _ = pem_of(new_key("p384"))  # type: ignore[arg-type]
    with misuse(rules.BUNDLE_SIGNATURE):
        trust.export_bundle(online, key_pem=private)


def test_what_was_believed_is_shown(tmp_path: Path) -> None:
    service = MetadataService()
    directory = TrustDirectory.create(
        tmp_path,
        realm=Realm.TEST,
        now=T0,
        snapshots={
            SnapshotKind.ANCHORS: anchors_document(service.root.certificate),
            SnapshotKind.REVOCATION: revocation_document(0xA),
            SnapshotKind.METADATA: service.blob,
            SnapshotKind.BOOT_KEYS: b'{"keys":[]}',
        },
        source="a test",
    )
    shown = {s.kind: s for s in trust.show(directory.history(), known_at=T0)}
    assert {kind.value: s.entries for kind, s in shown.items()} == {
        "anchors": 1,
        "android-revocation": 1,
        "fido-metadata": 1,
        "boot-keys": 0,
    }
    assert shown[SnapshotKind.REVOCATION].good_until == T0 + 24 * HOUR
    metadata = shown[SnapshotKind.METADATA]
    assert metadata.number == 7
    assert str(metadata.good_until)[:10] == service.payload["nextUpdate"]
    assert shown[SnapshotKind.ANCHORS].good_until is None
