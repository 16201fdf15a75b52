"""Access: every endpoint's way from a request to a `Work` and back, in one thread.

A use case is synchronous. What comes before it (who calls, may they, was this answered already,
decoding the body) and after it (encoding the answer) runs in the same worker thread, so a request
crosses to a thread once and the event loop never waits for a database. Bodies are decoded after
authentication, strictly and straight into the request's type.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import wraps
from hashlib import sha256
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any, get_origin, get_type_hints
from urllib.parse import quote

import msgspec
from litestar import Request, Response
from litestar.di import Dependency
from litestar.dto import AbstractDTO
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import BodyKwarg, ParameterKwarg, PathParameter, QueryParameter, RawBody
from msgspec import Struct

from warifu.base.codec.json import decode as read_json
from warifu.base.errors import Denied, MalformedEvidence, Misuse, WarifuError
from warifu.service.api import rules
from warifu.service.api.answers import Tagged, names
from warifu.service.api.problems import Fault, FaultyRequest, problems, without_values
from warifu.service.caller import Caller, Scope
from warifu.service.callers.authenticate import RequestView
from warifu.service.callers.rules import SCOPE
from warifu.service.composition import Composition
from warifu.service.conduct.rules import SAME_REQUEST
from warifu.service.conduct.work import Once, Work, earlier_answer
from warifu.service.observe.current import called_by

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator
    from litestar.controller import Controller
    from litestar.openapi.spec import Reference, Schema
    from litestar.typing import FieldDefinition

NEEDS = "needs"
HINTS = "hints"
"""In a handler's ``opt``: scopes, and the types of its arguments and of its answer."""
_SAFE = frozenset({"GET", "HEAD"})
DEPENDENCIES = ("work", "house", "office", "description")
"""What a handler may ask for by these names."""
REPLAYED = "Idempotency-Replayed"
MAX_KEY_LENGTH = 200
JSON = "application/json"

Authenticate = Callable[[Composition, RequestView], Caller]


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

    def body(self, decoder: msgspec.json.Decoder[Any]) -> Any:  # noqa: ANN401 - any request type
        """The body as its type.

        Raises:
            Misuse: ``request/media-type``, ``request/well-formed``.
        """
        stated = self._header("content-type")
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
        stated = self._header("idempotency-key")
        if not stated or self.view.method in _SAFE:
            return None
        key = stated[0]
        if len(stated) > 1 or not 1 <= len(key) <= MAX_KEY_LENGTH or not _is_visible(key):
            raise Misuse(rules.KEY_FORM)
        return Once(key=key, request=_digest(self.view))

    def knows(self, etag: str) -> bool:
        """Whether the caller says that it holds this state already; a change is always told."""
        stated = self._header("if-none-match") if self.view.method in _SAFE else []
        return bool(stated) and names(",".join(stated), etag)

    def _header(self, wanted: str) -> list[str]:
        return [value for name, value in self.view.headers if name == wanted]


class Body(AbstractDTO[Any]):
    """Leaves a body undecoded until its sender is known; documents it all the same."""

    def decode_bytes(self, value: bytes) -> bytes:
        """As it came."""
        return value

    @classmethod
    def is_supported_model_type_field(cls, field_definition: FieldDefinition) -> bool:  # noqa: ARG003
        """Answers are encoded as they are."""
        return False

    @classmethod
    def create_for_field_definition(cls, *_: object, **__: object) -> None:
        """There is nothing to prepare."""

    @classmethod
    def create_openapi_schema(
        cls,
        field_definition: FieldDefinition,
        handler_id: str,  # noqa: ARG003
        schema_creator: SchemaCreator,
    ) -> Reference | Schema:
        """The request type's own schema."""
        return schema_creator.for_field_definition(field_definition)

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Any:  # noqa: ANN401, ARG003
        """None: bodies are decoded by msgspec."""
        return ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:  # noqa: ARG003
        """None: see `generate_field_definitions`."""
        return False


def open_desk(house: Composition, authenticate: Authenticate) -> Callable[..., Any]:
    """What Litestar calls to provide ``work``: it only collects what is there already."""

    async def collect(request: Request[Any, Any, Any]) -> Desk:
        body = await request.body()
        return Desk(house=house, authenticate=authenticate, view=_view(request, body))

    return collect


def attended(controller: type[Controller]) -> type[Controller]:
    """The same controller, with every handler that takes ``work`` behind the desk."""
    changed: dict[str, Any] = {"__module__": controller.__module__}
    for name in dir(controller):
        handler = getattr(controller, name)
        if isinstance(handler, HTTPRouteHandler):
            is_behind = NEEDS in (handler.opt or {})
            answer = _behind_desk(handler) if is_behind else _beside_desk(handler)
            hints = get_type_hints(handler.fn, include_extras=True)
            path = f"{vars(controller).get('path', '')}{handler.paths}"
            answer.__annotations__ = _declared(hints, path)
            answer.__signature__ = _bodiless(handler.fn)  # type: ignore[attr-defined]
            changed[name] = copy(handler)(answer)
            changed[name].opt = {**(handler.opt or {}), HINTS: hints}
            always = _documented(handler) if is_behind else problems(400, 500)
            stated = always | dict(handler.responses or {})
            changed[name].responses = dict(sorted(stated.items()))
    return type(controller.__name__, (controller,), changed)


