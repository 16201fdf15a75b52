"""Errors as RFC 9457 problem details: the code of the rule, its sentence, and nothing private."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from warifu.base.errors import BadEvidence, Denied, Misuse, VerifierFault, WarifuError
from warifu.service.api import rules
from warifu.service.api.media import STATUS as MEDIA
from warifu.service.callers.rules import STATUS as CALLERS
from warifu.service.conduct.advisories.rules import STATUS as THREATS
from warifu.service.conduct.binding.rules import STATUS as BINDING
from warifu.service.conduct.books.rules import STATUS as BOOKS
from warifu.service.conduct.challenges.rules import STATUS as CHALLENGES
from warifu.service.conduct.confirming.rules import STATUS as CONFIRMATIONS
from warifu.service.conduct.decisions.rules import STATUS as DECISIONS
from warifu.service.conduct.erasing.rules import STATUS as ERASURES
from warifu.service.conduct.evidence.ear_rules import STATUS as EAR
from warifu.service.conduct.evidence.rules import STATUS as EVIDENCE
from warifu.service.conduct.governing.rules import STATUS as GOVERNANCE
from warifu.service.conduct.looking_up.rules import STATUS as LOOKUP
from warifu.service.conduct.registrations.rules import STATUS as APPS
from warifu.service.conduct.rules import IN_FORCE, KNOWN, SAME_REQUEST, UNCHANGED, WELL_FORMED
from warifu.service.conduct.verifying.rules import STATUS as VERIFYING
from warifu.service.limits.rules import STATUS as LIMITS
from warifu.service.observe import events, redact
from warifu.service.observe.current import request_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from litestar.types import ExceptionHandlersMap

    from warifu.base.rule import Rule

MEDIA_TYPE = "application/problem+json"
MAX_FAULTS = 20
CHALLENGE = 'Bearer realm="warifu"'
"""For ``WWW-Authenticate`` (RFC 9110 §11.6.1)."""
RETRY_SECONDS = 2
"""For ``Retry-After`` where we are at fault and do not know for how long."""

BY_BRANCH: tuple[tuple[type[WarifuError], int], ...] = (
    (Misuse, 400),
    (BadEvidence, 422),
    (VerifierFault, 503),
    (Denied, 403),
)
_COMMON = {
    KNOWN.code: 404,
    WELL_FORMED.code: 400,
    SAME_REQUEST.code: 422,
    UNCHANGED.code: 412,
    IN_FORCE.code: 409,
}
TABLES: tuple[dict[str, int], ...] = (
    _COMMON,
    rules.STATUS,
    CALLERS,
    LIMITS,
    EAR,
    ERASURES,
    MEDIA,
    LOOKUP,
    GOVERNANCE,
    THREATS,
    APPS,
    BINDING,
    CHALLENGES,
    EVIDENCE,
    VERIFYING,
    DECISIONS,
    CONFIRMATIONS,
    BOOKS,
)
"""Each domain's own: one line each."""
STATUS: dict[str, int] = {code: status for table in TABLES for code, status in table.items()}


class Sentences(Struct, frozen=True, kw_only=True):
    """What must hold, for people."""

    ja: str
    en: str


class Fault(Struct, frozen=True, kw_only=True):
    """One place in a request that is not as documented."""

    at: str
    """JSON path, or the name of a parameter."""
    wanted: str
    """What is wrong there, in English, without the value."""


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details."""

    type: str
    """Where the rule is described: a path of this service."""
    title: str
    status: int
    detail: str
    """What must hold, in the language that Accept-Language asks for."""
    code: str
    """Stable and machine-readable."""
    sentences: Sentences
    instance: str | None = None
    """Names this occurrence in the operator's log."""
    faults: tuple[Fault, ...] = ()
    """Where a request is not as documented."""


def status_of(error: WarifuError) -> int:
    """The HTTP status of an error: by its code, else by whose fault it is."""
    if (status := STATUS.get(error.code)) is not None:
        return status
    return next((status for branch, status in BY_BRANCH if isinstance(error, branch)), 500)


