"""Receipts: what each will tell is kept with the outcome, and signed whenever it is asked for.

::

    the outcome's commit: contents, sealed ─► asked for: signed, with its place in the log

Nothing of it can change in between: the leaf, written in the same commit, commits to outcome,
proof, key and transaction. So no answer of a customer waits for a key or a token that signs, and
"this was not me" is taken even where the service has no key for receipts.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from warifu.authentication.ledger.leaf import SALT_OCTETS
from warifu.authentication.receipt.parts import (
    BindingCopy,
    EndorsementCopy,
    EvidenceCopy,
    Outcome,
    Proof,
)
from warifu.authentication.transaction.confirmation import BoundKey
from warifu.base.errors import VerifierFault
from warifu.service.conduct.bound import KeptBinding
from warifu.service.conduct.endorsed import TrustedKey
from warifu.service.conduct.evidence.standing import recall
from warifu.service.conduct.sealing import of_row
from warifu.service.store import receipts as store
from warifu.service.store.evidence import read_kept

if TYPE_CHECKING:
    from warifu.service.composition import Owner
    from warifu.service.conduct.books.leaves import KeptLeaf
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Statement, Transaction
    from warifu.service.store.receipts import StoredReceipt

RECEIPT, EVIDENCE = "receipt", "receipt-evidence"
"""What is sealed is bound to, beside the tenant and the row."""


class KeptReceipt(Struct, frozen=True, kw_only=True):
    """What is sealed of a receipt."""

    outcome: Outcome
    leaf: bytes
    leaf_secret: bytes
    """What opens the leaf's commitments."""
    secret: bytes
    """From which the salts of the parts are made: each part is the same in every copy."""
    transaction: bytes
    proof: Proof
    key: BoundKey
    binding: BindingCopy | None
    binding_leaf: str | None
    """The id of the leaf that bound the key."""
    evidence: str | None
    """The evidence behind the key, of which there is a copy if it was kept."""
    endorsement: EndorsementCopy | None = None
    """Where a key answered that `key` had endorsed."""
    endorsement_leaf: str | None = None


class AnsweredBy(Struct, frozen=True, kw_only=True):
    """Whose key answered."""

    bound: KeptBinding
    endorsed: TrustedKey | None = None
    """The key that did, where the bound one endorsed it for that."""


def write_receipt(
    work: Work,
    owner: Owner,
    transaction: str,
    *,
    data: bytes,
    outcome: Outcome,
    proof: Proof,
    by: AnsweredBy,
    leaf: KeptLeaf,
) -> Statement:
    """What the commit of an outcome writes, so that there is a receipt of it.

    Where there is no copy of the evidence behind the key, `copy_evidence` is written with it.

    Args:
        work: The request.
        owner: The tenant, see `warifu.service.conduct.sealing.tenant_owner`.
        transaction: Its id.
        data: Its bytes.
        outcome: As the leaf commits to it.
        proof: The person's answer as it was received.
        by: Whose key made it.
        leaf: Of the outcome; `write_leaf` writes it.

    Raises:
        VerifierFault: ``vault/opens``.
    """
    bound, endorsed = by.bound, by.endorsed
    kept = KeptReceipt(
        outcome=outcome,
        leaf=leaf.leaf,
        leaf_secret=leaf.secret.reveal(),
        secret=secrets.token_bytes(SALT_OCTETS),
        transaction=data,
        proof=proof,
        key=bound.binding.key,
        binding=_binding(bound),
        binding_leaf=bound.leaf_id,
        evidence=bound.evidence,
        endorsement=None if endorsed is None else _endorsement(endorsed),
        endorsement_leaf=None if endorsed is None else endorsed.held.kept.leaf_id,
    )
    kind = of_row(RECEIPT, leaf.id)
    sealed = work.house.vault.seal(owner, kind, msgspec.msgpack.encode(kept))
    row = store.StoredReceipt(id=leaf.id, transaction=transaction, at=work.now, sealed=sealed)
    return store.insert_receipt(work.tenant, row)


def copy_evidence(work: Work, owner: Owner, evidence: str) -> list[Statement]:
    """With the first receipt of a key: its evidence as received is kept less long than receipts.

    Args:
        work: The request.
        owner: The tenant.
        evidence: That registered the key. Nothing is written where it is not kept any more.

    Raises:
        VerifierFault: ``store/available``.
    """
    row = read_kept(work.house.database, work.tenant, evidence)
    if row is None:
        return []
    try:
        recalled = recall(work.house, work.tenant, row)
    except VerifierFault:
        # It was erased, or is not kept: the receipt says that there is none.
        return []
    asked = recalled.verdict.request
    copy = EvidenceCopy(
        media_type=asked.media_type,
        data=asked.evidence,
        expected=msgspec.json.encode(msgspec.to_builtins(recalled.expectations())),
        at=asked.at,
        known_at=asked.known_at,
        snapshots=asked.snapshots,
    )
    kind = of_row(EVIDENCE, evidence)
    sealed = work.house.vault.seal(owner, kind, msgspec.msgpack.encode(copy))
    return [store.insert_evidence_copy(work.tenant, evidence, sealed=sealed, at=work.now)]


def open_receipt(work: Work, owner: Owner, stored: StoredReceipt) -> KeptReceipt:
    """What was sealed of it.

    Raises:
        VerifierFault: ``vault/opens``.
    """
    kind = of_row(RECEIPT, stored.id)
    return _RECEIPT.decode(work.house.vault.unseal(owner, kind, stored.sealed))


def open_evidence(
    work: Work, transaction: Transaction, owner: Owner, evidence: str
) -> EvidenceCopy | None:
    """The copy of the evidence, or None where it was not kept.

    Raises:
        VerifierFault: ``vault/opens``.
    """
    sealed = store.read_evidence_copy(transaction, work.tenant, evidence)
    if sealed is None:
        return None
    return _EVIDENCE.decode(work.house.vault.unseal(owner, of_row(EVIDENCE, evidence), sealed))


def _binding(bound: KeptBinding) -> BindingCopy | None:
    if bound.leaf is None:
        return None
    binding = bound.binding
    return BindingCopy(
        user=binding.user, device=binding.device, leaf=bound.leaf, salts=dict(bound.salts)
    )


def _endorsement(endorsed: TrustedKey) -> EndorsementCopy:
    kept, warrant = endorsed.held.kept, endorsed.warrant
    return EndorsementCopy(
        public_key=endorsed.signer.public_key,
        endorsement=kept.endorsement,
        possession=kept.possession,
        warrant=kept.warrant or b"",
        provider=warrant.provider,
        provider_key=warrant.provider_key,
        leaf=kept.leaf,
        salts=dict(kept.salts),
    )


def with_result(copy: EvidenceCopy, result: bytes, media_type: str) -> EvidenceCopy:
    """With the attestation result that was made of it."""
    return replace(copy, result=result, result_type=media_type)


_RECEIPT = msgspec.msgpack.Decoder(KeptReceipt)
_EVIDENCE = msgspec.msgpack.Decoder(EvidenceCopy)
