"""Registrations: what is believed today of the device in which a registered key lives.

A registration is judged once under each policy and trust, and again when either changed or a day
has passed. What was found is kept, so that a signature is all a usual request costs.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from warifu.attestation.appraisal.result import Basis
from warifu.attestation.verdict import Verdict
from warifu.attestation.verifier import FORMATS, Evidence, verify_evidence
from warifu.base.errors import BadEvidence, VerifierFault
from warifu.service.composition import Composition, Owner
from warifu.service.conduct.evidence.appraisal import (
    Appraised,
    for_registrations,
    judge,
)
from warifu.service.conduct.evidence.kept_appraisals import ProvedFacts
from warifu.service.conduct.evidence.kept_claims import with_absent
from warifu.service.conduct.evidence.rules import KEPT
from warifu.service.conduct.memory import Memory
from warifu.service.identifiers import new_id
from warifu.service.store import appraisals as store
from warifu.service.store import evidence as evidence_store
from warifu.service.vault.identifiers import reveal

if TYPE_CHECKING:
    from warifu.attestation.appraisal.policy import AppraisalPolicy
    from warifu.attestation.claims import Claims
    from warifu.attestation.expectations import Expectations
    from warifu.attestation.trust.view import TrustView
    from warifu.base.secret import Secret
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Lookup, Row, Statement

BYTES = "evidence"
"""What sealed bytes are bound to, beside their owner."""
MAX_POLICIES_REMEMBERED = 256


class KeptBytes(Struct, frozen=True, kw_only=True):
    """What is sealed of evidence: all of it that cannot be shown."""

    evidence: bytes
    client_data: bytes | None = None


class Recalled(Struct, frozen=True, kw_only=True):
    """Kept evidence, as it was received and as it was judged then."""

    app: str
    device: str | None
    verdict: Verdict
    """Its request holds the evidence again."""

    def expectations(self, secrets: dict[str, Secret] | None = None) -> Expectations:
        """What it was held against.

        Args:
            secrets: Those that are never kept, by field name.
        """
        asked = self.verdict.request
        kind = FORMATS[asked.format].expectations
        expected = msgspec.convert(asked.expected, type=kind)
        return msgspec.structs.replace(expected, **secrets) if secrets else expected


class Standing(Struct, frozen=True, kw_only=True):
    """What is believed of a registration."""

    appraisal: str | None
    """None where it could not be judged."""
    facts: ProvedFacts
    changes: tuple[Statement, ...] = ()
    """To be written with whatever rests on it."""


class RegistrationPicture(Struct, frozen=True, kw_only=True):
    """What is read of a registration."""

    evidence: str
    known: Row | None
    """The appraisal that still stands, as `read_standing` gives it."""
    kept: Row | None = None
    """Otherwise the evidence, as `read_kept` gives it."""


def look_at_registration(
    work: Work,
    lookup: Lookup,
    evidence: str,
    *,
    policy: AppraisalPolicy,
    trust: str,
    found: Row | None = None,
) -> RegistrationPicture:
    """Read what is known of a registration, and its evidence only where that is not enough.

    Args:
        work: The request.
        lookup: Where to read.
        evidence: The evidence that registered the key.
        policy: In force for the operation.
        trust: Digest of what is believed.
        found: What `read_standing` would give, where that is known.
    """
    known = found or store.read_standing(
        lookup,
        work.tenant,
        evidence,
        policy=policy.digest,
        trust=trust,
        since=judged_since(work),
        now=work.now,
    )
    kept = None
    if known is None:
        kept = evidence_store.read_kept(lookup, work.tenant, evidence)
    return RegistrationPicture(evidence=evidence, known=known, kept=kept)


def judged_since(work: Work) -> datetime:
    """From when an appraisal of a registration counts."""
    return work.now - timedelta(seconds=work.house.settings.appraisals.standing_seconds)


def stand(
    work: Work,
    picture: RegistrationPicture,
    *,
    policy: AppraisalPolicy,
    trust: TrustView,
    digest: str,
) -> Standing:
    """What is believed of a registration now, judging it again where that is due."""
    if picture.known is not None:
        appraisal, document = picture.known
        return Standing(appraisal=appraisal, facts=_FACTS.decode(document).facts)
    outcome, recalled = _judge_again(work, picture, trust)
    asked = recalled.verdict.request if recalled else None
    result, facts = judge(
        outcome,
        policy=_policy(policy),
        trust=trust,
        now=work.now,
        evidence_format=asked.format if asked else None,
        made_at=asked.at if asked else None,
    )
    if recalled is None or result.basis is Basis.VERIFIER_FAULT:
        return Standing(appraisal=None, facts=facts)
    appraised = Appraised(
        id=new_id(work.now),
        evidence=picture.evidence,
        app=recalled.app,
        device=recalled.device,
        trust=digest,
        result=result,
        facts=facts,
    )
    statement = store.insert_appraisal(work.tenant, appraised.row(context=None, used_by=None))
    return Standing(appraisal=appraised.id, facts=facts, changes=(statement,))


def recall(house: Composition, tenant: str, row: Row) -> Recalled:
    """Kept evidence again.

    Args:
        house: Its vault.
        tenant: Whose.
        row: From `store.evidence.read_kept`.

    Raises:
        VerifierFault: ``evidence/kept`` where its bytes are not kept; ``vault/opens``.
    """
    app, device, _, _, document, device_key, tenant_key, sealed, owned_by = row
    wrapped = device_key if device is not None else tenant_key
    if sealed is None or wrapped is None:
        raise VerifierFault(KEPT, "its bytes are not kept, or were erased")
    owner = Owner(tenant=tenant, name=owned_by, wrapped=wrapped)
    kept = _BYTES.decode(house.vault.unseal(owner, BYTES, sealed))
    plain = reveal(house, owner, msgspec.json.decode(document))
    plain["request"]["evidence"] = ""
    if plain.get("claims") is not None:
        with_absent(plain["claims"])
    verdict = msgspec.convert(plain, Verdict)
    expected = dict(verdict.request.expected)
    if kept.client_data is not None:
        expected["client_data"] = msgspec.to_builtins(kept.client_data)
    return Recalled(
        app=app,
        device=device,
        verdict=msgspec.structs.replace(
            verdict,
            request=msgspec.structs.replace(
                verdict.request, evidence=kept.evidence, expected=expected
            ),
        ),
    )


def _judge_again(
    work: Work, picture: RegistrationPicture, trust: TrustView
) -> tuple[Claims | BadEvidence | VerifierFault, Recalled | None]:
    """The time judged for stays; what is believed is what is believed now."""
    recalled = None
    try:
        if picture.kept is None:
            raise VerifierFault(KEPT, "there is no such evidence")
        recalled = recall(work.house, work.tenant, picture.kept)
        asked = recalled.verdict.request
        return (
            verify_evidence(
                Evidence(media_type=asked.media_type, data=asked.evidence),
                expected=recalled.expectations(),
                trust=trust,
                at=asked.at,
                gaps=asked.gaps,
            ),
            recalled,
        )
    except (BadEvidence, VerifierFault) as error:
        return error, recalled


def _policy(policy: AppraisalPolicy) -> AppraisalPolicy:
    return _policies.get(policy.digest) or _policies.keep(policy.digest, for_registrations(policy))


class _FactsOnly(Struct, frozen=True):
    facts: ProvedFacts


_FACTS = msgspec.json.Decoder(_FactsOnly)
_BYTES = msgspec.msgpack.Decoder(KeptBytes)
_policies: Memory[str, AppraisalPolicy] = Memory(MAX_POLICIES_REMEMBERED)
"""By digest of the policy they are made from."""
