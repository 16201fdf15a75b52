"""The main use case as a bank's backend sees it: JSON over HTTP."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from litestar.testing import TestClient

from tests.service.api.desk import by_word
from tests.service.phones import IN_ORDER, Android, Bank, IPhone
from tests.service.served import served
from warifu.base.codec.text import from_base64url
from warifu.service.conduct.challenges.rules import CHALLENGE_KNOWN, CONTEXT, UNUSED
from warifu.service.conduct.evidence.rules import FORM
from warifu.service.conduct.rules import KNOWN

if TYPE_CHECKING:
    from litestar import Litestar

    from tests.service.house import Hands
    from warifu.service.conduct.evidence.expectations import SubmittedEvidence

ABOUT: dict[str, Any] = {
    "app": "wallet",
    "operation": {
        "kind": "transfer",
        "amount": 10_000,
        "currency": "JPY",
        "payee_known": True,
    },
    "user": "hanako",
    "device": "hanakos-phone",
    "context": {"payee": "0009-123-7654321"},
}
KNOWN_OF_HER = msgspec.to_builtins(IN_ORDER)


class Backend:
    """Calls the service as a bank does."""

    def __init__(self, client: TestClient[Litestar]) -> None:
        self.client = client

    def post(self, path: str, expect: int = 201, **body: Any) -> dict[str, Any]:
        answer = self.client.post(path, json=body)
        assert answer.status_code == expect, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def get(self, path: str, expect: int = 200) -> dict[str, Any]:
        answer = self.client.get(path)
        assert answer.status_code == expect, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def challenge(self, **changed: Any) -> tuple[str, bytes]:
        made = self.post("/v1/challenges", **{**ABOUT, **changed})
        return made["id"], from_base64url(made["challenge"])


@pytest.fixture
def backend(bank: Bank) -> Iterator[Backend]:
    with served(bank.house, authenticate=by_word) as client:
        client.headers["Authorization"] = f"Bearer {bank.caller.tenant}"
        yield Backend(client)


def wire(evidence: SubmittedEvidence) -> dict[str, Any]:
    """As a backend writes it: base64 in JSON."""
    members = msgspec.structs.asdict(evidence)
    return {
        name: b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in members.items()
        if value is not None
    }


def test_decision_in_one_round_trip(backend: Backend, clock: Hands) -> None:
    challenge, value = backend.challenge()
    evidence = wire(Android().evidence(value, clock.now))
    body = {**ABOUT, "challenge": challenge, "evidence": evidence, "bank": KNOWN_OF_HER}
    made = backend.post("/v1/decisions", **body)
    assert (made["outcome"], made["reasons"]) == ("serve", [])
    assert backend.get(f"/v1/decisions/{made['id']}") == made
    assert backend.get("/v1/decisions?outcome=serve&device=hanakos-phone")["items"] == [made]
    assert backend.get(f"/v1/challenges/{challenge}")["state"] == "used"
    assert backend.post("/v1/decisions", 409, **body)["code"] == UNUSED.code


def test_decision_step_by_step(backend: Backend, iphone: IPhone) -> None:
    challenge, value = backend.challenge()
    registration = wire(iphone.registration(value))
    made = backend.post("/v1/evidence", **ABOUT, challenge=challenge, evidence=registration)
    assert (made["verdict"], made["device"]) == ("accepted", "hanakos-phone")
    challenge, value = backend.challenge()
    assertion = wire(iphone.assertion(value))
    judged = backend.post("/v1/evidence", **ABOUT, challenge=challenge, evidence=assertion)
    decided = backend.post(
        "/v1/decisions", **ABOUT, appraisal=judged["appraisal"]["id"], bank=KNOWN_OF_HER
    )
    assert decided["outcome"] == "serve"
    assert backend.get(f"/v1/evidence/{judged['id']}")["format"] == "app-attest-assertion"
    assert len(backend.get("/v1/evidence?device=hanakos-phone")["items"]) == 2


def test_refusal_tells_customer_and_analyst_in_both_languages(backend: Backend) -> None:
    made = backend.post("/v1/decisions", **ABOUT)
    assert made["outcome"] == "refuse"
    for reason in made["reasons"]:
        assert reason["customer"]["ja"].endswith("。")
        assert reason["analyst"]["en"].endswith(".")


def test_refusal_says_what_would_have_to_change(backend: Backend, clock: Hands) -> None:
    challenge, value = backend.challenge()
    evidence = wire(Android().evidence(value, clock.now))
    known = json.loads(json.dumps(KNOWN_OF_HER))
    known["account"]["limit_left"] = 1
    made = backend.post(
        "/v1/decisions", **ABOUT, challenge=challenge, evidence=evidence, bank=known
    )
    (reason,) = made["reasons"]
    assert reason["code"] == "within-todays-limit"
    changes = [change for way in reason["ways"] for change in way]
    assert {"operation.amount", "account.limit_left"} >= {each["fact"] for each in changes} != set()


def test_amount_changed_on_the_way_is_a_conflict(backend: Backend, clock: Hands) -> None:
    challenge, value = backend.challenge()
    evidence = wire(Android().evidence(value, clock.now))
    more = {**ABOUT, "operation": {**ABOUT["operation"], "amount": 90_000}}
    told = backend.post("/v1/decisions", 409, **more, challenge=challenge, evidence=evidence)
    assert told["code"] == CONTEXT.code


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/challenges/none", 404, CHALLENGE_KNOWN.code),
        ("/v1/evidence/none", 404, KNOWN.code),
        ("/v1/decisions/none", 404, KNOWN.code),
    ],
)
def test_what_is_not_there(backend: Backend, path: str, status: int, code: str) -> None:
    assert backend.get(path, status)["code"] == code


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"app": "no-such-app"}, 404),
        ({"operation": {"kind": "transfer", "amount": -1}}, 400),
        ({"operation": {"kind": "steal"}}, 400),
        ({"context": {str(number): "" for number in range(21)}}, 400),
        ({"device": "a device/with a slash"}, 400),
        ({"surprise": 1}, 400),
    ],
)
def test_requests_that_are_not_as_documented(
    backend: Backend, changed: dict[str, Any], status: int
) -> None:
    backend.post("/v1/challenges", status, **{**ABOUT, **changed})


def test_evidence_of_no_form(backend: Backend) -> None:
    challenge, _ = backend.challenge()
    told = backend.post("/v1/evidence", 400, **ABOUT, challenge=challenge, evidence={})
    assert told["code"] == FORM.code


def test_evidence_of_an_unknown_media_type(backend: Backend) -> None:
    challenge, _ = backend.challenge()
    evidence = {"media_type": "text/plain", "data": "AAAA"}
    told = backend.post("/v1/evidence", 422, **ABOUT, challenge=challenge, evidence=evidence)
    assert told["code"] == "evidence/known-media-type"
