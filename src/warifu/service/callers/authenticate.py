"""Who is calling: one credential is read, one row is looked up, one comparison decides."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from warifu.base.errors import Denied
from warifu.service.caller import Caller
from warifu.service.callers import rules
from warifu.service.callers.api_key import read_authorization
from warifu.service.callers.certificate import (
    CERTIFICATE_FIELD,
    read_client_certificate,
    refuse_smuggled_certificate,
)
from warifu.service.callers.request import Origin, RequestView, origin_of
from warifu.service.callers.signature import (
    INPUT_FIELD,
    SIGNATURE_FIELD,
    check_claimed_signature,
    read_signature,
)
from warifu.service.store.callers import CredentialKind, StoredCaller, find_caller, use_nonce

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from warifu.service.composition import Composition

__all__ = ["RequestView", "authenticate"]

_NO_DIGEST = bytes(32)
"""Compared with where there is no caller, so that this takes as long as where there is one."""


def authenticate(house: Composition, view: RequestView) -> Caller:
    """The caller that a request proves.

    Args:
        house: What the process is made of.
        view: The request, with its body.

    Raises:
        Denied: ``callers/...``; `warifu.service.callers.rules.STATUS` has the HTTP status.
        TooMany: ``callers/too-many``, with the seconds for ``Retry-After``.
        VerifierFault: ``store/available`` or ``limits/storage``; it is not known who this is.
    """
    origin = origin_of(view, house.settings.proxy)
    house.limits.check_failures(house.settings.limits, origin.address)
    try:
        stored = _proved(house, view, origin)
    except Denied:
        house.limits.count_failure(house.settings.limits, origin.address)
        raise
    caller = Caller(
        tenant=stored.tenant,
        id=stored.principal,
        name=stored.name,
        scopes=stored.scopes,
        credential=stored.id,
    )
    house.limits.take_request(house.settings.limits, caller)
    return caller


def _proved(house: Composition, view: RequestView, origin: Origin) -> StoredCaller:
    refuse_smuggled_certificate(view, origin)
    carried = {kind: None for field, kind in _FIELDS.items() if view.values(field)}
    if not carried:
        raise Denied(rules.UNAUTHENTICATED, "no credential")
    if len(carried) > 1:
        raise Denied(rules.ONE_CREDENTIAL, ", ".join(carried))
    (kind,) = carried
    return _PROOFS[kind](house, view, origin, house.clock())


def _by_api_key(house: Composition, view: RequestView, _: Origin, now: datetime) -> StoredCaller:
    claimed = read_authorization(view.values("authorization"))
    stored = _look_up(house, claimed.tenant, claimed.caller)
    return _same(stored, CredentialKind.API_KEY, claimed.digest, now)


def _by_certificate(
    house: Composition, view: RequestView, _: Origin, now: datetime
) -> StoredCaller:
    claimed = read_client_certificate(view)
    claimed.check_dates(now)
    stored = _look_up(house, claimed.tenant, claimed.caller)
    return _same(stored, CredentialKind.CERTIFICATE, claimed.fingerprint, now)


def _by_signature(
    house: Composition, view: RequestView, origin: Origin, now: datetime
) -> StoredCaller:
    claimed = read_signature(view, origin, now)
    stored = _look_up(house, claimed.tenant, claimed.caller)
    if stored is None or stored.kind is not CredentialKind.SIGNATURE:
        raise Denied(rules.UNAUTHENTICATED, "no such key")
    check_claimed_signature(claimed, stored.credential)
    _check_works(stored, now)
    # Last: only the key's holder can use a nonce up.
    used = use_nonce(
        tenant=stored.tenant,
        caller=stored.id,
        nonce=claimed.nonce,
        until=claimed.until,
        otherwise=rules.SIGNATURE_ONCE,
    )
    house.database.apply([used])
    return stored


def _look_up(house: Composition, tenant: str, caller: str) -> StoredCaller | None:
    return find_caller(house.database, tenant=tenant, caller=caller)


def _same(
    stored: StoredCaller | None, kind: CredentialKind, digest: bytes, now: datetime
) -> StoredCaller:
    """Compare digests, with as much work where there is nothing to compare with."""
    known = stored is not None and stored.kind is kind
    expected = stored.credential if stored is not None and known else _NO_DIGEST
    same = hmac.compare_digest(expected, digest)
    if stored is None or not (known and same):
        raise Denied(rules.UNAUTHENTICATED, f"no such {kind}")
    _check_works(stored, now)
    return stored


def _check_works(stored: StoredCaller, now: datetime) -> None:
    if not stored.works(now):
        raise Denied(rules.UNAUTHENTICATED, f"{stored.id} has expired or was revoked")


_FIELDS = {
    "authorization": CredentialKind.API_KEY,
    CERTIFICATE_FIELD: CredentialKind.CERTIFICATE,
    INPUT_FIELD: CredentialKind.SIGNATURE,
    SIGNATURE_FIELD: CredentialKind.SIGNATURE,
}
"""Which field carries which kind of credential."""
_PROOFS: dict[
    CredentialKind, Callable[[Composition, RequestView, Origin, datetime], StoredCaller]
] = {
    CredentialKind.API_KEY: _by_api_key,
    CredentialKind.CERTIFICATE: _by_certificate,
    CredentialKind.SIGNATURE: _by_signature,
}
