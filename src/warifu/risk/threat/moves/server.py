"""Moves by which the server accepts what it should not."""

from __future__ import annotations

from warifu.risk.threat.defences import Defence
from warifu.risk.threat.goals import Gain
from warifu.risk.threat.moves.move import Actor, Atom, Move, move
from warifu.risk.threat.powers import BEYOND_THE_SOURCES, Power

_TABLE: tuple[
    tuple[str, Gain, tuple[Atom, ...], tuple[Defence, ...], Actor, str, str, str], ...
] = (
    (
        *("accepts-approval", Gain.FALSE_ACCEPTANCE, (Gain.FALSE_APPROVAL,), (), Actor.APP),
        "サーバは、正規の端末からの承認として受け入れます。",
        *("The server takes it for an approval of the genuine terminal.", "U 2.2"),
    ),
    (
        *("accepts-terminal", Gain.FALSE_ACCEPTANCE, (Gain.OTHER_TERMINAL,), (), Actor.ATTACKER),
        "サーバは、攻撃者の端末からの取引を、利用者の取引として受け入れます。",
        "The server accepts the attacker's transaction as the user's.",
        "U 2.2",
    ),
    (
        *("answer-turned", Gain.FALSE_ACCEPTANCE, (Power.RW_CHANNEL,)),
        *((Defence.ANSWER_BOUND, Defence.PROTECTED_CHANNEL), Actor.MALWARE),
        "利用者の回答NGが、サーバに届くまでにOKに書き換えられます。",
        *("On its way to the server the user's NG is turned into OK.", "U 2.2"),
    ),
    (
        *("insider-books", Gain.FALSE_ACCEPTANCE, (Power.PROVIDER,), (Defence.FOUR_EYES,)),
        Actor.ATTACKER,
        "内部者が、利用者の承認のない取引を記帳します。",
        *("An insider books what no user approved.", BEYOND_THE_SOURCES),
    ),
    *(
        (
            *(f"sent-again-{name}", Gain.ACCEPTED_AGAIN, (power,), (Defence.NONCE_BOUND,)),
            Actor.MALWARE,
            "一度承認された取引のメッセージが、再び送られます。",
            *("The message of an approved transaction is sent once more.", "U 2.3"),
        )
        for name, power in (("from-phone", Power.RW_CHANNEL), ("from-relay", Power.RELAY))
    ),
    (
        *("accepted-without-approval", Gain.ACCEPTED_AGAIN, (Gain.FALSE_ACCEPTANCE,), ()),
        Actor.SERVER,
        "承認された回数よりも多くの取引が受け入れられます。",
        *("More is accepted than was ever approved.", "U 2.2"),
    ),
)

MOVES: tuple[Move, ...] = tuple(
    move(
        *(f"server/{name}", gain, given),
        unless=unless,
        path=(sender, Actor.SERVER),
        says=(ja, en),
        clause=clause,
    )
    for name, gain, given, unless, sender, ja, en, clause in _TABLE
)
"""How the server comes to accept it."""
