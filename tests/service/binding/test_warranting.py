"""Keys behind a trusted display: nobody warrants one but a provider whom the registration names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.service.binding.customers import AndroidPhone, Desk
from tests.service.binding.endorsers import (
    MAKER,
    PROVIDER,
    desk_on,
    display,
    endorse,
    forget_providers,
    listed,
)
from tests.service.conduct.denials import denied
from tests.service.verifying.customers import Customer
from tests.support import refused
from warifu.authentication.binding import rules as ceremony
from warifu.authentication.binding.endorsement import Use
from warifu.handset.authority import new_key
from warifu.service.conduct.binding.ledger import leaf_of
from warifu.service.conduct.binding.rules import COUNTS
from warifu.service.conduct.looking_up.audit import AuditRequest, read_audit
from warifu.service.store.endorsed_keys import EndorsedState

if TYPE_CHECKING:
    from tests.service.house import Hands, HeldTrust
    from warifu.service.store.database import Database


@pytest.fixture
def desk(database: Database, clock: Hands, trust: HeldTrust) -> Desk:
    return desk_on(database, clock, trust=trust)


@pytest.fixture
def hanako(desk: Desk) -> Customer:
    """Her Android phone is bound."""
    return Customer(desk=desk).enrol()


def test_a_key_behind_a_display_takes_a_warrant_and_names_its_provider(hanako: Customer) -> None:
    key = new_key()
    endorsed = display(hanako, key)
    assert endorsed.warrant is not None
    assert (endorsed.warrant.provider, endorsed.warrant.version) == (PROVIDER, "3.1")
    second = display(hanako, new_key())
    assert [(each.id, each.state) for each in listed(hanako)] == [
        (second.id, EndorsedState.ACTIVE),
        (endorsed.id, EndorsedState.REPLACED),
    ]
    rows = read_audit(hanako.desk.work(), AuditRequest(), after=None, limit=50)
    told = [each.document for each in rows if each.action == "binding/key-endorsed"]
    assert [each["warranted_by"] for each in told] == [PROVIDER, PROVIDER]


def test_a_warrant_is_for_keys_behind_a_display_and_they_need_one(
    hanako: Customer, desk: Desk
) -> None:
    key = new_key()
    with refused(ceremony.WARRANT_NEEDED):
        endorse(desk, hanako.binding, hanako.phone, key, use=Use.TRUSTED_UI)
    with refused(ceremony.WARRANT_NEEDED):
        endorse(
            desk,
            hanako.binding,
            hanako.phone,
            key,
            warrant=MAKER.warrant(desk, hanako.phone, key),
        )


def test_a_warrant_for_another_devices_key_is_refused(hanako: Customer) -> None:
    with refused(ceremony.WARRANT_DEVICE):
        display(hanako, new_key(), device_key=AndroidPhone().public_key)


def test_a_warrant_for_another_component_is_refused(hanako: Customer) -> None:
    with refused(ceremony.WARRANT_KEY):
        warrant = MAKER.warrant(hanako.desk, hanako.phone, new_key())
        endorse(
            hanako.desk,
            hanako.binding,
            hanako.phone,
            new_key(),
            use=Use.TRUSTED_UI,
            warrant=warrant,
        )


def test_a_warrant_by_an_unknown_provider_is_refused(hanako: Customer) -> None:
    with refused(ceremony.WARRANT_PROVIDER):
        display(hanako, new_key(), provider=new_key())


def test_a_warrant_by_a_provider_who_was_taken_away_is_refused(hanako: Customer) -> None:
    forget_providers(hanako.desk)
    with refused(ceremony.WARRANT_PROVIDER):
        display(hanako, new_key())


def test_a_provider_taken_away_in_the_moment_of_an_endorsement_warrants_nothing(
    hanako: Customer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgotten_meanwhile(*given: Any, **named: Any) -> Any:
        forget_providers(desk)
        return leaf_of(*given, **named)

    monkeypatch.setattr("warifu.service.conduct.binding.endorsing.leaf_of", forgotten_meanwhile)
    with denied(COUNTS):
        display(hanako, new_key())
    assert listed(hanako) == []


def test_an_expired_warrant_is_refused(hanako: Customer, clock: Hands) -> None:
    with denied(ceremony.WARRANT_TIME):
        display(hanako, new_key(), valid_until=int(clock.now.timestamp()))
