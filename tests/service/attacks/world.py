"""A bank with something of everything, its neighbour at the same service, and who calls for them.

Callers are let in by what they say of themselves (``Bearer tenant/name scope scope``); everything
behind that is the real application on a real database.
"""

from __future__ import annotations

import json
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec
from litestar.testing import TestClient

from tests.service.governance.people import with_limit
from tests.service.house import TENANT, caller, settle, wallet
from tests.service.phones import IN_ORDER, Android, Bank, IPhone
from tests.service.served import served
from warifu.base.codec.text import from_base64url
from warifu.base.errors import Denied
from warifu.service.caller import Caller, Scope
from warifu.service.callers.rules import UNAUTHENTICATED
from warifu.service.store.tables import tables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from litestar import Litestar

    from warifu.service.callers.request import RequestView
    from warifu.service.composition import Composition
    from warifu.service.conduct.evidence.expectations import SubmittedEvidence

NEIGHBOUR = "matsu-bank"
PHONE = "hanakos-phone"
TOML = {"Content-Type": "application/toml"}
ABOUT: dict[str, Any] = {
    "app": "wallet",
    "operation": {"kind": "transfer", "amount": 10_000, "currency": "JPY", "payee_known": True},
    "user": "hanako",
    "device": PHONE,
    "context": {"payee": "0009-123-7654321"},
}
BANK: dict[str, Any] = msgspec.to_builtins(IN_ORDER)
EVERYTHING = " ".join(Scope)
_ALL = 'SELECT * FROM "{}" WHERE tenant = :tenant'


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, before it is said who makes it."""

    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        if self.body is None or isinstance(self.body, bytes):
            return self.body or b""
        return json.dumps(self.body).encode()


def by_what_they_say(_: Composition, view: RequestView) -> Caller:
    """Everyone is who they say."""
    stated = view.values("authorization")
    if len(stated) != 1 or not stated[0].startswith("Bearer "):
        raise Denied(UNAUTHENTICATED)
    who, *scopes = stated[0].removeprefix("Bearer ").split()
    tenant, name = who.split("/")
    return Caller(tenant=tenant, id=name, name=name, scopes=frozenset(map(Scope, scopes)))


def wire(evidence: SubmittedEvidence) -> dict[str, Any]:
    """As a backend writes it: base64 in JSON."""
    members = msgspec.structs.asdict(evidence)
    return {
        name: b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in members.items()
        if value is not None
    }


@dataclass(kw_only=True)
class World:
    """Kaede Bank, and its neighbour."""

    house: Composition
    client: TestClient[Litestar]
    bank: Bank
    phone: IPhone
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def send(
        self,
        call: Call,
        *,
        tenant: str = TENANT,
        name: str = "backend",
        scopes: str = EVERYTHING,
        **headers: str,
    ) -> httpx.Response:
        """The answer to a call by somebody."""
        usual = {} if call.body is None else {"Content-Type": "application/json"}
        stated = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(
            call.method,
            call.path,
            content=call.content,
            headers={
                "Authorization": f"Bearer {tenant}/{name} {scopes}",
                **usual,
                **call.headers,
                **stated,
            },
        )

    def tell(
        self, method: str, path: str, body: Any = None, expect: int = 0, **how: str
    ) -> dict[str, Any]:
        """What is answered to a call that must go well, or end as expected."""
        headers = TOML if isinstance(body, bytes) else {}
        answer = self.send(Call(method=method, path=path, body=body, headers=headers), **how)
        assert answer.status_code == expect or (not expect and answer.is_success), answer.text
        told: dict[str, Any] = answer.json()
        return told

    def challenge(self, **changed: Any) -> tuple[str, bytes]:
        """A challenge's id, and its bytes."""
        made = self.tell("POST", "/v1/challenges", {**ABOUT, **changed})
        return made["id"], from_base64url(made["challenge"])

    def asserted(self, **changed: Any) -> dict[str, Any]:
        """The body of a request for a decision by an assertion of hanako's phone."""
        challenge, value = self.challenge(**changed)
        evidence = wire(self.phone.assertion(value))
        return {**ABOUT, **changed, "challenge": challenge, "evidence": evidence, "bank": BANK}

    def attested(self, **changed: Any) -> dict[str, Any]:
        """The body of a request to judge evidence of an Android phone."""
        challenge, value = self.challenge(**changed)
        evidence = wire(Android().evidence(value, self.house.clock()))
        return {**ABOUT, **changed, "challenge": challenge, "evidence": evidence}

    def rule_set(self) -> bytes:
        """A file that was not there before."""
        return with_limit(10_000 + next(self.numbers))

    def approved(self, command: dict[str, Any]) -> None:
        """Two people say yes to a command."""
        revision = self.tell("GET", "/v1/governance")["revision"]
        for name in ("haru", "sora"):
            self.tell(
                "POST", "/v1/approvals", {"revision": revision, "command": command}, name=name
            )

    def rows(self, tenant: str = TENANT) -> dict[str, Any]:
        """All rows of a tenant, by table."""
        with self.house.database.read() as transaction:
            return {
                table: sorted(map(repr, transaction.rows(_ALL.format(table), tenant=tenant)))
                for table in self._tables
            }

    def words(self, tenant: str = TENANT) -> set[str]:
        """Names that stand in a tenant's rows: of devices, records, files and people."""
        found: set[str] = set()
        with self.house.database.read() as transaction:
            for table in self._tables - {"idempotency"}:
                for row in transaction.rows(_ALL.format(table), tenant=tenant):
                    found |= {each for each in row if isinstance(each, str) and len(each) > 7}
        return found

    @cached_property
    def _tables(self) -> frozenset[str]:
        with self.house.database.read() as transaction:
            tables = tables_of(transaction, self.house.database.dialect)
        return frozenset(table.name for table in tables)


@contextmanager
def open_world(house: Composition, *, rules: bytes | None = None) -> Iterator[World]:
    """Both banks are customers; Hanako's phone is registered with hers."""
    settle(house, rules=rules)
    settle(house, NEIGHBOUR, app=wallet("portal"))
    bank = Bank(house=house, caller=caller())
    phone = IPhone(made_at=house.clock())
    bank.register(phone, device=PHONE)
    with served(house, authenticate=by_what_they_say) as client:
        yield World(house=house, client=client, bank=bank, phone=phone)
