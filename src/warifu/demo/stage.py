"""What the demo shows: who comes, what is decided, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text as Styled

from warifu.base.rule import Text
from warifu.cli.output import Terminal
from warifu.cli.render import WIDTH_OF_FILES, brief, fact_lines
from warifu.cli.words import Language, say
from warifu.demo.scenes import SCENES, Scene

if TYPE_CHECKING:
    from rich.console import Console

    from warifu.attestation.verdict import Verdict

_OPENING = Text(
    ja="模擬端末がその場で証拠を作り、検証器が判定します。認証局も鍵も、すべて試験用に今作ったものです。",
    en="Simulated devices make their evidence now; the verifier judges it. All roots and keys are "
    "fresh and of a test world.",
)
_KEYS = Text(
    ja="Enter：次へ　c：最後まで続ける　q：終了",
    en="Enter: next   c: on to the end   q: leave",
)
_HONEST = Text(ja="正当な端末", en="honest")
_HOSTILE = Text(ja="不正な端末", en="hostile")
_SURPRISE = Text(ja="この場面で想定した判定と異なります", en="NOT what this scene is meant to show")
_CLOSING = Text(
    ja="{total}場面のうち{good}場面で、想定どおりの結果になりました。",
    en="{good} of {total} ended as meant.",
)
_NEXT = Text(
    ja="次は、お手元の証拠でお試しください：.venv/bin/warifu verify android-key chain.pem\n"
    "サービスとしての導入：docs/ja/operators.md　アプリからの利用：docs/ja/integrators.md",
    en="Next, with evidence of your own: .venv/bin/warifu verify android-key chain.pem\n"
    "To run the service: docs/operators.md. To call it from a backend: docs/integrators.md",
)


class Stage:
    """Prints scenes one after the other."""

    def __init__(self, language: Language, *, waits: bool) -> None:
        """Open the stage; say which keys to press where somebody is there to press them."""
        self.language = language
        self.console: Console = Terminal(highlight=False)
        if not self.console.is_terminal:
            self.console.width = WIDTH_OF_FILES
        self.console.rule("[bold]warifu 割符[/]")
        self.console.print(say(_OPENING, language))
        if waits:
            self.console.print(say(_KEYS, language), style="dim")

    def show(self, number: int, scene: Scene, verdict: Verdict, *, as_meant: bool) -> None:
        """One scene: who comes, the verdict, its reasons, and the facts that matter in it."""
        kind, colour = (_HONEST, "green") if scene.honest else (_HOSTILE, "red")
        self.console.print()
        self.console.print(
            Styled.assemble(
                (f"{number:>2}/{len(SCENES)}  ", "dim"),
                (f"[{say(kind, self.language)}] ", colour),
                (say(scene.title, self.language), "bold"),
            )
        )
        self.console.print(brief(verdict, self.language))
        for line in fact_lines(verdict, scene.facts, self.language):
            self.console.print(line)
        if scene.note is not None:
            self.console.print(f"    → {say(scene.note, self.language)}", style="yellow")
        if not as_meant:
            self.console.print(f"  ! {say(_SURPRISE, self.language)}", style="bold red")

    def close(self, seen: int, surprises: int) -> None:
        """The last line: how many of those that were shown ended as meant."""
        self.console.print()
        self.console.rule(style="dim")
        text = say(_CLOSING, self.language).format(good=seen - surprises, total=seen)
        self.console.print(text, style="bold red" if surprises else "bold green")
        self.console.print(say(_NEXT, self.language), style="dim")
