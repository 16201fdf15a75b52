"""What an appraisal says: per submodule a vector, a status, and every finding behind them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.attestation.appraisal.vector import Tier, TrustVector, least_trusted
from warifu.attestation.claims import Format, Realm
from warifu.base.rule import Text

if TYPE_CHECKING:
    from collections.abc import Iterator


class Severity(StrEnum):
    """What a requirement that does not hold does, mildest first."""

    NOTE = "note"
    """It is shown. Where it fails nothing is claimed in its place."""
    WARN = "warn"
    """The claim it belongs to becomes a warning."""
    REFUSE = "refuse"
    """The claim it belongs to becomes contraindicated."""


class Submodule(StrEnum):
    """What is appraised separately."""

    DEVICE = "device"
    APP = "app"
    KEY = "key"


class Basis(StrEnum):
    """What an appraisal rests on. The last two never mix."""

    CLAIMS = "claims"
    BAD_EVIDENCE = "bad-evidence"
    """The evidence broke a rule: the device's fault, 99 throughout."""
    VERIFIER_FAULT = "verifier-fault"
    """We could not judge: our fault, -1 throughout."""


class Finding(Struct, frozen=True, kw_only=True):
    """One requirement and what was seen."""

    requirement: str
    """Its stable id; where no claims were proved, the code of the rule that was not met."""
    holds: bool | None
    """None where the evidence or our trust does not tell."""
    severity: Severity
    """As the policy has it."""
    seen: str
    """For analysts, in English. No secrets, no identifiers of a person or device."""
    reason: Text
    """The requirement as a sentence that may be shown to anyone."""

    @property
    def stands_against(self) -> bool:
        """Whether the operator's policy counts this finding against the attester."""
        return self.holds is not True and self.severity is not Severity.NOTE


class Relaxation(Struct, frozen=True, kw_only=True):
    """One place where the policy asks for less than the strict defaults."""

    setting: str
    default: str
    chosen: str


class SubmoduleResult(Struct, frozen=True, kw_only=True):
    """What may be believed of one submodule."""

    vector: TrustVector
    status: Tier
    """Never more trusted than the worst claim, nor affirming while something asked is unknown."""
    findings: tuple[Finding, ...]


class AttestationResult(Struct, frozen=True, kw_only=True):
    """One appraisal."""

    basis: Basis
    format: Format | None
    """None where no claims were proved and the caller did not say."""
    issued_at: datetime
    """The time of the appraisal."""
    evidence_made_at: datetime | None
    """The time the evidence was judged for, `Claims.at`."""
    known_at: datetime
    """Which snapshot of trust was believed in this appraisal."""
    policy_id: str
    policy_digest: str
    """SHA-256 in hex of the effective policy."""
    realm: Realm
    submodules: dict[str, SubmoduleResult]
    """By `Submodule` value, all three always."""
    relaxations: tuple[Relaxation, ...]
    """Where the policy is milder than the strict defaults; an auditor reads this first."""

    @property
    def status(self) -> Tier:
        """The least trusted status; a submodule without any statement keeps it from affirming."""
        return least_trusted(result.status for result in self.submodules.values())

    def findings(self) -> Iterator[Finding]:
        """Every finding once, however many submodules it bears on."""
        seen: set[str] = set()
        for result in self.submodules.values():
            for finding in result.findings:
                if finding.requirement not in seen:
                    seen.add(finding.requirement)
                    yield finding
