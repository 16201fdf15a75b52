"""Bindings as they are kept: columns to find and to change them by, and all else sealed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from warifu.attestation.claims import Key
from warifu.authentication.binding.states import Actor, Binding, BindingState, Hold
from warifu.base.errors import VerifierFault
from warifu.service.conduct.sealing import of_row, user_index_of
from warifu.service.vault.rules import OPENS

if TYPE_CHECKING:
    from warifu.service.composition import Owner
    from warifu.service.conduct.work import Work
    from warifu.service.store.bindings import StoredBinding

KIND = "binding"
"""What a sealed binding is bound to, beside the tenant and its id."""


class Change(Struct, frozen=True, kw_only=True):
    """One change of a binding, and why."""

    at: datetime
    what: str
    """``suspended``, ``resumed`` or ``revoked``."""
    by: Actor
    caller: str
    """Who asked us."""
    reason: str
    hold: Hold | None = None


class KeptBinding(Struct, frozen=True, kw_only=True):
    """What is sealed of a binding."""

    binding: Binding
    """As it was when it was last changed; its counter is a column, which moves apart from it."""
    evidence: str | None
    """The evidence by which its key was registered, in `device_keys`."""
    attested: Key | None
    """What that evidence proved about the key, `Claims.key`: user authentication rests on it, and
    refuses a key about which nothing is known."""
    user_handle: bytes | None = None
    """Of a passkey: the account it was registered for, which discoverable ones name."""
    leaf_id: str | None = None
    leaf: bytes | None = None
    """The ledger's leaf that says so."""
    salts: dict[str, bytes] = {}
    """With which that leaf can be opened."""
    changes: tuple[Change, ...] = ()
    """The last ones, oldest first."""


def seal_binding(work: Work, owner: Owner, kept: KeptBinding) -> bytes:
    """For the column `sealed`.

    Args:
        work: The request.
        owner: The tenant: see `warifu.service.conduct.sealing.tenant_owner`.
        kept: It.
    """
    kind = of_row(KIND, str(UUID(bytes=kept.binding.id)))
    return work.house.vault.seal(owner, kind, msgspec.msgpack.encode(kept))


def open_binding(work: Work, owner: Owner, stored: StoredBinding) -> KeptBinding:
    """The binding again, in the state and with the counter that its columns have now.

    Raises:
        VerifierFault: ``vault/opens``, also where the row names another user or device.
    """
    kept = _KEPT.decode(work.house.vault.unseal(owner, of_row(KIND, stored.id), stored.sealed))
    bound = kept.binding
    named = (user_index_of(work, bound.user), bound.device)
    if named != (stored.user_index, stored.device):
        raise VerifierFault(OPENS, f"the binding {stored.id} is of another user or device")
    key = kept.binding.key
    if key.counter is not None:
        key = replace(key, counter=stored.counter)
    state = BindingState(stored.state)
    binding = replace(kept.binding, state=state, primary=stored.primary, key=key)
    return replace(kept, binding=binding)


_KEPT = msgspec.msgpack.Decoder(KeptBinding)
