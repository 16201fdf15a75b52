"""Terminals that judge their users: believed only from a bound, active, attested key, here, now."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.service.binding.customers import WHY, AndroidPhone, Browser, Desk
from tests.service.conduct.denials import denied
from tests.service.house import caller, settle, wallet
from tests.service.verifying.customers import (
    CHANGE,
    LOGIN,
    TRANSFER,
    Asked,
    Customer,
    iphone,
)
from tests.support import refused
from warifu.attestation.evidence.rules import webauthn as passkey_rules
from warifu.authentication.binding.rules import USABLE
from warifu.authentication.user import rules as pure
from warifu.authentication.user.verified import Assurance, Method
from warifu.base.pki.signature import SIGNATURE
from warifu.handset import webauthn
from warifu.handset.authority import new_key
from warifu.handset.user_authentication import DEVICE_CREDENTIAL, TERMINAL_PIN
from warifu.risk.decision.rules import Method as Known
from warifu.service.conduct.binding import bindings
from warifu.service.conduct.challenges.rules import CHALLENGE_KNOWN, CONTEXT, UNUSED
from warifu.service.conduct.decisions.deciding import UserKnown
from warifu.service.conduct.sealing import user_index_of
from warifu.service.conduct.verifying.questions import Channel
from warifu.service.conduct.verifying.remembering import user_facts
from warifu.service.settings import VerificationSettings

if TYPE_CHECKING:
    from tests.service.house import Hands

NEIGHBOUR = "matsu-bank"


def known(customer: Customer, operation: str = "login", device: str | None = None) -> UserKnown:
    """What a decision is told."""
    work = customer.desk.work()
    with work.house.database.read() as transaction:
        return user_facts(
            work,
            transaction,
            user_index=user_index_of(work, customer.user),
            device=device or customer.device,
            operation=operation,
        )


def browser(desk: Desk) -> Customer:
    return Customer(desk=desk, phone=Browser(), user="taro", device="taros-browser").enrol()


def passkey_of(customer: Customer, asked: Asked) -> Any:
    assert isinstance(customer.phone, Browser)
    return customer.phone.passkey, sha256(asked.context).digest()


def test_a_statement_counts_by_what_hardware_enforces(hanako: Customer, clock: Hands) -> None:
    answer = hanako.verify()
    assert (answer.method, answer.assurance) == (Method.BIOMETRIC, Assurance.HARDWARE)
    assert answer.until == clock.now + timedelta(minutes=15)
    assert known(hanako) == UserKnown(
        verified=True, verified_seconds=0, methods=(Known.BIOMETRIC,), confirmed=None
    )


def test_a_passkey_counts(desk: Desk) -> None:
    taro = browser(desk)
    first, second = taro.verify(), taro.verify()
    assert (first.method, second.assurance) == (Method.PASSKEY, Assurance.AUTHENTICATOR)
    assert known(taro).methods == (Known.PASSKEY,)


def test_an_iphone_states_on_its_apps_word_and_an_operator_may_refuse_that(
    desk: Desk, clock: Hands
) -> None:
    taro = Customer(desk=desk, phone=iphone(clock.now), user="taro", device="taros-phone").enrol()
    assert taro.verify().assurance is Assurance.APPLICATION
    strict = VerificationSettings(assurances=(Assurance.HARDWARE,))
    settings = replace(desk.house.settings, verification=strict)
    desk.house = replace(desk.house, settings=settings)
    with refused(pure.ASSURANCE):
        taro.verify()


@pytest.mark.parametrize("method", [TERMINAL_PIN, DEVICE_CREDENTIAL])
def test_a_key_states_only_what_its_attestation_bears_out(hanako: Customer, method: int) -> None:
    asked = hanako.ask()
    with refused(pure.STATEMENT_METHOD):
        hanako.send(asked, "statement", hanako.state(asked, method))


def test_a_key_that_anyone_can_use_states_nothing(desk: Desk) -> None:
    loose = Customer(desk=desk, phone=AndroidPhone(), user="loose", device="loose-phone").enrol()
    with refused(pure.STATEMENT_METHOD):
        loose.verify()


def test_a_key_that_is_not_bound_counts_for_nobody(hanako: Customer) -> None:
    asked = hanako.ask()
    with refused(SIGNATURE):
        hanako.send(asked, "statement", hanako.state(asked, key=new_key()))


def test_a_person_without_a_bound_device_is_not_verified(hanako: Customer) -> None:
    asked = hanako.ask()
    data = hanako.state(asked)
    for about in ({"user": "mallory"}, {"device": "mallorys-phone"}):
        with denied(USABLE):
            hanako.send(asked, "statement", data, **about)
    assert known(hanako).verified is False


@pytest.mark.parametrize("how", ["suspend", "revoke"])
def test_a_suspended_or_revoked_device_verifies_nobody(hanako: Customer, how: str) -> None:
    hanako.verify()
    asked = hanako.ask()
    data = hanako.state(asked)
    stop(hanako, how)
    with denied(USABLE):
        hanako.send(asked, "statement", data)
    assert known(hanako).verified is False


def test_what_was_verified_before_a_suspension_is_not_remembered_after_it(
    hanako: Customer, clock: Hands
) -> None:
    hanako.verify()
    stop(hanako, "suspend")
    clock.forward(seconds=1)
    resumed = bindings.ResumeRequest(**WHY)
    bindings.resume_binding(hanako.desk.work(), hanako.binding, resumed)
    assert known(hanako).verified is False
    hanako.verify()
    assert known(hanako).verified is True


def test_an_answer_counts_once(hanako: Customer) -> None:
    asked = hanako.ask()
    data = hanako.state(asked)
    hanako.send(asked, "statement", data)
    with denied(UNUSED):
        hanako.send(asked, "statement", data)


def test_relayed_to_another_verifier_nothing_counts(hanako: Customer) -> None:
    asked = hanako.ask()
    relayed = replace(asked.answer, verifier="warifu/evil-bank")
    there = Asked(customer=hanako, answer=relayed, about=asked.about)
    with refused(pure.STATEMENT_CONTEXT):
        hanako.send(asked, "statement", hanako.state(there))


def test_relayed_over_another_channel_nothing_counts(hanako: Customer) -> None:
    asked = hanako.ask()
    with denied(CONTEXT):
        hanako.send(asked, "statement", hanako.state(asked), channel=Channel.WEB)


def test_a_passkey_used_at_another_origin_is_refused(desk: Desk) -> None:
    taro = browser(desk)
    asked = taro.ask(channel=Channel.WEB)
    passkey, challenge = passkey_of(taro, asked)
    made = webauthn.Authentication(
        challenge=challenge,
        key=passkey.key,
        credential_id=passkey.credential_id,
        origin="https://login.bank.example.evil.example",
        rp_id="bank.example",
        counter=passkey.counter + 1,
        user_handle=passkey.handle,
    )
    with refused(passkey_rules.ORIGIN):
        taro.send(asked, "passkey", made.evidence())


def test_a_device_with_two_passkeys_answers_with_either(desk: Desk) -> None:
    first = browser(desk)
    second = browser(desk)
    for customer in (first, second, first):
        answer = customer.verify()
        assert answer.method is Method.PASSKEY
    moved = {each.id: each.counter for each in desk.stored("taro")}
    assert moved[first.binding] > moved[second.binding] > 0, "each counts by itself"


def test_the_older_of_two_passkeys_answers_no_more_once_it_is_suspended(desk: Desk) -> None:
    first, _ = browser(desk), browser(desk)
    stop(first, "suspend")
    with refused(passkey_rules.CREDENTIAL_EXPECTED):
        first.verify()


@pytest.mark.parametrize("where", ["taros-browser", "hanakos-browser"])
def test_a_passkey_of_another_user_answers_for_nobody_else(desk: Desk, where: str) -> None:
    """Her own passkey, bound to herself, under his name."""
    taro = browser(desk)
    hanako = Customer(desk=desk, phone=Browser(), user="hanako", device=where).enrol()
    asked = taro.ask(channel=Channel.WEB)
    passkey, _ = passkey_of(hanako, asked)
    data = passkey.assertion(sha256(asked.context).digest()).data
    with refused(passkey_rules.CREDENTIAL_EXPECTED):
        taro.send(asked, "passkey", data)
    assert known(taro).verified is False
    assert taro.verify().method is Method.PASSKEY


def test_a_passkey_of_the_same_user_on_another_device_does_not_answer(desk: Desk) -> None:
    taro = browser(desk)
    other = Customer(desk=desk, phone=Browser(), user="taro", device="taros-tablet").enrol()
    asked = taro.ask(channel=Channel.WEB)
    passkey, challenge = passkey_of(other, asked)
    with refused(passkey_rules.CREDENTIAL_EXPECTED):
        taro.send(asked, "passkey", passkey.assertion(challenge).data)


def test_a_passkey_that_names_another_ones_id_is_refused(desk: Desk) -> None:
    """Both are bound on the device; the signature is held against the one that is named."""
    first, second = browser(desk), browser(desk)
    asked = first.ask(channel=Channel.WEB)
    passkey, challenge = passkey_of(first, asked)
    other, _ = passkey_of(second, asked)
    passkey.credential_id = other.credential_id
    passkey.counter = other.counter + 1
    with refused(passkey_rules.ASSERTION_SIGNATURE):
        first.send(asked, "passkey", passkey.assertion(challenge).data)


def test_a_passkey_of_another_account_is_refused(desk: Desk) -> None:
    taro = browser(desk)
    asked = taro.ask(channel=Channel.WEB)
    passkey, challenge = passkey_of(taro, asked)
    passkey.handle = b"another account"
    with refused(passkey_rules.USER_HANDLE):
        taro.send(asked, "passkey", passkey.assertion(challenge).data)


def test_no_answer_crosses_to_another_tenant(hanako: Customer) -> None:
    house = hanako.desk.house
    settle(house, NEIGHBOUR, app=wallet())
    there = Desk(house=house, caller=caller(NEIGHBOUR))
    asked = hanako.ask()
    data = hanako.state(asked)
    with denied(USABLE):
        replace_desk(hanako, there).send(asked, "statement", data)
    # The same person with a device of the same name is a customer of both banks.
    also = Customer(desk=there).enrol()
    with denied(CHALLENGE_KNOWN):
        also.send(asked, "statement", data)


def test_verified_on_one_phone_is_nothing_on_another(hanako: Customer, desk: Desk) -> None:
    second = Customer(desk=desk, device="hanakos-tablet").enrol()
    hanako.verify()
    assert known(hanako).verified is True
    assert known(second).verified is False
    asked = hanako.ask()
    with denied(CONTEXT):
        second.send(asked, "statement", second.state(asked), device=second.device)


def test_a_verification_counts_for_its_class_and_its_time(hanako: Customer, clock: Hands) -> None:
    hanako.verify(operation=TRANSFER)
    assert known(hanako, "transfer").verified is True
    assert known(hanako, "balance").verified is True
    assert known(hanako, "raise-limit").verified is False
    clock.forward(minutes=5)
    assert known(hanako, "transfer").verified is False
    assert known(hanako, "balance").verified_seconds == 300
    hanako.verify(operation=CHANGE)
    clock.forward(seconds=119)
    assert known(hanako, "raise-limit").verified is True
    clock.forward(seconds=1)
    assert known(hanako, "raise-limit").verified is False
    clock.forward(hours=-2)
    assert known(hanako).verified is False


def test_rule_sets_can_name_every_way_of_being_verified() -> None:
    assert {each.value for each in Method} <= {each.value for each in Known}


def test_an_amount_that_was_changed_is_not_what_was_asked(hanako: Customer) -> None:
    asked = hanako.ask(operation=TRANSFER)
    with denied(CONTEXT):
        hanako.send(
            asked,
            "statement",
            hanako.state(asked),
            operation=replace(TRANSFER, amount=99_000),
        )
    with denied(CONTEXT):
        hanako.send(asked, "statement", hanako.state(asked), operation=LOGIN)


def stop(customer: Customer, how: str) -> None:
    work = customer.desk.work()
    if how == "suspend":
        bindings.suspend_binding(work, customer.binding, bindings.SuspendRequest(**WHY))
    else:
        bindings.revoke_binding(work, customer.binding, bindings.ChangeRequest(**WHY))


def replace_desk(customer: Customer, desk: Desk) -> Customer:
    return Customer(desk=desk, phone=customer.phone, user=customer.user, device=customer.device)
