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
        ja="証拠は、確認した規則をすべて満たしています。",
        en="The evidence meets every rule that was checked.",
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
    "leaf": Text(ja="末端の証明書", en="leaf"),
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
    "attestation_version": Text(ja="構成証明のバージョン", en="Attestation version"),
    "keymint_version": Text(ja="KeyMintのバージョン", en="KeyMint version"),
    "attestation_level": Text(ja="構成証明のセキュリティレベル", en="Level of the attestation"),
    "key_level": Text(ja="鍵のセキュリティレベル", en="Level of the key"),
    "storage_level": Text(ja="鍵の属性のセキュリティレベル", en="Level of the key's properties"),
    "rollback_resistant": Text(ja="鍵の復元の防止", en="Deletion is final"),
    "rollback_resistance": Text(ja="鍵の復元の防止", en="Deletion is final"),
    "unique_id": Text(ja="一時的な端末識別子", en="Unique identifier"),
    "module_hash": Text(ja="システムモジュールのハッシュ値", en="Module hash"),
    "boot_key_name": Text(ja="起動検証鍵の名称", en="Name of the boot key"),
    "method": Text(ja="構成証明鍵の配付方法", en="Provisioning"),
    "certificates_issued": Text(ja="発行された証明書の数", en="Certificates issued"),
    "info": Text(ja="配付情報", en="Provisioning information"),
    "attest_keys": Text(ja="アプリの構成証明用の鍵の数", en="Attest keys in between"),
    "purpose": Text(ja="用途", en="Purposes"),
    "key_size": Text(ja="鍵長（ビット）", en="Key size (bits)"),
    "digest": Text(ja="ハッシュ関数", en="Digests"),
    "padding": Text(ja="パディング", en="Paddings"),
    "block_mode": Text(ja="暗号利用モード", en="Block modes"),
    "ec_curve": Text(ja="楕円曲線", en="Curve"),
    "rsa_public_exponent": Text(ja="RSAの公開指数", en="RSA public exponent"),
    "no_auth_required": Text(ja="利用者認証が不要", en="No user authentication required"),
    "user_auth_type": Text(ja="利用者認証の方法", en="Kind of user authentication"),
    "auth_timeout": Text(ja="利用者認証の有効時間（秒）", en="Authentication lasts (seconds)"),
    "user_secure_id": Text(ja="利用者の識別子", en="User's secure identifier"),
    "trusted_confirmation_required": Text(
        ja="取引内容の表示と確認が必須", en="Confirmation required"
    ),
    "trusted_user_presence_required": Text(ja="利用者の操作が必須", en="User presence required"),
    "unlocked_device_required": Text(ja="画面ロックの解除が必須", en="Unlocked screen required"),
    "usage_count_limit": Text(ja="使用回数の上限", en="Limit of uses"),
    "all_applications": Text(ja="すべてのアプリで使用可能", en="Open to all apps"),
    "creation_date_time": Text(ja="作成日時（エポックからのミリ秒）", en="Created (ms since 1970)"),
    "active_date_time": Text(
        ja="使用開始日時（エポックからのミリ秒）", en="Active from (ms since 1970)"
    ),
    "usage_expire_date_time": Text(
        ja="使用期限（エポックからのミリ秒）", en="Usable until (ms since 1970)"
    ),
    "origination_expire_date_time": Text(
        ja="署名期限（エポックからのミリ秒）", en="Signs until (ms since 1970)"
    ),
    "origin": Text(ja="鍵の生成方法", en="Origin of the key"),
    "verified_boot_key": Text(ja="起動検証鍵", en="Verified boot key"),
    "device_locked": Text(ja="ブートローダーのロック", en="Bootloader locked"),
    "verified_boot_state": Text(ja="Verified Bootの状態", en="Verified boot state"),
    "verified_boot_hash": Text(ja="ブートハッシュ", en="Boot hash"),
    "os_version": Text(ja="OSのバージョン", en="OS version"),
    "os_patch_level": Text(ja="OSのセキュリティパッチ", en="OS patch level"),
    "signature_digests": Text(ja="署名者のダイジェスト", en="Signer digests"),
    "app_id_hash": Text(ja="アプリIDのハッシュ値", en="App identifier hash"),
    "client_data_hash": Text(ja="クライアントデータのハッシュ値", en="Client data hash"),
    "flags": Text(ja="フラグ", en="Flags"),
    "kind": Text(ja="種類", en="Kind"),
    "risk_metric": Text(
        ja="リスク指標（直近30日の鍵の数の目安）", en="Risk metric (keys in 30 days)"
    ),
    "client_hash": Text(ja="クライアントハッシュ", en="Client hash"),
    "token": Text(ja="トークン", en="Token"),
    "not_before": Text(ja="次のレシートを取得できる日時", en="Newer receipt from"),
    "expires_at": Text(ja="有効期限", en="Expires at"),
    "number": Text(ja="通し番号", en="Number"),
    "next_update": Text(ja="次回更新予定日", en="Next update"),
    "legal_header": Text(ja="法的表示", en="Legal header"),
    "signer": Text(ja="署名者", en="Signer"),
    "models": Text(ja="機種の数", en="Models"),
    "left_out": Text(ja="機種を特定できない項目の数", en="Entries left out"),
    "roots": Text(ja="ルート証明書の数", en="Roots"),
    "statuses": Text(ja="状態", en="Statuses"),
    "compromised": Text(ja="危殆化した機種", en="Compromised models"),
    "unknown": Text(ja="解釈できなかった項目", en="Not understood"),
    "request_kind": Text(ja="要求の種類", en="Kind of request"),
    "request_package": Text(ja="要求元のパッケージ", en="Requesting package"),
    "app_recognition": Text(ja="アプリに対するGoogleの判定", en="Google's verdict on the app"),
    "certificate_digests": Text(ja="署名証明書のダイジェスト", en="Signing certificate digests"),
    "version_code": Text(ja="バージョンコード", en="Version code"),
    "device_labels": Text(ja="端末に対するGoogleの判定", en="Google's verdict on the device"),
    "legacy_device_labels": Text(
        ja="端末に対するGoogleの判定（旧形式）", en="Google's verdict, legacy"
    ),
    "sdk_version": Text(ja="AndroidのSDKバージョン", en="Android SDK version"),
    "device_activity": Text(ja="端末の利用状況", en="Device activity"),
    "licensing": Text(ja="ライセンスに対するGoogleの判定", en="Google's verdict on the licence"),
    "account_activity": Text(ja="アカウントの利用状況", en="Account activity"),
    "play_protect": Text(ja="Playプロテクトの状態", en="Play Protect"),
    "apps_detected": Text(ja="検出されたアプリ", en="Apps detected"),
    "testing_response": Text(ja="テスト用の応答", en="Response for a tester"),
    "cts_profile_match": Text(
        ja="互換性テストに合格した構成との一致", en="Compatibility profile match"
    ),
    "basic_integrity": Text(ja="基本的な完全性", en="Basic integrity"),
    "apk_digest": Text(ja="アプリのファイルのダイジェスト", en="App file digest"),
    "evaluation_types": Text(ja="判定の根拠の種類", en="Verdict rests on"),
    "advice": Text(ja="推奨される対処", en="Advice"),
    "error": Text(ja="エラー", en="Error"),
    "rp_id_hash": Text(ja="RP IDのハッシュ値", en="RP ID hash"),
    "detail.origin": Text(ja="オリジン", en="Origin"),
    "cross_origin": Text(ja="ほかのサイトのフレーム内", en="In another site's frame"),
    "top_origin": Text(ja="フレームを埋め込んだサイト", en="Site around the frame"),
    "user_present": Text(ja="利用者の操作の確認", en="User present"),
    "user_verified": Text(ja="利用者の検証", en="User verified"),
    "backup_eligible": Text(ja="バックアップの可否", en="Can be backed up"),
    "backed_up": Text(ja="バックアップ済み", en="Backed up"),
    "attachment": Text(ja="接続形態", en="Attachment"),
    "statement_format": Text(ja="構成証明ステートメントの形式", en="Statement format"),
    "attestation_type": Text(ja="構成証明の種類", en="Attestation type"),
    "credential_public_key": Text(ja="クレデンシャルの公開鍵", en="Credential public key"),
    "transports": Text(ja="通信方式", en="Transports"),
    "certified_aaguid": Text(ja="証明書の機種識別子（AAGUID）", en="Certified model (AAGUID)"),
    "user_handle": Text(ja="ユーザーハンドル", en="User handle"),
    "description": Text(ja="説明", en="Description"),
    "key_protection": Text(ja="鍵の保護方式", en="Key protection"),
}


def fact_word(path: str, language: Language) -> str:
    """The word for a fact by its path in the claims; its own name where there is no word."""
    last = path.rpartition(".")[2]
    text = FACTS.get(path) or FACTS.get(last)
    return say(text, language) if text else last.replace("_", " ")
