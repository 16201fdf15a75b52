"""Checking one receipt offline: everything that can be checked is, and the rest is named.

No step believes what a later one has yet to prove: each reads bytes whose hash the statement has,
and the statement's signature is verified before anything is returned.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.attestation.examination import AWARE_TIME
from warifu.authentication.transaction.encoding import decode_shown
from warifu.base.errors import BadEvidence, MissingTrust, Misuse
from warifu.base.pki.sign1 import check_sign1
from warifu.base.pki.signature import load_public_key
from warifu.receipt_check import proofs, reading, rules
from warifu.receipt_check.endorsement import Endorsed, Recorded, check_endorsement
from warifu.receipt_check.evidence import check_evidence
from warifu.receipt_check.findings import Check, CheckedReceipt, Finding, Why
from warifu.receipt_check.keys import FOR_RECEIPTS, NoteKey, ServerKey, server_key
from warifu.receipt_check.log import SKEW, Head, check_included, read_head

if TYPE_CHECKING:
    from warifu.attestation.trust.view import TrustView

_CONFIRMATION, _SERVER_KEY = "confirmation", "server-key"
_BINDING_MEMBERS = {1: str, 2: str, 3: bytes, 4: dict}
_BINDING_KINDS = ("enrolment", "key-change")
_VERDICTS = {None: None, proofs.OK: "ok", proofs.NG: "ng"}
_REASONS = {None: None, 1: "changed-mind", 2: "details-wrong", 3: "not-me"}
_APPROVED = frozenset({"approved", "held", "handed-off", "acknowledged", "reconciled"})
"""States that only an OK leads to."""
_REFUSED = "refused"


class Known(Struct, frozen=True, kw_only=True):
    """What whoever checks believes beforehand."""

    log_keys: tuple[NoteKey, ...] = ()
    """Of logs and of witnesses."""
    server_keys: tuple[ServerKey, ...] = ()
    """Of the server, old ones too: which of them signed is found by its id."""
    trust: TrustView | None = None
    """For the evidence, as of the time when it was judged."""
    provider_keys: frozenset[bytes] = frozenset()
    """Of those whose warrants count, DER of SubjectPublicKeyInfo."""
    witnesses: int = 0
    """How many must have cosigned."""


class _Seen(Struct, kw_only=True):
    """What the steps found, for those after them."""

    file: reading.File
    outcome: reading.Outcome
    leaf: reading.Leaf
    findings: list[Finding]
    head: Head | None = None
    shown: proofs.Shown | None = None
    key: proofs.Key | None = None
    answered: proofs.Answered | None = None
    endorsed: Endorsed | None = None
    user: str | None = None
    device: str | None = None

    def met(self, check: Check, detail: str = "") -> None:
        self.findings.append(Finding(check=check, checked=True, detail=detail))

    def left(self, check: Check, why: Why, detail: str = "") -> None:
        self.findings.append(Finding(check=check, checked=False, why=why, detail=detail))

    def missing(self, check: Check, *parts: int) -> bool:
        """Whether a part is not there that a check needs; the finding says why."""
        gone = [part for part in parts if part not in self.file.parts]
        if gone:
            stated = all(part in self.file.stated for part in gone)
            self.left(check, Why.WITHHELD if stated else Why.ABSENT)
        return bool(gone)


def check_receipt(data: bytes, *, known: Known, at: datetime) -> CheckedReceipt:
    """Check a receipt.

    Args:
        data: The file.
        known: Keys and trust that were got beforehand, from elsewhere than the receipt.
        at: The time judged for, with a UTC offset.

    Returns:
        What it shows, and for each check whether it was made or why it was not.

    Raises:
        BadEvidence: ``receipt-check/*``, ``cbor/*``, or a rule of the transaction: the receipt
            is wrong.
        MissingTrust: ``receipt-check/server-key``, ``receipt-check/log-key``: nothing can be said.
        Misuse: `at` has no offset.
    """
    if at.utcoffset() is None:
        raise Misuse(AWARE_TIME, "at")
    # Step 1: the file and each part's hash.
    file = reading.read_file(data)
    for part in (reading.OUTCOME, reading.LEAF):
        if part not in file.parts:
            raise BadEvidence(rules.PARTS, "outcome and leaf are never withheld")
    outcome = reading.read_outcome(file.parts[reading.OUTCOME].content)
    leaf = reading.read_leaf(file.parts[reading.LEAF].content, _CONFIRMATION)
    seen = _Seen(file=file, outcome=outcome, leaf=leaf, findings=[])
    # Step 2: the log, which may publish the server's key.
    published = _check_log(seen, known, at)
    # Step 3: the server's signature, and that the times follow each other.
    _check_server(seen, (*known.server_keys, *published))
    _check_times(seen, at)
    # Step 4: what the person saw and answered, and with which key.
    _check_transaction(seen)
    _check_endorsement(seen, known.provider_keys)
    _check_person(seen)
    # Step 5: where the key came from.
    _check_evidence(seen, known.trust)
    _check_binding(seen)
    # Step 6: the leaf says the same.
    _check_leaf(seen)
    seen.left(Check.COUNTER, Why.ONLINE_ONLY)
    seen.left(Check.DECISION, Why.OWN_STATEMENT)
    return _result(seen)


def read_known_at(data: bytes) -> datetime | None:
    """Which trust the evidence was judged by, as the receipt says; None where it has no evidence.

    Raises:
        BadEvidence: As `check_receipt` for the file's form.
    """
    part = reading.read_file(data).parts.get(reading.EVIDENCE)
    return None if part is None else reading.read_evidence(part.content).known_at


def _check_log(seen: _Seen, known: Known, at: datetime) -> tuple[ServerKey, ...]:
    """Head, place of the leaf, and server keys that a signed head vouches for."""
    file, inclusion = seen.file, seen.file.inclusion
    if inclusion is None:
        for check in (Check.INCLUSION, Check.LOG_SIGNATURE, Check.WITNESSES):
            seen.left(check, Why.PENDING)
        return ()
    head = seen.head = read_head(
        inclusion.checkpoint,
        origin=file.log,
        keys=known.log_keys,
        threshold=known.witnesses,
        at=at,
    )
    _check_place(file.parts[reading.LEAF].content, inclusion.place, head)
    seen.met(Check.INCLUSION, f"{inclusion.place.index} / {head.size}")
    if head.signed:
        seen.met(Check.LOG_SIGNATURE, file.log)
    else:
        seen.left(Check.LOG_SIGNATURE, Why.NO_LOG_KEY)
    if head.witnesses:
        seen.met(Check.WITNESSES, ", ".join(each.name for each in head.witnesses))
    else:
        seen.left(Check.WITNESSES, Why.NOT_ASKED)
    keys = []
    for data, place in inclusion.published:
        leaf = reading.read_leaf(data, _SERVER_KEY)
        _check_place(data, place, head)
        if leaf.at <= file.issued_at and head.signed:
            keys.append(_published_key(leaf))
    return tuple(keys)


def _published_key(leaf: reading.Leaf) -> ServerKey:
    match leaf.public:
        case {"purpose": str(purpose), "public-key": bytes(public_key)}:
            return server_key(purpose, public_key)
        case _:
            raise BadEvidence(rules.LEAF, "a published key without key or purpose")


def _check_place(leaf: bytes, place: reading.Place, head: Head) -> None:
    check_included(leaf, index=place.index, path=place.path, head=head)


def _check_server(seen: _Seen, keys: Iterable[ServerKey]) -> None:
    message = seen.file.message
    named = [key for key in keys if message.key_id == key.key_id.encode()]
    if not named:
        raise MissingTrust(rules.SERVER_KEY, f"{message.key_id!r:.80}")
    # A key of several purposes is none: whoever lists it so is asked for the one for receipts.
    if any(key.purpose != FOR_RECEIPTS for key in named):
        raise BadEvidence(rules.PURPOSE, f"a key for {named[0].purpose[:40]}")
    try:
        check_sign1(message, load_public_key(named[0].public_key))
    except BadEvidence as error:
        raise BadEvidence(rules.SERVER_SIGNATURE, error.detail) from error
    seen.met(Check.SERVER_SIGNATURE, named[0].key_id)


def _check_times(seen: _Seen, at: datetime) -> None:
    issued_at, done_at = seen.file.issued_at, seen.outcome.at
    later = (issued_at - at, done_at - issued_at, seen.leaf.at - issued_at)
    if max(later) > SKEW:
        raise BadEvidence(rules.TIME, f"{done_at}, issued {issued_at}")


def _check_transaction(seen: _Seen) -> None:
    if seen.missing(Check.TRANSACTION_TEXT, reading.TRANSACTION):
        return
    content = seen.file.parts[reading.TRANSACTION].content
    if sha256(content).digest() != seen.outcome.transaction:
        raise BadEvidence(rules.TRANSACTION, "another transaction than the outcome's")
    # Rendered again from its fields by the version that it names, and compared.
    transaction, shown = decode_shown(content)
    if transaction.verifier != seen.file.verifier:
        raise BadEvidence(rules.TRANSACTION, "asked by another verifier")
    seen.shown = proofs.Shown(transaction=transaction, text=shown.text)
    seen.met(Check.TRANSACTION_TEXT)


def _check_person(seen: _Seen) -> None:
    outcome = seen.outcome
    if outcome.verdict not in _VERDICTS or outcome.reason not in _REASONS:
        raise BadEvidence(rules.ANSWER, "no such verdict or reason")
    if outcome.state in _APPROVED and outcome.verdict != proofs.OK:
        raise BadEvidence(rules.ANSWER, "approved without an OK")
    if outcome.state == _REFUSED and outcome.verdict != proofs.NG:
        raise BadEvidence(rules.ANSWER, "refused without an NG")
    needed = {reading.PROOF, reading.KEY} | (seen.file.stated & {reading.ENDORSEMENT})
    if seen.missing(Check.USER_SIGNATURE, *needed) or seen.key is None:
        return
    item = reading.read_map(seen.file.parts[reading.PROOF].content, {1: str, 2: bytes})
    kind = item[1]
    # An endorsed key answers only as what it was endorsed for; the bound one may still refuse.
    key = seen.key if seen.endorsed is None else seen.endorsed.key
    if proofs.needs_transaction(kind) and seen.missing(Check.USER_SIGNATURE, reading.TRANSACTION):
        return
    answered = proofs.check_answer(kind, item[2], key, seen.shown)
    said = (answered.answer.digest, answered.answer.verdict, answered.answer.reason)
    if said != (outcome.transaction, outcome.verdict, outcome.reason):
        raise BadEvidence(rules.ANSWER, "another answer than the outcome's")
    seen.answered = answered
    seen.met(Check.USER_SIGNATURE, f"{kind}, {answered.display}")


def _check_endorsement(seen: _Seen, provider_keys: frozenset[bytes]) -> None:
    parts = seen.file.parts
    if reading.KEY in parts:
        seen.key = _read_key(parts[reading.KEY].content)
    if reading.ENDORSEMENT not in seen.file.stated:
        return
    gone = seen.missing(Check.ENDORSEMENT, reading.ENDORSEMENT, reading.KEY)
    if gone or seen.key is None:
        seen.left(Check.ENDORSEMENT_RECORDED, Why.NEEDS_ANOTHER)
        seen.left(Check.WARRANT, Why.NEEDS_ANOTHER)
        return
    recorded = Recorded(user=None, device=None)
    if reading.BINDING in parts:
        binding = reading.read_map(parts[reading.BINDING].content, _BINDING_MEMBERS)
        recorded = Recorded(user=binding[1], device=binding[2])
    part = parts[reading.ENDORSEMENT]
    seen.endorsed = endorsed = check_endorsement(
        part.content,
        seen.key,
        verifier=seen.file.verifier,
        at=seen.outcome.at,
        recorded=recorded,
    )
    value = sha256(endorsed.key.public_key).digest()
    reading.open_value(seen.leaf, "endorsed-key", value, part.openings)
    seen.met(Check.ENDORSEMENT)
    if not provider_keys:
        seen.left(Check.WARRANT, Why.NO_PROVIDER_KEY, endorsed.provider)
    elif endorsed.provider_key not in provider_keys:
        raise BadEvidence(rules.WARRANT, "by a provider who is not believed")
    else:
        seen.met(Check.WARRANT, endorsed.provider)
    place = None if seen.file.inclusion is None else seen.file.inclusion.endorsement
    _check_recorded(seen, Check.ENDORSEMENT_RECORDED, endorsed.leaf, place)


def _check_recorded(seen: _Seen, check: Check, leaf: bytes, place: reading.Place | None) -> None:
    if place is None or seen.head is None:
        seen.left(check, Why.PENDING)
        return
    _check_place(leaf, place, seen.head)
    seen.met(check, f"{place.index} / {seen.head.size}")


def _read_key(content: bytes) -> proofs.Key:
    required = {1: str, 2: bytes, 3: bytes, 4: str, 5: bool, 6: bool}
    item = reading.read_map(content, required)
    return proofs.Key(
        kind=item[1],
        public_key=item[2],
        app=item[4],
        confirmation_required=item[5],
        user_verification_required=item[6],
    )


def _check_evidence(seen: _Seen, trust: TrustView | None) -> None:
    if seen.missing(Check.EVIDENCE, reading.EVIDENCE):
        seen.missing(Check.EVIDENCE_KEY, reading.EVIDENCE)
        return
    content = seen.file.parts[reading.EVIDENCE].content
    seen.findings += check_evidence(content, key=seen.key, trust=trust, before=seen.file.issued_at)


def _check_binding(seen: _Seen) -> None:
    if seen.missing(Check.BINDING, reading.BINDING, reading.KEY) or seen.key is None:
        seen.left(Check.BINDING_RECORDED, Why.NEEDS_ANOTHER)
        return
    part = seen.file.parts[reading.BINDING]
    item = reading.read_map(part.content, _BINDING_MEMBERS)
    user, device, salts = item[1], item[2], item[4]
    leaf = reading.read_leaf(item[3], *_BINDING_KINDS)
    # The leaf that bound the key, opened for this person, this device and this key...
    reading.open_value(leaf, "user", user.encode(), salts)
    reading.open_value(leaf, "device", device.encode(), salts)
    reading.open_value(leaf, "key", sha256(seen.key.public_key).digest(), salts)
    if "evidence" in leaf.commitments and reading.EVIDENCE in seen.file.parts:
        evidence = reading.read_evidence(seen.file.parts[reading.EVIDENCE].content).data
        reading.open_value(leaf, "evidence", sha256(evidence).digest(), salts)
    # ...and the receipt's own leaf, for the same person and device.
    reading.open_value(seen.leaf, "user", user.encode(), part.openings)
    reading.open_value(seen.leaf, "device", device.encode(), part.openings)
    asked = seen.shown and (seen.shown.transaction.user, seen.shown.transaction.device)
    if leaf.at > seen.outcome.at or asked not in {None, (user, device)}:
        raise BadEvidence(rules.BINDING, "bound later, or to somebody else")
    seen.user, seen.device = user, device
    seen.met(Check.BINDING)
    place = None if seen.file.inclusion is None else seen.file.inclusion.binding
    _check_recorded(seen, Check.BINDING_RECORDED, item[3], place)


def _check_leaf(seen: _Seen) -> None:
    """Every commitment that a part which is there has the value of."""
    parts, leaf = seen.file.parts, seen.leaf
    outcome = parts[reading.OUTCOME]
    reading.open_value(leaf, "outcome", outcome.content, outcome.openings)
    digest = seen.outcome.transaction
    reading.open_value(leaf, "transaction", digest, parts[reading.LEAF].openings)
    if reading.PROOF in parts:
        item = reading.read_map(parts[reading.PROOF].content, {1: str, 2: bytes})
        value = sha256(item[2]).digest()
        reading.open_value(leaf, "proof", value, parts[reading.PROOF].openings)
    if seen.key is not None:
        value = sha256(seen.key.public_key).digest()
        reading.open_value(leaf, "key", value, parts[reading.KEY].openings)
    seen.met(Check.LEAF)


def _result(seen: _Seen) -> CheckedReceipt:
    file, outcome, answered = seen.file, seen.outcome, seen.answered
    order = list(Check)
    return CheckedReceipt(
        verifier=file.verifier,
        log=file.log,
        issued_at=file.issued_at,
        state=outcome.state,
        verdict=_VERDICTS[outcome.verdict],
        reason=_REASONS[outcome.reason],
        decision=outcome.decision,
        reasons=outcome.reasons,
        transaction=outcome.transaction,
        template=outcome.template,
        rule_set=outcome.rule_set,
        at=outcome.at,
        text=None if seen.shown is None else seen.shown.text,
        user=seen.user,
        device=seen.device,
        kind=None if answered is None else answered.kind,
        display=None if answered is None else answered.display,
        user_verified=None if answered is None else answered.user_verified,
        origin=None if answered is None else answered.origin,
        key=None if seen.key is None else sha256(seen.key.public_key).digest(),
        endorsed_key=(
            None if seen.endorsed is None else sha256(seen.endorsed.key.public_key).digest()
        ),
        warranted_by=None if seen.endorsed is None else seen.endorsed.provider,
        index=None if file.inclusion is None else file.inclusion.place.index,
        size=None if seen.head is None else seen.head.size,
        findings=tuple(sorted(seen.findings, key=lambda each: order.index(each.check))),
    )
