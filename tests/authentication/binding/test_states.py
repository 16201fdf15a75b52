"""Bindings: who may suspend, resume and revoke, and what never comes back."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.authentication.binding.world import (
    LATE,
    NOW,
    active,
    attested,
    committed,
    confirmed,
    confirmed_by,
    opened,
    pending,
    proved,
)
from tests.authentication.ceremony.support import denied
from warifu.authentication.binding import rules
from warifu.authentication.binding.activation import Side
from warifu.authentication.binding.states import (
    LIFTED_BY,
    PLACED_BY,
    Actor,
    BindingState,
    Hold,
    activate,
    cooled_off,
    lift,
    propose,
    revoke,
    suspend,
    usable,
)

USER = "customer 4711"


def test_a_binding_is_pending_until_both_sides_saw_the_digits() -> None:
    assert pending().state is BindingState.PENDING
    for short in (proved(), confirmed_by(proved(), Side.DEVICE)):
        with denied(rules.CONFIRMED):
            activate(pending(), short, primary=True, at=NOW)
    bound = active()
    assert (bound.state, bound.primary, bound.active_since) == (BindingState.ACTIVE, True, NOW)


def test_no_binding_without_a_proved_key() -> None:
    with denied(rules.CONFIRMED):
        propose(committed(), binding_id=bytes(16), device="phone 1", at=NOW)


def test_a_binding_is_not_activated_by_somebody_elses_activation() -> None:
    theirs = [
        replace(confirmed(), user="customer 4712"),
        replace(confirmed(), id=bytes(range(1, 17))),
        replace(confirmed(), key=replace(pending().key, public_key=b"another")),
    ]
    for other in theirs:
        with denied(rules.CONFIRMED):
            activate(pending(), other, primary=True, at=NOW)


def test_an_active_binding_is_not_activated_again() -> None:
    with denied(rules.BINDING_MOVE):
        activate(active(), confirmed(), primary=True, at=LATE)


@pytest.mark.parametrize("hold", list(Hold))
@pytest.mark.parametrize("by", list(Actor))
def test_a_hold_is_placed_and_lifted_only_by_those_who_may(hold: Hold, by: Actor) -> None:
    if by in PLACED_BY[hold]:
        assert suspend(active(), hold, by=by, at=LATE).state is BindingState.SUSPENDED
    else:
        with denied(rules.ACTOR):
            suspend(active(), hold, by=by, at=LATE)
    held = replace(active(), state=BindingState.SUSPENDED, holds=frozenset({hold}))
    if by in LIFTED_BY[hold]:
        assert lift(held, hold, by=by, at=LATE).state is BindingState.ACTIVE
    else:
        with denied(rules.ACTOR):
            lift(held, hold, by=by, at=LATE)


def test_a_thief_cannot_resume_what_its_owner_reported_lost() -> None:
    lost = suspend(active(), Hold.LOST, by=Actor.USER, at=NOW)
    with denied(rules.ACTOR):
        lift(lost, Hold.LOST, by=Actor.USER, at=LATE)


def test_good_evidence_does_not_lift_what_a_person_reported() -> None:
    both = suspend(active(), Hold.NOT_ME, by=Actor.SERVICE, at=NOW)
    both = suspend(both, Hold.APPRAISAL, by=Actor.SERVICE, at=NOW)
    one = lift(both, Hold.APPRAISAL, by=Actor.SERVICE, at=LATE)
    assert (one.state, one.holds) == (BindingState.SUSPENDED, frozenset({Hold.NOT_ME}))
    with denied(rules.ACTOR):
        lift(one, Hold.NOT_ME, by=Actor.SERVICE, at=LATE)
    free = lift(one, Hold.NOT_ME, by=Actor.CLERK, at=LATE)
    assert (free.state, free.holds, free.active_since) == (BindingState.ACTIVE, frozenset(), NOW)


def test_a_hold_that_is_not_there_is_not_lifted() -> None:
    with denied(rules.BINDING_MOVE):
        lift(active(), Hold.BANK, by=Actor.CLERK, at=LATE)
    held = suspend(active(), Hold.BANK, by=Actor.CLERK, at=NOW)
    with denied(rules.BINDING_MOVE):
        lift(held, Hold.LOST, by=Actor.CLERK, at=LATE)


def test_a_pending_binding_is_not_suspended_into_being() -> None:
    with denied(rules.BINDING_MOVE):
        suspend(pending(), Hold.BANK, by=Actor.CLERK, at=NOW)


def test_a_revoked_binding_never_comes_back() -> None:
    held = suspend(active(), Hold.LOST, by=Actor.USER, at=NOW)
    gone = revoke(held, by=Actor.USER, at=LATE)
    assert (gone.state, gone.holds, gone.primary) == (BindingState.REVOKED, frozenset(), False)
    with denied(rules.BINDING_MOVE):
        lift(gone, Hold.LOST, by=Actor.CLERK, at=LATE)
    with denied(rules.BINDING_MOVE):
        activate(gone, confirmed(), primary=True, at=LATE)
    with denied(rules.BINDING_MOVE):
        revoke(gone, by=Actor.CLERK, at=LATE)


@pytest.mark.parametrize(("user", "device"), [(USER, "phone 2"), ("customer 4712", "phone 1")])
def test_a_key_of_another_user_or_device_is_not_usable(user: str, device: str) -> None:
    with denied(rules.USABLE):
        usable(active(), user=user, device=device)


def test_only_an_active_binding_is_usable() -> None:
    assert usable(active(), user=USER, device="phone 1") == active()
    held = suspend(active(), Hold.BANK, by=Actor.CLERK, at=NOW)
    for other in (pending(), held, revoke(active(), by=Actor.CLERK, at=NOW)):
        with denied(rules.USABLE):
            usable(other, user=USER, device="phone 1")


def test_a_new_device_waits() -> None:
    least = timedelta(hours=24)
    for now in (NOW, NOW + least - timedelta(seconds=1), NOW - timedelta(days=365)):
        with denied(rules.COOLING_OFF):
            cooled_off(active(), now=now, least=least)
    with denied(rules.COOLING_OFF):
        cooled_off(pending(), now=NOW, least=timedelta())
    assert cooled_off(active(), now=NOW + least, least=least) == active()


def test_the_bound_key_is_the_attested_one() -> None:
    binding = propose(opened(committed()), binding_id=bytes(16), device="phone 1", at=NOW)
    claims = attested()
    assert claims.key is not None
    assert binding.key.public_key == claims.key.public_key
