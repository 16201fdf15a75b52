"""Moves by which the authentication data becomes known."""

from __future__ import annotations

from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import Trait
from warifu.risk.threat.goals import Gain
from warifu.risk.threat.moves.move import Actor, Atom, Move, move
from warifu.risk.threat.powers import BEYOND_THE_SOURCES, Power

_ASKED = (Actor.ATTACKER, Actor.USER)
_TYPED = (Actor.USER, Actor.ATTACKER)

_READ: tuple[Move, ...] = tuple(
    move(
        *(f"pin/{name}", Gain.PIN_KNOWN, given),
        where=where,
        unless=unless,
        path=(place, Actor.MALWARE),
        says=(ja, en),
        clause=clause,
    )
    for name, given, where, unless, place, ja, en, clause in (
        (
            *("typed-read", (Gain.UI_IN_REE, Power.RO_TOUCH), (), (), Actor.USER),
            "マルウェアが、入力されたPINを読み取ります。",
            *("The malware reads the PIN as it is typed.", "U 2.2"),
        ),
        (
            *("screen-read", (Gain.UI_IN_REE, Power.RO_DISPLAY), (), (), Actor.USER),
            "マルウェアが、画面のどのキーが押されたかを見て、PINを読み取ります。",
            *("The malware sees on the screen which digits are pressed.", "U 2.2"),
        ),
        (
            *("app-read", (Gain.UI_IN_REE, Power.RO_REE_MEM), (), (), Actor.APP),
            "マルウェアが、正規アプリのメモリからPINを読み取ります。",
            *("The malware reads the PIN from the genuine app's memory.", "U 2.2"),
        ),
        (
            *("link-read", (Gain.UI_ON_LINK, Power.RO_SE_TEE_LINK), (), (), Actor.TA),
            "マルウェアが、TAからSEへ流れるPINを読み取ります。",
            *("The malware reads the PIN on its way from the TA to the SE.", "U 4, RS-T(SE)"),
        ),
        (
            *("trusted-ui-read", (Gain.UI_IN_TEE, Power.RO_TEE_MEM), (), (), Actor.TA),
            "Trusted UIに入力されたPINが、TEEのメモリから読み取られます。",
            *("The PIN typed into Trusted UI is read from the TEE's memory.", "U 3 (1), (3)"),
        ),
        (
            *("ta-read", (Power.RO_TEE_MEM,), (Trait.TA_AUTHENTICATES,), (), Actor.TA),
            "認証を行うTAのメモリから、PINが読み取られます。",
            *("The PIN is read from the memory of the TA that authenticates.", "U 3 (1)"),
        ),
        (
            *("tee-between-read", (Power.RO_TEE_MEM,)),
            *((Trait.SE_ON_TEE, Trait.SE_AUTHENTICATES), (), Actor.TA),
            "SEはTEE側にあるため、SEに渡されるPINが、途中のTEEのメモリから読み取られます。",
            *("The SE hangs at the TEE, where the PIN is read on its way to the SE.", "U 4, R-TS"),
        ),
        (
            *("se-read", (Power.RO_SE_MEM,), (Trait.SE_AUTHENTICATES,), (), Actor.SE),
            "認証を行うSEのメモリから、PINが読み取られます。",
            *("The PIN is read from the memory of the SE that authenticates.", "U 3 (1)"),
        ),
        (
            *("sent-read", (Power.RO_CHANNEL,), (Trait.SERVER_JUDGES,)),
            *((Defence.PROTECTED_CHANNEL,), Actor.APP),
            "サーバに送られるPINが、途中で読み取られます。",
            *("The PIN is read on its way to the server.", "U 3 (2)"),
        ),
        (
            *("insider-reads", (Power.PROVIDER,), (Trait.SERVER_JUDGES,)),
            *((Defence.FOUR_EYES,), Actor.SERVER),
            "内部者が、サーバに届いたPINを読み取ります。",
            *("An insider reads the PIN that reaches the server.", BEYOND_THE_SOURCES),
        ),
        (
            *("app-authenticates", (Power.RO_REE_MEM,), (), (Defence.POLICY_3,), Actor.APP),
            "認証が通常OSのアプリで行われるため、PINがメモリから読み取られます。",
            *("The app authenticates by itself, and the PIN is read from it.", "U 2.3"),
        ),
    )
)

_PROMPTS: tuple[tuple[str, tuple[Atom, ...], tuple[Defence, ...], str, str, str], ...] = (
    (
        *("fake-app", (Power.INSTALL, Power.PHISH), (Defence.POLICY_1,)),
        "偽アプリが、銀行を装ってPINの入力を求めます。",
        *("A fake app asks for the PIN in the bank's name.", "U 2.2"),
    ),
    (
        *("phishing-site", (Power.PHISH, Power.RELAY), ()),
        "偽のサイトが、銀行を装ってPINの入力を求めます。",
        *("A false site asks for the PIN in the bank's name.", "S 3"),
    ),
    (
        *("drawn-over", (Power.PHISH, Power.OVERLAY), (Defence.OVERLAY_REFUSED,)),
        "正規アプリに重ねた画面が、PINの入力を求めます。",
        *("A window over the genuine app asks for the PIN.", "S n.13"),
    ),
    (
        *("drawn-by-malware", (Power.PHISH, Power.RW_DISPLAY), ()),
        "マルウェアが自ら画面を描き、PINの入力を求めます。",
        *("The malware draws a screen of its own that asks for the PIN.", "U 2.2"),
    ),
    # Whether the server then refuses the phone is no matter: the PIN is given away before.
    (
        *("drawn-by-altered-system", (Power.PHISH, Power.ALTER_BOOT), (Defence.SECURE_BOOT,)),
        "改変されたOSが自ら画面を描き、PINの入力を求めます。",
        *("The altered operating system draws a screen that asks for the PIN.", "S 5"),
    ),
)

MOVES: tuple[Move, ...] = (
    *_READ,
    *(
        move(
            *(f"pin/{name}", Gain.PROMPTED, given),
            unless=unless,
            path=_ASKED,
            says=(ja, en),
            clause=clause,
        )
        for name, given, unless, ja, en, clause in _PROMPTS
    ),
    move(
        *("pin/typed-where-asked", Gain.PIN_KNOWN, (Gain.PROMPTED, Gain.UI_IN_REE)),
        path=_TYPED,
        says=(
            "利用者は本物の画面と区別できず、PINを入力します。",
            "The user cannot tell it from the real screen, and types the PIN.",
        ),
        clause="U 2.2",
    ),
    move(
        *("pin/typed-anywhere", Gain.PIN_KNOWN, (Gain.PROMPTED,)),
        unless=(Defence.TYPED_ONLY_IN_TRUSTED_UI,),
        path=_TYPED,
        says=(
            "利用者は、Trusted UIでない画面にもPINを入力します。",
            "The user types the PIN, although this is not Trusted UI.",
        ),
        clause="U 3 (3); an axis of this model",
    ),
)
"""How the authentication data becomes known."""
