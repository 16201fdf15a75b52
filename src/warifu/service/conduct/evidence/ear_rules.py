"""What signed attestation results demand."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

CURRENT = Rule(
    code="ear/current",
    clause="RFC 9334 §10; docs/decisions/0014-service.md",
    requires=Text(
        ja="署名付きの評価結果を発行できるのは、その評価が有効な間だけです。期間を過ぎたときは、再評価してください。",
        en="A signed result is issued only while its appraisal may be relied on; appraise again.",
    ),
    stops="an old appraisal under a new signature",
)
FORM = Rule(
    code="ear/form",
    clause="draft-ietf-rats-ear §3; RFC 9782 §3",
    requires=Text(
        ja="評価結果のプロファイルには、要求する形式で発行できるものを指定してください。",
        en="The profile is one that exists in the requested encoding.",
    ),
    stops="a result that its reader takes for another profile's",
)
RULES = (CURRENT, FORM)
STATUS: dict[str, int] = {CURRENT.code: 409, FORM.code: 406}
