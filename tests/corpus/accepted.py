"""Evidence that is accepted, with everything it was judged by: to be altered and judged again."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from warifu.attestation.claims import Claims, Format
from warifu.attestation.examination import Gaps
from warifu.attestation.expectations import Expectations
from warifu.attestation.trust.view import TrustView
from warifu.attestation.verifier import FORMATS
from warifu.base.errors import VerifierFault, WarifuError


class Accepted(Struct, frozen=True, kw_only=True):
    """One piece of evidence and how to judge it."""

    name: str
    format: Format
    evidence: bytes
    expected: Expectations
    trust: TrustView
    at: datetime
    gaps: Gaps = Gaps.REFUSE

    def judge(self, evidence: bytes | None = None) -> Claims:
        """Verify it, or other evidence in its place."""
        return FORMATS[self.format].verify(
            self.evidence if evidence is None else evidence,
            expected=self.expected,
            trust=self.trust,
            at=self.at,
            gaps=self.gaps,
        )


def settle(candidate: Accepted) -> Accepted | None:
    """The candidate as it is accepted: without gaps if it can be, with gaps reported otherwise.

    None where it is refused: not everything that was recorded is good evidence.
    """
    for gaps in (Gaps.REFUSE, Gaps.REPORT):
        found = replace(candidate, gaps=gaps)
        try:
            found.judge()
        except VerifierFault:
            continue
        except WarifuError:
            return None
        return found
    return None
