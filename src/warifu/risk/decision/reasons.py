"""Reasons that no rule set writes, because they hold for every one."""

from __future__ import annotations

from msgspec import Struct

from warifu.base.rule import Text


class BuiltIn(Struct, frozen=True, kw_only=True):
    """A reason with its stable code and its two sentences."""

    code: str
    customer: Text
    """What you can do."""
    analyst: Text
    """What it means."""


NO_RULES = BuiltIn(
    code="decision/no-rules",
    customer=Text(
        ja="この操作は現在お取り扱いしていません。窓口またはコールセンターにご相談ください。",
        en="This service is not offered here. Please ask at a branch or call us.",
    ),
    analyst=Text(
        ja="規則集にこの操作の規則がないため、拒否しました。",
        en="The rule set has no rules for this operation, which therefore is refused.",
    ),
)
STOPPED = BuiltIn(
    code="decision/stopped",
    customer=Text(
        ja="この操作は一時的に停止しています。時間をおいて、もう一度お試しください。",
        en="This service is paused for the moment. Please try again later.",
    ),
    analyst=Text(
        ja="緊急停止により、この操作を全利用者について停止しています。",
        en="A kill switch has stopped this operation for everybody.",
    ),
)
NO_AMOUNT = BuiltIn(
    code="decision/amount",
    customer=Text(
        ja="金額を確認して、もう一度入力してください。",
        en="Please check the amount and enter it again.",
    ),
    analyst=Text(
        ja="金額が示されていないか、正の整数ではありません。",
        en="The amount is missing, or is not a positive integer.",
    ),
)
CURRENCY = BuiltIn(
    code="decision/currency",
    customer=Text(
        ja="この通貨ではお取り扱いできません。別の通貨を選んでください。",
        en="This currency is not served. Please choose another.",
    ),
    analyst=Text(
        ja="規則集の金額は別の通貨で定められているため、比較できません。",
        en="The amounts of the rule set are in another currency and cannot be compared.",
    ),
)
UNKNOWN_FACT = BuiltIn(
    code="decision/unknown-fact",
    customer=Text(
        ja="必要な確認が完了していません。アプリを最新にして、もう一度お試しください。",
        en="A necessary check is incomplete. Please update the app and try again.",
    ),
    analyst=Text(
        ja="規則が参照する事実が不明なため、規則を満たすと判断できません。",
        en="A fact that the rule reads is not known, so the rule does not hold.",
    ),
)
FAILED_TO_ANSWER = BuiltIn(
    code="decision/failed-to-answer",
    customer=Text(
        ja="確認の途中で問題が起きました。時間をおいて、もう一度お試しください。",
        en="Something went wrong while checking. Please try again later.",
    ),
    analyst=Text(
        ja="事実の型や値が正しくないか、条件式の評価に失敗しました。規則は満たされていません。",
        en="A fact has a wrong type or value, or evaluation failed; the rule does not hold.",
    ),
)
OUTAGE_UNKNOWN = BuiltIn(
    code="decision/outage-unknown",
    customer=Text(
        ja="ただいま必要な確認ができません。時間をおいて、もう一度お試しください。",
        en="We cannot make a necessary check at present. Please try again later.",
    ),
    analyst=Text(
        ja="信頼情報が有効か、提供元サービスが稼働しているかが不明です。",
        en="It is not known whether trust data is current and the vendor's service is up.",
    ),
)
TRUST_STALE = BuiltIn(
    code="decision/trust-stale",
    customer=Text(
        ja="ただいま端末の確認に制約があります。時間をおくか、金額を下げてお試しください。",
        en="Checks of devices are restricted now. Please try later, or with a smaller amount.",
    ),
    analyst=Text(
        ja="信頼情報の期限が切れているため、規則集がこの操作について定めた扱いに従いました。",
        en="Trust data is stale; what the rule set states for this operation was done.",
    ),
)
VENDOR_DOWN = BuiltIn(
    code="decision/vendor-down",
    customer=Text(
        ja="外部サービスの障害により確認に制約があります。時間をおくか、金額を下げてお試しください。",
        en="An outside service has failed. Please try later, or with a smaller amount.",
    ),
    analyst=Text(
        ja="提供元サービスが停止しているため、規則集がこの操作について定めた扱いに従いました。",
        en="The vendor's service is down; what the rule set states for this operation was done.",
    ),
)

BUILT_IN = (
    NO_RULES,
    STOPPED,
    NO_AMOUNT,
    CURRENCY,
    UNKNOWN_FACT,
    FAILED_TO_ANSWER,
    OUTAGE_UNKNOWN,
    TRUST_STALE,
    VENDOR_DOWN,
)
"""In the order in which they are looked for."""
