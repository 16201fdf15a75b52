"""Access: who asks, for what, and whether it was answered already. Known before a body is read.

Bodies are decoded after authentication, strictly and straight into the request's type.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from warifu.base.codec.json import decode as read_json
from warifu.base.errors import Denied, MalformedEvidence, Misuse
from warifu.service.api import rules
from warifu.service.api.answers import names
from warifu.service.api.problems import Fault, FaultyRequest, without_values
from warifu.service.caller import Caller, Scope
from warifu.service.callers.authenticate import RequestView
from warifu.service.callers.rules import SCOPE
from warifu.service.composition import Composition
from warifu.service.conduct.work import Once, Work
from warifu.service.observe.current import called_by

NEEDS = "needs"
"""In a handler's ``opt``: the scopes."""
_SAFE = frozenset({"GET", "HEAD"})
MAX_KEY_LENGTH = 200
JSON = "application/json"

Authenticate = Callable[[Composition, RequestView], Caller]
_Body = TypeVar("_Body")


def needs(*scopes: Scope) -> dict[str, Any]:
    """For a handler's ``opt``: all scopes that the caller must have."""
    return {NEEDS: frozenset(scopes)}


class Desk(Struct, frozen=True, kw_only=True):
    """A request that nobody has looked at yet, on its way to the thread that answers it."""

    house: Composition
    authenticate: Authenticate
    view: RequestView

    def work(self, scopes: frozenset[Scope]) -> Work:
        """Find out who asks.

        Raises:
            Denied: What authentication refuses, or ``callers/scope``.
            Misuse: ``request/idempotency-key-form``.
        """
        caller = self.authenticate(self.house, self.view)
        called_by(caller.tenant, caller.id)
        if not scopes <= caller.scopes:
            raise Denied(SCOPE, f"{caller.id} lacks {', '.join(sorted(scopes - caller.scopes))}")
        return Work(house=self.house, caller=caller, now=self.house.clock(), once=self._once())

    def body(self, decoder: msgspec.json.Decoder[_Body]) -> _Body:
        """The body as its type.

        Raises:
            Misuse: ``request/media-type``, ``request/well-formed``.
        """
        stated = self.view.values("content-type")
        if len(stated) != 1 or stated[0].partition(";")[0].strip().lower() != JSON:
            raise Misuse(rules.MEDIA_TYPE)
        try:
            asked = decoder.decode(self.view.body)
            # Who reads the first of two amounts on the way to us would see another request.
            read_json(self.view.body, max_bytes=len(self.view.body))
        except MalformedEvidence as error:
            raise FaultyRequest([Fault(at="$", wanted="a name is repeated")]) from error
        except (ValueError, RecursionError) as error:
            raise FaultyRequest([_fault(str(error))]) from error
        return asked

    def _once(self) -> Once | None:
        stated = self.view.values("idempotency-key")
        if not stated or self.view.method in _SAFE:
            return None
        key = stated[0]
        if len(stated) > 1 or not 1 <= len(key) <= MAX_KEY_LENGTH or not _is_visible(key):
            raise Misuse(rules.KEY_FORM)
        return Once(key=key, request=_digest(self.view))

    def knows(self, etag: str) -> bool:
        """Whether the caller says that it holds this state already; a change is always told."""
        stated = self.view.values("if-none-match") if self.view.method in _SAFE else ()
        return bool(stated) and names(",".join(stated), etag)


def _digest(view: RequestView) -> bytes:
    """Of all that tells two requests apart, also the state that a change is made to."""
    told = sha256()
    seen = ",".join(view.values("if-match"))
    stated = (view.method, view.path, view.query, seen)
    for part in (*(each.encode("utf-8", "surrogatepass") for each in stated), view.body):
        told.update(len(part).to_bytes(8))
        told.update(part)
    return told.digest()


def _is_visible(key: str) -> bool:
    return all("!" <= character <= "~" for character in key)


def _fault(message: str) -> Fault:
    wanted, _, place = message.partition(" - at `")
    return Fault(at=place.removesuffix("`") or "$", wanted=without_values(wanted)[:200])
