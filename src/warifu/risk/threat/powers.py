"""Powers: what an attacker can do before the first move, each by name."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from warifu.base.rule import Text


class Interface(StrEnum):
    """A part of the terminal, or a link of it, that may be read (`ro`) or altered too (`rw`)."""

    REE_MEM = "ree_mem"
    REE_STORAGE = "ree_storage"
    DISPLAY = "display"
    TOUCH = "touch"
    TEE_MEM = "tee_mem"
    SE_MEM = "se_mem"
    SE_TEE_LINK = "se_tee_link"
    CHANNEL = "channel"


class Power(StrEnum):
    """One thing that an attacker can do. ``rw:`` of an interface includes its ``ro:``."""

    RO_REE_MEM = "ro:ree_mem"
    RW_REE_MEM = "rw:ree_mem"
    RO_REE_STORAGE = "ro:ree_storage"
    RW_REE_STORAGE = "rw:ree_storage"
    RO_DISPLAY = "ro:display"
    RW_DISPLAY = "rw:display"
    RO_TOUCH = "ro:touch"
    RW_TOUCH = "rw:touch"
    RO_TEE_MEM = "ro:tee_mem"
    RW_TEE_MEM = "rw:tee_mem"
    RO_SE_MEM = "ro:se_mem"
    RW_SE_MEM = "rw:se_mem"
    RO_SE_TEE_LINK = "ro:se_tee_link"
    RW_SE_TEE_LINK = "rw:se_tee_link"
    RO_CHANNEL = "ro:channel"
    RW_CHANNEL = "rw:channel"
    INSTALL = "install"
    PHISH = "phish"
    OVERLAY = "overlay"
    REMOTE_CONTROL = "remote_control"
    SDK = "sdk"
    RELAY = "relay"
    STEAL_PHONE = "steal_phone"
    OLD_PHONE = "old_phone"
    SIDE_CHANNEL_KEYS = "side_channel_keys"
    STEAL_API_TOKEN = "steal_api_token"  # noqa: S105 - the power to steal one
    KNOW_PERSON = "know_person"
    ALTER_BOOT = "alter_boot"
    ROLL_BACK = "roll_back"
    MALICIOUS_APPLET = "malicious_applet"
    FACTORY_KEY = "factory_key"
    OPERATOR = "operator"
    PROVIDER = "provider"
    HELP_DESK = "help_desk"


BEYOND_THE_SOURCES = "beyond the sources"
"""The clause of a row that none of the three sources has."""


class PowerRow(Struct, frozen=True, kw_only=True):
    """What a power means, and who speaks of it."""

    power: Power
    means: Text
    clause: str
    """[U], [S], [R]: clauses of the three sources; else the work that names it, or
    `BEYOND_THE_SOURCES`."""


READS: dict[Interface, Power] = {each: Power(f"ro:{each.value}") for each in Interface}
"""The power to read each interface."""
ALTERS: dict[Interface, Power] = {each: Power(f"rw:{each.value}") for each in Interface}
"""The power to read and alter each interface."""

_INTERFACES: tuple[tuple[Interface, str, str, str], ...] = (
    (Interface.REE_MEM, "通常OS上の正規アプリのメモリ", "the genuine app's memory", "U 2.2"),
    (Interface.REE_STORAGE, "通常OSの保存領域", "what is stored under the ordinary OS", "U 2.2"),
    (Interface.DISPLAY, "通常OSが描く画面", "the screen of the ordinary OS", "U 2.2"),
    (Interface.TOUCH, "通常OSが受け取る入力", "what is typed into the ordinary OS", "U 2.2"),
    (Interface.TEE_MEM, "TEEのメモリ", "memory of the TEE", "U 3, S 6"),
    (Interface.SE_MEM, "SEのメモリ", "memory of the SE", "U 3"),
    (Interface.SE_TEE_LINK, "SEとTAの間の通信", "the link between SE and TA", "U 4"),
    (Interface.CHANNEL, "サーバとの通信", "the traffic with the server", "U 3 (2)"),
)
_OTHERS: tuple[tuple[Power, str, str, str], ...] = (
    (Power.INSTALL, "不正アプリを端末に入れさせる", "gets a bad app installed", "U 2.2, S 4"),
    (
        *(Power.PHISH, "正規の画面を装い、認証データの入力を求める"),
        *("asks for authentication data in the bank's name", "U 2.2, S 4"),
    ),
    (Power.OVERLAY, "他のアプリの画面に重ねて描く", "draws over other apps", "S n.13"),
    (
        *(Power.REMOTE_CONTROL, "端末を遠隔で操作する"),
        *("sees the screen and touches it from afar", "S 4 (permissions granted)"),
    ),
    (
        Power.SDK,
        "正規アプリに組み込まれたSDKを操る",
        "owns an SDK inside the genuine app",
        "S 4, R",
    ),
    (
        *(Power.RELAY, "利用者とサーバの間に入り、即時に中継する"),
        *("stands between user and server, in real time", "S 3"),
    ),
    (Power.STEAL_PHONE, "ロックを解除した端末を奪う", "holds the unlocked phone", "S 5, S 7"),
    (
        Power.OLD_PHONE,
        "利用者が手放した端末を持つ",
        "holds a phone that was given away",
        "S 5, S 7",
    ),
    (
        *(Power.SIDE_CHANNEL_KEYS, "端末の振舞いから内部の鍵を推定する"),
        *("learns keys from how the phone behaves", "U 1"),
    ),
    (Power.STEAL_API_TOKEN, "APIトークンを盗む", "steals API tokens", "R"),
    (
        *(Power.KNOW_PERSON, "氏名・口座番号などを知っている"),
        *("knows name, account number and the like", "S 3"),
    ),
    (Power.ALTER_BOOT, "改変したOSを起動する", "starts an altered operating system", "S 5"),
    (
        *(Power.ROLL_BACK, "脆弱性のある古いTAやTEEを読み込ませる"),
        *("loads an old TA or TEE with known faults", "SoK TEE: trust bootstrapping"),
    ),
    (
        Power.MALICIOUS_APPLET,
        "不正なアプレットをSEに入れる",
        "has an applet of its own in the SE",
        "U 5",
    ),
    (
        *(Power.FACTORY_KEY, "出荷時の構成証明用の鍵を持つ"),
        *("holds a leaked attestation key of a factory", "S 6, R"),
    ),
    (Power.OPERATOR, "通信事業者の内部で不正を行う", "acts inside the mobile operator", "U 3, U 5"),
    (
        Power.PROVIDER,
        "金融機関等の内部で不正を行う",
        "acts inside the financial institution",
        BEYOND_THE_SOURCES,
    ),
    (Power.HELP_DESK, "相談窓口を欺く、または不正を行う", "deceives or is the help desk", "S 7"),
)

POWERS: dict[Power, PowerRow] = {
    **{
        table[interface]: PowerRow(
            power=table[interface],
            means=Text(ja=f"{ja}{verb_ja}", en=f"{verb_en} {en}"),
            clause=clause,
        )
        for interface, ja, en, clause in _INTERFACES
        for table, verb_ja, verb_en in (
            (READS, "を読む", "reads"),
            (ALTERS, "を書き換える", "alters"),
        )
    },
    **{
        power: PowerRow(power=power, means=Text(ja=ja, en=en), clause=clause)
        for power, ja, en, clause in _OTHERS
    },
}
"""Every power, in the order of `Power`'s interfaces and then of what is done with them."""
