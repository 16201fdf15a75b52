"""The interface's own description (OpenAPI 3.1), and what its error codes mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.metadata import version
from inspect import cleandoc
from pkgutil import walk_packages
from typing import Any, NewType, get_args, get_origin

import msgspec
from litestar import Controller, Litestar, Response, get
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, License, Reference, SecurityScheme
from litestar.routes import HTTPRoute
from msgspec import Struct

from warifu.base.errors import Misuse
from warifu.base.rule import Rule
from warifu.service.api.access import JSON, MAX_KEY_LENGTH, NEEDS
from warifu.service.api.attended import REPLAYED
from warifu.service.api.described import DEPENDENCIES, HINTS, Body, described
from warifu.service.api.problems import MEDIA_TYPE as PROBLEM
from warifu.service.api.problems import Sentences, problems
from warifu.service.conduct.rules import KNOWN

MEDIA_TYPE = "application/vnd.oai.openapi+json"
SCHEMES: dict[str, SecurityScheme | Reference] = {
    "key": SecurityScheme(type="http", scheme="bearer", description="An API key."),
    "certificate": SecurityScheme(
        type="mutualTLS",
        description="A client certificate, shown to the proxy in front (RFC 9440).",
    ),
    "signature": SecurityScheme(
        type="apiKey",
        name="Signature",
        security_scheme_in="header",
        description="An HTTP message signature (RFC 9421), tagged “warifu”.",
    ),
}
"""A request carries exactly one of them."""

RULED = (
    "warifu.base",
    "warifu.attestation",
    "warifu.authentication",
    "warifu.risk",
    "warifu.service",
)
"""Packages with rules that a caller may be told."""

REFERENCE = "#/components/schemas/"
Typed = tuple[dict[str, Any], Any]
"""A place for a schema, and the type that belongs there."""
Description = NewType("Description", bytes)
_DESCRIPTION = """Device trust and transaction confirmation for mobile finance.

Times are RFC 3339 with an offset. Binary values are standard base64 with padding. Members that this
document does not name are refused. Lists go newest first; `next` of a page is `after` of the next.
Errors are problem details (RFC 9457) with a stable `code`; `type` leads to what the code means.
"""
_CONFIGURATION = OpenAPIConfig(
    title="warifu",
    version=version("warifu"),
    description=_DESCRIPTION,
    license=License(name="Apache-2.0", identifier="Apache-2.0"),
    components=Components(security_schemes=SCHEMES),
    use_handler_docstrings=True,
)
_ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Names this request, so that sending it again gets the same answer and changes"
    " nothing again. With another request under the same key it is refused.",
    "schema": {
        "type": "string",
        "pattern": "^[!-~]+$",
        "minLength": 1,
        "maxLength": MAX_KEY_LENGTH,
    },
}
_HELD = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "An ETag that the caller holds: where it is still current, the answer is 304.",
    "schema": {"type": "string"},
}
_TEXT = {"schema": {"type": "string"}}
_SECONDS = {"schema": {"type": "integer"}, "description": "Seconds after which to ask again."}


class Meaning(Struct, frozen=True, kw_only=True):
    """What an error code means."""

    code: str
    clause: str
    """The source: specification and clause, or a document of this project."""
    requires: Sentences
    """What must hold."""
    stops: str | None = None
    """The attack or accident that the rule stops."""


class DocumentController(Controller):
    """The description, and what codes mean: for anyone."""

    path = "/"
    tags = ("documents",)

    @get("/openapi.json", include_in_schema=False, sync_to_thread=True)
    def document(self, description: Description) -> Response[bytes]:
        """OpenAPI 3.1 as JSON."""
        return Response(content=description, media_type=MEDIA_TYPE)

    @get("/problems/{area:str}/{name:str}", sync_to_thread=True, responses=problems(404))
    def meaning(self, area: str, name: str) -> Meaning:
        """What an error code means. It is the path of the problem's `type`."""
        rule = _rules().get(f"{area}/{name}")
        if rule is None:
            raise Misuse(KNOWN)
        return Meaning(
            code=rule.code,
            clause=rule.clause,
            requires=Sentences(ja=rule.requires.ja, en=rule.requires.en),
            stops=rule.stops or None,
        )


def describe(controllers: Sequence[type[Controller]]) -> dict[str, Any]:
    """OpenAPI 3.1 of these controllers, as JSON values."""
    app = Litestar(
        route_handlers=[described(controller) for controller in controllers],
        dependencies={name: _named_only() for name in DEPENDENCIES},
        dto=Body,
        return_dto=None,
        openapi_config=_CONFIGURATION,
        logging_config=None,
    )
    document = app.openapi_schema.to_schema()
    typed: list[Typed] = []
    for route in app.routes:
        for method, handler in _documented(route):
            operation = document["paths"][route.path_format][method.lower()]
            _complete(operation, method, handler.opt)
            typed += _typed(operation, handler)
    document["components"]["schemas"] |= _schemas(typed)
    ordered = {name: document[name] for name in ("openapi", "info", *document)}
    values: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(ordered))
    return _used(_portable(values))


