"""The referee's published rows, matched to our words axis by axis."""

import csv
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from warifu.risk.threat.goals import Goal
from warifu.risk.threat.referee import QUERIES, Cell

YES_NO = {"0": False, "1": True}
HOLDS = {"holds": True, "attack": False}
COLUMNS = (
    *("form", "tui", "se_ta_encrypted", "server_channel_protected", "policy1", "policy2"),
    *("judge", "malware"),
)
"""Every axis of the referee, as its file spells them; a new one must be matched, not ignored."""


class Row(Struct, frozen=True, kw_only=True):
    """One published cell with its verdicts."""

    cell: Cell
    holds: dict[Goal, bool]


def published_rows(vectors: Path) -> Iterator[Row]:
    """All rows of the referee's file."""
    with (vectors / "five-forms-proverif" / "verdicts.tsv").open(encoding="utf-8") as source:
        reader = csv.DictReader(source, delimiter="\t")
        assert tuple(reader.fieldnames or ()) == (*COLUMNS, *QUERIES)
        for line in reader:
            axes = {name: YES_NO.get(line[name], line[name]) for name in COLUMNS}
            holds = {goal: HOLDS[line[query]] for query, goal in QUERIES.items()}
            yield Row(cell=Cell(**axes), holds=holds)  # type: ignore[arg-type]
