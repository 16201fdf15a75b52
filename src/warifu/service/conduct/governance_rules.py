"""What governance, rule sets and their changes demand."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

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
RULES = (MOVED, BEGUN, READABLE)
STATUS = {MOVED.code: 409, BEGUN.code: 409}