def encode(document: dict[str, Any]) -> Description:
    """As it is served."""
    return Description(msgspec.json.encode(document))


def _named_only() -> Provide:
    """A dependency of its own that is never asked for."""
    return Provide(lambda: None, sync_to_thread=False)


def _documented(route: object) -> Iterator[tuple[str, Any]]:
    if isinstance(route, HTTPRoute):
        for method, (handler, _) in route.route_handler_map.items():
            if handler.resolve_include_in_schema():
                yield method, handler


def _complete(operation: dict[str, Any], method: str, opt: dict[str, Any]) -> None:
    """Say what access adds to every endpoint behind it."""
    scopes = sorted(opt.get(NEEDS, ()))
    operation["security"] = [{name: scopes} for name in SCHEMES] if NEEDS in opt else []
    answers = operation["responses"]
    for status in {"429", "503"} & answers.keys():
        answers[status].setdefault("headers", {})["Retry-After"] = _SECONDS
    if NEEDS not in opt:
        return
    answers["401"].setdefault("headers", {})["WWW-Authenticate"] = _TEXT
    parameters = operation.setdefault("parameters", [])
    if method != "GET":
        parameters.append(_ONCE)
        for status in (each for each in answers if each.startswith("2")):
            answers[status].setdefault("headers", {})[REPLAYED] = {
                "schema": {"const": "true"},
                "description": "This was answered before, under the same Idempotency-Key.",
            }
    elif "304" in answers:
        parameters.append(_HELD)
        for status in ("200", "304"):
            answers[status].setdefault("headers", {})["ETag"] = _TEXT


def _typed(operation: dict[str, Any], handler: HTTPRouteHandler) -> Iterator[Typed]:
    """Places of an operation's JSON, and its types."""
    hints = handler.opt[HINTS]
    if "data" in hints:
        yield operation["requestBody"]["content"][JSON], hints["data"]
    answer = hints["return"]
    kinds = {str(handler.status_code): get_args(answer)[0] if _is_response(answer) else answer}
    kinds |= {str(code): spec.data_container for code, spec in (handler.responses or {}).items()}
    for status, kind in kinds.items():
        for media_type, content in (operation["responses"][status].get("content") or {}).items():
            if media_type in {JSON, PROBLEM} and kind not in {None, Any}:
                yield content, kind


def _is_response(answer: object) -> bool:
    return get_origin(answer) is Response


def _schemas(typed: Sequence[Typed]) -> dict[str, Any]:
    """Schemas of all types, by the library that decodes them: they cannot say different things."""
    schemas, components = msgspec.json.schema_components(
        [kind for _, kind in typed], ref_template=REFERENCE + "{name}"
    )
    for (place, _), found in zip(typed, schemas, strict=True):
        place["schema"] = found
    return components


def _portable(document: dict[str, Any]) -> dict[str, Any]:
    """Texts as every language reads them: without Python's indents, and Python's end of a text."""
    return {
        name: _READ_ALIKE[name](each)
        if name in _READ_ALIKE and isinstance(each, str)
        else _portable_value(each)
        for name, each in document.items()
    }


def _portable_value(value: object) -> object:
    if isinstance(value, dict):
        return _portable(value)
    return [_portable_value(each) for each in value] if isinstance(value, list) else value


_READ_ALIKE: dict[str, Callable[[str], str]] = {
    "description": cleandoc,
    "pattern": lambda pattern: pattern.replace("\\Z", "$"),
}


def _used(document: dict[str, Any]) -> dict[str, Any]:
    """The document without schemas that nothing leads to."""
    schemas = document["components"]["schemas"]
    found: set[str] = set()
    wanted = set(_references(document["paths"]))
    while wanted:
        found |= wanted
        wanted = {each for name in wanted for each in _references(schemas[name])} - found
    document["components"]["schemas"] = {name: schemas[name] for name in sorted(found)}
    return document


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(target := value.get("$ref"), str):
            yield target.removeprefix(REFERENCE)
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _references(each)


@cache
def _rules() -> dict[str, Rule]:
    """Every rule whose code a caller may be told, by code."""
    found: dict[str, Rule] = {}
    for part in RULED:
        for entry in walk_packages(import_module(part).__path__, f"{part}."):
            with suppress(ImportError):  # a module for an extra that is not installed
                values = vars(import_module(entry.name)).values()
                found |= {each.code: each for each in values if isinstance(each, Rule)}
    return found
