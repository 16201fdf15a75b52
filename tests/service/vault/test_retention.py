"""Each kind of record is kept as long as the settings say, and no tenant's longer or shorter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from warifu.service.identifiers import new_id
from warifu.service.settings import RetentionSettings
from warifu.service.store.database import Database, Statement, Value, micros
from warifu.service.store.retention import Aged
from warifu.service.workers import retention
from warifu.service.workers.retention import Progress, Swept, days_of, sweep

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SETTINGS = RetentionSettings(
    evidence_days=10,
    serials_days=20,
    decisions_days=30,
    audit_days=40,
    challenges_days=5,
    idempotency_days=2,
)
TENANTS = ("bank", "other")
DEVICE = "phone"


def insert(database: Database, table: str, **values: Value) -> None:
    columns = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    with database.write() as transaction:
        transaction.apply(
            [Statement(sql=f"INSERT INTO {table} ({columns}) VALUES ({marks})", values=values)]  # noqa: S608
        )


def rows(database: Database, table: str, tenant: str = "bank") -> list[tuple[object, ...]]:
    with database.read() as transaction:
        return transaction.rows(f"SELECT * FROM {table} WHERE tenant = :tenant", tenant=tenant)  # noqa: S608


def make_tenants(database: Database) -> None:
    for tenant in TENANTS:
        insert(database, "tenants", tenant=tenant, name=tenant, created_at=0)


def put(database: Database, kind: Aged, *, age: timedelta, tenant: str = "bank") -> None:
    at = NOW - age
    stored = micros(at)
    unique = new_id(at)
    common: dict[Aged, tuple[str, dict[str, Value]]] = {
        Aged.EVIDENCE_BYTES: (
            "evidence_bytes",
            {"owner": DEVICE, "digest": unique.encode(), "sealed": b"", "stored_at": stored},
        ),
        Aged.SERIALS: (
            "serials",
            {"kind": "imei", "serial": b"1", "evidence": unique, "stored_at": stored},
        ),
        Aged.DECISIONS: (
            "decisions",
            {
                "id": unique,
                "app": "a",
                "operation": "login",
                "outcome": "serve",
                "outage": 0,
                "decided_at": stored,
                "document": b"{}",
            },
        ),
        Aged.APPRAISALS: (
            "appraisals",
            {
                "id": unique,
                "evidence": "e",
                "app": "a",
                "policy": "p",
                "trust": "t",
                "known_at": stored,
                "appraised_at": stored,
                "basis": "b",
                "status": "s",
                "document": b"{}",
            },
        ),
        Aged.EVIDENCE: (
            "evidence",
            {
                "id": unique,
                "app": "a",
                "format": "f",
                "digest": b"d",
                "made_at": stored,
                "received_at": stored,
                "verdict": "v",
                "document": b"{}",
            },
        ),
        Aged.AUDIT: (
            "audit",
            {
                "id": unique,
                "at": stored,
                "caller": "c",
                "action": "a",
                "subject": "s",
                "document": b"{}",
            },
        ),
        Aged.CHALLENGES: (
            "challenges",
            {
                "id": unique,
                "app": "a",
                "value": b"",
                "context": b"",
                "issued_at": stored,
                "expires_at": stored,
            },
        ),
        Aged.IDEMPOTENCY: (
            "idempotency",
            {
                "caller": "c",
                "id": unique,
                "request": b"",
                "status": 201,
                "body": b"",
                "at": stored,
            },
        ),
        Aged.SIGNATURE_NONCES: (
            "signature_nonces",
            {"caller": "c", "nonce": unique, "expires_at": stored},
        ),
        **confirmations(unique, stored),
    }
    table, values = common[kind]
    insert(database, table, tenant=tenant, **values)


def confirmations(unique: str, stored: int) -> dict[Aged, tuple[str, dict[str, Value]]]:
    sealed: dict[str, Value] = {"sealed": b""}
    return {
        Aged.RECEIPTS: (
            "receipts",
            {"id": unique, "transaction_id": unique, "at": stored, **sealed},
        ),
        Aged.RECEIPT_EVIDENCE: ("receipt_evidence", {"id": unique, "at": stored, **sealed}),
        Aged.LATE_ANSWERS: (
            "late_answers",
            {"id": unique, "transaction_id": unique, "at": stored, "code": "c", **sealed},
        ),
        Aged.TRANSACTIONS: (
            "transactions",
            {
                "id": unique,
                "user_index": b"u",
                "kind": "k",
                "state": "s",
                "revision": 0,
                "tries": 0,
                "asked_at": stored,
                "expires_at": stored,
                "hand_offs": 0,
                **sealed,
            },
        ),
        Aged.CASES: (
            "cases",
            {
                "id": unique,
                "user_index": b"u",
                "state": "closed",
                "revision": 1,
                "opened_at": 0,
                "closed_at": stored,
                **sealed,
            },
        ),
        Aged.ACTIVATIONS: (
            "activations",
            {
                "id": unique,
                "app": "a",
                "user_index": b"u",
                "state": "s",
                "revision": 0,
                "expires_at": stored,
                **sealed,
            },
        ),
        Aged.VERIFICATIONS: (
            "verifications",
            {"user_index": b"u", "device": unique, "class": "c", "method": "m", "at": stored},
        ),
        Aged.ENDORSED_KEYS: (
            "endorsed_keys",
            {
                "id": unique,
                "binding": "b",
                "purpose": "session",
                "thumbprint": unique,
                "state": "active",
                "endorsed_at": 0,
                "expires_at": stored,
                **sealed,
            },
        ),
        Aged.ACCESS_TOKENS: (
            "access_tokens",
            {"digest": unique.encode(), "binding": "b", "thumbprint": "t", "expires_at": stored},
        ),
        Aged.PROOF_IDS: ("proof_ids", {"id": unique.encode(), "expires_at": stored}),
        Aged.HPKE_KEYS: (
            "hpke_keys",
            {"id": unique, "certificate": b"", "made_at": 0, "expires_at": stored, **sealed},
        ),
        Aged.RESERVED: ("reserved", {"bucket": unique.encode(), "total": 1, "expires_at": stored}),
    }


def test_an_open_case_and_a_transaction_to_be_handed_off_are_kept_however_old(
    database: Database,
) -> None:
    make_tenants(database)
    age = timedelta(days=4000)
    put(database, Aged.CASES, age=age)
    put(database, Aged.TRANSACTIONS, age=age)
    with database.write() as transaction:
        transaction.rows("UPDATE cases SET closed_at = NULL, state = 'open' RETURNING 1")
        transaction.rows("UPDATE transactions SET next_hand_off = 1 RETURNING 1")
    assert not any(sweep(database, SETTINGS, now=NOW).deleted.values())


def test_a_copy_of_evidence_is_kept_while_its_key_may_still_answer(database: Database) -> None:
    make_tenants(database)
    put(database, Aged.RECEIPT_EVIDENCE, age=timedelta(days=4000))
    ((_, evidence, *_),) = rows(database, "receipt_evidence")
    insert(
        database,
        "device_keys",
        tenant="bank",
        id="key",
        device=DEVICE,
        app="a",
        format="f",
        credential=b"",
        counter=0,
        evidence=str(evidence),
        registered_at=0,
    )
    assert not any(sweep(database, SETTINGS, now=NOW).deleted.values())


@pytest.mark.parametrize("kind", Aged)
def test_each_kind_is_kept_as_long_as_its_setting_says(database: Database, kind: Aged) -> None:
    make_tenants(database)
    limit = timedelta(days=days_of(SETTINGS)[kind])
    second = timedelta(seconds=1)
    put(database, kind, age=limit - second)
    put(database, kind, age=limit + second)
    put(database, kind, age=limit + second, tenant="other")
    counted = sweep(database, SETTINGS, now=NOW, dry_run=True)
    assert counted.deleted[kind] == 2
    swept = sweep(database, SETTINGS, now=NOW)
    assert swept.deleted == counted.deleted
    assert sum(swept.deleted.values()) == 2
    table = kind.value.replace("-", "_")
    kept = [row for row in rows(database, table) if "data/swept" not in row]
    assert len(kept) == 1
    assert not [row for row in rows(database, table, "other") if "data/swept" not in row]


def test_a_dry_run_deletes_nothing(database: Database) -> None:
    make_tenants(database)
    put(database, Aged.DECISIONS, age=timedelta(days=31))
    assert sweep(database, SETTINGS, now=NOW, dry_run=True).dry_run
    assert len(rows(database, "decisions")) == 1
    assert rows(database, "audit") == []


def test_nothing_is_kept_of_what_is_to_be_kept_for_no_day(database: Database) -> None:
    make_tenants(database)
    put(database, Aged.DECISIONS, age=timedelta(seconds=1))
    sweep(database, RetentionSettings(decisions_days=0), now=NOW)
    assert rows(database, "decisions") == []


def test_a_limit_before_the_beginning_of_time_deletes_nothing(database: Database) -> None:
    make_tenants(database)
    put(database, Aged.DECISIONS, age=timedelta(days=20_000))
    sweep(database, RetentionSettings(decisions_days=36_500), now=NOW)
    assert len(rows(database, "decisions")) == 1


def test_many_records_go_in_batches_and_progress_is_reported(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    make_tenants(database)
    for number in range(8):
        put(database, Aged.DECISIONS, age=timedelta(days=40, seconds=number))
        put(database, Aged.CHALLENGES, age=timedelta(days=40, seconds=number))
    reports: list[Progress] = []
    sweep(database, SETTINGS, now=NOW, report=reports.append)
    assert [report.done for report in reports] == [3, 6, 8, 11, 14, 16]
    assert {report.total for report in reports} == {16}


def test_an_interrupted_sweep_is_finished_by_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    make_tenants(database)
    for number in range(6):
        put(database, Aged.DECISIONS, age=timedelta(days=40, seconds=number))

    class Halted(Exception):
        pass

    def interrupt(_: Progress) -> None:
        raise Halted

    with pytest.raises(Halted):
        sweep(database, SETTINGS, now=NOW, report=interrupt)
    assert len(rows(database, "decisions")) == 4
    assert sweep(database, SETTINGS, now=NOW).deleted["decisions"] == 4
    assert rows(database, "decisions") == []


def test_a_sweep_is_audited_where_it_deleted_something(database: Database) -> None:
    make_tenants(database)
    put(database, Aged.SERIALS, age=timedelta(days=21))
    sweep(database, SETTINGS, now=NOW)
    (entry,) = rows(database, "audit")
    assert entry[3:6] == ("retention", "data/swept", "bank")
    assert isinstance(entry[6], bytes)
    assert msgspec.json.decode(entry[6])["serials"] == 1
    assert rows(database, "audit", "other") == []


@pytest.mark.parametrize(("seen_days", "kept"), [(9, 1), (11, 0)])
def test_the_registration_of_a_device_that_still_comes_is_kept(
    database: Database, seen_days: int, kept: int
) -> None:
    make_tenants(database)
    age = timedelta(days=50)
    put(database, Aged.EVIDENCE_BYTES, age=age)
    put(database, Aged.EVIDENCE_BYTES, age=age)
    (_, _, digest, *_), _ = rows(database, "evidence_bytes")
    stored = micros(NOW - age)
    insert(
        database,
        "evidence",
        tenant="bank",
        id=new_id(NOW - age),
        app="a",
        device=DEVICE,
        format="f",
        digest=digest,  # type: ignore[arg-type]
        made_at=stored,
        received_at=stored,
        verdict="v",
        document=b"{}",
    )
    put(database, Aged.EVIDENCE, age=age)
    (evidence,) = (row for row in rows(database, "evidence") if row[3] == DEVICE)
    insert(
        database,
        "device_keys",
        tenant="bank",
        id="key",
        device=DEVICE,
        app="a",
        format="f",
        credential=b"",
        counter=0,
        evidence=str(evidence[1]),
        registered_at=stored,
    )
    insert(
        database,
        "devices",
        tenant="bank",
        id=DEVICE,
        app="a",
        first_seen=stored,
        last_seen=micros(NOW - timedelta(days=seen_days)),
    )
    assert sweep(database, SETTINGS, now=NOW) == Swept(
        tenants=2,
        deleted={
            **dict.fromkeys(map(str, Aged), 0),
            "evidence-bytes": 2 - kept,
            "evidence": 1,
        },
    )
    assert [row[2] for row in rows(database, "evidence_bytes")] == [digest] * kept
    assert [row[1] for row in rows(database, "evidence")] == [evidence[1]]


def test_facts_are_kept_as_long_as_the_bytes_they_are_of() -> None:
    """Else nothing could judge the bytes again, and no erasure would find them."""
    settings = msgspec.structs.replace(SETTINGS, evidence_days=100, decisions_days=30)
    assert days_of(settings)[Aged.EVIDENCE] == 100
    assert days_of(SETTINGS)[Aged.EVIDENCE] == 30
