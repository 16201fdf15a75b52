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
    """What FIDO metadata says of this model, where it is known."""
    statuses: tuple[str, ...] = ()
    """Metadata statuses in effect at the time judged for."""


def anchor_statement(facts: StatementFacts, context: StatementContext) -> Anchoring:
    """Find out who vouches for a verified statement.

    A chain that reaches nobody we know is left open as ``webauthn/attestation-trusted``; where gaps
    are reported the statement is then `Endorsement.UNANCHORED`. Self and none leave no gap: nothing
    is claimed.

    Raises:
        BadEvidence: ``webauthn/authenticator-not-compromised``, or a rule of certification paths
            that a chain to a known anchor breaks.
        Unchecked: No anchor, where gaps are refused.
    """
    entry = _find_entry(facts, context)
    statuses = _check_status(entry, facts, context)
    endorsement, found = facts.endorsement, None
    if endorsement is Endorsement.UNANCHORED:
        found = _find_path(facts, context, entry)
        if found is not None:
            endorsement = Endorsement.ANCHORED
        else:
            known_at = context.trust.known_at
            context.exam.leave_open(
                rules.ATTESTATION_TRUSTED,
                f"the {facts.format} chain reaches no anchor known at {known_at:%Y-%m-%d}",
            )
    part, path = found or (facts, None)
    return Anchoring(endorsement=endorsement, facts=part, path=path, entry=entry, statuses=statuses)


def key_identifier(certificate: Certificate) -> str:
    """SHA-1 of the certificate's public key bits, in hex: how metadata knows U2F models.

    RFC 5280 §4.2.1.2 method (1); an index, not a security mechanism.
    """
    spki = certificate.public_key
    start, stop = der.read_whole(spki, der.SEQUENCE)
    _, algorithm_stop = der.read_expected(spki, start, stop, der.SEQUENCE)
    bits, end = der.read_expected(spki, algorithm_stop, stop, der.BIT_STRING)
    return sha1(der.to_bit_string(spki, bits, end), usedforsecurity=False).hexdigest()


def _find_path(
    facts: StatementFacts, context: StatementContext, entry: MetadataEntry | None
) -> tuple[StatementFacts, Path] | None:
    """The proved path of a statement, or of the first part of a compound one that has a path."""
    for part in facts.parts or (facts,):
        path = part.path
        # A format that names no use has rules of its own for paths, and has applied them.
        if path is None and part.anchor_uses:
            path = _verify_path(part, context, entry)
        if path is not None:
            return part, path
    return None


def _verify_path(
    facts: StatementFacts, context: StatementContext, entry: MetadataEntry | None
) -> Path | None:
    points: list[TrustPoint] = [
        point for use in facts.anchor_uses for point in context.trust.points(use)
    ]
    if entry is not None:
        points += entry.roots
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


def _check_status(
    entry: MetadataEntry | None, facts: StatementFacts, context: StatementContext
) -> tuple[str, ...]:
    if _JUDGED_BY_METADATA.intersection(facts.anchor_uses):
        _check_freshness(context)
    if entry is None:
        return ()
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


_JUDGED_BY_METADATA = frozenset({AnchorUse.WEBAUTHN, AnchorUse.WEBAUTHN_TPM})
