"""Defences: what a bank, an operator or a maker can build in, and about what it costs."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from msgspec import Struct

from warifu.base.rule import Text
from warifu.risk.threat.powers import BEYOND_THE_SOURCES


class Defence(StrEnum):
    """One thing that is done against attackers."""

    POLICY_1 = "policy-1"
    POLICY_2 = "policy-2"
    POLICY_3 = "policy-3"
    TRUSTED_UI = "trusted-ui"
    TYPED_ONLY_IN_TRUSTED_UI = "typed-only-in-trusted-ui"
    ENCRYPTED_LINK = "encrypted-link"
    PROTECTED_CHANNEL = "protected-channel"
    TEXT_BOUND = "text-bound"
    ANSWER_BOUND = "answer-bound"
    NONCE_BOUND = "nonce-bound"
    ATTESTATION_REQUIRED = "attestation-required"
    FACTORY_KEYS_REVOKED = "factory-keys-revoked"
    SECURE_BOOT = "secure-boot"
    ROLLBACK_REFUSED = "rollback-refused"
    INSTALL_TOKENS = "install-tokens"
    CERTIFIED_COMPONENTS = "certified-components"
    OVERLAY_REFUSED = "overlay-refused"
    REMOTE_CONTROL_REFUSED = "remote-control-refused"
    SDK_VETTED = "sdk-vetted"
    TOKEN_RESTRICTED = "token-restricted"  # noqa: S105 - a restriction of tokens
    IDENTITY_PROOFED = "identity-proofed"
    LINK_CONFIRMED = "link-confirmed"
    ACTIVATION_COMPARED = "activation-compared"
    DEVICE_LIMIT = "device-limit"
    COOLING_OFF = "cooling-off"
    SECOND_CHANNEL_NOTICE = "second-channel-notice"
    FOUR_EYES = "four-eyes"
    REMOTE_ERASE = "remote-erase"
    ERASED_BEFORE_RESALE = "erased-before-resale"
    USER_SIGNED_RECEIPT = "user-signed-receipt"
    TRANSPARENT_LOG = "transparent-log"


class Cost(IntEnum):
    """About what a defence costs. Our judgement; `advise` and `explain` add them up."""

    SETTING = 1
    """A setting or a few lines of the bank's own code."""
    PROTOCOL = 2
    """A change of app and server together."""
    OPERATION = 3
    """People, procedures or friction for customers, for as long as the service runs."""
    PARTNER = 5
    """A contract with an operator, maker or certifier."""
    HARDWARE = 8
    """Other phones than most customers have."""


class DefenceRow(Struct, frozen=True, kw_only=True):
    """What a defence does."""

    defence: Defence
    does: Text
    """A noun phrase, for lists."""
    cost: Cost
    clause: str


