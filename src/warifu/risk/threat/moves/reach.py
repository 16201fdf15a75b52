"""Moves by which one power gives another, and circumstances of the build."""

from __future__ import annotations

from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import Trait
from warifu.risk.threat.goals import Gain
from warifu.risk.threat.moves.move import Actor, Move, move
from warifu.risk.threat.powers import ALTERS, POWERS, READS, Interface, Power

_INSIDE = (Actor.MALWARE, Actor.MALWARE)
_ALTERED = (Power.RW_REE_MEM, Power.RW_REE_STORAGE, Power.RW_DISPLAY, Power.RW_TOUCH)
_SAYS_ALTERED = (
    "改変されたOSが、アプリのメモリ・画面・入力を支配します。",
    "The altered operating system owns the app's memory, the screen and what is typed.",
)

_SCREEN: tuple[Move, ...] = (
    move(
        *("screen/no-tee", Gain.UI_IN_REE),
        where=(Trait.NO_TEE,),
        path=(Actor.USER, Actor.APP),
        says=(
            "TEEがないため、表示と入力は通常OSを通ります。",
            "There is no TEE: the user is shown and asked through the ordinary OS.",
        ),
        clause="U 4, RS",
    ),
    move(
        *("screen/no-trusted-ui", Gain.UI_IN_REE),
        where=(Trait.TEE,),
        unless=(Defence.TRUSTED_UI,),
        path=(Actor.USER, Actor.APP),
        says=(
            "Trusted UIを使わないため、表示と入力は通常OSを通ります。",
            "Without Trusted UI the user is shown and asked through the ordinary OS.",
        ),
        clause="U 4, table 2",
    ),
    move(
        *("screen/trusted-ui", Gain.UI_IN_TEE),
        where=(Trait.TEE,),
        needs=(Defence.TRUSTED_UI,),
        path=(Actor.USER, Actor.TA),
        says=(
            "表示と入力は、TEEのTrusted UIで行われます。",
            "The user is shown and asked by Trusted UI in the TEE.",
        ),
        clause="U 3, U 4",
    ),
    move(
        *("screen/over-clear-link", Gain.UI_ON_LINK),
        where=(Trait.UI_OVER_LINK,),
        needs=(Defence.TRUSTED_UI,),
        unless=(Defence.ENCRYPTED_LINK,),
        path=(Actor.SE, Actor.TA),
        says=(
            "SEとTAは、通常OSを経由して、暗号化せずに表示と入力をやり取りします。",
            "SE and TA pass what is shown and typed to each other through the REE, in clear.",
        ),
        clause="U 4, RS-T(SE); that the link must be encrypted is not in table 2",
    ),
)

_FURTHER: tuple[Move, ...] = (
    move(
        *("reach/app-carries-traffic", Power.RO_CHANNEL, (Power.RO_REE_MEM,)),
        path=_INSIDE,
        says=(
            "TLSは通常OSのアプリで終わるため、アプリのメモリから通信の内容が読まれます。",
            "TLS ends in the app, so its traffic is read from the app's memory.",
        ),
        clause="U 3 (2)",
    ),
    move(
        *("reach/app-alters-traffic", Power.RW_CHANNEL, (Power.RW_REE_MEM,)),
        path=_INSIDE,
        says=(
            "TLSは通常OSのアプリで終わるため、通信の内容が書き換えられます。",
            "TLS ends in the app, so whoever owns the app alters its traffic.",
        ),
        clause="U 3 (2)",
    ),
    *(
        move(
            *(f"reach/link-in-{name}-{how}", table[Interface.SE_TEE_LINK], (table[memory],)),
            where=(Trait.TEE, trait),
            path=_INSIDE,
            says=(
                f"SEは{ja}につながっているため、SEとTAの間の通信に手が届きます。",
                f"The SE hangs at the {en}, so the link between SE and TA is within reach.",
            ),
            clause="U 4, tables 1 and 2",
        )
        for name, memory, trait, ja, en in (
            ("ree", Interface.REE_MEM, Trait.SE_ON_REE, "通常OS", "REE"),
            ("tee", Interface.TEE_MEM, Trait.SE_ON_TEE, "TEE", "TEE"),
        )
        for how, table in (("read", READS), ("altered", ALTERS))
    ),
    *(
        move(
            *(f"reach/token-from-{name}", Power.STEAL_API_TOKEN, (power,)),
            path=(Actor.APP, Actor.MALWARE),
            says=("端末内のAPIトークンが盗まれます。", "The API token on the phone is stolen."),
            clause="R",
        )
        for name, power in (("storage", Power.RO_REE_STORAGE), ("memory", Power.RO_REE_MEM))
    ),
    *(
        move(
            *(f"reach/sdk-{power.value.partition(':')[2]}", power, (Power.SDK,)),
            unless=(Defence.SDK_VETTED,),
            path=_INSIDE,
            says=(
                "不正なSDKが、正規アプリの内部で動作します。",
                "The malicious SDK runs inside the genuine app.",
            ),
            clause="S 4",
        )
        for power in (Power.RW_REE_MEM, Power.RW_REE_STORAGE)
    ),
    *(
        move(
            *(f"reach/remote-{power.value.partition(':')[2]}", power, (Power.REMOTE_CONTROL,)),
            unless=(Defence.REMOTE_CONTROL_REFUSED,),
            path=(Actor.ATTACKER, Actor.MALWARE),
            says=(
                "攻撃者が、離れた場所から画面を見て操作します。",
                "From afar the attacker sees the screen and touches it.",
            ),
            clause="S 4 (permissions granted)",
        )
        for power in (Power.RO_DISPLAY, Power.RW_TOUCH)
    ),
)

