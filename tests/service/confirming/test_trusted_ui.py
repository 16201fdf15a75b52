"""An Android phone whose bound key endorsed a key behind a trusted display, up to the receipt."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.service.binding.customers import WHY, AndroidPhone
from tests.service.binding.endorsers import (
    PROVIDER,
    Maker,
    endorse,
    forget_providers,
    wallet_with,
)
from tests.service.books.bank import extend, log_keys, receipt_of
from tests.service.conduct.denials import denied
from tests.service.confirming.counter import CHANGED_MIND, NOT_ME, Counter, bytes_of
from tests.service.house import HeldTrust, caller, make_house, settle
from tests.support import refused
from warifu.authentication.binding import rules as ceremony
from warifu.authentication.binding.endorsement import Use
from warifu.authentication.transaction.confirmation import Display, ProofKind
from warifu.authentication.transaction.proofs import rules as proof_rules
from warifu.authentication.transaction.proofs.verify import verify_proof
from warifu.authentication.transaction.states import State
from warifu.authentication.transaction.template import Template
from warifu.authentication.transaction.value import Kind
from warifu.handset import confirmation as device
from warifu.handset.authority import new_key, spki
from warifu.handset.confirmation import NG, TrustedDisplay
from warifu.receipt_check.check import Known, check_receipt
from warifu.receipt_check.findings import Check
from warifu.service.conduct.binding import bindings, endorsing
from warifu.service.conduct.binding.rules import COUNTS
from warifu.service.conduct.confirming import asked
from warifu.service.settings import (
    BindingSettings,
    ConfirmationSettings,
    RetentionSettings,
    Settings,
)
from warifu.service.workers.retention import sweep

if TYPE_CHECKING:
    from tests.service.house import Hands
    from warifu.service.conduct.binding.endorsing import EndorsedKeySeen
    from warifu.service.conduct.confirming.told import OutcomeTold, TransactionTold
    from warifu.service.store.database import Database

MAKER = Maker()
DEMANDING = Template(methods=frozenset({ProofKind.TRUSTED_UI}), display=Display.TRUSTED_ENVIRONMENT)
SETTINGS = Settings(confirmation=ConfirmationSettings(templates={Kind.TRANSFER: DEMANDING}))


@dataclass(kw_only=True)
class Shop(Counter):
    """A bank that demands a trusted display, and a phone with a key store's key and a component."""

    phone: AndroidPhone = field(default_factory=AndroidPhone)
    display: TrustedDisplay = field(default_factory=TrustedDisplay)
    binding: str = ""

    def put_component(self, **changed: Any) -> EndorsedKeySeen:
        """The phone endorses its component's key, with its provider's warrant."""
        warrant = MAKER.warrant(self, self.phone, self.display.key, **changed)
        return endorse(
            self,
            self.binding,
            self.phone,
            self.display.key,
            use=Use.TRUSTED_UI,
            warrant=warrant,
        )

    def confirm(self, told: TransactionTold, *answer: int, **more: Any) -> OutcomeTold:
        """What the component signs after it showed the text."""
        data = self.display.confirm(bytes_of(told), *answer, **more)
        return self.send(told, asked.Proof(kind=ProofKind.TRUSTED_UI, data=data))


def shop_on(database: Database, clock: Hands, settings: Settings = SETTINGS) -> Shop:
    house = make_house(database, clock=clock, trust=HeldTrust(), settings=settings)
    settle(house, app=wallet_with(MAKER))
    bank = Shop(house=house, caller=caller())
    bank.binding = bank.enrol().id
    clock.forward(days=2)
    return bank


@pytest.fixture
def shop(database: Database, clock: Hands) -> Shop:
    return shop_on(database, clock)


