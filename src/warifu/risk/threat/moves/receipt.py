"""Moves by which a receipt says what did not happen."""

from __future__ import annotations

from warifu.risk.threat.defences import Defence
from warifu.risk.threat.goals import Gain
from warifu.risk.threat.moves.move import Actor, Atom, Move, move
from warifu.risk.threat.powers import BEYOND_THE_SOURCES, Power

_TABLE: tuple[tuple[str, tuple[Atom, ...], tuple[Defence, ...], str, str, str], ...] = (
    (
        *("of-false-approval", (Gain.FALSE_APPROVAL,), ()),
        "控えには、利用者が承認していない取引が、承認済みとして残ります。",
        *("The receipt says that the user approved what the user never did.", "S 5.2"),
    ),
    (
        *("of-other-terminal", (Gain.OTHER_TERMINAL,), ()),
        "控えには、攻撃者の端末での操作が、利用者の操作として残ります。",
        *("The receipt takes the attacker's terminal for the user's.", "S 5.2"),
    ),
    (
        *("of-copied-key", (Gain.KEY_COPIED,), ()),
        "写し取った鍵により、利用者の署名がある控えが作られます。",
        *("With the copied key receipts are made that bear the user's signature.", "S 5.2"),
    ),
    (
        *("written-by-insider", (Power.PROVIDER,), (Defence.USER_SIGNED_RECEIPT,)),
        "控えに利用者の署名がないため、内部者だけで控えを作れます。",
        *("Without the user's signature an insider writes receipts alone.", BEYOND_THE_SOURCES),
    ),
    (
        *("log-rewritten", (Power.PROVIDER,), (Defence.TRANSPARENT_LOG,)),
        "第三者が監視していないため、内部者が過去の記録を書き換えます。",
        *("Nobody watches the log, and an insider rewrites it.", BEYOND_THE_SOURCES),
    ),
)

MOVES: tuple[Move, ...] = tuple(
    move(
        *(f"receipt/{name}", Gain.FALSE_RECEIPT, given),
        unless=unless,
        path=(Actor.ATTACKER, Actor.SERVER),
        says=(ja, en),
        clause=clause,
    )
    for name, given, unless, ja, en, clause in _TABLE
)
"""How a receipt comes to be false."""
