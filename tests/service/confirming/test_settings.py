"""What a bank sets: templates, limits, rules that ask for more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from tests.service.binding.customers import ApplePhone, Browser
from tests.service.confirming.counter import NOT_ME, PHONE, Counter, bytes_of
from tests.service.house import caller, make_house, rules_for_tests, settle
from tests.service.phones import IN_ORDER, IPhone
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.transaction.states import State
from warifu.authentication.transaction.value import Kind
from warifu.handset import confirmation as device
from warifu.handset.webauthn import Authentication
from warifu.risk.decision.rules import Method
from warifu.service.conduct.confirming import asked, rules
from warifu.service.settings import read_settings

if TYPE_CHECKING:
    from tests.service.binding.customers import Phone
    from tests.service.house import Hands, HeldTrust
    from warifu.service.store.database import Database

CALLED = """
[[rules]]
id = "called-back"
operations = ["transfer"]
holds = "'call-back' in user.methods"
otherwise = { step_up = ["call-back"] }
customer.ja = "確認の電話をお受けください。"
customer.en = "Please take our call."
analyst.ja = "電話による確認が済んでいません。"
analyst.en = "Nobody called."
""".encode()
HOLDING = b"""
[confirmation]
per_day = 15_000
[confirmation.templates.transfer]
display = "application"
user-verified = false
hold-seconds = 3_600
"""


def settled(
    database: Database,
    clock: Hands,
    trust: HeldTrust,
    *,
    settings: bytes = b"",
    rules: bytes | None = None,
    phone: Phone | None = None,
) -> Counter:
    """A bank with settings of its own, and a customer."""
    house = make_house(database, clock=clock, trust=trust, settings=read_settings(settings))
    settle(house, rules=rules)
    bank = Counter(house=house, caller=caller())
    bank.enrolment(phone or bank.phone, device=PHONE).finish()
    clock.forward(days=2)
    return bank


def test_a_step_up_leaves_it_asked_and_the_same_answer_is_sent_again(
    database: Database, clock: Hands, trust: HeldTrust
) -> None:
    bank = settled(database, clock, trust, rules=rules_for_tests() + CALLED)
    told = bank.ask()
    proof = bank.proof(told)
    first = bank.send(told, proof)
    assert (first.state, first.methods) == (State.ASKED, (Method.CALL_BACK,))
    assert first.decision is not None
    assert (bank.see(told).state, bank.see(told).tries) == (State.ASKED, 0)
    called = replace(IN_ORDER.user, methods=(Method.CALL_BACK,))
    outcome = bank.send(told, proof, bank=replace(IN_ORDER, user=called))
    assert outcome.state is State.APPROVED
    assert bank.count("decisions") == 2


def test_what_is_cancelled_or_disowned_in_its_hold_time_gives_its_limit_back(
    database: Database, clock: Hands, trust: HeldTrust
) -> None:
    bank = settled(database, clock, trust, settings=HOLDING)
    for undo in (bank.cancel, lambda told: bank.refuse(told, NOT_ME)):
        told = bank.ask()
        assert bank.send(told).state is State.HELD
        over = bank.ask()
        assert bank.send(over).code == rules.LIMIT.code
        undo(told)
        for case in bank.cases():
            bank.close(case.id)
    assert bank.send(bank.ask()).state is State.HELD


def test_an_app_attest_key_approves_where_the_bank_accepts_it_and_its_counter_moves(
    database: Database, clock: Hands, trust: HeldTrust
) -> None:
    phone = ApplePhone(phone=IPhone(made_at=clock.now))
    bank = settled(database, clock, trust, settings=HOLDING, phone=phone)
    told = bank.ask(bank=IN_ORDER)
    data = device.app_attest_proof(device.answer_to(bytes_of(told)), phone.phone.device)
    before = bank.stored()[0].counter
    outcome = bank.send(told, asked.Proof(kind=ProofKind.APP_ATTEST, data=data))
    assert outcome.state is State.HELD, outcome
    assert bank.stored()[0].counter > before


def test_a_passkey_refuses_where_nothing_is_known_of_its_device(
    database: Database, clock: Hands, trust: HeldTrust
) -> None:
    phone = Browser()
    bank = settled(database, clock, trust, phone=phone)
    told = bank.ask(kind=Kind.TRANSFER)
    made = Authentication(
        key=phone.passkey.key,
        credential_id=phone.passkey.credential_id,
        origin="https://login.bank.example",
        rp_id="bank.example",
        counter=phone.passkey.counter + 5,
    )
    answer = device.answer_to(bytes_of(told), device.NG, device.NOT_ME)
    draft = device.BrowserDraft(answer=answer, authentication=made)
    proof = asked.Proof(kind=ProofKind.WEBAUTHN, data=draft.encode())
    outcome = bank.send(told, proof)
    assert outcome.state is State.REFUSED
    assert len(bank.cases()) == 1
