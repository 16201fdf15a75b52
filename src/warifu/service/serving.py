"""The processes that serve: each assembled anew from its places, on one address.

A process is started afresh rather than forked, so that no connection, lock, token session or key of
the one that starts it is in two processes.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import gc
import multiprocessing
import os
import resource
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import sleep
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer
from msgspec import Struct

from warifu.base.errors import Misuse, VerifierFault
from warifu.base.rule import Rule, Text
from warifu.service.assembly import Places, assemble
from warifu.service.observe import log

if TYPE_CHECKING:
    from litestar import Litestar

THREADS = 8
"""In each process, for what is asked of no use case: health, metrics, the interface's description.
Requests have threads of their own, see `warifu.service.api.clerks`."""
LOOK_SECONDS = 0.02
STOP_SECONDS = 30
"""How long requests at work may take to end before their process is ended."""
COLLECT_AFTER = (50_000, 20, 100)
"""How many more objects there are when cycles are looked for (`gc.set_threshold`): little of ours
is in a cycle. With what was made before the first request set aside, that is about a twelfth of a
request's processor time."""
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
"""prctl(2)."""
COUNTS = "PROMETHEUS_MULTIPROC_DIR"

ADDRESS = Rule(
    code="serve/address",
    clause="warifu serve --host --port",
    requires=Text(
        ja="待ち受けるアドレスとポートは、この機器のもので、ほかに使用されていない必要があります。",
        en="The address and port to serve on are this machine's, and nobody serves there yet.",
    ),
    stops="two services answering in turns at one address",
)
TLS = Rule(
    code="serve/tls",
    clause="warifu serve --tls-cert --tls-key",
    requires=Text(
        ja="TLSの証明書と秘密鍵には、対応する一組のPEMファイルを指定してください。",
        en="TLS takes a certificate and its private key, both in PEM.",
    ),
)

KEPT = Rule(
    code="serve/process",
    clause="warifu serve --processes",
    requires=Text(
        ja="サービスのプロセスは、停止を指示されるまで動き続けなければなりません。",
        en="The processes of the service run until they are told to stop.",
    ),
)


class Address(Struct, frozen=True, kw_only=True):
    """Where to serve."""

    host: str = "127.0.0.1"
    port: int = 8080
    certificate: Path | None = None
    """Of the server, PEM with its chain; None without TLS."""
    key: Path | None = None

    @property
    def url(self) -> str:
        """As a caller writes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"


def serve(
    places: Places,
    address: Address,
    *,
    processes: int = 1,
    pinned: bool = False,
    ready: Callable[[], None],
) -> None:
    """Serve until SIGTERM or SIGINT, then let requests at work end.

    Args:
        places: What a process is assembled from. It is tried out first.
        address: Where to serve.
        processes: How many.
        pinned: Whether each keeps to a processor core of its own, where there are enough.
        ready: Called once when connections are accepted.

    Raises:
        WarifuError: What cannot be assembled; ``serve/address``, ``serve/tls``, ``serve/process``.
    """
    require_free(address)
    require_tls(address)
    forbid_core_dumps()
    tried = assemble(places)
    tried.database.close()
    log.configure(tried.settings.telemetry.log_level)
    multiprocessing.set_start_method("spawn", force=True)
    with _counted_together(processes), _cores_apart(processes, pinned=pinned) as cores:
        server = _Announcing(
            "warifu",
            address=address.host,
            port=address.port,
            interface=Interfaces.ASGI,
            workers=processes,
            websockets=False,
            http=HTTPModes.auto,
            ssl_cert=address.certificate,
            ssl_key=address.key,
            respawn_failed_workers=processes > 1,
            workers_kill_timeout=STOP_SECONDS,
            log_level=LogLevels.warning,
            log_dictconfig=log.GRANIAN,
        )
        server.announce(address, ready)
        try:
            server.serve(target_loader=Loader(places=places, cores=cores), wrap_loader=False)
        except SystemExit as error:
            raise VerifierFault(KEPT, "the log says why") from error


class Loader(Struct, frozen=True):
    """Makes the application of one process, in that process."""

    places: Places
    cores: Path | None = None
    """A folder where each process claims a core of its own; None where it uses all."""

    def __call__(self) -> Litestar:
        """Assemble it. What fails here ends the process."""
        from warifu.service.api.app import make_asgi  # noqa: PLC0415 - in the new process only
        from warifu.service.observe import starting  # noqa: PLC0415 - reads the environment
        from warifu.service.workers.sequencer import SequencerThread  # noqa: PLC0415 - as above

        forbid_core_dumps()
        _end_with_parent()
        if self.cores is not None:
            _keep_to_a_core(self.cores)
        house = assemble(self.places)
        starting.start(house.settings.telemetry)

        @asynccontextmanager
        async def life(_: Litestar) -> AsyncIterator[None]:
            threads = ThreadPoolExecutor(THREADS, thread_name_prefix="shell")
            asyncio.get_running_loop().set_default_executor(threads)
            sequencer = SequencerThread(house)
            sequencer.start()
            try:
                yield
            finally:
                threads.shutdown()
                sequencer.stop()
                house.database.close()
                starting.stop()

        application = make_asgi(house, life=life)
        # What was made up to here stays: it is never again looked through for cycles.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        return application


def require_free(address: Address) -> None:
    """Refuse an address where somebody serves.

    Processes of one service share their address, which the kernel would grant to another, too.

    Raises:
        Misuse: ``serve/address``.
    """
    try:
        family, kind, number, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, number) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(place)
    except (OSError, OverflowError, UnicodeError) as error:
        raise Misuse(ADDRESS, f"{address.host}:{address.port}: {error}") from error


def require_tls(address: Address) -> None:
    """Refuse half a pair, or files that do not belong together.

    Raises:
        Misuse: ``serve/tls``.
    """
    if address.certificate is None and address.key is None:
        return
    if address.certificate is None or address.key is None:
        raise Misuse(TLS, "one of the two is missing")
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(address.certificate, address.key, password=_no_password)
    except (OSError, ValueError) as error:
        raise Misuse(TLS, str(error)) from error


def forbid_core_dumps() -> None:
    """Keep keys out of files that a crash would leave behind, and out of reach of debuggers."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _set(PR_SET_DUMPABLE, 0)


