"""Endpoints behind the desk: each request's way to a use case and back, in one thread.

A use case is synchronous. What comes before it (who calls, may they, was this answered already,
decoding the body) and after it (encoding the answer) runs in the same worker thread, so a request
crosses to a thread once and the event loop never waits for a database.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from warifu.base.errors import Denied, WarifuError
from warifu.service.api.access import JSON, NEEDS, Authenticate, Desk
from warifu.service.api.answers import Tagged
from warifu.service.api.clerks import Clerks
from warifu.service.api.described import HINTS, declared, described, handlers_of, is_behind_desk
from warifu.service.api.wire import BODILESS, Sent, received
from warifu.service.caller import Scope
from warifu.service.conduct.committing import earlier_answer
from warifu.service.conduct.rules import SAME_REQUEST
from warifu.service.conduct.work import Once, Work

if TYPE_CHECKING:
    from litestar.controller import Controller

    from warifu.service.composition import Composition

REPLAYED = "Idempotency-Replayed"
_OURS = frozenset({"data", "body", "request"})
"""Arguments that the web framework does not read from the request."""


def attended(
    controller: type[Controller], house: Composition, authenticate: Authenticate, clerks: Clerks
) -> type[Controller]:
    """The same controller, with every handler that takes ``work`` behind the desk.

    The web framework finds it and reads its parameters; all else is done here.
    """
    shown = described(controller)
    changed: dict[str, Any] = {"__module__": controller.__module__}
    for name, handler in handlers_of(shown).items():
        if is_behind_desk(handler):
            endpoint = _Endpoint(getattr(controller, name).fn, handler)
            answer = _asked_by_framework(endpoint, house, authenticate, clerks)
            told = declared(controller, handler, endpoint.hints)
            answer.__annotations__ = {**told, "request": Request, "return": ASGIApp}
            answer.__signature__ = _parameters(endpoint.function)  # type: ignore[attr-defined]
            changed[name] = HTTPRouteHandler(
                sorted(handler.paths),
                http_method=sorted(handler.http_methods),
                opt=handler.opt,
                status_code=200,  # an answer brings its own
            )(answer)
    return type(controller.__name__, (shown,), changed)


class _Endpoint:
    """A handler as it was written, and how it is asked."""

    def __init__(self, function: Callable[..., Any], handler: HTTPRouteHandler) -> None:
        self.function = function
        self.hints: dict[str, Any] = handler.opt[HINTS]
        self._scopes: frozenset[Scope] = handler.opt[NEEDS]
        self._status = handler.status_code
        self._decoder = msgspec.json.Decoder(self.hints["data"]) if "data" in self.hints else None
        self._takes_file = "body" in self.hints

    def answer(self, controller: Controller, desk: Desk, given: dict[str, object]) -> Sent:
        """Do all of it, in the thread that this is called in."""
        work = desk.work(self._scopes)
        if work.once is not None and (earlier := _earlier(work, work.once)):
            return earlier
        if self._decoder is not None:
            given["data"] = desk.body(self._decoder)
        elif self._takes_file:
            given["body"] = desk.view.body
        try:
            return _encoded(desk, self.function(controller, work=work, **given), self._status)
        except WarifuError:
            # The same request may have come twice at once, and the other was faster.
            if work.once is not None and (earlier := _earlier(work, work.once)):
                return earlier
            raise


def _asked_by_framework(
    endpoint: _Endpoint, house: Composition, authenticate: Authenticate, clerks: Clerks
) -> Callable[..., Any]:
    most = house.settings.limits.body_bytes
    takes_request = "request" in endpoint.hints

    async def answer(
        controller: Controller,
        request: Request[Any, Any, Any],
        **given: object,  # parameters, already read as what they are
    ) -> ASGIApp:
        view = await received(request.scope, request.receive, most=most)
        desk = Desk(house=house, authenticate=authenticate, view=view)
        if takes_request:
            given["request"] = request
        return await clerks.ask(endpoint.answer, controller, desk, given)

    return answer


def _parameters(function: Callable[..., Any]) -> Signature:
    """What the framework is to read for a function."""
    told = signature(function)
    read = {name: each for name, each in told.parameters.items() if name not in _OURS}
    read["work"] = Parameter("request", read["work"].kind)
    return told.replace(parameters=list(read.values()))


def _earlier(work: Work, once: Once) -> Sent | None:
    found = earlier_answer(work, work.house.database, key=once.key)
    if found is None:
        return None
    request, status, body = found
    if request != once.request:
        raise Denied(SAME_REQUEST)
    return Sent(status, body, media_type=JSON, headers={REPLAYED: "true"})


def _encoded(desk: Desk, answer: object, status: int) -> Sent:
    if not isinstance(answer, Response):
        body = b"" if status in BODILESS else msgspec.json.encode(answer)
        return Sent(status, body, media_type=JSON)
    if isinstance(answer, Tagged) and desk.knows(answer.headers["ETag"]):
        return Sent(304, b"", media_type=JSON, headers=answer.headers)
    return Sent(
        answer.status_code or status,
        answer.content,
        media_type=str(answer.media_type or JSON),
        headers=answer.headers,
    )
