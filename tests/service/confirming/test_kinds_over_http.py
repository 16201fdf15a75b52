"""Kinds of proof through the whole service: approved over HTTP, and receipts check offline.

What is signed is held against the transaction member by member, and a proof in which one of them is
wrong is refused by the rule about that member, costs no try, and leaves the transaction asked.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.service.attacks.world import Call, World, open_world
from tests.service.binding.customers import AndroidPhone, ApplePhone, Browser, Desk
from tests.service.books.bank import check, extend, log_keys
from tests.service.confirming.calls import PATH, answer_body, transfer_body
from tests.service.confirming.counter import display_phone
from tests.service.house import ORIGIN, RP_ID, HeldTrust, make_house
from tests.service.phones import IPhone
from warifu.attestation.evidence.rules import app_attest_assertion as app_attest_rules
from warifu.attestation.evidence.rules import webauthn as webauthn_rules
from warifu.authentication.receipt.receipt import MEDIA_TYPE
from warifu.authentication.transaction.confirmation import DISPLAYED_BY, Display, ProofKind
from warifu.authentication.transaction.proofs import rules
from warifu.base.codec.cbor import encode_deterministic
from warifu.base.codec.text import from_base64url
from warifu.demo.bank.service import file
from warifu.handset import confirmation as device
from warifu.handset.authority import new_key
from warifu.handset.webauthn import USER_PRESENT, Authentication, CredentialKey
from warifu.receipt_check.findings import Check
from warifu.service.conduct.confirming.asked import Proof
from warifu.service.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from tests.service.binding.customers import Phone
    from tests.service.house import Hands
    from warifu.base.rule import Rule
    from warifu.handset.app_attest import AppAttestDevice
    from warifu.receipt_check.findings import CheckedReceipt
    from warifu.service.composition import Composition
    from warifu.service.store.database import Database

USER, DEVICE = "taro", "taros-own"
SHOWN_BY_BROWSER = b"""
[confirmation.templates.transfer]
display = "browser"
"""
SHOWN_BY_ANYTHING = b"""
[confirmation.templates.transfer]
display = "application"
user-verified = false
"""
ASKED_PAYMENT: dict[str, Any] = {
    "top_origin": ORIGIN,
    "payee_origin": "https://payee.example",
    "instrument": {
        "display_name": "普通 ****4321",
        "icon": "https://login.bank.example/card.png",
        "details": "本店",
    },
    "logos": [{"url": "https://login.bank.example/logo.png", "label": "Kaede Bank"}],
}
"""What the page gives to the browser."""
INSTRUMENT = {
    "displayName": "普通 ****4321",
    "icon": "https://login.bank.example/card.png",
    "details": "本店",
}
TOTAL = {"value": "10000", "currency": "JPY"}
SHOWN_PAYMENT: dict[str, Any] = {
    "rpId": RP_ID,
    "topOrigin": ORIGIN,
    "payeeName": "タナカ タロウ",
    "payeeOrigin": "https://payee.example",
    "paymentEntitiesLogos": ASKED_PAYMENT["logos"],
    "total": TOTAL,
    "instrument": INSTRUMENT,
}
"""What an honest browser then shows, and signs."""


one_store = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What is wrong with bytes does not depend on where transactions are kept."""


@pytest.fixture
def house(database: Database, clock: Hands, trust: HeldTrust) -> Composition:
    settings = read_settings(SHOWN_BY_BROWSER)
    return make_house(database, clock=clock, trust=trust, settings=settings)


