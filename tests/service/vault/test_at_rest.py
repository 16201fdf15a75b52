"""What lies in the database after real requests: identifiers only as the bank wants them kept."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from tests.service.house import TENANT, Hands, HeldTrust, make_house, settle
from tests.service.phones import Android, Bank, IPhone, asked, the_bytes
from warifu.base.errors import Denied
from warifu.handset import android_key, der_writer
from warifu.service.conduct.decisions.decision import list_decisions, see_decision
from warifu.service.conduct.erasing.erasure import ErasureRequest, erase, require_not_erased
from warifu.service.conduct.erasing.rules import ERASED
from warifu.service.conduct.evidence.evidence import see_evidence
from warifu.service.conduct.evidence.rules import KNOWN_KEY
from warifu.service.settings import Keeping, RetentionSettings, Settings
from warifu.service.store.database import Database
from warifu.service.store.decisions import DecisionFilter
from warifu.service.store.serials import Bearer, by_serial
from warifu.service.vault.identifiers import IdentifierKind, serial_octets, stored_form

SERIAL = "WRF7X9QK2Z"
IMEI, SECOND_IMEI = "350000000000018", "350000000000026"
MEID = "A0000012345678"
UNIQUE_ID = b"unique-id-of-the-device"
LEAF = 0xA1B2C3D4E5F6071829
DEVICE = "phone-of-kaede-0001"
TABLES = ("evidence", "evidence_bytes", "serials", "appraisals", "decisions", "audit",
          "idempotency", "challenges", "devices", "device_keys", "erasures")  # fmt: skip


def name_itself(evidence: android_key.AndroidEvidence) -> None:
    for number, value in ((713, SERIAL), (714, IMEI), (715, MEID), (723, SECOND_IMEI)):
        evidence.description.hardware.set(number, der_writer.octet_string(value.encode()))
    evidence.description.unique_id = UNIQUE_ID
    evidence.leaf.draft.serial = LEAF


def spellings() -> dict[str, bytes]:
    """How an identifier could stand in a file."""
    octets = {
        "serial": SERIAL.encode(),
        "imei": IMEI.encode(),
        "second imei": SECOND_IMEI.encode(),
        "meid": MEID.encode(),
        "unique id": UNIQUE_ID,
        "certificate serial": serial_octets(LEAF),
    }
    found = {}
    for what, value in octets.items():
        found[what] = value
        found[f"{what}, hex"] = value.hex().encode()
        for lead in range(3):
            # Whole base64 quanta of the value, at each place it may begin in a longer text.
            inner = value[(3 - lead) % 3 :]
            found[f"{what}, base64 {lead}"] = b64encode(inner[: len(inner) // 3 * 3])
    found["certificate serial, decimal"] = str(LEAF).encode()
    found["batch in a subject"] = b"0f1e2d3c4b5a6978"
    return found


def lying_in(database: Database, url: str) -> bytes:
    with database.read() as transaction:
        stored = b"".join(
            b"\0".join(field if isinstance(field, bytes) else str(field).encode() for field in row)
            for table in TABLES
            for row in transaction.rows(f"SELECT * FROM {table}")  # noqa: S608
        )
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        files = [file, file.with_name(file.name + "-wal")]
        stored += b"".join(each.read_bytes() for each in files if each.exists())
    return stored


def in_clear(database: Database, url: str) -> set[str]:
    stored = lying_in(database, url)
    return {what for what, spelling in spellings().items() if spelling in stored}


def make_bank(database: Database, keeping: Keeping, trust: HeldTrust | None = None) -> Bank:
    settings = Settings(retention=RetentionSettings(identifiers=keeping))
    house = make_house(database, clock=Hands(), settings=settings, trust=trust)
    return Bank(house=house, caller=settle(house))


def run(bank: Bank, device: str = DEVICE) -> str:
    """One registration with decision; the id of the evidence."""
    challenge = bank.challenge(device=device)
    phone = Android(change=name_itself)
    made = phone.evidence(the_bytes(challenge), bank.house.clock())
    answer = bank.decide(challenge, made, device=device)
    assert answer.evidence is not None
    return answer.evidence.id


def test_kept_in_clear_they_can_be_read(database: Database, database_url: str) -> None:
    bank = make_bank(database, Keeping.CLEAR)
    run(bank)
    assert {"serial", "imei", "second imei", "meid"} <= in_clear(database, database_url)


@pytest.mark.parametrize("keeping", [Keeping.ENCRYPT, Keeping.DROP])
def test_encrypted_or_dropped_they_are_nowhere(
    database: Database, database_url: str, keeping: Keeping
) -> None:
    bank = make_bank(database, keeping)
    run(bank)
    assert in_clear(database, database_url) == set()


@pytest.mark.parametrize("keeping", [Keeping.ENCRYPT, Keeping.DROP])
def test_nor_where_a_revoked_certificate_was_refused_by_its_serial(
    database: Database, database_url: str, keeping: Keeping
) -> None:
    bank = make_bank(database, keeping, HeldTrust(revoked=(LEAF,)))
    evidence = run(bank)
    assert see_evidence(bank.work(), evidence).verdict == "refused"
    assert in_clear(database, database_url) == set()


@pytest.mark.parametrize("keeping", Keeping)
def test_the_user_and_what_a_challenge_is_for_are_never_kept_in_clear(
    database: Database, database_url: str, keeping: Keeping
) -> None:
    bank = make_bank(database, keeping)
    run(bank)
    stored = lying_in(database, database_url)
    about = asked()
    for told in (about["user"], about["context"]["payee"]):
        assert str(told).encode() not in stored


def test_dropped_no_evidence_is_kept_that_has_them(database: Database) -> None:
    bank = make_bank(database, Keeping.DROP)
    run(bank)
    assert bank.count("evidence_bytes") == bank.count("serials") == 0
    assert bank.count("evidence") == bank.count("decisions") == 1


@pytest.mark.parametrize("keeping", [Keeping.CLEAR, Keeping.ENCRYPT])
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (IdentifierKind.DEVICE_SERIAL, SERIAL.encode()),
        (IdentifierKind.IMEI, SECOND_IMEI.encode()),
        (IdentifierKind.MEID, MEID.encode()),
        (IdentifierKind.CERTIFICATE_SERIAL, serial_octets(LEAF)),
    ],
)
def test_who_knows_an_identifier_finds_the_device(
    database: Database, keeping: Keeping, kind: IdentifierKind, value: bytes
) -> None:
    bank = make_bank(database, keeping)
    evidence = run(bank)
    form = stored_form(bank.house, TENANT, kind, value)
    assert form is not None
    with database.read() as transaction:
        found = by_serial(transaction, tenant=TENANT, kind=kind, index=form)
        none = by_serial(transaction, tenant="other-bank", kind=kind, index=form)
    assert found == [Bearer(evidence=evidence, device=DEVICE)]
    assert none == []


def test_the_anchor_is_everybodys_and_not_indexed(database: Database) -> None:
    bank = make_bank(database, Keeping.CLEAR)
    run(bank)
    links = len(android_key.AndroidPhone.factory().attest(
        challenge=b"c", made_at=bank.house.clock()).links)  # fmt: skip
    with database.read() as transaction:
        rows = transaction.rows(
            "SELECT serial FROM serials WHERE tenant = :tenant AND kind = 'certificate-serial'",
            tenant=TENANT,
        )
    assert len(rows) == links - 1


@pytest.mark.parametrize("keeping", [Keeping.CLEAR, Keeping.ENCRYPT])
def test_after_an_erasure_no_row_tells_the_device_or_its_identifiers(
    database: Database, database_url: str, keeping: Keeping
) -> None:
    bank = make_bank(database, keeping)
    evidence = run(bank)
    with database.read() as transaction:
        (decision,) = transaction.rows("SELECT id FROM decisions WHERE tenant = :t", t=TENANT)
    erased = erase(bank.work(), ErasureRequest(device=DEVICE))
    rows = lying_in(database, "rows only")
    assert DEVICE.encode() not in rows
    assert [what for what, spelling in spellings().items() if spelling in rows] == []
    assert see_evidence(bank.work(), evidence).device == erased.id
    assert see_evidence(bank.work(), evidence).claims is None
    account = see_decision(bank.work(), decision[0])
    assert account.outcome == "serve"
    everything = DecisionFilter(device=erased.id)
    assert list_decisions(bank.work(), everything, after=None, limit=10) == [account]


def test_the_assertion_of_an_erased_key_is_of_no_registered_key(database: Database) -> None:
    bank = make_bank(database, Keeping.ENCRYPT)
    phone = IPhone(made_at=bank.house.clock())
    bank.register(phone, device=DEVICE)
    challenge = bank.challenge(device=DEVICE)
    erase(bank.work(), ErasureRequest(device=DEVICE))
    answer = bank.decide(challenge, phone.assertion(the_bytes(challenge)), device=DEVICE)
    assert answer.outcome == "refuse"
    assert answer.evidence is not None
    assert answer.evidence.code == KNOWN_KEY.code


def test_a_device_of_an_erased_name_starts_anew(database: Database) -> None:
    bank = make_bank(database, Keeping.ENCRYPT)
    first = run(bank)
    erase(bank.work(), ErasureRequest(device=DEVICE))
    second = run(bank)
    assert see_evidence(bank.work(), second).device == DEVICE
    device = see_evidence(bank.work(), first).device
    with database.read() as transaction, pytest.raises(Denied) as caught:
        require_not_erased(transaction, tenant=TENANT, device=device)
    assert caught.value.code == ERASED.code
