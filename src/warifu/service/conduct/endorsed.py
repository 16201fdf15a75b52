"""Endorsed keys as they are kept, and how each use of one is held to what it rests on.

A row can be altered by whoever writes to the database alone, so whose key it is, for what and until
when is read from what is sealed of it for its own row and binding.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from warifu.attestation.claims import Endorsement
from warifu.authentication.binding.endorsement import Endorsed, Use, endorsed_signer
from warifu.authentication.binding.warrant import ComponentKind, Warrant, verify_warrant
from warifu.authentication.transaction.confirmation import BoundKey
from warifu.base.errors import BadEvidence, Denied, VerifierFault, WarifuError
from warifu.service.conduct.binding.rules import COUNTS
from warifu.service.conduct.registrations.registration import RegisteredApp
from warifu.service.conduct.sealing import of_row
from warifu.service.store import endorsed_keys as store
from warifu.service.store.endorsed_keys import EndorsedState, StoredEndorsedKey
from warifu.service.vault.rules import OPENS

if TYPE_CHECKING:
    from warifu.service.composition import Owner
    from warifu.service.conduct.bound import KeptBinding
    from warifu.service.conduct.work import Work
    from warifu.service.store.bindings import StoredBinding
    from warifu.service.store.database import Lookup, Statement

KIND = "endorsed-key"
"""What a sealed key is bound to, beside the tenant, its id and its binding."""


class WarrantTold(Struct, frozen=True, kw_only=True):
    """Whose word it is that a key lives behind a display of its own."""

    provider: str
    """As the app registration called it when the key was endorsed."""
    kind: ComponentKind
    component: str
    version: str
    valid_until: datetime


class KeptEndorsedKey(Struct, frozen=True, kw_only=True):
    """What is sealed of an endorsed key."""

    endorsed: Endorsed
    endorsement: bytes
    """As the bound key signed it."""
    possession: bytes
    warrant: bytes | None
    told: WarrantTold | None
    level: Endorsement
    """Who vouched for the bound key that endorsed it."""
    leaf_id: str
    leaf: bytes
    """The ledger's leaf that says so."""
    salts: dict[str, bytes]
    """With which that leaf can be opened."""


class HeldKey(Struct, frozen=True, kw_only=True):
    """An endorsed key as it was read."""

    stored: StoredEndorsedKey
    kept: KeptEndorsedKey


class TrustedKey(Struct, frozen=True, kw_only=True):
    """A key behind a trusted display that may answer now."""

    held: HeldKey
    signer: BoundKey
    """In the form that verifiers of proofs take."""
    warrant: Warrant
    app: RegisteredApp
    """Whose providers were believed."""

    @property
    def key(self) -> str:
        """Its id."""
        return self.held.stored.id


def seal_endorsed(
    work: Work, owner: Owner, kept: KeptEndorsedKey, *, key: str, binding: str
) -> bytes:
    """For the column `sealed`."""
    return work.house.vault.seal(owner, _row(key, binding), msgspec.msgpack.encode(kept))


def open_endorsed(work: Work, owner: Owner, stored: StoredEndorsedKey) -> HeldKey:
    """The key again.

    Raises:
        VerifierFault: ``vault/opens``, also where the row says another use.
    """
    row = _row(stored.id, stored.binding)
    kept = _KEPT.decode(work.house.vault.unseal(owner, row, stored.sealed))
    if kept.endorsed.use != stored.purpose:
        raise VerifierFault(OPENS, f"the endorsed key {stored.id} is for another use")
    return HeldKey(stored=stored, kept=kept)


def load_session_key(work: Work, lookup: Lookup, owner: Owner, *, key: str) -> HeldKey:
    """A session key that was neither revoked nor replaced.

    Raises:
        Denied: ``endorsement/counts``; ``endorsement/use`` for a key of another use.
        VerifierFault: ``vault/opens``.
    """
    stored = store.find_endorsed_key(lookup, work.tenant, key)
    if stored is None or stored.state != EndorsedState.ACTIVE:
        raise Denied(COUNTS, key if stored is None else stored.state)
    return open_endorsed(work, owner, stored)


def session_signer(work: Work, held: HeldKey, bound: BoundKey) -> BoundKey:
    """A session key in the form that verifiers take.

    Raises:
        Denied: ``endorsement/use``, ``endorsement/time``.
    """
    return endorsed_signer(held.kept.endorsed, Use.SESSION, bound=bound, now=work.now)


def trusted_keys(
    work: Work,
    lookup: Lookup,
    owner: Owner,
    *,
    stored: StoredBinding,
    kept: KeptBinding,
    app: RegisteredApp,
) -> list[TrustedKey]:
    """Keys behind a trusted display by which a binding may answer now, newest first.

    Their warrants are verified again, by the providers who are registered at this moment.

    Args:
        work: The request.
        lookup: Where to read.
        owner: The tenant.
        stored: The binding, active.
        kept: What is sealed of it.
        app: Its app's registration.

    Raises:
        WarifuError: Why none of those there are may answer.
    """
    found = store.active_keys_of(
        lookup, work.tenant, binding=stored.id, purpose=Use.TRUSTED_UI, now=work.now
    )
    usable: list[TrustedKey] = []
    failure: WarifuError | None = None
    for each in found:
        try:
            usable.append(_trusted(work, open_endorsed(work, owner, each), kept, app))
        except (BadEvidence, Denied) as error:
            failure = error
    if failure is not None and not usable:
        raise failure
    return usable


def rest_on_trusted(work: Work, trusted: TrustedKey) -> Statement:
    """The key still counts, and the app registration is still the one that was believed."""
    return rest_on_key(work, trusted.held, trusted.app)


def rest_on_key(work: Work, held: HeldKey, app: RegisteredApp | None = None) -> Statement:
    """The key still counts, and its provider is still registered where it takes one.

    It stands in a commit that names the binding too: see `store.bindings.require_active`.
    """
    return store.require_endorsed(
        work.tenant,
        held.stored.id,
        now=work.now,
        app=None if app is None else app.registration.id,
        revision=0 if app is None else app.revision,
        otherwise=COUNTS,
    )


def _trusted(work: Work, held: HeldKey, kept: KeptBinding, app: RegisteredApp) -> TrustedKey:
    bound = kept.binding.key
    signer = endorsed_signer(held.kept.endorsed, Use.TRUSTED_UI, bound=bound, now=work.now)
    warrant = verify_warrant(
        held.kept.warrant or b"",
        providers=app.registration.providers,
        public_key=signer.public_key,
        bound=bound,
        now=work.now,
    )
    return TrustedKey(held=held, signer=signer, warrant=warrant, app=app)


def _row(key: str, binding: str) -> str:
    return of_row(KIND, f"{key} {binding}")


_KEPT = msgspec.msgpack.Decoder(KeptEndorsedKey)
