"""What is kept of a submission: the changes that its commit makes, but for its appraisal."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from warifu.attestation.claims import Claims, Format
from warifu.attestation.document import claims_document
from warifu.attestation.evidence.facts.webauthn import RegistrationFacts
from warifu.attestation.verdict import Outcome, Verdict, without_claims
from warifu.base.errors import WarifuError
from warifu.service.conduct.challenges.rules import UNUSED
from warifu.service.conduct.evidence.expectations import StoredKey, key_name, write_stored_key
from warifu.service.conduct.evidence.kept_claims import without_absent
from warifu.service.conduct.evidence.rules import COUNTER_MOVED, DEVICE_APPEARED, NEW_KEY
from warifu.service.conduct.evidence.standing import BYTES, KeptBytes
from warifu.service.store import challenges as challenge_store
from warifu.service.store import devices as device_store
from warifu.service.store import evidence as store
from warifu.service.store.database import micros
from warifu.service.store.serials import insert_serials
from warifu.service.vault.identifiers import (
    conceal,
    identifiers_of,
    keeps_evidence,
    stored_forms,
)

if TYPE_CHECKING:
    from warifu.service.composition import Owner
    from warifu.service.conduct.evidence.submission import Found, Picture, RegisteredKey
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Statement

SEEN_GRAIN = 60_000_000
"""Microseconds: how exactly it is kept when a device was last seen."""


def keep(work: Work, picture: Picture, found: Found) -> list[Statement]:
    """All changes that a submission makes, but for its appraisal.

    Raises:
        VerifierFault: ``vault/opens``.
    """
    tenant, now = work.tenant, work.now
    claims = found.outcome if isinstance(found.outcome, Claims) else None
    owner, changes = _owner_of(work, picture, found)
    changes.insert(
        0,
        challenge_store.use_challenge(
            tenant, found.challenge.id, by=found.id, now=now, otherwise=UNUSED
        ),
    )
    if claims is not None and picture.registered is not None:
        changes.append(_count(tenant, picture.registered, claims))
    plain = msgspec.msgpack.encode(
        KeptBytes(evidence=found.question.data, client_data=found.question.submitted.client_data)
    )
    digest = sha256(plain).digest()
    changes.append(
        store.insert_evidence(
            tenant,
            store.EvidenceRow(
                id=found.id,
                app=found.asked.app,
                device=found.device,
                device_key=_key_of(found),
                challenge=found.challenge.id,
                format=found.question.format,
                digest=digest,
                made_at=now,
                received_at=now,
                verdict=found.verdict,
                document=_document(work, owner, found),
            ),
        )
    )
    if keeps_evidence(work.house, claims):
        sealed = work.house.vault.seal(owner, BYTES, plain)
        changes.append(
            store.insert_bytes(tenant, owner=owner.name, digest=digest, sealed=sealed, now=now)
        )
    if claims is not None:
        changes += _from_claims(work, picture, found, claims)
    if found.standing is not None:
        changes += found.standing.changes
    return changes


def _from_claims(work: Work, picture: Picture, found: Found, claims: Claims) -> list[Statement]:
    """What proved claims change: serials, a registered key, the device."""
    changes: list[Statement] = []
    identifiers = identifiers_of(claims)
    if identifiers:
        changes += insert_serials(
            tenant=work.tenant,
            evidence=found.id,
            device=found.device,
            serials=stored_forms(work.house, work.tenant, identifiers),
            now=work.now,
        )
    if found.device is None:
        return changes
    credential = _credential(found, claims)
    if credential is not None:
        row = device_store.KeyRow(
            id=key_name(credential.identifier),
            device=found.device,
            app=found.asked.app,
            format=found.question.format,
            credential=write_stored_key(credential),
            counter=claims.freshness.counter or 0,
            evidence=found.id,
            registered_at=work.now,
        )
        changes.append(device_store.insert_key(work.tenant, row, otherwise=NEW_KEY))
    registered = picture.registered
    last_seen = registered.last_seen if registered else picture.named_seen
    is_due = registered is None or micros(work.now) - last_seen >= SEEN_GRAIN
    if is_due and _known_owner(picture, found) is not None:
        told = claims.device
        changes.append(
            device_store.see_device(
                work.tenant,
                found.device,
                platform=told.platform if told else None,
                model=told.model if told else None,
                now=work.now,
            )
        )
    return changes


def _document(work: Work, owner: Owner, found: Found) -> bytes:
    outcome = found.outcome
    if isinstance(outcome, WarifuError):
        document = msgspec.to_builtins(without_claims(found.verdict, found.request, outcome))
    else:
        verdict = Verdict(
            verdict=Outcome.ACCEPTED,
            format=outcome.format,
            leniencies=outcome.leniencies,
            unchecked=outcome.unchecked,
            request=found.request,
        )
        document = msgspec.to_builtins(verdict)
        document["claims"] = without_absent(claims_document(outcome))
    return msgspec.json.encode(conceal(work.house, owner, document))


def _owner_of(work: Work, picture: Picture, found: Found) -> tuple[Owner, list[Statement]]:
    """Under whose key it is sealed, and the change that makes a new device's or holds a known one.

    Who advances a counter needs to hold nothing: an erasure deletes the key that has it.
    """
    if found.device is None:
        return picture.tenant_owner, []
    claims = found.outcome if isinstance(found.outcome, Claims) else None
    known = _known_owner(picture, found)
    if known is not None:
        counts = claims is not None and picture.registered is not None
        return known, [] if counts else hold(known)
    owner = work.house.vault.new_owner(work.tenant, found.device)
    told = claims.device if claims is not None else None
    return owner, [
        device_store.insert_device(
            work.tenant,
            found.device,
            app=found.asked.app,
            data_key=owner.wrapped,
            platform=told.platform if told else None,
            model=told.model if told else None,
            now=work.now,
            otherwise=DEVICE_APPEARED,
        )
    ]


def _known_owner(picture: Picture, found: Found) -> Owner | None:
    """The device's key, where it was read; None where the device is new."""
    registered = picture.registered.owner if picture.registered else None
    for known in (picture.named_owner, registered):
        if known is not None and known.name == found.device:
            return known
    return None


def hold(owner: Owner) -> list[Statement]:
    """The device is not erased before this is written."""
    return [
        device_store.hold_device(
            owner.tenant, owner.name, data_key=owner.wrapped, otherwise=DEVICE_APPEARED
        )
    ]


def _count(tenant: str, registered: RegisteredKey, claims: Claims) -> Statement:
    return device_store.advance_counter(
        tenant,
        registered.id,
        seen=registered.counter,
        counter=claims.freshness.counter or 0,
        otherwise=COUNTER_MOVED,
    )


def _key_of(found: Found) -> str | None:
    """The name of the key that evidence proved, or says it is of."""
    if found.question.identifier is not None:
        return key_name(found.question.identifier)
    credential = _credential(found, found.outcome) if isinstance(found.outcome, Claims) else None
    return key_name(credential.identifier) if credential else None


def _credential(found: Found, claims: Claims) -> StoredKey | None:
    """What is kept of a key that can sign later; None where this is no registration."""
    key, detail = claims.key, claims.detail
    if key is None or key.identifier is None or key.public_key is None:
        return None
    if claims.format is Format.APP_ATTEST:
        return StoredKey(identifier=key.identifier, public_key=key.public_key)
    if isinstance(detail, RegistrationFacts):
        return StoredKey(
            identifier=key.identifier,
            public_key=detail.credential_public_key,
            backup_eligible=detail.backup_eligible,
            user_handle=found.question.submitted.user_handle,
        )
    return None
