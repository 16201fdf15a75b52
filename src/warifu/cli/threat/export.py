"""``warifu threat export``: the model and its verdicts for other programs."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.text import Text as Styled

from warifu.base.rule import Text
from warifu.cli import output, render
from warifu.cli.ending import UsageError
from warifu.cli.show import Show
from warifu.cli.threat.asked import Names
from warifu.cli.threat.names import parse_malware, parse_profile
from warifu.cli.words import say
from warifu.lab.threat.profiles import PROFILES
from warifu.risk.threat.malware import MALWARE

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = "warifu-threat-export/1"

_WROTE = Text(
    ja="{count}個のファイルを{folder}に書き出しました。", en="Wrote {count} files to {folder}."
)


class Format(StrEnum):
    """What other programs read."""

    JSON = "json"
    PROVERIF = "proverif"


def export(
    *,
    format: Format = Format.JSON,  # noqa: A002 - the option's name
    output_: Annotated[Path | None, Parameter(name="--output")] = None,
    malware: Names = None,
    profile: Names = None,
    show: Show = Show(),
) -> int:
    """Write the tables, verdicts and certificates as JSON, or the referee's cells for ProVerif.

    Args:
        format: json: one document, with which every verdict can be checked again by any program.
            proverif: one file for each of the 640 cells.
        output_: The file, or for proverif the folder, to write. JSON goes to standard output
            unless given.
        malware: Only verdicts against these attackers (json). All unless given.
        profile: Only verdicts under these named sets of defences (json). All unless given.
        show: How to show what was written.
    """
    if format is Format.PROVERIF:
        return _proverif(output_, show)
    from warifu.lab.threat.export import model_json

    data = model_json(
        malware=tuple(map(parse_malware, malware or MALWARE)),
        profiles=tuple(map(parse_profile, profile or PROFILES)),
    )
    if output_ is not None:
        output_.write_bytes(data)
        return 0
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.flush()
    return 0


def _proverif(folder: Path | None, show: Show) -> int:
    if folder is None:
        raise UsageError("--output: the folder for the files")
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, text in _inputs():
        (folder / name).write_text(text, encoding="utf-8")
        count += 1
    if show.json:
        output.write_json({"document": DOCUMENT, "folder": str(folder), "files": count})
    else:
        told = say(_WROTE, show.language).format(count=count, folder=folder)
        render.to_terminal(Styled(told))
    return 0


def _inputs() -> Iterator[tuple[str, str]]:
    from warifu.lab.threat.export import file_name, proverif_input
    from warifu.risk.threat.referee import cells

    for cell in cells():
        yield file_name(cell), proverif_input(cell)
