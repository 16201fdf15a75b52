"""For every operation of the interface, a call by which Kaede Bank is served.

Each maker prepares what its call is about, so that nothing but the caller can be wrong with it.
"""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509

from tests.service.attacks.world import ABOUT, PHONE, TOML, Call, World
from tests.service.binding.calls import CALLS as BINDING
from tests.service.books.calls import CALLS as BOOKS
from tests.service.confirming.calls import CALLS as CONFIRMING
from tests.service.governance.threats import CALLS as THREATS
from tests.service.verifying.calls import CALLS as VERIFYING
from warifu.service.api.app import CONTROLLERS
from warifu.service.api.openapi import describe

if TYPE_CHECKING:
    from collections.abc import Callable

STRICTER = b'id = "wallet/transfer"\nprofile = "high-value-transfer"\n'
MILDER = b'id = "wallet/login"\nprofile = "login"\n[device]\npatch-max-age-days = 900\n'
LOGIN = {"operation": {"kind": "login"}}


def _listing(path: str) -> Callable[[World], Call]:
    return lambda _: Call(method="GET", path=path)


def _one_challenge(world: World) -> Call:
    return Call(method="GET", path=f"/v1/challenges/{world.challenge()[0]}")


def _submit(world: World) -> Call:
    return Call(method="POST", path="/v1/evidence", body=world.attested())


def _decide(world: World) -> Call:
    return Call(method="POST", path="/v1/decisions", body=world.asserted())


def _one_decision(world: World) -> Call:
    made = world.tell("POST", "/v1/decisions", world.asserted())
    return Call(method="GET", path=f"/v1/decisions/{made['id']}")


def _judged(world: World, **about: Any) -> dict[str, Any]:
    return world.tell("POST", "/v1/evidence", world.attested(**about))


def _one_evidence(world: World) -> Call:
    return Call(method="GET", path=f"/v1/evidence/{_judged(world)['id']}")


def _one_appraisal(world: World) -> Call:
    return Call(method="GET", path=f"/v1/appraisals/{_judged(world)['appraisal']['id']}")


def _ear(world: World) -> Call:
    return Call(method="GET", path=f"/v1/appraisals/{_judged(world)['appraisal']['id']}/ear")


def _appraise_again(world: World) -> Call:
    return Call(method="POST", path=f"/v1/evidence/{_judged(world)['id']}/appraisals", body={})


def _appraise_many(world: World) -> Call:
    _judged(world)
    return Call(method="POST", path="/v1/reappraisals", body={"operation": "transfer"})


def _serial(world: World) -> str:
    body = world.attested()
    world.tell("POST", "/v1/evidence", body)
    chain = x509.load_pem_x509_certificates(b64decode(body["evidence"]["data"]))
    return f"{chain[1].serial_number:x}"


def _erase(world: World) -> Call:
    name = f"lost-phone-{next(world.numbers)}"
    _judged(world, device=name)
    return Call(method="POST", path="/v1/erasures", body={"device": name})


def _one_erasure(world: World) -> Call:
    call = _erase(world)
    made = world.tell("POST", call.path, call.body)
    return Call(method="GET", path=f"/v1/erasures/{made['id']}")


def _register_app(world: World) -> Call:
    name = f"teller-{next(world.numbers)}"
    app = {"id": name, "name": "T", "realm": "test", "android": {"package": "jp.example.teller"}}
    return Call(method="POST", path="/v1/apps", body=app)


def _change_app(world: World, **changed: Any) -> Call:
    shown = world.send(Call(method="GET", path="/v1/apps/wallet"))
    stands = shown.json()["registration"]
    body = {
        "name": f"Wallet {next(world.numbers)}",
        **{each: stands[each] for each in ("android", "apple", "webauthn")},
        **changed,
    }
    etag = {"If-Match": shown.headers["ETag"]}
    return Call(method="PUT", path="/v1/apps/wallet", body=body, headers=etag)


def _approve_app(world: World) -> Call:
    change = _change_app(world, apple={"app_id": f"ABCDE12345.x{next(world.numbers)}"})
    made = world.send(change, name="aoi").json()
    body = {"fingerprint": made["fingerprint"]}
    return Call(method="POST", path="/v1/apps/wallet/approvals", body=body)


def _put_policy(_: World) -> Call:
    path = "/v1/apps/wallet/policies/transfer"
    return Call(method="PUT", path=path, body=STRICTER, headers=TOML)


def _approve_policy(world: World) -> Call:
    path = "/v1/apps/wallet/policies/login"
    made = world.tell("PUT", path, MILDER, 202, name="aoi")
    body = {"fingerprint": made["fingerprint"]}
    return Call(method="POST", path=f"{path}/approvals", body=body)


def _drop_policy(_: World) -> Call:
    return Call(method="DELETE", path="/v1/apps/wallet/policies/balance")


def _draft(world: World) -> Call:
    return Call(method="POST", path="/v1/rule-sets", body=world.rule_set(), headers=TOML)


def _drafted(world: World) -> str:
    digest: str = world.tell("POST", "/v1/rule-sets", world.rule_set(), name="aoi")["digest"]
    return digest


def _one_rule_set(world: World) -> Call:
    return Call(method="GET", path=f"/v1/rule-sets/{_drafted(world)}")


def _move(world: World) -> Call:
    path = f"/v1/rule-sets/{_drafted(world)}/moves"
    return Call(method="POST", path=path, body={"action": "observe"})


def _dry_run(world: World) -> Call:
    return Call(method="POST", path=f"/v1/rule-sets/{_drafted(world)}/dry-runs", body={})


