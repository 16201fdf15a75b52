"""The two ends of a request: what came over the wire as a view, and what goes back as messages.

The web framework finds the endpoint and reads its parameters. Its ways with bodies, dependencies
and answers serve every kind of application, and every request would pay for all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from litestar.exceptions import InternalServerException

from warifu.base.errors import Misuse
from warifu.service.api import rules
from warifu.service.callers.request import RequestView
from warifu.service.conduct.rules import WELL_FORMED

if TYPE_CHECKING:
    from litestar.types import HTTPScope, Receive, Scope, Send

BODILESS = frozenset({204, 304})
"""Statuses whose answers have no content (RFC 9110 §6.4.1)."""
_LENGTH = "content-length"


class Sent:
    """An answer on its way: an ASGI application of two messages."""

    __slots__ = ("_body", "_headers", "_status")

    def __init__(
        self,
        status: int,
        body: bytes,
        *,
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare it, so that nothing is left to do for the event loop.

        Args:
            status: The status; with one of `BODILESS` neither body nor media type is sent.
            body: As it goes out.
            media_type: Of the body.
            headers: Others, their names in any case.
        """
        self._status = status
        self._headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in (headers or {}).items()
        ]
        if status in BODILESS:
            self._body = b""
            return
        self._body = body
        self._headers += (
            (b"content-type", media_type.encode("latin-1")),
            (b"content-length", b"%d" % len(body)),
        )

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        """Send it."""
        await send(
            {"type": "http.response.start", "status": self._status, "headers": self._headers}
        )
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


async def received(scope: HTTPScope, receive: Receive, *, most: int) -> RequestView:
    """A whole request.

    Args:
        scope: What the server knows of it.
        receive: Where its body comes from.
        most: The size of a body above which no more is read, in bytes.

    Raises:
        Misuse: ``request/size``; ``request/well-formed`` for a length that is no number.
        InternalServerException: The client went away.
    """
    client = scope.get("client")
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    )
    for name, value in headers:
        if name.lower() == _LENGTH and _number(value) > most:
            raise Misuse(rules.SIZE)
    return RequestView(
        method=scope["method"],
        path=scope.get("raw_path", b"").decode("latin-1") or quote(scope["path"]),
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=await _body(receive, most),
        peer=client[0] if client else None,
        scheme=scope["scheme"],
    )


async def _body(receive: Receive, most: int) -> bytes:
    """All of it: in one message nearly always, and then it is not copied."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise InternalServerException("client disconnected prematurely")
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise Misuse(rules.SIZE)
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise Misuse(WELL_FORMED) from error
