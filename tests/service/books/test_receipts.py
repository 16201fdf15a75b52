"""What the service makes is accepted by those who know only keys of its log; nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.service.books.bank import check, extend, log_keys, receipt_of
from tests.service.confirming.counter import NG, NOT_ME, PHONE, USER
from tests.service.house import HeldTrust
from warifu.authentication.receipt.parts import Part
from warifu.authentication.receipt.receipt import read_receipt, write_receipt
from warifu.authentication.receipt.view import view
from warifu.base.errors import BadEvidence, Misuse, VerifierFault
from warifu.base.keys.purpose import TERMS, KeyPurpose
from warifu.base.keys.ring import Custody, KeyRing
from warifu.base.keys.signer import SoftwareSigner
from warifu.receipt_check.findings import Check, Why
from warifu.service.conduct.books.issuing import issue_receipt
from warifu.service.conduct.books.rules import ANSWERED

if TYPE_CHECKING:
    from datetime import datetime

    from tests.service.confirming.counter import Counter
    from tests.service.house import Hands
    from warifu.receipt_check.findings import CheckedReceipt

ESSENTIAL = {
    Check.SERVER_SIGNATURE,
    Check.TRANSACTION_TEXT,
    Check.USER_SIGNATURE,
    Check.EVIDENCE,
    Check.EVIDENCE_KEY,
    Check.BINDING,
    Check.BINDING_RECORDED,
    Check.LEAF,
    Check.INCLUSION,
    Check.LOG_SIGNATURE,
}


class Ring:
    """A source of keys that a test rotates."""

    def __init__(self, ring: KeyRing) -> None:
        self.held = ring

    def ring(self, now: datetime) -> KeyRing:
        del now
        return self.held

    def rotate(self, purpose: KeyPurpose, now: datetime) -> None:
        signer = SoftwareSigner.generate(TERMS[purpose].algorithm, lambda n: b"\x07" * n)
        self.held = self.held.rotate(purpose, signer, custody=Custody.FILE, now=now)


def checked(found: CheckedReceipt) -> set[Check]:
    return {each.check for each in found.findings if each.checked}


def why(found: CheckedReceipt) -> dict[Check, Why | None]:
    return {each.check: each.why for each in found.findings if not each.checked}


def whole(counter: Counter, data: bytes) -> CheckedReceipt:
    now = counter.house.clock()
    return check(data, log_keys(counter.house), at=now, trust=HeldTrust().now(now))


def test_a_receipt_shows_everything_to_whoever_has_the_key_of_the_log(counter: Counter) -> None:
    told = counter.ask()
    counter.send(told)
    extend(counter.house)
    made = receipt_of(counter, told.id)
    assert not made.pending
    found = whole(counter, made.data)
    assert checked(found) >= ESSENTIAL, why(found)
    assert found.whole
    assert (found.state, found.verdict, found.decision) == ("approved", "ok", "serve")
    assert (found.user, found.device) == (USER, PHONE)
    assert found.text == told.text


def test_there_is_none_before_an_answer_and_none_of_what_nobody_knows(counter: Counter) -> None:
    told = counter.ask()
    with pytest.raises(Misuse) as refusal:
        receipt_of(counter, told.id)
    assert refusal.value.rule is ANSWERED
    with pytest.raises(Misuse) as refusal:
        receipt_of(counter, "0" * 36)
    assert refusal.value.code == "request/known"


def test_it_is_pending_until_the_log_includes_it_and_signed_all_the_same(counter: Counter) -> None:
    told = counter.ask()
    counter.refuse(told)
    made = receipt_of(counter, told.id)
    assert made.pending
    with pytest.raises(VerifierFault):  # no signed head vouches for the server's key yet
        whole(counter, made.data)
    assert view(made.data)["pending"] is True
    extend(counter.house)
    later = receipt_of(counter, told.id)
    assert not later.pending
    assert later.etag != made.etag
    assert whole(counter, later.data).verdict == "ng"


def test_the_file_without_personal_data_names_nobody_and_still_checks(counter: Counter) -> None:
    told = counter.ask()
    counter.send(told)
    extend(counter.house)
    data = receipt_of(counter, told.id, personal=False).data
    assert USER.encode() not in data
    assert PHONE.encode() not in data
    found = whole(counter, data)
    assert why(found)[Check.USER_SIGNATURE] is Why.WITHHELD
    assert why(found)[Check.EVIDENCE] is Why.WITHHELD
    assert found.state == "approved"
    assert found.user is None


def test_not_me_is_recorded_with_its_reason(counter: Counter) -> None:
    told = counter.ask()
    counter.send(told, counter.proof(told, NG, NOT_ME))
    extend(counter.house)
    found = whole(counter, receipt_of(counter, told.id).data)
    assert (found.verdict, found.reason, found.decision) == ("ng", "not-me", "none")


def test_each_receipt_keeps_its_place_and_its_name_while_the_log_grows(counter: Counter) -> None:
    told = counter.ask()
    counter.send(told)
    extend(counter.house)
    first = receipt_of(counter, told.id)
    counter.refuse(counter.ask())
    extend(counter.house)
    second = receipt_of(counter, told.id)
    assert first.etag == second.etag
    parts, again = (
        {n: part for n, part in read_receipt(each.data).parts.items() if n != Part.EVIDENCE}
        for each in (first, second)
    )
    assert parts == again, "but for the result in the evidence, which is signed anew"
    assert read_receipt(first.data).inclusion == read_receipt(second.data).inclusion


def test_receipts_check_after_all_keys_were_rotated(counter: Counter, clock: Hands) -> None:
    keys = Ring(counter.house.keys.ring(clock()))
    counter.house = replace(counter.house, keys=keys)
    told = counter.ask()
    counter.send(told)
    extend(counter.house)
    before = receipt_of(counter, told.id).data
    known_then = log_keys(counter.house)
    for purpose in (KeyPurpose.RECEIPT, KeyPurpose.CHECKPOINT):
        keys.rotate(purpose, clock())
    clock.forward(days=3)
    assert extend(counter.house).placed == 2, "both new keys are published in the log"
    for log in (known_then, log_keys(counter.house)):
        assert check(before, log, at=clock()).state == "approved"
    # Fetched again it is signed by the new key, which the log vouches for.
    again = receipt_of(counter, told.id).data
    assert check(again, log_keys(counter.house), at=clock()).state == "approved"


def test_evidence_that_is_deleted_after_its_time_stays_in_receipts(counter: Counter) -> None:
    first = counter.ask()
    counter.send(first)
    with counter.house.database.write() as transaction:
        transaction.rows(
            "DELETE FROM evidence_bytes WHERE tenant = :tenant RETURNING 1",
            tenant=counter.caller.tenant,
        )
    second = counter.ask()
    counter.refuse(second)
    extend(counter.house)
    for each in (first, second):
        found = whole(counter, receipt_of(counter, each.id).data)
        assert Check.EVIDENCE_KEY in checked(found)
    assert counter.count("receipt_evidence") == 1


def test_a_customer_says_not_me_where_the_service_has_no_key_for_receipts(counter: Counter) -> None:
    full = counter.house.keys
    counter.house = replace(counter.house, keys=Ring(KeyRing()))
    told = counter.ask()
    counter.send(told, counter.proof(told, NG, NOT_ME))
    with pytest.raises(VerifierFault) as fault:
        receipt_of(counter, told.id)
    assert fault.value.code == "keys/no-signer"
    counter.house = replace(counter.house, keys=full)
    extend(counter.house)
    assert whole(counter, receipt_of(counter, told.id).data).reason == "not-me"


def test_a_receipt_that_was_altered_in_any_byte_is_refused(counter: Counter) -> None:
    told = counter.ask()
    counter.send(told)
    extend(counter.house)
    data = receipt_of(counter, told.id).data
    for place in range(0, len(data), max(1, len(data) // 97)):
        altered = bytearray(data)
        altered[place] ^= 0x01
        with pytest.raises((BadEvidence, VerifierFault)):
            whole(counter, bytes(altered))


def test_parts_of_two_receipts_are_not_mixed(counter: Counter) -> None:
    made: list[Any] = []
    for _ in range(2):
        told = counter.ask()
        counter.send(told)
        extend(counter.house)
        made.append(read_receipt(receipt_of(counter, told.id).data))
    for number in made[0].parts:
        mixed = write_receipt(
            replace(made[0], parts={**made[0].parts, number: made[1].parts[number]})
        )
        with pytest.raises(BadEvidence) as refusal:
            whole(counter, mixed)
        assert refusal.value.code == "receipt-check/parts"
    swapped = write_receipt(replace(made[0], inclusion=made[1].inclusion))
    with pytest.raises(BadEvidence) as refusal:
        whole(counter, swapped)
    assert refusal.value.code == "receipt-check/inclusion"


def test_nothing_in_the_log_or_beside_it_names_the_customer(counter: Counter) -> None:
    counter.send(counter.ask())
    extend(counter.house)
    for table in ("ledger_leaves", "ledger_nodes", "receipts", "receipt_evidence"):
        for row in counter.rows(f"SELECT * FROM {table} WHERE tenant = :tenant"):  # noqa: S608
            plain = b"".join(each for each in row if isinstance(each, bytes))
            assert USER.encode() not in plain
            assert PHONE.encode() not in plain


def test_the_view_is_json(counter: Counter) -> None:
    told = counter.ask()
    counter.send(told)
    extend(counter.house)
    shown = msgspec.json.decode(
        msgspec.json.encode(view(issue_receipt(counter.work(), told.id).data))
    )
    assert shown["parts"]["transaction"]["text"] == told.text
    assert shown["parts"]["evidence"]["result_type"].startswith("application/eat+cwt")
