"""A table of moves that is changed for one test."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from warifu.risk.threat import closure
from warifu.risk.threat.moves import Move

TableOfMoves = Callable[[Iterable[Move]], None]


@pytest.fixture
def table_of_moves(monkeypatch: pytest.MonkeyPatch) -> Iterator[TableOfMoves]:
    """Give the closure another table; the checker keeps the true one."""

    def put(moves: Iterable[Move]) -> None:
        monkeypatch.setattr(closure, "MOVES", tuple(moves))
        _forget()

    yield put
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    closure._compiled.cache_clear()
    closure.broken_goals.cache_clear()