_TABLE: tuple[tuple[Defence, str, str, Cost, str], ...] = (
    (
        *(Defence.POLICY_1, "不正アプリを端末に入れさせない（対策方針1）"),
        *("bad apps are kept from being installed (policy 1)", Cost.PARTNER, "U 2.3"),
    ),
    (
        *(Defence.POLICY_2, "端末の鍵を利用者に紐付け、認証データと取引に署名する（対策方針2）"),
        "a key tied to the user signs authentication data and transaction (policy 2)",
        *(Cost.PROTOCOL, "U 2.3"),
    ),
    (
        *(Defence.POLICY_3, "認証をSEまたはTEEの中で行う（対策方針3）"),
        *("authentication is done inside SE or TEE (policy 3)", Cost.PARTNER, "U 2.3, U 3"),
    ),
    (
        *(Defence.TRUSTED_UI, "Trusted UIで表示と入力を行う"),
        *("the user is shown and asked by Trusted UI", Cost.HARDWARE, "U 3 (3)"),
    ),
    (
        *(Defence.TYPED_ONLY_IN_TRUSTED_UI, "利用者がTrusted UI以外にPINを入力しない"),
        *("the user types the PIN only into Trusted UI", Cost.OPERATION, "U 3 (3), S 7"),
    ),
    (
        *(Defence.ENCRYPTED_LINK, "SEとTAの間を暗号化する"),
        *("the link between SE and TA is encrypted", Cost.PROTOCOL, "U 4"),
    ),
    (
        *(Defence.PROTECTED_CHANNEL, "認証を行う環境とサーバの間を端から端まで保護する"),
        "the channel is protected from the authenticating environment to the server",
        *(Cost.PROTOCOL, "U 3 (2)"),
    ),
    (
        *(Defence.TEXT_BOUND, "表示した文そのものに署名する"),
        *("what is signed is the very text that was shown", Cost.PROTOCOL, "S 5.2"),
    ),
    (
        *(Defence.ANSWER_BOUND, "OK・NGの回答を署名の対象に含める"),
        *("the answer, OK or NG, is inside what is signed", Cost.PROTOCOL, "U 2.2"),
    ),
    (
        *(Defence.NONCE_BOUND, "取引ごとの一回限りの値を署名の対象に含める"),
        *("a number used once for each transaction is signed with it", Cost.SETTING, "U 2.3"),
    ),
    (
        *(Defence.ATTESTATION_REQUIRED, "端末とアプリの構成証明を求める"),
        *("attestation of device and app is required", Cost.PROTOCOL, "S 6, R"),
    ),
    (
        *(Defence.FACTORY_KEYS_REVOKED, "失効した構成証明用の鍵を、失効情報により拒否する"),
        *("attestation keys known to have leaked are refused", Cost.SETTING, "S 6, R"),
    ),
    (
        *(Defence.SECURE_BOOT, "起動時にOSを検証し、ブートローダーをロックする"),
        *("the OS is verified as it starts, and the bootloader locked", Cost.PARTNER, "S 5"),
    ),
    (
        *(Defence.ROLLBACK_REFUSED, "古いTAやTEEを読み込ませない"),
        *("old TAs and TEEs are not loaded", Cost.PARTNER, "SoK TEE: trust bootstrapping"),
    ),
    (
        *(Defence.INSTALL_TOKENS, "提供者が署名したトークンがなければSEやTEEに導入できない"),
        "nothing enters SE or TEE without a token signed by the provider",
        *(Cost.PARTNER, "U 3"),
    ),
    (
        *(Defence.CERTIFIED_COMPONENTS, "SE・TEEの製品とアプレットの安全性を評価・認証する"),
        *("SE and TEE products and applets are certified", Cost.PARTNER, "U 5"),
    ),
    (
        *(Defence.OVERLAY_REFUSED, "他のアプリが重なっている間の入力を受け付けない"),
        *("input under another app's window is refused", Cost.SETTING, "S n.13"),
    ),
    (
        *(Defence.REMOTE_CONTROL_REFUSED, "遠隔操作や通話の間は取引を受け付けない"),
        *(
            "nothing is approved during remote control or a call",
            Cost.OPERATION,
            BEYOND_THE_SOURCES,
        ),
    ),
    (
        *(Defence.SDK_VETTED, "組み込むSDKの挙動を確認する"),
        *("SDKs are checked to behave as specified", Cost.OPERATION, "S 4"),
    ),
    (
        *(Defence.TOKEN_RESTRICTED, "APIトークンを端末の鍵に結び付け、単独では取引させない"),
        "API tokens are bound to a key and move nothing by themselves",
        *(Cost.PROTOCOL, "R"),
    ),
    (
        *(Defence.IDENTITY_PROOFED, "登録時に本人確認を行う"),
        *("identity is proofed at enrolment", Cost.OPERATION, "S 3"),
    ),
    (
        *(Defence.LINK_CONFIRMED, "口座連携を紐付け済みの端末で確認する"),
        *("linking is confirmed on a bound terminal", Cost.PROTOCOL, "S 3"),
    ),
    (
        *(Defence.ACTIVATION_COMPARED, "登録時に、双方の画面の8桁を見比べる"),
        *("eight digits on both sides are compared at enrolment", Cost.OPERATION, "S 3"),
    ),
    (
        *(Defence.DEVICE_LIMIT, "利用できる端末の数を限る"),
        *("only so many terminals, and only registered ones", Cost.OPERATION, "S 4"),
    ),
    (
        *(Defence.COOLING_OFF, "登録直後の取引を一定期間制限する"),
        *("a new terminal or payee has to wait", Cost.OPERATION, BEYOND_THE_SOURCES),
    ),
    (
        *(Defence.SECOND_CHANNEL_NOTICE, "別の経路で取引と登録を通知する"),
        *("the user is told over another channel", Cost.OPERATION, "S 4"),
    ),
    (
        *(Defence.FOUR_EYES, "重要な操作を二人で行う"),
        *("two people are needed for what matters", Cost.OPERATION, BEYOND_THE_SOURCES),
    ),
    (
        *(Defence.REMOTE_ERASE, "紛失した端末を遠隔で停止・消去する"),
        *("lost phones are stopped and erased from afar", Cost.OPERATION, "S 5"),
    ),
    (
        *(Defence.ERASED_BEFORE_RESALE, "譲渡・売却の前に端末を消去する"),
        *("phones are erased before they are sold", Cost.OPERATION, "S 5"),
    ),
    (
        *(Defence.USER_SIGNED_RECEIPT, "利用者の署名を控えに含める"),
        *("receipts hold the user's own signature", Cost.PROTOCOL, "S 5.2"),
    ),
    (
        *(Defence.TRANSPARENT_LOG, "追記のみの台帳に記録し、第三者が監視する"),
        *("others watch an append-only log", Cost.OPERATION, BEYOND_THE_SOURCES),
    ),
)

DEFENCES: dict[Defence, DefenceRow] = {
    defence: DefenceRow(defence=defence, does=Text(ja=ja, en=en), cost=cost, clause=clause)
    for defence, ja, en, cost, clause in _TABLE
}
"""Every defence."""


def cost_of(defences: frozenset[Defence]) -> int:
    """About what a set of defences costs together: the sum of `Cost`."""
    return sum(DEFENCES[each].cost for each in defences)
