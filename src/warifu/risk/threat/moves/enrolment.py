"""Moves by which a stranger's terminal or account is tied to the user."""

from __future__ import annotations

from warifu.risk.threat.defences import Defence
from warifu.risk.threat.goals import Gain
from warifu.risk.threat.moves.move import Actor, Atom, Move, move
from warifu.risk.threat.powers import BEYOND_THE_SOURCES, Power

_TABLE: tuple[
    tuple[str, Gain, tuple[Atom, ...], tuple[Defence, ...], tuple[Actor, Actor], str, str, str],
    ...,
] = (
    (
        *("mail-alone", Gain.STRANGER_ADMITTED, (Power.KNOW_PERSON,)),
        *((Defence.IDENTITY_PROOFED,), (Actor.ATTACKER, Actor.SERVER)),
        "攻撃者が、知り得た情報とメールアドレスだけで登録します。",
        *("With what it knows and a mail address the attacker enrols.", "S 3"),
    ),
    (
        *("code-relayed", Gain.STRANGER_ADMITTED, (Power.PHISH, Power.RELAY)),
        *((Defence.ACTIVATION_COMPARED,), (Actor.USER, Actor.ATTACKER)),
        "攻撃者が、利用者から聞き出した登録コードを即時に使います。",
        *("The attacker asks the user for the activation code and uses it at once.", "S 3"),
    ),
    (
        *("stranger-admitted", Gain.STRANGER_BOUND, (Gain.STRANGER_ADMITTED,)),
        *((Defence.DEVICE_LIMIT,), (Actor.ATTACKER, Actor.SERVER)),
        "攻撃者の端末が、利用者の二台目の端末として紐付けられます。",
        *("The attacker's terminal is bound as one more of the user's.", "S 4, S 7"),
    ),
    (
        *("linked-by-pin", Gain.STRANGER_BOUND, (Power.KNOW_PERSON, Gain.PIN_KNOWN)),
        *((Defence.LINK_CONFIRMED,), (Actor.ATTACKER, Actor.SERVER)),
        "攻撃者の決済口座が、口座番号とPINだけで、利用者の銀行口座に連携されます。",
        "By account number and PIN the attacker's payment account is linked to the user's.",
        "S 3",
    ),
    (
        *("linked-by-approval", Gain.STRANGER_BOUND, (Power.KNOW_PERSON, Gain.FALSE_APPROVAL)),
        *((), (Actor.MALWARE, Actor.SERVER)),
        "連携の確認が、利用者の端末で本人の知らないうちに承認されます。",
        *("Linking is approved on the user's terminal without the user.", "S 3"),
    ),
    (
        *("key-substituted", Gain.STRANGER_BOUND, (Power.INSTALL, Power.PHISH)),
        (Defence.POLICY_1, Defence.ATTESTATION_REQUIRED),
        (Actor.MALWARE, Actor.SERVER),
        "偽アプリが登録の手続に入り込み、攻撃者の鍵を登録させます。",
        *("The fake app takes the user through enrolment with the attacker's key.", "U 2.2, R"),
    ),
    (
        "key-substituted-attested",
        Gain.STRANGER_BOUND,
        (Power.INSTALL, Power.PHISH, Power.FACTORY_KEY),
        (Defence.POLICY_1, Defence.FACTORY_KEYS_REVOKED),
        (Actor.MALWARE, Actor.SERVER),
        "偽アプリが、流出した鍵で正規の構成証明を作り、攻撃者の鍵を登録させます。",
        *("The fake app attests the attacker's key with the leaked factory key.", "S 6, R"),
    ),
    (
        *("help-desk", Gain.STRANGER_BOUND, (Power.HELP_DESK, Power.KNOW_PERSON)),
        *((Defence.FOUR_EYES,), (Actor.ATTACKER, Actor.SERVER)),
        "相談窓口が、攻撃者を利用者と信じて再登録を行います。",
        *("The help desk takes the attacker for the user, and enrols anew.", "S 7"),
    ),
    (
        *("insider", Gain.STRANGER_BOUND, (Power.PROVIDER,)),
        *((Defence.FOUR_EYES,), (Actor.ATTACKER, Actor.SERVER)),
        "内部者が、他人の端末を利用者に紐付けます。",
        *("An insider ties a stranger's terminal to the user.", BEYOND_THE_SOURCES),
    ),
)

MOVES: tuple[Move, ...] = tuple(
    move(
        *(f"enrolment/{name}", gain, given),
        unless=unless,
        path=path,
        says=(ja, en),
        clause=clause,
    )
    for name, gain, given, unless, path, ja, en, clause in _TABLE
)
"""How a stranger is tied to the user."""
