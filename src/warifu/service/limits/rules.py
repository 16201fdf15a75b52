"""What is demanded of how often anybody asks."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

TOO_MANY = Rule(
    code="callers/too-many",
    clause="RFC 6585 §4",
    requires=Text(
        ja="1分間のリクエスト数は、設定された上限以内でなければなりません。",
        en="No more requests are made in a minute than the settings allow.",
    ),
    stops="one caller starving the others, and guessing of credentials",
)
COUNTED = Rule(
    code="limits/storage",
    clause="docs/decisions/0015-callers.md",
    requires=Text(
        ja="リクエストを受け付けるには、その回数を記録できる必要があります。",
        en="Requests are served only while they can be counted.",
    ),
    stops="lifting every limit by disturbing the counter",
)
BUSY = Rule(
    code="limits/busy",
    clause="docs/operators.md",
    requires=Text(
        ja="負荷の高い処理は、同時に行える件数を超えて受け付けません。"
        "しばらくしてから、もう一度お試しください。",
        en="What is costly to compute is begun only while there is room for it; try again soon.",
    ),
    stops="memory and threads exhausted by many requests at once",
)
RULES = (TOO_MANY, COUNTED, BUSY)
STATUS: dict[str, int] = {TOO_MANY.code: 429, COUNTED.code: 503, BUSY.code: 503}
