"""Every endpoint, asked everything that its description allows and much that it does not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from zlib import crc32

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from litestar import Litestar
from schemathesis.checks import not_a_server_error
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.service.house import TENANT, Hands, make_house, settle
from tests.service.phones import Bank, IPhone
from warifu.base.codec.text import from_base64url
from warifu.risk.decision.facts import Operation
from warifu.service.api.app import CONTROLLERS, make_asgi
from warifu.service.api.openapi import describe
from warifu.service.api.problems import MEDIA_TYPE
from warifu.service.caller import Scope
from warifu.service.callers.api_key import make_api_key
from warifu.service.callers.rules import CALLER_NEW, SCOPE, UNAUTHENTICATED
from warifu.service.identifiers import new_id
from warifu.service.limits.rules import TOO_MANY
from warifu.service.settings import LimitSettings, Settings
from warifu.service.store.callers import CredentialKind, StoredCaller, insert_new_caller
from warifu.service.store.database import Database
from warifu.service.store.opening import open_database

pytestmark = pytest.mark.slow
EXAMPLES = 30
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
"""No failure of ours, and no answer of a status, kind, form or header that is not described."""
LET_IN = {UNAUTHENTICATED.code, SCOPE.code, TOO_MANY.code}
"""The caller shows a good key, so none of these is its problem."""


@pytest.fixture(scope="module")
def bank(sqlite_template: Path, quick_folder: Path) -> Iterator[Bank]:
    """A bank with an app, a registered device and a decision."""
    path = quick_folder / "any.db"
    shutil.copyfile(sqlite_template, path)
    database: Database = open_database(f"sqlite:///{path}")
    limits = LimitSettings(requests_per_minute=1_000_000, failed_logins_per_minute=1_000_000)
    house = make_house(database, clock=Hands(), settings=Settings(limits=limits))
    yield Bank(house=house, caller=settle(house))
    database.close()


@pytest.fixture(scope="module")
def key(bank: Bank) -> str:
    """The API key of a caller with every scope."""
    caller = new_id(bank.house.clock())
    secret, digest = make_api_key(TENANT, caller)
    stored = StoredCaller(
        tenant=TENANT,
        id=caller,
        principal=caller,
        name="anyone",
        kind=CredentialKind.API_KEY,
        credential=digest,
        scopes=frozenset(Scope),
        created_at=bank.house.clock(),
    )
    with bank.house.database.write() as transaction:
        transaction.apply([insert_new_caller(stored, otherwise=CALLER_NEW)])
    return secret.reveal().decode()


@pytest.fixture(scope="module")
def known(bank: Bank) -> dict[str, str]:
    """Names of what there is, by the name of the parameter that takes them."""
    phone = IPhone(made_at=bank.house.clock())
    registered = bank.register(phone)
    challenge = bank.challenge()
    signed = phone.assertion(from_base64url(challenge.challenge.encode()))
    decision = bank.decide(challenge, signed)
    return names_of(bank, registered, challenge, decision)


@pytest.fixture(scope="module")
def app(bank: Bank) -> Litestar:
    return make_asgi(bank.house)


@pytest.fixture(scope="module")
def client(app: Litestar) -> Iterator[asgi.ASGIClient]:
    with asgi.get_client(cast("asgi.ASGIApp", app)) as made:
        yield made


@schemathesis.serializer("application/toml")
def as_it_is(_: Any, value: object) -> bytes | None:
    """A file as a body: what is generated for it is text or nonsense of any type."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def without_credentials(document: dict[str, Any]) -> dict[str, Any]:
    """We show our own; others would take its place."""
    del document["components"]["securitySchemes"]
    for path in document["paths"].values():
        for operation in path.values():
            operation["security"] = []
    return document


schema = schemathesis.openapi.from_dict(without_credentials(describe(CONTROLLERS)))
CLOSED = [
    (method, path)
    for path, operations in describe(CONTROLLERS)["paths"].items()
    for method, operation in operations.items()
    if operation["security"]
]


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_without_a_credential_nothing_is_answered(
    method: str, path: str, client: asgi.ASGIClient
) -> None:
    named = path.replace("{operation}", Operation.TRANSFER).replace("{", "").replace("}", "")
    for body in (b"", b"{}", b"\x00"):
        answer = client.request(method.upper(), named, data=body)
        assert answer.status_code == 401, answer.text
        assert answer.json()["code"] == UNAUTHENTICATED.code


@schema.parametrize()
@settings(
    max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), deadline=None, derandomize=True
)
def test_whatever_is_asked_the_answer_is_one_that_is_described(
    case: Any, key: str, known: dict[str, str], app: Litestar, client: asgi.ASGIClient
) -> None:
    about = crc32(repr((case.path_parameters, case.query, case.body)).encode())
    if about % 2:
        fill_in(case.path_parameters, known)
        fill_in(case.body, known)
    language = ("ja", "en")[about // 2 % 2]
    headers = {"Authorization": f"Bearer {key}", "Accept-Language": language}
    answer = case.call(session=client, headers=headers, app=app)
    case.validate_response(answer, checks=CHECKS, headers=headers)
    if answer.headers.get("content-type", [""])[0] == MEDIA_TYPE:
        problem = answer.json()
        assert problem["detail"] == problem["sentences"][language]
        assert problem["status"] == answer.status_code
        assert problem["code"] not in LET_IN


def fill_in(container: Any, known: dict[str, str]) -> None:
    """Name what there is, instead of what there is not."""
    if isinstance(container, dict):
        for name in container.keys() & known.keys():
            container[name] = known[name]


def names_of(bank: Bank, registered: Any, challenge: Any, decision: Any) -> dict[str, str]:
    with bank.house.database.read() as transaction:
        device = transaction.row("SELECT id FROM devices WHERE tenant = :t", t=TENANT)
        digest = transaction.row("SELECT digest FROM rule_sets WHERE tenant = :t", t=TENANT)
        appraisal = transaction.row("SELECT id FROM appraisals WHERE tenant = :t", t=TENANT)
    assert device
    assert digest
    assert appraisal
    return {
        "app": "wallet",
        "device": device[0],
        "digest": digest[0],
        "appraisal": appraisal[0],
        "challenge_id": challenge.id,
        "challenge": challenge.id,
        "decision_id": decision.id,
        "evidence_id": registered.id,
        "evidence": registered.id,
        "operation": Operation.TRANSFER.value,
    }
