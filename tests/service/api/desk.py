"""A small interface behind the real shell: one of each kind of endpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from litestar import Controller, Litestar, Response, delete, get, post, put
from msgspec import Meta, Struct

from tests.service.house import caller
from warifu.base.errors import BadEvidence, Denied, Misuse, VerifierFault, WarifuError
from warifu.service.api.access import needs
from warifu.service.api.answers import (
    USUAL_LIMIT,
    After,
    IfMatch,
    Limit,
    Page,
    etag_of,
    page,
    read_cursor,
    require_match,
    tagged,
)
from warifu.service.caller import Caller, Scope
from warifu.service.callers.request import RequestView
from warifu.service.callers.rules import UNAUTHENTICATED
from warifu.service.composition import Composition
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.rules import KNOWN
from warifu.service.conduct.work import Work
from warifu.service.limits.limits import TooMany
from warifu.service.limits.rules import TOO_MANY
from warifu.service.store.rules import AVAILABLE

SECRET = "hunter2-in-a-local-variable"
ERRORS: dict[str, WarifuError] = {
    "misuse": Misuse(KNOWN, SECRET),
    "evidence": BadEvidence(KNOWN, SECRET),
    "denied": Denied(KNOWN, SECRET),
    "fault": VerifierFault(AVAILABLE, SECRET),
    "many": TooMany(TOO_MANY, SECRET, seconds=17),
}
Name = Annotated[str, Meta(min_length=1, max_length=20)]


class ThingRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name
    amount: Annotated[int, Meta(ge=0)] = 0
    data: bytes = b""
    kind: Annotated[str, Meta(pattern="^[a-z]+$")] = "plain"


class ThingAnswer(Struct, frozen=True, kw_only=True):
    name: str
    amount: int


class ThingController(Controller):
    path = "/v1/things"
    made = 0

    @post("/", opt=needs(Scope.DECIDE), sync_to_thread=True)
    def make(self, work: Work, data: ThingRequest) -> ThingAnswer:
        """Make a thing."""
        type(self).made += 1
        answer = ThingAnswer(name=data.name, amount=type(self).made)
        commit(work, [], answer=answer, audit=[AuditEntry(action="thing/made", subject=data.name)])
        return answer

    @get("/", opt=needs(Scope.READ), sync_to_thread=True)
    def list_all(
        self, work: Work, limit: Limit = USUAL_LIMIT, after: After = None
    ) -> Page[ThingAnswer]:
        start = read_cursor(after) or "zz"
        held = [ThingAnswer(name=f"{number:02}", amount=number) for number in range(60, -1, -1)]
        rest = [each for each in held if each.name < start]
        return page(rest[: limit + 1], limit=limit, by=lambda each: each.name)

    @get("/{name:str}", opt=needs(Scope.READ), sync_to_thread=True)
    def fetch(self, work: Work, name: str) -> Response[ThingAnswer]:
        return tagged(ThingAnswer(name=name, amount=1))

    @put("/{name:str}", opt=needs(Scope.CONFIGURE, Scope.GOVERN), sync_to_thread=True)
    def change(
        self, work: Work, name: str, data: ThingRequest, if_match: IfMatch = None
    ) -> Response[ThingAnswer]:
        require_match(if_match, etag_of(ThingAnswer(name=name, amount=1)))
        return tagged(ThingAnswer(name=name, amount=data.amount))

    @delete("/{name:str}", opt=needs(Scope.ERASE), sync_to_thread=True)
    def remove(self, work: Work, name: str) -> None:
        commit(
            work, [], answer=None, audit=[AuditEntry(action="thing/gone", subject=name)], status=204
        )

    @get("/errors/{kind:str}", opt=needs(Scope.READ), sync_to_thread=True)
    def fail(self, work: Work, kind: str) -> None:
        local = SECRET
        raise ERRORS.get(kind) or RuntimeError(local)


def by_word(house: Composition, view: RequestView) -> Caller:
    """Everyone who says so is let in, with the scopes they name."""
    stated = view.values("authorization")
    if len(stated) != 1 or not stated[0].startswith("Bearer "):
        raise Denied(UNAUTHENTICATED, SECRET)
    tenant, *scopes = stated[0].removeprefix("Bearer ").split()
    return caller(tenant, *map(Scope, scopes))


Application = Callable[..., Litestar]
