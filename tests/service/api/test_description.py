"""What is documented, and that nothing is left out."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler

import warifu.service
from warifu.base.errors import BadEvidence, Denied, Misuse, VerifierFault
from warifu.base.rule import Rule, Text
from warifu.service.api import problems
from warifu.service.api.access import NEEDS
from warifu.service.api.app import CONTROLLERS
from warifu.service.api.openapi import describe

FOR_ANYONE = {"/healthz", "/readyz", "/metrics", "/v1/keys", "/.well-known/jwks.json"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe(CONTROLLERS)


def handlers() -> list[HTTPRouteHandler]:
    found = [getattr(each, name) for each in CONTROLLERS for name in dir(each)]
    return [each for each in found if isinstance(each, HTTPRouteHandler)]


def test_every_endpoint_asks_who_calls_unless_it_is_for_anyone(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            is_open = path in FOR_ANYONE or path.startswith("/problems/")
            assert bool(operation["security"]) is not is_open, path


def test_no_endpoint_blocks_the_event_loop_with_work() -> None:
    for handler in handlers():
        if NEEDS in (handler.opt or {}):
            assert handler.sync_to_thread, handler


def test_every_table_of_statuses_is_in_force() -> None:
    for entry in pkgutil.walk_packages(warifu.service.__path__, "warifu.service."):
        if entry.name.endswith("rules") or entry.name.endswith("media"):
            table = getattr(import_module(entry.name), "STATUS", {})
            for code, status in table.items():
                assert problems.STATUS.get(code) == status, entry.name


def test_no_two_tables_disagree() -> None:
    for table in problems.TABLES:
        for code, status in table.items():
            assert problems.STATUS[code] == status


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(
    document: dict[str, Any],
) -> None:
    operations = [each for path in document["paths"].values() for each in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    for operation in operations:
        assert operation.get("description") or operation.get("summary"), operation["operationId"]


def test_every_change_may_be_sent_again_under_a_key(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            names = {each["name"] for each in operation.get("parameters", [])}
            assert ("Idempotency-Key" in names) is (method != "get"), (method, path)


def test_every_error_is_documented_as_a_problem(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert set(answer["content"]) == {problems.MEDIA_TYPE}, (path, status)


@pytest.mark.parametrize(
    ("branch", "status"), [(Misuse, 400), (BadEvidence, 422), (VerifierFault, 503), (Denied, 403)]
)
def test_a_code_without_a_status_of_its_own_has_that_of_whose_fault_it_is(
    branch: type[Misuse], status: int
) -> None:
    rule = Rule(code="no/such", clause="none", requires=Text(ja="。", en="."))
    assert problems.status_of(branch(rule)) == status
