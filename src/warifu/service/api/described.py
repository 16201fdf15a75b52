"""Endpoints as the web framework documents them, from their handlers as they are written."""

from __future__ import annotations

from collections.abc import Callable, Generator
from copy import copy
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any, get_origin, get_type_hints

from litestar import Response
from litestar.di import Dependency
from litestar.dto import AbstractDTO
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import BodyKwarg, ParameterKwarg, PathParameter, QueryParameter, RawBody

from warifu.service.api.access import JSON, NEEDS
from warifu.service.api.problems import problems

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator
    from litestar.controller import Controller
    from litestar.dto.data_structures import DTOFieldDefinition
    from litestar.openapi.spec import Reference, Schema
    from litestar.typing import FieldDefinition

HINTS = "hints"
"""In a handler's ``opt``: the types of its arguments and of its answer."""
DEPENDENCIES = ("house", "office", "description")
"""What an endpoint for anyone may ask for by these names; one behind the desk is given ``work``."""
_NO_PARAMETERS = frozenset({"request", "return", "work"})


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
    def generate_field_definitions(
        cls,
        model_type: type[Any],  # noqa: ARG003
    ) -> Generator[DTOFieldDefinition, None, None]:
        """None: bodies are decoded by msgspec."""
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:  # noqa: ARG003
        """None: see `generate_field_definitions`."""
        return False


def described(controller: type[Controller]) -> type[Controller]:
    """The same controller, with all that its handlers may answer; those for anyone can answer."""
    changed: dict[str, Any] = {"__module__": controller.__module__}
    for name, handler in handlers_of(controller).items():
        hints = get_type_hints(handler.fn, include_extras=True)
        changed[name] = copy(handler)(_documented(handler, declared(controller, handler, hints)))
        changed[name].opt = {**(handler.opt or {}), HINTS: hints}
        always = _answers(handler) if is_behind_desk(handler) else problems(400, 500)
        stated = always | dict(handler.responses or {})
        changed[name].responses = dict(sorted(stated.items()))
    return type(controller.__name__, (controller,), changed)


def handlers_of(controller: type[Controller]) -> dict[str, HTTPRouteHandler]:
    """A controller's handlers, by the names of their functions."""
    found = {name: getattr(controller, name) for name in dir(controller)}
    return {name: each for name, each in found.items() if isinstance(each, HTTPRouteHandler)}


def is_behind_desk(handler: HTTPRouteHandler) -> bool:
    """Whether it asks who calls."""
    return NEEDS in (handler.opt or {})


def declared(
    controller: type[Controller], handler: HTTPRouteHandler, hints: dict[str, Any]
) -> dict[str, Any]:
    """Say of every argument where it comes from, which the framework no longer guesses."""
    path = f"{vars(controller).get('path', '')}{handler.paths}"
    told = dict(hints)
    for name, hint in hints.items():
        if name in DEPENDENCIES:
            told[name] = Annotated[Any, Dependency()]
        elif name == "data":
            told[name] = Annotated[hint, BodyKwarg(media_type=JSON)]
        elif name == "body":
            told[name] = RawBody
        elif f"{{{name}:" in path:
            told[name] = Annotated[hint, PathParameter()]
        elif name not in _NO_PARAMETERS and not _is_declared(hint):
            told[name] = Annotated[hint, QueryParameter()]
    return told


def _documented(handler: HTTPRouteHandler, told: dict[str, Any]) -> Callable[..., Any]:
    """The endpoint's function, with arguments that the framework understands."""
    function = handler.fn

    @wraps(function)
    def answer(*given: object, **named: object) -> object:
        return function(*given, **named)

    answer.__annotations__ = {name: hint for name, hint in told.items() if name != "work"}
    answer.__signature__ = _bodiless(function)  # type: ignore[attr-defined]
    return answer


def _bodiless(function: Callable[..., Any]) -> Signature:
    """An empty body is judged like any other, when its sender is known; ``work`` is not sent."""
    told = signature(function)
    arguments = {name: each for name, each in told.parameters.items() if name != "work"}
    if "data" in arguments:
        data = arguments.pop("data")
        arguments["data"] = data.replace(kind=Parameter.KEYWORD_ONLY, default=None)
    return told.replace(parameters=list(arguments.values()))


def _is_declared(hint: object) -> bool:
    return any(isinstance(each, ParameterKwarg) for each in getattr(hint, "__metadata__", ()))


def _answers(handler: HTTPRouteHandler) -> dict[int, ResponseSpec]:
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
