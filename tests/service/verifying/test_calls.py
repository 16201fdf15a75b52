"""Calls: ordered and signed, or parallel with a token that alone is worth nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.service.binding.customers import WHY, Desk
from tests.service.conduct.denials import denied
from tests.service.house import caller, settle, wallet
from tests.service.verifying.customers import URL, Asked, Customer, iphone
from tests.support import misuse, refused
from warifu.authentication.binding.rules import USABLE
from warifu.authentication.user import rules as pure
from warifu.handset.authority import new_key
from warifu.service.conduct.binding import bindings
from warifu.service.conduct.challenges.rules import CONTEXT, IN_TIME
from warifu.service.conduct.verifying import rules
from warifu.service.conduct.verifying.calls import NO_BODY, CallKind

if TYPE_CHECKING:
    from tests.service.house import Hands

NEIGHBOUR = "matsu-bank"


def test_ordered_calls_go_up(hanako: Customer) -> None:
    session = hanako.ask("session")
    for number in (1, 2, 9):
        answer = hanako.check(hanako.call(session, sequence=number))
        assert (answer.sequence, answer.binding) == (number, hanako.binding)


def test_an_iphones_calls_count_by_its_counter_too(desk: Desk, clock: Hands) -> None:
    taro = Customer(desk=desk, phone=iphone(clock.now), user="taro", device="taros-phone").enrol()
    session = taro.ask("session")
    for _ in range(3):
        taro.check(taro.call(session))
    with denied(USABLE):  # its key signs assertions, and no DPoP proofs
        taro.token()


@pytest.mark.parametrize("number", [1, 2])
def test_a_call_is_not_replayed_or_put_before_another(hanako: Customer, number: int) -> None:
    session = hanako.ask("session")
    hanako.check(hanako.call(session, sequence=2))
    with refused(pure.CALL_SEQUENCE):
        hanako.check(hanako.call(session, sequence=number))


def test_numbers_go_on_in_the_next_session(hanako: Customer) -> None:
    hanako.check(hanako.call(hanako.ask("session"), sequence=7))
    with refused(pure.CALL_SEQUENCE):
        hanako.check(hanako.call(hanako.ask("session"), sequence=7))


@pytest.mark.parametrize(
    "altered",
    [
        {"method": "PUT"},
        {"url": "https://api.bank.example/v1/transfers?page=1"},
        {"body_digest": NO_BODY},
    ],
)
def test_a_signature_is_for_one_method_address_and_body(
    hanako: Customer, altered: dict[str, Any]
) -> None:
    call = hanako.call(hanako.ask("session"))
    with refused(pure.CALL_TARGET):
        hanako.check(replace(call, **altered))


def test_a_session_ends(hanako: Customer, clock: Hands) -> None:
    session = hanako.ask("session")
    clock.forward(seconds=900)
    with denied(IN_TIME):
        hanako.check(hanako.call(session))


def test_a_challenge_to_verify_begins_no_session(hanako: Customer) -> None:
    with denied(CONTEXT):
        hanako.check(hanako.call(hanako.ask("verify")))


def test_a_call_relayed_from_another_verifier_is_refused(hanako: Customer) -> None:
    session = hanako.ask("session")
    there = replace(session.answer, verifier="warifu/evil-bank")
    call = hanako.call(Asked(customer=hanako, answer=there, about=session.about))
    with refused(pure.CALL_CONTEXT):
        hanako.check(call)


def test_a_suspended_device_makes_no_calls(hanako: Customer) -> None:
    hanako.verify()
    session, token = hanako.ask("session"), hanako.token()
    bindings.suspend_binding(hanako.desk.work(), hanako.binding, bindings.SuspendRequest(**WHY))
    with denied(USABLE):
        hanako.check(hanako.call(session))
    with denied(USABLE):
        hanako.check(hanako.read(token))


def test_parallel_calls_read(hanako: Customer) -> None:
    hanako.verify()
    token = hanako.token()
    for _ in range(3):
        answer = hanako.check(hanako.read(token))
        assert (answer.kind, answer.sequence) == (CallKind.PARALLEL, None)


def test_a_token_takes_a_verified_user(hanako: Customer, clock: Hands) -> None:
    with denied(rules.TOKEN_AFTER):
        hanako.token()
    hanako.verify()
    hanako.token()
    clock.forward(minutes=15)
    with denied(rules.TOKEN_AFTER):
        hanako.token()


def test_a_stolen_token_alone_is_worth_nothing(hanako: Customer, desk: Desk) -> None:
    hanako.verify()
    token = hanako.token()
    with refused(pure.DPOP_BOUND):
        hanako.check(hanako.read(token, proof=hanako.dpop(token, key=new_key())))
    thief = Customer(desk=desk, user="mallory", device="mallorys-phone").enrol()
    with denied(USABLE):
        thief.check(thief.read(token))
    with refused(pure.DPOP_BOUND):
        hanako.check(hanako.read(token, proof=thief.dpop(token)))


def test_a_proof_is_used_once(hanako: Customer, clock: Hands) -> None:
    hanako.verify()
    request = hanako.read(hanako.token())
    hanako.check(request)
    with denied(rules.REPLAYED):
        hanako.check(request)
    clock.forward(seconds=61)
    with refused(pure.DPOP_TIME):
        hanako.check(request)


@pytest.mark.parametrize(
    "altered",
    [
        {"url": "https://api.bank.example/v1/statements"},
        {"url": "https://evil.example/v1/accounts"},
        {"method": "HEAD"},
    ],
)
def test_a_proof_is_for_one_method_and_address(hanako: Customer, altered: dict[str, Any]) -> None:
    hanako.verify()
    token = hanako.token()
    with refused(pure.DPOP_TARGET):
        hanako.check(hanako.read(token, proof=hanako.dpop(token), **altered))


def test_a_proof_is_for_one_token(hanako: Customer) -> None:
    hanako.verify()
    with refused(pure.DPOP_TOKEN):
        hanako.check(hanako.read(hanako.token(), proof=hanako.dpop(hanako.token())))


def test_with_a_token_nothing_is_changed(hanako: Customer) -> None:
    hanako.verify()
    token = hanako.token()
    with refused(pure.READ_ONLY):
        hanako.check(hanako.read(token, method="POST", proof=hanako.dpop(token, method="POST")))


def test_a_token_expires_and_one_that_was_never_issued_is_none(
    hanako: Customer, clock: Hands
) -> None:
    hanako.verify()
    token = hanako.token()
    with refused(pure.TOKEN):
        hanako.check(hanako.read(token + "x"))
    clock.forward(seconds=600)
    with refused(pure.TOKEN):
        hanako.check(hanako.read(token))


def test_a_token_of_one_bank_is_nobodys_at_another(hanako: Customer) -> None:
    hanako.verify()
    token = hanako.token()
    house = hanako.desk.house
    settle(house, NEIGHBOUR, app=wallet())
    there = Customer(desk=Desk(house=house, caller=caller(NEIGHBOUR))).enrol()
    with refused(pure.TOKEN):
        there.check(hanako.read(token))


def test_each_class_comes_with_its_own(hanako: Customer) -> None:
    hanako.verify()
    session, token = hanako.ask("session"), hanako.token()
    call, read = hanako.call(session), hanako.read(token)
    for request in (
        replace(call, challenge=None),
        replace(call, token=token),
        replace(read, token=None),
        replace(read, challenge=session.answer.id),
    ):
        with misuse(rules.CALL_FORM):
            hanako.check(request)


def test_a_token_is_kept_as_its_digest(hanako: Customer) -> None:
    hanako.verify()
    token = hanako.token()
    rows = hanako.desk.rows("SELECT * FROM access_tokens WHERE tenant = :tenant")
    assert len(rows) == 1
    assert token not in repr(rows)
    assert token.encode() not in b"".join(each for each in rows[0] if isinstance(each, bytes))
    assert URL not in repr(rows)
