"""One examination of one piece of evidence: what was needed, what was left open.

Verifiers carry an `Examination` through their steps. It decides nothing; it counts leniencies and
either records a check that could not be made or refuses to go on, as the caller asked.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from hmac import compare_digest
from typing import TYPE_CHECKING

from warifu.attestation.claims import Gap, LeniencyUse
from warifu.base.errors import BadEvidence, Misuse, Unchecked
from warifu.base.rule import Leniency, Rule, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warifu.attestation.trust.view import TrustView

AWARE_TIME = Rule(
    code="usage/aware-time",
    clause="RFC 3339 §4",
    requires=Text(
        ja="時刻には、UTCとの時差の指定が必要です。",
        en="Times carry a UTC offset.",
    ),
)


class Gaps(Enum):
    """What to do where a check cannot be made for want of an expectation or of trust data."""

    REFUSE = "refuse"
    """Raise `Unchecked` or another `VerifierFault`: the default of everything that decides."""
    REPORT = "report"
    """Go on and list the rule in `Claims.unchecked`: for looking at evidence."""


class Examination:
    """Collects what one verification needed and left open."""

    def __init__(self, *, trust: TrustView, at: datetime, gaps: Gaps) -> None:
        """Open an examination.

        Args:
            trust: What was believed, as of `trust.known_at`.
            at: The time judged for, with a UTC offset.
            gaps: What to do where a check cannot be made.

        Raises:
            Misuse: `at` has no UTC offset.
        """
        if at.tzinfo is None:
            raise Misuse(AWARE_TIME, "at")
        self.trust = trust
        try:
            self.at = at.astimezone(UTC)
        except OverflowError as error:
            raise Misuse(AWARE_TIME, "no such time in UTC") from error
        self._gaps = gaps
        self._open: dict[str, str] = {}
        self._lenient: dict[str, int] = {}

    def allow(self, *used: Leniency) -> None:
        """Count leniencies that were used."""
        for leniency in used:
            self._lenient[leniency.name] = self._lenient.get(leniency.name, 0) + 1

    def leave_open(self, rule: Rule, why: str) -> None:
        """Record that a rule could not be checked.

        Raises:
            Unchecked: The caller refuses gaps.
        """
        if self._gaps is Gaps.REFUSE:
            raise Unchecked(rule, why)
        self._open.setdefault(rule.code, why)

    def match(self, rule: Rule, found: bytes, wanted: bytes | None) -> bool | None:
        """Hold a challenge, nonce or hash against the one that was issued, in constant time.

        Returns:
            True; None where none was stated, which is left open. A fact for the claims, no verdict:
            what differs raises.

        Raises:
            BadEvidence: `rule`, where the two differ.
            Unchecked: None was stated and the caller refuses gaps.
        """
        if wanted is None:
            self.leave_open(rule, "no challenge was stated")
            return None
        if not compare_digest(found, wanted):
            raise BadEvidence(rule, found[:64].hex())
        return True

    @property
    def reports_gaps(self) -> bool:
        """Whether gaps are reported rather than refused."""
        return self._gaps is Gaps.REPORT

    def leniencies(self) -> tuple[LeniencyUse, ...]:
        """What was allowed, by name."""
        if not self._lenient:
            return ()
        return tuple(LeniencyUse(name, times) for name, times in sorted(self._lenient.items()))

    def unchecked(self) -> tuple[Gap, ...]:
        """What was left open, in order."""
        return tuple(Gap(rule, why) for rule, why in self._open.items())

    def proved(self, rules: Iterable[Rule]) -> tuple[str, ...]:
        """Codes of `rules` less those left open."""
        codes = [rule.code for rule in rules]
        return tuple([code for code in codes if code not in self._open] if self._open else codes)