@dataclass(kw_only=True)
class Customer:
    """One person with a bound phone or browser, seen from the bank's backend."""

    world: World
    phone: Phone
    told: dict[str, Any] = field(default_factory=dict)
    """The transaction that is asked."""

    def enrol(self) -> Customer:
        """Bind it, some days ago."""
        desk = Desk(house=self.world.house, caller=self.world.bank.caller)
        desk.enrolment(self.phone, user=USER, device=DEVICE).finish()
        desk.house.clock.forward(days=2)  # type: ignore[attr-defined]
        return self

    def ask(self, **changed: Any) -> Customer:
        """Have a transfer confirmed."""
        more = {"payment": ASKED_PAYMENT} if self.kind is ProofKind.SECURE_PAYMENT else {}
        body = transfer_body(USER, DEVICE, payee_known=True, **{**more, **changed})
        body["payee_known_seconds"] = 90 * 86_400
        self.told = self.world.tell("POST", PATH, body)
        return self

    @property
    def kind(self) -> ProofKind:
        """How it proves."""
        return self.phone.kind

    @property
    def transaction(self) -> bytes:
        """The bytes that the device received."""
        return from_base64url(self.told["transaction"])

    @property
    def answer(self) -> bytes:
        """OK."""
        return device.answer_to(self.transaction)

    def proof(self) -> bytes:
        """The honest one of its kind."""
        if isinstance(self.phone, ApplePhone):
            return device.app_attest_proof(self.answer, self.phone.phone.device)
        if isinstance(self.phone, AndroidPhone):
            return self.confirmed()
        return self.paid() if self.kind is ProofKind.SECURE_PAYMENT else self.signed_in()

    def confirmed(self, **changed: Any) -> bytes:
        """By the phone's own display."""
        assert isinstance(self.phone, AndroidPhone)
        members = {"prompt": self.told["text"], "extra": self.answer, "key": self.phone.key}
        return device.ProtectedConfirmationDraft(**{**members, **changed}).encode()

    def paid(self, answer: bytes | None = None, **changed: Any) -> bytes:
        """By a browser that shows payments; `changed` are members of what it showed."""
        shown = {**deepcopy(SHOWN_PAYMENT), **changed}
        shown = {name: value for name, value in shown.items() if value is not None}
        return self.asserted(answer, client={"crossOrigin": False, "payment": shown})

    def signed_in(self) -> bytes:
        """By a page, whose text nobody else has shown."""
        return self.asserted(type="webauthn.get", client={})

    def asserted(
        self, answer: bytes | None = None, *, challenge: bytes | None = None, **ceremony: Any
    ) -> bytes:
        """By the passkey; `ceremony` says what is different."""
        assert isinstance(self.phone, Browser)
        passkey = self.phone.passkey
        passkey.counter += 1
        members = {
            "type": "payment.get",
            "client": {"crossOrigin": False, "payment": SHOWN_PAYMENT},
            "key": passkey.key,
            "credential_id": passkey.credential_id,
            "origin": ORIGIN,
            "rp_id": RP_ID,
            "counter": passkey.counter,
        }
        made = Authentication(**{**members, **ceremony})
        draft = device.BrowserDraft(answer=answer or self.answer, authentication=made)
        draft.challenge = challenge
        return draft.encode()

    def send(self, data: bytes, kind: ProofKind | None = None) -> httpx.Response:
        """Pass the device's proof on."""
        body = answer_body(DEVICE, Proof(kind=kind or self.kind, data=data))
        return self.world.send(
            Call(method="POST", path=f"{PATH}/{self.told['id']}/answer", body=body)
        )

    def see(self) -> dict[str, Any]:
        """The transaction as it stands."""
        return self.world.tell("GET", f"{PATH}/{self.told['id']}")

    def refused(self, data: bytes, rule: Rule, *, tries: int = 0) -> None:
        """Refused by exactly this rule; nothing came of it, and the honest answer still counts."""
        answered = self.send(data)
        assert answered.json()["code"] == rule.code, answered.text
        found = self.see()
        assert (found["state"], found["tries"]) == ("asked", tries)
        assert self.world.tell("GET", "/v1/hand-offs")["items"] == []
        assert self.send(self.proof()).json()["state"] == "approved"

    def receipt(self) -> CheckedReceipt:
        """Fetched, and checked elsewhere by whoever knows the keys of the log."""
        extend(self.world.house)
        path = f"{PATH}/{self.told['id']}/receipt"
        fetched = self.world.send(Call(method="GET", path=path), accept=MEDIA_TYPE)
        now = self.world.house.clock()
        keys = log_keys(self.world.house)
        return check(fetched.content, keys, at=now, trust=HeldTrust().now(now))


