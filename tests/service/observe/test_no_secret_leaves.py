"""A full run, and then a search for every planted secret in all that leaves the process."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from litestar import Controller, Litestar, get, post
from litestar.testing import TestClient

from tests.service.house import APP, PLAY_SECRET, TENANT, Hands, make_house, makers, put_app, wallet
from tests.service.observe.conftest import Watched
from tests.service.observe.planted import DEVICE, IMEI, LOCAL, PASSPHRASE, USER, Planted, spellings
from tests.service.phones import (
    IN_ORDER,
    LOGIN,
    Android,
    IPhone,
    Passkey,
    asked,
    play_integrity_token,
    the_bytes,
)
from warifu.base.errors import BadEvidence, VerifierFault
from warifu.base.secret import Secret
from warifu.handset import android_key, der_writer
from warifu.handset.authority import spki
from warifu.service.api import app as shell
from warifu.service.api.access import needs
from warifu.service.caller import Scope
from warifu.service.conduct.challenges.challenge import ChallengeAnswer, ChallengeRequest
from warifu.service.conduct.decisions import decision
from warifu.service.conduct.decisions.deciding import DecisionRequest
from warifu.service.conduct.evidence import submission
from warifu.service.conduct.evidence.evidence import EvidenceRequest
from warifu.service.conduct.evidence.expectations import SubmittedEvidence
from warifu.service.conduct.registrations import registering, registration
from warifu.service.conduct.registrations.registering import Operator
from warifu.service.conduct.rules import KNOWN
from warifu.service.conduct.work import Work
from warifu.service.settings import LimitSettings, Settings
from warifu.service.vault.vault import MasterKeys, SealingVault

if TYPE_CHECKING:
    from warifu.service.composition import Composition
    from warifu.service.store.database import Database

JSON: dict[str, Any] = {"headers": {"Content-Type": "application/json"}}
HOSTILE_BODIES = (
    b"",
    b"{",
    json.dumps({USER: DEVICE}).encode(),
    json.dumps({"app": APP, "user": [USER], "device": {"id": DEVICE}}).encode(),
    json.dumps({"app": APP, "operation": {"kind": USER}}).encode(),
    json.dumps({"app": USER, "operation": {"kind": "login"}, "user": USER}).encode(),
    json.dumps({"app": APP, "operation": {"kind": "login", "amount": IMEI}}).encode(),
    json.dumps({"app": APP, "operation": {"kind": "login"}, "user": USER * 100}).encode(),
    json.dumps({"app": APP, "evidence": {"media_type": USER, "data": LOCAL}}).encode(),
    json.dumps([[[[USER]]]]).encode(),
    f'"{PASSPHRASE}"'.encode(),
    USER.encode("utf-16"),
    b"\xff\xfe" + USER.encode(),
)


SECRET_CHARACTERS = 43
"""Of an API key: 32 random bytes in base64url."""


class BrokenController(Controller):
    """Fails in every way there is, with secrets at hand."""

    path = "/v1/broken"

    @get("/{how:str}", opt=needs(Scope.READ), sync_to_thread=True)
    def fail(self, work: Work, how: str) -> None:
        secret = LOCAL
        kept = Secret(secret.encode())
        if how == "foreign":
            raise RuntimeError(f"cannot use {secret}", kept)
        if how == "caused":
            try:
                os.environ[secret]
            except KeyError as error:
                raise VerifierFault(KNOWN, f"{kept}") from error
        if how == "context":
            try:
                int(secret)
            finally:
                raise LookupError(secret)
        if how == "bytes":
            secret.encode("ascii").decode("utf-16")
        if how == "group":
            raise ExceptionGroup(secret, [ValueError(secret), KeyError(kept)])
        if how == "logged":
            import logging  # noqa: PLC0415

            logging.getLogger("driver").warning("used %r for %s", kept, work)
            raise BadEvidence(KNOWN, base64.b64encode(secret.encode()).decode())

    @post("/body", opt=needs(Scope.DECIDE), sync_to_thread=True)
    def body(self, work: Work, data: dict[str, Any]) -> None:
        raise RuntimeError(data)


class Run:
    """A service in which secrets are planted, and all that came out of it."""

    def __init__(self, database: Database, watched: Watched) -> None:
        self.planted = Planted()
        self.planted.plant("play integrity key", PLAY_SECRET)
        self.watched = watched
        self.answers: list[bytes] = []
        self.clock = Hands()
        secrets = self.planted.secrets
        settings = Settings(limits=LimitSettings(failed_logins_per_minute=1_000_000))
        self.house = msgspec.structs.replace(
            make_house(database, clock=self.clock, settings=settings),
            vault=SealingVault(
                MasterKeys(
                    generations={1: Secret(secrets["data key"])}, index=Secret(secrets["index key"])
                )
            ),
        )
        self.key = self._settle(self.house)

    def call(self, client: TestClient[Litestar], method: str, path: str, **more: Any) -> Any:
        answer = client.request(method, path, **more)
        head = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        if answer.status_code >= 400:
            self.answers.append(answer.content)
        self.answers.append(head.encode())
        return answer

    def leaks(self) -> set[tuple[str, bytes]]:
        """Secrets in what an operator, a collector or a refused caller gets to see, and where."""
        spans = [span.to_json().encode() for span in self.watched.spans.get_finished_spans()]
        seen = [*self.watched.written.getvalue().splitlines(), *spans, *self.answers]
        return {(name, piece) for piece in seen for name in self.planted.found_in(piece)}

    def _settle(self, house: Composition) -> str:
        by = Operator(database=house.database, name="cli:test", now=self.clock())
        registering.add_tenant(by, house.vault, tenant=TENANT, name="Kaede Bank")
        sealed = registration.seal_play_integrity_keys(
            house,
            TENANT,
            APP,
            decryption=self.planted.secrets["play integrity key"],
            verification=spki(makers().play_signing_key),
        )
        with house.database.write() as transaction:
            transaction.apply(put_app(TENANT, wallet(), now=self.clock(), secrets=sealed))
        made = registering.add_caller(by, tenant=TENANT, name="backend", scopes=frozenset(Scope))
        assert made.key is not None
        key = made.key.reveal()
        self.planted.plant("api key", key)
        self.planted.plant("api key's secret", key[-SECRET_CHARACTERS:])
        return key.decode()


@pytest.fixture
def run(database: Database, watched: Watched) -> Run:
    return Run(database, watched)


@pytest.fixture
def client(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient[Litestar]]:
    monkeypatch.setattr(shell, "CONTROLLERS", [*shell.CONTROLLERS, BrokenController])
    application = shell.make_asgi(run.house)
    with TestClient(application, raise_server_exceptions=False) as made:
        made.headers["Authorization"] = f"Bearer {run.key}"
        yield made


def routes(client: TestClient[Litestar]) -> list[tuple[str, str]]:
    """Every method and path template of the interface."""
    return [
        (method, route.path_format)
        for route in client.app.routes
        for method in sorted(getattr(route, "methods", ()))
        if method != "OPTIONS"
    ]


def filled(template: str, value: str) -> str:
    parts = template.split("/")
    return "/".join(value if part.startswith("{") else part for part in parts)


def test_no_secret_leaves_whatever_is_asked(
    run: Run, client: TestClient[Litestar], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for method, template in routes(client):
        for value in (DEVICE, IMEI, USER, "%00", "01a1fd55-7a80-7bc5-ab70-113b87e77195"):
            query = {"user": USER, "device": DEVICE, "after": LOCAL, "limit": IMEI}
            run.call(client, method, filled(template, value))
            run.call(client, method, filled(template, value), params=query)
        if method in {"POST", "PUT", "PATCH", "DELETE"}:
            for body in HOSTILE_BODIES:
                for kind in ("application/json", "application/toml", f"text/{USER}"):
                    run.call(
                        client,
                        method,
                        filled(template, DEVICE),
                        content=body,
                        headers={"Content-Type": kind, "If-Match": f'"{USER}"'},
                    )
    captured = capfdbinary.readouterr()
    run.answers += [captured.out, captured.err, metrics_of(client)]
    assert len(run.answers) > 200
    assert b'"event":"request"' in run.watched.written.getvalue()
    assert run.leaks() == set()


def test_no_credential_leaves_whether_it_is_right_or_wrong(
    run: Run, client: TestClient[Litestar], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    wrong = f"warifu_{TENANT}_01a1fd55-7a80-7bc5-ab70-113b87e77195_" + "S3cr" * 10 + "abc"
    run.planted.plant("wrong key", wrong.encode())
    run.planted.plant("wrong key's secret", wrong[-43:].encode())
    run.planted.plant("cookie", b"session-of-4711-yamada")
    plain = base64.b64encode(f"{TENANT}:{PASSPHRASE}".encode()).decode()
    for stated in (
        f"Bearer {wrong}",
        f"Bearer {run.key}x",
        f"Bearer {run.key[:-1]}",
        f"Basic {plain}",
        wrong,
        f"Bearer {PASSPHRASE}",
        "",
    ):
        for header in ("Authorization", "X-Api-Key", "Cookie", "Client-Cert", "Signature-Input"):
            run.call(client, "GET", "/v1/devices", headers={header: stated})
        client.cookies.set("session", "session-of-4711-yamada")
        run.call(client, "GET", "/v1/devices", params={"key": stated, "api_key": run.key})
        run.call(
            client,
            "GET",
            f"/v1/{run.key}",
            headers={
                "traceparent": f"00-{'4bf92f3577b34da6' * 2}-00f067aa0ba902b7-01",
                "tracestate": f"vendor={USER}",
                "baggage": f"user={USER}",
                "User-Agent": USER,
                "X-Forwarded-For": DEVICE,
                "X-Request-Id": USER,
            },
        )
    captured = capfdbinary.readouterr()
    run.answers += [captured.out, captured.err, metrics_of(client)]
    assert run.leaks() == set()


def test_no_secret_leaves_a_handler_that_fails_with_secrets_in_its_variables(
    run: Run, client: TestClient[Litestar], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for how in ("foreign", "caused", "context", "bytes", "group", "logged"):
        answer = run.call(client, "GET", f"/v1/broken/{how}")
        assert answer.headers["x-request-id"]
    answer = run.call(client, "POST", "/v1/broken/body", json={"user": USER, "key": run.key})
    assert answer.status_code == 500
    assert answer.json()["instance"].endswith(answer.headers["x-request-id"])
    captured = capfdbinary.readouterr()
    run.answers += [captured.out, captured.err, metrics_of(client)]
    assert run.leaks() == set()
    places = [line for line in run.watched.lines() if line["event"] == "unexpected exception"]
    assert len(places) >= 5
    assert all("test_no_secret_leaves" in str(line["exception"]["at"]) for line in places)


def test_challenges_are_told_to_their_caller_and_to_nobody_else(
    run: Run, client: TestClient[Litestar], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    asked = {"app": APP, "operation": {"kind": "login"}, "user": USER, "device": DEVICE}
    headers: dict[str, str] = {}
    for number in range(3):
        headers = {"Idempotency-Key": f"key-{number % 2}"}
        answer = run.call(client, "POST", "/v1/challenges", json=asked, headers=headers)
        assert answer.status_code == 201
        told = answer.json()
        value = base64.urlsafe_b64decode(told["challenge"] + "=")
        run.planted.plant(f"challenge {number}", value)
        run.call(client, "GET", f"/v1/challenges/{told['id']}")
        run.call(client, "GET", f"/v1/challenges/{told['challenge']}")
    run.call(client, "POST", "/v1/challenges", json={**asked, "user": 1}, headers=headers)
    captured = capfdbinary.readouterr()
    run.answers += [captured.out, captured.err, metrics_of(client)]
    assert run.leaks() == set()


def wire(request: object) -> bytes:
    return msgspec.json.encode(request)


def name_itself(evidence: android_key.AndroidEvidence) -> None:
    evidence.description.hardware.set(714, der_writer.octet_string(IMEI.encode()))


class Customer:
    """One customer's phones, asking over HTTP."""

    def __init__(self, run: Run, client: TestClient[Litestar]) -> None:
        self.run = run
        self.client = client
        self.challenges = 0

    def challenge(self, **about: Any) -> ChallengeAnswer:
        asking = ChallengeRequest(**asked(user=USER, device=DEVICE, **about))
        told = self.run.call(self.client, "POST", "/v1/challenges", content=wire(asking), **JSON)
        answer = msgspec.json.decode(told.content, type=ChallengeAnswer)
        self.challenges += 1
        self.run.planted.plant(f"challenge {self.challenges}", the_bytes(answer))
        return answer

    def decide(self, challenge: ChallengeAnswer, evidence: SubmittedEvidence, **about: Any) -> int:
        """Ask twice, once as it should be and once as an attacker would."""
        asking = DecisionRequest(
            challenge=challenge.id,
            evidence=evidence,
            bank=IN_ORDER,
            **asked(**{"user": USER, "device": DEVICE, **about}),
        )
        first = self.run.call(self.client, "POST", "/v1/decisions", content=wire(asking), **JSON)
        again = self.run.call(self.client, "POST", "/v1/decisions", content=wire(asking), **JSON)
        assert again.status_code >= 400
        return int(first.status_code)

    def register(self, phone: IPhone | Passkey) -> int:
        challenge = self.challenge(operation=LOGIN)
        asking = EvidenceRequest(
            challenge=challenge.id,
            evidence=phone.registration(the_bytes(challenge)),
            **asked(user=USER, device=DEVICE, operation=LOGIN),
        )
        told = self.run.call(self.client, "POST", "/v1/evidence", content=wire(asking), **JSON)
        return int(told.status_code)


