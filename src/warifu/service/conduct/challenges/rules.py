"""What challenges demand of those who answer them."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

_RECORD = "docs/decisions/0014-service.md"

CHALLENGE_KNOWN = Rule(
    code="challenge/known",
    clause=_RECORD,
    requires=Text(
        ja="チャレンジは、この利用機関に発行されたものでなければなりません。",
        en="A challenge is one that was issued to this tenant.",
    ),
    stops="evidence made for another bank",
)
UNUSED = Rule(
    code="challenge/unused",
    clause="RFC 9334 §10.2",
    requires=Text(
        ja="チャレンジを使用できるのは一度だけです。",
        en="A challenge is answered once.",
    ),
    stops="the same evidence sent again, also many times at once",
)
IN_TIME = Rule(
    code="challenge/in-time",
    clause="RFC 9334 §10.2",
    requires=Text(
        ja="チャレンジには、有効期間内に応答しなければなりません。",
        en="A challenge is answered after it was issued and before it expires.",
    ),
    stops="evidence that was made in store, and clocks that were set back",
)
CONTEXT = Rule(
    code="challenge/context",
    clause=_RECORD,
    requires=Text(
        ja="チャレンジは、発行時と同じアプリ・操作・金額・利用者・端末にだけ使用できます。",
        en="A challenge is used for the operation, user, device and context it was issued for.",
    ),
    stops="a confirmed amount or payee exchanged for another",
)
RULES = (CHALLENGE_KNOWN, UNUSED, IN_TIME, CONTEXT)
STATUS = {rule.code: 409 for rule in RULES} | {CHALLENGE_KNOWN.code: 404}