def approved(customer: Customer) -> CheckedReceipt:
    """Approve what is asked; the receipt shows who did, and how."""
    told = customer.send(customer.proof())
    assert told.json()["state"] == "approved", told.text
    assert [each["id"] for each in customer.world.tell("GET", "/v1/hand-offs")["items"]] == [
        customer.told["id"]
    ]
    found = customer.receipt()
    assert found.whole, [each for each in found.findings if not each.checked]
    assert found.was_checked(Check.EVIDENCE_KEY)
    assert (found.state, found.verdict, found.user) == ("approved", "ok", USER)
    assert (found.kind, found.display) == (customer.kind, DISPLAYED_BY[customer.kind])
    assert found.text == customer.told["text"]
    return found


@pytest.fixture
def payer(house: Composition) -> Iterator[Customer]:
    """With a browser that shows payments, at a bank whose rules ask for a passkey alone."""
    with open_world(house, rules=file("rules.toml")) as world:
        phone = Browser(kind=ProofKind.SECURE_PAYMENT)
        yield Customer(world=world, phone=phone).enrol().ask()


def test_a_payment_shown_by_the_browser_is_approved_and_its_receipt_checks(payer: Customer) -> None:
    assert isinstance(payer.phone, Browser)
    found = approved(payer)
    assert found.display == Display.BROWSER
    assert found.user_verified is True
    assert found.origin == ORIGIN


@one_store
@pytest.mark.parametrize("value", ["10000.00", "10000.0000"])
def test_the_amount_of_a_payment_is_compared_as_a_decimal(payer: Customer, value: str) -> None:
    told = payer.send(payer.paid(total={**TOTAL, "value": value}))
    assert told.json()["state"] == "approved"


MEMBERS: dict[str, tuple[dict[str, Any], Rule]] = {
    "amount": ({"total": {**TOTAL, "value": "10001"}}, rules.PAYMENT_TOTAL),
    "fraction": ({"total": {**TOTAL, "value": "10000.0001"}}, rules.PAYMENT_TOTAL),
    "exponent": ({"total": {**TOTAL, "value": "1e4"}}, rules.PAYMENT_TOTAL),
    "currency": ({"total": {**TOTAL, "currency": "USD"}}, rules.PAYMENT_TOTAL),
    "payee": ({"payeeName": "タナカ ジロウ"}, rules.PAYMENT_PAYEE),
    "payee left out": ({"payeeName": None}, rules.PAYMENT_PAYEE),
    "payee origin": ({"payeeOrigin": "https://evil.example"}, rules.PAYMENT_PAYEE),
    "payee origin left out": ({"payeeOrigin": None}, rules.PAYMENT_PAYEE),
    "instrument": (
        {"instrument": {**INSTRUMENT, "displayName": "普通 ****9999"}},
        rules.PAYMENT_INSTRUMENT,
    ),
    "icon": (
        {"instrument": {**INSTRUMENT, "icon": "https://evil.example/card.png"}},
        rules.PAYMENT_INSTRUMENT,
    ),
    "details": ({"instrument": {**INSTRUMENT, "details": "支店"}}, rules.PAYMENT_INSTRUMENT),
    "logo": (
        {"paymentEntitiesLogos": [{"url": "", "label": "Another Bank"}]},
        rules.PAYMENT_LOGOS,
    ),
    "rp id": ({"rpId": "other-bank.example"}, rules.PAYMENT_RP_ID),
    "older rp": ({"rp": "other-bank.example"}, rules.PAYMENT_RP_ID),
    "top origin": ({"topOrigin": "https://bank.evil.example"}, rules.PAYMENT_TOP_ORIGIN),
    "unknown member": ({"fee": "1"}, rules.PAYMENT_FORM),
}
CEREMONY: dict[str, tuple[dict[str, Any], Rule]] = {
    "type": ({"type": "webauthn.get"}, webauthn_rules.TYPE),
    "challenge": ({"challenge": bytes(32)}, webauthn_rules.CHALLENGE),
    "rp": ({"rp_id": "other-bank.example"}, webauthn_rules.RP_ID),
    "origin": ({"origin": "https://bank.evil.example"}, webauthn_rules.ORIGIN),
    "frame": (
        {
            "client": {
                "crossOrigin": True,
                "topOrigin": "https://evil.example",
                "payment": SHOWN_PAYMENT,
            }
        },
        webauthn_rules.TOP_ORIGIN,
    ),
    "no payment": ({"client": {"crossOrigin": False}}, rules.PAYMENT_FORM),
    "counter": ({"counter": 1}, webauthn_rules.COUNTER),
    "key": ({"key": CredentialKey()}, rules.SIGNATURE),
}


