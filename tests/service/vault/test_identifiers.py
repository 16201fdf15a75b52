"""Identifiers in documents: hidden as the settings say, and found again by whoever may."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from tests.service.house import Hands, make_house
from tests.support import no_statement
from warifu.service.composition import Composition, Owner
from warifu.service.settings import Keeping, RetentionSettings, Settings
from warifu.service.store.database import Database
from warifu.service.vault.forgetting import names_in, without_names
from warifu.service.vault.identifiers import (
    CONCEALED,
    conceal,
    keeps_evidence,
    reveal,
    serial_octets,
    stored_form,
    stored_forms,
)
from warifu.service.vault.rules import OPENS

DOCUMENT: dict[str, Any] = {
    "claims": {
        "device": {"serial": "S1", "imei": ["350000000000018", "35"], "meid": None, "model": "M"},
        "detail": {"hardware_enforced": {"attestation_id_imei": "350000000000018"}},
        "chain": [{"serial": "1", "subject": "serialNumber=0f1e2d3c4b5a6978, title=TEE"}],
        "boot": {"locked": True, "hash": "00112233445566778899"},
    },
    "reasons": ({"code": "a/b", "detail": "a1b2c3d4e5f60718: REVOKED"},),
}


def house_of(keeping: Keeping, **retention: int) -> Composition:
    settings = Settings(retention=RetentionSettings(identifiers=keeping, **retention))
    return make_house(cast("Database", None), clock=Hands(), settings=settings)


@pytest.fixture
def house() -> Composition:
    return house_of(Keeping.ENCRYPT)


@pytest.fixture
def owner(house: Composition) -> Owner:
    return house.vault.new_owner("bank", "phone")


def through_json(document: dict[str, Any]) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document))
    return decoded


def test_concealed_values_keep_their_place(house: Composition, owner: Owner) -> None:
    shown = conceal(house, owner, DOCUMENT)
    claims = shown["claims"]
    assert claims["device"] == {
        "serial": CONCEALED,
        "imei": [CONCEALED, CONCEALED],
        "meid": None,
        "model": "M",
    }
    assert claims["detail"]["hardware_enforced"]["attestation_id_imei"] == CONCEALED
    assert claims["chain"][0] == {"serial": CONCEALED, "subject": "serialNumber=***, title=TEE"}
    assert claims["boot"] == DOCUMENT["claims"]["boot"]
    assert shown["reasons"][0]["detail"] == "***: REVOKED"


def test_the_document_given_is_not_changed(house: Composition, owner: Owner) -> None:
    before = through_json(DOCUMENT)
    conceal(house, owner, DOCUMENT)
    assert through_json(DOCUMENT) == before


def test_what_was_encrypted_is_revealed(house: Composition, owner: Owner) -> None:
    stored = through_json(conceal(house, owner, DOCUMENT))
    assert reveal(house, owner, stored) == through_json(DOCUMENT)


def test_what_was_dropped_is_not() -> None:
    house = house_of(Keeping.DROP)
    owner = house.vault.new_owner("bank", "phone")
    stored = conceal(house, owner, DOCUMENT)
    assert "sealed" not in stored
    assert reveal(house, owner, stored) == stored


def test_in_clear_nothing_is_concealed() -> None:
    house = house_of(Keeping.CLEAR)
    owner = house.vault.new_owner("bank", "phone")
    assert conceal(house, owner, DOCUMENT) == DOCUMENT


def test_a_document_without_identifiers_has_nothing_sealed(
    house: Composition, owner: Owner
) -> None:
    assert conceal(house, owner, {"claims": {"format": "mds"}}) == {"claims": {"format": "mds"}}


def test_concealed_values_of_another_device_are_not_revealed(
    house: Composition, owner: Owner
) -> None:
    stored = conceal(house, owner, DOCUMENT)
    with no_statement(OPENS):
        reveal(house, house.vault.new_owner("bank", "other"), stored)


@pytest.mark.parametrize("sealed", ["", "AAAA", "%", 5, None])
def test_what_stands_in_the_place_of_concealed_values_is_refused(
    house: Composition, owner: Owner, sealed: object
) -> None:
    stored = {**conceal(house, owner, DOCUMENT), "sealed": sealed}
    if sealed is None:
        assert reveal(house, owner, stored)["claims"]["device"]["serial"] == CONCEALED
        return
    with no_statement(OPENS):
        reveal(house, owner, stored)


@pytest.mark.parametrize(
    "rest", [{}, {"claims": None}, {"claims": {"device": []}}, {"claims": {"device": "x"}}]
)
def test_concealed_values_that_do_not_fit_their_document_are_refused(
    house: Composition, owner: Owner, rest: dict[str, Any]
) -> None:
    sealed = conceal(house, owner, DOCUMENT)["sealed"]
    with no_statement(OPENS):
        reveal(house, owner, {**rest, "sealed": sealed})


def test_serials_have_one_form() -> None:
    assert serial_octets(0) == b"\0"
    assert serial_octets(0x80) == b"\x80"
    assert serial_octets(0x1234) == b"\x12\x34"


def test_stored_forms_follow_the_setting() -> None:
    identifiers = [("imei", b"35"), ("meid", b"A0")]
    assert stored_forms(house_of(Keeping.CLEAR), "bank", identifiers) == identifiers
    assert stored_forms(house_of(Keeping.DROP), "bank", identifiers) == []
    house = house_of(Keeping.ENCRYPT)
    (_, first), (_, second) = stored_forms(house, "bank", identifiers)
    assert len(first) == len(second) == 32
    assert first == stored_form(house, "bank", "imei", b"35")
    assert first != stored_form(house, "other-bank", "imei", b"35")


def test_evidence_nobody_could_read_is_not_kept_where_identifiers_are_dropped() -> None:
    assert keeps_evidence(house_of(Keeping.ENCRYPT), None)
    assert not keeps_evidence(house_of(Keeping.DROP), None)
    assert not keeps_evidence(house_of(Keeping.CLEAR, evidence_days=0), None)


def test_names_are_taken_from_claims() -> None:
    document = {
        "key": {"public_key": "3059", "identifier": "ab12", "algorithm": "ES256"},
        "app": {"identifier": "jp.example.bank"},
        "device": {"imei": ["35", "", CONCEALED], "serial": None},
        "chain": [{"serial": "1f", "sha256": "00ff"}],
    }
    assert names_in(document) == {"3059", "ab12", "35", "1f", "00ff"}


def test_accounts_lose_names_and_keep_their_form() -> None:
    names = {"phone-0001": "erased-1", "serve": "erased-1", "abc": CONCEALED}
    document = {
        "outcome": "serve",
        "device": "serve",
        "key": "abc",
        "said": ["phone-0001 and abc", 5, None, {"phone-0001": True}],
    }
    assert without_names(document, names) == {
        "outcome": "serve",
        "device": "erased-1",
        "key": CONCEALED,
        "said": ["erased-1 and abc", 5, None, {"erased-1": True}],
    }
    assert without_names(document, {}) == document
