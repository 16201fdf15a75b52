"""To whom a statement's chain leads, and what is known of the model (WebAuthn L3 §7.1 step 23-24).

Shared by all formats. First the anchors that count for the format, then the roots that FIDO
metadata gives for exactly this model; the metadata of one model vouches for no other.
"""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.attestation.claims import Endorsement
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.attestation.evidence.statements.context import StatementFacts
from warifu.attestation.trust.anchors import AnchorUse
from warifu.attestation.trust.metadata_entry import MetadataEntry
from warifu.base.codec import der
from warifu.base.errors import BadEvidence, StaleTrust
from warifu.base.pki.path import ANCHORED, Path, verify_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.attestation.evidence.statements.context import StatementContext
    from warifu.base.pki.certificate import Certificate
    from warifu.base.pki.path import TrustPoint

_NO_MODEL = bytes(16)


class Anchoring(Struct, frozen=True, kw_only=True):
    """Who vouches for a statement, as far as we know."""

    endorsement: Endorsement
    facts: StatementFacts
    """The statement that reached an anchor; of a compound one, the part that did."""
    path: Path | None = None
    entry: MetadataEntry | None = None
    """What FIDO metadata says of this model, where the chain reaches a root of this very model."""
    model_disowned: bool = False
    """Metadata knows the AAGUID, and the chain reaches none of that model's roots: whoever filled
    it in chose a model that is not his."""
    statuses: tuple[str, ...] = ()
    """Metadata statuses in effect at the time judged for."""
    status_known: bool = False
    """Whether current metadata was asked, and lists the model."""


def anchor_statement(facts: StatementFacts, context: StatementContext) -> Anchoring:
    """Find out who vouches for a verified statement.

    A chain that reaches nobody we know is left open as ``webauthn/attestation-trusted``; where gaps
    are reported the statement is then `Endorsement.UNANCHORED`. Self and none leave no gap: nothing
    is claimed. The parts of a compound statement are judged each for itself: one part must neither
    lend its model to another, nor hide the status of another's.

    Raises:
        BadEvidence: ``webauthn/authenticator-not-compromised``, or a rule of certification paths
            that a chain to a known anchor breaks.
        Unchecked: No anchor, where gaps are refused.
    """
    if _JUDGED_BY_METADATA.intersection(facts.anchor_uses):
        _check_freshness(context)
    judged = [_judge(part, context) for part in facts.parts or (facts,)]
    anchored = next((part for part in judged if part.path is not None), None)
    if anchored is not None:
        return anchored
    if facts.endorsement is Endorsement.UNANCHORED:
        known_at = context.trust.known_at
        context.exam.leave_open(
            rules.ATTESTATION_TRUSTED,
            f"the {facts.format} chain reaches no anchor known at {known_at:%Y-%m-%d}",
        )
    return Anchoring(
        endorsement=facts.endorsement,
        facts=facts,
        status_known=all(part.status_known for part in judged),
    )


def key_identifier(certificate: Certificate) -> str:
    """SHA-1 of the certificate's public key bits, in hex: how metadata knows U2F models.

    RFC 5280 §4.2.1.2 method (1); an index, not a security mechanism.
    """
    spki = certificate.public_key
    start, stop = der.read_whole(spki, der.SEQUENCE)
    _, algorithm_stop = der.read_expected(spki, start, stop, der.SEQUENCE)
    bits, end = der.read_expected(spki, algorithm_stop, stop, der.BIT_STRING)
    return sha1(der.to_bit_string(spki, bits, end), usedforsecurity=False).hexdigest()


def _judge(facts: StatementFacts, context: StatementContext) -> Anchoring:
    """One statement by itself: status of its model first, then its chain."""
    entry = _find_entry(facts, context)
    statuses = _check_status(entry, context)
    path = facts.path
    # A format that names no use has rules of its own for paths, and has applied them.
    if path is None and facts.anchor_uses:
        path = _verify_path(facts, context, entry)
    owned = entry is not None and path is not None and _is_root_of(path, entry)
    return Anchoring(
        endorsement=facts.endorsement if path is None else Endorsement.ANCHORED,
        facts=facts,
        path=path,
        entry=entry if owned else None,
        model_disowned=entry is not None and bool(entry.roots) and not owned,
        statuses=statuses,
        status_known=_is_fresh(entry, context),
    )