@one_store
@pytest.mark.parametrize("member", MEMBERS)
def test_a_payment_with_one_wrong_member_is_refused(payer: Customer, member: str) -> None:
    changed, rule = MEMBERS[member]
    payer.refused(payer.paid(**changed), rule)


@one_store
@pytest.mark.parametrize("part", CEREMONY)
def test_a_payment_of_a_wrong_ceremony_is_refused(payer: Customer, part: str) -> None:
    changed, rule = CEREMONY[part]
    payer.refused(payer.asserted(**changed), rule)


def test_a_payment_without_pin_or_biometrics_costs_a_try(payer: Customer) -> None:
    payer.refused(payer.asserted(flags=USER_PRESENT), rules.USER_VERIFIED, tries=1)


def test_a_payment_sheet_cannot_refuse(payer: Customer) -> None:
    refusal = device.answer_to(payer.transaction, device.NG, device.NOT_ME)
    payer.refused(payer.paid(refusal), rules.CAN_REFUSE, tries=1)


def test_a_payment_for_another_transaction_is_refused(payer: Customer) -> None:
    elsewhere = payer.paid(payer.answer)
    payer.ask()
    payer.refused(elsewhere, rules.TRANSACTION)


def test_a_payment_that_was_not_asked_for_as_one_is_not_taken(payer: Customer) -> None:
    payer.ask(payment=None)
    answered = payer.send(payer.paid())
    assert answered.json()["code"] == rules.PAYMENT_EXPECTED.code
    assert payer.see()["state"] == "asked"


def test_a_page_that_signs_in_place_of_the_browsers_sheet_is_a_downgrade(payer: Customer) -> None:
    """The same passkey, by a page that may have shown anything."""
    answered = payer.send(payer.signed_in(), ProofKind.WEBAUTHN)
    assert answered.json()["code"] == rules.KIND.code
    assert payer.see()["state"] == "asked"


@pytest.fixture
def reader(house: Composition) -> Iterator[Customer]:
    """Of a phone whose own display shows and signs."""
    with open_world(house) as world:
        yield Customer(world=world, phone=display_phone()).enrol().ask()


def test_what_the_phones_own_display_confirmed_is_approved_and_its_receipt_checks(
    reader: Customer,
) -> None:
    found = approved(reader)
    assert found.display == Display.TRUSTED_ENVIRONMENT
    assert found.user_verified is True


CONFIRMED: dict[str, tuple[Callable[[Customer], bytes], Rule]] = {
    "prompt": (
        lambda of: of.confirmed(prompt=of.told["text"].replace("10,000", "1,000")),
        rules.CONFIRMATION_PROMPT,
    ),
    "order": (
        lambda of: of.confirmed(members={"extra": of.answer, "prompt": of.told["text"]}),
        rules.CONFIRMATION_MESSAGE,
    ),
    "transaction": (
        lambda of: of.confirmed(extra=device.answer_to(of.transaction + b"\0")),
        rules.TRANSACTION,
    ),
    "key": (lambda of: of.confirmed(key=new_key()), rules.SIGNATURE),
}


@one_store
@pytest.mark.parametrize("part", CONFIRMED)
def test_a_confirmation_with_one_wrong_part_is_refused(reader: Customer, part: str) -> None:
    make, rule = CONFIRMED[part]
    reader.refused(make(reader), rule)


