"""A rule set tried on what was decided: who would lose service, for which operation, by what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from warifu.base.errors import Denied
from warifu.risk.decision.decide import Circumstances
from warifu.risk.decision.dry_run import dry_run
from warifu.risk.decision.facts import Facts
from warifu.risk.decision.life_cycle import Stage
from warifu.service.conduct.governing import rules
from warifu.service.conduct.governing.governance import load_rule_set
from warifu.service.conduct.governing.governing import present
from warifu.service.conduct.trials.past_decisions import (
    Effects,
    Past,
    PastDecisions,
    effects_of,
    require_version,
)

if TYPE_CHECKING:
    from warifu.risk.decision.life_cycle import Governance
    from warifu.risk.decision.rules import RuleSet
    from warifu.service.conduct.work import Work


class DryRunRequest(Past, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which decisions to try it on, the newest first."""


class DryRunAnswer(Effects, frozen=True, kw_only=True):
    """What would change for whom."""

    before: str
    """Digest of the active rule set."""
    after: str


class Trial(PastDecisions, frozen=True, kw_only=True):
    """One dry run over a database."""

    now: datetime

    def run(
        self, candidate: RuleSet | str, *, seen: Callable[[int], None] | None = None
    ) -> DryRunAnswer:
        """Decide everything by the active rule set and by another one.

        Args:
            candidate: The other one, or the digest of one that is stored.
            seen: Is told how many decisions were read, page by page.

        Raises:
            Misuse: ``request/known``.
            Denied: ``governance/active``.
            VerifierFault: ``governance/readable``, ``store/...``.
        """
        with self.database.read() as transaction:
            governance = present(transaction, self.tenant)
            if isinstance(candidate, str):
                require_version(governance, candidate)
                candidate = load_rule_set(transaction, self.tenant, candidate)
            before = load_rule_set(transaction, self.tenant, _active(governance))
        facts = _StoredFacts(self.documents(seen))
        report = dry_run(
            facts,
            before=before,
            after=candidate,
            # A stopped operation is refused by either; a stop would hide who loses it for good.
            circumstances=Circumstances(at=self.now, exemptions=governance.exemptions),
        )
        effects = effects_of(report, unreadable=facts.unreadable)
        return DryRunAnswer(before=report.before, after=report.after, **asdict(effects))


def try_rule_set(work: Work, digest: str, asked: DryRunRequest) -> DryRunAnswer:
    """Try a stored rule set on what was decided.

    Raises:
        Misuse: ``request/known``.
        Denied: ``governance/active``.
    """
    trial = Trial(database=work.house.database, tenant=work.tenant, now=work.now, asked=asked)
    return trial.run(digest)


class _Document(Struct, frozen=True, gc=False):
    """What is read of a stored decision."""

    facts: Facts | None = None


class _StoredFacts:
    """Facts of stored decisions, in a stream."""

    def __init__(self, documents: Iterable[bytes]) -> None:
        self._documents = documents
        self.unreadable = 0

    def __iter__(self) -> Iterator[Facts]:
        """Newest first."""
        for document in self._documents:
            try:
                facts = _DECODER.decode(document).facts
            except msgspec.MsgspecError:
                facts = None
            if facts is None:
                self.unreadable += 1
            else:
                yield facts


def _active(governance: Governance) -> str:
    for version in governance.versions:
        if version.stage is Stage.ACTIVE:
            return version.digest
    raise Denied(rules.ACTIVE)


_DECODER = msgspec.json.Decoder(_Document)
