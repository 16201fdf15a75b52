"""Enrolment: the honest way, and everybody who stands in it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.authentication.binding.world import (
    CREATED,
    DEVICE_NONCE,
    ID,
    LATE,
    NOW,
    SERVER_NONCE,
    VERIFIER,
    attested,
    code,
    committed,
    confirmed,
    confirmed_by,
    device,
    key_of,
    opened,
    paid,
    proved,
)
from tests.authentication.ceremony.support import denied
from tests.support import misuse, refused
from warifu.authentication.binding import rules
from warifu.authentication.binding.activation import (
    MOST_LIFE,
    MOST_TRIES,
    Activation,
    ActivationState,
    ActivationTerms,
    Side,
    activation_fingerprint,
    begin,
    cancel,
    commit,
    confirm,
    reject,
    reveal,
    settle,
    spend_try,
)
from warifu.authentication.binding.fingerprint import challenge_of
from warifu.authentication.ceremony.rules import CONTEXT_FORM
from warifu.base.secret import Secret


def test_a_device_that_knows_only_the_documents_enrols() -> None:
    phone = device()
    phone.scan(code())
    claims = attested(phone.challenge())
    held = commit(CREATED, commitment=phone.commitment(key_of(claims)), now=NOW)
    server_nonce = reveal(held, now=NOW)
    shown = opened(held, claims)
    assert phone.digits(key_of(claims), server_nonce) == activation_fingerprint(shown)
    assert server_nonce == SERVER_NONCE
    both = confirmed_by(confirmed_by(shown, Side.DEVICE), Side.BANK)
    assert both.state is ActivationState.CONFIRMED
    assert both.key is not None
    assert both.key.public_key == key_of(claims)


def test_the_sides_confirm_in_any_order_and_one_is_not_enough() -> None:
    bank_first = confirmed_by(proved(), Side.BANK)
    assert bank_first.state is ActivationState.BANK_CONFIRMED
    assert confirmed_by(bank_first, Side.DEVICE).state is ActivationState.CONFIRMED
    with denied(rules.MOVE):
        confirmed_by(bank_first, Side.BANK)


def test_the_nonce_is_not_revealed_before_the_commitment_is_held() -> None:
    with denied(rules.REVEAL):
        reveal(CREATED, now=NOW)
    assert SERVER_NONCE.hex() not in repr(CREATED)


def test_the_nonce_is_not_revealed_late_or_after_the_proof() -> None:
    with denied(rules.IN_TIME):
        reveal(committed(), now=LATE)
    with denied(rules.REVEAL):
        reveal(proved(), now=NOW)


def test_a_second_commitment_is_refused() -> None:
    with denied(rules.MOVE):
        commit(committed(), commitment=bytes(32), now=NOW)


@pytest.mark.parametrize("octets", [0, 31, 33])
def test_a_commitment_of_another_size_is_refused(octets: int) -> None:
    with refused(rules.COMMITMENT):
        commit(CREATED, commitment=bytes(octets), now=NOW)


def test_a_key_substituted_at_enrolment_does_not_open_the_commitment() -> None:
    with refused(rules.OPENING):
        opened(committed(), attested(name="the attacker's phone"))


def test_another_nonce_does_not_open_the_commitment() -> None:
    with refused(rules.OPENING):
        opened(committed(), device_nonce=DEVICE_NONCE[::-1])
    with refused(rules.OPENING):
        opened(committed(), device_nonce=DEVICE_NONCE + b"\0")


def test_evidence_relayed_from_another_verifier_is_refused() -> None:
    elsewhere = attested(challenge_of(activation=ID, verifier="attacker.example"))
    with refused(rules.EVIDENCE_CHALLENGE):
        opened(committed(elsewhere), elsewhere)


def test_evidence_of_another_activation_is_refused() -> None:
    earlier = attested(challenge_of(activation=ID[::-1], verifier=VERIFIER))
    with refused(rules.EVIDENCE_CHALLENGE):
        opened(committed(earlier), earlier)


def test_no_proof_without_a_commitment() -> None:
    with denied(rules.MOVE):
        spend_try(CREATED, now=NOW)


def test_wrong_digits_cost_tries_until_none_are_left() -> None:
    activation = proved()
    right = activation_fingerprint(activation)
    wrong = f"{(int(right) + 1) % 10**8:08}"
    for left in (1, 0):
        payment = paid(activation)
        activation = payment.after
        assert activation.tries_left == left
        with denied(rules.FINGERPRINT):
            confirm(payment, side=Side.BANK, digits=wrong, now=NOW)
    with denied(rules.TRIES):
        paid(activation)
    assert settle(activation, now=NOW).state is ActivationState.EXHAUSTED


@pytest.mark.parametrize("typed", ["", "1234567", "１２３４５６７８", "\ud800", "0" * 10_000])
def test_what_is_no_fingerprint_is_denied(typed: str) -> None:
    with denied(rules.FINGERPRINT):
        confirm(paid(proved()), side=Side.BANK, digits=typed, now=NOW)


def test_there_are_no_digits_before_the_key_is_proved() -> None:
    with denied(rules.MOVE):
        activation_fingerprint(committed())


def test_who_sees_other_digits_ends_it() -> None:
    rejected = reject(confirmed_by(proved(), Side.DEVICE))
    assert rejected.state is ActivationState.REJECTED
    with denied(rules.MOVE):
        confirmed_by(rejected, Side.BANK)


@pytest.mark.parametrize(
    "step",
    [
        lambda: commit(CREATED, commitment=bytes(32), now=LATE),
        lambda: spend_try(committed(), now=LATE),
        lambda: opened(committed(), now=LATE),
        lambda: confirm(paid(proved()), side=Side.BANK, digits="", now=LATE),
    ],
    ids=["commit", "spend", "prove", "confirm"],
)
def test_an_expired_activation_goes_no_further(step: Callable[[], object]) -> None:
    with denied(rules.IN_TIME):
        step()


@pytest.mark.parametrize("stage", [lambda: CREATED, committed, proved])
def test_an_activation_expires_by_itself_or_is_cancelled(stage: Callable[[], Activation]) -> None:
    activation = stage()
    assert settle(activation, now=NOW) is activation
    assert settle(activation, now=LATE).state is ActivationState.EXPIRED
    with denied(rules.MOVE):
        cancel(cancel(activation))


def test_what_is_confirmed_stays_so() -> None:
    assert settle(confirmed(), now=LATE).state is ActivationState.CONFIRMED
    with denied(rules.MOVE):
        reject(confirmed())


@pytest.mark.parametrize(
    "wrong",
    [
        {"activation_id": bytes(15)},
        {"server_nonce": Secret(bytes(16))},
        {"verifier_key": b""},
        {"terms": ActivationTerms(life=timedelta())},
        {"terms": ActivationTerms(life=MOST_LIFE + timedelta(seconds=1))},
        {"terms": ActivationTerms(tries=0)},
        {"terms": ActivationTerms(tries=MOST_TRIES + 1)},
    ],
    ids=["id", "nonce", "key", "no-life", "long-life", "no-tries", "many-tries"],
)
def test_an_activation_on_weak_terms_is_not_begun(wrong: dict[str, Any]) -> None:
    with misuse(rules.TERMS):
        _begin(**wrong)


def test_an_activation_of_a_nameless_verifier_is_not_begun() -> None:
    with misuse(CONTEXT_FORM):
        _begin(verifier="")


def test_usual_terms_live_for_ten_minutes_in_whole_seconds() -> None:
    begun = _begin(now=NOW + timedelta(microseconds=1))
    assert begun.expires_at == NOW + timedelta(minutes=10)
    assert replace(begun, created_at=NOW) == _begin()


def _begin(**others: Any) -> Activation:
    members: dict[str, Any] = {
        "activation_id": ID,
        "user": "customer 4711",
        "app": "jp.example.bank",
        "verifier": VERIFIER,
        "verifier_key": CREATED.verifier_key,
        "server_nonce": Secret(SERVER_NONCE),
        "now": NOW,
    }
    return begin(**{**members, **others})