_DEEPER: tuple[Move, ...] = (
    *(
        move(
            *(f"reach/boot-{power.value.partition(':')[2]}", power, (Power.ALTER_BOOT,)),
            unless=(Defence.SECURE_BOOT, Defence.ATTESTATION_REQUIRED),
            path=_INSIDE,
            says=_SAYS_ALTERED,
            clause="S 5, S 6",
        )
        for power in _ALTERED
    ),
    *(
        move(
            *(f"reach/boot-attested-{power.value.partition(':')[2]}", power),
            (Power.ALTER_BOOT, Power.FACTORY_KEY),
            unless=(Defence.SECURE_BOOT, Defence.FACTORY_KEYS_REVOKED),
            path=(Actor.MALWARE, Actor.SERVER),
            says=(
                "改変されたOSが、流出した鍵で正規の構成証明を作り、端末を支配します。",
                "The altered system owns the phone and attests itself with the leaked key.",
            ),
            clause="S 6, R",
        )
        for power in _ALTERED
    ),
    move(
        *("reach/tee-owns-memory", Power.RW_REE_MEM, (Power.RW_TEE_MEM,)),
        where=(Trait.TEE,),
        path=(Actor.TA, Actor.APP),
        says=(
            "TEEは通常OSのメモリにも手が届くため、正規アプリのメモリが書き換えられます。",
            "The TEE reaches the ordinary OS's memory too: the genuine app is altered from there.",
        ),
        clause="U 3; TrustZone: the secure world may map all memory",
    ),
    move(
        *("reach/old-code", Power.RW_TEE_MEM, (Power.ROLL_BACK,)),
        where=(Trait.TEE,),
        unless=(Defence.ROLLBACK_REFUSED,),
        path=(Actor.MALWARE, Actor.TA),
        says=(
            "脆弱性のある古いTAが読み込まれ、TEEのメモリが書き換えられます。",
            "An old TA with known faults is loaded, and the TEE's memory altered through it.",
        ),
        clause="SoK TEE: trust bootstrapping",
    ),
    move(
        *("reach/operator-installs", Power.MALICIOUS_APPLET, (Power.OPERATOR,)),
        unless=(Defence.INSTALL_TOKENS,),
        path=(Actor.ATTACKER, Actor.SE),
        says=(
            "通信事業者の内部者が、提供者の承認なくSEにアプレットを導入します。",
            "Inside the operator, an applet is put into the SE that the provider never approved.",
        ),
        clause="U 3, U 5",
    ),
    move(
        *("reach/applet-breaks-out", Power.RW_SE_MEM, (Power.MALICIOUS_APPLET,)),
        unless=(Defence.CERTIFIED_COMPONENTS,),
        path=(Actor.ATTACKER, Actor.SE),
        says=(
            "不正なアプレットが、SE内の他のアプレットのメモリを書き換えます。",
            "The malicious applet alters the memory of the applets beside it.",
        ),
        clause="U 5",
    ),
    *(
        move(
            *(f"reach/operator-path-{how}", power, (Power.OPERATOR,)),
            where=(Trait.OPERATOR_PATH,),
            path=(Actor.ATTACKER, Actor.SERVER),
            says=(
                "サーバとの通信が、通信事業者の設備を通ります。",
                "The traffic with the server passes the operator's systems.",
            ),
            clause="U 4 (near-term candidate)",
        )
        for how, power in (("read", Power.RO_CHANNEL), ("altered", Power.RW_CHANNEL))
    ),
)

MOVES: tuple[Move, ...] = (
    *_SCREEN,
    *(
        move(
            *(f"reach/rw-reads-{interface.value}", READS[interface], (ALTERS[interface],)),
            path=_INSIDE,
            says=(
                f"{POWERS[READS[interface]].means.ja}こともできます。",
                f"It {POWERS[READS[interface]].means.en} as well.",
            ),
            clause="U 2.2",
        )
        for interface in Interface
    ),
    *_FURTHER,
    *_DEEPER,
)
"""What a power gives besides itself."""
