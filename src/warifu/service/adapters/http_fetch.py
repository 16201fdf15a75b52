"""Fetching what a publisher serves: conditional, bounded in size and time, over https only."""

from __future__ import annotations

import http.client
import re
import ssl
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPRedirectHandler,
    HTTPSHandler,
    ProxyHandler,
    Request,
    build_opener,
)

from msgspec import Struct

from warifu.attestation.trust.snapshot import MAX_SNAPSHOT_BYTES, Told
from warifu.base.errors import Misuse, VerifierFault
from warifu.service.rules import FETCHED, SOURCE_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import Message

TIMEOUT_SECONDS = 20.0
"""For each wait on the network."""
DEADLINE_SECONDS = 120.0
"""For the whole answer: a publisher, or someone posing as one, must not drip for ever."""
CHUNK_BYTES = 64 << 10
MAX_HEADER_LENGTH = 1024
MAX_FRESHNESS = timedelta(hours=12)
"""Half of what a revocation list may be old: it is asked for again well before it is stale."""
MAX_RETRY_AFTER = timedelta(hours=1)
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Unreachable(VerifierFault):
    """No usable answer; it may be asked again."""

    retry_after: timedelta | None = None
    """How long the publisher asks us to wait."""


class Answer(Struct, frozen=True, kw_only=True):
    """What a publisher answered."""

    body: bytes | None
    """None where it said that nothing has changed (304)."""
    told: Told


def fetch(
    url: str,
    *,
    earlier: Told | None,
    now: Callable[[], datetime],
    max_bytes: int = MAX_SNAPSHOT_BYTES,
) -> Answer:
    """Ask a publisher for its data, or whether it has changed.

    Args:
        url: An https address; http only to this machine itself.
        earlier: What was told with the data held from this address; None asks unconditionally.
        now: The current time.
        max_bytes: The size above which an answer is given up.

    Raises:
        Misuse: ``refresh/source-address``.
        Unreachable: ``refresh/fetched``: no answer, an error, too late, too large, or cut short.
    """
    require_address(url)
    started = now()
    opener = _DIRECT_OPENER if _is_this_machine(url) else _OPENER
    try:
        with opener.open(_request(url, earlier), timeout=TIMEOUT_SECONDS) as response:
            body = _read(response, started, now, max_bytes)
            return Answer(body=body, told=_told(response.headers, now()))
    except HTTPError as error:
        with error:
            if error.code == http.client.NOT_MODIFIED and earlier and _is_conditional(earlier):
                return Answer(body=None, told=_renewed(earlier, error.headers, now()))
            raise _unreachable(f"status {error.code}", error.headers) from error
    except (URLError, OSError, http.client.HTTPException, ValueError) as error:
        raise _unreachable(f"{type(error).__name__}: {error!s:.200}") from error


def require_address(url: str) -> None:
    """Refuse an address that anyone on the way could answer for.

    Raises:
        Misuse: ``refresh/source-address``.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise Misuse(SOURCE_ADDRESS, "no address") from error
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)):
        raise Misuse(SOURCE_ADDRESS, url[:200])


def _is_this_machine(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK


def _request(url: str, earlier: Told | None) -> Request:
    headers = {"User-Agent": "warifu", "Accept-Encoding": "identity"}
    if earlier is not None and earlier.etag:
        headers["If-None-Match"] = earlier.etag
    if earlier is not None and earlier.last_modified:
        headers["If-Modified-Since"] = earlier.last_modified
    return Request(url, headers=headers)  # noqa: S310 - the scheme is checked by require_address


def _is_conditional(earlier: Told) -> bool:
    return bool(earlier.etag or earlier.last_modified)


def _read(
    response: http.client.HTTPResponse,
    started: datetime,
    now: Callable[[], datetime],
    max_bytes: int,
) -> bytes:
    if response.status != http.client.OK:
        raise _unreachable(f"status {response.status}", response.headers)
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _unreachable("encoded answer")
    received = bytearray()
    # What has arrived, not what fills a chunk: a drip would otherwise never be looked at.
    while chunk := response.read1(CHUNK_BYTES):
        received += chunk
        if len(received) > max_bytes:
            raise _unreachable(f"more than {max_bytes} bytes")
        if now() - started > timedelta(seconds=DEADLINE_SECONDS):
            raise _unreachable(f"more than {DEADLINE_SECONDS} seconds")
    announced = response.headers.get("Content-Length")
    if announced is not None and announced != str(len(received)):
        raise _unreachable(f"{len(received)} bytes of {announced[:20]}")
    return bytes(received)


def _told(headers: Message, at: datetime) -> Told:
    return Told(
        etag=_short(headers.get("ETag")),
        last_modified=_short(headers.get("Last-Modified")),
        expires_at=_expires(headers, at),
    )


def _renewed(earlier: Told, headers: Message, at: datetime) -> Told:
    """RFC 9111 §4.3.4: what a 304 says replaces what was stored; what it leaves out stays."""
    told = _told(headers, at)
    return Told(
        etag=told.etag or earlier.etag,
        last_modified=told.last_modified or earlier.last_modified,
        expires_at=told.expires_at,
    )


def _expires(headers: Message, at: datetime) -> datetime | None:
    """RFC 9111 §4.2: max-age less the age that the answer already had when it reached us."""
    directives = headers.get("Cache-Control", "").lower()
    if "no-store" in directives or "no-cache" in directives:
        return None
    stated = _MAX_AGE.search(directives)
    if stated is None:
        return None
    left = int(stated[1]) - _seconds(headers.get("Age"))
    return at + min(timedelta(seconds=max(left, 0)), MAX_FRESHNESS)


def _seconds(value: str | None) -> int:
    return int(value) if value is not None and _SECONDS.fullmatch(value) else 0


def _short(value: str | None) -> str | None:
    """A header that may be sent back: short, and nothing that could start another header."""
    usable = value is not None and len(value) <= MAX_HEADER_LENGTH and value.isprintable()
    return value if usable else None


def _unreachable(detail: str, headers: Message | None = None) -> Unreachable:
    error = Unreachable(FETCHED, detail)
    stated = headers.get("Retry-After") if headers is not None else None
    if stated is not None and _SECONDS.fullmatch(stated):
        error.retry_after = min(timedelta(seconds=int(stated)), MAX_RETRY_AFTER)
    return error


class _Redirects(HTTPRedirectHandler):
    """A redirect leads nowhere that could not have been asked in the first place."""

    max_redirections = 3

    def redirect_request(  # noqa: PLR0917 - the signature is the library's
        self,
        req: Request,
        fp: http.client.HTTPResponse,  # type: ignore[override]
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> Request | None:
        try:
            require_address(newurl)
            if _is_this_machine(newurl) and not _is_this_machine(req.full_url):
                raise Misuse(SOURCE_ADDRESS, "from elsewhere to this machine")
        except Misuse as error:
            fp.close()
            raise URLError("redirected to where nobody asks") from error
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


_SECONDS = re.compile(r"[0-9]{1,9}")
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?([0-9]{1,9})(?![0-9])")
_HANDLERS = (_Redirects(), HTTPSHandler(context=ssl.create_default_context()))
_OPENER = build_opener(*_HANDLERS)
_DIRECT_OPENER = build_opener(ProxyHandler({}), *_HANDLERS)
"""No proxy stands between this machine and itself."""
