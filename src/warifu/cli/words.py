"""The words the command line speaks, in Japanese and English. Each is written, not translated."""

from __future__ import annotations

import os
from enum import StrEnum

from warifu.base.rule import Text


class Language(StrEnum):
    """Languages of the user interface."""

    JA = "ja"
    EN = "en"


def language_of_environment() -> Language:
    """Japanese where the locale says so, English otherwise."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return Language.JA if value.startswith("ja") else Language.EN
    return Language.EN


def say(text: Text, language: Language) -> str:
    """The sentence in one language."""
    return text.ja if language is Language.JA else text.en


OUTCOMES = {
    "accepted": Text(ja="受理", en="ACCEPTED"),
    "refused": Text(ja="拒否", en="REFUSED"),
    "no-statement": Text(ja="判定不能", en="NO STATEMENT"),
}
OUTCOME_SENTENCES = {
    "accepted": Text(
        ja="証拠を検証しました。次の属性が証明されています。",
        en="The evidence verifies. These facts are proved.",
    ),
    "refused": Text(
        ja="証拠は、次の要件を満たしていません。",
        en="The evidence does not meet this requirement.",
    ),
    "no-statement": Text(
        ja="検証に必要な情報が不足しているか古いため、この端末については判定できません。",
        en="Something needed for judging is missing or stale; nothing is said about the device.",
    ),
}
REASONS = Text(ja="理由", en="Reasons")
SEEN = Text(ja="確認した内容", en="Seen")
CLAUSE = Text(ja="根拠条項", en="Clause")
PROVED_BY = Text(ja="証明の根拠", en="Proved by")
UNPROVED = Text(
    ja="未証明（確認していない規則があります）", en="not proved: a rule was not checked"
)
FACT = Text(ja="属性", en="Fact")
VALUE = Text(ja="値", en="Value")
CHAIN = Text(
    ja="証明書チェーン（誰が誰をいつまで保証するか）", en="Who vouches for whom, and until when"
)
SINCE_UNTIL = Text(ja="{}から{}まで", en="{} to {}")
NO_CHAIN = Text(ja="（証明書チェーンはありません）", en="(no certificate chain)")
UNANCHORED = Text(ja="信頼の起点につながっていません", en="reaches no anchor that is trusted")
LENIENCIES = Text(ja="許容した逸脱", en="Leniencies used")
UNCHECKED = Text(ja="確認していない項目", en="Not checked")
TIMES = Text(ja="{}回", en="{} time(s)")
JUDGED = Text(
    ja="判定の基準時点：{at}、信頼情報：{known_at}時点",
    en="judged for {at}, believing what was known at {known_at}",
)
TEST_REALM = Text(
    ja="試験用の信頼情報による判定です。本番環境の判断には使用できません。",
    en="Judged by TEST trust. Worth nothing in production.",
)
REPLAY_SAME = Text(ja="再検証の結果は、保存された判定と一致しました。", en="The replay agrees.")
REPLAY_DIFFERS = Text(
    ja="再検証の結果は、次の項目が保存された判定と異なります：{}", en="The replay differs in: {}"
)
YES = Text(ja="はい", en="yes")
NO = Text(ja="いいえ", en="no")

ROLES = {
    "leaf": Text(ja="端末の鍵", en="leaf"),
    "intermediate": Text(ja="中間認証局", en="intermediate"),
    "anchor": Text(ja="信頼の起点", en="anchor"),
}

FACTS = {
    "device": Text(ja="端末", en="Device"),
    "boot": Text(ja="起動状態", en="Boot"),
    "operating_system": Text(ja="OS", en="Operating system"),
    "app": Text(ja="アプリ", en="App"),
    "key": Text(ja="鍵", en="Key"),
    "freshness": Text(ja="鮮度", en="Freshness"),
    "anchor": Text(ja="信頼の起点", en="Anchor"),
    "detail": Text(ja="形式固有の属性", en="Particular to this format"),
    "boot.key": Text(ja="起動検証鍵", en="Verified boot key"),
    "locked": Text(ja="ブートローダーのロック", en="Bootloader locked"),
    "state": Text(ja="Verified Bootの状態", en="Verified boot state"),
    "version": Text(ja="バージョン", en="Version"),
    "build": Text(ja="ビルド", en="Build"),
    "patch_level": Text(ja="セキュリティパッチ", en="Security patch level"),
    "vendor_patch_level": Text(ja="ベンダーのセキュリティパッチ", en="Vendor patch level"),
    "boot_patch_level": Text(ja="ブートイメージのセキュリティパッチ", en="Boot patch level"),
    "identifier": Text(ja="識別子", en="Identifier"),
    "packages": Text(ja="パッケージ", en="Packages"),
    "signers": Text(ja="署名者のダイジェスト", en="Signer digests"),
    "environment": Text(ja="環境", en="Environment"),
    "public_key": Text(ja="公開鍵", en="Public key"),
    "algorithm": Text(ja="アルゴリズム", en="Algorithm"),
    "security_level": Text(ja="鍵の保管場所", en="Key kept in"),
    "attested_by": Text(ja="構成証明を行った環境", en="Attested by"),
    "endorsement": Text(ja="鍵の保証", en="Endorsement"),
    "user_authentication": Text(ja="利用者認証の条件", en="User authentication"),
    "confirmation_required": Text(ja="取引内容の表示と確認が必須", en="Confirmation required"),
    "challenge": Text(ja="チャレンジ", en="Challenge"),
    "challenge_matches": Text(ja="チャレンジの一致", en="Challenge matches"),
    "made_at": Text(ja="作成日時", en="Made at"),
    "counter": Text(ja="カウンター", en="Counter"),
    "platform": Text(ja="プラットフォーム", en="Platform"),
    "brand": Text(ja="ブランド", en="Brand"),
    "name": Text(ja="名称", en="Name"),
    "product": Text(ja="製品", en="Product"),
    "manufacturer": Text(ja="製造者", en="Manufacturer"),
    "model": Text(ja="型番", en="Model"),
    "serial": Text(ja="シリアル番号", en="Serial number"),
    "imei": Text(ja="IMEI", en="IMEI"),
    "meid": Text(ja="MEID", en="MEID"),
    "aaguid": Text(ja="認証器の機種（AAGUID）", en="Authenticator model (AAGUID)"),
    "hash": Text(ja="ブートハッシュ", en="Boot hash"),
}


def fact_word(path: str, language: Language) -> str:
    """The word for a fact by its path in the claims; its own name where there is no word."""
    last = path.rpartition(".")[2]
    text = FACTS.get(path) or FACTS.get(last)
    return say(text, language) if text else last.replace("_", " ")
