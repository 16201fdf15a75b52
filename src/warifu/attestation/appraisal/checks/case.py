"""What a check is given, and what it answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct

from warifu.attestation.appraisal.settings import Settings
from warifu.attestation.claims import Claims
from warifu.attestation.trust.view import TrustView

MAX_SEEN = 200


class Case(Struct, frozen=True, kw_only=True):
    """One appraisal of proved claims."""

    claims: Claims
    settings: Settings
    trust: TrustView
    """What is believed now; it may be newer than what the claims were proved under."""
    now: datetime
    kind: str
    """The tag of `Claims.detail`."""

    @property
    def detail(self) -> Any:  # noqa: ANN401 - of the kind that the requirement is for
        """The facts of the format; a check knows their type from the kinds it is asked for."""
        return self.claims.detail


class Answer(NamedTuple):
    """Whether a requirement holds, and what was seen, for analysts. None: not known."""

    holds: bool | None
    seen: str


def holds(seen: str) -> Answer:
    """It is as required."""
    return Answer(holds=True, seen=seen)


def fails(seen: str) -> Answer:
    """It is not as required."""
    return Answer(holds=False, seen=seen)


def unknown(seen: str) -> Answer:
    """Neither the evidence nor our trust tells."""
    return Answer(holds=None, seen=seen)


def among(found: str | None, accepted: frozenset[str]) -> Answer:
    """Whether one word is among those accepted; nothing found is not known."""
    if found is None or (found in NOT_KNOWN and found not in accepted):
        return unknown(found or "not stated")
    return Answer(found in accepted, found[:MAX_SEEN])


def listed(words: Any) -> str:  # noqa: ANN401 - any collection of text
    """Words for an analyst, in a stable order and of bounded length."""
    return ", ".join(sorted(words))[:MAX_SEEN] or "none"


NOT_KNOWN = frozenset({"UNEVALUATED", "NO_DATA"})
"""Google's words for verdicts it did not reach; only a policy that lists one takes it for good."""
