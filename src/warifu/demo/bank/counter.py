"""Opening the demo bank from the command line: where its pages are, until somebody ends it."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from warifu.base.rule import Text
from warifu.cli.output import Terminal
from warifu.cli.words import Language, say
from warifu.demo.bank.serving import bank

if TYPE_CHECKING:
    from types import FrameType

_TITLE = Text(ja="かえで銀行（デモ）", en="Kaede Bank, a demo")
_OPENING = Text(
    ja="銀行とサービスを起動しています…",
    en="Opening the bank, and starting the service beside it…",
)
_OPEN = Text(
    ja="スマートフォンの大きさのウィンドウで、お客さまの画面を開いてください。",
    en="Open the customer's page in a window the size of a phone.",
)
_CUSTOMER = Text(ja="お客さま", en="Customer")
_CLERK = Text(ja="行員", en="Clerk")
_STEPS = Text(
    ja="はじめに行員画面で登録コードを発行し、お客さまの画面に貼り付けます。パスキーを使うため、"
    "localhostのまま開いてください。",
    en="Issue a code at the desk first, and paste it on the customer's page. Passkeys need the "
    "address as it stands: localhost.",
)
_END = Text(ja="Ctrl-Cで終了します。口座もお金も消えます。", en="Ctrl-C ends it; all is gone then.")


def open_counter(port: int, language: Language) -> int:
    """Serve the bank until Ctrl-C or SIGTERM.

    Args:
        port: Of this machine.
        language: Of what the terminal says; pages have a switch of their own.

    Returns:
        The exit status.

    Raises:
        Misuse: ``serve/address``: somebody else serves there.
    """
    console = Terminal(highlight=False)
    console.rule(f"[bold]{say(_TITLE, language)}[/]")
    console.print(say(_OPENING, language), style="dim")
    ended = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        ended.set()

    with bank(port) as opened:
        before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            console.print(say(_OPEN, language))
            for words, url in ((_CUSTOMER, opened.origin), (_CLERK, opened.clerk)):
                console.print(f"  {say(words, language)}: [bold]{url}[/]", soft_wrap=True)
            console.print(say(_STEPS, language))
            console.print(say(_END, language), style="dim")
            ended.wait()
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
    return 0
