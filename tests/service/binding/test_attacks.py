"""What an attacker tries at enrolment, and with bindings."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.service.attacks.world import NEIGHBOUR
from tests.service.binding.customers import USER, WHY, AndroidPhone, ApplePhone, Browser, Desk
from tests.service.conduct.denials import denied
from tests.service.house import caller, settle, wallet
from tests.service.phones import IPhone
from warifu.attestation.evidence.rules import android_key
from warifu.attestation.verdict import Outcome
from warifu.authentication.binding import rules as ceremony
from warifu.authentication.binding.activation import ActivationState, Side
from warifu.authentication.binding.fingerprint import fingerprint_of
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.base.errors import Misuse, WarifuError
from warifu.handset.activation import Activation, NoCodeError
from warifu.handset.android_key import UNVERIFIED, AndroidEvidence, root_of_trust
from warifu.handset.authority import new_key
from warifu.service.conduct.binding import activating, bindings, rules
from warifu.service.conduct.evidence.rules import NEW_KEY, PLATFORM
from warifu.service.conduct.rules import KNOWN
from warifu.service.store import bindings as store
from warifu.service.store.database import Statement

if TYPE_CHECKING:
    from tests.service.house import Hands

WRONG = "00000000"


def reasons(answer: object) -> list[str]:
    """Codes of why a proof was refused."""
    return [each.code for each in getattr(answer, "reasons", ())]


def test_a_key_substituted_at_enrolment_does_not_open_the_commitment(desk: Desk) -> None:
    enrolment = desk.enrolment().commit()
    evil = AndroidPhone()
    answer = enrolment.prove(evil.evidence(enrolment.app.challenge, desk))
    assert answer.verdict is Outcome.REFUSED
    assert reasons(answer) == [ceremony.OPENING.code]
    assert answer.fingerprint is None
    assert desk.rows("SELECT 1 FROM device_keys WHERE tenant = :tenant") == []
    assert desk.rows("SELECT 1 FROM evidence WHERE tenant = :tenant") == []
    # The honest phone is served all the same.
    assert enrolment.prove().state is ActivationState.PROVED


def test_whoever_substitutes_commitment_and_key_shows_the_bank_other_digits(desk: Desk) -> None:
    victim, evil = desk.enrolment(), AndroidPhone()
    between = Activation(pinned=(desk.pinned,), verifier=desk.verifier)
    between.activation, between.verifier_key = victim.app.activation, victim.app.verifier_key
    nonce = desk.take(victim.id, between.commitment(evil.public_key)).nonce
    answer = victim.prove(evil.evidence(between.challenge, desk), nonce=between.nonce)
    assert answer.state is ActivationState.PROVED
    # The victim's phone was shown whatever nonce the attacker chose for it.
    victim.server_nonce = nonce
    assert victim.digits != answer.fingerprint
    with denied(ceremony.FINGERPRINT):
        victim.confirm(Side.BANK)
    assert desk.bindings() == []


def test_the_nonce_cannot_be_had_before_the_commitment_so_that_nothing_is_ground(
    desk: Desk,
) -> None:
    enrolment = desk.enrolment()
    shown = repr(desk.state(enrolment.id))
    stored = desk.rows("SELECT * FROM activations WHERE tenant = :tenant")
    with denied(ceremony.MOVE):
        enrolment.prove()
    enrolment.commit()
    for told in (shown, repr(stored), enrolment.app.commitment(b"").hex()):
        assert enrolment.server_nonce.hex() not in told
    assert repr(enrolment.server_nonce) not in repr(stored)
    # A key ground after the nonce is known is not the one committed to.
    target = enrolment.digits[:2]
    while True:
        nonce = secrets.token_bytes(32)
        ground = fingerprint_of(
            activation=enrolment.app.activation,
            verifier_key=enrolment.app.verifier_key,
            public_key=enrolment.phone.public_key,
            server_nonce=enrolment.server_nonce,
            device_nonce=nonce,
        )
        if ground[:2] == target and nonce != enrolment.app.nonce:
            break
    assert reasons(enrolment.prove(nonce=nonce)) == [ceremony.OPENING.code]


def test_a_second_commitment_is_refused_and_the_same_one_answered_again(desk: Desk) -> None:
    enrolment = desk.enrolment().commit()
    first = enrolment.server_nonce
    with denied(ceremony.MOVE):
        desk.take(enrolment.id, bytes(32))
    assert enrolment.commit().server_nonce == first


def test_digits_guessed_burn_the_tries_and_then_the_right_ones_are_too_late(desk: Desk) -> None:
    enrolment = desk.enrolment().commit()
    enrolment.prove()
    for _ in range(desk.house.settings.binding.tries - 1):
        with denied(ceremony.FINGERPRINT):
            enrolment.confirm(Side.BANK, WRONG)
    with denied(ceremony.TRIES):
        enrolment.confirm(Side.BANK)
    assert desk.state(enrolment.id).state is ActivationState.EXHAUSTED
    assert desk.bindings() == []


def test_a_service_that_dies_after_the_try_was_spent_has_spent_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolment = desk.enrolment().commit()
    before = desk.state(enrolment.id).tries_left

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("warifu.service.conduct.binding.proving.examine", killed)
    with pytest.raises(KeyboardInterrupt):
        enrolment.prove()
    assert desk.state(enrolment.id).tries_left == before - 1


def test_a_code_of_another_tenant_is_none_to_the_app_and_unknown_to_the_bank(desk: Desk) -> None:
    settle(desk.house, NEIGHBOUR, app=wallet())
    neighbour = Desk(house=desk.house, caller=caller(NEIGHBOUR))
    theirs = neighbour.begin()
    ours = Activation(pinned=(desk.pinned,), verifier=desk.verifier)
    # Both banks are served by one process with one key for codes: the name tells them apart.
    assert neighbour.pinned == desk.pinned
    with pytest.raises(NoCodeError):
        ours.scan(theirs.code)
    with pytest.raises(Misuse) as caught:
        desk.take(theirs.id, bytes(32))
    assert caught.value.rule is KNOWN


def test_a_code_changed_in_any_octet_is_none(desk: Desk) -> None:
    code = desk.begin().code
    app = Activation(pinned=(desk.pinned,), verifier=desk.verifier)
    for place in range(len("WARIFU1:"), len(code), 7):
        other = "A" if code[place] != "A" else "B"
        with pytest.raises(NoCodeError):
            app.scan(code[:place] + other + code[place + 1 :])


def test_evidence_of_another_activation_is_refused(desk: Desk) -> None:
    enrolment, other = desk.enrolment().commit(), desk.enrolment()
    evidence = enrolment.phone.evidence(other.app.challenge, desk)
    answer = enrolment.prove(evidence)
    assert answer.verdict is Outcome.REFUSED
    assert reasons(answer) == [android_key.CHALLENGE.code]
    assert desk.state(enrolment.id).state is ActivationState.COMMITTED


def test_an_activation_is_over_when_its_time_is(desk: Desk, clock: Hands) -> None:
    enrolment = desk.enrolment().commit()
    clock.forward(seconds=desk.house.settings.binding.activation_seconds)
    with denied(ceremony.IN_TIME):
        enrolment.prove()
    assert desk.state(enrolment.id).state is ActivationState.EXPIRED


def test_a_cancelled_activation_takes_nothing_any_more(desk: Desk) -> None:
    enrolment = desk.enrolment().commit()
    told = activating.cancel_activation(desk.work(), enrolment.id)
    assert told.state is ActivationState.CANCELLED
    with denied(ceremony.MOVE):
        enrolment.prove()


def test_digits_that_the_person_says_differ_end_it(desk: Desk) -> None:
    enrolment = desk.enrolment().commit()
    enrolment.prove()
    activating.reject_activation(desk.work(), enrolment.id)
    with denied(ceremony.MOVE):
        enrolment.confirm(Side.BANK)
    [row] = desk.rows(
        "SELECT subject FROM audit WHERE tenant = :tenant AND action = 'activation/digits-differ'"
    )
    assert row[0] == enrolment.id


def test_nobody_confirms_in_the_name_of_the_device(desk: Desk, clock: Hands) -> None:
    phones = (AndroidPhone(), Browser(), ApplePhone(phone=IPhone(made_at=clock.now)))
    for phone in phones:
        enrolment = desk.enrolment(phone).commit()
        enrolment.prove()
        with pytest.raises(WarifuError) as caught:
            enrolment.confirm(Side.DEVICE, proof=None)
        assert caught.value.rule is rules.DEVICE_WORD
        stranger = AndroidPhone().word(enrolment.app, enrolment.digits)
        with pytest.raises(WarifuError):
            enrolment.confirm(Side.DEVICE, proof=stranger)
        own_word_for_others = phone.word(enrolment.app, WRONG)
        with pytest.raises(WarifuError):
            enrolment.confirm(Side.DEVICE, proof=own_word_for_others)
        assert desk.state(enrolment.id).state is ActivationState.PROVED


def test_an_ordinary_key_is_not_bound_as_one_of_a_trusted_display(desk: Desk) -> None:
    for kind in (ProofKind.TRUSTED_UI, ProofKind.PROTECTED_CONFIRMATION, ProofKind.WEBAUTHN):
        enrolment = desk.enrolment().commit()
        assert reasons(enrolment.prove(kind=kind)) == [ceremony.KIND.code]


def test_an_assertion_proves_no_new_key(desk: Desk, clock: Hands) -> None:
    phone = IPhone(made_at=clock.now)
    desk.enrolment(ApplePhone(phone=phone)).finish()
    enrolment = desk.enrolment().commit()
    with pytest.raises(Misuse) as caught:
        enrolment.prove(phone.assertion(enrolment.app.challenge))
    assert caught.value.rule is PLATFORM
    assert desk.state(enrolment.id).tries_left == desk.house.settings.binding.tries


def test_a_phone_that_may_not_log_in_is_not_bound(desk: Desk) -> None:
    rooted = root_of_trust(locked=False, state=UNVERIFIED, boot_key=bytes(32))

    def unlocked(evidence: AndroidEvidence) -> None:
        evidence.description.hardware.set(704, rooted)

    enrolment = desk.enrolment(AndroidPhone(change=unlocked)).commit()
    answer = enrolment.prove()
    assert reasons(answer) == [rules.APPRAISED.code]
    assert desk.state(enrolment.id).state is ActivationState.COMMITTED


def test_a_key_is_bound_once_to_one_person(desk: Desk) -> None:
    key = new_key()
    desk.enrolment(AndroidPhone(key=key), device="phone-1").finish()
    again = desk.enrolment(AndroidPhone(key=key), user="taro", device="phone-2").commit()
    with denied(NEW_KEY):
        again.prove()
    assert desk.bindings("taro") == []


def test_the_same_key_proved_in_two_activations_at_one_time_is_bound_by_one(desk: Desk) -> None:
    key = new_key()
    first = desk.enrolment(AndroidPhone(key=key), device="phone-1").ready()
    # Its registration is lost, as if both had been proved in one moment.
    forget = Statement(
        sql="DELETE FROM device_keys WHERE tenant = :tenant",
        values={"tenant": desk.caller.tenant},
    )
    desk.house.database.apply([forget])
    second = desk.enrolment(AndroidPhone(key=key), user="taro", device="phone-1").ready()
    assert second.confirm(Side.BANK).binding is not None
    with denied(rules.KEY_BOUND):
        first.confirm(Side.BANK)


def test_a_revoked_device_acts_no_more_and_never_comes_back(desk: Desk) -> None:
    bound = desk.enrolment(device="hanakos-phone").finish()
    [stored] = desk.stored()
    revoked = bindings.revoke_binding(desk.work(), bound.id, bindings.ChangeRequest(**WHY))
    assert revoked.state == "revoked"
    with desk.house.database.read() as transaction, denied(ceremony.USABLE):
        bindings.bound_device(desk.work(), transaction, user=USER, device="hanakos-phone")
    rests_on_it = store.require_active(desk.caller.tenant, stored.id, otherwise=ceremony.USABLE)
    with denied(ceremony.USABLE):
        desk.house.database.apply([rests_on_it])
    for change in (bindings.revoke_binding, bindings.make_primary):
        with pytest.raises(WarifuError):
            change(desk.work(), bound.id, bindings.ChangeRequest(**WHY))
    with denied(ceremony.BINDING_MOVE):
        bindings.resume_binding(desk.work(), bound.id, bindings.ResumeRequest(**WHY))


def test_a_device_of_another_user_is_as_unknown_as_none(desk: Desk) -> None:
    desk.enrolment(device="hanakos-phone").finish()
    with desk.house.database.read() as transaction:
        for user, device in (("taro", "hanakos-phone"), (USER, "taros-phone")):
            with denied(ceremony.USABLE):
                bindings.bound_device(desk.work(), transaction, user=user, device=device)
