"""Issuing receipts: signed when they are asked for, with their place once the log has it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.authentication.ledger.merkle import inclusion_places, inclusion_proof
from warifu.authentication.receipt.receipt import (
    Contents,
    Inclusion,
    LeafProof,
    include,
    issue,
    withhold,
)
from warifu.base.errors import Misuse, VerifierFault
from warifu.base.keys.purpose import KeyPurpose
from warifu.base.keys.ring import NO_SIGNER
from warifu.base.secret import Secret
from warifu.service.conduct.books.keys import publishing_leaf
from warifu.service.conduct.books.reading import cosigned
from warifu.service.conduct.books.receipts import (
    KeptReceipt,
    open_evidence,
    open_receipt,
    with_result,
)
from warifu.service.conduct.books.rules import ANSWERED
from warifu.service.conduct.books.sequencing import origin_of
from warifu.service.conduct.evidence.ear import ear_of_record
from warifu.service.conduct.rules import KNOWN
from warifu.service.conduct.sealing import tenant_owner, verifier_of
from warifu.service.store import ledger as ledger_store
from warifu.service.store import receipts as store

if TYPE_CHECKING:
    from warifu.authentication.receipt.parts import EvidenceCopy
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Transaction
    from warifu.service.store.ledger import StoredHead, StoredLeaf


class Issued(Struct, frozen=True, kw_only=True):
    """A receipt's file."""

    data: bytes
    pending: bool
    """Whether it has no place in the log yet."""
    etag: str
    """Strong for what it tells, with its quotation marks; its signature is new each time."""


class _Places(Struct, frozen=True, kw_only=True):
    """Where its leaves are, under one head."""

    inclusion: Inclusion
    name: str
    """Of this inclusion, among others of the same receipt."""


def issue_receipt(work: Work, transaction_id: str, *, personal: bool = True) -> Issued:
    """The receipt of a transaction's last outcome.

    Args:
        work: The request.
        transaction_id: Its id.
        personal: Whether with all that is about a person.

    Raises:
        Misuse: ``request/known``, ``receipt/answered``.
        VerifierFault: ``keys/no-signer``, ``vault/opens``.
    """
    ring = work.house.keys.ring(work.now)
    signer = ring.signer(KeyPurpose.RECEIPT, work.now)
    with work.house.database.read() as transaction:
        stored = store.newest_receipt(transaction, work.tenant, transaction_id)
        if stored is None:
            is_known = store.is_transaction(transaction, work.tenant, transaction_id)
            raise Misuse(ANSWERED if is_known else KNOWN, "receipt")
        owner = tenant_owner(work, transaction)
        kept = open_receipt(work, owner, stored)
        evidence = None
        if kept.evidence is not None:
            evidence = open_evidence(work, transaction, owner, kept.evidence)
        published = publishing_leaf(ring, signer.key_id)
        places = _places(work, transaction, stored.id, kept=kept, published=published)
        if evidence is not None and kept.evidence is not None:
            evidence = _with_ear(work, transaction, evidence, kept=kept)
    data = issue(
        _contents(work, kept, evidence),
        signer=signer,
        leaf_secret=Secret(kept.leaf_secret),
        secret=Secret(kept.secret),
    )
    if places is not None:
        data = include(data, places.inclusion)
    if not personal:
        data = withhold(data)
    told = (stored.id, signer.key_id, "" if places is None else places.name, str(personal))
    etag = f'"{sha256(" ".join(told).encode()).hexdigest()[:32]}"'
    return Issued(data=data, pending=places is None, etag=etag)


def _contents(work: Work, kept: KeptReceipt, evidence: EvidenceCopy | None) -> Contents:
    return Contents(
        verifier=verifier_of(work),
        log=origin_of(work.house, work.tenant),
        issued_at=work.now,
        outcome=kept.outcome,
        leaf=kept.leaf,
        transaction=kept.transaction,
        proof=kept.proof,
        key=kept.key,
        evidence=evidence,
        binding=kept.binding,
        endorsement=kept.endorsement,
    )


def _places(
    work: Work,
    transaction: Transaction,
    leaf: str,
    *,
    kept: KeptReceipt,
    published: str | None,
) -> _Places | None:
    """Under the first head that has all of its leaves: it stays the same from then on."""
    own, bound, key, endorsed = (
        None if name is None else ledger_store.find_leaf(transaction, work.tenant, name)
        for name in (leaf, kept.binding_leaf, published, kept.endorsement_leaf)
    )
    if own is None or own.place is None:
        return None
    placed = [each.place for each in (own, bound, key, endorsed) if each and each.place is not None]
    needed = work.house.settings.ledger.witnesses_needed
    head = ledger_store.first_head_with(
        transaction, work.tenant, place=max(placed), witnesses=needed
    )
    if head is None or head.checkpoint is None:
        return None
    lines = ledger_store.cosignatures_of(transaction, work.tenant, head.size)
    wanted = {node for place in placed for node in inclusion_places(place, head.size)}
    nodes = ledger_store.read_nodes(transaction, work.tenant, wanted)

    def proof(found: StoredLeaf | None) -> LeafProof | None:
        if found is None or found.place is None:
            return None
        path = inclusion_proof(found.place, head.size, nodes)
        return LeafProof(index=found.place, path=path)

    key_proof = proof(key)
    inclusion = Inclusion(
        checkpoint=cosigned(head.checkpoint, lines),
        place=LeafProof(index=own.place, path=inclusion_proof(own.place, head.size, nodes)),
        binding=proof(bound),
        published=() if key is None or key_proof is None else ((key.leaf, key_proof),),
        endorsement=proof(endorsed),
    )
    return _Places(inclusion=inclusion, name=_name(head, lines))


def _name(head: StoredHead, lines: list[bytes]) -> str:
    return f"{head.size}/{len(lines)}"


def _with_ear(
    work: Work, transaction: Transaction, copy: EvidenceCopy, *, kept: KeptReceipt
) -> EvidenceCopy:
    """With what we had found of the evidence by then, where it is kept and we can sign it."""
    appraisal = store.newest_appraisal(
        transaction, work.tenant, kept.evidence or "", until=kept.outcome.at
    )
    if appraisal is None:
        return copy
    try:
        ear = ear_of_record(work, transaction, appraisal)
    except VerifierFault as error:
        if error.rule is not NO_SIGNER:
            raise
        return copy
    return copy if ear is None else with_result(copy, ear.body, ear.media_type)
