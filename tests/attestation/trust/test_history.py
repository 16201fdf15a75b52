"""What was believed when: two times that are never confused, and a past nobody rewrites."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.attestation.trust.worlds import Growing, anchors_document, revocation_document
from tests.support import moment, no_statement
from warifu.attestation.claims import Realm
from warifu.attestation.trust import rules
from warifu.attestation.trust.history import TrustHistory
from warifu.attestation.trust.snapshot import (
    MAX_RECORD_BYTES,
    SnapshotKind,
    SnapshotRecord,
    Told,
    decode_record,
    digest,
    encode_record,
    require_intact,
)
from warifu.base.errors import RejectedTrust
from warifu.base.pki import path, signature
from warifu.handset.authority import Authority
from warifu.handset.metadata_service import MetadataService
from warifu.service.adapters.bundled_trust import bundled_snapshots

T0 = moment("2026-03-01T00:00:00Z")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def world() -> Growing:
    world = Growing()
    world.learn_root(T0)
    return world


def test_what_was_believed_on_3_march_is_a_query(world: Growing) -> None:
    world.learn(SnapshotKind.REVOCATION, revocation_document(0xA), T0 + DAY)
    world.learn(SnapshotKind.REVOCATION, revocation_document(0xA, 0xB), T0 + 5 * DAY)
    on_3_march = world.history.as_of(moment("2026-03-03"))
    assert on_3_march.revocation is not None
    assert on_3_march.revocation.find(0xA) is not None
    assert on_3_march.revocation.find(0xB) is None
    later = world.history.as_of(moment("2026-03-09"))
    assert later.revocation is not None
    assert later.revocation.find(0xB) is not None
    assert later.snapshots["android-revocation"] != on_3_march.snapshots["android-revocation"]
    assert later.snapshots["anchors"] == on_3_march.snapshots["anchors"]
    assert later.realm is Realm.TEST


def test_the_real_lists_give_their_years_answers(vectors: Path) -> None:
    world = Growing(Realm.PRODUCTION)
    world.learn(
        SnapshotKind.ANCHORS, bundled_snapshots()[SnapshotKind.ANCHORS], moment("2021-01-01")
    )
    for day in ("2021-10-10", "2023-05-28", "2025-01-08"):
        data = (vectors / "google-revocation-status" / f"status-{day}.json").read_bytes()
        world.learn(SnapshotKind.REVOCATION, data, moment(day))
    counts = []
    for day in ("2021-10-09", "2021-10-10", "2023-05-29", "2026-01-01"):
        listed = world.history.as_of(moment(day)).revocation
        counts.append(0 if listed is None else len(listed.entries))
    assert counts == [0, 15, 46, 467]


def test_the_real_blobs_follow_each_other(vectors: Path) -> None:
    world = Growing(Realm.PRODUCTION)
    world.learn(
        SnapshotKind.ANCHORS, bundled_snapshots()[SnapshotKind.ANCHORS], moment("2021-01-01")
    )
    big = vectors / "tweag-webauthn/golden-metadata/big"
    world.learn(SnapshotKind.METADATA, (big / "blob.jwt").read_bytes(), moment("2023-01-25"))
    world.learn(
        SnapshotKind.METADATA, (big / "blob-with-errors.jwt").read_bytes(), moment("2023-03-25")
    )
    numbers = []
    # In 2026 its signer has long expired; it was valid when the BLOB reached us.
    for day in ("2023-01-25", "2023-03-26", "2026-11-21"):
        metadata = world.history.as_of(moment(day)).metadata
        assert metadata is not None
        numbers.append(metadata.number)
    assert numbers == [23, 25, 25]
    with no_statement(rules.MDS_NO_ROLLBACK):
        world.learn(SnapshotKind.METADATA, (big / "blob.jwt").read_bytes(), moment("2023-03-26"))


def test_a_conformance_blob_is_not_learned_in_production(vectors: Path) -> None:
    world = Growing(Realm.PRODUCTION)
    world.learn(SnapshotKind.ANCHORS, bundled_snapshots()[SnapshotKind.ANCHORS], T0)
    blob = (vectors / "fido-mds-conformance/test-blob.jwt").read_bytes()
    with no_statement(path.ANCHORED):
        world.learn(SnapshotKind.METADATA, blob, T0)


def test_before_anything_was_known_nothing_is_said(world: Growing) -> None:
    with no_statement(rules.KNOWN_THEN):
        world.history.as_of(T0 - timedelta(seconds=1))


def test_parts_that_were_not_known_are_none(world: Growing) -> None:
    view = world.history.as_of(T0)
    assert (view.revocation, view.metadata, view.boot_keys) == (None, None, None)
    assert len(view.anchors) == 1


def test_a_confirmation_renews_freshness_and_nothing_else(world: Growing) -> None:
    world.learn(SnapshotKind.REVOCATION, revocation_document(0xA), T0)
    world.confirm(SnapshotKind.REVOCATION, T0 + 20 * HOUR)
    then = T0 + 30 * HOUR
    confirmed = world.history.as_of(then).revocation
    assert confirmed is not None
    assert confirmed.confirmed_at == T0 + 20 * HOUR
    confirmed.require_fresh(then)
    unconfirmed = world.of(world.records[:-1]).as_of(then).revocation
    assert unconfirmed is not None
    assert unconfirmed.entries == confirmed.entries
    with no_statement(rules.REVOCATION_FRESH):
        unconfirmed.require_fresh(then)


def test_a_later_confirmation_does_not_freshen_the_past(world: Growing) -> None:
    world.learn(SnapshotKind.REVOCATION, revocation_document(0xA), T0)
    world.confirm(SnapshotKind.REVOCATION, T0 + 10 * DAY)
    past = world.history.as_of(T0 + 5 * DAY)
    assert past.revocation is not None
    with no_statement(rules.REVOCATION_FRESH):
        past.revocation.require_fresh(past.known_at)


def test_what_is_not_held_cannot_be_confirmed(world: Growing) -> None:
    with no_statement(rules.KNOWN_THEN):
        world.history.confirm(SnapshotKind.REVOCATION, at=T0)


def test_an_emptied_revocation_list_is_not_learned(world: Growing) -> None:
    world.learn(SnapshotKind.REVOCATION, revocation_document(*range(10, 20)), T0)
    with no_statement(rules.REVOCATION_KEEPS):
        world.learn(SnapshotKind.REVOCATION, revocation_document(), T0 + HOUR)


def test_older_metadata_is_not_learned(world: Growing) -> None:
    world.learn(SnapshotKind.METADATA, world.service.blob, T0)
    world.service.payload["no"] -= 1
    with no_statement(rules.MDS_NO_ROLLBACK):
        world.learn(SnapshotKind.METADATA, world.service.blob, T0 + HOUR)


def test_metadata_is_not_learned_before_its_anchors() -> None:
    world = Growing()
    with no_statement(rules.KNOWN_THEN):
        world.learn(SnapshotKind.METADATA, world.service.blob, T0)


def test_metadata_of_a_stranger_is_not_learned(world: Growing) -> None:
    world.service.authority = Authority.root("Warifu Test Metadata Root")
    world.service.signer.issuer = world.service.authority.subject
    with pytest.raises(RejectedTrust):
        world.learn(SnapshotKind.METADATA, world.service.blob, T0)


def test_in_production_metadata_is_signed_by_fido(world: Growing) -> None:
    production = Growing(Realm.PRODUCTION)
    root = anchors_document(world.service.root.certificate, realm=None)
    production.learn(SnapshotKind.ANCHORS, root, T0)
    world.service.name_signer("mds.attacker.example")
    with no_statement(rules.MDS_SIGNER):
        production.learn(SnapshotKind.METADATA, world.service.blob, T0)
    world.learn(SnapshotKind.METADATA, world.service.blob, T0)


def test_a_test_root_is_not_learned_in_production(world: Growing) -> None:
    production = Growing(Realm.PRODUCTION)
    with no_statement(rules.REALM):
        production.learn(SnapshotKind.ANCHORS, anchors_document(world.service.root.certificate), T0)
    for name, data in world.objects.items():
        production.objects[name] = data
    with no_statement(rules.REALM):
        production.of(world.records).as_of(T0)


def test_boot_keys_are_learned_and_bad_ones_are_not(world: Growing) -> None:
    world.learn(SnapshotKind.BOOT_KEYS, bundled_snapshots()[SnapshotKind.BOOT_KEYS], T0)
    keys = world.history.as_of(T0).boot_keys
    assert keys is not None
    assert len(keys.entries) == 21
    with no_statement(rules.BOOT_KEYS_WELL_FORMED):
        world.learn(SnapshotKind.BOOT_KEYS, b"{}", T0)


def test_a_damaged_snapshot_is_not_believed(world: Growing) -> None:
    record = world.learn(SnapshotKind.REVOCATION, revocation_document(0xA), T0)
    world.objects[record.sha256] = revocation_document(0xB)
    with no_statement(rules.INTACT):
        world.history.as_of(T0)


def test_a_damaged_snapshot_does_not_keep_the_next_one_out(world: Growing) -> None:
    world.learn(SnapshotKind.REVOCATION, revocation_document(*range(10)), T0)
    damaged = world.learn(SnapshotKind.REVOCATION, revocation_document(*range(11)), T0)
    world.objects[damaged.sha256] = b"decayed"
    with no_statement(rules.REVOCATION_KEEPS):
        world.learn(SnapshotKind.REVOCATION, revocation_document(0xA), T0)
    world.learn(SnapshotKind.REVOCATION, revocation_document(*range(12)), T0)
    listed = world.history.as_of(T0).revocation
    assert listed is not None
    assert listed.find(11) is not None


def test_metadata_of_a_new_root_is_taken_when_the_old_root_is_given_up(world: Growing) -> None:
    world.learn_root(T0)
    world.learn(SnapshotKind.METADATA, world.service.blob, T0)
    world.service = MetadataService()
    world.service.payload["no"] = 8
    world.learn_root(T0)
    with no_statement(signature.SIGNATURE):
        world.history.as_of(T0)
    world.learn(SnapshotKind.METADATA, world.service.blob, T0)
    view = world.history.as_of(T0)
    assert view.metadata is not None
    assert view.metadata.number == 8


def test_a_snapshot_is_read_once_however_often_it_was_confirmed(world: Growing) -> None:
    world.learn(SnapshotKind.REVOCATION, revocation_document(0xA), T0)
    for hour in range(1, 50):
        world.confirm(SnapshotKind.REVOCATION, T0 + hour * HOUR)
    history = world.history
    lists = [history.as_of(T0 + hour * HOUR).revocation for hour in range(50)]
    assert len({id(listed.entries) for listed in lists if listed is not None}) == 1
    assert len({listed.confirmed_at for listed in lists if listed is not None}) == 50


def test_time_does_not_run_backwards(world: Growing) -> None:
    with no_statement(rules.HISTORY_WELL_FORMED):
        world.learn(SnapshotKind.REVOCATION, revocation_document(0xA), T0 - HOUR)
    with no_statement(rules.HISTORY_WELL_FORMED):
        world.of([record(learned_at=T0), record(learned_at=T0 - HOUR)])


def test_nothing_is_learned_before_it_was_confirmed(world: Growing) -> None:
    with no_statement(rules.HISTORY_WELL_FORMED):
        world.of([record(confirmed_at=T0 + HOUR)])


def record(**changes: Any) -> SnapshotRecord:
    members: dict[str, Any] = {
        "kind": SnapshotKind.REVOCATION,
        "sha256": digest(b"x"),
        "learned_at": T0,
        "confirmed_at": T0 - 2 * HOUR,
        "source": "https://publisher.example/list",
        "told": Told(etag='"7"', last_modified="Sun, 01 Mar 2026 00:00:00 GMT", expires_at=T0),
    }
    return SnapshotRecord(**{**members, **changes})


@pytest.mark.parametrize("told", [Told(), record().told])
def test_a_record_survives_its_line(told: Told) -> None:
    line = encode_record(record(told=told))
    assert b"\n" not in line
    assert decode_record(line) == record(told=told)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("kind", "rumours"),
        ("sha256", "AB" * 32),
        ("sha256", "../../etc/passwd"),
        ("learned_at", "2026-03-01T00:00:00"),
        ("learned_at", "yesterday"),
        ("learned_at", 7),
        ("source", "s" * 2000),
        ("source", None),
        ("told", {"etag": 7}),
        ("told", {"believe": "me"}),
        ("trusted", True),
    ],
)
def test_a_record_of_another_form_is_refused(member: str, value: object) -> None:
    members = {**json.loads(encode_record(record())), member: value}
    with no_statement(rules.HISTORY_WELL_FORMED):
        decode_record(json.dumps(members).encode())


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{}",
        b" " * (MAX_RECORD_BYTES + 1),
        encode_record(record())[:-1],
        encode_record(record()).replace(b"{", b'{"kind":"anchors",', 1),
    ],
)
def test_a_line_of_another_form_is_refused(line: bytes) -> None:
    with no_statement(rules.HISTORY_WELL_FORMED):
        decode_record(line)


@given(st.binary(max_size=200))
def test_any_line_is_refused_by_one_error(line: bytes) -> None:
    with no_statement(rules.HISTORY_WELL_FORMED):
        decode_record(line)


def test_a_snapshot_is_named_by_its_bytes() -> None:
    assert require_intact(digest(b"x"), b"x") == b"x"
    with no_statement(rules.INTACT):
        require_intact(digest(b"x"), b"y")


def test_an_empty_history_says_nothing() -> None:
    history = TrustHistory(realm=Realm.PRODUCTION, records=(), find=dict[str, bytes]().__getitem__)
    assert history.latest(SnapshotKind.ANCHORS) is None
    with no_statement(rules.KNOWN_THEN):
        history.as_of(T0)


def test_boot_keys_of_a_test_realm_are_not_learned_in_production() -> None:
    document = json.dumps({"realm": "test", "keys": []}).encode()
    with no_statement(rules.REALM):
        Growing(Realm.PRODUCTION).learn(SnapshotKind.BOOT_KEYS, document, T0)
    Growing(Realm.TEST).learn(SnapshotKind.BOOT_KEYS, document, T0)
