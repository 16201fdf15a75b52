"""The facts that a decision may rest on: one typed tree, and a register of every fact in it.

`None` always means *not known*, never a default: a rule that reads an unknown fact does not hold.
Rules name facts by their path, such as ``device.boot_locked``; what is not in `REGISTER` is no
fact, and a rule set that names it is refused when it is loaded.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from warifu.base.rule import Text
from warifu.risk.threat.forms import FORMS, Judge
from warifu.risk.threat.goals import GOALS

Value = bool | int | str | tuple[str, ...]
"""What a known fact may be. Integers are of 64 bits with sign."""


NEVER = 2**62
"""Seconds since something that is known not to have happened; unlike None, which is not known."""


class Operation(StrEnum):
    """What is asked of the bank."""

    LOGIN = "login"
    BALANCE = "balance"
    LINK_ACCOUNT = "link-account"
    TRANSFER = "transfer"
    HIGH_VALUE_TRANSFER = "high-value-transfer"
    RAISE_LIMIT = "raise-limit"
    RECOVER = "recover"


WITH_AMOUNT = frozenset(
    {Operation.TRANSFER, Operation.HIGH_VALUE_TRANSFER, Operation.RAISE_LIMIT},
)
"""Operations that are about an amount of money, which must then be known and positive."""


class Source(StrEnum):
    """Who establishes a fact."""

    EVIDENCE = "evidence"
    """Verified evidence of the device; the only facts an outage can excuse."""
    OPERATION = "operation"
    """The request itself."""
    BANK = "bank"
    """What the bank knows of user, account, binding and its own services."""


class Changer(StrEnum):
    """Who can change a fact on the device that is in use."""

    CUSTOMER = "customer"
    """The customer, on this device."""
    DEVICE = "device"
    """Nobody on this device; on another device the fact is another."""
    BANK = "bank"
    """The bank, or time."""


class OperationFacts(Struct, frozen=True, gc=False, kw_only=True):
    """What is asked."""

    kind: Operation
    amount: int | None = None
    """In minor units of `currency`."""
    currency: str | None = None
    """ISO 4217, three letters."""
    payee_known: bool | None = None
    """Money went to this payee before, and nobody complained."""


class EvidenceFacts(Struct, frozen=True, gc=False, kw_only=True):
    """How the evidence fared."""

    outcome: str | None = None
    """``proved``, ``refused`` (the device's fault), ``no-statement`` (ours) or ``absent``."""
    format: str | None = None
    realm: str | None = None
    age_seconds: int | None = None
    """From when it was made until now."""


class DeviceFacts(Struct, frozen=True, gc=False, kw_only=True):
    """The device, as appraised; tiers are those of AR4SI."""

    status: str | None = None
    platform: str | None = None
    model: str | None = None
    boot_locked: bool | None = None
    boot_state: str | None = None
    patch_level: str | None = None
    """ISO date, ``2026-05`` or ``2026-05-05``: compares as text."""
    os_version: str | None = None
    """As the evidence has it, ``16.0.0``: numbers between dots."""


class AppFacts(Struct, frozen=True, gc=False, kw_only=True):
    """The application, as appraised."""

    status: str | None = None
    identifier: str | None = None
    environment: str | None = None


class KeyFacts(Struct, frozen=True, gc=False, kw_only=True):
    """The device key, as appraised."""

    status: str | None = None
    security_level: str | None = None
    user_authentication: str | None = None
    confirmation_required: bool | None = None


class UserFacts(Struct, frozen=True, gc=False, kw_only=True):
    """Who is there."""

    verified: bool | None = None
    """User authentication succeeded in this session."""
    verified_seconds: int | None = None
    """Since then; `NEVER` where it did not."""
    methods: tuple[str, ...] | None = None
    """What succeeded, by the names of `Method`."""
    confirmed: bool | None = None
    """The user signed an OK to exactly this transaction as it was shown."""


class BindingFacts(Struct, frozen=True, gc=False, kw_only=True):
    """User, device key and app instance tied together."""

    bound: bool | None = None
    """This device key is bound to this user, and not suspended."""
    age_seconds: int | None = None


class AccountFacts(Struct, frozen=True, gc=False, kw_only=True):
    """The account."""

    limit_left: int | None = None
    """What may still be moved today, in minor units."""
    recovering: bool | None = None
    """Within the cooling-off time after recovery or a change of device."""


class HistoryFacts(Struct, frozen=True, gc=False, kw_only=True):
    """What happened before, for this user, device key and operation."""

    served_seconds: int | None = None
    """Since it was last served by a decision that was not itself made in an outage."""
    served_amount: int | None = None
    """The amount served then; 0 for operations without amount."""
    failures: int | None = None
    """Refused in the last 24 hours."""


class ServiceFacts(Struct, frozen=True, gc=False, kw_only=True):
    """The state of what we ourselves rely on."""

    trust_stale: bool | None = None
    """Trust data needed to judge this very evidence is older than its stated limit."""
    vendor_down: bool | None = None
    """A platform vendor's service that this very evidence needs does not answer."""


class ThreatFacts(Struct, frozen=True, gc=False, kw_only=True):
    """What an attacker is taken to be capable of on this device, and what is built against it."""

    powers: tuple[str, ...] | None = None
    """Names of powers that advisories give, or the bank says; empty where these were looked up and
    there are none."""
    advisories: tuple[str, ...] | None = None
    """Ids of the advisories in force that are about this device."""
    not_known: tuple[str, ...] | None = None
    """What these ask about and the device does not tell; it was taken to fit."""
    assumed: tuple[str, ...] | None = None
    """Powers that the appraisal gives, and those of the attackers that the bank assumes."""
    form: str | None = None
    """How this device does authentication: a row of the threat model."""
    judge: str | None = None
    """Who judges the authentication data."""
    defences: tuple[str, ...] | None = None
    """What is built in."""


class AssuranceFacts(Struct, frozen=True, gc=False, kw_only=True):
    """Which goals hold on this device under all of these powers."""

    pin: bool | None = None
    """The attacker does not learn the authentication data."""
    transaction: bool | None = None
    """A transaction is accepted only if the user approved that very transaction."""
    once: bool | None = None
    """Each approval is accepted at most once."""
    terminal: bool | None = None
    """Nobody passes for the user from another terminal."""
    enrolment: bool | None = None
    """No stranger enrols a terminal or links an account."""
    receipt: bool | None = None
    """What a receipt says was approved, the user approved."""


class Facts(Struct, frozen=True, gc=False, kw_only=True):
    """Everything one decision may rest on."""

    operation: OperationFacts
    evidence: EvidenceFacts = EvidenceFacts()
    device: DeviceFacts = DeviceFacts()
    app: AppFacts = AppFacts()
    key: KeyFacts = KeyFacts()
    user: UserFacts = UserFacts()
    binding: BindingFacts = BindingFacts()
    account: AccountFacts = AccountFacts()
    history: HistoryFacts = HistoryFacts()
    service: ServiceFacts = ServiceFacts()
    threat: ThreatFacts = ThreatFacts()
    assurance: AssuranceFacts = AssuranceFacts()


class Fact(Struct, frozen=True, kw_only=True):
    """One entry of the register."""

    path: str
    kind: type
    """Of a known value, exactly: ``bool``, ``int``, ``str``, or ``tuple`` for texts."""
    source: Source
    changer: Changer
    words: Text
    """What it is, as a noun phrase."""
    values: tuple[str, ...] = ()
    """All values there are, where they can be listed."""


TIERS = ("none", "affirming", "warning", "contraindicated")
_LEVELS = ("software", "trusted-environment", "secure-element")

_EVIDENCE = (Source.EVIDENCE, Changer.DEVICE)
_ON_DEVICE = (Source.EVIDENCE, Changer.CUSTOMER)
_REQUEST = (Source.OPERATION, Changer.CUSTOMER)
_USER = (Source.BANK, Changer.CUSTOMER)
_BANK = (Source.BANK, Changer.BANK)

_TABLE: tuple[
    tuple[str, type, tuple[Source, Changer], str, str, tuple[str, ...]],
    ...,
] = (
    ("operation.kind", str, _REQUEST, "操作の種類", "kind of operation", tuple(Operation)),
    ("operation.amount", int, _REQUEST, "金額（最小単位）", "amount in minor units", ()),
    ("operation.currency", str, _REQUEST, "通貨", "currency", ()),
    ("operation.payee_known", bool, _REQUEST, "取引実績のある振込先", "payee paid before", ()),
    (
        *("evidence.outcome", str, _EVIDENCE, "証拠の検証結果", "how the evidence fared"),
        ("proved", "refused", "no-statement", "absent"),
    ),
    ("evidence.format", str, _EVIDENCE, "証拠の形式", "format of the evidence", ()),
    (
        *("evidence.realm", str, _EVIDENCE, "信頼情報の環境", "realm of the trust"),
        ("production", "test"),
    ),
    (
        *("evidence.age_seconds", int, _ON_DEVICE, "証拠の作成からの秒数"),
        *("seconds since the evidence was made", ()),
    ),
    ("device.status", str, _ON_DEVICE, "端末の評価", "appraisal of the device", TIERS),
    ("device.platform", str, _EVIDENCE, "プラットフォーム", "platform", ("android", "apple")),
    ("device.model", str, _EVIDENCE, "機種", "model", ()),
    ("device.boot_locked", bool, _ON_DEVICE, "ブートローダーのロック", "locked bootloader", ()),
    (
        *("device.boot_state", str, _ON_DEVICE, "起動状態", "boot state"),
        ("verified", "self-signed", "unverified", "failed"),
    ),
    ("device.patch_level", str, _ON_DEVICE, "セキュリティパッチの日付", "patch level", ()),
    ("device.os_version", str, _ON_DEVICE, "OSのバージョン", "version of the system", ()),
    ("app.status", str, _ON_DEVICE, "アプリの評価", "appraisal of the app", TIERS),
    ("app.identifier", str, _EVIDENCE, "アプリの識別子", "identifier of the app", ()),
    (
        *("app.environment", str, _EVIDENCE, "アプリの配布環境", "environment of the app"),
        ("production", "development"),
    ),
    ("key.status", str, _ON_DEVICE, "端末の鍵の評価", "appraisal of the device key", TIERS),
    ("key.security_level", str, _EVIDENCE, "鍵の保管場所", "where the key is kept", _LEVELS),
    (
        *("key.user_authentication", str, _EVIDENCE, "署名前に求める利用者の検証"),
        *("user verification before signing", ()),
    ),
    (
        *("key.confirmation_required", bool, _EVIDENCE, "表示内容だけに署名する鍵"),
        *("key that signs only what was shown", ()),
    ),
    ("user.verified", bool, _USER, "利用者認証の完了", "user authenticated", ()),
    (
        *("user.verified_seconds", int, _USER, "利用者認証からの秒数"),
        *("seconds since user authentication", ()),
    ),
    ("user.methods", tuple, _USER, "完了した認証方法", "methods completed", ()),
    ("user.confirmed", bool, _USER, "取引認証の完了", "transaction confirmed", ()),
    ("binding.bound", bool, _USER, "端末紐付け", "device bound to the user", ()),
    ("binding.age_seconds", int, _BANK, "端末紐付けからの秒数", "seconds since binding", ()),
    ("account.limit_left", int, _BANK, "本日の利用可能額", "amount left today", ()),
    ("account.recovering", bool, _BANK, "再設定後の待機期間", "cooling off after recovery", ()),
    (
        *("history.served_seconds", int, _BANK, "前回提供からの秒数"),
        *("seconds since last served", ()),
    ),
    ("history.served_amount", int, _BANK, "前回提供した金額", "amount last served", ()),
    ("history.failures", int, _BANK, "24時間以内の拒否回数", "refusals within 24 hours", ()),
    ("service.trust_stale", bool, _BANK, "信頼情報の期限切れ", "trust data is stale", ()),
    ("service.vendor_down", bool, _BANK, "提供元サービスの停止", "vendor's service is down", ()),
    (
        *("threat.powers", tuple, _EVIDENCE, "勧告が攻撃者に与える能力"),
        *("powers that advisories give", ()),
    ),
    (
        *("threat.advisories", tuple, _EVIDENCE, "この端末に該当する勧告"),
        *("advisories about this device", ()),
    ),
    (
        *("threat.not_known", tuple, _EVIDENCE, "勧告の照合に必要で、確認できない事項"),
        *("what advisories ask and the device does not tell", ()),
    ),
    (
        *("threat.assumed", tuple, _EVIDENCE, "評価と銀行の想定が攻撃者に与える能力"),
        *("powers that the appraisal gives or the bank assumes", ()),
    ),
    ("threat.form", str, _EVIDENCE, "端末の実行形態", "form of the device", tuple(FORMS)),
    ("threat.judge", str, _EVIDENCE, "認証データの判定者", "who judges", tuple(Judge)),
    ("threat.defences", tuple, _EVIDENCE, "備わっている防御策", "defences built in", ()),
    *(
        (
            *(f"assurance.{goal}", bool, _EVIDENCE),
            *(f"保証：{row.name.ja}", f"assurance: {row.name.en}", ()),
        )
        for goal, row in GOALS.items()
    ),
)

REGISTER: dict[str, Fact] = {
    path: Fact(
        path=path,
        kind=kind,
        source=source,
        changer=changer,
        words=Text(ja=ja, en=en),
        values=values,
    )
    for path, kind, (source, changer), ja, en, values in _TABLE
}
