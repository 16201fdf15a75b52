"""Endorsing: the bound key of a binding lets one more key do one thing, and it is taken back.

::

    ask ─► challenge, use, end ─► endorsement by the bound key, possession, warrant ─► key, leaf

Each is one commit, under the condition that the binding is active.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from msgspec import Meta, Struct
from msgspec.structs import replace

from warifu.attestation.claims import Endorsement
from warifu.authentication.binding.endorsement import (
    AskedEndorsement,
    Use,
    asked_digest,
    verify_endorsement,
)
from warifu.authentication.binding.rules import WARRANT_NEEDED
from warifu.authentication.binding.states import usable
from warifu.authentication.binding.warrant import verify_warrant
from warifu.authentication.ledger.leaf import LeafKind, salt_for
from warifu.authentication.user.device_signature import require_attested
from warifu.authentication.user.rules import KEY_ATTESTED
from warifu.base.codec.text import to_base64url
from warifu.base.errors import BadEvidence, Misuse
from warifu.base.keys.jwks import thumbprint
from warifu.service.conduct.binding.bindings import ChangeRequest, load_binding
from warifu.service.conduct.binding.ledger import leaf_of
from warifu.service.conduct.binding.rules import COUNTS, KEY_TAKEN
from warifu.service.conduct.books.leaves import write_leaf
from warifu.service.conduct.challenges.asking import RecordId
from warifu.service.conduct.challenges.challenge import OCTETS
from warifu.service.conduct.challenges.rules import UNUSED
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.endorsed import (
    HeldKey,
    KeptEndorsedKey,
    WarrantTold,
    open_endorsed,
    rest_on_key,
    seal_endorsed,
)
from warifu.service.conduct.registrations.registration import load_app
from warifu.service.conduct.rules import KNOWN
from warifu.service.conduct.sealing import verifier_of
from warifu.service.conduct.verifying.questions import Channel, answerable, rest_on
from warifu.service.identifiers import new_id
from warifu.service.store import challenges as challenge_store
from warifu.service.store import endorsed_keys as store
from warifu.service.store.endorsed_keys import EndorsedState, StoredEndorsedKey

if TYPE_CHECKING:
    from warifu.authentication.binding.endorsement import Endorsed
    from warifu.service.conduct.binding.keeping import BoundDevice
    from warifu.service.conduct.books.leaves import KeptLeaf
    from warifu.service.conduct.registrations.registration import RegisteredApp
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Transaction

MAX_SIGNED_BYTES = 16 << 10
TRUSTED_UI_KEYS = 1
"""Of one binding: a phone has one display that is trusted."""
COMMITTED = ("user", "device", "key", "endorsed-key", "endorsement", "warrant")
"""What the leaf of an endorsement commits to; the last one where there is one."""

Signed = Annotated[bytes, Meta(min_length=1, max_length=MAX_SIGNED_BYTES)]


class EndorsementQuestionRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be endorsed."""

    use: Use
    channel: Channel = Channel.APP


class EndorsementQuestion(Struct, frozen=True, kw_only=True):
    """What the device puts its key into. Bytes are standard base64 with padding."""

    id: str
    verifier: str
    channel: Channel
    binding: bytes
    """16 octets."""
    use: Use
    challenge: bytes
    expires_at: datetime
    """When the key will end; whole seconds."""
    answer_before: datetime


class EndorsementRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the device signed, with what it was asked."""

    challenge: RecordId
    use: Use
    channel: Channel = Channel.APP
    expires_at: Annotated[datetime, Meta(tz=True)]
    """As in the question."""
    endorsement: Signed
    """By the bound key: docs/formats/endorsement.md §2."""
    possession: Signed
    """By the new key, over the same bytes."""
    warrant: Signed | None = None
    """By the component's provider; for `trusted-ui`."""


class EndorsedKeySeen(Struct, frozen=True, kw_only=True):
    """An endorsed key."""

    id: str
    binding: str
    use: Use
    state: EndorsedState
    key: str
    """SHA-256 of its SubjectPublicKeyInfo, base64url."""
    thumbprint: str
    """RFC 7638, base64url: what tokens name."""
    endorsed_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    """When it was replaced or revoked."""
    level: Endorsement
    """Who vouched for the bound key that endorsed it."""
    warrant: WarrantTold | None
    """Whose word it is that it lives behind a display of its own. No platform attests that."""


