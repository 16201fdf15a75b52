"""The ring of our keys: which one signs, which ones are published, and how they take turns.

Everything that moves a key from one state to another is in `TRANSITIONS`. Dates are fixed when a
rotation is planned, and time does the rest: any number of processes that hold the same ring change
keys at the same moment without talking to each other.

::

    rotate ─► PENDING ──signs_from──► ACTIVE ──signs_until──► RETIRING ──published_until──► RETIRED
              published               published, signs        published                     neither

A key is published before it signs, for as long as others may keep an old key set. It stays
published after it stopped signing for the longest life of what it signed. A revoked key is neither,
from the moment it is revoked and whatever a clock says.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Self

from msgspec import Struct
from msgspec.structs import replace

from warifu.base.errors import Misuse, VerifierFault
from warifu.base.keys.purpose import TERMS, KeyPurpose
from warifu.base.rule import Rule, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warifu.base.keys.signer import Signer

DOCUMENT_LIFE = timedelta(hours=1)
"""How long a published key set may be kept by others: its ``Cache-Control: max-age``."""
LEAST_LEAD = 2 * DOCUMENT_LIFE
"""A set fetched just before the rotation, by a cache before another cache, is gone by then."""
USUAL_LEAD = timedelta(hours=24)
MOST_LEAD = timedelta(days=366)
SKEW = timedelta(minutes=5)
"""How far apart the clocks of those who sign and those who verify may be."""
MAX_KEYS = 256

LEAD = Rule(
    code="keys/lead",
    clause="RFC 7517 §5; RFC 9111 §5.2.2.1",
    requires=Text(
        ja="新しい鍵は、署名に使う2時間以上前（366日以内）に公開しなければなりません。",
        en="A new key is published at least two hours, and at most 366 days, before it signs.",
    ),
    stops="signatures that nobody can verify yet",
)
ONE_PENDING = Rule(
    code="keys/one-pending",
    clause="warifu key ring",
    requires=Text(
        ja="同じ用途の次の鍵が署名を始めるまでは、さらに鍵を更新することはできません。",
        en="While the next key of a purpose has not begun to sign, no further one is added.",
    ),
)
KNOWN = Rule(
    code="keys/known",
    clause="warifu key ring",
    requires=Text(
        ja="指定された鍵は、鍵束に登録されていなければなりません。",
        en="The key is one of the ring.",
    ),
)
TRANSITION = Rule(
    code="keys/transition",
    clause="warifu key ring",
    requires=Text(
        ja="鍵の状態は、定められた順にしか変更できません。",
        en="A key moves from state to state only as the table allows.",
    ),
    stops="a retired or revoked key coming back",
)
CLOCK = Rule(
    code="keys/clock",
    clause="warifu key ring",
    requires=Text(
        ja="現在時刻は、鍵束を最後に変更した時刻より前であってはなりません。時計をご確認ください。",
        en="Keys are changed by a clock that is not earlier than the last change.",
    ),
    stops="dates planned by a clock that was set back",
)
UNIQUE = Rule(
    code="keys/unique",
    clause="NIST SP 800-57 Part 1 Rev. 5 §5.2",
    requires=Text(
        ja="一つの鍵を、二つの用途に使うことや二重に登録することはできません。",
        en="A key is in the ring once, for one purpose.",
    ),
    stops="a signature made for one purpose passing for another",
)
CAPACITY = Rule(
    code="keys/capacity",
    clause="warifu key ring",
    requires=Text(
        ja="鍵束に登録できる鍵は256個までです。",
        en="A ring holds at most 256 keys.",
    ),
)
NO_SIGNER = Rule(
    code="keys/no-signer",
    clause="warifu key ring",
    requires=Text(
        ja="署名には、その用途で有効な鍵が必要です。",
        en="There is an active key for the purpose, and it is at hand.",
    ),
)


class KeyState(Enum):
    """Where a key stands in its life."""

    PENDING = "pending"
    ACTIVE = "active"
    RETIRING = "retiring"
    RETIRED = "retired"
    REVOKED = "revoked"


class KeyEvent(Enum):
    """What moves a key on."""

    ACTIVATE = "activate"
    STOP_SIGNING = "stop-signing"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"


TRANSITIONS: dict[KeyState, dict[KeyEvent, KeyState]] = {
    KeyState.PENDING: {
        KeyEvent.ACTIVATE: KeyState.ACTIVE,
        KeyEvent.REVOKE: KeyState.REVOKED,
    },
    KeyState.ACTIVE: {
        KeyEvent.STOP_SIGNING: KeyState.RETIRING,
        KeyEvent.REVOKE: KeyState.REVOKED,
    },
    KeyState.RETIRING: {
        KeyEvent.WITHDRAW: KeyState.RETIRED,
        KeyEvent.REVOKE: KeyState.REVOKED,
    },
    KeyState.RETIRED: {KeyEvent.REVOKE: KeyState.REVOKED},
    KeyState.REVOKED: {},
}
PUBLISHED = frozenset({KeyState.PENDING, KeyState.ACTIVE, KeyState.RETIRING})
MAY_STILL_SIGN = frozenset({KeyState.PENDING, KeyState.ACTIVE})
"""States in which the private value has any use; it is not kept in the others."""


class Custody(Enum):
    """Where the private value is."""

    FILE = "file"
    TOKEN = "token"  # noqa: S105 - a PKCS#11 token, no password


class KeyRecord(Struct, frozen=True, kw_only=True):
    """One key without its private value. All times are in UTC, in whole seconds."""

    key_id: str
    purpose: KeyPurpose
    algorithm: str
    custody: Custody
    public_key: bytes
    """DER of SubjectPublicKeyInfo."""
    published_at: datetime
    signs_from: datetime
    signs_until: datetime | None = None
    """None until a successor is planned."""
    published_until: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> KeyState:
        """The state at `now`, which a ring never lets run backwards: see `KeyRing.state`."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        state = KeyState.PENDING
        for event, due in (
            (KeyEvent.ACTIVATE, self.signs_from),
            (KeyEvent.STOP_SIGNING, self.signs_until),
            (KeyEvent.WITHDRAW, self.published_until),
        ):
            if due is None or now < due:
                break
            state = TRANSITIONS[state][event]
        return state


