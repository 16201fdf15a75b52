"""How many devices a user has, and which one decides about the others."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.authentication.binding.world import NOW, active, pending
from tests.authentication.ceremony.support import denied
from warifu.authentication.binding import rules
from warifu.authentication.binding.devices import Admission, Summary, admit, appoint_primary
from warifu.authentication.binding.states import Actor, Binding, BindingState

LEAST = timedelta(hours=24)
COOLED = NOW + LEAST
FIRST = active()
SECOND = replace(active(primary=False), id=bytes(15) + b"\1", device="phone 2")


def has(
    device: str, state: BindingState = BindingState.ACTIVE, *, primary: bool = False
) -> Summary:
    return Summary(device=device, state=state, primary=primary)


def appoint(
    *bindings: Binding, device: str = "phone 2", by: Actor = Actor.CLERK
) -> tuple[Binding, ...]:
    return appoint_primary(bindings, device=device, by=by, now=COOLED, least=LEAST)


def test_the_first_device_is_the_primary_one() -> None:
    assert admit([], device="phone 1") == Admission(primary=True, devices=1)
    gone = has("phone 0", BindingState.REVOKED)
    assert admit([gone, has("phone 9", BindingState.PENDING)], device="phone 1").primary


def test_a_further_device_is_not_primary_even_where_none_is() -> None:
    assert admit([has("phone 1")], device="phone 2") == Admission(primary=False, devices=2)


def test_a_further_key_of_the_primary_device_costs_no_room() -> None:
    others = [has("phone 1", primary=True), has("phone 2")]
    assert admit(others, device="phone 1", most=2) == Admission(primary=True, devices=2)


def test_one_device_too_many_is_denied() -> None:
    with denied(rules.DEVICES):
        admit([has("phone 1"), has("phone 2")], device="phone 3", most=2)


def test_suspending_a_device_makes_no_room() -> None:
    with denied(rules.DEVICES):
        admit([has("phone 1", BindingState.SUSPENDED)], device="phone 2", most=1)


def test_the_primary_is_handed_over_in_one_change() -> None:
    changed = appoint(FIRST, SECOND)
    assert {each.device: each.primary for each in changed} == {"phone 1": False, "phone 2": True}
    assert all(each.changed_at == COOLED for each in changed)
    assert appoint(FIRST, SECOND, device="phone 1") == ()


def test_a_rule_appoints_nobody() -> None:
    with denied(rules.ACTOR):
        appoint(FIRST, SECOND, by=Actor.SERVICE)


def test_a_new_device_does_not_take_over() -> None:
    new = replace(SECOND, active_since=COOLED)
    with denied(rules.COOLING_OFF):
        appoint(FIRST, new)


def test_a_new_key_does_not_make_an_old_device_new() -> None:
    new_key = replace(SECOND, id=bytes(15) + b"\2", active_since=COOLED)
    assert len(appoint(FIRST, SECOND, new_key)) == 3


@pytest.mark.parametrize(
    "second",
    [
        replace(SECOND, state=BindingState.SUSPENDED),
        replace(SECOND, state=BindingState.REVOKED),
        replace(pending(), device="phone 2"),
        replace(SECOND, device="phone 3"),
        replace(SECOND, user="customer 4712"),
    ],
    ids=["suspended", "revoked", "pending", "unknown", "of-another-user"],
)
def test_what_is_not_an_active_device_of_the_user_is_not_appointed(second: Binding) -> None:
    with denied(rules.USABLE):
        appoint(FIRST, second)