class _Announcing(MPServer):
    """Says when it is ready."""

    def announce(self, address: Address, ready: Callable[[], None]) -> None:
        self._ready = ready
        self._address = address

    def startup(self, spawn_target: object, target_loader: object) -> None:
        super().startup(spawn_target, target_loader)  # type: ignore[no-untyped-call]
        Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        while not self.interrupt_signal:
            try:
                socket.create_connection((self._address.host, self._address.port), 1).close()
            except OSError:
                sleep(LOOK_SECONDS)
                continue
            self._ready()
            return


@contextmanager
def _counted_together(processes: int) -> Iterator[None]:
    """A folder in which several processes count as one, see `warifu.service.observe.metrics`."""
    if processes == 1 or COUNTS in os.environ:
        yield
        return
    with TemporaryDirectory(prefix="warifu-counts-") as folder:
        os.environ[COUNTS] = folder
        try:
            yield
        finally:
            del os.environ[COUNTS]


@contextmanager
def _cores_apart(processes: int, *, pinned: bool) -> Iterator[Path | None]:
    """A folder for claims of cores, where the system can pin and has a core for each process."""
    if not pinned or sys.platform != "linux" or processes > len(os.sched_getaffinity(0)):
        yield None
        return
    with TemporaryDirectory(prefix="warifu-cores-") as folder:
        yield Path(folder)


def _keep_to_a_core(claims: Path) -> None:
    """Run on the last core that no other process of this service has claimed.

    A claim is a lock on a file: the kernel ends it with its process, and the next one takes over.
    """
    for core in sorted(os.sched_getaffinity(0), reverse=True):
        claim = os.open(claims / str(core), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(claim)
            continue
        os.sched_setaffinity(0, {core})
        return


def _end_with_parent() -> None:
    """Where the process that started this one is killed, nobody else would end this one."""
    _set(PR_SET_PDEATHSIG, signal.SIGTERM)
    if multiprocessing.parent_process() is not None and os.getppid() == 1:
        raise SystemExit("the service was killed while this process started")


def _set(option: int, value: int) -> None:
    """An attribute of this process, where the system is Linux."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _no_password() -> str:
    raise ValueError("the private key is encrypted")
