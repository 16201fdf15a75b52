"""Rule sets as they are written: proposed, fetched, listed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.errors import Misuse
from warifu.risk.decision.life_cycle import Draft, Stage
from warifu.risk.decision.rules import load_rules
from warifu.service.conduct.governing.governing import carry_out, present
from warifu.service.conduct.rules import KNOWN
from warifu.service.store import governance as store
from warifu.service.store.database import moment

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work


class RuleSetSummary(Struct, frozen=True, kw_only=True):
    """One rule set and where it stands."""

    digest: str
    """SHA-256 in hex over its meaning; decisions name it."""
    name: str
    stage: Stage
    share: int
    """Of users, in hundredths of a per cent, while it is tried."""
    author: str
    created_at: datetime


class RuleSetAnswer(Struct, frozen=True, kw_only=True):
    """One rule set with its file."""

    summary: RuleSetSummary
    text: str
    """The file, TOML."""


def propose(work: Work, source: bytes) -> RuleSetSummary:
    """Take a rule set in as a draft, which decides nothing.

    Args:
        work: The request.
        source: TOML in UTF-8.

    Raises:
        Misuse: What is wrong with the file, by the rules of rule sets.
        Denied: ``decision/governance-known`` where it is there already; ``governance/moved``.
    """
    loaded = load_rules(source)
    kept = store.insert_rule_set(
        work.tenant, loaded.digest, name=loaded.id, source=source, now=work.now, by=work.caller.id
    )
    answer = RuleSetSummary(
        digest=loaded.digest,
        name=loaded.id,
        stage=Stage.DRAFT,
        share=0,
        author=work.caller.id,
        created_at=work.now,
    )
    draft = Draft(digest=loaded.digest, name=loaded.id)
    carry_out(work, draft, first=[kept], instead=answer, status=201)
    return answer


def read_rule_set(work: Work, digest: str) -> RuleSetAnswer:
    """One rule set.

    Raises:
        Misuse: ``request/known``.
    """
    with work.house.database.read() as transaction:
        row = store.read_rule_set(transaction, work.tenant, digest)
        versions = {each.digest: each for each in present(transaction, work.tenant).versions}
    version = versions.get(digest)
    if row is None or version is None:
        raise Misuse(KNOWN, digest)
    return RuleSetAnswer(
        summary=RuleSetSummary(
            digest=digest,
            name=row[0],
            stage=version.stage,
            share=version.share,
            author=version.author,
            created_at=moment(row[2]),
        ),
        text=row[1].decode(),
    )


def list_rule_sets(
    work: Work, *, after: tuple[int, str] | None, limit: int
) -> list[RuleSetSummary]:
    """Rule sets, newest first, one more than `limit` where there are more.

    Args:
        work: The request.
        after: Go on after the one created then (microseconds) with this digest.
        limit: How many.
    """
    before, digest = after or (None, "")
    with work.house.database.read() as transaction:
        versions = {each.digest: each for each in present(transaction, work.tenant).versions}
        rows = store.list_rule_sets(
            transaction, work.tenant, before=before, digest=digest, limit=limit + 1
        )
    return [
        RuleSetSummary(
            digest=row[0],
            name=row[1],
            stage=versions[row[0]].stage,
            share=versions[row[0]].share,
            author=versions[row[0]].author,
            created_at=moment(row[2]),
        )
        for row in rows
        if row[0] in versions
    ]
