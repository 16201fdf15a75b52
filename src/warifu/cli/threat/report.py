"""``warifu threat report``: all of it on one page that needs nothing beside itself."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.text import Text as Styled

from warifu.base.rule import Text
from warifu.cli import output, render
from warifu.cli.progress import progress_bar
from warifu.cli.show import Show
from warifu.cli.threat import shown
from warifu.cli.values import parse_moment
from warifu.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT = "warifu-threat-report/1"
_PERCENT = 100

_MAKING = Text(ja="報告書を作成中", en="writing the report")
_WROTE = Text(ja="{file}に書き出しました（{size:,}バイト）。", en="Wrote {file} ({size:,} bytes).")


def report(
    *,
    output_: Annotated[Path, Parameter(name="--output")],
    at: str | None = None,
    show: Show = Show(),
) -> int:
    """Write one self-contained page: heat maps, stories, diagrams, attacks, defences, grounds.

    Args:
        output_: The file to write, HTML.
        at: The time that stands on the page (RFC 3339); the same time gives the same bytes. Now
            unless given.
        show: Language of the page, and how to show what was written.
    """
    with shown.searching():
        from warifu.lab.threat.report import build_report
    moment = parse_moment(at, "--at") if at else datetime.now(UTC)
    with progress_bar(say(_MAKING, show.language), _PERCENT) as advance:
        page = build_report(language=show.language.value, at=moment, progress=_in_percent(advance))
    data = page.encode()
    output_.write_bytes(data)
    if show.json:
        digest = hashlib.sha256(data).hexdigest()
        output.write_json(
            {"document": DOCUMENT, "file": str(output_), "bytes": len(data), "sha256": digest}
        )
    else:
        told = say(_WROTE, show.language).format(file=output_, size=len(data))
        render.to_terminal(Styled(told))
    return 0


def _in_percent(advance: Callable[[int], None]) -> Callable[[int, int], None]:
    """Of a bar that was drawn before it is known how much there is to do."""
    shown_so_far = 0

    def progress(done: int, of: int) -> None:
        nonlocal shown_so_far
        percent = done * _PERCENT // max(of, 1)
        advance(percent - shown_so_far)
        shown_so_far = percent

    return progress
