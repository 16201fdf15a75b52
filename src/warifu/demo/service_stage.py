"""What the demo shows of the service: who asks for what, what is decided, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text as Styled

from warifu.base.rule import Text
from warifu.cli.words import Language, say
from warifu.demo.service_scenes import Who

if TYPE_CHECKING:
    from rich.console import Console

    from warifu.demo.server import Server
    from warifu.demo.service_play import Reason, Told
    from warifu.demo.service_scenes import ServiceAct

INDENT = 7

_TITLE = Text(ja="サービス", en="the service")
_STARTING = Text(
    ja="本物のサービスを一時フォルダーで起動しています（warifu serve、SQLite）…",
    en="Starting the real service in a temporary folder (warifu serve, SQLite)…",
)
_STARTED = Text(
    ja="{url} で稼働中です。利用機関「kaede-bank」と4名の呼び出し元を登録しました。以下の端末は、"
    "銀行のサーバーを介してHTTPで判定を受けます。",
    en="Serving at {url}. Tenant kaede-bank and four callers are registered. The devices below are"
    " judged over HTTP, through the bank's backend.",
)
_WHO = {
    Who.HONEST: (Text(ja="正当な利用者", en="honest"), "green"),
    Who.HOSTILE: (Text(ja="攻撃者", en="hostile"), "red"),
    Who.STAFF: (Text(ja="銀行の担当者", en="bank staff"), "cyan"),
}
_OUTCOMES = {
    "serve": ("✓", Text(ja="提供", en="SERVE"), "bold green"),
    "step-up": ("↑", Text(ja="追加の認証", en="STEP UP"), "bold yellow"),
    "limit": ("≤", Text(ja="制限", en="LIMIT"), "bold yellow"),
    "refuse": ("✗", Text(ja="拒否", en="REFUSE"), "bold red"),
    "problem": ("✗", Text(ja="依頼を受け付けません", en="REQUEST REFUSED"), "bold red"),
    "accepted": ("✓", Text(ja="受理", en="ACCEPTED"), "bold green"),
    "refused": ("✗", Text(ja="拒否", en="REFUSED"), "bold red"),
    "registered": ("✓", Text(ja="登録しました", en="REGISTERED"), "bold cyan"),
    "active": ("✓", Text(ja="稼働しました", en="ACTIVE"), "bold cyan"),
    "tried": ("✓", Text(ja="試算しました", en="TRIED, NOTHING CHANGED"), "bold cyan"),
    "fell": ("↓", Text(ja="評価が下がりました", en="TRUSTED LESS"), "bold yellow"),
    "found": ("✓", Text(ja="該当する端末があります", en="FOUND"), "bold cyan"),
}
_TO_CUSTOMER = Text(ja="お客さまへ", en="to the customer")
_TO_ANALYST = Text(ja="担当者へ", en="to the analyst")
_TO_CALLER = Text(ja="規則", en="rule")
_SURPRISE = Text(ja="この場面で想定した結果と異なります", en="NOT what this act is meant to show")


class ServiceStage:
    """Prints acts one after the other."""

    def __init__(self, console: Console, language: Language, *, total: int) -> None:
        """Go on with a stage that is open."""
        self._console = console
        self._language = language
        self._total = total

    def open(self) -> None:
        """Say that the service is being started."""
        self._console.print()
        self._console.rule(f"[bold]{say(_TITLE, self._language)}[/]")
        self._console.print(say(_STARTING, self._language), style="dim")

    def started(self, server: Server) -> None:
        """Say where it serves."""
        self._console.print(say(_STARTED, self._language).format(url=server.address.url))

    def show(self, number: int, act: ServiceAct, told: Told) -> None:
        """One act: who comes, what is asked, what is answered, why."""
        kind, colour = _WHO[act.who]
        self._console.print()
        self._console.print(
            Styled.assemble(
                (f"{number:>2}/{self._total}  ", "dim"),
                (f"[{say(kind, self._language)}] ", colour),
                (say(act.title, self._language), "bold"),
            )
        )
        self._line(f"→ {say(act.asked, self._language)}", "dim")
        sign, words, style = _OUTCOMES.get(told.outcome, ("!", Text(ja="?", en="?"), "bold red"))
        outcome = Styled(f"{sign} {say(words, self._language)}", style)
        self._console.print(Padding(outcome, (0, 0, 0, INDENT), expand=False))
        for reason in told.reasons:
            self._reason(reason)
        for note in told.notes:
            self._line(say(note, self._language), "yellow")
        if not act.ended_well(told):
            self._line(f"! {say(_SURPRISE, self._language)}: {told.outcome}", "bold red")

    def _reason(self, reason: Reason) -> None:
        """The code for who looks for it, the sentence for whom it is meant, what it means."""
        aim = _TO_CUSTOMER if reason.analyst is not None else _TO_CALLER
        self._line(f"{reason.code}", "magenta")
        self._line(f"  {say(aim, self._language)}: {say(reason.customer, self._language)}")
        if reason.analyst is not None:
            analyst = say(reason.analyst, self._language)
            self._line(f"  {say(_TO_ANALYST, self._language)}: {analyst}", "dim")

    def _line(self, line: str, style: str = "") -> None:
        self._console.print(Padding(Styled(line, style), (0, 0, 0, INDENT), expand=False))