def _beside_desk(handler: HTTPRouteHandler) -> Callable[..., Any]:
    """An endpoint for anyone."""
    function = handler.fn

    @wraps(function)
    def answer(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        return function(*given, **named)

    return answer


def _declared(hints: dict[str, Any], path: str) -> dict[str, Any]:
    """Say of every argument where it comes from, which the framework no longer guesses."""
    declared = dict(hints)
    for name, hint in hints.items():
        if name in DEPENDENCIES:
            declared[name] = Annotated[Any, Dependency()]
        elif name == "data":
            declared[name] = Annotated[hint, BodyKwarg(media_type=JSON)]
        elif name == "body":
            declared[name] = RawBody
        elif f"{{{name}:" in path:
            declared[name] = Annotated[hint, PathParameter()]
        elif name not in {"request", "return"} and not _is_declared(hint):
            declared[name] = Annotated[hint, QueryParameter()]
    return declared


def _bodiless(function: Callable[..., Any]) -> Signature:
    """An empty body is judged like any other, when its sender is known."""
    told = signature(function)
    arguments = dict(told.parameters)
    if "data" in arguments:
        data = arguments.pop("data")
        arguments["data"] = data.replace(kind=Parameter.KEYWORD_ONLY, default=None)
    return told.replace(parameters=list(arguments.values()))


def _is_declared(hint: object) -> bool:
    return any(isinstance(each, ParameterKwarg) for each in getattr(hint, "__metadata__", ()))


def _behind_desk(handler: HTTPRouteHandler) -> Callable[..., Any]:
    function = handler.fn
    scopes: frozenset[Scope] = handler.opt[NEEDS]
    hints = get_type_hints(function, include_extras=True)
    decoder = msgspec.json.Decoder(hints["data"]) if "data" in hints else None
    status = handler.status_code

    @wraps(function)
    def answer(controller: Controller, work: Any, **given: Any) -> Response[bytes]:  # noqa: ANN401
        desk: Desk = work
        known = desk.work(scopes)
        if known.once is not None and (earlier := _earlier(known, known.once)):
            return earlier
        if decoder is not None:
            given["data"] = desk.body(decoder)
        try:
            return _encoded(desk, function(controller, work=known, **given), status)
        except WarifuError:
            # The same request may have come twice at once, and the other was faster.
            if known.once is not None and (earlier := _earlier(known, known.once)):
                return earlier
            raise

    return answer


def _earlier(work: Work, once: Once) -> Response[bytes] | None:
    with work.house.database.read() as transaction:
        found = earlier_answer(transaction, caller=work.caller, key=once.key)
    if found is None:
        return None
    request, status, body = found
    if bytes(request) != once.request:
        raise Denied(SAME_REQUEST)
    return Response(
        content=b"" if status == 204 else bytes(body),
        status_code=status,
        media_type=JSON,
        headers={REPLAYED: "true"},
    )


def _encoded(desk: Desk, answer: object, status: int) -> Response[bytes]:
    if isinstance(answer, Tagged):
        if desk.knows(answer.headers["ETag"]):
            return Response(content=b"", status_code=304, headers=answer.headers, media_type=JSON)
        answer.media_type = answer.media_type or JSON
        return answer
    if isinstance(answer, Response):
        return answer
    body = b"" if status == 204 else msgspec.json.encode(answer)
    return Response(content=body, status_code=status, media_type=JSON)


def _documented(handler: HTTPRouteHandler) -> dict[int, ResponseSpec]:
    """What an endpoint behind the desk may answer, beside what it does when all is well."""
    hints = get_type_hints(handler.fn)
    stated = problems(400, 401, 403, 404, 413, 429, 500, 503)
    if "data" in hints:
        stated |= problems(409, 415, 422)
    if get_origin(hints["return"]) is Response and "GET" in handler.http_methods:
        stated[304] = ResponseSpec(
            data_container=None, generate_examples=False, description="Not Modified"
        )
    return stated


def _view(request: Request[Any, Any, Any], body: bytes) -> RequestView:
    scope = request.scope
    client = scope.get("client")
    return RequestView(
        method=scope["method"],
        path=scope.get("raw_path", b"").decode("latin-1") or quote(scope["path"]),
        query=scope["query_string"].decode("latin-1"),
        headers=tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in scope["headers"]
        ),
        body=body,
        peer=client[0] if client else None,
        scheme=scope["scheme"],
    )


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
