"""warifu as the demo bank runs it: a process of its own, and the bank's people who set it up."""

from __future__ import annotations

from contextlib import closing, contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from warifu.base.errors import VerifierFault
from warifu.demo.backend import Answer, Caller
from warifu.demo.server import Setup, running
from warifu.demo.world import World
from warifu.service.serving import KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.demo.server import Server

APP = "web"
TENANT = "kaede-bank"
RP_ID = "localhost"
STAFF = {
    "backend": ("authenticate", "confirm", "read", "enrol", "ledger"),
    "sato": ("govern", "configure"),
    "suzuki": ("approve",),
    "tanaka": ("approve",),
}
POLICY_OF = ("login", "transfer", "high-value-transfer")


class Warifu:
    """The service as the bank's backend sees it; may be asked by several threads at once."""

    def __init__(self, server: Server) -> None:
        """Call with the backend's key."""
        self._server = server
        self._key = server.callers["backend"].key

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Ask once.

        Args:
            method: GET or POST.
            path: From ``/v1`` on.
            body: Sent as JSON; nothing where it is None.
        """
        # A connection that is kept for the next time may be closed meanwhile, at the other end.
        with closing(Caller(self._server.address, self._key)) as caller:
            return caller.call(method, path, body)

    def file(self, path: str, media_type: str) -> bytes | None:
        """What is there in one form, None where there is nothing.

        Args:
            path: From ``/v1`` on.
            media_type: The form.
        """
        with closing(Caller(self._server.address, self._key)) as caller:
            return caller.fetch(path, media_type)

    def get(self, path: str) -> dict[str, Any]:
        """What is there.

        Raises:
            VerifierFault: ``serve/process``: nothing.
        """
        return _done(self.ask("GET", path))


@contextmanager
def service(origin: str) -> Iterator[Warifu]:
    """The service, set up for a bank whose pages are at `origin`, until the block is left.

    Raises:
        VerifierFault: ``serve/process`` where it does not start, or refuses what sets it up.
    """
    setup = Setup(tenant=TENANT, staff=STAFF, settings=file("settings.toml"), signs=True)
    with running(World(), setup) as server:
        _register_app(server, origin)
        _put_rules_in_force(server)
        yield Warifu(server)


def file(name: str) -> bytes:
    """One of the files that the bank has written."""
    return files("warifu.demo.bank").joinpath("files", name).read_bytes()


def _register_app(server: Server, origin: str) -> None:
    web = {"rp_id": RP_ID, "origins": [origin]}
    app = {"id": APP, "name": "Kaede Bank", "realm": "test", "webauthn": web}
    author, approver = server.callers["sato"], server.callers["suzuki"]
    _done(author.call("POST", "/v1/apps", app))
    for operation in POLICY_OF:
        path = f"/v1/apps/{APP}/policies/{operation}"
        # It is milder than what is shipped, so it takes a second person.
        proposed = _done(author.call("PUT", path, toml=file("policy.toml")))
        yes = {"fingerprint": proposed["fingerprint"]}
        _done(approver.call("POST", f"{path}/approvals", yes))


def _put_rules_in_force(server: Server) -> None:
    author = server.callers["sato"]
    digest = _done(author.call("POST", "/v1/rule-sets", toml=file("rules.toml")))["digest"]
    moves = f"/v1/rule-sets/{digest}/moves"
    _done(author.call("POST", moves, {"action": "observe"}))
    revision = _done(author.call("GET", "/v1/governance"))["revision"]
    command = {"type": "move", "digest": digest, "action": "activate"}
    for name in ("suzuki", "tanaka"):
        yes = {"revision": revision, "command": command}
        _done(server.callers[name].call("POST", "/v1/approvals", yes))
    _done(author.call("POST", moves, {"action": "activate"}))


def _done(answer: Answer) -> dict[str, Any]:
    if answer.code is not None:
        raise VerifierFault(KEPT, f"{answer.status} {answer.document}"[:1000])
    return answer.document