def ask_endorsement(
    work: Work, binding: str, asked: EndorsementQuestionRequest
) -> EndorsementQuestion:
    """A question to the bound key of a binding.

    Raises:
        Misuse: ``request/known``.
        Denied: ``binding/usable``.
    """
    with work.house.database.read() as transaction:
        bound = _active(work, transaction, binding)
    settings = work.house.settings
    lives = {
        Use.SESSION: timedelta(seconds=settings.binding.session_key_seconds),
        Use.TRUSTED_UI: timedelta(days=settings.binding.trusted_ui_days),
    }
    value = secrets.token_bytes(OCTETS)
    expires_at = (work.now + lives[asked.use]).replace(microsecond=0)
    wanted = _wanted(
        work, bound, use=asked.use, channel=asked.channel, challenge=value, expires_at=expires_at
    )
    answer_before = work.now + timedelta(seconds=settings.challenges.seconds)
    answer = EndorsementQuestion(
        id=new_id(work.now),
        verifier=wanted.verifier,
        channel=asked.channel,
        binding=wanted.binding,
        use=asked.use,
        challenge=value,
        expires_at=expires_at,
        answer_before=answer_before,
    )
    issued = challenge_store.insert_challenge(
        work.tenant,
        answer.id,
        app=bound.stored.app,
        value=value,
        context=asked_digest(wanted),
        issued_at=work.now,
        expires_at=answer_before,
    )
    commit(work, [issued], answer=answer, audit=(), device=bound.stored.device)
    return answer


def endorse_key(work: Work, binding: str, asked: EndorsementRequest) -> EndorsedKeySeen:
    """Take an endorsement by the bound key, with the new key's own word.

    Raises:
        Misuse: ``request/known``, ``endorsement/asked``.
        BadEvidence: ``endorsement/*``, ``warrant/*``, ``user/key-attested``, and what their
            readers raise.
        Denied: ``binding/usable``, ``challenge/*``, ``endorsement/*``, ``warrant/time``,
            ``evidence/counter-moved``.
    """
    with work.house.database.read() as transaction:
        bound = _active(work, transaction, binding)
        app = load_app(work.house, transaction, work.tenant, bound.stored.app)
        wanted = _wanted(
            work,
            bound,
            use=asked.use,
            channel=asked.channel,
            challenge=bytes(OCTETS),
            expires_at=asked.expires_at,
        )
        value = answerable(
            work,
            transaction,
            asked.challenge,
            bound_to=lambda value: asked_digest(replace(wanted, challenge=value)),
        )
    endorsed = _verified(work, bound, replace(wanted, challenge=value), app=app, asked=asked)
    told = _warranted(work, bound, endorsed, app=app, asked=asked)
    name = new_id(work.now)
    leaf = _leaf(work, bound, endorsed, asked=asked)
    held = _held(work, bound, endorsed, asked=asked, told=told, name=name, leaf=leaf)
    answer = seen(held)
    limits = {Use.SESSION: work.house.settings.binding.session_keys}
    keep = limits.get(asked.use, TRUSTED_UI_KEYS) - 1
    commit(
        work,
        [
            # First the binding: endorsements of one binding go on one at a time behind it.
            rest_on(work, bound.stored, endorsed.counter),
            challenge_store.use_challenge(
                work.tenant, asked.challenge, by=name, now=work.now, otherwise=UNUSED
            ),
            *store.make_room(work.tenant, held.stored, keep=keep, now=work.now),
            store.insert_endorsed_key(work.tenant, held.stored, otherwise=KEY_TAKEN),
            # The providers are those who were believed: nobody took one away meanwhile.
            rest_on_key(work, held, app),
            write_leaf(work, leaf, subject=binding),
        ],
        answer=answer,
        audit=[_audited("binding/key-endorsed", held)],
        device=bound.stored.device,
    )
    return answer


def list_endorsed(
    work: Work, binding: str, *, after: str | None, limit: int
) -> list[EndorsedKeySeen]:
    """Keys that a binding endorsed, newest first; one more than `limit` where there are more.

    Raises:
        Misuse: ``request/known``.
    """
    with work.house.database.read() as transaction:
        bound = load_binding(work, transaction, binding)
        found = store.endorsed_keys_of(
            transaction, work.tenant, bound.stored.id, after=after, limit=limit + 1
        )
    return [seen(open_endorsed(work, bound.owner, each)) for each in found]


def revoke_endorsed(work: Work, binding: str, key: str, asked: ChangeRequest) -> EndorsedKeySeen:
    """Take a key back; what was issued to it is worth nothing from then on.

    One that was replaced or came to its end can be taken back too: nothing that it approved and
    that still waits is handed off then.

    Raises:
        Misuse: ``request/known``.
        Denied: ``endorsement/counts`` where it was taken back before.
    """
    with work.house.database.read() as transaction:
        bound = load_binding(work, transaction, binding)
        stored = store.find_endorsed_key(transaction, work.tenant, key)
    if stored is None or stored.binding != bound.stored.id:
        raise Misuse(KNOWN, "endorsed key")
    held = open_endorsed(work, bound.owner, stored)
    leaf = leaf_of(
        work,
        LeafKind.ENDORSEMENT_ENDED,
        bound.ceremony,
        **{"endorsed-key": _digest(held.kept.endorsed), "reason": asked.reason.encode()},
    )
    ended = replace(stored, state=EndorsedState.REVOKED, ended_at=work.now)
    answer = seen(replace(held, stored=ended))
    commit(
        work,
        [
            *store.revoke_endorsed_key(work.tenant, stored, now=work.now, otherwise=COUNTS),
            write_leaf(work, leaf, subject=binding),
        ],
        answer=answer,
        audit=[_audited("binding/key-revoked", held, by=asked.by)],
        status=200,
        device=bound.stored.device,
    )
    return answer