class FaultyRequest(Misuse):
    """A request that is not as documented, and where."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Keep where."""
        super().__init__(WELL_FORMED)
        self.faults = tuple(faults)[:MAX_FAULTS]


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Document these statuses of an endpoint as problem details.

    Those that every endpoint has (see `warifu.service.api.access`) need not be named.
    """
    return {
        status: ResponseSpec(
            data_container=Problem,
            generate_examples=False,
            description=HTTPStatus(status).phrase,
            media_type=MEDIA_TYPE,
        )
        for status in statuses
    }


def refusal(request: Request[Any, Any, Any], error: WarifuError) -> Response[bytes]:
    """The answer to a request that broke a rule."""
    events.failed(error)
    status = status_of(error)
    headers: dict[str, str] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = CHALLENGE
    seconds = getattr(error, "seconds", RETRY_SECONDS if status == 503 else None)
    if seconds is not None:
        headers["Retry-After"] = str(seconds)
    faults = error.faults if isinstance(error, FaultyRequest) else ()
    return _answer(request, error.rule, status, headers=headers, faults=faults)


def unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The answer where we failed in a way that nobody foresaw; the log has the cause."""
    events.unexpected(error)
    return _answer(request, rules.ANSWERED, 500, instance=f"urn:uuid:{request_id() or uuid4()}")


def _outside(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What the web framework refuses, by our own rules."""
    if isinstance(error, ValidationException):
        return refusal(request, FaultyRequest(_faults(error)))
    rule = _BY_STATUS.get(error.status_code)
    if rule is None:
        if error.status_code >= 500:
            return unexpected(request, error)
        return refusal(request, Misuse(WELL_FORMED))
    events.failed(Misuse(rule))
    stated = {name.lower(): value for name, value in (error.headers or {}).items()}
    allow = stated.get("allow")
    return _answer(request, rule, error.status_code, headers={"Allow": allow} if allow else {})


def _faults(error: ValidationException) -> list[Fault]:
    extra = error.extra if isinstance(error.extra, list) else []
    return [
        Fault(at=str(each.get("key", "")), wanted=without_values(str(each.get("message", ""))))
        for each in extra
        if isinstance(each, dict)
    ]


def without_values(message: str) -> str:
    """A decoder's message without what was sent: it may be a secret put in the wrong place."""
    parts = message.split("'")
    return redact.text("'…'".join(parts[::2]) if len(parts) % 2 else parts[0])


def _answer(
    request: Request[Any, Any, Any],
    rule: Rule,
    status: int,
    *,
    headers: dict[str, str] | None = None,
    instance: str | None = None,
    faults: tuple[Fault, ...] = (),
) -> Response[bytes]:
    language = language_of(request.headers.get("accept-language", ""))
    problem = Problem(
        type=f"/problems/{rule.code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=getattr(rule.requires, language),
        code=rule.code,
        sentences=Sentences(ja=rule.requires.ja, en=rule.requires.en),
        instance=instance,
        faults=faults,
    )
    return Response(
        content=msgspec.json.encode(problem),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={
            **(headers or {}),
            "Content-Language": language,
            "Vary": "Accept-Language",
        },
    )


def language_of(accepted: str) -> str:
    """Japanese where it is preferred to English, else English (RFC 9110 §12.5.4)."""
    weights = {"ja": 0.0, "en": 0.0}
    for part in accepted[:200].split(","):
        name, _, weight = part.strip().lower().partition(";q=")
        primary = name.partition("-")[0]
        if primary in weights:
            try:
                weights[primary] = max(weights[primary], float(weight or 1))
            except ValueError:
                continue
    return "ja" if weights["ja"] > weights["en"] else "en"


_BY_STATUS = {404: rules.ROUTE, 405: rules.METHOD, 413: rules.SIZE, 415: rules.MEDIA_TYPE}

EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    WarifuError: refusal,
    HTTPException: _outside,
    Exception: unexpected,
}
