"""Phones whose bound key lets another key do one thing, and providers who warrant displays."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tests.service.binding.customers import ApplePhone, Browser, Desk
from tests.service.house import (
    APP,
    ORIGIN,
    RP_ID,
    caller,
    make_house,
    put_app,
    settle,
    wallet,
)
from warifu.authentication.binding.endorsement import NUMBERS, Use
from warifu.handset.authority import new_key, spki
from warifu.handset.endorsement import EndorsementDraft, WarrantDraft
from warifu.handset.webauthn import Authentication
from warifu.service.conduct.binding import endorsing
from warifu.service.conduct.registrations.registration import AppRegistration, ComponentProvider
from warifu.service.store.database import Statement

if TYPE_CHECKING:
    from tests.service.binding.customers import Phone
    from tests.service.house import Hands
    from tests.service.verifying.customers import Customer
    from warifu.handset.authority import PrivateKey
    from warifu.service.conduct.binding.endorsing import EndorsedKeySeen, EndorsementQuestion
    from warifu.service.store.database import Database

PROVIDER = "Kaede Mobile"


@dataclass(kw_only=True)
class Maker:
    """A provider of components."""

    key: PrivateKey = field(default_factory=new_key)

    @property
    def registered(self) -> ComponentProvider:
        """As an app registration names it."""
        return ComponentProvider(name=PROVIDER, public_key=spki(self.key))

    def warrant(self, desk: Desk, phone: Phone, key: PrivateKey, **changed: Any) -> bytes:
        """For a component of this phone."""
        now = desk.house.clock()
        members = {
            "key": spki(key),
            "device_key": phone.public_key,
            "provider": self.key,
            "valid_from": int((now - timedelta(days=1)).timestamp()),
            "valid_until": int((now + timedelta(days=90)).timestamp()),
            **changed,
        }
        return WarrantDraft(**members).encode()


def wallet_with(*makers: Maker) -> AppRegistration:
    """The bank's app, whose registration names providers."""
    return replace(wallet(), components=tuple(each.registered for each in makers))


def forget_providers(desk: Desk) -> None:
    """Another revision of the registration, without any."""
    sql = (
        "UPDATE apps SET revision = revision + 1, document = :document"
        " WHERE tenant = :tenant AND id = :app"
    )
    tenant = desk.caller.tenant
    (document,) = (
        each.values["document"]
        for each in put_app(tenant, wallet(), now=desk.house.clock())
        if "document" in each.values
    )
    values = {"tenant": tenant, "app": APP, "document": document}
    desk.house.database.apply([Statement(sql=sql, values=values)])


def ask(desk: Desk, binding: str, use: Use = Use.SESSION, **changed: Any) -> EndorsementQuestion:
    """What the phone is to sign."""
    request = endorsing.EndorsementQuestionRequest(use=use, **changed)
    return endorsing.ask_endorsement(desk.work(), binding, request)


def draft(
    question: EndorsementQuestion, phone: Phone, key: PrivateKey, **changed: Any
) -> EndorsementDraft:
    """As the phone makes it of what it was asked."""
    members = {
        "verifier": question.verifier,
        "channel": question.channel.value,
        "binding": question.binding,
        "use": NUMBERS[question.use],
        "challenge": question.challenge,
        "expires_at": int(question.expires_at.timestamp()),
        "bound": signing(phone),
        "key": key,
        **changed,
    }
    return EndorsementDraft(**members)


def signing(phone: Phone) -> Any:
    """What a phone's bound key signs with."""
    if isinstance(phone, ApplePhone):
        return phone.phone.device
    if isinstance(phone, Browser):
        passkey = phone.passkey
        passkey.counter += 1
        return Authentication(
            key=passkey.key,
            credential_id=passkey.credential_id,
            origin=ORIGIN,
            rp_id=RP_ID,
            counter=passkey.counter,
        )
    return phone.key


def request(
    question: EndorsementQuestion, made: EndorsementDraft, **changed: Any
) -> endorsing.EndorsementRequest:
    """As the backend passes it on."""
    members = {
        "challenge": question.id,
        "use": question.use,
        "channel": question.channel,
        "expires_at": question.expires_at,
        "endorsement": made.encode(),
        "possession": made.possession(),
        **changed,
    }
    return endorsing.EndorsementRequest(**members)


def endorse(
    desk: Desk,
    binding: str,
    phone: Phone,
    key: PrivateKey,
    *,
    use: Use = Use.SESSION,
    warrant: bytes | None = None,
) -> EndorsedKeySeen:
    """The whole way."""
    question = ask(desk, binding, use)
    wanted = request(question, draft(question, phone, key), warrant=warrant)
    return endorsing.endorse_key(desk.work(), binding, wanted)


MAKER = Maker()
"""Whom the wallet of `desk_on` names."""


def desk_on(database: Database, clock: Hands, **more: Any) -> Desk:
    """A bank whose app names a provider."""
    house = make_house(database, clock=clock, **more)
    settle(house, app=wallet_with(MAKER))
    return Desk(house=house, caller=caller())


def session(customer: Customer, key: PrivateKey) -> EndorsedKeySeen:
    """A session key of a customer's phone."""
    later(customer)
    return endorse(customer.desk, customer.binding, customer.phone, key)


def display(customer: Customer, key: PrivateKey, **changed: Any) -> EndorsedKeySeen:
    """A component's key, with a warrant of these members."""
    later(customer)
    warrant = MAKER.warrant(customer.desk, customer.phone, key, **changed)
    return endorse(
        customer.desk, customer.binding, customer.phone, key, use=Use.TRUSTED_UI, warrant=warrant
    )


def later(customer: Customer) -> None:
    """Ids of one moment have no order."""
    customer.desk.house.clock.forward(seconds=1)  # type: ignore[attr-defined]


def listed(customer: Customer) -> list[EndorsedKeySeen]:
    """All that the customer's binding endorsed, newest first."""
    work = customer.desk.work()
    return endorsing.list_endorsed(work, customer.binding, after=None, limit=50)
