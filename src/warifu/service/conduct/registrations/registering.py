"""Tenants and callers from the operator's side: each change in one commit with its audit row."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.codec.text import from_pem_certificates
from warifu.base.errors import Denied, MalformedEvidence, Misuse
from warifu.base.pki.certificate import read_certificate
from warifu.service.callers import rules
from warifu.service.callers.api_key import make_api_key
from warifu.service.callers.names import is_tenant
from warifu.service.callers.signature import signing_key
from warifu.service.conduct.committing import AuditEntry, audit_row
from warifu.service.conduct.governing.governance import first_governance
from warifu.service.identifiers import new_id
from warifu.service.store import callers as store
from warifu.service.store.callers import CredentialKind, StoredCaller
from warifu.service.store.tenants import StoredTenant, find_tenant, insert_tenant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warifu.base.secret import Secret
    from warifu.service.caller import Scope
    from warifu.service.composition import Vault
    from warifu.service.store.database import Database, Statement


class Credential(Struct, frozen=True, kw_only=True):
    """What a caller is going to prove itself with."""

    kind: CredentialKind
    stored: bytes
    """As `StoredCaller.credential`."""
    not_after: datetime | None = None
    """Where it ends by itself."""


class Registered(Struct, frozen=True, kw_only=True):
    """A caller that was just registered."""

    caller: StoredCaller
    key: Secret | None
    """Its API key, which is kept nowhere; None for the other kinds."""


class Operator(Struct, frozen=True, kw_only=True):
    """Who changes what is registered, where and when."""

    database: Database
    name: str
    """For the audit log, ``cli:<user>``."""
    now: datetime


def add_tenant(by: Operator, vault: Vault, *, tenant: str, name: str) -> StoredTenant:
    """Register a tenant with its data key and its first rule set.

    Raises:
        Misuse: ``callers/tenant-name``, ``callers/tenant-new``.
    """
    if not is_tenant(tenant):
        raise Misuse(rules.TENANT_NAME, repr(tenant[:80]))
    added = StoredTenant(tenant=tenant, name=name, created_at=by.now)
    owner = vault.new_owner(tenant, "")
    statements = [
        insert_tenant(added, data_key=owner.wrapped, otherwise=rules.TENANT_NEW),
        *first_governance(tenant, by.now),
    ]
    _commit(by, tenant, statements, AuditEntry(action="tenant/added", subject=tenant))
    return added


def add_caller(
    by: Operator,
    *,
    tenant: str,
    name: str,
    scopes: frozenset[Scope],
    credential: Credential | None = None,
    expires_at: datetime | None = None,
) -> Registered:
    """Register a caller under a new name.

    Args:
        by: Who does this.
        tenant: Whose caller.
        name: Who it is, for people; all credentials of one caller share it.
        scopes: What it may do.
        credential: A certificate or a public key; None for an API key.
        expires_at: When it stops working; None for never, or with its certificate.

    Raises:
        Misuse: ``callers/tenant-known``, ``callers/name-new``.
    """
    with by.database.read() as transaction:
        if find_tenant(transaction, tenant=tenant) is None:
            raise Misuse(rules.TENANT_KNOWN, repr(tenant[:80]))
    made = _make(
        by, tenant=tenant, name=name, scopes=scopes, credential=credential, expires_at=expires_at
    )
    _commit(
        by,
        tenant,
        [store.insert_new_caller(made.caller, otherwise=rules.CALLER_NEW)],
        _told("caller/added", made.caller),
    )
    return made


def rotate_caller(
    by: Operator,
    *,
    tenant: str,
    caller: str,
    overlap: timedelta,
    credential: Credential | None = None,
    expires_at: datetime | None = None,
) -> Registered:
    """Give a caller a further credential of the same name and scopes; the one it had ends later.

    Args:
        by: Who does this.
        tenant: Whose caller.
        caller: The id of the credential to be replaced.
        overlap: How long both work.
        credential: As for `add_caller`.
        expires_at: As for `add_caller`, of the new one.

    Raises:
        Misuse: ``callers/known``; ``callers/credential-file`` where a certificate or public key
            would be followed by an API key.
    """
    with by.database.read() as transaction:
        old = store.find_caller(transaction, tenant=tenant, caller=caller)
    if old is None or not old.works(by.now):
        raise Misuse(rules.CALLER_KNOWN, repr(caller[:80]))
    if credential is None and old.kind is not CredentialKind.API_KEY:
        raise Misuse(rules.CREDENTIAL_FILE, f"none was given to follow a {old.kind}")
    made = _make(
        by,
        tenant=tenant,
        principal=old.principal,
        name=old.name,
        scopes=old.scopes,
        credential=credential,
        expires_at=expires_at,
    )
    _commit(
        by,
        tenant,
        [
            store.insert_successor(made.caller, of=old.id, otherwise=rules.CALLER_KNOWN),
            store.end_caller(
                tenant=tenant, caller=old.id, at=by.now + overlap, otherwise=rules.CALLER_KNOWN
            ),
        ],
        _told("caller/rotated", made.caller, follows=old.id),
    )
    return made


def revoke_caller(by: Operator, *, tenant: str, caller: str) -> StoredCaller:
    """Take a credential back; from the next request on it is refused.

    Raises:
        Misuse: ``callers/known``.
    """
    change = store.revoke_caller(
        tenant=tenant, caller=caller, at=by.now, otherwise=rules.CALLER_KNOWN
    )
    _commit(by, tenant, [change], AuditEntry(action="caller/revoked", subject=caller))
    with by.database.read() as transaction:
        revoked = store.find_caller(transaction, tenant=tenant, caller=caller)
    if revoked is None:
        raise Misuse(rules.CALLER_KNOWN, repr(caller[:80]))
    return revoked


def certificate_credential(data: bytes) -> Credential:
    """A client certificate, to be registered as it is.

    Args:
        data: One certificate, as DER or PEM.

    Raises:
        Misuse: ``callers/credential-file``.
    """
    try:
        found = from_pem_certificates(data) if data.lstrip().startswith(b"-----") else [data]
        if len(found) != 1:
            raise Misuse(rules.CREDENTIAL_FILE, f"{len(found)} certificates")
        certificate = read_certificate(found[0])
    except MalformedEvidence as error:
        raise Misuse(rules.CREDENTIAL_FILE, error.code) from error
    return Credential(
        kind=CredentialKind.CERTIFICATE,
        stored=certificate.fingerprint,
        not_after=certificate.not_after,
    )


def public_key_credential(spki: bytes) -> Credential:
    """A public key that verifies HTTP message signatures.

    Args:
        spki: DER of SubjectPublicKeyInfo: Ed25519, P-256 or RSA.

    Raises:
        Misuse: ``callers/credential-file``.
    """
    try:
        signing_key(spki)
    except Denied as error:
        raise Misuse(rules.CREDENTIAL_FILE, error.detail) from error
    return Credential(kind=CredentialKind.SIGNATURE, stored=spki)


def _make(
    by: Operator,
    *,
    tenant: str,
    name: str,
    scopes: frozenset[Scope],
    credential: Credential | None,
    expires_at: datetime | None,
    principal: str | None = None,
) -> Registered:
    identifier = new_id(by.now)
    key = None
    if credential is None:
        key, digest = make_api_key(tenant, identifier)
        credential = Credential(kind=CredentialKind.API_KEY, stored=digest)
    ends = [end for end in (expires_at, credential.not_after) if end is not None]
    caller = StoredCaller(
        tenant=tenant,
        id=identifier,
        principal=principal or identifier,
        name=name,
        kind=credential.kind,
        credential=credential.stored,
        scopes=scopes,
        created_at=by.now,
        expires_at=min(ends, default=None),
    )
    return Registered(caller=caller, key=key)


def _told(action: str, caller: StoredCaller, **more: str) -> AuditEntry:
    """What an auditor needs; the fingerprint tells credentials apart and opens nothing."""
    return AuditEntry(
        action=action,
        subject=caller.id,
        document={
            "name": caller.name,
            "principal": caller.principal,
            "kind": caller.kind,
            "scopes": sorted(caller.scopes),
            "expires_at": caller.expires_at,
            "credential_sha256": sha256(caller.credential).hexdigest(),
            **more,
        },
    )


def _commit(by: Operator, tenant: str, statements: Sequence[Statement], entry: AuditEntry) -> None:
    audit = audit_row(entry, tenant=tenant, caller=by.name, now=by.now)
    by.database.apply([*statements, audit])
