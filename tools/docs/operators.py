"""The tables of the operator's guide: every setting and every count, in both languages."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import inspect

from tools.docs.marks import between
from warifu.base.rule import Text
from warifu.service.conduct.verifying.release_reasons import WORDS
from warifu.service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GUIDES = {"docs/operators.md": "en", "docs/ja/operators.md": "ja"}

SETTINGS = {
    "verifier": Text(
        en="Our name, which apps pin; a tenant's is `<verifier>/<tenant>`. It is in activation "
        "codes and in all that devices sign: it is not changed once devices are bound.",
        ja="アプリに登録する検証者名です。利用機関ごとの名称は`<verifier>/<tenant>`です。"
        "アクティベーションコードと端末の署名に含まれるため、端末の登録後は変更できません。",
    ),
    "binding.activation_seconds": Text(
        en="How long a device may be activated with a code.",
        ja="アクティベーションコードの有効期間（秒）。",
    ),
    "binding.tries": Text(
        en="Tries of one activation: proofs and comparisons of digits together.",
        ja="1回の端末登録で試行できる回数（端末の証明と確認番号の入力の合計）。",
    ),
    "binding.devices_per_user": Text(
        en="Devices of one user, active and suspended ones.",
        ja="利用者1人あたりの登録端末数の上限（利用停止中の端末を含みます）。",
    ),
    "binding.primary_after_seconds": Text(
        en="How long a device is bound before it may be made the primary one.",
        ja="端末を主端末に指定できるようになるまでの、登録からの期間（秒）。",
    ),
    "binding.session_keys": Text(
        ja="一つの登録につき有効なセッション鍵の数。超えると最も古い鍵から置き換えられます。",
        en="Endorsed session keys of one binding; the next one replaces the oldest.",
    ),
    "binding.session_key_seconds": Text(
        ja="セッション鍵の有効期間（秒）。",
        en="How long an endorsed session key lives.",
    ),
    "binding.trusted_ui_days": Text(
        ja="専用の画面で取引を表示し署名する鍵の有効期間（日）。部品の保証書の期限でも終わります。",
        en="How long a key behind a trusted display is endorsed; it ends with its warrant, too.",
    ),
    "confirmation.templates": Text(
        en="A table for each kind of transaction, such as `[confirmation.templates.transfer]`; "
        "see [the format](formats/transaction.md). The shipped ones hold for the "
        "rest.",
        ja="取引の種類ごとの確認方法（例：`[confirmation.templates.transfer]`）。指"
        "定のない種類には標準の設定を適用します。",
    ),
    "confirmation.claim_link": Text(
        en="What a link to claim a transaction begins with.",
        ja="取引を端末に読み込むためのリンクの先頭部分。",
    ),
    "confirmation.claim_tries": Text(
        en="Wrong proximity codes before a transaction fails.",
        ja="読込みに使う6桁の番号の誤りを許容する回数。",
    ),
    "confirmation.high_value_above": Text(
        en="Transfers of more, in minor units of `currency`, are decided as `high-value-transfer`; "
        "so are all in other currencies.",
        ja="この金額（`currency`の最小単位）を超える振込と、他の通貨による振込は、高"
        "額振込として判定します。",
    ),
    "confirmation.currency": Text(
        en="The currency of all limits; transfers in another are refused.",
        ja="限度額を定める通貨です。他の通貨による振込は承認されません。",
    ),
    "confirmation.per_operation": Text(
        en="What one transfer may move.",
        ja="1回の振込の限度額。",
    ),
    "confirmation.per_day": Text(
        en="What one person may move in a day.",
        ja="利用者1人の1日あたりの限度額。",
    ),
    "confirmation.per_payee": Text(
        en="What one person may move to one account in a day.",
        ja="利用者1人が1日に同一口座へ振り込める限度額。",
    ),
    "confirmation.new_per_operation": Text(
        en="The same while the device or the payee is new.",
        ja="端末または振込先が新しい間の、1回の振込の限度額。",
    ),
    "confirmation.new_per_day": Text(
        en="The same while the device or the payee is new.",
        ja="端末または振込先が新しい間の、1日あたりの限度額。",
    ),
    "confirmation.new_per_payee": Text(
        en="The same while the device or the payee is new.",
        ja="端末または振込先が新しい間の、同一口座への1日あたりの限度額。",
    ),
    "confirmation.new_device_seconds": Text(
        en="How long a bound device is new.",
        ja="登録した端末を新しいものとして扱う期間（秒）。",
    ),
    "confirmation.new_payee_seconds": Text(
        en="How long a payee is new.",
        ja="振込先を新しいものとして扱う期間（秒）。",
    ),
    "confirmation.hand_off_again_seconds": Text(
        en="After how long an approved transaction that was taken and not acknowledged "
        "is due again.",
        ja="引き渡した取引の受領が確認できない場合に、再び引渡しの対象とするまでの期間（秒）。",
    ),
    "verification.assurances": Text(
        en="Whose word counts where a terminal judged its user; `application` is an iPhone's app.",
        ja="端末で判定した利用者認証について、結果を受け入れる判定者。`application`はiPhoneのアプリです。",
    ),
    "verification.endorsements": Text(
        en="Who has to have vouched for the key at enrolment; synced passkeys have `none`.",
        ja="端末登録時に鍵を保証している必要のある者。同期されるパスキーは`none`に当たります。",
    ),
    "verification.read_seconds": Text(
        en="How long a verification counts for looking; 0 asks every time.",
        ja="照会の操作について、利用者認証の結果が有効な期間（秒）。0の場合は毎回認証します。",
    ),
    "verification.move_seconds": Text(
        en="How long it counts for moving money.",
        ja="資金移動の操作について、利用者認証の結果が有効な期間（秒）。",
    ),
    "verification.change_seconds": Text(
        en="How long it counts for changing who may do what, such as limits and PINs.",
        ja="限度額や暗証番号などの変更について、利用者認証の結果が有効な期間（秒）。",
    ),
    "verification.session_seconds": Text(
        en="How long ordered calls may follow the beginning of a session.",
        ja="順序付きの呼び出しを受け付ける、セッション開始からの期間（秒）。",
    ),
    "verification.token_seconds": Text(
        en="How long an access token reads.",
        ja="参照用アクセストークンの有効期間（秒）。",
    ),
    "pins.pepper_file": Text(
        en="The file of peppers, see [PINs](#pins); without it no PIN is set or verified.",
        ja="ペッパーのファイル。[暗証番号](#暗証番号)をご覧ください。指定がなければ、暗証番号の登録と照合は行えません。",
    ),
    "pins.at_once": Text(
        en="PINs computed side by side in a process: 19 MiB and some 30 ms of a core each.",
        ja="1プロセスで同時に計算する暗証番号の件数。1件につき19 MiBのメモリーと約30ミリ秒の"
        "CPU時間を使用します。",
    ),
    "pins.waiting": Text(
        en="How many more may wait for their turn; the rest is answered 503.",
        ja="計算の順番を待てる件数。これを超えるリクエストには503を返します。",
    ),
    "pins.wait_seconds": Text(
        en="For how long they wait.",
        ja="順番を待つ時間の上限（秒）。",
    ),
    "pins.key_hours": Text(
        en="How long an encryption key lives.",
        ja="暗号化用の鍵の有効期間（時間）。",
    ),
    "pins.first_seconds": Text(
        en="How long after a device was bound, or the bank released its user, a first PIN is set "
        "without another verification.",
        ja="端末の登録後または金融機関による再設定の許可後、ほかの利用者認証なしに暗証番号を登録できる期間（秒）。",
    ),
    "challenges.seconds": Text(
        en="How long a challenge may be answered.",
        ja="チャレンジの有効期間（秒）。",
    ),
    "ledger.witnesses": Text(
        en="Verifier keys (C2SP signed-note) of witnesses whose cosignatures are taken.",
        ja="連署を受け付ける証人の検証鍵（C2SP signed-note形式）。",
    ),
    "ledger.witnesses_needed": Text(
        en="How many witnesses must have cosigned the checkpoint of a receipt; until then it is "
        "pending.",
        ja="控えに付けるチェックポイントに必要な連署の数。満たすまで、控えは収録待ちとなります。",
    ),
    "appraisals.usable_seconds": Text(
        en="How long an appraisal may be used for a decision made apart from it.",
        ja="評価と判定を別々に行う場合に、評価結果を使用できる期間（秒）。",
    ),
    "appraisals.standing_seconds": Text(
        en="After how long a device's registration is judged again, even where trust has not "
        "changed.",
        ja="信頼情報に変更がなくても、端末の登録時の証拠を評価し直すまでの期間（秒）。",
    ),
    "retention.evidence_days": Text(
        en="Evidence as it was received. Without it, it cannot be judged again.",
        ja="受信した証拠の原本の保管日数。原本がなければ再評価はできません。",
    ),
    "retention.serials_days": Text(
        en="Serial numbers, for revocation look-ups.",
        ja="失効照会に使用するシリアル番号の保管日数。",
    ),
    "retention.decisions_days": Text(
        en="Decisions, with their appraisals and the facts they rest on.",
        ja="判定と、その根拠となった評価結果・事実の保管日数。",
    ),
    "retention.transactions_days": Text(
        en="Transactions with their answers, receipts and closed cases.",
        ja="取引とその回答・控え・終了した調査案件の保管日数。",
    ),
    "retention.audit_days": Text(
        en="The audit log.",
        ja="監査記録の保管日数。",
    ),
    "retention.challenges_days": Text(
        en="Challenges, used or not.",
        ja="チャレンジ（使用済み・未使用とも）の保管日数。",
    ),
    "retention.activations_days": Text(
        en="Activations, after their time is over.",
        ja="有効期間が過ぎた端末登録手続の保管日数。",
    ),
    "retention.idempotency_days": Text(
        en="Answers that are given again under their idempotency key.",
        ja="冪等キーに対する応答の保管日数。",
    ),
    "retention.identifiers": Text(
        en="Serial numbers, IMEI, MEID: `encrypt` (sealed under the device's key), `clear`, or "
        "`drop` (not kept, nor the evidence they stand in).",
        ja="製造番号・IMEI・MEIDの扱い。`encrypt`は端末ごとの鍵で暗号化、`clear`は平文のまま保存、"
        "`drop`は保存しません（これらを含む証拠の原本も保存しません）。",
    ),
    "limits.body_bytes": Text(
        en="The largest request body.",
        ja="リクエスト本文の上限サイズ（バイト）。",
    ),
    "limits.requests_per_minute": Text(
        en="For each caller.",
        ja="呼び出し元ごとの、1分あたりのリクエスト数の上限。",
    ),
    "limits.failed_logins_per_minute": Text(
        en="For each address that calls without a valid credential.",
        ja="認証に失敗した接続元アドレスごとの、1分あたりの失敗回数の上限。",
    ),
    "limits.storage": Text(
        en="Where those are counted: `memory://` in each process, `redis://…` in all together"
        " (with `warifu[redis]`).",
        ja="回数を記録する場所。`memory://`はプロセスごと、`redis://…`は全プロセス共通です（`warifu[redis]`が必要）。",
    ),
    "proxy.trusted": Text(
        en="Addresses or networks of the proxies from which `Client-Cert` (RFC 9440) counts.",
        ja="`Client-Cert`ヘッダー（RFC 9440）を受け入れるプロキシのアドレスまたはネットワーク。",
    ),
    "telemetry.log_level": Text(
        en="The least that is logged.",
        ja="出力するログの最低レベル。",
    ),
    "telemetry.metrics": Text(
        en="Whether `/metrics` answers. It asks for no credential: keep it inside.",
        ja="`/metrics`に応答するかどうか。認証を行わないため、外部に公開しないでください。",
    ),
    "telemetry.traces": Text(
        en="Where spans are sent: the address of an OTLP collector (HTTP). Needs the extra "
        "`telemetry`.",
        ja="トレースの送信先となるOTLPコレクター（HTTP）のアドレス。追加機能`telemetry`が必要です。",
    ),
}
METRICS = {
    "warifu_requests_total": (
        "route, method, status",
        Text(
            en="Requests answered. `route` is the template, empty where there is none.",
            ja="応答したリクエストの数。`route`はパスの定義で、該当がなければ空です。",
        ),
    ),
    "warifu_request_seconds": (
        "route",
        Text(en="How long they took (histogram).", ja="応答時間の分布（秒）。"),
    ),
    "warifu_errors_total": (
        "fault, code",
        Text(
            en="Refusals by whose fault it is (`misuse`, `evidence`, `denied`, `verifier`, "
            "`unexpected`) and by [code](@errors.md).",
            ja="拒否の数。原因の所在（`misuse`呼び出し元、`evidence`端末の証拠、`denied`方針、"
            "`verifier`本サービス、`unexpected`想定外）と[エラーコード](@errors.md)の別。",
        ),
    ),
    "warifu_decisions_total": (
        "operation, outcome, code",
        Text(
            en="Decisions; `code` is that of the first reason that counts.",
            ja="判定の数。`code`は最初に該当した理由です。",
        ),
    ),
    "warifu_evidence_total": (
        "format, verdict, code",
        Text(
            en="Evidence verified: `accepted`, `refused` or `no-statement`.",
            ja="検証した証拠の数。`accepted`受理、`refused`拒否、`no-statement`判定不能。",
        ),
    ),
    "warifu_appraisals_total": (
        "basis",
        Text(
            en="Appraisals, by what they rest on.",
            ja="評価の数。何に基づく評価かの別。",
        ),
    ),
    "warifu_challenges_total": (
        "event",
        Text(
            en="Challenges `issued`, `used`, or refused as `expired` or otherwise `refused`.",
            ja="チャレンジの数。`issued`発行、`used`使用、`expired`期限切れ、`refused`その他の拒否。",
        ),
    ),
    "warifu_deleted_total": (
        "kind",
        Text(
            en="Records deleted by sweeps inside a serving process; `warifu data sweep` prints "
            "its own counts instead.",
            ja="サービスのプロセス内で行った定期削除の件数。"
            "`warifu data sweep`の件数は、画面に表示されます。",
        ),
    ),
    "warifu_trust_usable": (
        "",
        Text(en="1 where there is trust to judge by.", ja="信頼情報を使用できる場合は1。"),
    ),
    "warifu_trust_age_seconds": (
        "kind",
        Text(
            en="Since the publisher last confirmed it.",
            ja="公開元に最後に確認してからの経過時間（秒）。",
        ),
    ),
    "warifu_trust_left_seconds": (
        "kind",
        Text(
            en="Until it is stale; negative where it is.",
            ja="期限が切れるまでの時間（秒）。切れている場合は負の値。",
        ),
    ),
}


def guide_pages(root: Path) -> dict[str, str]:
    """The guides, with their tables as the code has them."""
    return {name: _filled(root / name, language) for name, language in GUIDES.items()}


def _filled(path: Path, language: str) -> str:
    text = path.read_text("utf-8")
    text = between(text, "settings", _settings(language))
    text = between(text, "reasons", _reasons(language))
    return between(text, "metrics", _metrics(language))


def _settings(language: str) -> str:
    head = {
        "en": "| setting | default | allowed | what it is |",
        "ja": "| 設定項目 | 既定値 | 範囲 | 説明 |",
    }
    lines = [head[language], "| --- | --- | --- | --- |"]
    for path, default, allowed in _walk(Settings, ""):
        what = getattr(SETTINGS[path], language)
        lines.append(f"| `{path}` | {default} | {allowed} | {what} |")
    return "\n".join(lines) + "\n"


def _walk(kind: type[msgspec.Struct], prefix: str) -> Iterator[tuple[str, str, str]]:
    described = inspect.type_info(kind)
    if not isinstance(described, inspect.StructType):
        raise TypeError(f"{prefix}: no table")
    defaults = kind()
    for entry in described.fields:
        path = f"{prefix}{entry.name}"
        if isinstance(entry.type, inspect.StructType):
            yield from _walk(entry.type.cls, f"{path}.")
            continue
        yield path, _default(getattr(defaults, entry.name)), _allowed(entry.type)


def _default(value: Any) -> str:  # noqa: ANN401 - whatever a setting may be
    if value is None or value == ():
        return ""
    if isinstance(value, Enum):
        value = value.value
    return f"`{msgspec.json.encode(value).decode()}`"


def _allowed(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.IntType) and kind.ge is not None:
        return f"{kind.ge}–{kind.le}"
    if isinstance(kind, inspect.EnumType):
        return ", ".join(f"`{member.value}`" for member in kind.cls)
    if isinstance(kind, inspect.BoolType):
        return "`true`, `false`"
    return ""


def _reasons(language: str) -> str:
    head = {"en": "| reason | meaning |", "ja": "| 理由 | 意味 |"}
    lines = [head[language], "| --- | --- |"]
    lines += [f"| `{code}` | {getattr(words, language)} |" for code, words in WORDS.items()]
    return "\n".join(lines) + "\n"


def _metrics(language: str) -> str:
    head = {"en": "| count | labels | what it is |", "ja": "| 指標 | ラベル | 説明 |"}
    lines = [head[language], "| --- | --- | --- |"]
    up = "" if language == "en" else "../"
    for name, (labels, what) in METRICS.items():
        lines.append(f"| `{name}` | {labels} | {getattr(what, language).replace('@', up)} |")
    return "\n".join(lines) + "\n"
