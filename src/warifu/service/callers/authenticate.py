"""Who is calling: one credential is read, one row is looked up, one comparison decides."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from warifu.base.errors import Denied
from warifu.service.callers import rules
from warifu.service.callers.api_key import read_authorization
from warifu.service.callers.caller import Caller
from warifu.service.callers.request import Origin, RequestView, origin_of
from warifu.service.store.callers import CredentialKind, StoredCaller, find_caller

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
    caller = Caller(tenant=stored.tenant, id=stored.id, name=stored.name, scopes=stored.scopes)
    house.limits.take_request(house.settings.limits, caller)
    return caller


def _proved(house: Composition, view: RequestView, origin: Origin) -> StoredCaller:
    carried = [field for field in _KINDS if view.values(field)]
    if not carried:
        raise Denied(rules.UNAUTHENTICATED, "no credential")
    if len(carried) > 1:
        raise Denied(rules.ONE_CREDENTIAL, ", ".join(carried))
    return _KINDS[carried[0]](house, view, origin, house.clock())


def _by_api_key(house: Composition, view: RequestView, _: Origin, now: datetime) -> StoredCaller:
    claimed = read_authorization(view.values("authorization"))
    with house.database.read() as transaction:
        stored = find_caller(transaction, tenant=claimed.tenant, caller=claimed.caller)
    known = stored is not None and stored.kind is CredentialKind.API_KEY
    expected = stored.credential if stored is not None and known else _NO_DIGEST
    same = hmac.compare_digest(expected, claimed.digest)
    if stored is None or not (known and same):
        raise Denied(rules.UNAUTHENTICATED, "no such key")
    if not stored.works(now):
        raise Denied(rules.UNAUTHENTICATED, f"{stored.id} has expired or was revoked")
    return stored


_KINDS: dict[str, Callable[[Composition, RequestView, Origin, datetime], StoredCaller]] = {
    "authorization": _by_api_key,
}
"""By the field that carries the credential."""
