"""What use cases demand, shared by more than one of them."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

KNOWN = Rule(
    code="request/known",
    clause="RFC 9110 §15.5.5",
    requires=Text(
        ja="指定された対象は、この利用機関に登録されている必要があります。",
        en="What is asked for exists, and belongs to this tenant.",
    ),
    stops="reading or changing what belongs to another tenant",
)
WELL_FORMED = Rule(
    code="request/well-formed",
    clause="docs/openapi.json",
    requires=Text(
        ja="リクエストは、APIの定義に沿った形式でなければなりません。",
        en="The request has the form that the interface documents.",
    ),
)
SAME_REQUEST = Rule(
    code="request/idempotency-key",
    clause="draft-ietf-httpapi-idempotency-key-header §2.6",
    requires=Text(
        ja="同じ冪等キーは、まったく同じ内容の再送にだけ使用できます。",
        en="An idempotency key is used again only for exactly the same request.",
    ),
    stops="another transfer under the answer to an earlier one",
)
UNCHANGED = Rule(
    code="request/unchanged",
    clause="RFC 9110 §13.1.1",
    requires=Text(
        ja="変更は、最新の内容を確認したうえで行う必要があります。",
        en="A change is made to what the caller has seen: the stated ETag is the present one.",
    ),
    stops="two people silently undoing each other's change",
)
IN_FORCE = Rule(
    code="decision/in-force",
    clause="docs/decisions/0014-service.md",
    requires=Text(
        ja="判定は、記録する時点で有効な規則集とアプリの登録に基づいて行う必要があります。",
        en="A decision is made by the rule set and the registration in force when it is written.",
    ),
    stops="an operation served after its kill switch was thrown",
)
RULES = (KNOWN, WELL_FORMED, SAME_REQUEST, UNCHANGED, IN_FORCE)
