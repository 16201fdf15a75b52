"""A call for each operation on transactions, of which only the caller can be wrong."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.service.attacks.world import BANK, Call
from tests.service.confirming.counter import NG, NOT_ME, Counter

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.attacks.world import World
    from warifu.service.conduct.confirming.asked import Proof
    from warifu.service.conduct.confirming.told import TransactionTold

PATH = "/v1/transactions"
ONE = f"{PATH}/{{transaction_id}}"


class Customer:
    """Somebody new with a phone of their own, at Kaede Bank."""

    def __init__(self, world: World) -> None:
        number = next(world.numbers)
        self.world = world
        self.user, self.device = f"customer-{number}", f"their-display-{number}"
        self.counter = Counter(house=world.house, caller=world.bank.caller)
        self.counter.enrol(user=self.user, name=self.device)

    def ask(self, **changed: Any) -> TransactionTold:
        """A transfer on their phone."""
        about = {"user": self.user, "device": self.device, **changed}
        return self.counter.ask(**about)

    def approved(self) -> TransactionTold:
        """A transfer that is due."""
        told = self.ask()
        assert self.counter.send(told).code is None
        return told

    def taken(self) -> TransactionTold:
        """A transfer that core banking took."""
        told = self.approved()
        self.counter.carry_out(told)
        return told

    def case(self) -> str:
        """An open case."""
        told = self.ask()
        case = self.counter.send(told, self.counter.proof(told, NG, NOT_ME)).case
        assert case is not None
        return case


def answer_body(device: str, proof: Proof) -> dict[str, Any]:
    """An answer as a backend writes it."""
    return {
        "device": device,
        "proof": {"kind": proof.kind, "data": b64encode(proof.data).decode()},
    }


def transfer_body(user: str, device: str, **changed: Any) -> dict[str, Any]:
    """10,000 yen to somebody who is known, as a backend writes it."""
    return {
        "app": "wallet",
        "user": user,
        "device": device,
        "kind": "transfer",
        "language": "ja",
        "amount": {"minor": 10_000, "currency": "JPY"},
        "payee": {
            "name": "タナカ タロウ",
            "name_check": "matches",
            "bank": "0009",
            "branch": "123",
            "account": "7654321",
        },
        "bank": BANK,
        **changed,
    }


def _ask(world: World) -> Call:
    customer = Customer(world)
    return Call(method="POST", path=PATH, body=transfer_body(customer.user, customer.device))


def _one(world: World) -> Call:
    return Call(method="GET", path=f"{PATH}/{Customer(world).approved().id}")


def _claim(world: World) -> Call:
    from tests.service.confirming.test_confirming import claim_of  # noqa: PLC0415

    customer = Customer(world)
    told = customer.ask(device=None)
    claim = claim_of(customer.counter, told, device=customer.device)
    body = {"user": claim.user, "device": claim.device, "claim": claim.claim, "code": claim.code}
    return Call(method="POST", path=f"{PATH}/{told.id}/claim", body=body)


def _answer(world: World) -> Call:
    customer = Customer(world)
    told = customer.ask()
    body = answer_body(customer.device, customer.counter.proof(told))
    return Call(method="POST", path=f"{PATH}/{told.id}/answer", body=body)


def _cancel(world: World) -> Call:
    path = f"{PATH}/{Customer(world).ask().id}/cancel"
    return Call(method="POST", path=path, body={"reason": "a mistake"})


def _listed(path: str, prepare: Callable[[Customer], object]) -> Callable[[World], Call]:
    def make(world: World) -> Call:
        prepare(Customer(world))
        return Call(method="GET", path=path)

    return make


def _one_case(world: World) -> Call:
    return Call(method="GET", path=f"/v1/cases/{Customer(world).case()}")


def _close(world: World) -> Call:
    path = f"/v1/cases/{Customer(world).case()}/close"
    return Call(method="POST", path=path, body={"note": "called: a theft"})


def _take(world: World) -> Call:
    return Call(method="POST", path=f"/v1/hand-offs/{Customer(world).approved().id}/take", body={})


def _acknowledge(world: World) -> Call:
    told = Customer(world).taken()
    body = {"reference": f"core-{next(world.numbers)}"}
    return Call(method="POST", path=f"/v1/hand-offs/{told.id}/acknowledge", body=body)


def _reconcile(world: World) -> Call:
    now = world.house.clock()
    since, until = (now + timedelta(hours=hours) for hours in (-1, 1))
    body = {"since": since.isoformat(), "until": until.isoformat(), "entries": []}
    return Call(method="POST", path="/v1/hand-offs/reconcile", body=body)


CALLS: dict[tuple[str, str], Callable[[World], Call]] = {
    ("POST", PATH): _ask,
    ("GET", PATH): _listed(PATH, Customer.approved),
    ("GET", ONE): _one,
    ("POST", f"{ONE}/claim"): _claim,
    ("POST", f"{ONE}/answer"): _answer,
    ("POST", f"{ONE}/cancel"): _cancel,
    ("GET", "/v1/cases"): _listed("/v1/cases", Customer.case),
    ("GET", "/v1/cases/{case_id}"): _one_case,
    ("POST", "/v1/cases/{case_id}/close"): _close,
    ("GET", "/v1/hand-offs"): _listed("/v1/hand-offs", Customer.approved),
    ("POST", "/v1/hand-offs/{transaction_id}/take"): _take,
    ("POST", "/v1/hand-offs/{transaction_id}/acknowledge"): _acknowledge,
    ("POST", "/v1/hand-offs/reconcile"): _reconcile,
}
