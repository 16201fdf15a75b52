"""A call for each operation on activations and bindings, of which only the caller can be wrong."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import msgspec

from tests.service.attacks.world import Call
from tests.service.binding.customers import Desk, Enrolment
from tests.service.binding.endorsers import ask, draft, endorse, request
from warifu.authentication.binding.activation import Side
from warifu.handset.authority import new_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.attacks.world import World

PATH = "/v1/activations"
WHY = {"by": "clerk", "reason": "called from the branch"}


def _desk(world: World) -> Desk:
    return Desk(house=world.house, caller=world.bank.caller)


def _enrolment(world: World) -> Enrolment:
    number = next(world.numbers)
    return _desk(world).enrolment(user=f"customer-{number}", device=f"their-phone-{number}")


def _wire(octets: bytes) -> str:
    return b64encode(octets).decode()


def _begin(_: World) -> Call:
    return Call(method="POST", path=PATH, body={"app": "wallet", "user": "hanako"})


def _one(world: World) -> Call:
    return Call(method="GET", path=f"{PATH}/{_enrolment(world).id}")


def _commit(world: World) -> Call:
    enrolment = _enrolment(world)
    commitment = enrolment.app.commitment(enrolment.phone.public_key)
    body = {"commitment": _wire(commitment)}
    return Call(method="POST", path=f"{PATH}/{enrolment.id}/commitment", body=body)


def _prove(world: World) -> Call:
    enrolment = _enrolment(world).commit()
    submitted = enrolment.phone.evidence(enrolment.app.challenge, enrolment.desk)
    body = {
        "nonce": _wire(enrolment.app.nonce),
        "kind": enrolment.phone.kind,
        "evidence": {"media_type": submitted.media_type, "data": _wire(submitted.data or b"")},
    }
    return Call(method="POST", path=f"{PATH}/{enrolment.id}/proof", body=body)


def _confirm(world: World) -> Call:
    enrolment = _enrolment(world).ready()
    body = {"side": Side.BANK, "fingerprint": enrolment.digits}
    return Call(method="POST", path=f"{PATH}/{enrolment.id}/confirm", body=body)


def _reject(world: World) -> Call:
    return Call(method="POST", path=f"{PATH}/{_enrolment(world).ready().id}/reject")


def _cancel(world: World) -> Call:
    return Call(method="POST", path=f"{PATH}/{_enrolment(world).id}/cancel")


def _list(world: World) -> Call:
    _desk(world).enrolment(user=f"owner-{next(world.numbers)}").finish()
    return Call(method="GET", path="/v1/bindings")


def _binding(world: World) -> Call:
    return Call(method="GET", path=f"/v1/bindings/{_enrolment(world).finish().id}")


def _change(what: str, **more: Any) -> Callable[[World], Call]:
    def make(world: World) -> Call:
        path = f"/v1/bindings/{_enrolment(world).finish().id}/{what}"
        return Call(method="POST", path=path, body={**WHY, **more})

    return make


def _resume(world: World) -> Call:
    bound = _enrolment(world).finish()
    world.tell("POST", f"/v1/bindings/{bound.id}/suspend", WHY)
    return Call(method="POST", path=f"/v1/bindings/{bound.id}/resume", body=WHY)


def _asked(world: World) -> tuple[Enrolment, str, Any]:
    enrolment = _enrolment(world)
    binding = enrolment.finish().id
    return enrolment, binding, ask(enrolment.desk, binding)


def _ask(world: World) -> Call:
    path = f"/v1/bindings/{_enrolment(world).finish().id}/endorsements/challenges"
    return Call(method="POST", path=path, body={"use": "session"})


def _endorse(world: World) -> Call:
    enrolment, binding, question = _asked(world)
    made = draft(question, enrolment.phone, new_key())
    body = msgspec.json.decode(msgspec.json.encode(request(question, made)))
    return Call(method="POST", path=f"/v1/bindings/{binding}/endorsements", body=body)


def _endorsed(world: World) -> tuple[str, str]:
    enrolment = _enrolment(world)
    binding = enrolment.finish().id
    key = endorse(enrolment.desk, binding, enrolment.phone, new_key())
    return f"/v1/bindings/{binding}/endorsements", key.id


def _list_endorsed(world: World) -> Call:
    return Call(method="GET", path=_endorsed(world)[0])


def _disendorse(world: World) -> Call:
    path, key = _endorsed(world)
    return Call(method="POST", path=f"{path}/{key}/revoke", body=WHY)


def _appoint(world: World) -> Call:
    desk = _desk(world)
    bound = _enrolment(world).finish()
    # Two clocks of one service: the device was bound long ago.
    old = desk.house.settings.binding.primary_after_seconds
    world.house.clock.forward(seconds=old)  # type: ignore[attr-defined]
    return Call(method="POST", path=f"/v1/bindings/{bound.id}/make-primary", body=WHY)


CALLS: dict[tuple[str, str], Callable[[World], Call]] = {
    ("POST", PATH): _begin,
    ("GET", f"{PATH}/{{activation}}"): _one,
    ("POST", f"{PATH}/{{activation}}/commitment"): _commit,
    ("POST", f"{PATH}/{{activation}}/proof"): _prove,
    ("POST", f"{PATH}/{{activation}}/confirm"): _confirm,
    ("POST", f"{PATH}/{{activation}}/reject"): _reject,
    ("POST", f"{PATH}/{{activation}}/cancel"): _cancel,
    ("GET", "/v1/bindings"): _list,
    ("GET", "/v1/bindings/{binding}"): _binding,
    ("POST", "/v1/bindings/{binding}/suspend"): _change("suspend"),
    ("POST", "/v1/bindings/{binding}/resume"): _resume,
    ("POST", "/v1/bindings/{binding}/revoke"): _change("revoke"),
    ("POST", "/v1/bindings/{binding}/make-primary"): _appoint,
    ("POST", "/v1/bindings/{binding}/endorsements/challenges"): _ask,
    ("POST", "/v1/bindings/{binding}/endorsements"): _endorse,
    ("GET", "/v1/bindings/{binding}/endorsements"): _list_endorsed,
    ("POST", "/v1/bindings/{binding}/endorsements/{key}/revoke"): _disendorse,
}
