"""Moves by which another terminal is taken for the user's."""

from __future__ import annotations

from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import Trait
from warifu.risk.threat.goals import Gain
from warifu.risk.threat.moves.move import Actor, Atom, Move, move
from warifu.risk.threat.powers import Power

_TO_SERVER = (Actor.ATTACKER, Actor.SERVER)

_COPIES: tuple[
    tuple[str, Power, tuple[Trait, ...], tuple[Defence, ...], Actor, str, str, str], ...
] = (
    (
        *("key-from-ta", Power.RO_TEE_MEM, (Trait.TA_AUTHENTICATES,), (), Actor.TA),
        "端末の鍵が、TEEのメモリから写し取られます。",
        *("The terminal's key is copied from the TEE's memory.", "U 3 (1)"),
    ),
    (
        *("key-from-se", Power.RO_SE_MEM, (Trait.SE_AUTHENTICATES,), (), Actor.SE),
        "端末の鍵が、SEのメモリから写し取られます。",
        *("The terminal's key is copied from the SE's memory.", "U 3 (1)"),
    ),
    *(
        (
            *(f"key-from-app-{name}", power, (), (Defence.POLICY_3,), Actor.APP),
            "端末の鍵が通常OSにあるため、写し取られます。",
            *("The terminal's key lies under the ordinary OS, and is copied.", "U 2.3"),
        )
        for name, power in (("memory", Power.RO_REE_MEM), ("storage", Power.RO_REE_STORAGE))
    ),
    (
        *("key-observed-in-tee", Power.SIDE_CHANNEL_KEYS, (Trait.TA_AUTHENTICATES,)),
        *((), Actor.TA),
        "端末の振舞いを観測し、TEEの鍵を推定します。",
        *("From how the phone behaves the key in the TEE is learned.", "U 1"),
    ),
    (
        *("key-observed-in-se", Power.SIDE_CHANNEL_KEYS, (Trait.SE_AUTHENTICATES,)),
        *((Defence.CERTIFIED_COMPONENTS,), Actor.SE),
        "評価・認証を受けていないSEの振舞いを観測し、鍵を推定します。",
        *("From how an SE behaves that nobody certified, its key is learned.", "U 1, U 5"),
    ),
)

_PASSES: tuple[
    tuple[str, tuple[Atom, ...], tuple[Trait, ...], tuple[Defence, ...], str, str, str], ...
] = (
    (
        *("pin-suffices", (Gain.PIN_KNOWN,), (Trait.SERVER_JUDGES,), (Defence.POLICY_2,)),
        "攻撃者が、自分の端末から利用者のPINを送ります。サーバは端末を区別しません。",
        "From a terminal of its own the attacker sends the PIN; the server knows no terminals.",
        "U 2.2, U 2.3",
    ),
    (
        *("any-terminal-says-ok", (), (Trait.TERMINAL_JUDGES,), (Defence.POLICY_2,)),
        "攻撃者が、自分の正規端末から「認証に成功した」と報告します。サーバは端末を区別しません。",
        "From a genuine terminal of its own the attacker reports success, as any terminal may.",
        "U 2.1, U 2.3; that no malware is needed is a finding of this model",
    ),
    (
        *("copied-key-and-pin", (Gain.KEY_COPIED, Gain.PIN_KNOWN), (Trait.SERVER_JUDGES,), ()),
        "攻撃者が、写し取った鍵とPINを使って、自分の端末から署名します。",
        *("With the copied key and the PIN the attacker signs elsewhere.", "U 3 (1)"),
    ),
    (
        *("copied-key", (Gain.KEY_COPIED,), (Trait.TERMINAL_JUDGES,), ()),
        "攻撃者が、写し取った鍵を使って、自分の端末から認証の成功に署名します。",
        *("With the copied key the attacker signs elsewhere that the user was verified.", "U 3"),
    ),
    *(
        (
            *(f"bound-stranger-{name}", (Gain.STRANGER_BOUND,), (), (defence,)),
            f"他人の端末は、{ja}すぐに取引に使えます。",
            *(f"The stranger's terminal may be used {en}.", "S 3, S 7"),
        )
        for name, defence, ja, en in (
            (
                "at-once",
                Defence.COOLING_OFF,
                "利用制限期間がなく、",
                "at once: nothing makes it wait",
            ),
            (
                *("unnoticed", Defence.SECOND_CHANNEL_NOTICE),
                *("利用者に気付かれないまま、", "unnoticed: nobody tells the user"),
            ),
        )
    ),
    (
        *("token-alone", (Power.STEAL_API_TOKEN,), (), (Defence.TOKEN_RESTRICTED,)),
        "攻撃者が、盗んだトークンだけで、自分の端末からAPIを呼び出します。",
        *("With the stolen token alone the attacker calls the API from elsewhere.", "R"),
    ),
    (
        *("old-phone", (Power.OLD_PHONE, Gain.PHONE_IN_HAND, Gain.PIN_KNOWN), (), ()),
        "手放された端末が、今も利用者の端末として受け入れられます。",
        *("The phone that was given away still passes for the user's.", "S 5"),
    ),
)

MOVES: tuple[Move, ...] = (
    *(
        move(
            *(f"terminal/{name}", Gain.KEY_COPIED, (power,)),
            where=where,
            unless=unless,
            path=(place, Actor.ATTACKER),
            says=(ja, en),
            clause=clause,
        )
        for name, power, where, unless, place, ja, en, clause in _COPIES
    ),
    *(
        move(
            *(f"terminal/{name}", Gain.OTHER_TERMINAL, given),
            where=where,
            unless=unless,
            path=_TO_SERVER,
            says=(ja, en),
            clause=clause,
        )
        for name, given, where, unless, ja, en, clause in _PASSES
    ),
)
"""How another terminal passes for the user's."""
