"""The real server behind a real end of mutual TLS, from handshake to scope."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest

from tests.service.callers.calling import TENANT, Bench, key_of
from tests.service.callers.terminator import Identity, make_identity, terminator
from warifu.handset.authority import Authority
from warifu.service.adapters.data_key_file import DataKeyFile
from warifu.service.callers import rules
from warifu.service.conduct.registrations import registering
from warifu.service.conduct.registrations.registering import certificate_credential
from warifu.service.store.database import Database

PATH = "/v1/devices"
PATIENCE_SECONDS = 30


@dataclass
class Site:
    """A server, the proxy before it, and a client that is registered."""

    bench: Bench
    server: int
    proxy: int
    client: Identity
    stranger: Identity
    caller: str

    def ask(self, identity: Identity | None, **headers: str) -> tuple[int, str]:
        """Through the proxy: status, and the code of the problem."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if identity is not None:
            context.load_cert_chain(identity.certificate, identity.key)
        return _get(HTTPSConnection("127.0.0.1", self.proxy, context=context), headers)

    def ask_directly(self, **headers: str) -> tuple[int, str]:
        """Past the proxy."""
        return _get(HTTPConnection("127.0.0.1", self.server), headers)


def _get(connection: HTTPConnection, headers: dict[str, str]) -> tuple[int, str]:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", PATH, headers=fields)
    answer = connection.getresponse()
    document = json.loads(answer.read())
    connection.close()
    return answer.status, document.get("code", "")


def base64_of(identity: Identity) -> str:
    return "".join(identity.certificate.read_text().splitlines()[1:-1])


@pytest.fixture
def site(
    database: Database, database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Site]:
    trusted = getattr(request, "param", "127.0.0.1")
    bench = Bench(database)
    bench.clock.now = datetime.now(UTC)
    tmp_path.chmod(0o700)
    authority = Authority.root("clients of the bank")
    client, stranger, own = (
        make_identity(authority, tmp_path, common_name)
        for common_name in ("client", "stranger", "proxy")
    )
    made = bench.register(credential=certificate_credential(client.der))
    DataKeyFile(tmp_path / "data.key").create(now=bench.clock())
    config = tmp_path / "warifu.toml"
    config.write_text(f'[proxy]\ntrusted = ["{trusted}"]\n')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = ("--db", database_url, "--config", str(config), "--data-key", tmp_path / "data.key")
    process = subprocess.Popen(
        [sys.executable, "-m", "warifu", "serve", "--port", str(port), *places],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _await(port, process)
        with terminator(authority, own, tmp_path, port) as proxy:
            name = f"{TENANT}/{made.caller.id}"
            yield Site(bench, port, proxy, client, stranger, name)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    process.kill()
    pytest.fail(f"the server did not start: {process.communicate()[1].decode()[-2000:]}")


def test_a_certificate_travels_from_the_handshake_to_the_answer(site: Site) -> None:
    assert site.ask(site.client, Warifu_Caller=site.caller) == (200, "")
    refused = (401, rules.UNAUTHENTICATED.code)
    # Another client of the same authority.
    assert site.ask(site.stranger, Warifu_Caller=site.caller) == refused
    # No certificate in the handshake, whatever the request claims: the proxy strips the field.
    field = f":{base64_of(site.client)}:"
    assert site.ask(None, Warifu_Caller=site.caller, Client_Cert=field) == refused
    assert site.ask(site.stranger, Warifu_Caller=site.caller, Client_Cert=field) == refused
    # An API key serves behind the same proxy.
    key = f"Bearer {key_of(site.bench.register('by key'))}"
    assert site.ask(None, Authorization=key) == (200, "")
    # And a revoked certificate is refused by the running server at once.
    registering.revoke_caller(
        site.bench.operator, tenant=TENANT, caller=site.caller.partition("/")[2]
    )
    assert site.ask(site.client, Warifu_Caller=site.caller) == refused


@pytest.mark.parametrize("site", ["10.0.0.0/8"], indirect=True)
def test_a_server_that_does_not_know_its_proxy_refuses_what_it_says(site: Site) -> None:
    smuggled = (403, rules.TRUSTED_PROXY.code)
    assert site.ask(site.client, Warifu_Caller=site.caller) == smuggled
    field = f":{base64_of(site.client)}:"
    assert site.ask_directly(Warifu_Caller=site.caller, Client_Cert=field) == smuggled
