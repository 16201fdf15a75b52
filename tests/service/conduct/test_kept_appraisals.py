"""Appraisals as they are kept: every form that was ever written reads as what was said then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.service.lookup.desk import client
from tests.service.phones import Android, Bank, IPhone, the_bytes
from tests.support import no_statement
from warifu.attestation.appraisal.requirements import REQUIREMENTS
from warifu.service.conduct.evidence.appraisal_view import read_document
from warifu.service.conduct.evidence.kept_appraisals import read_appraisal
from warifu.service.store.database import Statement
from warifu.service.vault.rules import OPENS

if TYPE_CHECKING:
    from tests.service.house import Hands
    from warifu.service.conduct.decisions.deciding import DecisionAnswer
    from warifu.service.conduct.evidence.appraisal import AppraisalAnswer


def stored(bank: Bank, appraisal: str) -> bytes:
    with bank.house.database.read() as transaction:
        row = transaction.row("SELECT document FROM appraisals WHERE id = :id", id=appraisal)
    assert row is not None
    document: bytes = row[0]
    return document


def put(bank: Bank, appraisal: str, document: bytes) -> None:
    bank.house.database.apply(
        [
            Statement(
                sql="UPDATE appraisals SET document = :document WHERE id = :id",
                values={"id": appraisal, "document": document},
            )
        ]
    )


def shown(bank: Bank, appraisal: str) -> dict[str, Any]:
    with client(bank.house, bank.caller) as backend:
        answer = backend.get(f"/v1/appraisals/{appraisal}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def in_first_form(document: bytes) -> bytes:
    """As it was written once: all of it, sentences included, for each submodule."""
    return msgspec.json.encode(read_appraisal(document))


@pytest.fixture
def appraisal(bank: Bank, clock: Hands) -> AppraisalAnswer:
    """Of a phone in good order, for one transfer."""
    challenge = bank.challenge()
    evidence = Android().evidence(the_bytes(challenge), clock())
    return bank.submit(challenge, evidence).appraisal


def test_first_form_is_shown_as_the_second_is(bank: Bank, appraisal: AppraisalAnswer) -> None:
    second = stored(bank, appraisal.id)
    before = shown(bank, appraisal.id)
    put(bank, appraisal.id, in_first_form(second))
    assert len(stored(bank, appraisal.id)) > 2 * len(second)
    assert shown(bank, appraisal.id) == before
    assert before["submodules"]["device"]["findings"][0]["ja"]


def test_a_decision_rests_on_an_appraisal_of_the_first_form(
    bank: Bank, appraisal: AppraisalAnswer
) -> None:
    put(bank, appraisal.id, in_first_form(stored(bank, appraisal.id)))
    decision = bank.decide(appraisal=appraisal.id)
    assert decision.appraisal == appraisal


def test_a_registration_of_the_first_form_still_stands(bank: Bank, iphone: IPhone) -> None:
    def signed() -> DecisionAnswer:
        challenge = bank.challenge()
        return bank.decide(challenge, iphone.assertion(the_bytes(challenge)))

    bank.register(iphone)
    first = signed().appraisal
    assert first is not None
    assert first.standing is not None
    put(bank, first.standing, in_first_form(stored(bank, first.standing)))
    again = signed().appraisal
    assert again is not None
    assert (again.standing, again.status) == (first.standing, first.status)


def test_no_sentence_of_a_requirement_is_kept(bank: Bank, appraisal: AppraisalAnswer) -> None:
    text = stored(bank, appraisal.id).decode()
    assert not [each.id for each in REQUIREMENTS.values() if each.reason.en in text]


def test_what_refused_evidence_broke_keeps_its_own_sentence(bank: Bank, clock: Hands) -> None:
    challenge = bank.challenge()
    refused = bank.submit(challenge, Android().evidence(bytes(32), clock()))
    kept = shown(bank, refused.appraisal.id)["submodules"]["key"]["findings"]
    assert [(each["requirement"], each["en"]) for each in kept] == [
        (each.code, each.en) for each in refused.reasons
    ]


def test_a_requirement_of_another_version_is_shown_by_its_name(
    bank: Bank, appraisal: AppraisalAnswer
) -> None:
    document = stored(bank, appraisal.id).replace(b"device.boot-locked", b"device.as-it-was")
    put(bank, appraisal.id, document)
    (found,) = (
        each
        for each in shown(bank, appraisal.id)["submodules"]["device"]["findings"]
        if each["requirement"] == "device.as-it-was"
    )
    assert found["ja"] == found["en"] == "device.as-it-was"


@pytest.mark.parametrize("place", [-1, 99])
def test_an_altered_appraisal_is_no_statement(
    bank: Bank, appraisal: AppraisalAnswer, place: int
) -> None:
    document = msgspec.json.decode(stored(bank, appraisal.id))
    document["result"]["submodules"]["app"]["findings"][0] = place
    with no_statement(OPENS):
        read_document(msgspec.json.encode(document))
