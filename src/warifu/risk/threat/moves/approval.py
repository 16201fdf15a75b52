"""Moves by which the genuine terminal approves what its user did not."""

from __future__ import annotations

from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import Trait
from warifu.risk.threat.goals import Gain
from warifu.risk.threat.moves.move import Actor, Atom, Move, move
from warifu.risk.threat.powers import Power

_M, _U = Actor.MALWARE, Actor.USER

_TABLE: tuple[
    tuple[
        str, tuple[Atom, ...], tuple[Trait, ...], tuple[Defence, ...], Actor, Actor, str, str, str
    ],
    ...,
] = (
    (
        *("screen-altered", (Gain.UI_IN_REE, Power.RW_DISPLAY), (), (), _M, _U),
        "マルウェアが、攻撃者の取引の代わりに利用者の取引を画面に表示します。利用者は承認します。",
        "The malware shows the user's transaction in place of the attacker's; the user says OK.",
        "U 2.2",
    ),
    (
        *("touch-injected", (Gain.UI_IN_REE, Power.RW_TOUCH), (), (), _M, Actor.APP),
        "マルウェアが、利用者に代わってOKを入力します。",
        *("The malware presses OK in the user's place.", "U 2.2"),
    ),
    (
        *("app-altered", (Gain.UI_IN_REE, Power.RW_REE_MEM), (), (), _M, Actor.APP),
        "マルウェアが、正規アプリの中で取引の内容と回答を書き換えます。",
        *("Inside the genuine app the malware alters transaction and answer.", "U 2.2"),
    ),
    (
        *("overlaid", (Gain.UI_IN_REE, Power.OVERLAY), (), (Defence.OVERLAY_REFUSED,), _M, _U),
        "正規の画面に重ねた表示により、利用者は別の内容のつもりでOKを押します。",
        *("Under a false window the user presses OK to something else.", "S n.13"),
    ),
    (
        *("link-altered", (Gain.UI_ON_LINK, Power.RW_SE_TEE_LINK), (), (), _M, Actor.TA),
        "マルウェアが、SEとTAの間で表示内容と回答を書き換えます。",
        "Between SE and TA the malware alters what is shown and what is answered.",
        "U 4, RS-T(SE)",
    ),
    (
        *("trusted-ui-altered", (Gain.UI_IN_TEE, Power.RW_TEE_MEM), (), (), _M, Actor.TA),
        "Trusted UIの表示と回答が、TEEの中で書き換えられます。",
        *("What Trusted UI shows and hears is altered inside the TEE.", "U 3 (1), (3)"),
    ),
    (
        *("ta-altered", (Power.RW_TEE_MEM,), (Trait.TA_AUTHENTICATES,), (), _M, Actor.TA),
        "認証を行うTAが改変されます。",
        *("The TA that authenticates is altered.", "U 3 (1)"),
    ),
    (
        *("se-altered", (Power.RW_SE_MEM,), (Trait.SE_AUTHENTICATES,), (), _M, Actor.SE),
        "認証を行うSEアプリが改変されます。",
        *("The SE applet that authenticates is altered.", "U 3 (1)"),
    ),
    (
        *("app-decides", (Power.RW_REE_MEM,), (), (Defence.POLICY_3,), _M, Actor.APP),
        "認証が通常OSのアプリで行われるため、アプリの判定が書き換えられます。",
        *("The app authenticates by itself, and its verdict is altered.", "U 2.3"),
    ),
    (
        *("text-swapped", (Power.RW_REE_MEM,), (), (Defence.TEXT_BOUND,), _M, Actor.TA),
        "承認の後、署名の前に、取引の内容がすり替えられます。",
        *("After the OK and before the signature, the text is swapped.", "S 5.2"),
    ),
)

MOVES: tuple[Move, ...] = (
    *(
        move(
            *(f"approval/{name}", Gain.FALSE_APPROVAL, given),
            where=where,
            unless=unless,
            path=(sender, receiver),
            says=(ja, en),
            clause=clause,
        )
        for name, given, where, unless, sender, receiver, ja, en, clause in _TABLE
    ),
    move(
        *("approval/phone-stolen", Gain.PHONE_IN_HAND, (Power.STEAL_PHONE,)),
        unless=(Defence.REMOTE_ERASE,),
        path=(Actor.USER, Actor.ATTACKER),
        says=(
            "攻撃者が、ロックを解除した端末を手にします。",
            "The unlocked phone is in the attacker's hand.",
        ),
        clause="S 5",
    ),
    move(
        *("approval/phone-resold", Gain.PHONE_IN_HAND, (Power.OLD_PHONE,)),
        unless=(Defence.ERASED_BEFORE_RESALE,),
        path=(Actor.USER, Actor.ATTACKER),
        says=(
            "利用者が消去せずに手放した端末に、鍵が残っています。",
            "The phone was sold with its keys in it.",
        ),
        clause="S 5, S 7",
    ),
    move(
        *("approval/phone-and-pin", Gain.FALSE_APPROVAL, (Gain.PHONE_IN_HAND, Gain.PIN_KNOWN)),
        path=(Actor.ATTACKER, Actor.APP),
        says=(
            "攻撃者が、その端末でPINを入力し、取引を承認します。",
            "On that phone the attacker types the PIN and approves.",
        ),
        clause="U 2.3, S 7",
    ),
)
"""How the genuine terminal comes to approve what its user did not."""
