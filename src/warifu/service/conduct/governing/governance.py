"""What a tenant has decided about deciding: rule sets in their stages, stops and exemptions."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from warifu.base.errors import VerifierFault, WarifuError
from warifu.risk.decision.assured import NOTHING_STATED
from warifu.risk.decision.life_cycle import Governance, Stage, Version
from warifu.risk.decision.rules import RuleSet, load_rules
from warifu.risk.threat.advisories import AdvisorySet
from warifu.risk.threat.deployment import Measures
from warifu.service.conduct.advisories.kept import kept_advisories, kept_measures
from warifu.service.conduct.governing import rules
from warifu.service.conduct.memory import Memory
from warifu.service.store import governance as store

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.service.composition import Composition
    from warifu.service.store.database import Lookup, Statement, Transaction

MAX_RULE_SETS_REMEMBERED = 256
MAX_GOVERNANCES_REMEMBERED = 1024
FIRST_AUTHOR = "warifu"
"""Who wrote the rule set that every tenant begins with."""


class Governing(Struct, frozen=True, kw_only=True):
    """What decides for a tenant at this moment."""

    governance: Governance
    rule_sets: dict[str, RuleSet]
    """Those that are active, tried or observed, by digest."""
    advisories: AdvisorySet | None = None
    """The set in force."""
    measures: Measures = NOTHING_STATED

    def rule_set(self, digest: str) -> RuleSet:
        """A rule set that decides or is observed."""
        return self.rule_sets[digest]


def load_governance(house: Composition, transaction: Transaction, tenant: str) -> Governing:
    """What decides for a tenant. One SELECT, and one for each rule set not seen before.

    Raises:
        VerifierFault: ``governance/readable``; nothing can be decided then.
    """
    del house
    row = store.read_governance(transaction, tenant)
    return governing_by(transaction, tenant, None if row is None else row[1])


def governing_by(lookup: Lookup, tenant: str, document: bytes | None) -> Governing:
    """What decides, from what is stored; None where nothing is.

    Raises:
        VerifierFault: ``governance/readable``.
    """
    if document is None:
        raise VerifierFault(rules.READABLE, f"tenant {tenant} has none")
    known = _governing.get((tenant, document))
    if known is not None:
        return known
    governance = read(document)
    return _governing.keep(
        (tenant, document),
        Governing(
            governance=governance,
            rule_sets={
                version.digest: load_rule_set(lookup, tenant, version.digest)
                for version in governance.versions
                if version.stage in _LOOKING
            },
            advisories=kept_advisories(lookup, tenant, governance.advisories),
            measures=kept_measures(lookup, tenant, governance.measures),
        ),
    )


def load_rule_set(lookup: Lookup, tenant: str, digest: str) -> RuleSet:
    """A stored rule set, compiled.

    Raises:
        VerifierFault: ``governance/readable``.
    """
    known = _rule_sets.get((tenant, digest))
    if known is not None:
        return known
    row = store.read_rule_set(lookup, tenant, digest)
    if row is None:
        raise VerifierFault(rules.READABLE, f"rule set {digest} is gone")
    try:
        loaded = load_rules(row[1])
    except WarifuError as error:
        raise VerifierFault(rules.READABLE, f"rule set {digest}: {error.code}") from error
    if loaded.digest != digest:
        raise VerifierFault(rules.READABLE, f"rule set {digest} reads as {loaded.digest}")
    return _rule_sets.keep((tenant, digest), loaded)


def first_governance(
    tenant: str, now: datetime, *, source: bytes | None = None, author: str = FIRST_AUTHOR
) -> list[Statement]:
    """What a new tenant begins with: one rule set, active.

    Args:
        tenant: Whose.
        now: When.
        source: The rule set as TOML; the shipped one unless given.
        author: Who wrote it.

    Raises:
        Misuse: What is wrong with the rule set.
    """
    written = standard_rules() if source is None else source
    rule_set = load_rules(written)
    governance = Governance(
        versions=(
            Version(digest=rule_set.digest, name=rule_set.id, author=author, stage=Stage.ACTIVE),
        )
    )
    return [
        store.insert_rule_set(
            tenant, rule_set.digest, name=rule_set.id, source=written, now=now, by=author
        ),
        store.insert_governance(tenant, written_form(governance), otherwise=rules.BEGUN),
    ]


@lru_cache(maxsize=1)
def standard_rules() -> bytes:
    """The rule set that comes with the package, as TOML."""
    return (files("warifu.risk.decision.rule_sets") / "standard.toml").read_bytes()


def written_form(governance: Governance) -> bytes:
    """As it is stored."""
    return msgspec.json.encode(governance, order="deterministic")


def read(document: bytes) -> Governance:
    """From what is stored.

    Raises:
        VerifierFault: ``governance/readable``.
    """
    try:
        return msgspec.json.decode(document, type=Governance)
    except msgspec.MsgspecError as error:
        raise VerifierFault(rules.READABLE, str(error)[:200]) from error


_LOOKING = frozenset({Stage.ACTIVE, Stage.PARTIAL, Stage.SHADOW})
_rule_sets: Memory[tuple[str, str], RuleSet] = Memory(MAX_RULE_SETS_REMEMBERED)
_governing: Memory[tuple[str, bytes], Governing] = Memory(MAX_GOVERNANCES_REMEMBERED)
"""By tenant and content: what is stored changes its content with its revision."""
