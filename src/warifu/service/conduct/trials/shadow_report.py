"""What a rule set in shadow said beside what was decided: what its activation would do.

Nothing is decided again. Each decision is kept with what every rule set in shadow said of the same
request: with its facts, the exemptions and the stops of that moment. During a stop both refuse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from warifu.risk.decision.dry_run import Tally, compare
from warifu.risk.decision.facts import Operation
from warifu.risk.decision.rules import Method
from warifu.service.conduct.decisions.deciding import Money, outcome_from
from warifu.service.conduct.governing.governing import present
from warifu.service.conduct.trials.past_decisions import (
    Effects,
    Past,
    PastDecisions,
    effects_of,
    require_version,
)

if TYPE_CHECKING:
    from warifu.risk.decision.decide import Outcome
    from warifu.service.conduct.work import Work

NO_RULE_SET = "(none)"
"""No rule set was active."""


class ShadowAnswer(Effects, frozen=True, kw_only=True):
    """What would have changed for whom, had this rule set decided what it only observed."""

    rule_set_digest: str
    looked_at: int
    """Decisions of the time, with and without this rule set beside them.

    Where this is the limit there may be older ones.
    """
    beside: dict[str, int]
    """How many of those seen were decided by which rule set, by its digest."""


class ShadowReport(PastDecisions, frozen=True, kw_only=True):
    """One walk over what was decided while a rule set was in shadow."""

    def run(self, digest: str, *, seen: Callable[[int], None] | None = None) -> ShadowAnswer:
        """Compare what was decided with what the rule set said.

        Args:
            digest: The rule set's. It need not be in shadow any more.
            seen: Is told how many decisions were read, page by page.

        Raises:
            Misuse: ``request/known``.
            VerifierFault: ``governance/readable``, ``store/...``.
        """
        with self.database.read() as transaction:
            require_version(present(transaction, self.tenant), digest)
        looked_at = unreadable = 0
        tally, beside = Tally(), Counter[str]()
        for document in self.documents(seen):
            looked_at += 1
            try:
                decided = _DECODER.decode(document)
            except msgspec.MsgspecError:
                unreadable += 1
                continue
            said = decided.shadow(digest)
            if said is None:
                continue
            shift = compare(decided.again(), said.again())
            tally.add(decided.operation, decided.facts.device.model, shift, because=said.codes)
            beside[decided.rule_set_digest or NO_RULE_SET] += 1
        return ShadowAnswer(
            rule_set_digest=digest,
            looked_at=looked_at,
            beside=dict(beside),
            **asdict(effects_of(tally.counted(), unreadable=unreadable)),
        )


def report_shadow(work: Work, digest: str, asked: Past) -> ShadowAnswer:
    """What a rule set said in shadow.

    Raises:
        Misuse: ``request/known``.
    """
    report = ShadowReport(database=work.house.database, tenant=work.tenant, asked=asked)
    return report.run(digest)


class _Said(Struct, frozen=True, gc=False):
    """An outcome as it is kept."""

    outcome: Literal["serve", "step-up", "limit", "refuse"]
    methods: tuple[Method, ...]
    limit: Money | None

    def again(self) -> Outcome:
        return outcome_from(self.outcome, self.methods, self.limit)


class _Shadow(_Said, frozen=True, gc=False):
    rule_set_digest: str
    codes: tuple[str, ...]


class _Device(Struct, frozen=True, gc=False):
    model: str | None = None


class _Facts(Struct, frozen=True, gc=False):
    device: _Device


class _Decided(_Said, frozen=True, gc=False):
    """What is read of a stored decision."""

    operation: Operation
    rule_set_digest: str | None
    shadows: tuple[_Shadow, ...]
    facts: _Facts

    def shadow(self, digest: str) -> _Shadow | None:
        return next((each for each in self.shadows if each.rule_set_digest == digest), None)


_DECODER = msgspec.json.Decoder(_Decided)
