"""``warifu rules``: decision rules checked, drawn, tried on what was decided, and observed."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import App, Parameter
from rich.table import Table
from rich.text import Text as Styled

from warifu.base.rule import Text
from warifu.cli import output, render
from warifu.cli.ending import UsageError
from warifu.cli.progress import progress_bar
from warifu.cli.show import Show
from warifu.cli.values import Db, parse_moment, read_file
from warifu.cli.words import Language, say
from warifu.risk.decision.dry_run import Shift
from warifu.risk.decision.life_cycle import diagram as life_cycle
from warifu.risk.decision.rules import MAX_BYTES, load_rules
from warifu.service.conduct.governing.governance import standard_rules
from warifu.service.conduct.trials.dry_run import DryRunRequest, Trial
from warifu.service.conduct.trials.past_decisions import MAX_DECISIONS, Past
from warifu.service.conduct.trials.shadow_report import ShadowReport
from warifu.service.store.opening import DEFAULT_URL, open_database
from warifu.service.store.tenants import find_tenant

if TYPE_CHECKING:
    from warifu.service.conduct.trials.past_decisions import Effects
    from warifu.service.conduct.trials.shadow_report import ShadowAnswer
    from warifu.service.store.database import Database

AnyPast = TypeVar("AnyPast", bound=Past)

Digest = Annotated[str, Parameter(name="DIGEST")]
RuleFile = Annotated[Path, Parameter(name="FILE", allow_leading_hyphen=True)]
MOST_ROWS = 25
MOST_REASONS = 3

_SOUND = Text(
    ja="規則集「{id}」に誤りはありません（規則{rules}件、操作{operations}種類）。",
    en="Rule set {id} is sound: {rules} rules for {operations} operations.",
)
_TRYING = Text(ja="過去の判定で試行中", en="deciding again")
_SEEN = Text(
    ja="過去の判定{seen}件を、稼働中の規則集とこの規則集で判定し直しました。",
    en="Decided {seen} stored decisions again, by the active rule set and by this one.",
)
_READING = Text(ja="並行判定の記録を集計中", en="reading decisions")
_BESIDE = Text(
    ja="判定{looked_at}件のうち{seen}件に、この規則集の並行判定の記録があります。",
    en="This rule set was in shadow beside {seen} of {looked_at} decisions.",
)
_NEWEST = Text(
    ja="新しい順に{}件までを集計しました。それ以前は、--since と --until で指定してください。",
    en="Only the newest {} were looked at; for older ones give --since and --until.",
)
_UNREADABLE = Text(
    ja="{}件は、判定の根拠が保管期間を過ぎているため対象外です。",
    en="{} more are not counted: the facts they rest on are no longer kept.",
)
_NOBODY = Text(
    ja="サービスを受けられなくなる利用者はいません。", en="Nobody loses service by this rule set."
)
_SHIFTS = {
    Shift.SAME: Text(ja="変わらない", en="same"),
    Shift.LOSES: Text(ja="受けられなくなる", en="loses service"),
    Shift.WORSE: Text(ja="条件が厳しくなる", en="worse"),
    Shift.DIFFERS: Text(ja="求める認証が変わる", en="other methods"),
    Shift.BETTER: Text(ja="条件が緩やかになる", en="better"),
    Shift.GAINS: Text(ja="受けられるようになる", en="gains service"),
}
_OPERATION = Text(ja="操作", en="operation")
_MODEL = Text(ja="機種", en="model")
_BECAUSE = Text(ja="主な理由", en="mostly because of")
_MORE = Text(ja="ほか{}行（--json ですべて表示）", en="{} more rows; --json shows all")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Stored:
    """Which decisions."""

    tenant: str
    """Whose decisions."""
    db: Db = DEFAULT_URL
    """The database's URL: ``sqlite:///file.db`` or ``postgresql://...``."""
    since: str | None = None
    """From this time on, RFC 3339."""
    until: str | None = None
    """Up to this time, RFC 3339."""
    limit: int = MAX_DECISIONS
    """How many at most, the newest first."""


def make_app() -> App:
    """The commands under ``warifu rules``."""
    app = App(name="rules", help="Decision rules: checked, drawn, tried and observed.")
    app.command(standard)
    app.command(check)
    app.command(diagram)
    app.command(dry_run, name="dry-run")
    app.command(shadow)
    return app


def standard() -> int:
    """Print the rule set that comes with the package, to start from."""
    sys.stdout.flush()
    sys.stdout.buffer.write(standard_rules())
    sys.stdout.flush()
    return 0


