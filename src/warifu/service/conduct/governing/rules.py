"""What governance, rule sets and their changes demand."""

from __future__ import annotations

from warifu.base.rule import Rule, Text
from warifu.risk.decision.life_cycle import EXPIRY, FOUR_EYES, TRANSITION
from warifu.risk.decision.life_cycle import KNOWN as DECISION_KNOWN

_RECORD = "docs/decisions/0012-decisions.md"

MOVED = Rule(
    code="governance/moved",
    clause=_RECORD,
    requires=Text(
        ja="変更と承認は、その時点で最新の運用状態に対して行う必要があります。",
        en="A change or approval is for the state of governance as it stands.",
    ),
    stops="a change to something that another person changed in between",
)
BEGUN = Rule(
    code="governance/begun",
    clause=_RECORD,
    requires=Text(
        ja="利用機関の運用状態は、登録時に一度だけ作成されます。",
        en="A tenant's governance is begun once, when the tenant is added.",
    ),
    stops="starting anew, and with it forgetting what was stopped",
)
READABLE = Rule(
    code="governance/readable",
    clause=_RECORD,
    requires=Text(
        ja="保存された運用状態と規則集は、このバージョンで読み取れるものでなければなりません。",
        en="What is stored of governance and its rule sets can be read by this version.",
    ),
    stops="deciding by rules that nobody could read",
)
ROOM = Rule(
    code="governance/room",
    clause=_RECORD,
    requires=Text(
        ja="規則集と有効な例外は、それぞれ1,000件までです。",
        en="A tenant has at most 1,000 rule sets and as many exemptions.",
    ),
    stops="a record that grows until no decision can read it in time",
)
ACTIVE = Rule(
    code="governance/active",
    clause=_RECORD,
    requires=Text(
        ja="比較の基準となる、稼働中の規則集が必要です。",
        en="There is an active rule set to compare with.",
    ),
)
WRITTEN_IN_TOML = Rule(
    code="request/toml",
    clause="RFC 9110 §15.5.16",
    requires=Text(
        ja="評価ポリシーと規則集は、Content-Typeをapplication/tomlとして、TOMLのまま送信してください。",
        en="Policies and rule sets are sent as they are, as application/toml.",
    ),
    stops="a form on a web page that posts in a signed-in person's name",
)
RULES = (MOVED, BEGUN, READABLE, ROOM, ACTIVE, WRITTEN_IN_TOML)
STATUS = {
    MOVED.code: 409,
    BEGUN.code: 409,
    ROOM.code: 409,
    ACTIVE.code: 409,
    WRITTEN_IN_TOML.code: 415,
    TRANSITION.code: 409,
    FOUR_EYES.code: 403,
    DECISION_KNOWN.code: 409,
    EXPIRY.code: 400,
}