class KeyRing(Struct, frozen=True, kw_only=True):
    """All keys, and what signs with those that are at hand. Changing it gives another ring."""

    records: tuple[KeyRecord, ...] = ()
    signers: Mapping[str, Signer] = {}
    """By key id."""
    changed_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    counter: int = 0
    """Number of changes: an older ring shows by a lower one."""

    def signer(self, purpose: KeyPurpose, now: datetime) -> Signer:
        """What signs for `purpose`. Ask again for each document: keys take turns.

        Raises:
            VerifierFault: ``keys/no-signer``.
        """
        record = self.active(purpose, now)
        signer = self.signers.get(record.key_id) if record else None
        if signer is None:
            seen = f"{record.key_id} is not at hand" if record else "no active key"
            raise VerifierFault(NO_SIGNER, f"{purpose.value}: {seen}")
        return signer

    def active(self, purpose: KeyPurpose, now: datetime) -> KeyRecord | None:
        """The key that signs for `purpose`, if there is one."""
        return self._find(purpose, KeyState.ACTIVE, now)

    def published(self, now: datetime) -> tuple[KeyRecord, ...]:
        """The keys that others are to know: those that sign, soon will, or did not long ago."""
        return tuple(each for each in self.records if self.state(each, now) in PUBLISHED)

    def state(self, record: KeyRecord, now: datetime) -> KeyState:
        """The state of a key. A clock that runs backwards brings no key back."""
        return record.state(max(now, self.changed_at))

    def rotate(
        self,
        purpose: KeyPurpose,
        signer: Signer,
        *,
        custody: Custody,
        now: datetime,
        lead: timedelta = USUAL_LEAD,
    ) -> Self:
        """Add a key that will take over. Where none is active, it signs at once.

        Args:
            purpose: What for.
            signer: The new key.
            custody: Where its private value is.
            now: The current time.
            lead: How long it is published before it signs.

        Raises:
            Misuse: ``keys/lead``, ``keys/one-pending``, ``keys/unique``, ``keys/capacity``,
                ``keys/clock``.
        """
        moment = self._moment_of_change(now)
        kept = self._with_room_for(signer.key_id, moment)
        if not LEAST_LEAD <= lead <= MOST_LEAD:
            raise Misuse(LEAD, f"{lead}")
        if self._find(purpose, KeyState.PENDING, moment):
            raise Misuse(ONE_PENDING, purpose.value)
        current = self.active(purpose, moment)
        added = KeyRecord(
            key_id=signer.key_id,
            purpose=purpose,
            algorithm=signer.algorithm,
            custody=custody,
            public_key=signer.public_key,
            published_at=moment,
            # Nobody holds a key set that leads to another key: there is nothing to wait for.
            signs_from=moment + lead if current else moment,
        )
        if current:
            until = added.signs_from
            withdrawn = until + TERMS[purpose].longest_life + SKEW
            kept = _put(kept, replace(current, signs_until=until, published_until=withdrawn))
        return self._changed((*kept, added), moment, {**self.signers, signer.key_id: signer})

    def revoke(self, key_id: str, *, now: datetime) -> Self:
        """Take a compromised key back at once.

        If it was to sign next, its predecessor signs on. If it signs, the next one takes over at
        once; where there is none, nothing signs until `rotate` adds one.

        Raises:
            Misuse: ``keys/known``, ``keys/transition``, ``keys/clock``.
        """
        moment = self._moment_of_change(now)
        record = next((each for each in self.records if each.key_id == key_id), None)
        if record is None:
            raise Misuse(KNOWN, f"{key_id!r:.60}")
        state = self.state(record, moment)
        if KeyEvent.REVOKE not in TRANSITIONS[state]:
            raise Misuse(TRANSITION, f"{key_id} is {state.value}")
        records = _put(self.records, replace(record, revoked_at=moment))
        if state is KeyState.PENDING and (current := self.active(record.purpose, moment)):
            stays = replace(current, signs_until=None, published_until=None)
            records = _put(records, stays)
        if state is KeyState.ACTIVE and (
            following := self._find(record.purpose, KeyState.PENDING, moment)
        ):
            records = _put(records, replace(following, signs_from=moment))
        signers = {name: each for name, each in self.signers.items() if name != key_id}
        return self._changed(records, moment, signers)

    def renew(self, *, now: datetime) -> Self:
        """The same keys, as a further change: a copy from before it is then an old copy.

        Raises:
            Misuse: ``keys/clock``.
        """
        return self._changed(self.records, self._moment_of_change(now), self.signers)

    def _find(self, purpose: KeyPurpose, state: KeyState, now: datetime) -> KeyRecord | None:
        for each in self.records:
            if each.purpose is purpose and self.state(each, now) is state:
                return each
        return None

    def _moment_of_change(self, now: datetime) -> datetime:
        moment = now.astimezone(UTC).replace(microsecond=0)
        if moment < self.changed_at:
            raise Misuse(CLOCK, f"{moment} is before {self.changed_at}")
        return moment

    def _with_room_for(self, key_id: str, now: datetime) -> tuple[KeyRecord, ...]:
        """The records; of a full ring, those that are still of use."""
        if any(each.key_id == key_id for each in self.records):
            raise Misuse(UNIQUE, key_id)
        if len(self.records) < MAX_KEYS:
            return self.records
        kept = tuple(e for e in self.records if self.state(e, now) is not KeyState.RETIRED)
        if len(kept) >= MAX_KEYS:
            raise Misuse(CAPACITY, f"{len(kept)} keys")
        return kept

    def _changed(
        self, records: tuple[KeyRecord, ...], moment: datetime, signers: Mapping[str, Signer]
    ) -> Self:
        return replace(
            self,
            records=records,
            signers=signers,
            changed_at=moment,
            counter=self.counter + 1,
        )


def _put(records: tuple[KeyRecord, ...], changed: KeyRecord) -> tuple[KeyRecord, ...]:
    return tuple(changed if each.key_id == changed.key_id else each for each in records)
