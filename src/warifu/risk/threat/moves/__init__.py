"""The table of moves, by theme; the order is the order in which stories are told."""

from __future__ import annotations

from warifu.risk.threat.moves.approval import MOVES as _APPROVAL
from warifu.risk.threat.moves.enrolment import MOVES as _ENROLMENT
from warifu.risk.threat.moves.move import Atom, Move
from warifu.risk.threat.moves.pin import MOVES as _PIN
from warifu.risk.threat.moves.reach import MOVES as _REACH
from warifu.risk.threat.moves.receipt import MOVES as _RECEIPT
from warifu.risk.threat.moves.server import MOVES as _SERVER
from warifu.risk.threat.moves.terminal import MOVES as _TERMINAL

MOVES: tuple[Move, ...] = (
    *(*_REACH, *_PIN, *_APPROVAL, *_ENROLMENT, *_TERMINAL, *_SERVER, *_RECEIPT),
)
"""Every move there is."""

__all__ = ["MOVES", "Atom", "Move"]
