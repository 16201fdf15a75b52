"""What is believed: now, earlier, and how old."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.service.house import START, Hands, HeldTrust, make_house
from tests.service.lookup.desk import client
from warifu.attestation.claims import Realm
from warifu.attestation.examination import AWARE_TIME
from warifu.attestation.trust.revocation import MAX_AGE
from warifu.attestation.trust.snapshot import SnapshotKind
from warifu.service.adapters.trust_directory import TrustDirectory
from warifu.service.adapters.trust_source import DirectoryTrust
from warifu.service.conduct.looking_up import rules

if TYPE_CHECKING:
    from pathlib import Path

    from warifu.service.store.database import Database


def test_what_is_believed_is_told_with_digest_and_age(database: Database) -> None:
    trust = HeldTrust(revoked=(1, 2), list_age=timedelta(hours=3))
    house = make_house(database, clock=Hands(), trust=trust)
    with client(house) as bank:
        answer = bank.get("/v1/trust").json()
    believed = {each["kind"]: each for each in answer["believed"]}
    listed = believed["android-revocation"]
    assert (listed["age_seconds"], listed["entries"], listed["stale"]) == (10_800, 2, False)
    assert listed["limit_seconds"] == MAX_AGE.total_seconds()
    assert listed["sha256"] == trust.now(START).snapshots["android-revocation"]
    assert believed["fido-metadata"]["next_update"] == "2099-12-31"
    assert (answer["usable"], answer["missing"]) == (True, ["boot-keys"])


def test_stale_trust_is_told_as_stale(database: Database) -> None:
    trust = HeldTrust(list_age=MAX_AGE + timedelta(seconds=1))
    house = make_house(database, clock=Hands(), trust=trust)
    with client(house) as bank:
        answer = bank.get("/v1/trust").json()
    assert not answer["usable"]
    assert [each["kind"] for each in answer["believed"] if each["stale"]] == ["android-revocation"]


def test_what_was_believed_earlier_is_told_for_then(database: Database) -> None:
    house = make_house(database, clock=Hands())
    with client(house) as bank:
        answer = bank.get("/v1/trust", params={"known_at": "2026-11-01T00:00:00Z"}).json()
    assert answer["known_at"] == "2026-11-01T00:00:00Z"


def test_a_directory_tells_when_it_learned_and_who_told(database: Database, tmp_path: Path) -> None:
    learned = START - timedelta(hours=2)
    directory = TrustDirectory.create(tmp_path / "trust", realm=Realm.PRODUCTION, now=learned)
    listed = directory.history().admit(
        SnapshotKind.REVOCATION,
        b'{"entries": {"1": {"status": "REVOKED"}}}',
        learned_at=START - timedelta(hours=1),
        source="https://lists.example",
    )
    directory.append([listed], {listed.sha256: b'{"entries": {"1": {"status": "REVOKED"}}}'})
    hands = Hands()
    house = make_house(database, clock=hands, trust=DirectoryTrust(directory, hands))
    with client(house) as bank:
        now = bank.get("/v1/trust").json()
        before = bank.get("/v1/trust", params={"known_at": learned.isoformat()}).json()
    anchors, revocation = (
        next(each for each in now["believed"] if each["kind"] == kind)
        for kind in ("anchors", "android-revocation")
    )
    assert anchors["learned_at"] == "2026-11-21T07:00:00Z"
    assert (revocation["source"], revocation["age_seconds"]) == ("https://lists.example", 3600)
    assert "android-revocation" in before["missing"]


@pytest.mark.parametrize(
    ("known_at", "code"),
    [("2099-01-01T00:00:00Z", rules.PAST.code), ("2026-01-01T00:00:00", AWARE_TIME.code)],
)
def test_neither_the_future_nor_a_time_without_offset_is_told(
    database: Database, known_at: str, code: str
) -> None:
    with client(make_house(database, clock=Hands())) as bank:
        answer = bank.get("/v1/trust", params={"known_at": known_at})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