def test_a_protected_confirmation_cannot_refuse(reader: Customer) -> None:
    refusal = device.answer_to(reader.transaction, device.NG, device.NOT_ME)
    reader.refused(reader.confirmed(extra=refusal), rules.CAN_REFUSE, tries=1)


@pytest.fixture
def iphone(database: Database, clock: Hands, trust: HeldTrust) -> Iterator[Customer]:
    """At a bank that lets an app show small transfers."""
    settings = read_settings(SHOWN_BY_ANYTHING)
    house = make_house(database, clock=clock, trust=trust, settings=settings)
    with open_world(house) as world:
        phone = ApplePhone(phone=IPhone(made_at=clock.now))
        yield Customer(world=world, phone=phone).enrol().ask()


def test_what_a_genuine_app_showed_is_approved_and_its_receipt_checks(iphone: Customer) -> None:
    found = approved(iphone)
    assert found.display == Display.APPLICATION
    assert found.user_verified is False


def _by_a_stranger(of: Customer) -> bytes:
    stranger = IPhone(made_at=of.world.house.clock()).device
    stranger.counter = 7
    return device.app_attest_proof(of.answer, stranger)


def _of_another_app(of: Customer) -> bytes:
    own = _apple(of)
    assertion = own.assertion(of.answer)
    assertion.authenticator.app_id_hash = bytes(32)
    return encode_deterministic({1: of.answer, 2: assertion.encode()})


def _for_another_answer(of: Customer) -> bytes:
    refusal = device.answer_to(of.transaction, device.NG, device.NOT_ME)
    return encode_deterministic({1: of.answer, 2: _apple(of).assertion(refusal).encode()})


def _for_another_transaction(of: Customer) -> bytes:
    elsewhere = of.proof()
    of.ask()
    return elsewhere


def _apple(of: Customer) -> AppAttestDevice:
    assert isinstance(of.phone, ApplePhone)
    return of.phone.phone.device


ATTESTED: dict[str, tuple[Callable[[Customer], bytes], Rule]] = {
    "key": (_by_a_stranger, app_attest_rules.SIGNATURE),
    "app": (_of_another_app, app_attest_rules.APP),
    "answer": (_for_another_answer, app_attest_rules.SIGNATURE),
    "transaction": (_for_another_transaction, rules.TRANSACTION),
}


@one_store
@pytest.mark.parametrize("part", ATTESTED)
def test_an_assertion_with_one_wrong_part_is_refused(iphone: Customer, part: str) -> None:
    make, rule = ATTESTED[part]
    iphone.refused(make(iphone), rule)


def test_an_assertion_with_a_counter_that_was_used_is_refused(iphone: Customer) -> None:
    assert iphone.send(iphone.proof()).json()["state"] == "approved"
    iphone.ask()
    _apple(iphone).counter -= 1
    answered = iphone.send(iphone.proof())
    assert answered.json()["code"] == app_attest_rules.COUNTER.code
    assert iphone.see()["state"] == "asked"


@pytest.mark.parametrize("weak", ["display", "user-verified"])
def test_an_app_cannot_approve_where_more_is_asked_for(
    database: Database, clock: Hands, trust: HeldTrust, weak: str
) -> None:
    display, verified = ("browser", "false") if weak == "display" else ("application", "true")
    lines = f'[confirmation.templates.transfer]\ndisplay = "{display}"\nuser-verified = {verified}'
    house = make_house(database, clock=clock, trust=trust, settings=read_settings(lines.encode()))
    with open_world(house) as world:
        phone = ApplePhone(phone=IPhone(made_at=clock.now))
        iphone = Customer(world=world, phone=phone).enrol().ask()
        answered = iphone.send(iphone.proof())
        rule = rules.DISPLAY if weak == "display" else rules.USER_VERIFIED
        assert answered.json()["code"] == rule.code
        assert (iphone.see()["state"], iphone.see()["tries"]) == ("asked", 1)
