"""What the HTTP interface itself demands of a request, before any use case is asked."""

from __future__ import annotations

from warifu.base.rule import Rule, Text
from warifu.service.key_rules import CONFIGURED

ROUTE = Rule(
    code="request/route",
    clause="RFC 9110 §15.5.5",
    requires=Text(
        ja="リクエストのパスは、APIの定義にあるものでなければなりません。",
        en="The path is one that the interface documents.",
    ),
)
METHOD = Rule(
    code="request/method",
    clause="RFC 9110 §15.5.6",
    requires=Text(
        ja="このパスでは、Allowヘッダーに示されたメソッドだけを使用できます。",
        en="The method is one of those that the Allow header names for this path.",
    ),
)
MEDIA_TYPE = Rule(
    code="request/media-type",
    clause="RFC 9110 §15.5.16",
    requires=Text(
        ja="リクエストの本文は、Content-Typeがapplication/jsonのJSONでなければなりません。",
        en="The body is JSON, and its Content-Type is application/json.",
    ),
    stops="a form on a web page that posts in a signed-in person's name",
)
SIZE = Rule(
    code="request/size",
    clause="RFC 9110 §15.5.14",
    requires=Text(
        ja="リクエストの本文は、設定された上限サイズを超えてはなりません。",
        en="The body is not larger than the configured limit.",
    ),
    stops="memory filled by one request",
)
PRECONDITION = Rule(
    code="request/precondition",
    clause="RFC 6585 §3",
    requires=Text(
        ja="変更のリクエストには、取得時のETagをIf-Matchヘッダーで示す必要があります。",
        en="A change states, in If-Match, the ETag of what it changes.",
    ),
    stops="two people silently undoing each other's change",
)
KEY_FORM = Rule(
    code="request/idempotency-key-form",
    clause="draft-ietf-httpapi-idempotency-key-header §2.1",
    requires=Text(
        ja="冪等キーは、一つだけ、印字可能なASCII文字1～200字で指定してください。",
        en="There is one idempotency key of 1 to 200 visible ASCII characters.",
    ),
)
CURSOR = Rule(
    code="request/cursor",
    clause="docs/openapi.json",
    requires=Text(
        ja="続きの取得には、直前の応答の「next」の値をそのまま指定してください。",
        en="A cursor is the value of “next” in an earlier answer, unchanged.",
    ),
)
ANSWERED = Rule(
    code="service/answered",
    clause="RFC 9110 §15.6.1",
    requires=Text(
        ja="予期しない障害が発生しました。この応答のinstanceの値を添えて、運用担当者にお問い合わせください。",
        en="The service failed unexpectedly; its operator finds the cause by “instance”.",
    ),
)
RULES = (ROUTE, METHOD, MEDIA_TYPE, SIZE, PRECONDITION, KEY_FORM, CURSOR, ANSWERED)

STATUS: dict[str, int] = {
    ROUTE.code: 404,
    METHOD.code: 405,
    MEDIA_TYPE.code: 415,
    SIZE.code: 413,
    PRECONDITION.code: 428,
    KEY_FORM.code: 400,
    CURSOR.code: 400,
    ANSWERED.code: 500,
    CONFIGURED.code: 404,
}