def _shadow(world: World) -> Call:
    return Call(method="GET", path=f"/v1/rule-sets/{_drafted(world)}/shadow")


def _approve(world: World) -> Call:
    digest = _drafted(world)
    world.tell("POST", f"/v1/rule-sets/{digest}/moves", {"action": "observe"}, name="aoi")
    revision = world.tell("GET", "/v1/governance")["revision"]
    command = {"type": "move", "digest": digest, "action": "activate"}
    return Call(
        method="POST", path="/v1/approvals", body={"revision": revision, "command": command}
    )


def _stop(_: World) -> Call:
    return Call(method="POST", path="/v1/stops/balance")


def _resume(world: World) -> Call:
    world.tell("POST", "/v1/stops/recover")
    world.approved({"type": "resume", "operation": "recover"})
    return Call(method="DELETE", path="/v1/stops/recover")


def _exempt(world: World) -> Call:
    until = world.house.clock() + timedelta(days=30)
    exemption = {
        "id": f"exemption-{next(world.numbers)}",
        "subject": "device",
        "name": PHONE,
        "operation": "transfer",
        "rule": "device-without-warning",
        "until": until.isoformat(),
        "why": "replaced by the end of the month",
    }
    world.approved({"type": "exempt", "exemption": exemption})
    return Call(method="POST", path="/v1/exemptions", body=exemption)


def _end_exemption(world: World) -> Call:
    call = _exempt(world)
    world.tell("POST", call.path, call.body)
    return Call(method="DELETE", path=f"/v1/exemptions/{call.body['id']}")


CALLS: dict[tuple[str, str], Callable[[World], Call]] = {
    ("GET", "/v1/apps"): _listing("/v1/apps"),
    ("POST", "/v1/apps"): _register_app,
    ("GET", "/v1/apps/{app}"): _listing("/v1/apps/wallet"),
    ("PUT", "/v1/apps/{app}"): _change_app,
    ("POST", "/v1/apps/{app}/approvals"): _approve_app,
    ("GET", "/v1/apps/{app}/policies"): _listing("/v1/apps/wallet/policies"),
    ("GET", "/v1/apps/{app}/policies/{operation}"): _listing("/v1/apps/wallet/policies/transfer"),
    ("PUT", "/v1/apps/{app}/policies/{operation}"): _put_policy,
    ("DELETE", "/v1/apps/{app}/policies/{operation}"): _drop_policy,
    ("POST", "/v1/apps/{app}/policies/{operation}/approvals"): _approve_policy,
    ("POST", "/v1/challenges"): lambda _: Call(method="POST", path="/v1/challenges", body=ABOUT),
    ("GET", "/v1/challenges/{challenge_id}"): _one_challenge,
    ("POST", "/v1/evidence"): _submit,
    ("GET", "/v1/evidence"): _listing(f"/v1/evidence?device={PHONE}"),
    ("GET", "/v1/evidence/{evidence_id}"): _one_evidence,
    ("POST", "/v1/evidence/{evidence}/appraisals"): _appraise_again,
    ("POST", "/v1/reappraisals"): _appraise_many,
    ("GET", "/v1/appraisals"): _listing(f"/v1/appraisals?device={PHONE}"),
    ("GET", "/v1/appraisals/{appraisal}"): _one_appraisal,
    ("GET", "/v1/appraisals/{appraisal}/ear"): _ear,
    ("POST", "/v1/decisions"): _decide,
    ("GET", "/v1/decisions"): _listing(f"/v1/decisions?device={PHONE}"),
    ("GET", "/v1/decisions/{decision_id}"): _one_decision,
    ("GET", "/v1/devices"): _listing("/v1/devices?app=wallet"),
    ("GET", "/v1/devices/{device}"): _listing(f"/v1/devices/{PHONE}"),
    ("GET", "/v1/serials/{serial}"): lambda world: Call(
        method="GET", path=f"/v1/serials/{_serial(world)}"
    ),
    ("POST", "/v1/serials/lookup"): lambda world: Call(
        method="POST", path="/v1/serials/lookup", body={"serials": [_serial(world)]}
    ),
    ("GET", "/v1/trust"): _listing("/v1/trust"),
    ("POST", "/v1/erasures"): _erase,
    ("GET", "/v1/erasures"): _listing("/v1/erasures"),
    ("GET", "/v1/erasures/{erasure}"): _one_erasure,
    ("POST", "/v1/rule-sets"): _draft,
    ("GET", "/v1/rule-sets"): _listing("/v1/rule-sets"),
    ("GET", "/v1/rule-sets/{digest}"): _one_rule_set,
    ("POST", "/v1/rule-sets/{digest}/moves"): _move,
    ("POST", "/v1/rule-sets/{digest}/dry-runs"): _dry_run,
    ("GET", "/v1/rule-sets/{digest}/shadow"): _shadow,
    ("GET", "/v1/governance"): _listing("/v1/governance"),
    ("POST", "/v1/approvals"): _approve,
    ("POST", "/v1/stops/{operation}"): _stop,
    ("DELETE", "/v1/stops/{operation}"): _resume,
    ("POST", "/v1/exemptions"): _exempt,
    ("DELETE", "/v1/exemptions/{exemption}"): _end_exemption,
    ("GET", "/v1/audit"): _listing("/v1/audit"),
    **THREATS,
    **BINDING,
    **BOOKS,
    **CONFIRMING,
    **VERIFYING,
}


def closed_operations() -> set[tuple[str, str]]:
    """Every operation that is not for anyone, as the interface describes itself."""
    return {
        (method.upper(), path)
        for path, operations in describe(CONTROLLERS)["paths"].items()
        for method, operation in operations.items()
        if operation["security"]
    }
