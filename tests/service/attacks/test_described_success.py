"""What is answered when all is well, on each operation, is what the interface describes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.service.attacks.calls import CALLS
from warifu.service.api.app import CONTROLLERS
from warifu.service.api.openapi import describe

if TYPE_CHECKING:
    from tests.service.attacks.world import World

CHECKS: list[Any] = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_operation_succeeds_as_described(world: World) -> None:
    schema = schemathesis.openapi.from_dict(describe(CONTROLLERS))
    for (method, path), make in CALLS.items():
        answer = world.send(make(world))
        assert answer.is_success, (method, path, answer.text)
        described = schema[path][method]
        given = schemathesis.Response(
            status_code=answer.status_code,
            headers={name: [value] for name, value in answer.headers.items()},
            content=answer.content,
            request=_request(method, path),
            elapsed=0.0,
            verify=False,
        )
        named = dict.fromkeys(re.findall(r"{(\w+)}", path), "x")
        described.Case(path_parameters=named).validate_response(given, checks=CHECKS)


def _request(method: str, path: str) -> Any:
    import requests  # noqa: PLC0415

    return requests.Request(method, f"http://service{path}").prepare()