def test_a_transfer_that_demands_a_trusted_display_is_approved_and_its_receipt_says_by_whose_word(
    shop: Shop,
) -> None:
    shop.put_component()
    told = shop.ask()
    outcome = shop.confirm(told)
    assert (outcome.state, outcome.code, outcome.reasons) == (State.APPROVED, None, ())
    seen = shop.see(told).answer
    assert seen is not None
    assert (seen.display, seen.warranted_by) == (Display.TRUSTED_ENVIRONMENT, PROVIDER)
    extend(shop.house)
    made = receipt_of(shop, told.id)
    now = shop.house.clock()
    known = Known(
        log_keys=log_keys(shop.house),
        trust=HeldTrust().now(now),
        provider_keys=frozenset({spki(MAKER.key)}),
    )
    found = check_receipt(made.data, known=known, at=now)
    left = {each.check for each in found.findings if not each.checked}
    assert left == {Check.WITNESSES, Check.COUNTER, Check.DECISION}
    assert found.whole
    assert (found.kind, found.display, found.warranted_by) == (
        "trusted-ui",
        "trusted-environment",
        PROVIDER,
    )


def test_the_same_answer_sent_again_is_told_the_same_outcome(shop: Shop) -> None:
    shop.put_component()
    told = shop.ask()
    proof = asked.Proof(kind=ProofKind.TRUSTED_UI, data=shop.display.confirm(bytes_of(told)))
    first = shop.send(told, proof)
    forget_providers(shop)
    assert shop.send(told, proof) == first


def test_without_a_component_no_trusted_display_answers(shop: Shop) -> None:
    told = shop.ask()
    with refused(proof_rules.KIND):
        shop.confirm(told)


def test_the_bound_key_itself_is_no_trusted_display(shop: Shop) -> None:
    shop.put_component()
    told = shop.ask()
    data = TrustedDisplay(key=shop.phone.key).confirm(bytes_of(told))
    with refused(proof_rules.SIGNATURE):
        shop.send(told, asked.Proof(kind=ProofKind.TRUSTED_UI, data=data))


def test_a_session_key_approves_no_transaction(shop: Shop) -> None:
    shop.put_component()
    key = new_key()
    endorse(shop, shop.binding, shop.phone, key)
    told = shop.ask()
    data = TrustedDisplay(key=key).confirm(bytes_of(told))
    with refused(proof_rules.SIGNATURE):
        shop.send(told, asked.Proof(kind=ProofKind.TRUSTED_UI, data=data))
    refusal = device.refuse(bytes_of(told), CHANGED_MIND, key)
    with refused(proof_rules.SIGNATURE):
        shop.send(told, asked.Proof(kind=ProofKind.DEVICE_KEY, data=refusal))
    assert shop.see(told).state is State.ASKED


def test_a_session_key_alone_is_not_even_looked_at(shop: Shop) -> None:
    key = new_key()
    endorse(shop, shop.binding, shop.phone, key)
    told = shop.ask()
    data = TrustedDisplay(key=key).confirm(bytes_of(told))
    with refused(proof_rules.KIND):
        shop.send(told, asked.Proof(kind=ProofKind.TRUSTED_UI, data=data))


def test_a_component_that_verified_nobody_approves_nothing_and_refuses(shop: Shop) -> None:
    shop.put_component()
    told = shop.ask()
    with refused(proof_rules.USER_VERIFIED):
        shop.confirm(told, user_verified=False)
    assert shop.confirm(told, NG, NOT_ME, user_verified=False).state is State.REFUSED


def test_a_refusal_by_the_bound_key_needs_no_component(shop: Shop) -> None:
    shop.put_component()
    assert shop.refuse(shop.ask()).state is State.REFUSED


def test_a_provider_who_was_taken_away_warrants_no_answer_from_then_on(shop: Shop) -> None:
    shop.put_component()
    told = shop.ask()
    forget_providers(shop)
    with refused(ceremony.WARRANT_PROVIDER):
        shop.confirm(told)
    assert shop.refuse(told).state is State.REFUSED


def test_a_provider_taken_away_in_the_moment_of_an_answer_stops_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.put_component()
    told = shop.ask()

    def forgotten_meanwhile(*given: Any, **named: Any) -> Any:
        forget_providers(shop)
        return verify_proof(*given, **named)

    monkeypatch.setattr(
        "warifu.service.conduct.confirming.answering.verify_proof", forgotten_meanwhile
    )
    with refused(ceremony.WARRANT_PROVIDER):
        shop.confirm(told)
    assert shop.see(told).state is State.ASKED


