"""What is demanded of appraisals that are used for a decision, and of the request for one."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

_RECORD = "docs/decisions/0014-service.md"

BASIS = Rule(
    code="decision/basis",
    clause="docs/openapi.json",
    requires=Text(
        ja="判定の根拠に指定できるのは、チャレンジに応答した証拠と、先に行った評価の、どちらか一方だけです。",
        en="A decision rests on evidence with its challenge, on one earlier appraisal, or on"
        " neither.",
    ),
    stops="evidence that answers no challenge",
)
APPRAISAL_KNOWN = Rule(
    code="appraisal/known",
    clause=_RECORD,
    requires=Text(
        ja="指定された評価は、この利用機関のものでなければなりません。",
        en="An appraisal that is named was made for this tenant.",
    ),
    stops="an appraisal of another bank's device",
)
STALE = Rule(
    code="appraisal/stale",
    clause=_RECORD,
    requires=Text(
        ja="評価は、現在の信頼情報に基づく新しいものでなければなりません。",
        en="An appraisal is used soon after it was made, and under the trust it was made under.",
    ),
    stops="what was believed before a key was revoked",
)
USED = Rule(
    code="appraisal/used",
    clause=_RECORD,
    requires=Text(
        ja="一つの評価を判定に使用できるのは一度だけです。",
        en="An appraisal is used for one decision.",
    ),
    stops="many transfers on the strength of one answer of the device",
)
APPRAISAL_CONTEXT = Rule(
    code="appraisal/context",
    clause=_RECORD,
    requires=Text(
        ja="評価は、そのチャレンジと同じ操作・利用者・端末にだけ使用できます。",
        en="An appraisal is used for what its challenge was issued for.",
    ),
    stops="an appraisal for a login that is used for a transfer",
)
POLICY = Rule(
    code="appraisal/policy",
    clause=_RECORD,
    requires=Text(
        ja="評価は、その操作に現在適用される評価ポリシーによるものでなければなりません。",
        en="An appraisal was made by the policy that is in force for the operation.",
    ),
    stops="a milder policy of yesterday deciding today",
)
RULES = (BASIS, APPRAISAL_KNOWN, STALE, USED, APPRAISAL_CONTEXT, POLICY)
STATUS = {rule.code: 409 for rule in RULES} | {BASIS.code: 400, APPRAISAL_KNOWN.code: 404}