def broken(evidence: SubmittedEvidence) -> Iterator[SubmittedEvidence]:
    data = evidence.data or b""
    yield msgspec.structs.replace(evidence, data=data[: len(data) // 2])
    yield msgspec.structs.replace(evidence, data=data[:-40] + bytes(40))
    yield msgspec.structs.replace(evidence, data=USER.encode())
    yield msgspec.structs.replace(evidence, media_type=f"application/{USER}")


def test_no_secret_leaves_decisions_honest_or_not(
    run: Run, client: TestClient[Litestar], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    customer = Customer(run, client)
    iphone, passkey = IPhone(made_at=run.clock()), Passkey(handle=b"account-of-4711-yamada-taro")
    run.planted.plant("user handle", passkey.handle)
    makers_of: list[Callable[[bytes], SubmittedEvidence]] = [
        lambda challenge: Android(change=name_itself).evidence(challenge, run.clock()),
        lambda challenge: play_integrity_token(challenge, run.clock()),
    ]
    assert customer.register(iphone) == 201
    assert customer.register(passkey) == 201
    makers_of += [
        lambda challenge: iphone.assertion(challenge, payee=USER),
        passkey.assertion,
    ]
    for make in makers_of:
        challenge = customer.challenge()
        assert customer.decide(challenge, make(the_bytes(challenge))) == 201
        challenge = customer.challenge()
        assert customer.decide(challenge, make(the_bytes(challenge)), user=f"not-{USER}") == 409
        for evidence in broken(make(b"another challenge of 32 bytes!!!")):
            customer.decide(customer.challenge(), evidence)
        challenge = customer.challenge()
        run.clock.forward(seconds=3600)
        assert customer.decide(challenge, make(the_bytes(challenge))) == 409
    for method, path in (
        ("GET", f"/v1/devices/{DEVICE}"),
        ("POST", "/v1/erasures"),
        ("GET", f"/v1/devices/{DEVICE}"),
    ):
        run.call(client, method, path, json={"device": DEVICE} if method == "POST" else None)
    captured = capfdbinary.readouterr()
    run.answers += [captured.out, captured.err, metrics_of(client)]
    assert run.leaks() == set()
    spans = {span.name for span in run.watched.spans.get_finished_spans()}
    assert spans == {"request", "verify", "appraise", "decide", "commit"}
    counted = metrics_of(client).decode()
    assert 'warifu_challenges_total{event="used"}' in counted
    assert 'warifu_challenges_total{event="expired"} 8.0' in counted
    assert 'format="app-attest-assertion",verdict="accepted"' in counted


@pytest.mark.parametrize("where", ["_verify", "judge", "keep", "commit"])
def test_no_secret_leaves_a_decision_that_breaks_in_the_middle(
    run: Run,
    client: TestClient[Litestar],
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    customer = Customer(run, client)
    challenge = customer.challenge()
    evidence = Android(change=name_itself).evidence(the_bytes(challenge), run.clock())

    def fail(*given: Any, **named: Any) -> None:
        secrets = (given, named, the_bytes(challenge), run.key)
        raise RuntimeError(secrets)

    module = submission if where in {"_verify", "judge"} else decision
    monkeypatch.setattr(module, where, fail)
    assert customer.decide(challenge, evidence) == 500
    captured = capfdbinary.readouterr()
    run.answers += [captured.out, captured.err, metrics_of(client)]
    assert run.leaks() == set()
    assert any(line["event"] == "unexpected exception" for line in run.watched.lines())


def metrics_of(client: TestClient[Litestar]) -> bytes:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return answer.content


def test_the_search_finds_a_secret_in_every_spelling() -> None:
    planted = Planted(secrets={"key": os.urandom(32), "user": USER.encode()})
    for name, secret in planted.secrets.items():
        for before in (b"", b"a", b"ab", b"abc"):
            whole = before + secret + b"after"
            for written in (
                whole,
                whole.hex().encode(),
                whole.hex().upper().encode(),
                base64.b64encode(whole),
                base64.urlsafe_b64encode(whole).rstrip(b"="),
            ):
                found = planted.found_in(b"log: " + written + b"\n")
                assert any(entry.startswith(name) for entry in found), (name, before, written)
    assert planted.found_in(b"nothing of the kind" * 100) == set()
    assert all(
        len(needle) >= 12
        for secret in planted.secrets.values()
        for needle in spellings(secret).values()
    )
