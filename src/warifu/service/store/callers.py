"""Callers and their credentials, and the nonces of their signatures."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.errors import Misuse
from warifu.service.caller import Scope
from warifu.service.store.database import Row, Statement, Value, micros, moment

if TYPE_CHECKING:
    from warifu.base.rule import Rule
    from warifu.service.store.database import Lookup, Transaction

_COLUMNS = "id, principal, name, kind, credential, scopes, created_at, expires_at, revoked_at"
_INSERT = (
    "INSERT INTO callers"
    " (tenant, id, principal, name, kind, credential, scopes, created_at, expires_at)"
    " SELECT :tenant, :id, :principal, :name, :kind, :credential, :scopes, :created_at, :expires_at"
)


class CredentialKind(StrEnum):
    """How a caller proves who it is."""

    API_KEY = "api-key"
    CERTIFICATE = "certificate"
    SIGNATURE = "signature"


class StoredCaller(Struct, frozen=True, kw_only=True):
    """A caller as it is registered."""

    tenant: str
    id: str
    """Of this credential."""
    principal: str
    """Who it is: the id of the first credential, which stays when credentials are rotated."""
    name: str
    """The same for people; stays, too."""
    kind: CredentialKind
    credential: bytes
    """SHA-256 of the API key or of the certificate's DER; the DER of the public key."""
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def works(self, now: datetime) -> bool:
        """Whether it may be used at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def find_caller(lookup: Lookup, *, tenant: str, caller: str) -> StoredCaller | None:
    """One caller by its id, whether it still works or not."""
    row = lookup.row(
        f"SELECT {_COLUMNS} FROM callers WHERE tenant = :tenant AND id = :id",  # noqa: S608
        tenant=tenant,
        id=caller,
    )
    return None if row is None else _caller(tenant, row)


def list_callers(transaction: Transaction, *, tenant: str) -> list[StoredCaller]:
    """All callers of a tenant, newest first."""
    rows = transaction.rows(
        f"SELECT {_COLUMNS} FROM callers WHERE tenant = :tenant ORDER BY id DESC",  # noqa: S608
        tenant=tenant,
    )
    return [_caller(tenant, row) for row in rows]


def insert_new_caller(caller: StoredCaller, *, otherwise: Rule) -> Statement:
    """Register a caller under a name that its tenant does not use yet, or else break a rule."""
    return Statement(
        sql=_INSERT + " WHERE NOT EXISTS"  # noqa: S608
        " (SELECT 1 FROM callers WHERE tenant = :tenant AND name = :name)"
        " ON CONFLICT DO NOTHING",  # where two register one name at the same moment
        values=_values(caller),
        otherwise=otherwise,
        error=Misuse,
    )


def insert_successor(caller: StoredCaller, *, of: str, otherwise: Rule) -> Statement:
    """Register a further credential of a caller whose credential `of` was not revoked."""
    return Statement(
        sql=_INSERT + " WHERE EXISTS (SELECT 1 FROM callers"  # noqa: S608
        " WHERE tenant = :tenant AND id = :of AND principal = :principal AND revoked_at IS NULL)",
        values={**_values(caller), "of": of},
        otherwise=otherwise,
        error=Misuse,
    )


def end_caller(*, tenant: str, caller: str, at: datetime, otherwise: Rule) -> Statement:
    """Let a credential expire at a time to come; an earlier end stays."""
    return Statement(
        sql="UPDATE callers SET expires_at ="
        " CASE WHEN expires_at IS NULL OR expires_at > :at THEN :at ELSE expires_at END"
        " WHERE tenant = :tenant AND id = :id AND revoked_at IS NULL",
        values={"tenant": tenant, "id": caller, "at": micros(at)},
        otherwise=otherwise,
        error=Misuse,
    )


def revoke_caller(*, tenant: str, caller: str, at: datetime, otherwise: Rule) -> Statement:
    """Take a credential back for good; from the next request on it is refused."""
    return Statement(
        sql="UPDATE callers SET revoked_at = :at"
        " WHERE tenant = :tenant AND id = :id AND revoked_at IS NULL",
        values={"tenant": tenant, "id": caller, "at": micros(at)},
        otherwise=otherwise,
        error=Misuse,
    )


def use_nonce(
    *, tenant: str, caller: str, nonce: str, until: datetime, otherwise: Rule
) -> Statement:
    """Use up a signature's nonce."""
    return Statement(
        sql="INSERT INTO signature_nonces (tenant, caller, nonce, expires_at)"
        " VALUES (:tenant, :caller, :nonce, :until) ON CONFLICT DO NOTHING",
        values={"tenant": tenant, "caller": caller, "nonce": nonce, "until": micros(until)},
        otherwise=otherwise,
    )


def _values(caller: StoredCaller) -> dict[str, Value]:
    return {
        "tenant": caller.tenant,
        "id": caller.id,
        "principal": caller.principal,
        "name": caller.name,
        "kind": caller.kind.value,
        "credential": caller.credential,
        "scopes": " ".join(sorted(caller.scopes)),
        "created_at": micros(caller.created_at),
        "expires_at": None if caller.expires_at is None else micros(caller.expires_at),
    }


def _caller(tenant: str, row: Row) -> StoredCaller:
    (
        identifier,
        principal,
        name,
        kind,
        credential,
        scopes,
        created_at,
        expires_at,
        revoked_at,
    ) = row
    return StoredCaller(
        tenant=tenant,
        id=identifier,
        principal=principal,
        name=name,
        kind=CredentialKind(kind),
        credential=credential,
        scopes=frozenset(map(Scope, scopes.split())),
        created_at=moment(created_at),
        expires_at=None if expires_at is None else moment(expires_at),
        revoked_at=None if revoked_at is None else moment(revoked_at),
    )
