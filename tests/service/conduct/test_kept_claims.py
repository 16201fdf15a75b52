"""Claims as they are kept: what a phone does not have takes no room, and is shown as before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.service.lookup.desk import client
from tests.service.phones import Android, Bank, the_bytes
from warifu.attestation.evidence.facts.android_key import AuthorizationList
from warifu.service.store.database import Statement

if TYPE_CHECKING:
    from tests.service.house import Hands

LISTS = ("hardware_enforced", "software_enforced")


@pytest.fixture
def evidence(bank: Bank, clock: Hands) -> str:
    challenge = bank.challenge()
    return bank.submit(challenge, Android().evidence(the_bytes(challenge), clock())).id


def stored(bank: Bank, evidence: str) -> dict[str, Any]:
    with bank.house.database.read() as transaction:
        row = transaction.row("SELECT document FROM evidence WHERE id = :id", id=evidence)
    assert row is not None
    document: dict[str, Any] = msgspec.json.decode(row[0])
    return document


def put(bank: Bank, evidence: str, document: dict[str, Any]) -> None:
    bank.house.database.apply(
        [
            Statement(
                sql="UPDATE evidence SET document = :document WHERE id = :id",
                values={"id": evidence, "document": msgspec.json.encode(document)},
            )
        ]
    )


def shown(bank: Bank, evidence: str) -> dict[str, Any]:
    with client(bank.house, bank.caller) as backend:
        found: dict[str, Any] = backend.get(f"/v1/evidence/{evidence}").json()
    return found


def test_absent_authorizations_are_shown_and_not_kept(bank: Bank, evidence: str) -> None:
    kept = stored(bank, evidence)["claims"]["detail"]
    seen = shown(bank, evidence)["claims"]["detail"]
    for name in LISTS:
        assert None not in kept[name].values()
        assert tuple(seen[name]) == AuthorizationList.__struct_fields__
        assert {key: value for key, value in seen[name].items() if value is not None} == kept[name]


def test_lists_that_were_kept_whole_are_shown_alike(bank: Bank, evidence: str) -> None:
    before = shown(bank, evidence)
    document = stored(bank, evidence)
    document["claims"] = before["claims"]
    put(bank, evidence, document)
    assert shown(bank, evidence) == before


@pytest.mark.parametrize("detail", [None, "altered", {"hardware_enforced": "altered"}])
def test_altered_details_are_shown_as_they_are(bank: Bank, evidence: str, detail: object) -> None:
    document = stored(bank, evidence)
    document["claims"]["detail"] = detail
    put(bank, evidence, document)
    assert shown(bank, evidence)["claims"]["detail"] == detail
