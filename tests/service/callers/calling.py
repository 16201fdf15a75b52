"""A house with one bank, and requests to it as they reach the service: what these tests share."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.service.house import Hands, make_house
from warifu.base.errors import Denied
from warifu.service.caller import Caller, Scope
from warifu.service.callers.authenticate import RequestView, authenticate
from warifu.service.conduct.registrations import registering
from warifu.service.conduct.registrations.registering import Credential, Operator, Registered
from warifu.service.settings import LimitSettings, ProxySettings, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from warifu.base.rule import Rule
    from warifu.service.store.database import Database

TENANT = "kaede-bank"
OTHER_TENANT = "sakura-bank"
PEER = "192.0.2.7"
PROXY = "10.1.2.3"
SCOPES = frozenset({Scope.DECIDE, Scope.READ})
REQUEST = RequestView(
    method="POST",
    path="/v1/decisions",
    query="",
    headers=(("Host", "warifu.example"), ("Content-Type", "application/json")),
    body=b'{"app":"wallet"}',
    peer=PEER,
    scheme="https",
)


@dataclass
class Bench:
    """A service with two tenants, and what a test does to it."""

    database: Database
    settings: Settings = field(
        default_factory=lambda: Settings(
            proxy=ProxySettings(trusted=("10.0.0.0/8", "fd00::/8")),
            limits=LimitSettings(failed_logins_per_minute=1000),
        )
    )

    def __post_init__(self) -> None:
        self.clock = Hands()
        self.house = make_house(self.database, clock=self.clock, settings=self.settings)
        for tenant in (TENANT, OTHER_TENANT):
            registering.add_tenant(self.operator, self.house.vault, tenant=tenant, name=tenant)

    @property
    def operator(self) -> Operator:
        return Operator(database=self.database, name="cli:test", now=self.clock())

    def register(
        self,
        name: str = "backend",
        *,
        tenant: str = TENANT,
        credential: Credential | None = None,
        expires_at: datetime | None = None,
    ) -> Registered:
        return registering.add_caller(
            self.operator,
            tenant=tenant,
            name=name,
            scopes=SCOPES,
            credential=credential,
            expires_at=expires_at,
        )

    def call(self, view: RequestView) -> Caller:
        return authenticate(self.house, view)

    def with_key(self, key: str, scheme: str = "Bearer") -> Caller:
        return self.call(sending(REQUEST, ("Authorization", f"{scheme} {key}")))


def key_of(made: Registered) -> str:
    assert made.key is not None
    return made.key.reveal().decode()


def secret_of(key: str) -> str:
    """The part that nobody else knows. It may hold underscores; the parts before it do not."""
    return key.split("_", 3)[3]


def sending(view: RequestView, *headers: tuple[str, str], **changes: object) -> RequestView:
    """The request with further header lines and other parts."""
    return msgspec.structs.replace(view, headers=(*view.headers, *headers), **changes)


@contextmanager
def denied(rule: Rule) -> Iterator[None]:
    """The caller is not let in, for exactly this reason."""
    with pytest.raises(Denied) as caught:
        yield
    assert caught.value.code == rule.code, str(caught.value)
