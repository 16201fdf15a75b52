"""Refreshing: what is accepted, what is kept, what is waited for."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.attestation.trust.worlds import anchors_document, revocation_document
from tests.service.publisher import Publisher, serving, status
from tests.support import misuse, moment, no_statement
from warifu.attestation.claims import Realm
from warifu.attestation.trust import rules
from warifu.attestation.trust.snapshot import SnapshotKind, digest
from warifu.base.codec import jose
from warifu.handset.authority import new_key
from warifu.handset.metadata_service import MetadataService
from warifu.service.adapters import bundled_trust
from warifu.service.adapters.bundled_trust import Source, bundled_sources
from warifu.service.adapters.trust_directory import TrustDirectory
from warifu.service.rules import FETCHED, SOURCE_ADDRESS
from warifu.service.workers import trust_refresh
from warifu.service.workers.trust_refresh import (
    MAX_ATTEMPTS,
    MAX_WAIT,
    Outcome,
    SourceOutcome,
    World,
    refresh,
)

T0 = moment("2026-03-01T00:00:00Z")
HOUR = timedelta(hours=1)
KIND = SnapshotKind.REVOCATION


class Clock:
    """A clock that moves only when told, and remembers every sleep."""

    def __init__(self) -> None:
        self.at = T0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    @property
    def world(self) -> World:
        return World(now=self.now, sleep=self.sleep, random=lambda: 0.5)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with serving() as publisher:
        publisher.body = revocation_document(0xA, 0xB)
        yield publisher


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def directory(tmp_path: Path) -> TrustDirectory:
    return TrustDirectory.create(tmp_path / "trust", realm=Realm.PRODUCTION, now=T0)


def once(directory: TrustDirectory, publisher: Publisher, clock: Clock) -> SourceOutcome:
    report = refresh(directory, [Source(kind=KIND, url=publisher.url)], world=clock.world)
    (outcome,) = report.outcomes
    assert bool(report.failed) == (outcome.outcome in {Outcome.REJECTED, Outcome.UNREACHABLE})
    return outcome


def test_a_new_list_is_learned(
    directory: TrustDirectory, publisher: Publisher, clock: Clock
) -> None:
    outcome = once(directory, publisher, clock)
    assert (outcome.outcome, outcome.attempts) == (Outcome.UPDATED, 1)
    assert outcome.sha256 == digest(publisher.body)
    listed = directory.history().as_of(T0).revocation
    assert listed is not None
    assert listed.find(0xA) is not None


def test_an_unchanged_list_is_confirmed_and_fresh_again(
    directory: TrustDirectory, publisher: Publisher, clock: Clock
) -> None:
    once(directory, publisher, clock)
    clock.at += 20 * HOUR
    assert once(directory, publisher, clock).outcome is Outcome.CONFIRMED
    assert publisher.asked[1]["If-None-Match"] == '"1"'
    clock.at += 20 * HOUR
    listed = directory.history().as_of(clock.at).revocation
    assert listed is not None
    listed.require_fresh(clock.at)
    assert len(list((directory.path / "objects").iterdir())) == 3


def test_a_list_sent_again_in_full_is_confirmed(
    directory: TrustDirectory, publisher: Publisher, clock: Clock
) -> None:
    publisher.headers = {}
    once(directory, publisher, clock)
    clock.at += HOUR
    assert once(directory, publisher, clock).outcome is Outcome.CONFIRMED


def test_without_any_answer_a_list_grows_stale(
    directory: TrustDirectory, publisher: Publisher, clock: Clock
) -> None:
    once(directory, publisher, clock)
    clock.at += 25 * HOUR
    publisher.answers = [status(500)] * MAX_ATTEMPTS
    outcome = once(directory, publisher, clock)
    assert (outcome.outcome, outcome.code) == (Outcome.UNREACHABLE, FETCHED.code)
    assert outcome.sha256 == digest(publisher.body)
    listed = directory.history().as_of(clock.at).revocation
    assert listed is not None
    with no_statement(rules.REVOCATION_FRESH):
        listed.require_fresh(clock.at)


def test_a_publisher_is_not_asked_before_it_wants_to_be(
    directory: TrustDirectory, publisher: Publisher, clock: Clock
) -> None:
    publisher.headers["Cache-Control"] = "max-age=3600"
    publisher.headers["Age"] = "1800"
    once(directory, publisher, clock)
    clock.at += timedelta(minutes=29)
    early = once(directory, publisher, clock)
    assert (early.outcome, early.ask_again_at) == (Outcome.NOT_DUE, T0 + HOUR / 2)
    clock.at += timedelta(minutes=1)
    assert once(directory, publisher, clock).outcome is Outcome.CONFIRMED
    assert len(publisher.asked) == 2


def test_a_failing_publisher_is_asked_with_growing_patience(
    directory: TrustDirectory, publisher: Publisher, clock: Clock
) -> None:
    publisher.answers = [status(500), status(502), status(503)]
    outcome = once(directory, publisher, clock)
    assert (outcome.outcome, outcome.attempts) == (Outcome.UPDATED, 4)
    assert clock.slept == [2.5, 5.0, 10.0]


def test_a_publisher_that_asks_for_patience_gets_it_within_reason(
    directory: TrustDirectory, publisher: Publisher, clock: Clock
) -> None:
    publisher.answers = [status(429, Retry_After="60"), status(503, Retry_After="3000")]
    assert once(directory, publisher, clock).outcome is Outcome.UPDATED
    assert clock.slept == [60.0, MAX_WAIT.total_seconds()]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html>sign in to the airport wifi</html>", rules.REVOCATION_WELL_FORMED.code),
        (revocation_document(), rules.REVOCATION_KEEPS.code),
        (b'{"entries":{"a":{"stat', rules.REVOCATION_WELL_FORMED.code),
    ],
)
def test_an_answer_that_does_not_verify_is_not_stored(
    directory: TrustDirectory, publisher: Publisher, clock: Clock, body: bytes, code: str
) -> None:
    once(directory, publisher, clock)
    held = publisher.body
    publisher.body, publisher.headers = body, {"ETag": '"2"'}
    clock.at += HOUR
    outcome = once(directory, publisher, clock)
    assert (outcome.outcome, outcome.code) == (Outcome.REJECTED, code)
    assert outcome.sha256 == digest(held)
    assert not (directory.path / "objects" / digest(body)).exists()
    listed = directory.history().as_of(clock.at).revocation
    assert listed is not None
    assert listed.confirmed_at == T0
    assert clock.slept == []


def test_a_damaged_list_is_fetched_anew_and_mended(
    directory: TrustDirectory, publisher: Publisher, clock: Clock
) -> None:
    once(directory, publisher, clock)
    (directory.path / "objects" / digest(publisher.body)).write_bytes(b"decayed")
    clock.at += HOUR
    assert once(directory, publisher, clock).outcome is Outcome.CONFIRMED
    assert "If-None-Match" not in publisher.asked[1]
    assert directory.history().as_of(clock.at).revocation is not None


def test_a_list_from_another_address_is_not_asked_for_by_that_ones_names(
    directory: TrustDirectory, publisher: Publisher, clock: Clock
) -> None:
    once(directory, publisher, clock)
    with serving() as mirror:
        mirror.body = publisher.body
        assert once(directory, mirror, clock).outcome is Outcome.UPDATED
        assert "If-None-Match" not in mirror.asked[0]


def test_a_clock_that_was_set_back_learns_nothing(
    directory: TrustDirectory, publisher: Publisher, clock: Clock
) -> None:
    clock.at = T0 - HOUR
    outcome = once(directory, publisher, clock)
    assert (outcome.outcome, outcome.code) == (Outcome.REJECTED, rules.HISTORY_WELL_FORMED.code)
    clock.at = T0 + HOUR
    once(directory, publisher, clock)
    clock.at = T0
    outcome = once(directory, publisher, clock)
    assert (outcome.outcome, outcome.code) == (Outcome.REJECTED, rules.HISTORY_WELL_FORMED.code)


def test_an_address_that_is_not_https_is_misuse(directory: TrustDirectory, clock: Clock) -> None:
    source = Source(kind=KIND, url="http://publisher.example/list")
    with misuse(SOURCE_ADDRESS):
        refresh(directory, [source], world=clock.world)


@pytest.fixture
def metadata(tmp_path: Path) -> tuple[TrustDirectory, MetadataService]:
    service = MetadataService()
    directory = TrustDirectory.create(
        tmp_path / "test-trust",
        realm=Realm.TEST,
        now=T0,
        snapshots={SnapshotKind.ANCHORS: anchors_document(service.root.certificate)},
        source="a test",
    )
    return directory, service


def test_metadata_is_verified_before_it_is_stored(
    metadata: tuple[TrustDirectory, MetadataService], publisher: Publisher, clock: Clock
) -> None:
    directory, service = metadata
    source = Source(kind=SnapshotKind.METADATA, url=publisher.url)
    publisher.headers = {}
    wanted = [
        (service.blob, Outcome.UPDATED, None),
        (altered(service), Outcome.REJECTED, jose.SIGNATURE.code),
        (renumbered(service, 6), Outcome.REJECTED, rules.MDS_NO_ROLLBACK.code),
        (renumbered(service, 8), Outcome.UPDATED, None),
    ]
    for body, outcome, code in wanted:
        publisher.body = body
        (found,) = refresh(directory, [source], world=clock.world).outcomes
        assert (found.outcome, found.code) == (outcome, code)
    held = directory.history().as_of(T0).metadata
    assert held is not None
    assert held.number == 8


def altered(service: MetadataService) -> bytes:
    kept, service.signed_by = service.signed_by, new_key()
    blob, service.signed_by = service.blob, kept
    return blob


def renumbered(service: MetadataService, number: int) -> bytes:
    service.payload["no"] = number
    return service.blob


def test_one_failing_source_does_not_stop_the_next(
    metadata: tuple[TrustDirectory, MetadataService], publisher: Publisher, clock: Clock
) -> None:
    directory, _ = metadata
    sources = [
        Source(kind=SnapshotKind.METADATA, url=publisher.url),
        Source(kind=KIND, url=publisher.url),
    ]
    report = refresh(directory, sources, world=clock.world)
    assert [o.outcome for o in report.outcomes] == [Outcome.REJECTED, Outcome.UPDATED]
    assert len(report.failed) == 1


def test_newer_bundled_anchors_are_learned_and_an_operators_own_are_left_alone(
    directory: TrustDirectory, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refresh(directory, [], world=clock.world).outcomes == ()
    bundled = bundled_trust.bundled_snapshots()
    newer = {**bundled, SnapshotKind.ANCHORS: bundled[SnapshotKind.ANCHORS] + b"\n"}
    monkeypatch.setattr(trust_refresh, "bundled_snapshots", lambda: newer)
    (outcome,) = refresh(directory, [], world=clock.world).outcomes
    assert (outcome.kind, outcome.outcome) == (SnapshotKind.ANCHORS, Outcome.UPDATED)
    own = bundled[SnapshotKind.ANCHORS] + b"\n\n"
    record = directory.history().admit(
        SnapshotKind.ANCHORS, own, learned_at=T0, source="our own choice"
    )
    directory.append([record], {record.sha256: own})
    assert refresh(directory, [], world=clock.world).outcomes == ()


def test_the_bundled_publishers_are_asked_over_https() -> None:
    assert {source.kind for source in bundled_sources()} == {KIND, SnapshotKind.METADATA}
    assert all(source.url.startswith("https://") for source in bundled_sources())
