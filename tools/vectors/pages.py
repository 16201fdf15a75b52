"""All vectors as files, with the page that explains them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tools.vectors import activation, endorsed, ledger, proofs, receipts, transactions, user
from tools.vectors.vector import ACCEPT

if TYPE_CHECKING:
    from tools.vectors.vector import Vector

TEMPLATE = Path(__file__).parent / "README.md.in"


def all_vectors() -> list[Vector]:
    """Every vector, in the order of the page."""
    rooms = (transactions, proofs, activation, user, endorsed, ledger, receipts)
    return [vector for room in rooms for vector in room.vectors()]


def vector_pages() -> dict[str, str]:
    """Content by path in the repository."""
    made = all_vectors()
    pages = {vector.path: vector.write() for vector in made}
    twice = len(made) - len(pages)
    assert not twice, f"{twice} names are given twice"  # noqa: S101 - a fault of ours
    page = TEMPLATE.read_text("utf-8").replace("@TABLE@", _table(made))
    return {**pages, "docs/vectors/README.md": page}


def _table(made: list[Vector]) -> str:
    taken = Counter(each.format for each in made if each.expect == ACCEPT)
    whole = Counter(each.format for each in made)
    rows = [f"| `{name}` | {taken[name]} | {whole[name] - taken[name]} |" for name in whole]
    total = f"| together | {taken.total()} | {whole.total() - taken.total()} |"
    return "\n".join(["| format | accept | refuse |", "| --- | --- | --- |", *rows, total])
