"""Bundles: one signed file that continues a history and never rewrites one."""

from datetime import timedelta
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.attestation.trust.worlds import Growing, revocation_document
from tests.support import misuse, moment, no_statement
from warifu.attestation.claims import Realm
from warifu.attestation.trust import bundle, rules
from warifu.attestation.trust.history import TrustHistory
from warifu.attestation.trust.snapshot import SnapshotKind
from warifu.base.codec import cbor
from warifu.base.errors import RejectedTrust
from warifu.handset.authority import new_key

T0 = moment("2026-03-01T00:00:00Z")
HOUR = timedelta(hours=1)
KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.fixture
def world() -> Growing:
    world = Growing()
    world.learn_root(T0)
    world.learn(SnapshotKind.REVOCATION, revocation_document(0xA), T0 + HOUR)
    world.learn(SnapshotKind.METADATA, world.service.blob, T0 + 2 * HOUR)
    return world


def export(world: Growing, key: bundle.SigningKey = KEY) -> bytes:
    return bundle.export_bundle(world.history, key=key)


def read(data: bytes, key: Any = None, realm: Realm = Realm.TEST) -> TrustHistory:
    return bundle.read_bundle(data, key=key or KEY.public_key(), realm=realm)


def resigned(data: bytes, **changes: Any) -> bytes:
    """The same bundle with members of its payload changed, signed by its maker again."""
    payload = cbor2.loads(cbor2.loads(data)[2])
    for name, value in changes.items():
        if value is ...:
            del payload[name]
        else:
            payload[name] = value
    return signed(cbor2.dumps(payload, canonical=True))


def signed(payload: bytes, protected: Any = None, unprotected: Any = None) -> bytes:
    header = cbor2.dumps({1: -19, 16: bundle.CONTENT_TYPE} if protected is None else protected)
    message = cbor2.dumps(["Signature1", header, b"", payload])
    return cbor2.dumps([header, unprotected or {}, payload, KEY.sign(message)])


@pytest.mark.parametrize("key", [KEY, ec.generate_private_key(ec.SECP256R1())])
def test_a_history_survives_its_bundle(world: Growing, key: bundle.SigningKey) -> None:
    history = read(export(world, key), key.public_key())
    assert history.records == tuple(world.records)
    for hour in (0, 1, 2):
        then = T0 + hour * HOUR
        assert history.as_of(then) == world.history.as_of(then)


def test_the_same_history_gives_the_same_bundle(world: Growing) -> None:
    assert export(world) == export(world)


def test_resigning_alone_changes_nothing(world: Growing) -> None:
    assert resigned(export(world)) == export(world)


@given(position=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_changed_byte_is_refused(position: int, flip: int) -> None:
    world = Growing()
    world.records, world.objects = list(WORLD.records), WORLD.objects
    data = bytearray(WORLD_BUNDLE)
    data[position % len(data)] ^= flip
    with pytest.raises(RejectedTrust):
        read(bytes(data))


@given(st.integers(0, 10_000))
def test_a_truncated_bundle_is_refused(length: int) -> None:
    with no_statement(rules.BUNDLE_WELL_FORMED):
        read(WORLD_BUNDLE[: length % len(WORLD_BUNDLE)])


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_by_one_error(data: bytes) -> None:
    with no_statement(rules.BUNDLE_WELL_FORMED):
        read(data)


def test_bytes_after_a_bundle_are_refused(world: Growing) -> None:
    with no_statement(rules.BUNDLE_WELL_FORMED):
        read(export(world) + b"\x00")


def test_a_bundle_of_a_stranger_is_refused(world: Growing) -> None:
    for stranger in (ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())):
        with no_statement(rules.BUNDLE_SIGNATURE):
            read(export(world), stranger.public_key())


def test_a_signature_of_another_length_is_refused(world: Growing) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    item = cbor2.loads(export(world, key))
    with no_statement(rules.BUNDLE_SIGNATURE):
        read(cbor2.dumps([*item[:3], item[3][:-1]]), key.public_key())


@pytest.mark.parametrize(
    "header",
    [
        {1: -8, 16: bundle.CONTENT_TYPE},
        {1: -19},
        {1: -19, 16: "application/vnd.warifu.receipt+cbor"},
        {1: -19, 4: b"kid", 16: bundle.CONTENT_TYPE},
    ],
)
def test_something_else_signed_by_the_same_key_is_refused(world: Growing, header: Any) -> None:
    payload = cbor2.loads(export(world))[2]
    with no_statement(rules.BUNDLE_SIGNATURE):
        read(signed(payload, header))


def test_unsigned_headers_are_refused(world: Growing) -> None:
    payload = cbor2.loads(export(world))[2]
    with no_statement(rules.BUNDLE_WELL_FORMED):
        read(signed(payload, unprotected={4: b"kid"}))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "something-else"},
        {"version": 2},
        {"version": True},
        {"records": {}},
        {"records": []},
        {"objects": {}},
        {"objects": {7: b""}},
        {"objects": []},
        {"made_for": "you"},
        {"realm": ...},
    ],
)
def test_a_payload_of_another_form_is_refused(world: Growing, changes: Any) -> None:
    with no_statement(rules.BUNDLE_WELL_FORMED):
        read(resigned(export(world), **changes))


def test_a_payload_that_is_no_map_is_refused() -> None:
    for payload in (b"", b"\x80", b"\xa1"):
        with no_statement(rules.BUNDLE_WELL_FORMED):
            read(signed(payload))