def seen(held: HeldKey) -> EndorsedKeySeen:
    """An endorsed key as it is told."""
    stored, kept = held.stored, held.kept
    return EndorsedKeySeen(
        id=stored.id,
        binding=stored.binding,
        use=kept.endorsed.use,
        state=EndorsedState(stored.state),
        key=to_base64url(_digest(kept.endorsed)),
        thumbprint=stored.thumbprint,
        endorsed_at=stored.endorsed_at,
        expires_at=kept.endorsed.expires_at,
        ended_at=stored.ended_at,
        level=kept.level,
        warrant=kept.told,
    )


def _active(work: Work, transaction: Transaction, binding: str) -> BoundDevice:
    bound = load_binding(work, transaction, binding)
    usable(bound.ceremony, user=bound.ceremony.user, device=bound.stored.device)
    return bound


def _wanted(
    work: Work,
    bound: BoundDevice,
    *,
    use: Use,
    channel: Channel,
    challenge: bytes,
    expires_at: datetime,
) -> AskedEndorsement:
    return AskedEndorsement(
        verifier=verifier_of(work),
        channel=channel.value,
        binding=UUID(bound.stored.id).bytes,
        use=use,
        challenge=challenge,
        expires_at=expires_at,
    )


def _verified(
    work: Work,
    bound: BoundDevice,
    wanted: AskedEndorsement,
    *,
    app: RegisteredApp,
    asked: EndorsementRequest,
) -> Endorsed:
    web = app.registration.webauthn
    key = bound.ceremony.key
    endorsed = verify_endorsement(
        asked.endorsement,
        asked.possession,
        bound=key,
        asked=wanted,
        # Where no relying party is registered any more, no page may speak for one.
        origins=() if web is None else web.origins,
        now=work.now,
    )
    # An endorsement is worth no more than the key that made it.
    if bound.kept.attested is None:
        raise BadEvidence(KEY_ATTESTED, "nothing is known about the key")
    accepted = frozenset(work.house.settings.verification.endorsements)
    require_attested(key, bound.kept.attested, accepted)
    return endorsed


def _warranted(
    work: Work,
    bound: BoundDevice,
    endorsed: Endorsed,
    *,
    app: RegisteredApp,
    asked: EndorsementRequest,
) -> WarrantTold | None:
    if (asked.warrant is not None) is not (endorsed.use is Use.TRUSTED_UI):
        raise BadEvidence(WARRANT_NEEDED, endorsed.use)
    if asked.warrant is None:
        return None
    warrant = verify_warrant(
        asked.warrant,
        providers=app.registration.providers,
        public_key=endorsed.public_key,
        bound=bound.ceremony.key,
        now=work.now,
    )
    return WarrantTold(
        provider=warrant.provider,
        kind=warrant.kind,
        component=warrant.component,
        version=warrant.release,
        valid_until=warrant.valid_until,
    )


def _leaf(
    work: Work, bound: BoundDevice, endorsed: Endorsed, *, asked: EndorsementRequest
) -> KeptLeaf:
    values = {
        "endorsed-key": _digest(endorsed),
        "endorsement": sha256(asked.endorsement).digest(),
    }
    if asked.warrant is not None:
        values["warrant"] = sha256(asked.warrant).digest()
    return leaf_of(work, LeafKind.ENDORSEMENT, bound.ceremony, **values)


def _held(
    work: Work,
    bound: BoundDevice,
    endorsed: Endorsed,
    *,
    asked: EndorsementRequest,
    told: WarrantTold | None,
    name: str,
    leaf: KeptLeaf,
) -> HeldKey:
    attested = bound.kept.attested
    committed = COMMITTED if asked.warrant is not None else COMMITTED[:-1]
    kept = KeptEndorsedKey(
        endorsed=endorsed,
        endorsement=asked.endorsement,
        possession=asked.possession,
        warrant=asked.warrant,
        told=told,
        level=Endorsement.NONE if attested is None else attested.endorsement,
        leaf_id=leaf.id,
        leaf=leaf.leaf,
        salts={name: salt_for(leaf.secret, name) for name in committed},
    )
    stored = StoredEndorsedKey(
        id=name,
        binding=bound.stored.id,
        purpose=endorsed.use,
        thumbprint=thumbprint(endorsed.public_key),
        state=EndorsedState.ACTIVE,
        endorsed_at=work.now,
        expires_at=endorsed.expires_at,
        sealed=seal_endorsed(work, bound.owner, kept, key=name, binding=bound.stored.id),
    )
    return HeldKey(stored=stored, kept=kept)


def _audited(action: str, held: HeldKey, **more: str) -> AuditEntry:
    told = held.kept.told
    return AuditEntry(
        action=action,
        subject=held.stored.binding,
        document={
            "key": held.stored.id,
            "use": held.kept.endorsed.use,
            "warranted_by": None if told is None else told.provider,
            **more,
        },
    )


def _digest(endorsed: Endorsed) -> bytes:
    return sha256(endorsed.public_key).digest()
