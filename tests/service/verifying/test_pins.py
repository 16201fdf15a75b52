"""PINs: set by those who may, tried as often as the counter allows, given back by the right one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec.structs import replace

from tests.service.conduct.denials import denied
from tests.service.verifying.customers import CHANGE, PIN, WRONG, Customer, iphone
from tests.support import misuse, refused
from warifu.authentication.user import rules as pure
from warifu.authentication.user.pin_record import Pepper
from warifu.authentication.user.tries import State
from warifu.authentication.user.verified import Assurance, Method
from warifu.base.errors import VerifierFault
from warifu.base.secret import Secret
from warifu.risk.decision.rules import Method as Known
from warifu.service.conduct.challenges.rules import CHALLENGE_KNOWN, CONTEXT, IN_TIME, UNUSED
from warifu.service.conduct.sealing import user_index_of
from warifu.service.conduct.verifying import pin_setting, pins, rules
from warifu.service.conduct.verifying.release_reasons import WORDS, ReleaseReason
from warifu.service.conduct.verifying.remembering import user_facts
from warifu.service.limits.limits import TooMany

if TYPE_CHECKING:
    from tests.service.binding.customers import Desk
    from tests.service.house import Hands

OTHER = "840263"


def test_the_right_pin_verifies_and_gives_tries_back(hanako: Customer, clock: Hands) -> None:
    hanako.set_pin()
    assert hanako.try_pin(WRONG).verified is None
    assert hanako.pin().tries_left == 5
    answer = hanako.try_pin()
    assert answer.code is None
    assert answer.verified is not None
    assert (answer.verified.method, answer.verified.assurance) == (Method.PIN, Assurance.SERVER)
    assert answer.verified.until == clock.now + timedelta(minutes=15)
    assert answer.pin == hanako.pin()
    assert (hanako.pin().state, hanako.pin().tries_left) == (State.OPEN, 6)


def test_an_iphone_signs_the_envelope_by_assertion(desk: Desk, clock: Hands) -> None:
    taro = Customer(desk=desk, phone=iphone(clock.now), user="taro", device="taros-phone").enrol()
    taro.set_pin()
    assert taro.try_pin().verified is not None


def test_wrong_pins_are_paced_and_then_locked(hanako: Customer, clock: Hands) -> None:
    hanako.set_pin()
    left = []
    for _ in range(6):
        answer = hanako.try_pin(WRONG)
        assert answer.code == pure.WRONG.code
        left.append(answer.pin.tries_left)
        wait = answer.pin.next_try_at
        if wait is not None:
            with pytest.raises(TooMany) as paced:
                hanako.try_pin()
            assert paced.value.rule is pure.PACED
            assert paced.value.seconds == (wait - clock.now).total_seconds()
            clock.now = wait
    assert left == [5, 4, 3, 2, 1, 0]
    assert hanako.pin().state is State.LOCKED
    with denied(pure.LOCKED):
        hanako.try_pin()


def test_possession_alone_never_resets_the_counter(hanako: Customer, clock: Hands) -> None:
    hanako.set_pin()
    hanako.try_pin(WRONG)
    hanako.try_pin(WRONG)
    hanako.verify(operation=CHANGE)
    session = hanako.ask("session")
    hanako.check(hanako.call(session))
    assert hanako.pin().tries_left == 4
    with denied(rules.OLD_PIN):
        hanako.set_pin(OTHER)
    assert hanako.pin().tries_left == 4


def test_what_does_not_decrypt_was_signed_by_the_device_and_costs_a_try(hanako: Customer) -> None:
    hanako.set_pin()
    asked = hanako.ask()
    envelope = hanako.envelope(asked, PIN, sealed=bytes(64))
    answer = pins.verify_pin(hanako.desk.work(), asked.request(pins.PinRequest, envelope=envelope))
    assert (answer.code, answer.pin.tries_left) == (pure.OPENS.code, 5)


def test_a_stranger_burns_no_tries(hanako: Customer, desk: Desk) -> None:
    hanako.set_pin()
    stranger = Customer(desk=desk, user="mallory", device="mallorys-phone").enrol()
    asked = hanako.ask()
    envelope = hanako.envelope(asked, WRONG, key=stranger.key)
    with refused(pure.ENVELOPE_SIGNATURE):
        pins.verify_pin(desk.work(), asked.request(pins.PinRequest, envelope=envelope))
    # The challenge is not burnt either: the owner still answers it.
    request = asked.request(pins.PinRequest, envelope=hanako.envelope(asked, PIN))
    assert pins.verify_pin(desk.work(), request).verified is not None
    assert hanako.pin().tries_left == 6


def test_an_envelope_answers_one_challenge_once(hanako: Customer) -> None:
    hanako.set_pin()
    request = hanako.pin_request(WRONG)
    pins.verify_pin(hanako.desk.work(), request)
    with denied(UNUSED):
        pins.verify_pin(hanako.desk.work(), request)
    assert hanako.pin().tries_left == 5


def test_an_envelope_for_another_verifier_is_refused_before_a_try(hanako: Customer) -> None:
    hanako.set_pin()
    asked = hanako.ask()
    relayed = hanako.ask(device=hanako.device)
    relayed.answer = replace(asked.answer, verifier="warifu/evil-bank")
    envelope = hanako.envelope(relayed, PIN)
    with refused(pure.ENVELOPE_CONTEXT):
        pins.verify_pin(hanako.desk.work(), asked.request(pins.PinRequest, envelope=envelope))
    assert hanako.pin().tries_left == 6


def test_an_envelope_to_set_a_pin_verifies_none(hanako: Customer) -> None:
    hanako.set_pin()
    asked = hanako.ask("set-pin")
    request = asked.request(pins.PinRequest, envelope=hanako.envelope(asked, PIN))
    with denied(CONTEXT):
        pins.verify_pin(hanako.desk.work(), request)


def test_a_challenge_counts_for_its_operation_and_its_time_only(
    hanako: Customer, clock: Hands
) -> None:
    hanako.set_pin()
    asked = hanako.ask()
    request = asked.request(pins.PinRequest, envelope=hanako.envelope(asked, PIN), operation=CHANGE)
    with denied(CONTEXT):
        pins.verify_pin(hanako.desk.work(), request)
    late = hanako.pin_request()
    clock.forward(seconds=300)
    with denied(IN_TIME):
        pins.verify_pin(hanako.desk.work(), late)


def test_a_challenge_for_evidence_is_none_for_a_user(hanako: Customer) -> None:
    hanako.set_pin()
    asked = hanako.ask()
    request = asked.request(
        pins.PinRequest, envelope=hanako.envelope(asked, PIN), challenge="no-such-challenge"
    )
    with denied(CHALLENGE_KNOWN):
        pins.verify_pin(hanako.desk.work(), request)


def test_a_first_pin_is_set_soon_after_the_device_was_bound(hanako: Customer, clock: Hands) -> None:
    clock.forward(seconds=900)
    with denied(rules.FIRST_PIN):
        hanako.set_pin()
    hanako.verify(operation=CHANGE)
    assert hanako.set_pin().state is State.OPEN


def test_verified_for_less_is_not_verified_to_set_a_pin(hanako: Customer, clock: Hands) -> None:
    clock.forward(seconds=900)
    hanako.verify()
    with denied(rules.FIRST_PIN):
        hanako.set_pin()


def test_another_pin_takes_the_old_one_just_verified(hanako: Customer, clock: Hands) -> None:
    hanako.set_pin()
    hanako.verify(operation=CHANGE)
    with denied(rules.OLD_PIN):
        hanako.set_pin(OTHER)
    hanako.try_pin(operation=CHANGE)
    clock.forward(seconds=120)
    with denied(rules.OLD_PIN):
        hanako.set_pin(OTHER)
    hanako.try_pin(operation=CHANGE)
    hanako.try_pin(WRONG)
    assert hanako.set_pin(OTHER).tries_left == 5
    assert hanako.try_pin().code == pure.WRONG.code
    assert hanako.try_pin(OTHER).verified is not None


@pytest.mark.parametrize(
    ("pin", "rule"), [("123456", pure.WEAK), ("19840501", pure.WEAK), ("0312345678", pure.WEAK)]
)
def test_a_weak_pin_is_not_set_and_the_old_state_stays(
    hanako: Customer, pin: str, rule: object
) -> None:
    with denied(rule):  # type: ignore[arg-type]
        hanako.set_pin(pin, known=("03-1234-5678", "1984-05-01"))
    with misuse(rules.PIN_KNOWN):
        hanako.pin()


def test_the_bank_releases_a_locked_pin(hanako: Customer, clock: Hands) -> None:
    hanako.set_pin()
    for _ in range(6):
        hanako.try_pin(WRONG)
        clock.forward(minutes=31)
    asked = pin_setting.ReleaseRequest(user=hanako.user, reason=ReleaseReason.IN_PERSON)
    assert pin_setting.release_pin(hanako.desk.work(), asked).state is State.OPEN
    assert hanako.try_pin().verified is not None


def test_a_forgotten_pin_is_followed_by_another_first_one(hanako: Customer, clock: Hands) -> None:
    hanako.set_pin()
    clock.forward(hours=1)
    asked = pin_setting.ReleaseRequest(
        user=hanako.user, forget=True, reason=ReleaseReason.CALLED_BACK
    )
    pin_setting.release_pin(hanako.desk.work(), asked)
    with misuse(rules.PIN_KNOWN):
        hanako.try_pin()
    clock.forward(seconds=60)
    hanako.set_pin(OTHER)
    assert hanako.try_pin(OTHER).verified is not None


def test_what_a_clerk_types_cannot_enter_the_log() -> None:
    body = b'{"user": "hanako", "reason": "Hanako Yamada, 1984-05-01, called"}'
    with pytest.raises(msgspec.ValidationError, match="reason"):
        msgspec.json.decode(body, type=pin_setting.ReleaseRequest)
    assert set(WORDS) == set(ReleaseReason)


def test_the_log_tells_why_a_pin_was_released_by_a_code(hanako: Customer) -> None:
    hanako.set_pin()
    asked = pin_setting.ReleaseRequest(user=hanako.user, reason=ReleaseReason.BY_POST)
    pin_setting.release_pin(hanako.desk.work(), asked)
    sql = "SELECT document FROM audit WHERE tenant = :tenant AND action = 'pin/released'"
    ((document,),) = hanako.desk.rows(sql)
    assert msgspec.json.decode(document) == {"forget": False, "reason": "by-post"}


def test_a_pin_under_an_old_pepper_is_renewed_when_it_is_right(hanako: Customer) -> None:
    hanako.set_pin()
    house = hanako.desk.house
    newer = Pepper(name="pepper-2", value=Secret(bytes(range(32, 64))))
    hanako.desk.house = replace(house, peppers=(*house.peppers, newer))
    assert hanako.try_pin(WRONG).code == pure.WRONG.code
    hanako.desk.house = replace(house, peppers=(newer,))
    with pytest.raises(VerifierFault) as lacking:
        hanako.try_pin()
    assert lacking.value.rule is rules.PEPPER
    assert hanako.pin().tries_left == 5
    hanako.desk.house = replace(house, peppers=(*house.peppers, newer))
    assert hanako.try_pin().verified is not None
    hanako.desk.house = replace(house, peppers=(newer,))
    assert hanako.try_pin().verified is not None


def test_a_decision_is_told_of_a_pin(hanako: Customer) -> None:
    hanako.set_pin()
    hanako.try_pin(operation=CHANGE)
    work = hanako.desk.work()
    with work.house.database.read() as transaction:
        told = user_facts(
            work,
            transaction,
            user_index=user_index_of(work, hanako.user),
            device=hanako.device,
            operation="raise-limit",
        )
    assert (told.verified, told.methods) == (True, (Known.PIN,))