def test_a_record_of_another_form_is_refused(world: Growing) -> None:
    with no_statement(rules.HISTORY_WELL_FORMED):
        read(resigned(export(world), records=[7]))


def test_an_exchanged_snapshot_is_refused_even_when_signed(world: Growing) -> None:
    objects = dict.fromkeys(world.objects, b"something else")
    with no_statement(rules.INTACT):
        read(resigned(export(world), objects=objects))


def test_a_snapshot_that_no_record_names_is_refused(world: Growing) -> None:
    records = [cbor2.loads(cbor2.loads(export(world))[2])["records"][0]]
    with no_statement(rules.BUNDLE_WELL_FORMED):
        read(resigned(export(world), records=records))


@pytest.mark.parametrize("limit", ["MAX_RECORDS", "MAX_OBJECTS", "MAX_SNAPSHOT_BYTES", "MAX_BYTES"])
def test_a_bundle_beyond_a_limit_is_refused(
    world: Growing, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, limit, 2)
    with no_statement(rules.BUNDLE_WELL_FORMED):
        read(export(world))


def test_a_bundle_of_the_test_realm_is_refused_in_production(world: Growing) -> None:
    with no_statement(rules.REALM):
        read(export(world), realm=Realm.PRODUCTION)


def test_a_relabelled_test_bundle_brings_no_test_root_into_production(world: Growing) -> None:
    history = read(resigned(export(world), realm="production"), realm=Realm.PRODUCTION)
    with no_statement(rules.REALM):
        history.as_of(T0)


def test_a_damaged_history_is_not_exported(world: Growing) -> None:
    world.objects[world.records[0].sha256] = b"damaged"
    with no_statement(rules.INTACT):
        export(world)


def test_a_key_of_another_kind_signs_and_verifies_nothing(world: Growing) -> None:
    other: Any = new_key("rsa2048")
    p384 = ec.generate_private_key(ec.SECP384R1())
    for key in (other, p384):
        with misuse(rules.BUNDLE_SIGNATURE):
            export(world, key)
        with misuse(rules.BUNDLE_SIGNATURE):
            read(export(world), key.public_key())


def test_what_a_bundle_adds_was_not_believed_before_it_came(world: Growing) -> None:
    held = world.of(world.records[:1])
    arrival = T0 + 9 * HOUR
    added = bundle.continue_history(held, read(export(world)), imported_at=arrival)
    assert [record.learned_at for record in added] == [arrival, arrival]
    assert [record.confirmed_at for record in added] == [T0 + HOUR, T0 + 2 * HOUR]
    grown = world.of([*world.records[:1], *added])
    assert grown.as_of(T0 + 8 * HOUR).revocation is None
    assert grown.as_of(arrival).revocation is not None


def test_bundles_of_one_maker_may_follow_each_other(world: Growing) -> None:
    held = world.of(())
    first = bundle.continue_history(held, read(export(world)), imported_at=T0 + 9 * HOUR)
    world.confirm(SnapshotKind.REVOCATION, T0 + 10 * HOUR)
    second = bundle.continue_history(
        world.of(first), read(export(world)), imported_at=T0 + 11 * HOUR
    )
    assert len(second) == 1
    assert second[0].confirmed_at == T0 + 10 * HOUR
    again = world.of([*first, *second])
    assert bundle.continue_history(again, read(export(world)), imported_at=T0 + 12 * HOUR) == ()


def test_an_older_bundle_is_refused(world: Growing) -> None:
    older = export(world)
    world.confirm(SnapshotKind.REVOCATION, T0 + 10 * HOUR)
    with no_statement(rules.BUNDLE_ROLLBACK):
        bundle.continue_history(world.history, read(older), imported_at=T0 + 11 * HOUR)


def test_a_bundle_with_another_past_is_refused(world: Growing) -> None:
    forged = list(world.records)
    forged[1] = replace(forged[1], confirmed_at=T0)
    with no_statement(rules.BUNDLE_CONTINUES):
        bundle.continue_history(world.of(forged), read(export(world)), imported_at=T0 + 9 * HOUR)


def test_a_bundle_from_the_future_is_refused(world: Growing) -> None:
    with no_statement(rules.BUNDLE_CONTINUES):
        bundle.continue_history(world.of(()), read(export(world)), imported_at=T0)


def _make() -> tuple[Growing, bytes]:
    world = Growing()
    world.learn_root(T0)
    world.learn(SnapshotKind.REVOCATION, revocation_document(0xA), T0)
    return world, bundle.export_bundle(world.history, key=KEY)


WORLD, WORLD_BUNDLE = _make()


def test_a_bundle_larger_than_any_evidence_is_read(world: Growing) -> None:
    large = revocation_document(0xA, *range(1 << 70, (1 << 70) + 6_000))
    world.learn(SnapshotKind.REVOCATION, large, T0 + 3 * HOUR)
    data = export(world)
    assert len(data) > 2 * cbor.MAX_BYTES
    assert read(data).records == tuple(world.records)


def test_a_bundle_may_be_as_young_as_its_import_and_no_younger(world: Growing) -> None:
    held, offered = world.of(()), world.history
    made_at = max(record.confirmed_at for record in offered.records)
    added = bundle.continue_history(held, offered, imported_at=made_at)
    assert [record.learned_at for record in added] == [made_at] * 3
    with no_statement(rules.BUNDLE_CONTINUES):
        bundle.continue_history(held, offered, imported_at=made_at - timedelta(microseconds=1))
