"""A call for each operation on users, of which only the caller can be wrong."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import msgspec

from tests.service.attacks.world import Call
from tests.service.binding.customers import Desk
from tests.service.verifying.customers import Customer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.attacks.world import World


def _customer(world: World) -> Customer:
    number = next(world.numbers)
    desk = Desk(house=world.house, caller=world.bank.caller)
    return Customer(desk=desk, user=f"person-{number}", device=f"persons-phone-{number}").enrol()


def _with_pin(world: World) -> Customer:
    customer = _customer(world)
    customer.set_pin()
    return customer


def _wire(**members: Any) -> dict[str, Any]:
    wired = {
        name: b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in members.items()
    }
    found: dict[str, Any] = msgspec.to_builtins(wired)
    return found


def _ask(world: World) -> Call:
    about = {"user": "hanako", "device": f"phone-{next(world.numbers)}", "channel": "app"}
    body = {"app": "wallet", "operation": {"kind": "login"}, **about}
    return Call(method="POST", path="/v1/verifications/challenges", body=body)


def _verify(world: World) -> Call:
    customer = _customer(world)
    asked = customer.ask()
    data = customer.state(asked)
    body = asked.request(_wire, method="statement", data=data)
    return Call(method="POST", path="/v1/verifications", body=body)


def _set(world: World) -> Call:
    customer = _customer(world)
    asked = customer.ask("set-pin")
    body = asked.request(_wire, envelope=customer.envelope(asked, "739518"))
    return Call(method="PUT", path="/v1/pins", body=body)


def _try(world: World) -> Call:
    customer = _with_pin(world)
    asked = customer.ask()
    body = asked.request(_wire, envelope=customer.envelope(asked, "739518"))
    return Call(method="POST", path="/v1/pins/verify", body=body)


def _look_up(world: World) -> Call:
    return Call(method="POST", path="/v1/pins/lookup", body={"user": _with_pin(world).user})


def _release(world: World) -> Call:
    body = {"user": _with_pin(world).user, "reason": "in-person"}
    return Call(method="POST", path="/v1/pins/release", body=body)


def _check(world: World) -> Call:
    customer = _customer(world)
    request = customer.call(customer.ask("session"))
    body = msgspec.json.decode(msgspec.json.encode(request))
    return Call(method="POST", path="/v1/calls/check", body=body)


def _issue(world: World) -> Call:
    customer = _customer(world)
    customer.verify()
    body = {"user": customer.user, "device": customer.device}
    return Call(method="POST", path="/v1/tokens", body=body)


CALLS: dict[tuple[str, str], Callable[[World], Call]] = {
    ("POST", "/v1/verifications/challenges"): _ask,
    ("POST", "/v1/verifications"): _verify,
    ("GET", "/v1/pin-keys/current"): lambda _: Call(method="GET", path="/v1/pin-keys/current"),
    ("PUT", "/v1/pins"): _set,
    ("POST", "/v1/pins/verify"): _try,
    ("POST", "/v1/pins/lookup"): _look_up,
    ("POST", "/v1/pins/release"): _release,
    ("POST", "/v1/calls/check"): _check,
    ("POST", "/v1/tokens"): _issue,
}
