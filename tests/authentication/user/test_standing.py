"""What is remembered of a verification: for how long, what for, and never on another device."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.authentication.user.world import NOW
from warifu.authentication.user.standing import (
    CLASSES,
    LIVES,
    NEVER,
    OperationClass,
    Remembered,
    StandingTerms,
    UserStanding,
    class_of,
    methods_still_valid,
    remember,
    user_standing,
)
from warifu.authentication.user.verified import Assurance, Method, UserVerified
from warifu.risk.decision import facts

PAID = Remembered(
    user="customer-1",
    device="device-1",
    methods=("passkey",),
    at=NOW,
    operation_class=OperationClass.MOVE,
)


def still_valid(remembered: Remembered = PAID, **changes: Any) -> tuple[str, ...]:
    honest: dict[str, Any] = {
        "user": "customer-1",
        "device": "device-1",
        "operation": "transfer",
        "now": NOW + timedelta(seconds=30),
        "terms": StandingTerms(),
    }
    return methods_still_valid(remembered, **{**honest, **changes})


def test_a_verification_counts_for_its_class_and_for_reading() -> None:
    assert still_valid() == still_valid(operation="balance") == ("passkey",)


def test_a_verification_remembered_on_another_device_counts_for_nothing() -> None:
    assert still_valid(device="device-2") == ()


def test_a_verification_of_another_user_counts_for_nothing() -> None:
    assert still_valid(user="customer-2") == ()


@pytest.mark.parametrize("operation", ["raise-limit", "link-account", "recover", "unheard-of"])
def test_a_verification_for_a_payment_changes_no_rights(operation: str) -> None:
    assert still_valid(operation=operation) == ()


def test_a_login_moves_no_money() -> None:
    assert still_valid(replace(PAID, operation_class=OperationClass.READ)) == ()


@pytest.mark.parametrize(
    ("operation", "wanted"), [("balance", "read"), ("transfer", "move"), ("recover", "change")]
)
def test_a_verification_counts_for_the_stated_time(operation: str, wanted: str) -> None:
    made = replace(PAID, operation_class=OperationClass(wanted))
    end = NOW + LIVES[OperationClass(wanted)]
    assert still_valid(made, operation=operation, now=end - timedelta(seconds=1))
    assert still_valid(made, operation=operation, now=end) == ()


def test_a_verification_from_the_future_counts_for_nothing() -> None:
    assert still_valid(now=NOW - timedelta(seconds=1)) == ()


def test_a_class_without_time_is_asked_for_every_time() -> None:
    assert still_valid(terms=StandingTerms(lives={}), now=NOW) == ()


def test_what_was_verified_is_remembered_as_it_was() -> None:
    verified = UserVerified(
        user="customer-1",
        device="device-1",
        method=Method.PASSKEY,
        assurance=Assurance.AUTHENTICATOR,
        at=NOW,
        key=bytes(32),
        context=bytes(32),
        proved=(),
    )
    assert remember(verified, "transfer") == PAID


def test_every_operation_of_the_bank_has_a_class() -> None:
    assert set(CLASSES) == {operation.value for operation in facts.Operation}
    assert class_of("unheard-of") is OperationClass.CHANGE


def test_a_decision_is_told_what_still_counts() -> None:
    made = (
        replace(PAID, methods=("pin",), at=NOW - timedelta(minutes=1)),
        PAID,
        replace(PAID, methods=("pin",), at=NOW - timedelta(minutes=2)),
        replace(PAID, methods=("biometric",), device="device-2"),
    )
    standing = user_standing(
        made,
        user="customer-1",
        device="device-1",
        operation="transfer",
        now=NOW + timedelta(seconds=30, milliseconds=900),
        terms=StandingTerms(),
    )
    assert standing == UserStanding(verified=True, verified_seconds=30, methods=("passkey", "pin"))


def test_a_decision_is_told_where_nothing_counts() -> None:
    standing = user_standing(
        (), user="u", device="d", operation="transfer", now=NOW, terms=StandingTerms()
    )
    assert standing == UserStanding(verified=False, verified_seconds=NEVER, methods=())
    assert NEVER == facts.NEVER
