"""kill -9 of the running service under load: every decision that was acknowledged is there."""

from __future__ import annotations

import json
import os
import signal
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.service.api.test_serving import Served, call, serve
from warifu.service.store.opening import open_database

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.runner import Run

pytestmark = pytest.mark.slow
__all__ = ["call", "serve"]
ROUNDS = 2
CLIENTS = 8
ENOUGH = 60
"""Acknowledged before the blow falls."""
PATIENCE = 60
"""Seconds for an answer, and for all of them: a busy disk is not what is tried here."""
ABOUT: dict[str, Any] = {
    "app": "wallet",
    "operation": {"kind": "login"},
    "user": "hanako",
    "context": {},
}
GARBAGE = {
    "media_type": "application/pem-certificate-chain",
    "data": b64encode(b"-----BEGIN CERTIFICATE-----").decode(),
}


class Load:
    """Clients that ask for decisions until nobody answers, and remember what they were told."""

    def __init__(self, service: Served, headers: dict[str, str]) -> None:
        """Nothing is acknowledged yet."""
        self.service = service
        self.headers = headers
        self.told: dict[str, bytes] = {}
        self.used: set[str] = set()
        self.ended: list[str] = []
        self.enough = threading.Event()

    def client(self, _: int) -> None:
        """One client's life."""
        with httpx2.Client(headers=self.headers, timeout=PATIENCE) as client:
            try:
                while True:
                    self._decide(client)
            except httpx2.TransportError as error:
                self.ended.append(repr(error))

    def _decide(self, client: httpx2.Client) -> None:
        made = client.post(self.service.url("/v1/challenges"), json=ABOUT)
        assert made.status_code == 201, made.text
        body = {**ABOUT, "challenge": made.json()["id"], "evidence": GARBAGE}
        answer = client.post(self.service.url("/v1/decisions"), json=body)
        assert answer.status_code == 201, answer.text
        self.told[answer.json()["id"]] = answer.content
        self.used.add(body["challenge"])
        if len(self.told) >= ENOUGH:
            self.enough.set()


def test_every_decision_that_was_acknowledged_survives_kill_9(
    serve: Callable[..., Served], call: Callable[..., Run], database_url: str
) -> None:
    assert call("data", "init-key").status == 0
    assert call("tenants", "add", "kaede", "--name", "K", "--db", database_url).status == 0
    headers = a_caller(call, database_url)
    told: dict[str, bytes] = {}
    used: set[str] = set()
    for number in range(ROUNDS):
        service = serve("--db", database_url)
        if number == 0:
            app = {"id": "wallet", "name": "W", "android": {"package": "jp.example.bank"}}
            made = httpx2.post(service.url("/v1/apps"), json=app, headers=headers)
            assert made.status_code == 201, made.text
        load = Load(service, headers)
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(load.client, each) for each in range(CLIENTS)]
            enough = load.enough.wait(PATIENCE)
            kill(service)
            for each in clients:
                each.result()
        assert enough, (len(load.told), load.ended, service.logged.decode()[-2000:])
        told |= load.told
        used |= load.used
    require_all(database_url, told, used)
    service = serve("--db", database_url)
    for decision, body in list(told.items())[-5:]:
        seen = httpx2.get(service.url(f"/v1/decisions/{decision}"), headers=headers)
        assert seen.json() == json.loads(body)
    assert service.stop() == 0


def a_caller(call: Callable[..., Run], url: str) -> dict[str, str]:
    scopes = [part for name in ("decide", "read", "configure") for part in ("--scope", name)]
    arguments = ("--tenant", "kaede", "--name", "backend", *scopes, "--json", "--db", url)
    added = call("callers", "add", *arguments)
    assert added.status == 0, added.err
    document: dict[str, Any] = added.document
    return {"Authorization": f"Bearer {document['key']}"}


def kill(service: Served) -> None:
    """All its processes at once, as when the machine loses power."""
    process = service.process.pid
    children = Path(f"/proc/{process}/task/{process}/children").read_text("ascii").split()
    for each in [*map(int, children), process]:
        os.kill(each, signal.SIGKILL)
    service.end()


def require_all(url: str, told: dict[str, bytes], used: set[str]) -> None:
    """What was acknowledged is there as it was told, and nothing is there by half."""
    assert len(told) >= ROUNDS * ENOUGH
    database = open_database(url)
    with database.read() as transaction:
        decisions = {
            row[0]: json.loads(row[1])
            for row in transaction.rows("SELECT id, document FROM decisions WHERE tenant = 'kaede'")
        }
        evidence = transaction.rows("SELECT challenge FROM evidence WHERE tenant = 'kaede'")
        answered = transaction.rows(
            "SELECT id FROM challenges WHERE tenant = 'kaede' AND used_at IS NOT NULL"
        )
        appraised = transaction.rows("SELECT used_by FROM appraisals WHERE tenant = 'kaede'")
        audited = transaction.rows(
            "SELECT subject FROM audit WHERE tenant = 'kaede' AND action = 'decision/made'"
        )
    database.close()
    for decision, body in told.items():
        assert json.loads(body).items() <= decisions[decision].items()
    assert used <= {row[0] for row in answered}
    assert sorted(evidence) == sorted(answered)
    assert (
        sorted(decisions)
        == sorted(row[0] for row in appraised)
        == sorted(row[0] for row in audited)
    )
