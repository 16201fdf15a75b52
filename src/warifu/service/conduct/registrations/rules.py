"""What registrations of apps and their policies demand."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

_RECORD = "docs/decisions/0014-service.md"

NEW = Rule(
    code="app/new",
    clause=_RECORD,
    requires=Text(
        ja="アプリの識別名は、まだ登録されていないものでなければなりません。",
        en="The id of a new app registration is not in use.",
    ),
    stops="a second registration that takes the first one's place",
)
FORM = Rule(
    code="app/form",
    clause="docs/openapi.json",
    requires=Text(
        ja="アプリの登録には、少なくとも一つのプラットフォームと、正しい形式の識別子が必要です。",
        en="An app registration names at least one platform, each with well-formed identifiers.",
    ),
    stops="a registration that no evidence can be held against",
)
REALM = Rule(
    code="app/realm",
    clause=_RECORD,
    requires=Text(
        ja="アプリの環境（本番・試験）は、このサービスの信頼情報の環境と一致しなければなりません。",
        en="The realm of an app is the realm of the trust that this service holds.",
    ),
    stops="test devices that are served in production",
)
READABLE = Rule(
    code="app/readable",
    clause=_RECORD,
    requires=Text(
        ja="保存されたアプリの登録と評価ポリシーは、このバージョンで読み取れるものでなければなりません。",
        en="Stored app registrations and policies can be read by this version.",
    ),
    stops="judging by a policy that nobody could read",
)
FOUR_EYES = Rule(
    code="policy/four-eyes",
    clause=_RECORD,
    requires=Text(
        ja="評価の条件を緩める変更には、提案者とは別の担当者の承認が必要です。",
        en="A change that makes a policy milder is approved by another person than proposed it.",
    ),
    stops="one person who lets in what was kept out",
)
PROPOSED = Rule(
    code="policy/proposed",
    clause=_RECORD,
    requires=Text(
        ja="承認の対象は、現在の登録内容に対する、まさにその提案でなければなりません。",
        en="An approval is for exactly the proposal that waits, on the registration as it stands.",
    ),
    stops="an approval that is used for something else",
)
RULES = (NEW, FORM, REALM, READABLE, FOUR_EYES, PROPOSED)
STATUS = {NEW.code: 409, REALM.code: 409, FOUR_EYES.code: 403, PROPOSED.code: 409}
