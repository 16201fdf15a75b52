"""Each operation asks for its scopes, for no more, and for who calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar.handlers import HTTPRouteHandler

from tests.service.attacks.calls import CALLS
from tests.service.attacks.world import World
from warifu.service.api.access import NEEDS
from warifu.service.api.app import CONTROLLERS, make_asgi
from warifu.service.api.openapi import describe
from warifu.service.caller import Scope
from warifu.service.callers.rules import SCOPE, UNAUTHENTICATED

if TYPE_CHECKING:
    from litestar import Litestar

FOR_ANYONE = {
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/healthz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/problems/{area}/{name}"),
    ("GET", "/readyz"),
    ("GET", "/v1/keys"),
}


def scopes_of() -> dict[tuple[str, str], frozenset[Scope]]:
    """What each operation says that it needs."""
    found: dict[tuple[str, str], frozenset[Scope]] = {}
    for controller in CONTROLLERS:
        for name in dir(controller):
            handler = getattr(controller, name)
            if isinstance(handler, HTTPRouteHandler) and NEEDS in (handler.opt or {}):
                for path in handler.paths:
                    whole = f"{vars(controller)['path']}{path}".rstrip("/")
                    for method in handler.http_methods:
                        found[str(method), whole.replace(":str", "")] = handler.opt[NEEDS]
    return found


def routes_of(app: Litestar) -> set[tuple[str, str]]:
    """Every route that the application answers, documented or not."""
    return {
        (method, route.path_format)
        for route in app.routes
        for method in getattr(route, "methods", ())
        if method != "OPTIONS"
    }


def test_nothing_is_answered_to_anyone_but_what_is_stated(world: World) -> None:
    assert routes_of(make_asgi(world.house)) - set(CALLS) == FOR_ANYONE


def test_every_operation_needs_a_scope() -> None:
    found = scopes_of()
    assert set(found) == set(CALLS)
    assert all(found.values())


def test_without_its_scope_nothing_is_done_and_with_it_alone_everything(world: World) -> None:
    needed = scopes_of()
    for operation, make in CALLS.items():
        call = make(world)
        before = world.rows()
        others = " ".join(sorted(set(Scope) - needed[operation]))
        refused = world.send(call, scopes=others)
        assert (refused.status_code, refused.json()["code"]) == (403, SCOPE.code), operation
        unknown = world.client.request(call.method, call.path, content=call.content)
        assert (unknown.status_code, unknown.json()["code"]) == (401, UNAUTHENTICATED.code)
        assert world.rows() == before, operation
        served = world.send(call, scopes=" ".join(needed[operation]))
        assert served.is_success, (operation, served.text)


def test_a_body_is_not_even_read_before_it_is_known_who_sends_it(world: World) -> None:
    for method, path in CALLS:
        named = path.replace("{", "").replace("}", "")
        if method in {"POST", "PUT"} and "{operation}" not in path:
            answer = world.client.request(method, named, content=b"\x00{")
            assert answer.status_code == 401, (method, path)
            answer = world.client.request(
                method, named, content=b"\x00{", headers={"Authorization": "Bearer kaede-bank/x"}
            )
            assert answer.status_code == 403, (method, path)


def test_other_methods_on_a_route_do_nothing(world: World) -> None:
    paths = {path for _, path in CALLS}
    documented = describe(CONTROLLERS)["paths"]
    before = world.rows()
    for path in paths:
        named = path.replace("{operation}", "login").replace("{", "").replace("}", "")
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "TRACE"):
            if method.lower() not in documented[path]:
                answer = world.client.request(
                    method, named, headers={"Authorization": "Bearer kaede-bank/x"}
                )
                assert answer.status_code == 405, (method, path, answer.text)
    assert world.rows() == before


def test_options_tells_methods_and_nothing_else(world: World) -> None:
    for path in {path for _, path in CALLS}:
        answer = world.client.request("OPTIONS", path.replace("{operation}", "login"))
        assert answer.status_code in {204, 405}, path
        assert b"access-control-allow-origin" not in dict(answer.headers.raw)