def test_an_expired_warrant_ends_the_key(shop: Shop, clock: Hands) -> None:
    shop.put_component(valid_until=int(clock.now.timestamp()) + 60)
    told = shop.ask()
    clock.forward(seconds=60)
    with denied(ceremony.WARRANT_TIME):
        shop.confirm(told)


def test_a_revoked_component_answers_no_more(shop: Shop) -> None:
    endorsed = shop.put_component()
    told = shop.ask()
    asked_for = bindings.ChangeRequest(**WHY)
    endorsing.revoke_endorsed(shop.work(), shop.binding, endorsed.id, asked_for)
    with refused(proof_rules.KIND):
        shop.confirm(told)


def test_a_component_after_suspension_of_its_binding_is_refused(shop: Shop) -> None:
    shop.put_component()
    told = shop.ask()
    bindings.suspend_binding(shop.work(), shop.binding, bindings.SuspendRequest(**WHY))
    with denied(ceremony.USABLE):
        shop.confirm(told)


def test_a_component_revoked_in_the_moment_of_an_answer_approves_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    endorsed = shop.put_component()
    told = shop.ask()

    def revoked_meanwhile(*given: Any, **named: Any) -> Any:
        with_reason = bindings.ChangeRequest(**WHY)
        endorsing.revoke_endorsed(shop.work(), shop.binding, endorsed.id, with_reason)
        return verify_proof(*given, **named)

    monkeypatch.setattr(
        "warifu.service.conduct.confirming.answering.verify_proof", revoked_meanwhile
    )
    with refused(proof_rules.KIND):
        shop.confirm(told)
    assert shop.see(told).state is State.ASKED


def waiting_shop(database: Database, clock: Hands) -> Shop:
    """What is approved waits an hour; components are endorsed for a day."""
    waiting = replace(DEMANDING, hold_seconds=3_600)
    settings = Settings(
        confirmation=ConfirmationSettings(templates={Kind.TRANSFER: waiting}),
        binding=BindingSettings(trusted_ui_days=1),
    )
    return shop_on(database, clock, settings)


def test_what_a_component_approved_and_waits_is_not_handed_off_once_it_is_revoked(
    database: Database, clock: Hands
) -> None:
    shop = waiting_shop(database, clock)
    endorsed = shop.put_component()
    told = shop.ask()
    assert shop.confirm(told).state is State.HELD
    asked_for = bindings.ChangeRequest(**WHY)
    endorsing.revoke_endorsed(shop.work(), shop.binding, endorsed.id, asked_for)
    clock.forward(hours=2)
    with denied(COUNTS):
        shop.carry_out(told)


def test_a_component_that_was_replaced_can_still_be_revoked_while_what_it_approved_waits(
    database: Database, clock: Hands
) -> None:
    shop = waiting_shop(database, clock)
    stolen = shop.put_component()
    told = shop.ask()
    assert shop.confirm(told).state is State.HELD
    clock.forward(seconds=1)
    shop.display = TrustedDisplay()
    shop.put_component()
    asked_for = bindings.ChangeRequest(**WHY)
    endorsing.revoke_endorsed(shop.work(), shop.binding, stolen.id, asked_for)
    clock.forward(hours=2)
    with denied(COUNTS):
        shop.carry_out(told)


def test_a_sweep_forgets_no_component_whose_approval_waits(
    database: Database, clock: Hands
) -> None:
    shop = waiting_shop(database, clock)
    endorsed = shop.put_component()
    clock.now = endorsed.expires_at - timedelta(seconds=60)
    told = shop.ask()
    assert shop.confirm(told).state is State.HELD
    clock.forward(hours=2)
    sweep(database, RetentionSettings(activations_days=0), now=clock.now)
    assert shop.carry_out(told).state is State.HANDED_OFF


def test_a_weaker_proof_does_not_pass_where_a_trusted_display_is_demanded(shop: Shop) -> None:
    shop.put_component()
    told = shop.ask()
    draft = device.EnvelopeDraft(
        answer=device.answer_to(bytes_of(told)),
        key=shop.phone.key,
        type=device.DEVICE_KEY_TYPE,
        headers={},
    )
    with refused(proof_rules.CAN_APPROVE):
        shop.send(told, asked.Proof(kind=ProofKind.DEVICE_KEY, data=draft.encode()))