def _is_root_of(path: Path, entry: MetadataEntry) -> bool:
    """Whether the anchor reached is one that the publisher lists for the model, by name and key."""
    anchor = path.anchor
    return any(
        root.public_key == anchor.public_key and root.subject == anchor.subject
        for root in entry.roots
    )


def _verify_path(
    facts: StatementFacts, context: StatementContext, entry: MetadataEntry | None
) -> Path | None:
    points: list[TrustPoint] = [
        point for use in facts.anchor_uses for point in context.trust.points(use)
    ]
    if entry is not None:
        points += _free_roots(entry, facts, context)
    try:
        return verify_path(
            facts.certificates,
            points,
            context.exam.at,
            remember_from=facts.remember_from,
            understood=facts.understood,
        )
    except BadEvidence as error:
        # Reaching nobody says nothing bad about the device; a broken path to somebody does.
        if error.rule is ANCHORED:
            return None
        raise


def _free_roots(
    entry: MetadataEntry, facts: StatementFacts, context: StatementContext
) -> Iterator[TrustPoint]:
    """The roots of a model, less those that we know to be for other formats.

    The root of Android keys is also the metadata root of Android's authenticator. Below it every
    app has certificates made, with subjects of its choice: they count by Android's rules only.
    """
    for root in entry.roots:
        key = root.public_key
        if not any(
            anchor.point.public_key == key and anchor.uses.isdisjoint(facts.anchor_uses)
            for anchor in context.trust.anchors
        ):
            yield root


def _find_entry(facts: StatementFacts, context: StatementContext) -> MetadataEntry | None:
    metadata = context.trust.metadata
    if metadata is None:
        return None
    aaguid = context.credential.aaguid
    # Where a certificate vouches but does not cover the AAGUID, whoever relays may write any other:
    # to borrow a model's roots, or to hide from its status.
    if aaguid != _NO_MODEL and (facts.data_signed or not facts.certificates):
        return metadata.find_aaguid(aaguid)
    if facts.certificates:
        return metadata.find_key_identifier(key_identifier(facts.certificates[0]))
    return None


def _check_status(entry: MetadataEntry | None, context: StatementContext) -> tuple[str, ...]:
    """Statuses of the model; a model that it only says to be must not be compromised either."""
    metadata, aaguid = context.trust.metadata, context.credential.aaguid
    stated = None if metadata is None or aaguid == _NO_MODEL else metadata.find_aaguid(aaguid)
    if stated is not None and stated is not entry:
        _refuse_compromised(stated, context)
    return () if entry is None else _refuse_compromised(entry, context)


def _refuse_compromised(entry: MetadataEntry, context: StatementContext) -> tuple[str, ...]:
    statuses = []
    for report in entry.statuses_in_effect(context.exam.at):
        if report.compromises:
            raise BadEvidence(rules.NOT_COMPROMISED, f"{entry.name}: {report.status}")
        statuses.append(report.status)
    return tuple(statuses)


def _check_freshness(context: StatementContext) -> None:
    """That a model is not reported compromised means something only in a current list."""
    metadata = context.trust.metadata
    if metadata is None:
        context.exam.leave_open(rules.NOT_COMPROMISED, "no FIDO metadata is at hand")
        return
    try:
        metadata.require_fresh(context.trust.known_at)
    except StaleTrust as error:
        if not context.exam.reports_gaps:
            raise
        context.exam.leave_open(rules.NOT_COMPROMISED, error.detail)


def _is_fresh(entry: MetadataEntry | None, context: StatementContext) -> bool:
    metadata = context.trust.metadata
    if entry is None or metadata is None:
        return False
    try:
        metadata.require_fresh(context.trust.known_at)
    except StaleTrust:
        return False
    return True


_JUDGED_BY_METADATA = frozenset({AnchorUse.WEBAUTHN, AnchorUse.WEBAUTHN_TPM})
