"""What the demo shows: who comes, what is decided, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text as Styled

from warifu.base.rule import Text
from warifu.cli.output import Terminal
from warifu.cli.render import WIDTH_OF_FILES, brief, fact_lines
from warifu.cli.words import Language, say

if TYPE_CHECKING:
    from warifu.attestation.verdict import Verdict
    from warifu.demo.scenes import Scene

_OPENING = Text(
    ja="模擬端末がその場で証拠を作り、検証器が判定します。認証局も鍵も、すべて試験用に今作ったものです。",
    en="Simulated devices make their evidence now; the verifier judges it. All roots and keys are "
    "fresh and of a test world.",
)
_HONEST = Text(ja="正当な端末", en="honest")
_HOSTILE = Text(ja="不正な端末", en="hostile")
_SURPRISE = Text(ja="この場面で想定した判定と異なります", en="NOT what this scene is meant to show")
_CLOSING = Text(
    ja="{total}場面のうち{good}場面で、想定どおりの判定になりました。",
    en="{good} of {total} verdicts are as meant.",
)
_NEXT = Text(
    ja="次は、お手元の証拠でお試しください：.venv/bin/warifu verify android-key chain.pem",
    en="Next, with evidence of your own: .venv/bin/warifu verify android-key chain.pem",
)


class Stage:
    """Prints scenes one after the other."""

    def __init__(self, language: Language, *, total: int) -> None:
        """Open the stage for `total` scenes."""
        self._language = language
        self._total = total
        self._console = Terminal(highlight=False)
        if not self._console.is_terminal:
            self._console.width = WIDTH_OF_FILES
        self._console.rule("[bold]warifu 割符[/]")
        self._console.print(say(_OPENING, language))

    def show(self, number: int, scene: Scene, verdict: Verdict, *, as_meant: bool) -> None:
        """One scene: who comes, the verdict, its reasons, and the facts that matter in it."""
        kind, colour = (_HONEST, "green") if scene.honest else (_HOSTILE, "red")
        self._console.print()
        self._console.print(
            Styled.assemble(
                (f"{number:>2}/{self._total}  ", "dim"),
                (f"[{say(kind, self._language)}] ", colour),
                (say(scene.title, self._language), "bold"),
            )
        )
        self._console.print(brief(verdict, self._language))
        for line in fact_lines(verdict, scene.facts, self._language):
            self._console.print(line)
        if scene.note is not None:
            self._console.print(f"    → {say(scene.note, self._language)}", style="yellow")
        if not as_meant:
            self._console.print(f"  ! {say(_SURPRISE, self._language)}", style="bold red")

    def close(self, surprises: int) -> None:
        """The last line: how many verdicts were as meant."""
        self._console.print()
        self._console.rule(style="dim")
        text = say(_CLOSING, self._language).format(good=self._total - surprises, total=self._total)
        self._console.print(text, style="bold red" if surprises else "bold green")
        self._console.print(say(_NEXT, self._language), style="dim")
