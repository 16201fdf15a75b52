"""Decisions about honest phones, with every kind of evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.service.phones import (
    TRANSFER,
    Android,
    Bank,
    IPhone,
    Passkey,
    play_integrity_token,
    the_bytes,
)

if TYPE_CHECKING:
    from tests.service.house import Hands


def test_transfer_with_android_evidence_is_served_in_one_round_trip(
    bank: Bank, clock: Hands
) -> None:
    challenge = bank.challenge()
    answer = bank.decide(challenge, Android().evidence(the_bytes(challenge), clock.now))
    assert answer.outcome == "serve", answer
    assert answer.evidence is not None
    assert answer.evidence.verdict == "accepted"


def test_transfer_signed_by_a_registered_iphone_is_served(bank: Bank, iphone: IPhone) -> None:
    bank.register(iphone)
    challenge = bank.challenge()
    answer = bank.decide(challenge, iphone.assertion(the_bytes(challenge)))
    assert answer.outcome == "serve", answer
    assert answer.appraisal is not None
    assert answer.appraisal.standing is not None


def test_transfer_signed_by_a_registered_passkey_is_served(bank: Bank, passkey: Passkey) -> None:
    bank.register(passkey)
    challenge = bank.challenge()
    answer = bank.decide(challenge, passkey.assertion(the_bytes(challenge)))
    assert answer.outcome == "serve", answer


def test_play_integrity_proves_device_and_app_but_no_key(bank: Bank, clock: Hands) -> None:
    challenge = bank.challenge()
    answer = bank.decide(challenge, play_integrity_token(the_bytes(challenge), clock.now))
    assert answer.evidence is not None
    assert answer.evidence.verdict == "accepted"
    assert answer.outcome == "refuse"
    assert [reason.code for reason in answer.reasons] == ["key-trusted"]


def test_step_by_step(bank: Bank, iphone: IPhone) -> None:
    bank.register(iphone)
    challenge = bank.challenge()
    made = bank.submit(challenge, iphone.assertion(the_bytes(challenge)))
    answer = bank.decide(appraisal=made.appraisal.id)
    assert answer.outcome == "serve", answer


def test_without_evidence(bank: Bank) -> None:
    assert bank.decide(operation=TRANSFER).outcome == "refuse"
