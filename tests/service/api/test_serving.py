"""`warifu serve` as an operator starts it: a process of its own, on a real port."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx2
import pytest

from tests.cli.runner import Run, run
from warifu.handset.authority import Authority
from warifu.service.callers.rules import UNAUTHENTICATED
from warifu.service.key_rules import KEY_FILE, PASSPHRASE_FILE
from warifu.service.serving import ADDRESS, KEPT, TLS
from warifu.service.settings import SETTINGS
from warifu.service.store.rules import SCHEMA

pytestmark = pytest.mark.slow
START_SECONDS = 90
STOP_SECONDS = 45


class Served:
    """One running service."""

    def __init__(self, folder: Path, *options: str, wait: bool = True) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "warifu", "serve", "--port", str(self.port), *options],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.said: list[str] = []
        self.logged = bytearray()
        self._ready = threading.Event()
        self._readers = [
            threading.Thread(target=self._read_out, daemon=True),
            threading.Thread(target=self._read_log, daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        if wait:
            assert self._ready.wait(START_SECONDS), self.logged.decode()

    def url(self, path: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to end; its exit status."""
        self.process.send_signal(number)
        return self.end()

    def end(self) -> int:
        try:
            return self.process.wait(STOP_SECONDS)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            for reader in self._readers:
                reader.join(STOP_SECONDS)
                assert not reader.is_alive(), "somebody holds its output open"
            for stream in (self.process.stdout, self.process.stderr):
                assert stream
                stream.close()

    def _read_out(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line.decode().rstrip())
            if "serving on" in self.said[-1]:
                self._ready.set()

    def _read_log(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.logged += line


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts services in a folder of their own; none survives the test."""
    tmp_path.chmod(0o700)
    started: list[Served] = []

    def start(*options: object, wait: bool = True) -> Served:
        started.append(Served(tmp_path, *map(str, options), wait=wait))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.end()


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Run]:
    """Calls a command in this process, in the folder of the service."""
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o700)
    return lambda *arguments: run(capsys, *arguments)


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def key_of(call: Callable[..., Run], *options: str) -> dict[str, str]:
    """Headers of a caller of a new tenant."""
    made = call("tenants", "add", "kaede", "--name", "Kaede Bank", *options)
    assert made.status == 0, made.err
    arguments = ("--tenant", "kaede", "--name", "backend", "--scope", "read", "--json")
    added = call("callers", "add", *arguments, *options)
    assert added.status == 0, added.err
    document: dict[str, Any] = added.document
    return {"Authorization": f"Bearer {document['key']}"}


class TestServing:
    def test_a_first_start_makes_what_is_missing_and_says_so(
        self, serve: Callable[..., Served], tmp_path: Path
    ) -> None:
        service = serve()
        assert service.said == [
            "warifu: made warifu-data.key",
            "warifu: made warifu.db",
            f"warifu: serving on {service.url('')}",
        ]
        assert (tmp_path / "warifu.db").stat().st_mode & 0o077 == 0
        assert httpx2.get(service.url("/readyz")).status_code == 200
        assert service.stop() == 0
        assert b"Traceback" not in service.logged
        assert serve().said[0].startswith("warifu: serving on")

    @pytest.mark.parametrize("processes", [1, 2])
    def test_a_caller_is_served_until_sigterm(
        self,
        serve: Callable[..., Served],
        call: Callable[..., Run],
        database_url: str,
        processes: int,
    ) -> None:
        assert call("data", "init-key").status == 0
        headers = key_of(call, "--db", database_url)
        service = serve("--db", database_url, "--processes", processes)
        with ThreadPoolExecutor(8) as threads:
            answers = list(
                threads.map(
                    lambda _: httpx2.get(service.url("/v1/trust"), headers=headers), range(32)
                )
            )
        assert {answer.status_code for answer in answers} == {200}
        refused = httpx2.get(service.url("/v1/trust"))
        assert refused.json()["code"] == UNAUTHENTICATED.code
        document = httpx2.get(service.url("/openapi.json")).json()
        assert document["openapi"].startswith("3.1")
        assert service.stop() == 0
        assert headers["Authorization"].encode()[7:] not in service.logged

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_request_at_work_is_answered_before_the_end(
        self, serve: Callable[..., Served], number: int
    ) -> None:
        service = serve()
        body = b'{"x":"' + b"y" * 100_000 + b'"}'
        with socket.create_connection(("127.0.0.1", service.port)) as slow:
            head = f"POST /v1/serials/lookup HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}"
            slow.sendall(f"{head}\r\n\r\n".encode() + body[:1000])
            sleep(0.3)
            service.process.send_signal(number)
            sleep(0.3)
            slow.sendall(body[1000:])
            slow.settimeout(5)
            assert slow.recv(100).startswith(b"HTTP/1.1 401")
        assert service.end() == 0

    def test_an_idle_connection_does_not_delay_the_end(self, serve: Callable[..., Served]) -> None:
        service = serve()
        with httpx2.Client() as client:
            client.get(service.url("/healthz"))
            begun = monotonic()
            assert service.stop() == 0
            assert monotonic() - begun < STOP_SECONDS / 3

    def test_a_process_that_is_killed_is_replaced(
        self,
        serve: Callable[..., Served],
        bare_urls: Callable[[str], str],
        call: Callable[..., Run],
    ) -> None:
        url = bare_urls("postgresql")
        assert call("db", "upgrade", "--db", url).status == 0
        assert call("data", "init-key").status == 0
        service = serve("--db", url, "--processes", 2)
        children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children")
        workers = [int(each) for each in children.read_text().split()]
        victim = next(each for each in workers if _is_worker(each))
        os.kill(victim, signal.SIGKILL)
        deadline = monotonic() + START_SECONDS
        while monotonic() < deadline:
            sleep(0.2)
            now = [int(each) for each in children.read_text().split() if _is_worker(int(each))]
            if len(now) == 2 and victim not in now:
                break
        else:
            pytest.fail("not replaced")
        assert service.stop() == 0

    def test_a_service_that_is_killed_leaves_no_process_that_serves_on(
        self, serve: Callable[..., Served]
    ) -> None:
        service = serve()
        assert service.stop(signal.SIGKILL) == -signal.SIGKILL
        deadline = monotonic() + STOP_SECONDS
        while monotonic() < deadline:
            try:
                httpx2.get(service.url("/healthz"))
            except httpx2.TransportError:
                return
            sleep(0.1)
        pytest.fail("still served")

    def test_tls_is_spoken_and_nothing_else(
        self, serve: Callable[..., Served], tmp_path: Path
    ) -> None:
        certificate, key = tls_pair(tmp_path)
        service = serve("--tls-cert", certificate, "--tls-key", key)
        assert service.said[-1] == f"warifu: serving on {service.url('', 'https')}"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        answer = httpx2.get(service.url("/healthz", "https"), verify=context)
        assert answer.status_code == 200
        with pytest.raises(httpx2.TransportError):
            httpx2.get(service.url("/healthz"))
        assert service.stop() == 0


class TestRefusals:
    def test_an_address_where_somebody_serves_is_refused(self, call: Callable[..., Run]) -> None:
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            other.bind(("127.0.0.1", 0))
            other.listen()
            ended = call("serve", "--port", other.getsockname()[1])
        assert ended.status == 2
        assert ADDRESS.code in ended.err
        assert not Path("warifu.db").exists()

    def test_an_older_database_is_refused(
        self, call: Callable[..., Run], bare_urls: Callable[[str], str]
    ) -> None:
        assert call("data", "init-key").status == 0
        ended = call("serve", "--port", free_port(), "--db", bare_urls("postgresql"))
        assert ended.status == 2
        assert SCHEMA.code in ended.err

    def test_a_database_without_the_keys_of_its_data_is_refused(
        self, call: Callable[..., Run]
    ) -> None:
        assert call("db", "upgrade").status == 0
        ended = call("serve", "--port", free_port())
        assert ended.status == 2
        assert KEY_FILE.code in ended.err
        assert not Path("warifu-data.key").exists()

    def test_settings_with_an_unknown_name_are_refused(self, call: Callable[..., Run]) -> None:
        Path("w.toml").write_text("[limits]\nrequest_per_minute = 1\n", "utf-8")
        for config in ("w.toml", "absent.toml"):
            ended = call("serve", "--port", free_port(), "--config", config)
            assert ended.status == 2
            assert SETTINGS.code in ended.err

    def test_half_a_tls_pair_and_a_wrong_pair_are_refused(
        self, call: Callable[..., Run], tmp_path: Path
    ) -> None:
        certificate, _ = tls_pair(tmp_path)
        for key in ((), ("--tls-key", certificate), ("--tls-key", "absent.pem")):
            ended = call("serve", "--port", free_port(), "--tls-cert", certificate, *key)
            assert ended.status == 2
            assert TLS.code in ended.err

    def test_signing_keys_without_a_passphrase_are_refused(self, call: Callable[..., Run]) -> None:
        ended = call("serve", "--port", free_port(), "--keys", "keys.cbor")
        assert ended.status == 2
        assert PASSPHRASE_FILE.code in ended.err

    def test_a_process_that_cannot_start_ends_the_service_as_a_fault(
        self, serve: Callable[..., Served], tmp_path: Path
    ) -> None:
        config = tmp_path / "w.toml"
        config.write_text("", "utf-8")
        service = serve("--config", config, wait=False)
        while not service.said and service.process.poll() is None:
            sleep(0.01)
        # Between the trial and the start of the process the settings break.
        while b"Unexpected exit" not in service.logged and service.process.poll() is None:
            config.write_text("[no-such-table]\n", "utf-8")
            sleep(0.05)
        assert service.end() in {2, 3}
        assert SETTINGS.code.encode() in service.logged or KEPT.code.encode() in service.logged


def tls_pair(folder: Path) -> tuple[Path, Path]:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    authority = Authority.root("localhost")
    certificate, key = folder / "tls.pem", folder / "tls-key.pem"
    certificate.write_text(ssl.DER_cert_to_PEM_cert(authority.certificate), "ascii")
    key.write_bytes(authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, key


def _is_worker(process: int) -> bool:
    """Not the tracker of shared resources, which multiprocessing starts beside them."""
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
    return bool(command) and b"resource_tracker" not in command
