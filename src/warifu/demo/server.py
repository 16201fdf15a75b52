"""The real service for the demo: a folder of its own, trust of the test world, a free port."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from secrets import token_urlsafe
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.base.errors import VerifierFault
from warifu.cli import callers, keys, trust
from warifu.demo.backend import Caller
from warifu.demo.trust_files import anchors_document, metadata_blob, revocation_list
from warifu.service.assembly import Places
from warifu.service.serving import KEPT, Address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cyclopts import App

    from warifu.demo.world import World

TENANT = "kaede-bank"
START_SECONDS = 60
STOP_SECONDS = 20
LOG_SHOWN = 2000
STAFF = {
    "backend": ("decide", "read", "appraise"),
    "sato": ("govern", "configure"),
    "suzuki": ("approve",),
    "tanaka": ("approve",),
}
"""Who calls: the bank's backend, the author of rules, and two who approve; and their scopes."""


class Setup(Struct, frozen=True, kw_only=True):
    """What differs between the services that demos run."""

    tenant: str = TENANT
    staff: Mapping[str, tuple[str, ...]] = MappingProxyType(STAFF)
    settings: bytes | None = None
    """The settings file; None for the defaults."""
    signs: bool = False
    """Whether it has signing keys."""


USUAL = Setup()


class Server:
    """The running service, and what an operator does beside it."""

    def __init__(self, folder: Path, address: Address, setup: Setup) -> None:
        """Take note of where everything is; use `running`."""
        self.folder = folder
        self.address = address
        self.setup = setup
        self.callers: dict[str, Caller] = {}

    @property
    def places(self) -> Places:
        """Where the service keeps everything."""
        return Places(
            db=f"sqlite:///{self.folder / 'warifu.db'}",
            trust=self.folder / "trust",
            data_key=self.folder / "warifu-data.key",
            config=self.folder / "settings.toml" if self.setup.settings else None,
            keys=self.folder / "signing.keys" if self.setup.signs else None,
            passphrase_file=self.folder / "passphrase" if self.setup.signs else None,
        )

    def set_up_files(self) -> None:
        """Write the settings, and make signing keys for every purpose."""
        places = self.places
        if places.config is not None and self.setup.settings is not None:
            places.config.write_bytes(self.setup.settings)
        if places.keys is not None and places.passphrase_file is not None:
            places.passphrase_file.touch(mode=0o600)
            places.passphrase_file.write_text(token_urlsafe(24))
            files = ("--passphrase-file", str(places.passphrase_file))
            command(keys.make_app(), "init", "--keys", str(places.keys), *files, "--json")

    def learn(self, revoked: tuple[int, ...]) -> None:
        """Take in a revocation list with these serials, as published now."""
        published = self.folder / "status.json"
        published.write_bytes(revocation_list(revoked))
        self._trust("add", "android-revocation", str(published))

    def set_up_trust(self, world: World) -> None:
        """Make the trust directory that knows the makers of a test world."""
        anchors, metadata = self.folder / "anchors.json", self.folder / "metadata.jwt"
        anchors.write_bytes(anchors_document(world))
        metadata.write_bytes(metadata_blob(world))
        self._trust("init", "--anchors", str(anchors))
        self._trust("add", "fido-metadata", str(metadata))

    def register(self) -> None:
        """Register the bank and all who call, by the commands an operator would use."""
        db = ("--db", self.places.db, "--json")
        key = ("--data-key", str(self.places.data_key))
        tenant = self.setup.tenant
        command(callers.make_tenants_app(), "add", tenant, *key, *db)
        for name, scopes in self.setup.staff.items():
            options = [each for scope in scopes for each in ("--scope", scope)]
            line = ("add", "--tenant", tenant, "--name", name, *options, *db)
            made = json.loads(command(callers.make_callers_app(), *line))
            self.callers[name] = Caller(self.address, made["key"])

    def _trust(self, *tokens: str) -> None:
        directory = str(self.folder / "trust")
        command(trust.make_app(), *tokens, "--trust", directory, "--realm", "test")


@contextmanager
def running(world: World, setup: Setup = USUAL) -> Iterator[Server]:
    """The service as `warifu serve` runs it, until the block is left.

    Args:
        world: Whose makers it trusts.
        setup: Whose service, and how it is set up.

    Raises:
        VerifierFault: ``serve/process`` where it does not start; with the end of its log.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="warifu-demo-")))
        stack.enter_context(_ending_in_order())
        server = Server(folder, Address(port=free_port()), setup)
        server.set_up_files()
        server.set_up_trust(world)
        server.learn(())
        stack.enter_context(_process(server))
        server.register()
        yield server
        for each in server.callers.values():
            each.close()


def command(app: App, *tokens: str) -> str:
    """Call a command of `warifu` in this process.

    Returns:
        What it printed.
    """
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(printed), redirect_stderr(io.StringIO()):
        app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
        printed.flush()
    raw = printed.buffer
    assert isinstance(raw, io.BytesIO)  # noqa: S101 - as it is made
    return raw.getvalue().decode()


@contextmanager
def _process(server: Server) -> Iterator[None]:
    """`warifu serve`, ready to answer."""
    places, log = server.places, server.folder / "serve.log"
    options = {
        "--port": server.address.port,
        "--db": places.db,
        "--trust": places.trust,
        "--realm": "test",
        "--data-key": places.data_key,
        "--config": places.config,
        "--keys": places.keys,
        "--passphrase-file": places.passphrase_file,
    }
    given = [option for option in options.items() if option[1] is not None]
    line = [str(part) for option in given for part in option]
    with log.open("wb") as written:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "warifu", "serve", *line],
            cwd=server.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=written,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        _await_start(process, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _await_start(process: subprocess.Popen[bytes], log: Path) -> None:
    ready = threading.Event()

    def read() -> None:
        for line in process.stdout or ():
            if b"serving on" in line:
                ready.set()
        ready.set()

    threading.Thread(target=read, daemon=True).start()
    if not ready.wait(START_SECONDS) or process.poll() is not None:
        raise VerifierFault(KEPT, log.read_text(errors="replace")[-LOG_SHOWN:])


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """End in order where this process is told to, so that the service does not outlive it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    signals = (signal.SIGTERM, signal.SIGHUP)
    before: dict[Any, Any] = {number: signal.signal(number, leave) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def free_port() -> int:
    """A port of this machine where nobody serves at the moment."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port
