"""``warifu reappraise``: stored evidence judged again under today's trust."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from cyclopts import Parameter
from rich.table import Table
from rich.text import Text as Styled

from warifu.attestation.claims import Realm
from warifu.base.rule import Text
from warifu.cli import output, render
from warifu.cli.ending import UsageError
from warifu.cli.person import person
from warifu.cli.progress import progress_bar
from warifu.cli.values import Db
from warifu.cli.words import Language, language_of_environment, say
from warifu.risk.decision.facts import Operation
from warifu.service.adapters.data_key_file import DEFAULT_NAME
from warifu.service.caller import Caller, Scope
from warifu.service.store.opening import DEFAULT_URL
from warifu.service.store.tenants import find_tenant

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.service.composition import Composition
    from warifu.service.conduct.evidence.reappraisal import (
        Change,
        ReappraisalAnswer,
        ReappraisalsRequest,
    )
    from warifu.service.conduct.work import Work

OperationName = Literal[
    "login",
    "balance",
    "link-account",
    "transfer",
    "high-value-transfer",
    "raise-limit",
    "recover",
]
"""The values of `Operation`."""
AT_ONCE = 200
"""Evidence judged in one commit: short enough that nobody waits for it."""
MOST_ROWS = 25
MOST_REASONS = 3
COUNTS = ("judged", "fell", "rose", "no_statement", "not_kept", "erased", "unreadable")

_JUDGING = Text(ja="証拠を再評価中", en="judging again")
_TOLD = {
    "judged": Text(ja="再評価した証拠", en="judged again"),
    "fell": Text(ja="評価が下がったもの", en="may be trusted less"),
    "rose": Text(ja="評価が上がったもの", en="may be trusted more"),
    "no_statement": Text(
        ja="信頼情報の不足により判定できないもの", en="nothing could be said, for want of trust"
    ),
    "not_kept": Text(ja="受信時のデータが保管されていないもの", en="bytes not kept"),
    "erased": Text(ja="端末のデータを消去済みのもの", en="of erased devices"),
    "unreadable": Text(
        ja="保管データが改変または破損しているもの", en="kept data that does not open"
    ),
}
_DEVICE = Text(ja="端末", en="device")
_EVIDENCE = Text(ja="証拠", en="evidence")
_STATUS = Text(ja="評価", en="status")
_BECAUSE = Text(ja="変わった点", en="what changed")
_MORE = Text(ja="ほか{}件（--json ですべて表示）", en="{} more; --json shows all")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Which:
    """Which evidence."""

    tenant: str
    """Whose evidence."""
    app: str | None = None
    """Only of this app registration."""
    device: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    """Only of this device. The name of a key may begin with a hyphen."""
    model: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    """Only of devices of this model, as evidence proved it."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Where:
    """Where the service keeps its data, and what it believes."""

    db: Db = DEFAULT_URL
    """The database's URL: ``sqlite:///file.db`` or ``postgresql://...``."""
    config: Path | None = None
    """Settings (TOML)."""
    trust: Path | None = None
    """The trust directory. Unless given, the bundled data: no revocation list."""
    realm: Realm = Realm.PRODUCTION
    """The realm of the trust directory."""
    data_key: Path = Path(DEFAULT_NAME)
    """The keys under which evidence is sealed."""


def reappraise(
    *,
    which: Which,
    operation: OperationName = "login",
    where: Where = Where(),
    json: Annotated[bool, Parameter(negative=())] = False,
    lang: Language | None = None,
) -> int:
    """Judge stored evidence again under today's trust, and say what fell.

    The first verdicts stay as they are; appraisals are added to them. May be stopped and run again.

    Args:
        which: Which evidence.
        operation: By the policy of which operation.
        where: Where the service keeps its data, and what it believes.
        json: Print as JSON.
        lang: Language of the output; from the locale unless given.
    """
    from warifu.service.assembly import Places, assemble
    from warifu.service.conduct.evidence.reappraisal import ReappraisalsRequest, count_evidence

    language = lang or language_of_environment()
    house = assemble(
        Places(
            db=where.db,
            config=where.config,
            trust=where.trust,
            realm=where.realm,
            data_key=where.data_key,
        ),
        hasty=False,
    )
    asked = ReappraisalsRequest(
        operation=Operation(operation),
        app=which.app,
        device=which.device,
        model=which.model,
        limit=AT_ONCE,
    )
    with closing(house.database):
        who = _caller(house, which.tenant)
        with progress_bar(
            say(_JUDGING, language), count_evidence(_work(house, who), asked)
        ) as advance:
            totals, items = _all_pages(house, who, asked, advance)
    if json:
        output.write_json({**totals, "items": items})
    else:
        _tell(totals, items, language)
    return 0


def _all_pages(
    house: Composition, who: Caller, asked: ReappraisalsRequest, advance: Callable[[int], object]
) -> tuple[dict[str, int], list[ReappraisalAnswer]]:
    from warifu.service.conduct.evidence.reappraisal import reappraise_many

    totals = dict.fromkeys(COUNTS, 0)
    items: list[ReappraisalAnswer] = []
    while True:
        page = reappraise_many(_work(house, who), asked)
        for name in COUNTS:
            totals[name] += getattr(page, name)
        items += page.items
        advance(page.judged + page.not_kept + page.erased + page.unreadable)
        if page.next is None:
            return totals, items
        asked = msgspec.structs.replace(asked, after=page.next)


def _caller(house: Composition, tenant: str) -> Caller:
    with house.database.read() as transaction:
        if find_tenant(transaction, tenant=tenant) is None:
            raise UsageError(f"--tenant: there is no {tenant[:80]!r}")
    name = person()
    return Caller(tenant=tenant, id=name, name=name, scopes=frozenset({Scope.APPRAISE}))


def _work(house: Composition, who: Caller) -> Work:
    from warifu.service.conduct.work import Work

    return Work(house=house, caller=who, now=house.clock())


def _tell(totals: dict[str, int], items: list[ReappraisalAnswer], language: Language) -> None:
    for name, words in _TOLD.items():
        if totals[name] or name in {"judged", "fell"}:
            render.to_terminal(Styled(f"{say(words, language)}: {totals[name]:,}"))
    fallen = [item for item in items if item.fell]
    if not fallen:
        return
    table = Table()
    for title in (_DEVICE, _EVIDENCE, _STATUS, _BECAUSE):
        table.add_column(say(title, language), overflow="fold")
    for item in fallen[:MOST_ROWS]:
        before = item.before.status if item.before else ""
        table.add_row(
            Styled(render.printable(item.device or "")),
            f"{item.format} {item.evidence}",
            f"{before} → {item.after.status}",
            "\n".join(_sentence(each, language) for each in item.changes[:MOST_REASONS]),
        )
    render.to_terminal(table)
    if len(fallen) > MOST_ROWS:
        left = len(fallen) - MOST_ROWS
        render.to_terminal(Styled(say(_MORE, language).format(f"{left:,}")))


def _sentence(change: Change, language: Language) -> str:
    sentence = say(Text(ja=change.ja, en=change.en), language)
    return f"{change.requirement}: {change.before} → {change.after} ({sentence})"
