"""Around every request, found or not: its id, its span, its count and its one line in the log."""

from __future__ import annotations

import logging
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any

from litestar.enums import ScopeType

from warifu.service.callers.names import is_id
from warifu.service.identifiers import new_id
from warifu.service.observe import traces
from warifu.service.observe.current import CURRENT, Seen
from warifu.service.observe.events import answered
from warifu.service.observe.log import log
from warifu.service.observe.redact import HIDDEN

if TYPE_CHECKING:
    from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

    from warifu.service.composition import Clock

QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: logged at ``debug`` unless they fail."""
REQUEST_ID = b"x-request-id"
HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
"""On every answer, unless it says otherwise itself."""
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


def observed(app: ASGIApp, clock: Clock) -> ASGIApp:
    """Wrap the whole application, so that what no route answers is seen too.

    Each answer names its request in ``X-Request-Id``. A caller cannot choose that id.
    """

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        seen = Seen(new_id(clock()))
        answer = _Answer(send, seen.id.encode())
        started = perf_counter()
        token = CURRENT.set(seen)
        try:
            with traces.request_span(_trace_headers(scope)) as span:
                try:
                    await app(scope, receive, answer)
                finally:
                    _tell(scope, seen, answer.status, perf_counter() - started)
                    if span is not None:
                        traces.describe(span, _attributes(scope, seen, answer.status))
        finally:
            CURRENT.reset(token)

    return handle


class _Answer:
    """Passes messages on with the request's id and `HEADERS`, and remembers the status."""

    __slots__ = ("_request_id", "_send", "status")

    def __init__(self, send: Send, request_id: bytes) -> None:
        self._send = send
        self._request_id = request_id
        self.status = int(HTTPStatus.INTERNAL_SERVER_ERROR)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (REQUEST_ID, self._request_id)]
            present = {name.lower() for name, _ in headers}
            headers += [each for each in HEADERS if each[0] not in present]
            message = {**message, "headers": headers}
        await self._send(message)


def _tell(scope: HTTPScope, seen: Seen, status: int, seconds: float) -> None:
    route, method = scope.get("path_template"), _method(scope)
    answered(route, method, status, seconds)
    level = _level(route, status)
    if not log().is_enabled_for(level):
        return
    fields: dict[str, Any] = {
        "method": method,
        "route": route,
        "status": status,
        "milliseconds": round(seconds * 1000, 3),
    }
    if seen.tenant is not None:
        fields.update(tenant=seen.tenant, caller=seen.caller)
    if seen.error is not None:
        fields["code"] = seen.error.code
        if seen.error.detail:
            fields["detail"] = _without_path(scope, seen.error.detail)
    if (trace := traces.trace_id()) is not None:
        fields["trace"] = trace
    log().log(level, "request", **fields)


def _level(route: str | None, status: int) -> int:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return logging.ERROR
    return logging.DEBUG if route in QUIET_ROUTES else logging.INFO


def _without_path(scope: HTTPScope, detail: str) -> str:
    """A detail without what the caller put into the path, such as its name for a device."""
    for given in scope.get("path_params", {}).values():
        if not is_id(str(given)):
            detail = detail.replace(str(given), HIDDEN)
    return detail


def _attributes(scope: HTTPScope, seen: Seen, status: int) -> dict[str, str]:
    attributes = {
        "method": _method(scope),
        "route": scope.get("path_template") or "",
        "status": str(status),
    }
    if seen.error is not None:
        attributes["code"] = seen.error.code
    return attributes


def _method(scope: HTTPScope) -> str:
    method = str(scope["method"])
    return method if method in METHODS else "other"


def _trace_headers(scope: HTTPScope) -> dict[str, str]:
    """Only the trace's id: anything may stand in ``tracestate``, and it would be sent on."""
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return {"traceparent": value.decode("latin-1")}
    return {}
