"""Enrolment from a code to a bound device, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.binding.customers import USER, AndroidPhone, ApplePhone, Browser, Desk, Phone
from tests.service.phones import IPhone
from warifu.attestation.verdict import Outcome
from warifu.authentication.binding.activation import ActivationState, Side
from warifu.authentication.binding.states import BindingState
from warifu.authentication.ledger.leaf import LeafKind, decode_leaf, open_commitment
from warifu.service.conduct.binding.bindings import bound_device

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.house import Hands

PHONES: dict[str, Callable[[Hands], Phone]] = {
    "android": lambda _: AndroidPhone(),
    "apple": lambda clock: ApplePhone(phone=IPhone(made_at=clock.now)),
    "browser": lambda _: Browser(),
}


@pytest.mark.parametrize("kind", PHONES)
def test_a_device_of_every_kind_is_bound_once_both_sides_saw_the_same_digits(
    desk: Desk, clock: Hands, kind: str
) -> None:
    enrolment = desk.enrolment(PHONES[kind](clock), device="hanakos-phone").commit()
    proved = enrolment.prove()
    assert (proved.verdict, proved.state) == (Outcome.ACCEPTED, ActivationState.PROVED), proved
    assert proved.fingerprint == enrolment.digits
    assert proved.device == "hanakos-phone"
    first = enrolment.confirm(Side.DEVICE)
    assert first.binding is None
    assert first.activation.state is ActivationState.DEVICE_CONFIRMED
    last = enrolment.confirm(Side.BANK)
    assert last.activation.state is ActivationState.CONFIRMED
    assert last.binding == desk.bindings()[0]
    assert (last.binding.state, last.binding.primary) == (BindingState.ACTIVE, True)


def test_the_bank_may_confirm_first(desk: Desk) -> None:
    enrolment = desk.enrolment().commit()
    enrolment.prove()
    assert enrolment.confirm(Side.BANK).binding is None
    assert enrolment.confirm(Side.DEVICE).binding.state is BindingState.ACTIVE


def test_a_device_without_a_name_of_the_banks_is_called_by_its_key(desk: Desk) -> None:
    bound = desk.enrolment().finish()
    assert bound.device == bound.key


def test_an_enrolment_is_a_leaf_that_commits_to_person_device_and_key(desk: Desk) -> None:
    bound = desk.enrolment(device="hanakos-phone").finish()
    [(row,)] = desk.rows(
        "SELECT leaf FROM ledger_leaves WHERE tenant = :tenant AND subject = :id", id=bound.id
    )
    leaf = decode_leaf(bytes(row))
    assert leaf.kind is LeafKind.ENROLMENT
    with desk.house.database.read() as transaction:
        kept = bound_device(desk.work(), transaction, user=USER, device="hanakos-phone").kept
    assert kept.leaf == bytes(row)
    for name, value in (("user", b"hanako"), ("device", b"hanakos-phone")):
        open_commitment(leaf, name, value=value, salt=kept.salts[name])


def test_every_step_is_in_the_audit_log_and_names_nobody(desk: Desk) -> None:
    desk.enrolment(device="hanakos-phone").finish()
    rows = desk.rows("SELECT action, subject, document FROM audit WHERE tenant = :tenant")
    actions = {each[0] for each in rows}
    assert {
        "activation/begun",
        "activation/committed",
        "activation/proved",
        "activation/try-spent",
        "activation/confirmed",
        "binding/activated",
    } <= actions
    assert "hanako" not in repr(rows)


def test_the_bank_finds_the_key_of_a_phone_that_may_act(desk: Desk) -> None:
    phone = AndroidPhone()
    bound = desk.enrolment(phone, device="hanakos-phone").finish()
    with desk.house.database.read() as transaction:
        found = bound_device(desk.work(), transaction, user=USER, device="hanakos-phone")
    assert found.ceremony.key.public_key == phone.public_key
    assert found.stored.id == bound.id
    assert found.kept.attested is not None
    assert found.kept.attested.public_key == phone.public_key
    [(evidence,)] = desk.rows(
        "SELECT evidence FROM device_keys WHERE tenant = :tenant AND id = :key",
        key=found.stored.key_name,
    )
    assert evidence == found.kept.evidence == bound.evidence
