"""What is measured: one verification, its floor, and the peers that can do the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from warifu.attestation.claims import Claims, Format
from warifu.attestation.examination import Gaps
from warifu.attestation.expectations import Expectations
from warifu.attestation.trust.view import TrustView
from warifu.attestation.verifier import FORMATS

Work = Callable[[], object]

SLOW_FLOOR_SECONDS = 300e-6
"""Above this the signatures are what costs, and nearly nothing may be added to them."""
SLOW_FLOOR_LIMIT = 1.3


class Limits(Struct, frozen=True, kw_only=True):
    """What is wanted of a case."""

    floor: float | None = None
    """At most this many times the floor, where the floor is not slow."""
    faster_than: dict[str, float] = {}
    """By peer: at least this many times faster."""

    def floor_limit(self, floor_seconds: float) -> float | None:
        """The limit that counts for a measured floor."""
        return SLOW_FLOOR_LIMIT if floor_seconds > SLOW_FLOOR_SECONDS else self.floor


class Request(Struct, frozen=True, kw_only=True):
    """One verification, as production would ask for it."""

    format: Format
    evidence: bytes
    expected: Expectations
    trust: TrustView
    at: datetime
    gaps: Gaps = Gaps.REFUSE

    def verify(self) -> Claims:
        """Do it."""
        return FORMATS[self.format].verify(
            self.evidence, expected=self.expected, trust=self.trust, at=self.at, gaps=self.gaps
        )


class Case(Struct, frozen=True, kw_only=True):
    """One row of the table."""

    request: Request
    floor: Work | None
    """None where nothing is signed."""
    floor_counts: str
    """In words: which signatures the floor verifies."""
    limits: Limits = Limits()
    peers: dict[str, Work] = {}

    def ours(self) -> Work:
        """The verification as a function of nothing."""
        request = self.request
        verify = FORMATS[request.format].verify
        evidence, expected, trust = request.evidence, request.expected, request.trust
        at, gaps = request.at, request.gaps

        def run() -> object:
            return verify(evidence, expected=expected, trust=trust, at=at, gaps=gaps)

        return run


MakeCase = Callable[[], Case]
"""Makes one case, which verifies its evidence once: what is refused is not measured."""