def check(file: RuleFile, /, *, show: Show = Show()) -> int:
    """Say whether a rule set is sound, and its digest.

    Args:
        file: The rule set, TOML; ``-`` is standard input.
        show: How to show it.
    """
    loaded = load_rules(read_file(file, max_bytes=MAX_BYTES))
    if show.json:
        output.write_json(
            {
                "id": loaded.id,
                "digest": loaded.digest,
                "currency": loaded.currency,
                "operations": {
                    operation: [rule.id for rule in asked.rules]
                    for operation, asked in loaded.operations.items()
                },
            }
        )
        return 0
    told = say(_SOUND, show.language).format(
        id=loaded.id, rules=len(loaded.rules), operations=len(loaded.operations)
    )
    render.to_terminal(Styled(f"{told}\n{loaded.digest}"))
    return 0


def diagram() -> int:
    """Print the life cycle of rule sets as a Mermaid diagram."""
    sys.stdout.write(life_cycle())
    return 0


def dry_run(file: RuleFile, /, *, stored: Stored, show: Show = Show()) -> int:
    """Decide past decisions again by a rule set: who would lose service, and because of what.

    Nothing is changed.

    Args:
        file: The rule set, TOML; ``-`` is standard input.
        stored: Which decisions to try it on.
        show: How to show it.
    """
    candidate = load_rules(read_file(file, max_bytes=MAX_BYTES))
    asked = _asked(stored, DryRunRequest)
    with closing(open_database(stored.db, hasty=False)) as database:
        _require_tenant(database, stored.tenant)
        trial = Trial(database=database, tenant=stored.tenant, now=datetime.now(UTC), asked=asked)
        with progress_bar(say(_TRYING, show.language), trial.count()) as advance:
            answer = trial.run(candidate, seen=advance)
    if show.json:
        output.write_json(answer)
    else:
        told = say(_SEEN, show.language).format(seen=f"{answer.seen:,}")
        _tell(told, answer, show.language)
    return 0


def shadow(digest: Digest, /, *, stored: Stored, show: Show = Show()) -> int:
    """Show what a rule set said in shadow: who would have lost service, and because of what.

    Nothing is decided again: each decision is kept with what the rule sets in shadow said.

    Args:
        digest: The rule set's digest, as ``warifu rules check`` shows it.
        stored: Which decisions.
        show: How to show it.
    """
    asked = _asked(stored, Past)
    with closing(open_database(stored.db, hasty=False)) as database:
        _require_tenant(database, stored.tenant)
        report = ShadowReport(database=database, tenant=stored.tenant, asked=asked)
        with progress_bar(say(_READING, show.language), report.count()) as advance:
            answer = report.run(digest, seen=advance)
    if show.json:
        output.write_json(answer)
    else:
        _tell_beside(answer, asked.limit, show.language)
    return 0


def _asked(stored: Stored, kind: type[AnyPast]) -> AnyPast:
    return kind(
        since=parse_moment(stored.since, "--since") if stored.since else None,
        until=parse_moment(stored.until, "--until") if stored.until else None,
        limit=_within(stored.limit),
    )


def _within(limit: int) -> int:
    if not 1 <= limit <= MAX_DECISIONS:
        raise UsageError(f"--limit: between 1 and {MAX_DECISIONS}")
    return limit


def _require_tenant(database: Database, tenant: str) -> None:
    with database.read() as transaction:
        if find_tenant(transaction, tenant=tenant) is None:
            raise UsageError(f"--tenant: there is no {tenant[:80]!r}")


def _tell_beside(answer: ShadowAnswer, limit: int, language: Language) -> None:
    told = say(_BESIDE, language).format(seen=f"{answer.seen:,}", looked_at=f"{answer.looked_at:,}")
    if answer.looked_at >= limit:
        told += "\n" + say(_NEWEST, language).format(f"{limit:,}")
    _tell(told, answer, language)


def _tell(told: str, answer: Effects, language: Language) -> None:
    render.to_terminal(Styled(told))
    if answer.unreadable:
        render.to_terminal(Styled(say(_UNREADABLE, language).format(f"{answer.unreadable:,}")))
    if not answer.seen:
        return  # nobody is known to lose nothing
    for shift, words in _SHIFTS.items():
        render.to_terminal(Styled(f"  {say(words, language)}: {answer.totals[shift.value]:,}"))
    losing = [row for row in answer.rows if row.counts.get(Shift.LOSES.value)]
    if not losing:
        render.to_terminal(Styled(say(_NOBODY, language)))
        return
    table = Table()
    for title in (_OPERATION, _MODEL, _SHIFTS[Shift.LOSES], _BECAUSE):
        table.add_column(say(title, language), overflow="fold")
    for row in losing[:MOST_ROWS]:
        reasons = sorted(row.because.items(), key=lambda each: (-each[1], each[0]))
        table.add_row(
            row.operation,
            Styled(row.model),
            f"{row.counts[Shift.LOSES.value]:,}",
            ", ".join(f"{name} ({count:,})" for name, count in reasons[:MOST_REASONS]),
        )
    render.to_terminal(table)
    left = len(losing) - MOST_ROWS
    if left > 0 or answer.rows_left_off:
        render.to_terminal(Styled(say(_MORE, language).format(max(left, 0) + answer.rows_left_off)))
